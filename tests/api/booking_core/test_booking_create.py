"""POST /api/v1/bookings: what it takes, what it gives, and every reason to refuse."""
import datetime
import uuid

import pytest

from lib.client import expect, expect_problem

from places import events, moment, some_time


def test_anybody_may_book(place, db):
    chef = place.chef()
    wish = place.wish(ahead=9, time="18:00", children=2, special_requests="No <b>nuts</b>",
                      table_number="A-1", event_type="birthday")
    reply = place.api.post("/api/v1/bookings", wish, key=True)
    booking = expect(reply, 201)
    assert reply.headers["Location"] == f"/api/v1/bookings/{booking['id']}"
    assert reply.headers["ETag"].startswith('"1.')
    assert booking["number"].startswith("MH-")
    assert booking["state"] == "pending" and booking["source"] == "web"
    assert booking["chef_id"] == chef and booking["station_id"] == place.id
    assert (booking["event_date"], booking["event_time"]) == (wish["event_date"], "18:00")
    assert moment(booking["starts_at"]) == place.starts_at(9, "18:00")
    assert moment(booking["ends_at"]) - moment(booking["starts_at"]) == datetime.timedelta(hours=2)
    assert (booking["adults"], booking["children"], booking["guest_count"]) == (8, 2, 10)
    assert booking["special_requests"] == "No nuts"
    assert booking["contact"]["email"] == wish["contact"]["email"]
    assert booking["total_cents"] == booking["quote"]["total_cents"] > 0
    assert booking["total_price"] == booking["total_cents"] / 100
    assert 0 < booking["deposit_cents"] <= booking["total_cents"]
    [event] = events(db, "booking.created", booking["id"])
    assert event["chef_id"] == chef and "contact" not in event and "email" not in event


def test_the_quoted_price_is_the_booked_one(place, db):
    place.chef()
    quote = expect(place.api.post("/api/v1/bookings/quote", {
        "adults": 8, "venue_zip": place.zip, "date": place.day().isoformat()}))
    booking = place.book(quote=quote["quote"], station_id=quote["station_id"])
    assert booking["total_cents"] == quote["total_cents"]
    assert booking["quote_version"] == quote["catalogue_version"]
    expect_problem(place.try_book(quote=quote["quote"], adults=9), 409, "quote_mismatch")
    expect_problem(place.try_book(quote=quote["quote"][:-2] + "xx"), 422, "quote_invalid")


@pytest.mark.parametrize("change,pointer", [
    ({"event_time": "10:59"}, "/event_time"),
    ({"event_time": "23:00"}, "/event_time"),
    ({"event_time": "25:00"}, "/event_time"),
    ({"event_time": "6 pm"}, "/event_time"),
    ({"event_date": "2026-02-30"}, "/event_date"),
    ({"event_date": "tomorrow"}, "/event_date"),
    ({"duration_minutes": 59}, "/duration_minutes"),
    ({"duration_minutes": 481}, "/duration_minutes"),
    ({"duration_minutes": 90.5}, "/duration_minutes"),
    ({"adults": 0}, "/adults"),
    ({"adults": 51}, "/adults"),
    ({"adults": 30, "children": 21}, "/adults"),
    ({"adults": -1}, "/adults"),
    ({"adults": "8"}, "/adults"),
    ({"table_number": "a 1"}, "/table_number"),
    ({"special_requests": "x" * 2001}, "/special_requests"),
    ({"venue_zip": "ABCDE"}, "/venue_zip"),
    ({"venue_address": ""}, "/venue_address"),
    ({"customer_id": "7"}, "/customer_id"),
    ({"addons": [{"code": "no_such_dish"}]}, "/addons/0"),
    ({"addons": [{"quantity": 1}]}, "/addons/0/code"),
    ({"promo_code": "NOSUCHCODE"}, "/promo_code"),
    ({"hold_token": "forged"}, "/hold_token"),
    ({"contact": {"name": "A", "email": "a@example.com"}}, "/contact/phone"),
    ({"contact": {"name": "A", "phone": "+14085550100"}}, "/contact/email"),
    ({"contact": {"email": "a@example.com", "phone": "+14085550100"}}, "/contact/name"),
    ({"contact": {"name": "A", "email": "a@b", "phone": "+14085550100"}}, "/contact/email"),
    ({"contact": {"name": "A", "email": "a@example.com", "phone": "12"}}, "/contact/phone"),
    ({"assistant_ids": [str(uuid.uuid4())]}, "/assistant_ids"),
    ({"equipment_ids": [str(uuid.uuid4())]}, "/equipment_ids"),
    ({"skills": ["flambe"]}, "/skills"),
    ({"source": "phone"}, "/source"),
    ({"state": "confirmed"}, "/state"),
    ({"total_cents": 1}, "/total_cents"),
])
def test_mistakes_are_named(place, change, pointer):
    place.chef()
    expect_problem(place.try_book(**change), 422, "invalid", pointer)


def test_the_reason_is_told(place, login):
    """In the words of the rule that was broken, whatever is done about it first."""
    first, second = sorted(place.chefs(2))
    staff, grill = login("ADMIN"), place.equipment()
    place.book(staff, chef_id=first, equipment_ids=[grill])
    place.exception(second, place.day(12))
    place.rules(lead_time_hours=48)
    for wish, status, code, detail in [
        ({"ahead": -1}, 422, "too_soon", "The event would start in the past."),
        ({"ahead": 1}, 422, "too_soon", "Book at least 48 hours ahead."),
        ({"chef_id": first}, 409, "slot_taken", "That time is taken."),
        ({"ahead": 12, "chef_id": second}, 409, "no_chef", "That chef does not work then."),
    ]:
        assert expect_problem(place.try_book(**wish), status, code)["detail"] == detail
    for wish, code, detail in [
        ({"equipment_ids": [grill]}, "slot_taken", "The equipment is taken then."),
        ({"ahead": 12, "assistant_ids": [second]}, "no_chef", "An assistant does not work then."),
    ]:
        assert expect_problem(place.try_book(staff, **wish), 409, code)["detail"] == detail


def test_card_numbers_are_refused(place):
    expect_problem(place.try_book(special_requests="my card is 4111 1111 1111 1111"),
                   422, "card_number_refused")


def test_times_that_cannot_be(place):
    place.chef()
    expect_problem(place.try_book(ahead=-1), 422, "too_soon")
    expect_problem(place.try_book(ahead=1, time="11:00"), 422, "too_soon")
    expect_problem(place.try_book(ahead=380), 422, "too_far")
    place.rules(first_start="12:00", last_start="20:00")
    try:
        expect_problem(place.try_book(time="11:30"), 422, "outside_hours")
        expect_problem(place.try_book(time="20:00"), 422, "outside_hours")
        place.book(time="12:00")
    finally:
        place.rules(first_start="11:00", last_start="23:00")


def test_lead_time_is_the_stations_and_not_for_staff(place, login):
    place.chef()
    place.rules(lead_time_hours=24 * 20)
    expect_problem(place.try_book(ahead=10), 422, "too_soon")
    booking = place.book(login("ADMIN"), ahead=10)
    assert booking["source"] == "staff"
    expect_problem(place.try_book(login("ADMIN"), ahead=-1), 422, "too_soon")


def test_a_place_that_nobody_serves(place, db):
    place.chef()
    wish = place.wish(venue_zip="00199")
    expect_problem(place.api.post("/api/v1/bookings", wish, key=True), 422, "out_of_area")
    [event] = events(db, "booking.failed", contact=wish["contact"] | {
        "phone": "+1" + wish["contact"]["phone"][3:].replace(" ", "")})
    assert event["code"] == "out_of_area" and event["venue_zip"] == "00199"


def test_a_taken_time_names_others_and_leaves_a_lead(place, db):
    place.chef()
    place.book(time="18:00")
    wish = place.wish(time="18:30", quote=None) | {}
    wish.pop("quote")
    problem = expect_problem(place.api.post("/api/v1/bookings", wish, key=True), 409, "slot_taken")
    others = problem["alternatives"]
    assert 1 <= len(others) <= 5
    assert all(o["chefs"] == 1 for o in others)
    # The next days are as free; the same day comes first, the nearest time first.
    assert [o["time"] for o in others[:2]] == ["21:00", "21:30"]
    assert {o["date"] for o in others} == {wish["event_date"]}
    assert moment(others[0]["starts_at"]) == place.starts_at(10, "21:00")
    for other in others:
        assert (other["date"], other["time"]) != (wish["event_date"], wish["event_time"])
    [event] = [e for e in events(db, "booking.failed", code="slot_taken")  # old ones have lost the contact
               if e.get("contact", {}).get("email") == wish["contact"]["email"]]
    assert event["station_id"] == place.id and "quote" not in event
    place.book(time=others[0]["time"])


def test_alternatives_go_on_with_the_next_days(place):
    place.chef(hours=("18:00", "20:00"))
    place.book(ahead=10, time="18:00")
    problem = expect_problem(place.try_book(ahead=10, time="18:00"), 409, "slot_taken")
    days = [place.day(10 + n).isoformat() for n in (1, 2, 3, 4, 5)]
    assert [(o["date"], o["time"]) for o in problem["alternatives"]] == [(d, "18:00") for d in days]


def test_nobody_works_then(place):
    expect_problem(place.try_book(), 409, "no_chef")
    chef = place.chef(hours=("12:00", "16:00"))
    problem = expect_problem(place.try_book(time="18:00"), 409, "no_chef")
    assert {o["time"] for o in problem["alternatives"]} <= {"12:00", "12:30", "13:00", "13:30", "14:00"}
    place.exception(chef, place.day(10))
    expect_problem(place.try_book(time="12:00"), 409, "no_chef")
    place.exception(chef, place.day(11), kind="available", hours=("17:00", "21:00"))
    expect_problem(place.try_book(ahead=11, time="12:00"), 409, "no_chef")
    place.book(ahead=11, time="18:00")


def test_hours_may_end_after_midnight(place):
    place.chef(hours=("20:00", "02:00"))
    expect_problem(place.try_book(time="22:30", duration_minutes=240), 409, "no_chef")
    booking = place.book(time="22:00", duration_minutes=240)
    assert moment(booking["ends_at"]) == place.starts_at(11, "02:00")


def test_ways_and_setting_up_take_time(place):
    place.chef()
    place.rules(setup_minutes=60, teardown_minutes=30)
    first = place.book(time="14:00")  # until 16:30, with the way back
    travel = first["quote"]["travel_minutes"]
    expect_problem(place.try_book(time="17:00"), 409, "slot_taken")
    assert 2 * travel < 30
    place.book(time="18:00")


def test_the_chef_whose_turn_it_is(place):
    chefs = place.chefs(3)
    order = [place.book(ahead=10, time=t)["chef_id"] for t in ("11:00", "11:00", "11:00", "16:00")]
    assert order[:3] == sorted(chefs)
    assert order[3] == min(chefs)


def test_a_chef_may_be_asked_for(place):
    first, second = sorted(place.chefs(2))
    assert place.book(chef_id=second)["chef_id"] == second
    expect_problem(place.try_book(chef_id=second), 409, "slot_taken")
    assert place.book(chef_id=first)["chef_id"] == first
    expect_problem(place.try_book(ahead=12, chef_id=str(uuid.uuid4())), 409, "no_chef")


def test_skills_are_minded(place, login):
    place.chef()
    skilled = place.chef(skills=["flambe", "sushi"])
    staff = login("ADMIN")
    assert place.book(staff, skills=["sushi"])["chef_id"] == skilled
    expect_problem(place.try_book(staff, skills=["sushi"]), 409, "slot_taken")
    expect_problem(place.try_book(staff, skills=["juggling"]), 409, "no_chef")


def test_a_chef_has_a_limit_a_day(place):
    place.chef(max_events=2)
    place.book(time="11:00", duration_minutes=60)
    place.book(time="15:00", duration_minutes=60)
    problem = expect_problem(place.try_book(time="19:00", duration_minutes=60), 409, "slot_taken")
    assert problem["alternatives"][0]["date"] == place.day(11).isoformat()


def test_a_station_has_a_capacity(place):
    place.chefs(3)
    place.rules(capacity=2)
    place.book(time="18:00")
    place.book(time="16:00")
    expect_problem(place.try_book(time="17:00"), 409, "slot_taken")
    place.book(time="12:00", duration_minutes=60)


def test_the_same_customer_at_the_same_time(place):
    place.chefs(3)
    wish = place.wish()
    expect(place.api.post("/api/v1/bookings", wish, key=True), 201)
    expect_problem(place.api.post("/api/v1/bookings", wish, key=True), 409, "duplicate_booking")
    upper = wish | {"contact": wish["contact"] | {"email": wish["contact"]["email"].upper()}}
    expect_problem(place.api.post("/api/v1/bookings", upper, key=True), 409, "duplicate_booking")
    expect(place.api.post("/api/v1/bookings", wish | {"event_time": "14:00"}, key=True), 201)


def test_contacts_become_one_customer_and_nothing_is_told(place, db):
    place.chefs(2)
    wish = place.wish()
    first = expect(place.api.post("/api/v1/bookings", wish, key=True), 201)
    again = wish | {"event_time": "13:00", "contact": wish["contact"] | {"name": "Somebody Else"}}
    second = expect(place.api.post("/api/v1/bookings", again, key=True), 201)
    assert place.customer(first) == place.customer(second)
    assert first["customer_id"] is None  # its id would tell since when the address is known
    assert second["contact"]["name"] == "Somebody Else"
    db.execute("SELECT name FROM booking.customers WHERE id = %s", (place.customer(first),))
    assert db.fetchone()["name"] == "Ann Example"


def test_a_customer_books_for_himself(place, login, account, db):
    place.chefs(2)
    api = login("CUSTOMER")
    wish = place.wish(**some_time())
    del wish["contact"]
    booking = expect(api.post("/api/v1/bookings", wish, key=True), 201)
    db.execute("SELECT user_id FROM booking.customers WHERE id = %s", (booking["customer_id"],))
    assert db.fetchone()["user_id"] == account("CUSTOMER")
    assert expect(api.get(f"/api/v1/bookings/{booking['id']}"))["id"] == booking["id"]
    assert booking["id"] in [b["id"] for b in expect(
        api.get("/api/v1/bookings", params={"sort": "-created_at"}))["items"]]


def test_staff_book_for_a_customer(place, login):
    place.chefs(3)
    staff = login("CUSTOMER_SUPPORT")
    known = place.customer(place.book())
    wish = place.wish(ahead=11, customer_id=known, source="phone")
    del wish["contact"]
    booking = expect(staff.post("/api/v1/bookings", wish, key=True), 201)
    assert booking["customer_id"] == known and booking["source"] == "phone"
    expect_problem(staff.post("/api/v1/bookings", wish | {"customer_id": str(uuid.uuid4())}, key=True),
                   404, "not_found")
    del wish["customer_id"]
    expect_problem(staff.post("/api/v1/bookings", wish, key=True), 422, "invalid", "/contact/name")
    phone = f"+1408555{uuid.uuid4().int % 10000:04d}"
    by_phone = wish | {"contact": {"name": "By Phone", "phone": phone}}
    assert expect(staff.post("/api/v1/bookings", by_phone, key=True), 201)["contact"]["email"] is None


def test_others_may_not_name_a_customer(place, login):
    place.chef()
    known = place.customer(place.book())
    expect_problem(place.try_book(ahead=12, customer_id=known), 422, "invalid", "/customer_id")
    wish = place.wish(ahead=12, customer_id=known)
    expect_problem(login("CUSTOMER").post("/api/v1/bookings", wish, key=True), 404, "not_found")


def test_assistants_and_equipment(place, login, db):
    first, second = sorted(place.chefs(2))
    grill = place.equipment()
    staff = login("ADMIN")
    booking = place.book(staff, assistant_ids=[second], equipment_ids=[grill])
    assert booking["chef_id"] == first
    assert booking["resources"] == [{"kind": "assistant", "id": second}, {"kind": "equipment", "id": grill}]
    expect_problem(place.try_book(), 409, "slot_taken")  # the assistant cannot cook elsewhere
    place.chefs(2)
    expect_problem(place.try_book(staff, equipment_ids=[grill]), 409, "slot_taken")
    expect_problem(place.try_book(staff, equipment_ids=[str(uuid.uuid4())]), 422, "invalid")


def test_the_key(place):
    place.chefs(2)
    wish = place.wish()
    expect_problem(place.api.post("/api/v1/bookings", wish), 400, "idempotency_key_required")
    key = str(uuid.uuid4())
    first = place.api.post("/api/v1/bookings", wish, key=key)
    again = place.api.post("/api/v1/bookings", wish, key=key)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content and again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Location"] == again.headers["Location"]
    expect_problem(place.api.post("/api/v1/bookings", wish | {"adults": 9}, key=key),
                   422, "idempotency_key_reused")


def test_the_key_outlives_the_quote(place, clock):
    """Repeated after days, when the quote would be too old for a new booking."""
    place.chef()
    quote = expect(place.api.post("/api/v1/bookings/quote", {
        "adults": 8, "venue_zip": place.zip, "date": place.day().isoformat(), "station_id": place.id}))
    wish, key = place.wish(quote=quote["quote"]), str(uuid.uuid4())
    first = place.api.post("/api/v1/bookings", wish, key=key)
    clock.advance(days=2)
    again = place.api.post("/api/v1/bookings", wish, key=key)
    assert first.status_code == again.status_code == 201 and first.content == again.content
    expect_problem(place.api.post("/api/v1/bookings", wish, key=True), 409, "quote_expired")


def test_a_failure_is_not_kept_under_the_key(place):
    key = str(uuid.uuid4())
    wish = place.wish()
    expect_problem(place.api.post("/api/v1/bookings", wish, key=key), 409, "no_chef")
    place.chef()
    expect(place.api.post("/api/v1/bookings", wish, key=key), 201)
