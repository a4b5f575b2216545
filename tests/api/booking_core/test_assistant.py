"""Who helps at an event reads what its chef reads, and leaves the running of it to him."""
import pytest

from lib.client import expect, expect_problem

BOOKINGS = "/api/v1/bookings"


@pytest.fixture
def staff(login):
    return login("ADMIN")


@pytest.fixture
def lead(place):
    return place.chef()


@pytest.fixture
def assisted(place, own_chef, lead, staff):
    """A booking that the demo chef helps with."""
    return place.book(staff, chef_id=lead, assistant_ids=[own_chef])


def found(api, **query):
    return [b["id"] for b in expect(api.get(BOOKINGS, params=query))["items"]]


def on_calendar(api, day, **query):
    days = expect(api.get("/api/v1/calendar", params={"view": "week", "date": day} | query))["days"]
    return {b["id"] for d in days for b in d["bookings"]}


def test_an_assistant_reads(place, assisted, lead, staff, login):
    chef, path = login("CHEF"), f"{BOOKINGS}/{assisted['id']}"
    expect(staff.post(f"{path}/notes", {"text": "The gate's code is 1234"}), 201)
    assert expect(chef.get(path)) == expect(staff.get(path))
    assert expect(chef.get(f"{path}/history"))["items"]
    assert [n["text"] for n in expect(chef.get(f"{path}/notes"))["items"]] == ["The gate's code is 1234"]
    assert chef.get(f"{path}/calendar").text.count("BEGIN:VEVENT") == 1
    others = place.book(chef_id=lead, ahead=11)
    expect_problem(chef.get(f"{BOOKINGS}/{others['id']}"), 404, "not_found")
    assert others["id"] not in on_calendar(chef, others["event_date"]) | set(found(chef))


@pytest.mark.parametrize("sort", ("starts_at", "-created_at"))
def test_the_list_has_what_he_cooks_and_what_he_helps_with(place, own_chef, lead, assisted, staff, login, sort):
    cooked = place.book(chef_id=own_chef, ahead=9)
    late = place.book(staff, chef_id=lead, assistant_ids=[own_chef], ahead=12)
    mine = {"starts_at": [cooked, assisted, late], "-created_at": [late, cooked, assisted]}[sort]
    chef = login("CHEF")
    assert found(chef, sort=sort) == [b["id"] for b in mine]
    paged, cursor = [], {}
    while cursor is not None:
        page = expect(chef.get(BOOKINGS, params={"sort": sort, "limit": 1, "count": "true"} | cursor))
        assert page["total"] == 3
        paged += [b["id"] for b in page["items"]]
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
    assert paged == [b["id"] for b in mine]
    assert found(chef, sort=sort, q=late["number"]) == [late["id"]]
    assert found(chef, sort=sort, status="confirmed") == []
    assert found(chef, sort=sort, **{"from": late["event_date"]}) == [late["id"]]


def test_calendar_and_feed(place, own_chef, assisted, login):
    cooked = place.book(chef_id=own_chef, ahead=10, time="11:00")
    chef = login("CHEF")
    assert {cooked["id"], assisted["id"]} <= on_calendar(chef, assisted["event_date"])
    feed = expect(chef.post("/api/v1/calendar/feeds", {}), 201)
    text = place.api.get(feed["path"]).text
    assert f"SUMMARY:Assist {assisted['number']}: " in text and f"SUMMARY:{cooked['number']}: " in text


def test_an_assistant_changes_nothing(own_chef, place, assisted, staff, login):
    chef, path = login("CHEF"), f"{BOOKINGS}/{assisted['id']}"
    for verb, body in (("confirm", {}), ("seat", {}), ("complete", {}), ("no-show", {}), ("cancel", {"reason": "x"}),
                       ("assign", {"chef_id": own_chef}), ("notes", {"text": "x"}),
                       ("reschedule", {"event_date": place.day(12).isoformat(), "event_time": "18:00"})):
        expect_problem(chef.post(f"{path}/{verb}", body), 403, "forbidden")
    expect_problem(chef.patch(path, {"adults": 9}, if_match='"1"'), 403, "forbidden")
    assert expect(staff.get(path))["version"] == 1


def test_who_does_not_help_any_more_reads_it_no_more(place, assisted, staff, login):
    chef, path = login("CHEF"), f"{BOOKINGS}/{assisted['id']}"
    feed = expect(chef.post("/api/v1/calendar/feeds", {}), 201)
    expect(staff.post(f"{path}/assign", {"assistant_ids": [place.chef()]}))
    expect_problem(chef.get(path), 404, "not_found")
    assert assisted["id"] not in on_calendar(chef, assisted["event_date"]) | set(found(chef))
    assert assisted["number"] not in place.api.get(feed["path"]).text


def test_a_cancelled_one_stays_in_his_list(place, assisted, staff, login):
    expect(staff.post(f"{BOOKINGS}/{assisted['id']}/cancel", {"reason": "rain"}))
    chef = login("CHEF")
    assert found(chef) == [assisted["id"]] == found(chef, status="cancelled")
    feed = expect(chef.post("/api/v1/calendar/feeds", {}), 201)
    assert "STATUS:CANCELLED" in place.api.get(feed["path"]).text
