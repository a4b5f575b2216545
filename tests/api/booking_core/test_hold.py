"""Holds: a time kept for minutes, and the booking that takes it over."""
import datetime
import uuid

import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for

from places import events


def hold(place, api=None, ahead=10, time="18:00", key=True, **more):
    body = {"event_date": place.day(ahead).isoformat(), "event_time": time, "venue_zip": place.zip,
            "station_id": place.id} | more
    return (api or place.api).post("/api/v1/holds", body, key=key)


@pytest.fixture
def visitor(place, db):
    """Nobody holds anything any more: all tests call from one address."""
    db.execute("DELETE FROM booking.resource_spans s USING booking.holds h"
               " WHERE s.hold_id = h.id AND h.state = 'active'")
    db.execute("UPDATE booking.holds SET state = 'released', holder = NULL WHERE state = 'active'")
    return place.api


def test_a_held_time_is_taken_for_others(place, visitor, db):
    chef = place.chef()
    held = expect(hold(place), 201)
    assert held["state"] == "active" and held["chef_id"] == chef and held["token"]
    expect_problem(place.try_book(), 409, "slot_taken")
    problem = expect_problem(hold(place), 409, "slot_taken")
    assert problem["alternatives"]
    booking = place.book(hold_token=held["token"])
    assert booking["chef_id"] == chef
    expect_problem(place.try_book(hold_token=held["token"]), 409, "hold_expired")
    assert len(events(db, "booking.hold.bound", hold_id=held["id"])) == 1


def test_a_hold_is_for_its_time_and_station(place, visitor):
    place.chef()
    held = expect(hold(place), 201)
    for change in ({"time": "18:30"}, {"ahead": 11}, {"duration_minutes": 180}):
        expect_problem(place.try_book(hold_token=held["token"], **change), 409, "hold_mismatch")
    place.book(hold_token=held["token"])


def test_a_hold_is_given_back_by_its_token_alone(place, visitor, db):
    place.chef()
    held = expect(hold(place), 201)
    for token in ("forged", held["id"], held["token"][:-1] + "x"):
        expect_problem(place.api.delete(f"/api/v1/holds/{token}"), 404, "not_found")
    expect(place.api.delete(f"/api/v1/holds/{held['token']}"), 204)
    expect_problem(place.api.delete(f"/api/v1/holds/{held['token']}"), 404, "not_found")
    expect_problem(place.try_book(hold_token=held["token"]), 409, "hold_expired")
    place.book()
    assert len(events(db, "booking.hold.released", hold_id=held["id"])) == 1


def test_a_bound_hold_cannot_be_given_back(place, visitor):
    place.chef()
    held = expect(hold(place), 201)
    place.book(hold_token=held["token"])
    expect_problem(place.api.delete(f"/api/v1/holds/{held['token']}"), 404, "not_found")
    expect_problem(place.try_book(), 409, "slot_taken")


def test_an_expired_hold_is_in_nobodys_way(place, visitor, db):
    """Without waiting for any job: whoever comes first after the time ends it."""
    place.chef()
    held = expect(hold(place), 201)
    db.execute("UPDATE booking.holds SET expires_at = now() - interval '1 second' WHERE id = %s",
               (held["id"],))
    db.execute("UPDATE booking.resource_spans SET expires_at = now() - interval '1 second'"
               " WHERE hold_id = %s", (held["id"],))
    free = place.availability(place.day(10))["slots"]
    assert "18:00" in [s["time"] for s in free]
    place.book()
    expect_problem(place.try_book(hold_token=held["token"], ahead=11), 409, "hold_expired")


def test_a_job_ends_what_nobody_comes_across(place, visitor, clock, db):
    place.chef()
    held = expect(hold(place), 201)
    clock.advance(minutes=11)

    def expired():
        db.execute("SELECT state FROM booking.holds WHERE id = %s", (held["id"],))
        return db.fetchone()["state"] == "expired"
    wait_for(expired, "the hold to expire", 20)
    assert len(events(db, "booking.hold.expired", hold_id=held["id"])) == 1


def test_nobody_holds_the_whole_calendar(place, visitor):
    place.chef()
    for time in ("11:00", "14:30", "18:00"):
        expect(hold(place, time=time), 201)
    expect_problem(hold(place, time="21:30"), 409, "too_many_holds")


def test_nobody_holds_the_whole_calendar_at_once(place, visitor):
    """Each of another day, so that no two are in each other's way."""
    place.chefs(2)
    replies = together([lambda d=d: hold(place, ahead=10 + d) for d in range(20)])
    assert sorted(r.status_code for r in replies) == [201] * 3 + [409] * 17
    for reply in replies:
        if reply.status_code == 409:
            expect_problem(reply, 409, "too_many_holds")


def test_holds_mind_the_rules(place, visitor):
    place.chef()
    expect_problem(hold(place, ahead=1), 422, "too_soon")
    expect_problem(hold(place, ahead=400), 422, "too_far")
    expect_problem(hold(place, time="03:00"), 422, "outside_hours")
    expect_problem(hold(place, venue_zip="00199"), 422, "out_of_area")
    expect_problem(hold(place, station_id=str(uuid.uuid4())), 422, "invalid", "/station_id")
    expect_problem(hold(place, duration_minutes=30), 422, "invalid", "/duration_minutes")


def test_the_key(place, visitor):
    place.chef()
    key = str(uuid.uuid4())
    first, again = hold(place, key=key), hold(place, key=key)
    assert first.status_code == again.status_code == 201 and first.content == again.content


def test_a_hold_that_was_early_enough_stays_so(place, visitor, clock):
    """The lead time is that of the hold; minutes of filling in a form are not held against anyone."""
    place.chef()
    place.rules(lead_time_hours=0)
    now = datetime.datetime.fromtimestamp(clock.now(), place.zone)
    soon = now + datetime.timedelta(hours=30)
    ahead = (soon.date() - now.date()).days
    place.rules(lead_time_hours=24)
    time = "18:00"
    starts = place.starts_at(ahead, time).timestamp()
    hours = int((starts - clock.now()) // 3600)
    place.rules(lead_time_hours=hours)
    held = expect(hold(place, ahead=ahead, time=time), 201)
    seconds = starts - clock.now() - hours * 3600
    clock.advance(seconds=min(seconds + 1, 540))
    if seconds < 539:
        expect_problem(place.try_book(ahead=ahead, time=time), 422, "too_soon")
    expect(place.try_book(ahead=ahead, time=time, hold_token=held["token"]), 201)
