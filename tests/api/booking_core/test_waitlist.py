"""The waitlist, the dashboard and the equipment."""
import json
import uuid

import pytest

from lib.client import Api, expect, expect_problem
from lib.stack import wait_for

from places import events, moment
from test_hold import hold, visitor  # noqa: F401  (a fixture)


@pytest.fixture
def staff(login):
    return login("ADMIN")


def join(place, api=None, ahead=10, key=True, **more):
    body = {"station_id": place.id, "event_date": place.day(ahead).isoformat(), "from_time": "17:00",
            "until_time": "19:00", "guest_count": 8, "name": "Wanda Waits",
            "email": f"{uuid.uuid4().hex[:12]}@example.com"} | more
    return (api or place.api).post("/api/v1/waitlist", body, key=key)


def told(db, entry):
    return wait_for(lambda: events(db, "booking.waitlist.slot_free", waitlist_id=entry["id"]),
                    "somebody to be told", 20)[0]


def state(db, entry):
    db.execute("SELECT state FROM booking.waitlist WHERE id = %s", (entry["id"],))
    return db.fetchone()["state"]


def test_the_first_whom_it_suits_hears_of_a_free_time(place, staff, db):
    place.chef()
    booking = place.book(time="18:00")
    early = expect(join(place, from_time="08:00", until_time="09:00"), 201)
    first = expect(join(place), 201)
    second = expect(join(place), 201)
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))
    event = told(db, first)
    assert event["email"] == first["email"] and event["station_id"] == place.id
    assert moment(event["starts_at"]) == place.starts_at(10, "17:00")
    assert state(db, first) == "notified"
    assert state(db, early) == state(db, second) == "waiting"


def test_rescheduling_and_deleting_free_a_time(place, staff, db):
    place.chef()
    booking = place.book(time="18:00")
    entry = expect(join(place), 201)
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/reschedule",
                      {"event_date": place.day(12).isoformat(), "event_time": "18:00"}))
    told(db, entry)
    other = expect(join(place, ahead=12), 201)
    expect(staff.delete(f"/api/v1/bookings/{booking['id']}", json={"reason": "no longer wanted"}), 204)
    told(db, other)


def test_a_hold_that_ends_frees_a_time(place, visitor, db):  # noqa: F811
    place.chef()
    held = expect(hold(place), 201)
    entry = expect(join(place), 201)
    expect(place.api.delete(f"/api/v1/holds/{held['token']}"), 204)
    told(db, entry)


def test_nobody_is_told_of_what_is_not_free(place, staff, db):
    """The other chef's cancelled event frees his time only; the one who waits asks for more guests' time."""
    first, _ = sorted(place.chefs(2))
    place.book(time="18:00", chef_id=first)
    booking = place.book(ahead=11, time="18:00")
    blocked = expect(join(place, ahead=12, from_time="11:00", until_time="11:00"), 201)
    entry = expect(join(place, ahead=11, from_time="18:00", until_time="18:00"), 201)
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))
    told(db, entry)
    assert state(db, blocked) == "waiting"


def test_waiting_is_stated_anew(place, db):
    place.chef()
    entry = expect(join(place), 201)
    again = expect(join(place, email=entry["email"], until_time="20:00", guest_count=9), 201)
    assert again["id"] == entry["id"] and again["until_time"] == "20:00" and again["guest_count"] == 9


def test_others_do_not_see_who_waits(place, running, recorder, db):
    """Who knows an address states a wish of his own, and changes nothing of the other one's."""
    place.chef()
    entry = expect(join(place, phone="408-555-0111"), 201)
    stranger = Api(running.url("booking-1"), None, recorder).with_headers(X_Real_IP="10.4.3.2")
    other = expect(join(place, stranger, email=entry["email"], name="Some Body", until_time="20:00"), 201)
    assert other["id"] != entry["id"] and other["created_at"] > entry["created_at"]
    assert (other["name"], other["phone"]) == ("Some Body", None)
    db.execute("SELECT to_char(until_time, 'HH24:MI') AS until, name FROM booking.waitlist WHERE id = %s",
               (entry["id"],))
    assert dict(db.fetchone()) == {"until": "19:00", "name": "Wanda Waits"}


def test_who_waits_is_written_to(place, staff, mailbox, db):
    place.chef()
    booking = place.book(time="18:00")
    entry = expect(join(place), 201)
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))
    mail = mailbox.wait(entry["email"], "a time is free")
    day = place.starts_at(10, "17:00").astimezone(place.zone)
    assert f"on {day:%A, %B} {day.day}, {day.year}: from 5:00 PM (local time)" in mail.text
    assert f"/book?date={place.day(10)}&time=17:00" in mail.text
    assert mail.token() == entry["link"]["token"]
    assert "time=17:00" in mail.html and "&amp;time" in mail.html


def test_the_next_one_hears_when_the_first_does_not_book(place, staff, db, clock, mailbox):
    place.chef()
    booking = place.book(time="18:00")
    first, second, third = (expect(join(place), 201) for _ in range(3))
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))
    told(db, first)
    assert state(db, second) == "waiting"
    clock.advance(hours=4, minutes=1)
    told(db, second)
    mailbox.wait(second["email"], "a time is free")
    place.book(time="18:00")
    clock.advance(hours=4, minutes=1)
    wait_for(lambda: not jobs(db, "booking.waitlist_next", second["event_date"], place), "the next look")
    assert state(db, third) == "waiting"


def jobs(db, kind, day, place):
    db.execute("SELECT FROM bus.jobs WHERE kind = %s AND payload = %s",
               (kind, json.dumps({"station_id": place.id, "event_date": day})))
    return db.fetchall()


def test_nobody_hears_twice(place, staff, running, recorder, db):
    place.chef()
    booking = place.book(time="18:00")
    entry = expect(join(place), 201)
    stranger = Api(running.url("booking-1"), None, recorder).with_headers(X_Real_IP="10.4.3.2")
    twice = expect(join(place, stranger, email=entry["email"].upper()), 201)
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))
    told(db, entry)
    assert state(db, twice) == "removed"


def test_a_link_takes_one_off_the_list(place, db):
    key = str(uuid.uuid4())
    entry = expect(join(place, key=key), 201)
    other = expect(join(place), 201)
    holder = place.api.with_headers(Authorization=f"Link {entry['link']['token']}")
    assert entry["link"]["url"].endswith(f"/waitlist/{entry['id']}#token={entry['link']['token']}")
    expect_problem(holder.delete(f"/api/v1/waitlist/{other['id']}"), 404, "not_found")
    expect_problem(place.api.delete(f"/api/v1/waitlist/{entry['id']}"), 401, "unauthorized")
    expect(holder.delete(f"/api/v1/waitlist/{entry['id']}"), 204)
    assert state(db, entry) == "removed"
    expect_problem(holder.delete(f"/api/v1/waitlist/{entry['id']}"), 404, "not_found")


def test_joining_is_repeated_with_its_link(place):
    place.chef()
    key, who = str(uuid.uuid4()), f"{uuid.uuid4().hex[:12]}@example.com"
    first, again = (join(place, key=key, email=who) for _ in range(2))
    assert first.content == again.content and "link" in expect(again, 201)


@pytest.mark.parametrize("change,pointer", [
    ({"until_time": "16:59"}, "/until_time"), ({"guest_count": 0}, "/guest_count"),
    ({"email": "x"}, "/email"), ({"name": ""}, "/name"), ({"station_id": str(uuid.uuid4())}, "/station_id"),
    ({"phone": "1"}, "/phone"), ({"duration_minutes": 30}, "/duration_minutes"),
])
def test_mistakes_are_named(place, change, pointer):
    expect_problem(join(place, **change), 422, "invalid", pointer)


def test_a_day_that_is_over(place):
    expect_problem(join(place, ahead=-3), 422, "too_soon")


def test_staff_see_who_waits(place, staff, login):
    entries = [expect(join(place), 201) for _ in range(3)]
    query = {"station_id": place.id, "event_date": place.day().isoformat(), "limit": 2}
    page = expect(staff.get("/api/v1/waitlist", params=query))
    rest = expect(staff.get("/api/v1/waitlist", params=query | {"cursor": page["next_cursor"]}))
    assert [w["id"] for w in page["items"] + rest["items"]] == [w["id"] for w in entries]
    assert login("CUSTOMER").get("/api/v1/waitlist", params=query).json()["items"] == []
    expect(staff.delete(f"/api/v1/waitlist/{entries[0]['id']}"), 204)
    expect_problem(staff.delete(f"/api/v1/waitlist/{entries[0]['id']}"), 404, "not_found")
    expect_problem(login("CUSTOMER").delete(f"/api/v1/waitlist/{entries[1]['id']}"), 404, "not_found")


# --- dashboard ------------------------------------------------------------------------------------

def test_the_dashboard_counts(place, staff, login):
    place.chefs(4)
    day = {"from": place.day(40), "to": place.day(40), "station_id": place.id}

    def dashboard(**more):
        return expect(staff.get("/api/v1/stats/dashboard", params=day | more))
    before = dashboard()
    made = [place.book(ahead=40) for _ in range(4)]
    expect(staff.post(f"/api/v1/bookings/{made[0]['id']}/confirm", {}))
    expect(staff.post(f"/api/v1/bookings/{made[1]['id']}/cancel", {"reason": "rain"}))
    after = wait_for(lambda: (lambda d: d["bookings"] - before["bookings"] == 4 and d["booked_cents"]
                              > before["booked_cents"] and d)(dashboard()), "the news")
    states = {s["state"]: s["bookings"] for s in after["by_state"]}
    was = {s["state"]: s["bookings"] for s in before["by_state"]}
    assert after["bookings"] - before["bookings"] == 4
    assert states["confirmed"] - was["confirmed"] == 1 and states["cancelled"] - was["cancelled"] == 1
    assert states["pending"] - was["pending"] == 2
    assert after["booked_cents"] - before["booked_cents"] == made[0]["total_cents"]
    assert after["guests"] - before["guests"] == 24
    assert set(states) == {"pending", "confirmed", "seated", "completed", "cancelled", "no_show"}
    month = expect(staff.get("/api/v1/stats/dashboard"))
    assert month["from"].endswith("-01") and month["currency"] == "USD"
    expect_problem(staff.get("/api/v1/stats/dashboard", params={"from": "2026-01-02", "to": "2026-01-01"}),
                   422, "invalid", "to")
    expect_problem(staff.get("/api/v1/stats/dashboard", params={"from": "2020-01-02", "to": "2026-01-01"}),
                   422, "invalid", "to")
    mine = expect(login("STATION_MANAGER").get("/api/v1/stats/dashboard", params={
        "from": place.day(40), "to": place.day(40)}))
    assert place.id not in [s["station_id"] for s in mine["by_station"]]


# --- equipment --------------------------------------------------------------------------------------

def test_equipment(place, staff, login):
    name = f"Grill {uuid.uuid4().hex[:8]}"
    reply = staff.post("/api/v1/equipment", {"station_id": place.id, "name": name}, key=True)
    piece = expect(reply, 201)
    assert piece["active"] and reply.headers["ETag"] == '"1"'
    expect_problem(staff.post("/api/v1/equipment", {"station_id": place.id, "name": name}),
                   409, "conflict", "/name")
    expect_problem(staff.post("/api/v1/equipment", {"station_id": str(uuid.uuid4()), "name": name}),
                   404, "not_found")
    expect_problem(login("STATION_MANAGER").post("/api/v1/equipment", {"station_id": place.id, "name": "x"}),
                   404, "not_found")
    path = f"/api/v1/equipment/{piece['id']}"
    assert expect(staff.patch(path, {"active": False}, if_match='"1"'))["active"] is False
    expect_problem(staff.patch(path, {"active": True}, if_match='"1"'), 412, "precondition_failed")
    expect_problem(staff.patch(path, {"active": True}), 428, "precondition_required")
    items, cursor = [], None
    while True:
        page = expect(staff.get("/api/v1/equipment", params={"station_id": place.id, "limit": 50}
                                | ({"cursor": cursor} if cursor else {})))
        items += [e["id"] for e in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert piece["id"] in items
    place.chef()
    expect_problem(place.try_book(staff, equipment_ids=[piece["id"]]), 422, "invalid")
