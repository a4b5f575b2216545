"""Customers, as staff keep them."""
import json

import pytest

from ids import CUSTOMER, NOBODY, OTHER_STATION, STATION, WHY, email, phone, unique
from lib.client import expect, expect_problem, together
from lib.stack import wait_for

CUSTOMERS = "/api/v1/customers"


def new(api, status=201, **fields):
    return expect(api.post(CUSTOMERS, {"name": "Robin " + unique(), "email": email()} | fields), status)


def get(api, customer_id):
    return api.get(f"{CUSTOMERS}/{customer_id}")


# --- making ------------------------------------------------------------------------------------

def test_create(admin, told):
    body = {"name": "  Ana <b>María</b> Núñez ", "email": email(), "phone": "(408) 555-0123",
            "address_line1": "12 Elm Street", "city": "San Jose", "state": "CA", "zip": "95112-1234",
            "dietary_notes": "no shellfish", "station_id": STATION}
    reply = admin.post(CUSTOMERS, body)
    made = expect(reply, 201)
    assert made["name"] == "Ana María Núñez" and made["phone"] == "+14085550123"
    assert made["zip"] == "95112-1234" and made["version"] == 1 and made["user_id"] is None
    assert reply.headers["Location"] == f"{CUSTOMERS}/{made['id']}"
    again = get(admin, made["id"])
    assert expect(again) == made and again.headers["ETag"] == reply.headers["ETag"] == '"1"'
    audited, events = told("customer.created", made["id"])
    assert len(audited) == 1 and audited[0]["after"]["name"] == made["name"]
    assert events == [{"customer_id": made["id"], "user_id": None, "station_id": STATION}]


def test_the_database_says_nothing_of_them_in_its_log(admin, running):
    made = new(admin, phone=phone())
    body = {"name": made["name"], "email": made["email"]}
    request_id = expect_problem(admin.post(CUSTOMERS, body), 409, "customer_exists", "/email")["request_id"]
    assert request_id in running.log("booking-1") + running.log("booking-2")
    log = running.log("postgres")
    assert "customers_email_unique" in log
    assert not [v for v in (made["email"], made["phone"], made["name"]) if v in log]


@pytest.mark.parametrize("body,pointer", [
    ({}, "/name"),
    ({"name": "", "email": "a@example.com"}, "/name"),
    ({"name": "x" * 101, "email": "a@example.com"}, "/name"),
    ({"name": "A", "email": "nobody"}, "/email"),
    ({"name": "A", "phone": "12"}, "/phone"),
    ({"name": "A"}, "/email"),
    ({"name": "A", "email": None, "phone": None}, "/email"),
    ({"name": "A", "email": "a@example.com", "state": "ca"}, "/state"),
    ({"name": "A", "email": "a@example.com", "zip": "1234"}, "/zip"),
    ({"name": "A", "email": "a@example.com", "station_id": NOBODY}, "/station_id"),
    ({"name": "A", "email": "a@example.com", "user_id": NOBODY}, "/user_id"),
    ({"name": "A", "email": "a@example.com", "dietary_notes": "x" * 2001}, "/dietary_notes"),
])
def test_what_is_no_customer(admin, body, pointer):
    expect_problem(admin.post(CUSTOMERS, body), 422, "invalid", pointer)


def test_card_numbers_are_refused(admin):
    body = {"name": "A", "email": email(), "dietary_notes": "card 4111 1111 1111 1111"}
    expect_problem(admin.post(CUSTOMERS, body), 422, "card_number_refused")


def test_an_address_is_there_once(admin):
    first = new(admin)
    body = {"name": "Another", "email": first["email"].upper()}
    expect_problem(admin.post(CUSTOMERS, body), 409, "customer_exists", "/email")
    expect(admin.delete(f"{CUSTOMERS}/{first['id']}", json=WHY), 204)
    assert expect(admin.post(CUSTOMERS, body), 201)["id"] != first["id"]


def test_the_same_request_makes_one(admin, db):
    body = {"name": "Once", "email": email()}
    replies = together([lambda: admin.post(CUSTOMERS, body, key="people-" + body["email"])] * 8)
    made = {r.json()["id"] for r in replies if r.status_code == 201}
    assert len(made) == 1
    assert all(r.json()["code"] == "idempotency_in_progress" for r in replies if r.status_code != 201)
    db.execute("SELECT count(*) AS n FROM booking.customers WHERE email = %s", (body["email"],))
    assert db.fetchone()["n"] == 1
    expect_problem(admin.post(CUSTOMERS, body | {"name": "Twice"}, key="people-" + body["email"]), 422,
                   "idempotency_key_reused")


# --- changing ----------------------------------------------------------------------------------

def test_update(admin, told):
    made = new(admin, phone=phone(), city="San Jose")
    reply = admin.patch(f"{CUSTOMERS}/{made['id']}", {"name": "New Name", "city": None}, if_match='"1"')
    changed = expect(reply)
    assert changed == made | {"name": "New Name", "city": None, "version": 2,
                              "updated_at": changed["updated_at"]}
    assert reply.headers["ETag"] == '"2"'
    audited, events = told("customer.updated", made["id"])
    assert audited[0]["before"]["city"] == "San Jose" and audited[0]["after"]["city"] is None
    assert len(events) == 1


def test_the_later_of_two_who_edit_is_told(admin):
    made = new(admin)
    path = f"{CUSTOMERS}/{made['id']}"
    expect_problem(admin.patch(path, {"name": "A"}), 428, "precondition_required")
    expect(admin.patch(path, {"name": "A"}, if_match='"1"'))
    for stale in ('"1"', '"x"', '"01"'):
        expect_problem(admin.patch(path, {"name": "B"}, if_match=stale), 412, "precondition_failed")
    codes = [r.status_code for r in together(
        [lambda i=i: admin.patch(path, {"name": f"C{i}"}, if_match='"2"') for i in range(6)])]
    assert sorted(codes) == [200] + [412] * 5


def test_somebody_must_be_reachable(admin):
    made = new(admin)
    expect_problem(admin.patch(f"{CUSTOMERS}/{made['id']}", {"email": None}, if_match='"1"'), 422,
                   "invalid", "/email")


def test_an_address_that_is_taken(admin):
    one, two = new(admin), new(admin)
    expect_problem(admin.patch(f"{CUSTOMERS}/{two['id']}", {"email": one["email"]}, if_match='"1"'), 409,
                   "customer_exists", "/email")


# --- reading -----------------------------------------------------------------------------------

def test_lists_are_paged_newest_first(admin):
    made = [new(admin, station_id=OTHER_STATION)["id"] for _ in range(5)]
    for query in ({}, {"station_id": OTHER_STATION}):
        # A test that moved the clock may have left customers of tomorrow, which come first.
        seen, cursor = [], None
        while len(seen) < 5:
            page = expect(admin.get(CUSTOMERS, params=query | {"limit": 2}
                                    | ({"cursor": cursor} if cursor else {})))
            assert len(page["items"]) == 2 and page["limit"] == 2
            seen += [c["id"] for c in page["items"] if c["id"] in made]
            cursor = page["next_cursor"]
        assert seen == made[::-1], query


def test_count(admin):
    query = {"count": "true", "limit": 1, "station_id": OTHER_STATION}
    before = expect(admin.get(CUSTOMERS, params=query))["total"]
    new(admin, station_id=OTHER_STATION)
    assert expect(admin.get(CUSTOMERS, params=query))["total"] == before + 1
    assert "total" not in expect(admin.get(CUSTOMERS))


@pytest.mark.parametrize("query,pointer", [
    ({"q": "a"}, "q"), ({"q": "x" * 101}, "q"), ({"station_id": "x"}, "station_id"),
    ({"deleted": "maybe"}, "deleted"), ({"cursor": "forged"}, "cursor"), ({"name": "x"}, "name")])
def test_what_is_no_query(admin, query, pointer):
    expect_problem(admin.get(CUSTOMERS, params=query), 422, "invalid", pointer)


def test_search(admin):
    first, last = unique().capitalize(), unique().capitalize()
    made = new(admin, name=f"{first} Mac-{last}", phone=phone())
    digits = made["phone"][1:]
    for q in (first, first.lower(), first[:2] + first[2:6], first[2:7], last[:5], last[-4:],
              f"{last} {first}", f"{first} {last[1:4]}", made["email"], made["email"][1:9],
              made["email"].upper(), digits, digits[1:], digits[3:], digits[-7:], made["phone"],
              f"({digits[1:4]}) {digits[4:7]}-{digits[7:]}"):
        found = expect(admin.get(CUSTOMERS, params={"q": q, "limit": 100}))["items"]
        assert made in found, q
    for q in (first + "x", f"{first} zzzqqq", "100%_\\'\"", "()", "%%", "__"):
        assert made not in expect(admin.get(CUSTOMERS, params={"q": q}))["items"], q


def test_search_finds_accents_without_them(admin):
    last = unique()
    made = new(admin, name=f"José Ångström-{last}")
    for q in (f"jose angstrom-{last}", f"JOSÉ {last}", f"angstrom-{last[:4]}"):
        assert made["id"] in [c["id"] for c in expect(admin.get(CUSTOMERS, params={"q": q}))["items"]], q


def test_search_puts_who_begins_with_it_first(admin):
    word = unique()
    inside, begins = new(admin, name=f"Zoe {word}"), new(admin, name=f"{word} Adams")
    found = expect(admin.get(CUSTOMERS, params={"q": word}))
    assert [c["id"] for c in found["items"]] == [begins["id"], inside["id"]]
    assert found["next_cursor"] is None
    assert len(expect(admin.get(CUSTOMERS, params={"q": word, "limit": 1}))["items"]) == 1


def test_what_search_takes_for_a_word(admin):
    first, last = unique().capitalize(), unique().capitalize()
    made = new(admin, name=f"{first} {last}")
    name, domain = made["email"].split("@")
    for q in (f"{first} - {last}", f"{first} & {last}", f"  {first}  ", f"{first} {last[0]}", f"{last[:2]} {first[2:7]}",
              name + "@", f"{name[3:]}@{domain[:2]}"):
        assert made in expect(admin.get(CUSTOMERS, params={"q": q, "limit": 100}))["items"], q
    for q in (f"{first} {last[1:3]}", f"{first} {last} x", f"{first}_{last}"):  # short ones begin a word
        assert made not in expect(admin.get(CUSTOMERS, params={"q": q, "limit": 100}))["items"], q
    for q in ("@@@", "--", "__", "%%%", "a@b c"):
        expect(admin.get(CUSTOMERS, params={"q": q}))


# --- whose -------------------------------------------------------------------------------------

def test_a_manager_has_his_stations_customers(admin, manager):
    word = unique()
    mine = new(admin, name=word + " Mine", station_id=STATION)
    other = new(admin, name=word + " Other", station_id=OTHER_STATION)
    nobodys = new(admin, name=word + " Nobody")
    assert expect(get(manager, mine["id"])) == mine
    for c in (other, nobodys):
        expect_problem(get(manager, c["id"]), 404, "not_found")
        expect_problem(manager.patch(f"{CUSTOMERS}/{c['id']}", {"name": "X"}, if_match='"1"'), 404,
                       "not_found")
    found = expect(manager.get(CUSTOMERS, params={"q": word}))["items"]
    assert [c["id"] for c in found] == [mine["id"]]
    listed = [c["id"] for c in expect(manager.get(CUSTOMERS, params={"limit": 100}))["items"]]
    assert mine["id"] in listed and other["id"] not in listed and nobodys["id"] not in listed
    assert expect(manager.get(CUSTOMERS, params={"station_id": OTHER_STATION}))["items"] == []


def test_who_a_manager_meets_is_his_stations(manager):
    assert new(manager)["station_id"] == STATION
    expect_problem(manager.post(CUSTOMERS, {"name": "A", "email": email(), "station_id": OTHER_STATION}),
                   403, "forbidden")
    made = new(manager)
    path = f"{CUSTOMERS}/{made['id']}"
    for station in (OTHER_STATION, None):
        expect_problem(manager.patch(path, {"station_id": station}, if_match='"1"'), 403, "forbidden")


def test_chefs_see_no_customers(chef):
    expect_problem(chef.get(CUSTOMERS), 403, "forbidden")
    expect_problem(get(chef, CUSTOMER), 403, "forbidden")


def test_a_customer_sees_himself_alone(customer, admin):
    other = new(admin)
    assert [c["id"] for c in expect(customer.get(CUSTOMERS))["items"]] == [CUSTOMER]
    for station, seen in ((STATION, [CUSTOMER]), (OTHER_STATION, [])):
        page = expect(customer.get(CUSTOMERS, params={"station_id": station}))
        assert [c["id"] for c in page["items"]] == seen
    assert expect(customer.get(CUSTOMERS, params={"q": "da"}))["items"] in (
        [], [expect(get(customer, CUSTOMER))])
    assert expect(customer.get(CUSTOMERS, params={"q": other["name"]}))["items"] == []
    expect_problem(get(customer, other["id"]), 404, "not_found")
    expect_problem(customer.patch(f"{CUSTOMERS}/{other['id']}", {"name": "X"}, if_match='"1"'), 404,
                   "not_found")
    expect_problem(customer.get(CUSTOMERS, params={"deleted": "true"}), 422, "invalid", "deleted")
    tag = get(customer, CUSTOMER).headers["ETag"]
    expect_problem(customer.patch(f"{CUSTOMERS}/{CUSTOMER}", {"station_id": OTHER_STATION}, if_match=tag),
                   403, "forbidden")
    expect_problem(customer.delete(f"{CUSTOMERS}/{CUSTOMER}", json=WHY), 403, "forbidden")


# --- deleting ----------------------------------------------------------------------------------

def test_delete_and_restore(admin, told):
    made = new(admin)
    path = f"{CUSTOMERS}/{made['id']}"
    expect_problem(admin.delete(path, json={"reason": "too short"}), 422, "invalid", "/reason")
    expect_problem(admin.delete(path, json=WHY, if_match='"7"'), 412, "precondition_failed")
    expect(admin.delete(path, json=WHY, if_match='"1"'), 204)
    expect_problem(admin.delete(path, json=WHY), 404, "not_found")
    expect_problem(admin.patch(path, {"name": "X"}, if_match='"2"'), 404, "not_found")
    gone = expect(admin.get(path))
    assert gone["deleted_at"] and gone["deleted_reason"] == WHY["reason"]
    assert made["id"] not in [c["id"] for c in expect(admin.get(CUSTOMERS, params={"limit": 100}))["items"]]
    assert expect(admin.get(CUSTOMERS, params={"q": made["name"]}))["items"] == []
    assert gone in expect(admin.get(CUSTOMERS, params={"deleted": "true", "limit": 100}))["items"]
    back = expect(admin.post(path + "/restore"))
    assert back == made | {"version": 3, "updated_at": back["updated_at"]}
    expect_problem(admin.post(path + "/restore"), 404, "not_found")
    audited, events = told("customer.deleted", made["id"])
    assert audited[0]["reason"] == WHY["reason"] and len(events) == 1
    assert len(told("customer.restored", made["id"])[1]) == 1


def test_restore_has_30_days_and_then_the_person_is_forgotten(admin, db, told):
    made = new(admin, phone=phone())
    path = f"{CUSTOMERS}/{made['id']}"
    expect(admin.delete(path, json=WHY), 204)
    db.execute("UPDATE booking.customers SET deleted_at = now() - interval '31 days' WHERE id = %s",
               (made["id"],))
    expect_problem(admin.post(path + "/restore"), 409, "restore_expired")
    db.execute("SELECT bus.job(jsonb_build_object('now', now()), 'booking.customer_purge', %s)",
               (json.dumps({"customer_id": made["id"]}),))

    def forgotten():
        c = expect(admin.get(path))
        return c if c["name"] != made["name"] else None
    left = wait_for(forgotten, "the purge")
    assert left["phone"] is None and made["email"] not in json.dumps(left)
    assert len(told("customer.purged", made["id"])[1]) == 1


def test_a_restored_customer_is_not_forgotten(admin, db):
    made = new(admin)
    db.execute("SELECT booking.customer_purge(jsonb_build_object('now', now()), %s) AS gone", (made["id"],))
    assert db.fetchone()["gone"] is False
    assert expect(get(admin, made["id"])) == made


def test_who_has_events_to_come_stays(admin, db):
    made = new(admin)
    db.execute(
        "INSERT INTO booking.bookings (id, station_id, customer_id, chef_id, event_date, event_time,"
        " time_zone, starts_at, ends_at, duration_minutes, travel_minutes, adults, children,"
        " venue_address, venue_zip, contact_name, quote, quote_version, total_cents, deposit_cents,"
        " currency, source, created_at, updated_at) VALUES (gen_random_uuid(), %s, %s,"
        " (SELECT id FROM booking.chefs WHERE station_id = %s LIMIT 1), '2099-05-01', '18:00', 'UTC',"
        " '2099-05-01 18:00+00', '2099-05-01 20:00+00', 120, 0, 2, 0, 'x street', '95112', 'A', '{}', 1,"
        " 0, 0, 'USD', 'web', now(), now()) RETURNING id", (STATION, made["id"], STATION))
    booking_id = db.fetchone()["id"]
    path = f"{CUSTOMERS}/{made['id']}"
    expect_problem(admin.delete(path, json=WHY), 409, "state_conflict")
    db.execute("DELETE FROM booking.bookings WHERE id = %s", (booking_id,))
    expect(admin.delete(path, json=WHY), 204)


@pytest.mark.parametrize("call", [
    lambda a: a.get(f"{CUSTOMERS}/{NOBODY}"),
    lambda a: a.patch(f"{CUSTOMERS}/{NOBODY}", {"name": "A"}, if_match='"1"'),
    lambda a: a.delete(f"{CUSTOMERS}/{NOBODY}", json=WHY),
    lambda a: a.post(f"{CUSTOMERS}/{NOBODY}/restore"),
    lambda a: a.get(f"{CUSTOMERS}/x"),
])
def test_who_is_not_there(admin, call):
    expect_problem(call(admin), 404, "not_found")


def test_only_who_may_deletes(support, manager, admin):
    made = new(admin, station_id=STATION)
    for api in (support, manager):
        expect_problem(api.delete(f"{CUSTOMERS}/{made['id']}", json=WHY), 403, "forbidden")
