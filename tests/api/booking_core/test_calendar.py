"""The calendar and its feeds."""
import datetime
import uuid

import pytest

from lib.client import expect, expect_problem


@pytest.fixture
def staff(login):
    return login("ADMIN")


def view(api, name, day, **more):
    return expect(api.get("/api/v1/calendar", params={"view": name, "date": day} | more))


def shown(calendar):
    return {b["id"] for d in calendar["days"] for b in d["bookings"]}


def test_views(place, staff):
    first, second = sorted(place.chefs(2))
    booking = place.book(ahead=10, time="22:00", chef_id=first)  # the next day in UTC
    other = place.book(ahead=10, time="11:00", chef_id=second)
    day = place.day(10)
    one = view(staff, "day", day, station_id=place.id)
    assert [d["date"] for d in one["days"]] == [day.isoformat()] and not one["truncated"]
    ids = [b["id"] for b in one["days"][0]["bookings"]]
    assert ids.index(other["id"]) < ids.index(booking["id"])
    week = view(staff, "week", day, station_id=place.id)
    assert len(week["days"]) == 7
    assert datetime.date.fromisoformat(week["from"]).isoweekday() == 1
    assert week["from"] <= day.isoformat() <= week["to"]
    month = view(staff, "month", day, station_id=place.id, chef_id=first)
    assert month["from"].endswith("-01") and month["days"][-1]["date"] == month["to"]
    assert booking["id"] in shown(month) and other["id"] not in shown(month)
    expect(staff.post(f"/api/v1/bookings/{other['id']}/cancel", {"reason": "rain"}))
    assert other["id"] not in shown(view(staff, "day", day, station_id=place.id))


def test_mistakes_are_named(staff, api):
    for query, pointer in (({"view": "year", "date": "2026-01-01"}, "view"), ({"view": "day"}, "date"),
                           ({"view": "day", "date": "2026-02-30"}, "date")):
        expect_problem(staff.get("/api/v1/calendar", params=query), 422, "invalid", pointer)
    expect_problem(api.get("/api/v1/calendar", params={"view": "day", "date": "2026-01-01"}),
                   401, "unauthorized")


def test_a_chef_sees_his_own(place, login, own_chef):
    mine, other = own_chef, place.chef()
    booking, others = place.book(chef_id=mine), place.book(chef_id=other)
    seen = shown(view(login("CHEF"), "day", place.day(10)))
    assert booking["id"] in seen and others["id"] not in seen
    feed = expect(login("CHEF").post("/api/v1/calendar/feeds", {}), 201)
    assert feed["chef_id"] == mine
    expect_problem(login("CHEF").post("/api/v1/calendar/feeds", {"chef_id": other}), 404, "not_found")


def unfolded(reply):
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
    text = reply.content
    assert all(len(line) <= 75 for line in text.split(b"\r\n")) and b"\n" not in text.replace(b"\r\n", b"")
    return text.replace(b"\r\n ", b"").decode().split("\r\n")


def test_the_feed(place, staff):
    chef = place.chef()
    booking = place.book(ahead=10, time="18:00", venue_address="1 Pier Road, hut; left\\right",
                         special_requests="No nuts")
    gone = place.book(ahead=10, time="12:00")
    expect(staff.post(f"/api/v1/bookings/{gone['id']}/cancel", {"reason": "rain"}))
    feed = expect(staff.post("/api/v1/calendar/feeds", {"chef_id": chef}), 201)
    lines = unfolded(place.api.get(feed["path"]))
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert "METHOD:PUBLISH" in lines and "VERSION:2.0" in lines
    events = "\n".join(lines).split("BEGIN:VEVENT\n")[1:]
    assert len(events) == 2
    [event] = [e for e in events if f"UID:{booking['id']}@" in e]
    utc = place.starts_at(10, "18:00").strftime("%Y%m%dT%H%M%SZ")
    assert f"DTSTART:{utc}\n" in event and "STATUS:TENTATIVE" in event and "SEQUENCE:1\n" in event
    assert f"LOCATION:1 Pier Road\\, hut\\; left\\\\right\\, {place.zip}\n" in event
    assert "nuts" not in event  # nobody's health goes to others' servers
    [cancelled] = [e for e in events if f"UID:{gone['id']}@" in e]
    assert "STATUS:CANCELLED" in cancelled and "SEQUENCE:2\n" in cancelled
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/confirm", {}))
    assert "STATUS:CONFIRMED" in "\n".join(unfolded(place.api.get(feed["path"])))


def test_a_feed_is_a_secret_that_ends(place, staff):
    chef = place.chef()
    feed = expect(staff.post("/api/v1/calendar/feeds", {"chef_id": chef}), 201)
    listed = expect(staff.get("/api/v1/calendar/feeds", params={"chef_id": chef}))["items"]
    assert [f["id"] for f in listed] == [feed["id"]] and "path" not in listed[0]
    for path in (feed["path"][:-5] + "x.ics", "/api/v1/calendar/feed/none.ics",
                 f"/api/v1/calendar/feed/{feed['id']}"):
        expect_problem(place.api.get(path), 404, "not_found")
    assert place.api.get(feed["path"].removesuffix(".ics")).status_code == 200
    expect(staff.delete(f"/api/v1/calendar/feeds/{feed['id']}"), 204)
    expect_problem(place.api.get(feed["path"]), 404, "not_found")
    expect_problem(staff.delete(f"/api/v1/calendar/feeds/{feed['id']}"), 404, "not_found")
    expect_problem(staff.post("/api/v1/calendar/feeds", {"chef_id": str(uuid.uuid4())}), 404, "not_found")


def test_an_empty_feed_is_a_calendar(place, staff):
    feed = expect(staff.post("/api/v1/calendar/feeds", {"chef_id": place.chef()}), 201)
    assert "BEGIN:VEVENT" not in unfolded(place.api.get(feed["path"]))
