"""A person gets all that is kept of him, from every service, and is forgotten by every one."""
import datetime
import json
import uuid

import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for

ME = "/api/v1/me"
EXPORTS = f"{ME}/exports"
PASSWORD = "vermicelli 99 lamps"
WHY = {"reason": "asked for it by telephone"}
BOOKINGS = ("booking-1", "booking-2")


class Person:
    """Somebody who has signed up and proved his address."""

    def __init__(self, api, mailbox, name):
        self.email, self.name = f"{uuid.uuid4().hex[:12]}@example.com", name
        expect(api.post("/api/v1/auth/register", {"email": self.email, "password": PASSWORD, "name": name}), 202)
        expect(api.post("/api/v1/auth/verify-email", {"token": mailbox.wait(self.email, "confirm").token()}), 204)
        self.nobody = api
        self.api = self.login()
        self.id = expect(self.api.get(ME))["id"]

    def login(self):
        tokens = expect(self.nobody.post("/api/v1/auth/login", {"email": self.email, "password": PASSWORD}))
        return self.nobody.with_token(tokens["access_token"])

    def request(self):
        return expect(self.api.post(EXPORTS), 202)

    def export(self, export_id):
        return expect(self.api.get(f"{EXPORTS}/{export_id}"))

    def wait(self, export_id, timeout_s=20):
        wait_for(lambda: self.export(export_id)["state"] == "ready", "the export", timeout_s)

    def fetch(self, export_id, page=1):
        return expect(self.api.get(f"{EXPORTS}/{export_id}/document", params={"page": page}))

    def items(self, export_id):
        """{what: [item]} of all pages, with the service in it."""
        found, page, pages = {}, 1, 1
        while page <= pages:
            document = self.fetch(export_id, page)
            assert (document["page"], document["user_id"]) == (page, self.id)
            pages = document["pages"]
            for part in document["parts"]:
                for item in part["items"]:
                    [(what, value)] = item.items()
                    found.setdefault(what, []).append(value | {"service": part["service"]})
            page += 1
        return found


@pytest.fixture
def person(api, mailbox, needle):
    return Person(api, mailbox, f"Ana {needle}")


@pytest.fixture
def admin(login):
    return login("ADMIN")


def wishes(db, person, n):
    """Waits n times for a time, long ago."""
    db.execute("INSERT INTO booking.waitlist (id, state, station_id, event_date, from_time, until_time,"
               " duration_minutes, guest_count, user_id, name, email, created_at, updated_at)"
               " SELECT gen_random_uuid(), 'removed', (SELECT id FROM booking.stations LIMIT 1), '2020-01-01', '12:00',"
               " '13:00', 120, 2, %s, 'Ana', 'x@example.com', now(), now() FROM generate_series(1, %s)",
               (person.id, n))


def parts(db, export_id):
    db.execute("SELECT count(*) AS n FROM bus.export_parts WHERE export_id = %s", (export_id,))
    return db.fetchone()["n"]


# --- what is kept -------------------------------------------------------------------------------

def test_everything_is_in_it_in_plain_text(place, person, admin, needle, kept, mailbox):
    place.chef()
    me = person.api.get("/api/v1/customers/me")
    expect(person.api.patch("/api/v1/customers/me", {"dietary_notes": f"no diet{needle}"},
                            if_match=me.headers["ETag"]))
    booking = place.book(person.api, special_requests=f"a quiet{needle}", contact={"name": person.name})
    expect(admin.post(f"/api/v1/bookings/{booking['id']}/notes", {"text": f"rang note{needle}"}), 201)
    asked = person.request()
    assert asked["requested_by"] == asked["user_id"] == person.id and asked["reason"] is None
    person.wait(asked["id"])
    assert "Sign in" in mailbox.wait(person.email, "your data").text

    items = person.items(asked["id"])
    assert {(v["service"], k) for k, values in items.items() for v in values} >= {
        ("identity", k) for k in ("account", "session", "sign_in", "export", "change", "action")} | {
        ("booking", k) for k in ("customer", "booking", "note", "change")}
    assert [a["email"] for a in items["account"]] == [person.email]
    assert [c["dietary_notes"] for c in items["customer"]] == [f"no diet{needle}"]
    assert [(b["id"], b["special_requests"]) for b in items["booking"]] == [(booking["id"], f"a quiet{needle}")]
    assert [n["text"] for n in items["note"]] == [f"rang note{needle}"]
    for word in ("diet", "quiet", "note"):
        assert kept(word + needle) == [], "in plain text where somebody else may find it"


def test_secrets_are_nobodys(person):
    asked = person.request()
    person.wait(asked["id"])
    text = json.dumps(person.items(asked["id"]))
    assert "argon2" not in text and "private_key" not in text and PASSWORD not in text


def test_a_chef_gets_his_profile_and_not_his_customers(place, own_chef, login, account, db):
    chef, other = login("CHEF"), place.chef()
    cooked = place.book(chef_id=own_chef)
    helped = place.book(login("ADMIN"), ahead=11, chef_id=other, assistant_ids=[own_chef])
    db.execute("UPDATE identity.exports SET state = 'ended', private_key = NULL, ended_at = now()"
               " WHERE user_id = %s AND state <> 'ended'", (account("CHEF"),))
    asked = expect(chef.post(EXPORTS), 202)
    wait_for(lambda: expect(chef.get(f"{EXPORTS}/{asked['id']}"))["state"] == "ready", "the export", 20)
    document = chef.get(f"{EXPORTS}/{asked['id']}/document")
    items = [i for part in expect(document)["parts"] for i in part["items"]]
    assert [i["chef"]["id"] for i in items if "chef" in i] == [own_chef]
    assert [i["cooks"]["booking_id"] for i in items if "cooks" in i] == [cooked["id"]]
    assert [i["assists"]["booking_id"] for i in items if "assists" in i] == [helped["id"]]
    assert "Ann Example" not in document.text and cooked["contact"]["email"] not in document.text


def test_what_is_long_comes_in_pages(person, db):
    db.execute("INSERT INTO identity.login_history (user_id, at, outcome, user_agent)"
               " SELECT %s, now() - n * interval '1 minute', 'ok', repeat('agent ', 4000) || n"
               " FROM generate_series(1, 70) n", (person.id,))
    asked = person.request()
    person.wait(asked["id"])
    assert person.fetch(asked["id"])["pages"] > 2
    agents = [s["user_agent"] for s in person.items(asked["id"])["sign_in"] if len(s["user_agent"] or "") > 9999]
    assert len(agents) == len(set(agents)) == 70
    expect_problem(person.api.get(f"{EXPORTS}/{asked['id']}/document", params={"page": 99}), 404, "not_found")


# --- whose it is --------------------------------------------------------------------------------

def test_nobody_else_fetches_it(person, api, admin, login):
    asked = person.request()
    person.wait(asked["id"])
    for other in (login("CUSTOMER"), admin, login("SUPER_ADMIN")):
        expect_problem(other.get(f"{EXPORTS}/{asked['id']}"), 404, "not_found")
        expect_problem(other.get(f"{EXPORTS}/{asked['id']}/document"), 404, "not_found")
        assert asked["id"] not in [e["id"] for e in expect(other.get(EXPORTS))["items"]]
    expect_problem(api.get(f"{EXPORTS}/{asked['id']}/document"), 401, "unauthorized")
    assert [e["id"] for e in expect(person.api.get(EXPORTS))["items"]] == [asked["id"]]


def test_staff_ask_and_the_person_fetches(person, admin, login, db):
    asked = expect(admin.post(f"/api/v1/users/{person.id}/exports", WHY), 202)
    assert asked["reason"] == WHY["reason"] and asked["requested_by"] != person.id
    person.wait(asked["id"])
    query = {"user_id": person.id, "state": "ready"}
    assert [e["id"] for e in expect(admin.get("/api/v1/privacy/exports", params=query))["items"]] == [asked["id"]]
    assert person.items(asked["id"])["account"][0]["id"] == person.id
    db.execute("SELECT action, actor::text, reason FROM bus.audit_log WHERE entity = 'user' AND entity_id = %s"
               " AND action LIKE 'export.%%' ORDER BY at, id", (person.id,))
    told = [(r["action"], r["actor"], r["reason"]) for r in db.fetchall()]
    assert told == [("export.request", asked["requested_by"], WHY["reason"]), ("export.ready", None, None),
                    ("export.fetch", person.id, None)]
    for role in ("CUSTOMER_SUPPORT", "STATION_MANAGER", "CUSTOMER", "CHEF"):
        expect_problem(login(role).post(f"/api/v1/users/{person.id}/exports", WHY), 403, "forbidden")
        expect_problem(login(role).get("/api/v1/privacy/exports"), 403, "forbidden")
    expect_problem(admin.post(f"/api/v1/users/{uuid.uuid4()}/exports", WHY), 404, "not_found")
    expect_problem(admin.post(f"/api/v1/users/{person.id}/exports", {"reason": "short"}), 422, "invalid", "/reason")


# --- whatever happens ---------------------------------------------------------------------------

def test_asking_twice_or_at_once_is_asking_once(person, db):
    replies = together([lambda: person.api.post(EXPORTS)] * 8)
    made = {expect(r, 202)["id"] for r in replies}
    assert len(made) == 1
    [export_id] = made
    person.wait(export_id)
    assert person.request()["id"] == export_id
    db.execute("SELECT count(*) AS n FROM bus.events WHERE type = 'privacy.export.requested' AND subject = %s",
               (export_id,))
    assert db.fetchone()["n"] == 1
    assert len(person.items(export_id)["account"]) == 1


def test_after_a_day_it_is_made_anew(person, db):
    first = person.request()
    person.wait(first["id"])
    db.execute("UPDATE identity.exports SET created_at = created_at - interval '25 hours' WHERE id = %s",
               (first["id"],))
    second = person.request()
    assert second["id"] != first["id"]
    assert person.export(first["id"])["state"] == "ended" and parts(db, first["id"]) == 0
    person.wait(second["id"])
    person.fetch(second["id"])


def test_a_service_that_is_away_answers_later(person, stack):
    stack.stop(*BOOKINGS)
    asked = person.request()
    wait_for(lambda: person.export(asked["id"])["waits_for"] == ["booking"], "identity's part")
    assert person.export(asked["id"])["state"] == "gathering"
    expect_problem(person.api.get(f"{EXPORTS}/{asked['id']}/document"), 404, "not_found")
    stack.start(*BOOKINGS)
    person.wait(asked["id"])
    assert {p["service"] for p in person.fetch(asked["id"])["parts"]} == {"identity", "booking"}


def test_killed_in_the_middle_nothing_is_lost_or_there_twice(person, stack, db, clock):
    wishes(db, person, 220)
    asked = person.request()
    for n in range(1, 4):
        wait_for(lambda: parts(db, asked["id"]) >= n, "some parts", 30)
        for part in (*BOOKINGS, "identity"):
            stack.signal(part, "KILL")
        stack.heal()
        clock.advance(seconds=61)  # what was claimed is anybody's again
    person.wait(asked["id"], 40)
    ids = [w["id"] for w in person.items(asked["id"])["wish"]]
    assert len(ids) == len(set(ids)) == 220
    db.execute("SELECT count(*) AS n FROM bus.jobs WHERE kind = 'identity.mail' AND payload->>'user' = %s"
               " AND state = 'parked'", (person.id,))
    assert db.fetchone()["n"] == 0


def test_an_answer_that_comes_late_or_again_says_nothing(person, db):
    asked = person.request()
    person.wait(asked["id"])
    was = person.export(asked["id"])
    ctx = json.dumps({"now": "2026-01-01T00:00:00Z"})
    db.execute("SELECT bus.emit(%s, 'privacy.export.answered', 'x', %s)",
               (ctx, json.dumps({"export_id": asked["id"], "service": "booking"})))
    db.execute("SELECT bus.emit(%s, 'privacy.export.requested', 'x', %s)",
               (ctx, json.dumps({"export_id": asked["id"], "user_id": person.id, "public_key": "none"})))

    def read():
        db.execute("SELECT bool_and((c.txid, c.seq) >= (e.txid, e.seq)) AS all FROM bus.cursors c,"
                   " (SELECT txid, seq FROM bus.events WHERE type LIKE 'privacy.%%' ORDER BY txid DESC, seq DESC LIMIT 1) e"
                   " WHERE c.consumer IN ('identity.exports', 'identity.export', 'booking.export')")
        return db.fetchone()["all"]
    wait_for(read, "the consumers")
    assert person.export(asked["id"]) == was
    assert len(person.items(asked["id"])["account"]) == 1
    db.execute("DELETE FROM bus.jobs WHERE kind LIKE '%%.export' AND payload->>'export_id' = %s", (asked["id"],))


def test_after_seven_days_it_is_deleted(person, db, clock):
    asked = person.request()
    person.wait(asked["id"])
    clock.advance(days=7)
    later = person.login()
    expect_problem(later.get(f"{EXPORTS}/{asked['id']}/document"), 404, "not_found")
    db.execute("SELECT bus.job(jsonb_build_object('now', now()), 'identity.cleanup', '{}')")
    wait_for(lambda: expect(later.get(f"{EXPORTS}/{asked['id']}"))["state"] == "ended", "the clean-up", 20)
    db.execute("SELECT private_key FROM identity.exports WHERE id = %s", (asked["id"],))
    assert db.fetchone()["private_key"] is None and parts(db, asked["id"]) == 0


# --- forgetting ---------------------------------------------------------------------------------

def erase(person):
    return person.api.post(f"{ME}/erasure", {"password": PASSWORD})


def purge(db, person):
    """What happens 30 days later."""
    db.execute("UPDATE identity.users SET deleted_at = deleted_at - interval '31 days' WHERE id = %s", (person.id,))
    db.execute("SELECT bus.job(jsonb_build_object('now', now()), 'identity.purge', '{}')")


def customer(db, customer_id):
    db.execute("SELECT * FROM booking.customers WHERE id = %s", (customer_id,))
    return db.fetchone()


def test_he_deletes_his_account_and_can_come_back(person, admin, login, mailbox):
    expect_problem(person.api.post(f"{ME}/erasure", {"password": "not his password"}), 403, "password_wrong")
    said = expect(erase(person))
    days = datetime.datetime.fromisoformat(said["purge_at"]) - datetime.datetime.fromisoformat(said["deleted_at"])
    assert days == datetime.timedelta(days=30)
    body = {"email": person.email, "password": PASSWORD}
    expect_problem(person.nobody.post("/api/v1/auth/login", body), 401, "invalid_credentials")
    wait_for(lambda: person.api.get(ME).status_code == 401, "his tokens to end")
    assert "30 days" in mailbox.wait(person.email, "deleted").text
    expect(login("SUPER_ADMIN").post(f"/api/v1/users/{person.id}/restore"))
    assert expect(person.login().get(ME))["email"] == person.email


def test_staff_do_not_leave_by_themselves(running, api, db):
    email = f"{uuid.uuid4().hex[:12]}@example.com"
    done = running.command("identity", "create-user", "--email", email, "--role", "CUSTOMER_SUPPORT", "--name", "Staff",
                           stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    tokens = expect(api.post("/api/v1/auth/login", {"email": email, "password": PASSWORD}))
    expect_problem(api.with_token(tokens["access_token"]).post(f"{ME}/erasure", {"password": PASSWORD}), 409,
                   "state_conflict")


def test_nothing_says_who_he_was_and_the_books_are_whole(place, person, admin, db, needle, kept):
    place.chef()
    booking = place.book(person.api, ahead=9, special_requests=f"quiet{needle}", venue_address=f"1 {needle} Road",
                         contact={"name": person.name, "email": person.email})
    path = f"/api/v1/bookings/{booking['id']}"
    expect(admin.patch(path, {"contact": {"name": f"Other {needle}"}}, if_match='"1"'))
    expect(person.api.post(f"{path}/cancel", {"reason": f"ill {needle}"}))
    wishes(db, person, 1)
    asked = person.request()
    person.wait(asked["id"])
    expect(erase(person))
    purge(db, person)
    wait_for(lambda: customer(db, booking["customer_id"])["purged_at"], "the person to be forgotten", 20)
    wait_for(lambda: expect(admin.get(path))["contact"]["name"] == "(deleted)", "his bookings to be forgotten", 20)

    left = expect(admin.get(path))
    assert [left[k] for k in ("id", "state", "total_cents", "customer_id")] == [
        booking["id"], "cancelled", booking["total_cents"], booking["customer_id"]]
    db.execute("SELECT count(*) AS n FROM booking.waitlist WHERE user_id = %s", (person.id,))
    assert db.fetchone()["n"] == 0 and parts(db, asked["id"]) == 0
    entries = expect(admin.get("/api/v1/audit", params={"entity": "booking", "entity_id": booking["id"]}))["items"]
    assert {e["action"] for e in entries} >= {"booking.created", "booking.updated", "booking.cancelled"}
    assert {e["after"]["contact_name"] for e in entries} == {"***"}
    assert all(e["after"]["total_cents"] == booking["total_cents"] for e in entries)
    db.execute("SELECT count(*) AS n FROM bus.audit_log WHERE actor = %s AND ip IS NOT NULL", (person.id,))
    assert db.fetchone()["n"] == 0

    # Replies are kept for 7 days for who asks twice, and what events say of somebody for 90.
    db.execute("SELECT bus.events_forget(jsonb_build_object('now', now() + interval '91 days'))")
    for word in (needle, person.email):
        assert set(kept(word)) <= {"bus.idempotency"}, word


def test_upkeep_takes_from_old_events_how_somebody_is_reached(db):
    subject = str(uuid.uuid4())
    db.execute("SELECT bus.emit(jsonb_build_object('now', now() - interval '91 days'), 'test.old', %s, %s)",
               (subject, json.dumps({"email": "old@example.com", "station_id": None})))
    db.execute("SELECT bus.maintain(jsonb_build_object('now', now()))")
    db.execute("SELECT data FROM bus.events WHERE subject = %s", (subject,))
    assert [r["data"] for r in db.fetchall()] == [{"station_id": None}]


def test_an_event_to_come_takes_place_first(place, person, admin, db):
    place.chef()
    booking = place.book(person.api, contact={"name": person.name})
    expect(erase(person))
    purge(db, person)

    def waits():
        db.execute("SELECT due_at FROM bus.jobs WHERE kind = 'booking.person_forget' AND payload->>'user_id' = %s"
                   " AND due_at > now() + interval '1 day'", (person.id,))
        return db.fetchone()
    due = wait_for(waits, "the job", 20)["due_at"]
    ends = datetime.datetime.fromisoformat(booking["ends_at"].replace("Z", "+00:00"))
    assert due == ends + datetime.timedelta(days=1)
    assert expect(admin.get(f"/api/v1/bookings/{booking['id']}"))["contact"]["name"] == person.name
    expect(admin.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "nobody can pay"}))
    db.execute("UPDATE bus.jobs SET due_at = now() WHERE kind = 'booking.person_forget' AND payload->>'user_id' = %s",
               (person.id,))
    wait_for(lambda: customer(db, booking["customer_id"])["purged_at"], "the person to be forgotten", 20)


def test_a_chef_who_is_gone_has_no_name(place, own_chef, admin, login, db):
    booking = place.book(chef_id=own_chef)
    user = str(uuid.uuid4())
    db.execute("UPDATE booking.chefs SET user_id = %s, name = 'Kenji', phone = '+14085550100' WHERE id = %s",
               (user, own_chef))
    db.execute("SELECT bus.emit(jsonb_build_object('now', now()), 'identity.user.purged', 'x', %s)",
               (json.dumps({"user_id": user}),))
    path = f"/api/v1/chefs/{own_chef}"
    wait_for(lambda: not expect(admin.get(path))["active"], "the chef to be forgotten", 20)
    chef = expect(admin.get(path))
    assert [chef[k] for k in ("name", "email", "phone", "user_id")] == ["(former chef)", None, None, None]
    assert expect(admin.get(f"/api/v1/bookings/{booking['id']}"))["chef_id"] == own_chef


def test_what_comes_late_of_a_gone_account_says_nothing(db):
    gone, here = str(uuid.uuid4()), str(uuid.uuid4())

    def tell(kind, user):
        db.execute("SELECT bus.emit(jsonb_build_object('now', now()), %s, 'x', %s)", (kind, json.dumps(
            {"user_id": user, "kind": "customer", "name": "Late", "email": f"{user}@example.com"})))

    def known(user):
        db.execute("SELECT count(*) AS n FROM booking.customers WHERE user_id = %s", (user,))
        return db.fetchone()["n"]
    tell("identity.user.purged", gone)

    def heard():
        db.execute("SELECT FROM booking.gone_accounts WHERE user_id = %s", (gone,))
        return db.fetchone() is not None
    wait_for(heard, "the news")
    tell("identity.user.verified", gone)
    tell("identity.user.verified", here)
    wait_for(lambda: known(here), "the other account")
    assert not known(gone)


def test_a_customer_of_any_name_is_forgotten(admin, db):
    email = f"{uuid.uuid4().hex[:12]}@example.com"
    made = expect(admin.post("/api/v1/customers", {"name": "(deleted)", "email": email}), 201)
    expect(admin.delete(f"/api/v1/customers/{made['id']}", json=WHY), 204)
    db.execute("SELECT booking.customer_purge(jsonb_build_object('now', now() + interval '31 days'), %s)", (made["id"],))
    assert customer(db, made["id"])["email"] != email
    expect_problem(admin.post(f"/api/v1/customers/{made['id']}/restore"), 409, "restore_expired")
