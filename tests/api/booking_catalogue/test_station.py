"""Stations: a short list for everybody, the settings for who runs them."""
import uuid

import pytest

from lib.client import expect, expect_problem
from lib.stack import wait_for

from shop import audits, events, slug

STATIONS = "/api/v1/stations"
PUBLIC = {"id", "code", "name", "city", "state", "time_zone", "phone", "active"}
BAY, SACRAMENTO = "0198a000-0000-7000-8000-0000000000a1", "0198a000-0000-7000-8000-0000000000a2"


def station(**more):
    return {"code": slug(), "name": "New Island", "time_zone": "America/Los_Angeles", "zip": "00400"} | more


def listed(api):
    found, cursor = {}, None
    while True:
        page = expect(api.get(STATIONS, params={"limit": 100} | ({"cursor": cursor} if cursor else {})))
        found |= {s["id"]: s for s in page["items"]}
        cursor = page["next_cursor"]
        if not cursor:
            return found


def test_the_list_says_little_to_strangers(api, login):
    for caller in (api, login("CUSTOMER"), login("CHEF")):
        stations = listed(caller)
        assert BAY in stations and all(set(s) == PUBLIC and s["active"] for s in stations.values())


def test_the_list_says_more_to_who_runs_them(login):
    assert listed(login("ADMIN"))[SACRAMENTO]["capacity"]
    own = listed(login("STATION_MANAGER"))
    assert own[BAY]["capacity"] and set(own[SACRAMENTO]) == PUBLIC


def test_pages(api):
    first = expect(api.get(STATIONS, params={"limit": 1}))
    second = expect(api.get(STATIONS, params={"limit": 1, "cursor": first["next_cursor"]}))
    assert first["limit"] == 1 and first["items"][0]["name"] <= second["items"][0]["name"]
    assert first["items"] != second["items"]


def test_unchanged_is_not_sent_again(api, login):
    for caller, path in ((api, STATIONS), (login("ADMIN"), f"{STATIONS}/{BAY}")):
        tag = caller.get(path).headers["ETag"]
        assert caller.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_settings_are_for_who_runs_it(api, login):
    expect_problem(api.get(f"{STATIONS}/{BAY}"), 401, "unauthorized")
    for role in ("CHEF", "CUSTOMER"):
        expect_problem(login(role).get(f"{STATIONS}/{BAY}"), 403, "forbidden")
    for role in ("ADMIN", "CUSTOMER_SUPPORT", "STATION_MANAGER"):
        assert expect(login(role).get(f"{STATIONS}/{BAY}"))["radius_miles"]
    expect_problem(login("STATION_MANAGER").get(f"{STATIONS}/{SACRAMENTO}"), 404, "not_found")
    expect_problem(login("ADMIN").get(f"{STATIONS}/{uuid.uuid4()}"), 404, "not_found")


# --- opening ---------------------------------------------------------------------------------------

def test_a_new_station_lies_at_its_zip_code(shop, admin, db):
    made = admin.post(STATIONS, station(phone="(408) 555-0177", capacity=3), key=True)
    body = expect(made, 201)
    assert made.headers["Location"] == f"{STATIONS}/{body['id']}" and made.headers["ETag"] == '"1"'
    assert (body["lat_e5"], body["lon_e5"]) == (-1592400, -571800)
    assert (body["capacity"], body["radius_miles"], body["first_start"]) == (3, 100, "11:00")
    assert body["phone"] == "+14085550177" and body["active"]
    assert events(db, "station.created", body["id"])
    [row] = audits(db, "station.created", body["id"])
    assert row["before"] is None and row["after"]["code"] == body["code"]
    # Quotes know it at once.
    for replica in shop.replicas:
        wait_for(lambda r=replica: r.post("/api/v1/bookings/quote", {
            "adults": 2, "venue_zip": shop.zip, "station_id": body["id"]}).status_code == 200, "the station")


def test_a_station_may_lie_elsewhere_in_its_zip_code(shop, admin):
    body = expect(admin.post(STATIONS, station(lat_e5=-1600000, lon_e5=-570000)), 201)
    assert (body["lat_e5"], body["lon_e5"]) == (-1600000, -570000)


def test_a_key_opens_one_station(shop, admin):
    key, wish = str(uuid.uuid4()), station()
    first, again = admin.post(STATIONS, wish, key=key), admin.post(STATIONS, wish, key=key)
    assert first.status_code == again.status_code == 201 and first.content == again.content
    problem = expect_problem(admin.post(STATIONS, wish, key=True), 409, "conflict", "/code")
    assert problem["errors"][0]["reason"] == "There is a station with this code"


@pytest.mark.parametrize("change,pointer", [
    ({"zip": "99999"}, "/zip"), ({"zip": "95112-1234"}, "/zip"), ({"time_zone": "Mars/Base"}, "/time_zone"),
    ({"first_start": "09:00"}, "/first_start"), ({"first_start": "20:00", "last_start": "19:00"}, "/first_start"),
    ({"name": None}, "/name"), ({"code": "A B"}, "/code"), ({"capacity": 0}, "/capacity"),
    ({"lat_e5": 9000001}, "/lat_e5"), ({"state": "XX"}, "/state"), ({"version": 7}, "/version"),
])
def test_stations_that_cannot_be(shop, admin, change, pointer):
    expect_problem(admin.post(STATIONS, station(**change)), 422, "invalid", pointer)


@pytest.mark.parametrize("role", ["CUSTOMER_SUPPORT", "STATION_MANAGER", "CHEF", "CUSTOMER"])
def test_not_everybody_opens_stations(login, role):
    expect_problem(login(role).post(STATIONS, station()), 403, "forbidden")


def test_there_is_room_for_so_many(shop, admin, db):
    db.execute("SELECT count(*) AS n FROM booking.stations")
    for i in range(180 - db.fetchone()["n"]):
        db.execute("INSERT INTO booking.stations (id, code, name, time_zone, zip, lat_e5, lon_e5, active,"
                   " created_at, updated_at) VALUES (gen_random_uuid(), %s, 'x', 'UTC', '00400', 0, 0, false,"
                   " now(), now())", (f"test_room_{i}",))
    expect_problem(admin.post(STATIONS, station()), 409, "conflict")


# --- changing --------------------------------------------------------------------------------------

def test_changes(shop, admin, db):
    made = expect(admin.post(STATIONS, station(), key=True), 201)
    path = f"{STATIONS}/{made['id']}"
    changed = admin.patch(path, {"capacity": 4, "email": "island@example.com"}, if_match='"1"')
    body = expect(changed)
    assert (body["capacity"], body["email"], body["version"]) == (4, "island@example.com", 2)
    assert body["lat_e5"] == made["lat_e5"] and changed.headers["ETag"] == '"2"'
    [row] = audits(db, "station.updated", made["id"])
    assert (row["before"]["capacity"], row["after"]["capacity"]) == (10, 4)
    assert expect(admin.patch(path, {"email": None}, if_match='"2"'))["email"] is None
    moved = expect(admin.patch(path, {"zip": "95112"}, if_match='"3"'))
    assert (moved["lat_e5"], moved["lon_e5"]) == (3735350, -12188650)


def test_new_hours_show_at_once_where_replies_are_kept(shop, admin, api, db):
    shop.chef()
    path, day = f"{STATIONS}/{shop.id}", shop.day().isoformat()

    def first_time():
        slots = expect(api.get("/api/v1/availability", params={
            "station_id": shop.id, "from": day, "to": day}))["slots"]
        return slots[0]["time"]
    assert first_time() < "18:00"
    expect(admin.patch(path, {"first_start": "18:00"}, if_match=admin.get(path).headers["ETag"]))
    wait_for(lambda: first_time() == "18:00", "the new hours")
    assert events(db, "station.updated", shop.id)[-1] == {
        "station_id": shop.id, "code": "catalogue-test", "active": True}


def test_changes_that_cannot_be(shop, admin):
    path = f"{STATIONS}/{shop.id}"
    version = admin.get(path).headers["ETag"]
    expect_problem(admin.patch(path, {"capacity": 4}), 428, "precondition_required")
    for other in ('"999"', '"x"'):
        expect_problem(admin.patch(path, {"capacity": 4}, if_match=other), 412, "precondition_failed")
    for change, pointer in (({"zip": "99999"}, "/zip"), ({"time_zone": "Mars/Base"}, "/time_zone"),
                            ({"code": "other"}, "/code"), ({"name": None}, "/name")):
        expect_problem(admin.patch(path, change, if_match=version), 422, "invalid", pointer)
    expect_problem(admin.patch(f"{STATIONS}/{uuid.uuid4()}", {"capacity": 4}, if_match='"1"'), 404, "not_found")


def test_a_closed_station_is_quoted_no_more(shop, admin, api):
    path = f"{STATIONS}/{shop.id}"
    expect(admin.patch(path, {"active": False}, if_match=admin.get(path).headers["ETag"]))
    for replica in shop.replicas:
        wait_for(lambda r=replica: r.post("/api/v1/bookings/quote", shop.wish()).status_code == 422,
                 "the station to be closed")
    assert shop.id not in listed(api) and not listed(admin)[shop.id]["active"]


def test_a_manager_changes_his_own_station(login):
    manager = login("STATION_MANAGER")
    seen = manager.get(f"{STATIONS}/{BAY}")
    address = expect(seen)["address"]
    changed = manager.patch(f"{STATIONS}/{BAY}", {"address": address}, if_match=seen.headers["ETag"])
    assert expect(changed)["version"] == seen.json()["version"] + 1
    expect_problem(manager.patch(f"{STATIONS}/{SACRAMENTO}", {"capacity": 4}, if_match='"1"'), 404, "not_found")


@pytest.mark.parametrize("role", ["CUSTOMER_SUPPORT", "CHEF", "CUSTOMER"])
def test_not_everybody_changes_stations(login, role):
    expect_problem(login(role).patch(f"{STATIONS}/{BAY}", {"capacity": 4}, if_match='"1"'), 403, "forbidden")
