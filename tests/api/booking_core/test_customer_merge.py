"""Two rows that are one person: merged by staff, or because an account proves the address that a contact was
kept under. Nothing of either is lost, and for 30 days it can be undone."""
import uuid

import pytest

from lib.client import Api, expect, expect_problem, together
from lib.stack import wait_for

CUSTOMERS = "/api/v1/customers"
PASSWORD = "vermicelli 99 lamps"
WHY = "rang up: it is the same family"


@pytest.fixture
def staff(login):
    return login("ADMIN")


def address():
    return f"{uuid.uuid4().hex[:12]}@example.com"


def new(staff, **fields):
    return expect(staff.post(CUSTOMERS, {"name": "Robin One", "email": address()} | fields), 201)


def get(api, customer_id):
    return expect(api.get(f"{CUSTOMERS}/{customer_id}"))


def merge(staff, kept, gone, **more):
    return staff.post(f"{CUSTOMERS}/{kept['id']}/merge", {"from_id": gone["id"], "reason": WHY} | more)


def book_for(place, staff, customer, **more):
    wish = place.wish(customer_id=customer["id"], **more)
    del wish["contact"]
    return expect(staff.post("/api/v1/bookings", wish, key=True), 201)


def bookings_of(api, customer):
    return {b["id"] for b in expect(api.get("/api/v1/bookings",
                                            params={"customer_id": customer["id"], "limit": 100}))["items"]}


# --- by staff -----------------------------------------------------------------------------------

def test_one_goes_on_with_everything(place, staff, db):
    place.chefs(2)
    kept = new(staff, name="Robin One", phone=None, dietary_notes="no nuts", address_line1="1 Elm St")
    gone = new(staff, name="R. One", phone="408-555-0177", dietary_notes="vegan", zip="95112", city="San Jose")
    mine, his = book_for(place, staff, kept, ahead=20), book_for(place, staff, gone, ahead=21)
    expect(staff.post(f"/api/v1/bookings/{his['id']}/notes", {"text": "likes onions"}), 201)
    reply = merge(staff, kept, gone)
    merged = expect(reply)
    assert merged == kept | {"phone": "+14085550177", "dietary_notes": "no nuts\nvegan", "version": 2,
                             "updated_at": merged["updated_at"]}
    assert reply.headers["ETag"].removeprefix("W/") == '"2"' and get(staff, kept["id"]) == merged
    left = get(staff, gone["id"])
    assert left["merged_into"] == kept["id"] and left["deleted_reason"] == f"Merged: {WHY}"
    assert bookings_of(staff, kept) == {mine["id"], his["id"]} and bookings_of(staff, gone) == set()
    moved = expect(staff.get(f"/api/v1/bookings/{his['id']}"))
    assert moved["customer_id"] == kept["id"] and moved["version"] == 2
    assert [n["text"] for n in expect(staff.get(f"/api/v1/bookings/{his['id']}/notes"))["items"]] == ["likes onions"]
    history = expect(staff.get(f"/api/v1/bookings/{his['id']}/history"))["items"]
    assert history[0]["action"] == "customer_merged"
    assert history[0]["changes"] == {"customer_id": {"from": gone["id"], "to": kept["id"]}}
    db.execute("SELECT data FROM bus.events WHERE type = 'customer.merged' AND data ->> 'customer_id' = %s",
               (kept["id"],))
    assert [r["data"]["from_customer_id"] for r in db.fetchall()] == [gone["id"]]
    for action, row in (("customer.merged", kept), ("customer.merged_away", gone)):
        db.execute("SELECT reason, before, after FROM bus.audit_log WHERE action = %s AND entity_id = %s",
                   (action, row["id"]))
        [entry] = db.fetchall()
        assert entry["reason"] == WHY and entry["before"]["dietary_notes"] == "***"
    found = expect(staff.get(CUSTOMERS, params={"q": gone["email"]}))["items"]
    assert found == []
    assert expect(staff.post(CUSTOMERS, {"name": "New", "email": gone["email"]}), 201)["id"] != gone["id"]


def test_it_is_undone_by_restoring(place, staff, db):
    place.chefs(3)
    kept, gone = new(staff, phone=None), new(staff, phone="408-555-0178", dietary_notes="vegan")
    before = book_for(place, staff, gone, ahead=20)
    expect(merge(staff, kept, gone))
    after = book_for(place, staff, kept, ahead=21)
    kept_now = get(staff, kept["id"])
    expect(staff.patch(f"{CUSTOMERS}/{kept['id']}", {"city": "Fremont"}, if_match=f'"{kept_now["version"]}"'))
    back = expect(staff.post(f"{CUSTOMERS}/{gone['id']}/restore"))
    assert {k: back[k] for k in ("name", "email", "phone", "dietary_notes", "merged_into", "deleted_at")} \
        == {k: gone[k] for k in ("name", "email", "phone", "dietary_notes", "merged_into", "deleted_at")}
    again = get(staff, kept["id"])
    assert again["phone"] is None and again["dietary_notes"] is None and again["city"] == "Fremont"
    assert bookings_of(staff, gone) == {before["id"]} and bookings_of(staff, kept) == {after["id"]}
    db.execute("SELECT count(*) AS n FROM bus.events WHERE type = 'customer.unmerged'"
               " AND data ->> 'customer_id' = %s", (gone["id"],))
    assert db.fetchone()["n"] == 1
    expect_problem(staff.post(f"{CUSTOMERS}/{gone['id']}/restore"), 404, "not_found")
    expect(merge(staff, kept, gone))  # and once more


def test_what_changed_since_stays(staff):
    kept, gone = new(staff, phone=None), new(staff, phone="408-555-0179")
    merged = expect(merge(staff, kept, gone))
    expect(staff.patch(f"{CUSTOMERS}/{kept['id']}", {"phone": "408-555-0180"}, if_match=f'"{merged["version"]}"'))
    expect(staff.post(f"{CUSTOMERS}/{gone['id']}/restore"))
    assert get(staff, kept["id"])["phone"] == "+14085550180"


def test_undoing_has_its_order_and_its_time(staff, clock, login, tokens, db):
    a, b, c = new(staff), new(staff), new(staff)
    expect(merge(staff, b, a))
    expect(merge(staff, c, b))
    expect_problem(staff.post(f"{CUSTOMERS}/{a['id']}/restore"), 409, "state_conflict")
    expect(staff.post(f"{CUSTOMERS}/{b['id']}/restore"))
    clock.advance(days=31)
    tokens.clear()
    wait_for(lambda: get(login("ADMIN"), a["id"])["name"] == "(deleted)", "the other row to be forgotten", 20)
    expect_problem(login("ADMIN").post(f"{CUSTOMERS}/{a['id']}/restore"), 409, "restore_expired")
    assert get(login("ADMIN"), b["id"])["name"] == b["name"]
    for table, column in (("customer_merges", "from_id"),):
        db.execute(f"SELECT count(*) AS n FROM booking.{table} WHERE {column} = %s", (a["id"],))
        assert db.fetchone()["n"] == 0
    db.execute("SELECT count(*) AS n FROM bus.events WHERE type = 'customer.purged' AND data ->> 'customer_id' = %s",
               (a["id"],))
    assert db.fetchone()["n"] == 0  # the person is still there


def test_two_bookings_at_one_time_stay(place, staff):
    place.chefs(2)
    kept, gone = new(staff), new(staff)
    mine, his = (book_for(place, staff, c, ahead=20) for c in (kept, gone))
    expect(merge(staff, kept, gone))
    assert expect(staff.get(f"/api/v1/bookings/{his['id']}"))["duplicate_of"] == mine["id"]
    expect(staff.post(f"{CUSTOMERS}/{gone['id']}/restore"))
    assert expect(staff.get(f"/api/v1/bookings/{his['id']}"))["duplicate_of"] is None


def test_who_may_not(staff, login):
    kept, gone = new(staff), new(staff)
    for role in ("CUSTOMER", "STATION_MANAGER"):
        expect_problem(merge(login(role), kept, gone), 404, "not_found")
    expect_problem(merge(login("CHEF"), kept, gone), 403, "forbidden")
    expect(merge(login("CUSTOMER_SUPPORT"), kept, gone))


def test_what_cannot_be_merged(staff):
    kept, gone = new(staff), new(staff)
    nobody = {"id": str(uuid.uuid4())}
    expect_problem(merge(staff, kept, kept), 422, "invalid")
    expect_problem(merge(staff, kept, nobody), 404, "not_found")
    expect_problem(merge(staff, nobody, kept), 404, "not_found")
    expect_problem(merge(staff, kept, gone, reason="short"), 422, "invalid", "/reason")
    expect(staff.delete(f"{CUSTOMERS}/{gone['id']}", json={"reason": "no longer a customer"}), 204)
    expect_problem(merge(staff, kept, gone), 404, "not_found")


def test_mergers_at_once(staff, db):
    rows = [new(staff) for _ in range(4)]
    replies = together([lambda a=a, b=b: merge(staff, a, b) for a in rows for b in rows if a is not b])
    assert {r.status_code for r in replies} <= {200, 404}, [r.text for r in replies if r.status_code not in (200, 404)]
    live = [r for r in rows if get(staff, r["id"])["deleted_at"] is None]
    assert len(live) == 1 and [r.status_code for r in replies].count(200) == 3


# --- by an account that proves its address --------------------------------------------------------

class Person:
    """Somebody who signs up."""

    def __init__(self, api, mailbox, email):
        self.api, self.mailbox, self.email = api, mailbox, email

    def register(self):
        expect(self.api.post("/api/v1/auth/register", {"email": self.email, "password": PASSWORD,
                                                       "name": "Ana Lima"}), 202)
        tokens = expect(self.api.post("/api/v1/auth/login", {"email": self.email, "password": PASSWORD}))
        return self.api.with_token(tokens["access_token"])

    def proof(self):
        return self.mailbox.wait(self.email, "confirm").token()

    def prove(self, token=None):
        return self.api.post("/api/v1/auth/verify-email", {"token": token or self.proof()})


@pytest.fixture
def person(api, mailbox):
    return Person(api, mailbox, address())


def wish_of(place, person, **more):
    wish = place.wish(**more)
    wish["contact"]["email"] = person.email
    return wish


def seen(api):
    return {b["id"] for b in expect(api.get("/api/v1/bookings", params={"limit": 100}))["items"]}


def test_a_contact_becomes_the_accounts(place, person, staff, db):
    place.chefs(2)
    booking = expect(place.api.post("/api/v1/bookings", wish_of(place, person, ahead=20), key=True), 201)
    contact = place.customer(booking)
    api = person.register()
    assert seen(api) == set()  # an address that is not proved opens nothing
    expect(person.prove(), 204)
    wait_for(lambda: seen(api) == {booking["id"]}, "the booking")
    me = expect(api.get(f"{CUSTOMERS}/me"))
    assert me["email"] == person.email
    later = expect(place.api.post("/api/v1/bookings", wish_of(place, person, ahead=21), key=True), 201)
    assert seen(api) == {booking["id"], later["id"]}  # without signing in, but the address is his
    db.execute("SELECT count(*) AS n FROM booking.customers WHERE lower(email) = %s AND deleted_at IS NULL",
               (person.email,))
    assert db.fetchone()["n"] == 1 and place.customer(later) == str(me["id"])
    expect_problem(staff.post(CUSTOMERS, {"name": "Twice", "email": person.email}), 409, "customer_exists")
    assert contact  # its row or the account's: the history is one
    expect(api.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))


def test_both_have_a_past(place, person, staff, db):
    place.chefs(3)
    stranger = expect(place.api.post("/api/v1/bookings", wish_of(place, person, ahead=20), key=True), 201)
    contact = place.customer(stranger)
    api = person.register()
    own = expect(api.post("/api/v1/bookings", wish_of(place, person, ahead=21), key=True), 201)
    assert seen(api) == {own["id"]}
    expect(person.prove(), 204)
    wait_for(lambda: seen(api) == {own["id"], stranger["id"]}, "both bookings")
    row = get(staff, contact)
    assert row["merged_into"] == expect(api.get(f"{CUSTOMERS}/me"))["id"]
    back = expect(staff.post(f"{CUSTOMERS}/{contact}/restore"))  # undone by staff as any other
    assert back["user_id"] is None and seen(api) == {own["id"]}


def test_a_first_booking_has_a_name(place, person):
    """What identity knows by then is known; who is not known says it."""
    place.chefs(2)
    api = person.register()
    wish = wish_of(place, person, ahead=20)
    del wish["contact"]
    problem = expect_problem(api.post("/api/v1/bookings", wish, key=True), 422, "invalid")
    assert "contact" in problem["detail"]
    expect(person.prove(), 204)
    wait_for(lambda: expect(api.get(f"{CUSTOMERS}/me"))["email"] == person.email, "the address")
    booking = expect(api.post("/api/v1/bookings", wish, key=True), 201)
    assert booking["contact"] == {"name": "Ana Lima", "email": person.email, "phone": None}


def deadlocks(running):
    return running.log("postgres").count("deadlock detected")


def test_an_address_proved_while_bookings_are_made(place, person, db, running):
    """Wherever the two meet, every booking ends with the account, and none with a row that is gone; nobody
    waits for somebody who waits for him."""
    before = deadlocks(running)
    place.chefs(14)
    api = person.register()
    token = person.proof()
    calls = [lambda n=n: place.api.post("/api/v1/bookings", wish_of(place, person, ahead=20 + n), key=True)
             for n in range(12)]
    calls += [lambda n=n: api.post("/api/v1/bookings", wish_of(place, person, ahead=40 + n), key=True)
              for n in range(4)]
    calls.insert(6, lambda: person.prove(token))
    made = {r.json()["id"] for r in together(calls) if expect(r, 204 if r.status_code == 204 else 201)}
    assert len(made) == 16 and deadlocks(running) == before
    wait_for(lambda: seen(api) == made, "every booking", 20)
    db.execute("SELECT id FROM booking.customers WHERE lower(email) = %s AND deleted_at IS NULL", (person.email,))
    assert len(db.fetchall()) == 1
    db.execute("SELECT count(*) AS n FROM bus.parked_events WHERE consumer = 'booking.accounts'")
    assert db.fetchone()["n"] == 0


def test_a_duplicate_of_a_stranger_is_found_at_the_account(place, person, running, recorder, staff):
    place.chefs(2)
    api = person.register()
    expect(person.prove(), 204)
    wait_for(lambda: expect(api.get(f"{CUSTOMERS}/me"))["email"] == person.email, "the address")
    wish = wish_of(place, person, ahead=20)
    own = expect(api.post("/api/v1/bookings", wish, key=True), 201)
    elsewhere = Api(running.url("booking-1"), None, recorder).with_headers(X_Real_IP="10.9.8.7")
    probe = expect(elsewhere.post("/api/v1/bookings", wish, key=True), 201)
    assert probe["duplicate_of"] is None
    assert expect(staff.get(f"/api/v1/bookings/{probe['id']}"))["duplicate_of"] == own["id"]
