"""Chefs: profiles, the usual week, and days that differ."""
import uuid

import pytest

from ids import CHEF, FAR_CHEF, NOBODY, OTHER_CHEF, OTHER_STATION, STATION, phone, unique
from lib.client import expect, expect_problem, together

CHEFS = "/api/v1/chefs"


def new(api, **fields):
    body = {"name": "Chef " + unique(), "station_id": STATION} | fields
    return expect(api.post(CHEFS, body), 201)


def exceptions(chef_id):
    return f"{CHEFS}/{chef_id}/exceptions"


def week(chef_id):
    return f"{CHEFS}/{chef_id}/availability"


# --- profiles ----------------------------------------------------------------------------------

def test_create(admin, told):
    body = {"name": "Kenji <i>Two</i>", "station_id": STATION, "email": "kenji@example.com",
            "phone": "4085550177", "bio": "Fire.", "skills": ["teppanyaki", "sushi"],
            "languages": ["en", "ja"], "max_events_per_day": 3, "home_zip": "95112"}
    reply = admin.post(CHEFS, body)
    made = expect(reply, 201)
    assert made["name"] == "Kenji Two" and made["phone"] == "+14085550177" and made["active"] is True
    assert made["skills"] == body["skills"] and made["max_events_per_day"] == 3
    assert reply.headers["Location"] == f"{CHEFS}/{made['id']}" and reply.headers["ETag"] == '"1"'
    assert expect(admin.get(f"{CHEFS}/{made['id']}")) == made
    audited, events = told("chef.created", made["id"])
    assert len(audited) == 1
    assert events == [{"chef_id": made["id"], "station_id": STATION, "user_id": None}]


def test_what_is_not_given_is_usual(admin):
    made = new(admin)
    assert made["max_events_per_day"] == 2 and made["bio"] == "" and made["skills"] == []
    assert made["email"] is None and made["home_zip"] is None


@pytest.mark.parametrize("fields,pointer", [
    ({"name": ""}, "/name"), ({"station_id": NOBODY}, "/station_id"), ({"home_zip": "00000"}, "/home_zip"),
    ({"skills": ["Not A Slug"]}, "/skills/0"), ({"skills": ["a"] * 21}, "/skills"),
    ({"max_events_per_day": 0}, "/max_events_per_day"), ({"max_events_per_day": 7}, "/max_events_per_day"),
    ({"bio": "x" * 2001}, "/bio"), ({"active": "yes"}, "/active"), ({"version": 2}, "/version")])
def test_what_is_no_chef(admin, fields, pointer):
    body = {"name": "A", "station_id": STATION} | fields
    expect_problem(admin.post(CHEFS, body), 422, "invalid", pointer)


def test_an_account_is_one_chefs(admin):
    user_id = str(uuid.uuid4())
    new(admin, user_id=user_id)
    body = {"name": "A", "station_id": STATION, "user_id": user_id}
    expect_problem(admin.post(CHEFS, body), 409, "conflict", "/user_id")


def test_update(admin, told):
    made = new(admin, phone=phone())
    path = f"{CHEFS}/{made['id']}"
    changed = expect(admin.patch(path, {"active": False, "phone": None, "station_id": OTHER_STATION},
                                 if_match='"1"'))
    assert changed == made | {"active": False, "phone": None, "station_id": OTHER_STATION, "version": 2,
                              "updated_at": changed["updated_at"]}
    expect_problem(admin.patch(path, {"name": "B"}, if_match='"1"'), 412, "precondition_failed")
    expect_problem(admin.patch(path, {"name": "B"}), 428, "precondition_required")
    expect_problem(admin.patch(path, {"station_id": NOBODY}, if_match='"2"'), 422, "invalid", "/station_id")
    audited, events = told("chef.updated", made["id"])
    assert audited[0]["before"]["active"] is True and audited[0]["after"]["active"] is False
    assert events[0]["active"] is False


def test_lists_are_paged_by_name(admin):
    word = "aaa" + unique()
    made = [new(admin, name=f"{word} {i}", skills=[word])["id"] for i in range(5)]
    seen, cursor = [], None
    while True:
        page = expect(admin.get(CHEFS, params={"limit": 2, "skill": word}
                                | ({"cursor": cursor} if cursor else {})))
        seen += [c["id"] for c in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == made
    expect(admin.patch(f"{CHEFS}/{made[0]}", {"active": False}, if_match='"1"'))
    assert len(expect(admin.get(CHEFS, params={"skill": word}))["items"]) == 4
    assert len(expect(admin.get(CHEFS, params={"skill": word, "inactive": "true"}))["items"]) == 5
    there = expect(admin.get(CHEFS, params={"skill": word, "station_id": OTHER_STATION}))
    assert there["items"] == []


def test_a_manager_has_his_stations_chefs(manager, admin):
    far = new(admin, station_id=OTHER_STATION)
    ids = [c["id"] for c in expect(manager.get(CHEFS, params={"limit": 100}))["items"]]
    assert CHEF in ids and FAR_CHEF not in ids
    for path in (f"{CHEFS}/{far['id']}", week(far["id"]), exceptions(far["id"])):
        expect_problem(manager.get(path), 404, "not_found")
    expect_problem(manager.patch(f"{CHEFS}/{far['id']}", {"bio": "x"}, if_match='"1"'), 404, "not_found")
    expect_problem(manager.post(CHEFS, {"name": "A", "station_id": OTHER_STATION}), 403, "forbidden")
    mine = new(manager)
    expect_problem(manager.patch(f"{CHEFS}/{mine['id']}", {"station_id": OTHER_STATION}, if_match='"1"'),
                   403, "forbidden")


def test_a_manager_names_no_accounts(manager, admin):
    """He could name one that is about to be another station's chef's: an account is one chef's only."""
    body, account = {"name": "A", "station_id": STATION}, str(uuid.uuid4())
    expect_problem(manager.post(CHEFS, body | {"user_id": account}), 403, "forbidden")
    mine = expect(manager.post(CHEFS, body | {"user_id": None}), 201)
    path = f"{CHEFS}/{mine['id']}"
    expect_problem(manager.patch(path, {"user_id": account}, if_match='"1"'), 403, "forbidden")
    expect(admin.patch(path, {"user_id": account}, if_match='"1"'))
    other = str(uuid.uuid4())
    expect_problem(manager.patch(path, {"user_id": other}, if_match='"2"'), 403, "forbidden")
    assert expect(manager.patch(path, {"user_id": account, "name": "B"}, if_match='"2"'))["name"] == "B"
    assert expect(manager.patch(path, {"user_id": None}, if_match='"3"'))["user_id"] is None
    expect_problem(manager.patch(path, {"user_id": account}, if_match='"4"'), 403, "forbidden")


def test_a_chef_keeps_his_own_profile(chef):
    assert [c["id"] for c in expect(chef.get(CHEFS))["items"]] == [CHEF]
    expect_problem(chef.get(f"{CHEFS}/{OTHER_CHEF}"), 404, "not_found")
    expect_problem(chef.post(CHEFS, {"name": "A", "station_id": STATION}), 403, "forbidden")
    before = chef.get(f"{CHEFS}/{CHEF}")
    bio = expect(before)["bio"]
    changed = chef.patch(f"{CHEFS}/{CHEF}", {"bio": "Onions."}, if_match=before.headers["ETag"])
    assert expect(changed)["bio"] == "Onions."
    for field, value in (("max_events_per_day", 6), ("active", False), ("station_id", OTHER_STATION),
                         ("user_id", NOBODY), ("name", "X"), ("email", "x@example.com")):
        expect_problem(chef.patch(f"{CHEFS}/{CHEF}", {field: value}, if_match=changed.headers["ETag"]),
                       403, "forbidden")
    expect(chef.patch(f"{CHEFS}/{CHEF}", {"bio": bio}, if_match=changed.headers["ETag"]))


def test_customers_see_no_profiles(customer):
    expect_problem(customer.get(CHEFS), 403, "forbidden")
    expect_problem(customer.get(f"{CHEFS}/{CHEF}"), 403, "forbidden")


# --- the usual week ----------------------------------------------------------------------------

def test_week(admin, told):
    chef_id = new(admin)["id"]
    empty = admin.get(week(chef_id))
    assert expect(empty) == {"chef_id": chef_id, "time_zone": "America/Los_Angeles", "windows": [],
                             "version": 1}
    windows = [{"weekday": "sun", "from": "18:00", "until": "02:00"},
               {"weekday": "mon", "from": "15:30", "until": "22:00"},
               {"weekday": "mon", "from": "09:00", "until": "12:00"}]
    reply = admin.put(week(chef_id), {"windows": windows}, if_match=empty.headers["ETag"])
    assert expect(reply)["windows"] == [windows[2], windows[1], windows[0]]
    assert expect(admin.get(week(chef_id))) == reply.json()
    # The same day and hour again: what was there does not stand in the way.
    again = admin.put(week(chef_id), {"windows": windows[1:]}, if_match=reply.headers["ETag"])
    assert len(expect(again)["windows"]) == 2 and again.json()["version"] == 3
    expect_problem(admin.put(week(chef_id), {"windows": []}, if_match='"1"'), 412, "precondition_failed")
    expect_problem(admin.put(week(chef_id), {"windows": []}), 428, "precondition_required")
    assert expect(admin.put(week(chef_id), {"windows": []}, if_match='"3"'))["windows"] == []
    audited, events = told("chef.week_set", chef_id, "chef.availability_changed")
    assert len(audited) == 3 and audited[1]["before"]["windows"] == reply.json()["windows"]
    assert events == [{"chef_id": chef_id, "station_id": STATION}] * 3


@pytest.mark.parametrize("windows,pointer", [
    ([{"weekday": "mon", "from": "10:00", "until": "14:00"},
      {"weekday": "mon", "from": "13:59", "until": "20:00"}], "/windows"),
    ([{"weekday": "mon", "from": "20:00", "until": "02:00"},
      {"weekday": "tue", "from": "01:00", "until": "05:00"}], "/windows"),
    ([{"weekday": "mon", "from": "10:00", "until": "14:00"}] * 2, "/windows"),
    ([{"weekday": "day", "from": "10:00", "until": "14:00"}], "/windows/0/weekday"),
    ([{"weekday": "mon", "from": "25:00", "until": "14:00"}], "/windows/0/from"),
    ([{"weekday": "mon", "from": "10:00"}], "/windows/0/until"),
    ([{"weekday": "mon", "from": "10:00", "until": "14:00", "x": 1}], "/windows/0/x"),
    ("mon", "/windows"), (None, "/windows")])
def test_what_is_no_week(admin, windows, pointer):
    chef_id = new(admin)["id"]
    expect_problem(admin.put(week(chef_id), {"windows": windows}, if_match='"1"'), 422, "invalid", pointer)
    assert expect(admin.get(week(chef_id)))["version"] == 1


def test_a_week_that_two_set(admin):
    chef_id = new(admin)["id"]
    codes = [r.status_code for r in together([lambda i=i: admin.put(
        week(chef_id), {"windows": [{"weekday": "fri", "from": f"1{i}:00", "until": "23:00"}]},
        if_match='"1"') for i in range(6)])]
    assert sorted(codes) == [200] + [412] * 5


# --- days that differ --------------------------------------------------------------------------

def test_exceptions(admin, told):
    chef_id = new(admin)["id"]
    off = expect(admin.post(exceptions(chef_id), {"first_day": "2027-07-01", "last_day": "2027-07-14",
                                                  "kind": "time_off", "reason": "Japan"}), 201)
    assert off["first_day"] == "2027-07-01" and off["last_day"] == "2027-07-14" and off["from"] is None
    extra = expect(admin.post(exceptions(chef_id), {"first_day": "2027-06-05", "last_day": "2027-06-05",
                                                    "kind": "available", "from": "12:00",
                                                    "until": "01:00"}), 201)
    assert (extra["from"], extra["until"]) == ("12:00", "01:00")
    assert expect(admin.get(exceptions(chef_id)))["items"] == [extra, off]

    def within(first, last):
        found = expect(admin.get(exceptions(chef_id), params={"from": first, "to": last}))["items"]
        return [e["id"] for e in found]
    assert within("2027-07-14", "2027-08-01") == [off["id"]]
    assert within("2027-06-06", "2027-06-30") == [] and within("2027-07-15", "2027-07-15") == []
    page = expect(admin.get(exceptions(chef_id), params={"limit": 1}))
    rest = expect(admin.get(exceptions(chef_id), params={"limit": 1, "cursor": page["next_cursor"]}))
    assert page["items"] + rest["items"] == [extra, off] and rest["next_cursor"] is None
    expect(admin.delete(f"{exceptions(chef_id)}/{off['id']}"), 204)
    expect_problem(admin.delete(f"{exceptions(chef_id)}/{off['id']}"), 404, "not_found")
    assert expect(admin.get(exceptions(chef_id)))["items"] == [extra]
    audited, events = told("chef.exception_removed", chef_id, "chef.availability_changed")
    assert audited[0]["before"]["reason"] == "Japan" and len(events) == 3


@pytest.mark.parametrize("fields,status,code,pointer", [
    ({"last_day": "2027-06-30"}, 422, "invalid", "/last_day"),
    ({"last_day": "2028-07-02"}, 422, "invalid", "/last_day"),
    ({"first_day": "2027-02-30"}, 422, "invalid", "/first_day"),
    ({"kind": "ill"}, 422, "invalid", "/kind"),
    ({"from": "10:00", "until": "12:00"}, 422, "invalid", "/from"),
    ({"kind": "available", "from": "10:00"}, 422, "invalid", "/from"),
    ({"reason": "x" * 501}, 422, "invalid", "/reason"),
    ({"first_day": "2027-08-05", "last_day": "2027-08-20"}, 409, "conflict", None)])
def test_what_is_no_exception(admin, fields, status, code, pointer):
    chef_id = new(admin)["id"]
    expect(admin.post(exceptions(chef_id), {"first_day": "2027-08-01", "last_day": "2027-08-05",
                                            "kind": "unavailable"}), 201)
    body = {"first_day": "2027-07-01", "last_day": "2027-07-02", "kind": "time_off"} | fields
    expect_problem(admin.post(exceptions(chef_id), body), status, code, pointer)


def test_the_same_exception_twice_is_one(admin):
    chef_id = new(admin)["id"]
    body = {"first_day": "2027-07-01", "last_day": "2027-07-02", "kind": "time_off"}
    key = str(uuid.uuid4())
    first, second = admin.post(exceptions(chef_id), body, key=key), admin.post(exceptions(chef_id), body, key=key)
    assert expect(first, 201) == expect(second, 201) and second.headers["Idempotency-Replayed"] == "true"
    assert len(expect(admin.get(exceptions(chef_id)))["items"]) == 1


def test_a_chef_says_when_he_works(chef, db):
    before = chef.get(week(CHEF))
    changed = chef.put(week(CHEF), {"windows": [{"weekday": "mon", "from": "09:00", "until": "23:00"}]},
                       if_match=before.headers["ETag"])
    assert len(expect(changed)["windows"]) == 1
    expect(chef.put(week(CHEF), {"windows": expect(before)["windows"]}, if_match=changed.headers["ETag"]))
    off = expect(chef.post(exceptions(CHEF), {"first_day": "2031-01-01", "last_day": "2031-01-02",
                                              "kind": "time_off"}), 201)
    expect(chef.delete(f"{exceptions(CHEF)}/{off['id']}"), 204)
    for other in (OTHER_CHEF, FAR_CHEF, NOBODY):
        expect_problem(chef.get(week(other)), 404, "not_found")
        expect_problem(chef.put(week(other), {"windows": []}, if_match='"1"'), 404, "not_found")
        expect_problem(chef.get(exceptions(other)), 404, "not_found")
        expect_problem(chef.post(exceptions(other), {"first_day": "2031-01-01", "last_day": "2031-01-02",
                                                     "kind": "time_off"}), 404, "not_found")


def test_an_exception_is_removed_by_its_own_chef_only(admin):
    one, two = new(admin)["id"], new(admin)["id"]
    off = expect(admin.post(exceptions(one), {"first_day": "2027-07-01", "last_day": "2027-07-02",
                                              "kind": "time_off"}), 201)
    expect_problem(admin.delete(f"{exceptions(two)}/{off['id']}"), 404, "not_found")


def test_hours_and_exceptions_decide_when_a_chef_is_free(admin, db):
    """What availability asks: booking.chef_windows()."""
    chef_id = new(admin)["id"]
    expect(admin.put(week(chef_id), {"windows": [{"weekday": "sat", "from": "12:00", "until": "01:00"}]},
                     if_match='"1"'))

    def windows(day):
        db.execute("SELECT lower(w)::text || ' ' || upper(w)::text AS w FROM booking.chef_windows(%s, %s) w",
                   (chef_id, day))
        return [r["w"] for r in db.fetchall()]
    assert windows("2027-07-03") == ["2027-07-03 12:00:00 2027-07-04 01:00:00"]  # a Saturday
    assert windows("2027-07-04") == []
    for body in ({"first_day": "2027-07-03", "last_day": "2027-07-03", "kind": "unavailable"},
                 {"first_day": "2027-07-04", "last_day": "2027-07-04", "kind": "available"}):
        expect(admin.post(exceptions(chef_id), body), 201)
    assert windows("2027-07-03") == []
    assert windows("2027-07-04") == ["2027-07-04 00:00:00 2027-07-05 00:00:00"]
