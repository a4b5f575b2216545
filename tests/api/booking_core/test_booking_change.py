"""What happens to a booking: moves, cancelling, another time, details, deleting, notes, history."""
import json
import uuid

import pytest

from lib.client import expect, expect_problem
from lib.stack import wait_for

from places import events, moment, some_time

STATES = ("pending", "confirmed", "seated", "completed", "cancelled", "no_show")
ROUTES = {"confirmed": "confirm", "seated": "seat", "completed": "complete", "no_show": "no-show",
          "cancelled": "cancel"}


@pytest.fixture
def staff(login):
    return login("ADMIN")


def act(api, booking, verb, body=None, **more):
    if body is None and verb != "restore":
        body = {}
    return api.post(f"/api/v1/bookings/{booking['id']}/{verb}", body, **more)


def get(api, booking):
    return expect(api.get(f"/api/v1/bookings/{booking['id']}"))


# --- states -------------------------------------------------------------------------------------

def test_a_booking_runs_its_course(place, clock, login, tokens, db):
    place.chef()
    booking = place.book(ahead=10, time="18:00")
    staff = login("ADMIN")
    confirmed = expect(act(staff, booking, "confirm"))
    assert confirmed["state"] == "confirmed" and confirmed["version"] == 2
    expect_problem(act(staff, booking, "seat"), 409, "state_conflict")  # ten days too early
    clock.advance(days=11)
    tokens.clear()
    staff = login("ADMIN")
    assert expect(act(staff, booking, "seat"))["state"] == "seated"
    assert expect(act(staff, booking, "complete", {"reason": "all happy"}))["state"] == "completed"
    for kind in ("created", "confirmed", "seated", "completed"):
        assert len(events(db, f"booking.{kind}", booking["id"])) == 1
    history = expect(staff.get(f"/api/v1/bookings/{booking['id']}/history"))["items"]
    assert [h["action"] for h in history] == ["completed", "seated", "confirmed", "created"]
    assert history[0]["reason"] == "all happy"
    assert history[2]["changes"] == {"state": {"from": "pending", "to": "confirmed"}}


def test_every_move_that_is_not_in_the_table_is_refused(place, clock, login, tokens, db):
    """Each pair of states, by HTTP, held against the database's table, which booking_state.c equals."""
    db.execute("SELECT from_state, to_state FROM booking.state_moves")
    legal = {(r["from_state"], r["to_state"]) for r in db.fetchall()}
    path = {"pending": (), "confirmed": ("confirm",), "seated": ("confirm", "seat"),
            "completed": ("confirm", "seat", "complete"), "cancelled": ("cancel",),
            "no_show": ("confirm", "no-show")}
    place.chefs(36)
    bookings = {(a, b): place.book(ahead=10, time="11:00") for a in STATES for b in ROUTES}
    clock.advance(days=11)
    tokens.clear()
    staff = login("ADMIN")
    for (start, end), booking in bookings.items():
        for verb in path[start]:
            expect(act(staff, booking, verb, {"reason": "x"}))
        reply = act(staff, booking, ROUTES[end], {"reason": "x"})
        if (start, end) in legal:
            assert expect(reply)["state"] == end
        else:
            expect_problem(reply, 409, "state_conflict")
            assert get(staff, booking)["state"] == start


def test_the_database_holds_to_the_table_by_itself(place, db):
    import psycopg2
    place.chef()
    booking = place.book()
    with pytest.raises(psycopg2.Error) as refused:
        db.execute("UPDATE booking.bookings SET state = 'completed' WHERE id = %s", (booking["id"],))
    assert refused.value.pgcode == "MH000"


def test_a_version_may_be_demanded(place, staff):
    place.chef()
    booking = place.book()
    expect_problem(act(staff, booking, "confirm", if_match='"7"'), 412, "precondition_failed")
    expect_problem(act(staff, booking, "confirm", if_match='"x"'), 412, "precondition_failed")
    expect(act(staff, booking, "confirm", if_match='"1"'))


def test_actions_may_be_repeated_with_their_key(place, staff, db):
    place.chef()
    booking = place.book()
    key = str(uuid.uuid4())
    first, again = (act(staff, booking, "confirm", key=key) for _ in range(2))
    assert first.content == again.content
    assert len(events(db, "booking.confirmed", booking["id"])) == 1


def test_another_time_may_be_repeated_when_the_booking_is_over(place, staff):
    """What was done is not refused afterwards to who did not hear of it."""
    place.chef()
    booking, key = place.book(), str(uuid.uuid4())
    to = {"event_date": place.day(20).isoformat(), "event_time": "12:00"}
    first = act(staff, booking, "reschedule", to, key=key)
    expect(act(staff, booking, "cancel", {"reason": "rain"}))
    again = act(staff, booking, "reschedule", to, key=key)
    assert first.status_code == again.status_code == 200 and first.content == again.content
    expect_problem(act(staff, booking, "reschedule", to | {"event_time": "13:00"}, key=key),
                   422, "idempotency_key_reused")
    expect_problem(act(staff, booking, "reschedule", to, key=True), 409, "state_conflict")


# --- who ------------------------------------------------------------------------------------------

def test_others_bookings_are_not_there(place, login, api):
    place.chef()
    booking = place.book()
    for role in ("CUSTOMER", "CHEF", "STATION_MANAGER"):
        caller = login(role)
        expect_problem(caller.get(f"/api/v1/bookings/{booking['id']}"), 404, "not_found")
        expect_problem(caller.get(f"/api/v1/bookings/{booking['id']}/history"), 404, "not_found")
        assert booking["id"] not in [b["id"] for b in expect(caller.get(
            "/api/v1/bookings", params={"sort": "-created_at", "limit": 100}))["items"]]
    for role, verbs in (("CUSTOMER", ("confirm",)), ("CHEF", ("seat", "complete", "no-show")),
                        ("STATION_MANAGER", ("confirm", "seat", "complete", "no-show"))):
        for verb in verbs:
            expect_problem(act(login(role), booking, verb), 404, "not_found")
    for role in ("CUSTOMER", "STATION_MANAGER"):
        expect_problem(act(login(role), booking, "cancel", {"reason": "x"}), 404, "not_found")
    expect_problem(api.get(f"/api/v1/bookings/{booking['id']}"), 401, "unauthorized")


def test_a_chef_sees_what_he_cooks(login, own_chef, place):
    mine, other = own_chef, place.chef()
    booking, others = place.book(chef_id=mine), place.book(chef_id=other)
    chef = login("CHEF")
    assert get(chef, booking)["id"] == booking["id"]
    expect_problem(chef.get(f"/api/v1/bookings/{others['id']}"), 404, "not_found")
    listed = [b["id"] for b in expect(chef.get("/api/v1/bookings"))["items"]]
    assert booking["id"] in listed and others["id"] not in listed
    expect_problem(act(chef, booking, "confirm"), 403, "forbidden")


def test_a_chef_runs_the_events_he_cooks(own_chef, place, clock, login, tokens, db):
    """Seated, completed and no-show, at the times that hold for staff; those that he cooks."""
    other = place.chef()
    evening, missed = (place.book(chef_id=own_chef, time=t) for t in ("12:00", "19:00"))
    others = place.book(chef_id=other, time="12:00")
    staff = login("ADMIN")
    for booking in (evening, missed, others):
        expect_problem(act(login("CHEF"), booking, "seat"), 404 if booking is others else 409,
                       "not_found" if booking is others else "state_conflict")  # pending
        expect(act(staff, booking, "confirm"))
    expect_problem(act(login("CHEF"), evening, "seat"), 409, "state_conflict")  # ten days too early
    expect_problem(act(login("CHEF"), missed, "no-show"), 409, "state_conflict")
    clock.advance(days=11)
    tokens.clear()
    chef = login("CHEF")
    expect_problem(act(chef, evening, "complete"), 409, "state_conflict")  # not seated
    assert expect(act(chef, evening, "seat"))["state"] == "seated"
    expect_problem(act(chef, evening, "no-show"), 409, "state_conflict")
    done = expect(act(chef, evening, "complete", {"reason": "nine guests came"}))
    assert done["state"] == "completed"
    assert expect(act(chef, missed, "no-show"))["state"] == "no_show"
    for verb in ("seat", "complete", "no-show"):
        expect_problem(act(chef, others, verb), 404, "not_found")
    db.execute("SELECT actor, role, reason FROM booking.booking_history"
               " WHERE booking_id = %s AND action = 'completed'", (evening["id"],))
    assert dict(db.fetchone()) == {"actor": expect(chef.get("/api/v1/me"))["id"], "role": "CHEF",
                                   "reason": "nine guests came"}


def test_a_chef_reads_notes_and_changes_nothing_else(own_chef, place, login):
    booking = place.book(chef_id=own_chef)
    path = f"/api/v1/bookings/{booking['id']}"
    expect(login("ADMIN").post(f"{path}/notes", {"text": "The gate's code is 1234"}), 201)
    chef = login("CHEF")
    assert [n["text"] for n in expect(chef.get(f"{path}/notes"))["items"]] == ["The gate's code is 1234"]
    assert expect(chef.get(f"{path}/history"))["items"]
    for verb, body in (("confirm", {}), ("cancel", {"reason": "x"}), ("restore", None),
                       ("assign", {"chef_id": own_chef}),
                       ("reschedule", {"event_date": place.day(12).isoformat(), "event_time": "18:00"}),
                       ("notes", {"text": "x"})):
        expect_problem(chef.post(f"{path}/{verb}", body), 403, "forbidden")
    expect_problem(chef.patch(path, {"adults": 9}, if_match='"1"'), 403, "forbidden")
    expect_problem(chef.delete(path, json={"reason": "because I want to"}), 403, "forbidden")
    assert get(login("ADMIN"), booking)["version"] == 1


@pytest.fixture
def own(place, login):
    """A booking of the demo customer."""
    place.chefs(2)
    wish = place.wish(**some_time())
    del wish["contact"]
    return expect(login("CUSTOMER").post("/api/v1/bookings", wish, key=True), 201)


def test_customers_do_not_confirm(own, login):
    for verb in ("confirm", "seat", "complete", "no-show"):
        expect_problem(act(login("CUSTOMER"), own, verb), 403, "forbidden")
    for verb, body in (("assign", {"chef_id": str(uuid.uuid4())}), ("restore", None)):
        expect_problem(act(login("CUSTOMER"), own, verb, body), 403, "forbidden")
    expect_problem(login("CUSTOMER").delete(f"/api/v1/bookings/{own['id']}",
                                            json={"reason": "because I want to"}), 403, "forbidden")
    expect_problem(login("CUSTOMER").get(f"/api/v1/bookings/{own['id']}/notes"), 403, "forbidden")


def test_a_customer_cancels_his_own_by_the_policy(own, login):
    expect_problem(act(login("CUSTOMER"), own, "cancel", {"reason": "x", "refund_percent": 100}),
                   403, "forbidden")
    cancelled = expect(act(login("CUSTOMER"), own, "cancel", {"reason": "Change of plans"}))
    assert cancelled["cancellation"]["refund_percent"] == 100
    assert cancelled["cancellation"]["reason"] == "Change of plans"


# --- cancelling -----------------------------------------------------------------------------------

@pytest.mark.parametrize("ahead,percent", [(8, 100), (6, 50), (4, 50), (2, 0)])
def test_the_refund_follows_the_notice(place, staff, ahead, percent, db):
    place.chef()
    booking = place.book(staff, ahead=ahead, time="12:00")
    cancelled = expect(act(staff, booking, "cancel", {"reason": "rain"}))
    assert cancelled["cancellation"]["refund_percent"] == percent
    [event] = events(db, "booking.cancelled", booking["id"])
    assert event["refund_percent"] == percent


def test_staff_may_give_back_another_share(place, staff):
    place.chef()
    booking = place.book()
    cancelled = expect(act(staff, booking, "cancel", {"reason": "our fault", "refund_percent": 75}))
    assert cancelled["cancellation"]["refund_percent"] == 75
    expect_problem(act(staff, booking, "cancel", {"reason": "again"}), 409, "state_conflict")
    expect_problem(act(staff, booking, "cancel", {}), 422, "invalid", "/reason")


def test_cancelling_frees_the_time(place, staff):
    place.chef()
    booking = place.book()
    expect_problem(place.try_book(), 409, "slot_taken")
    expect(act(staff, booking, "cancel", {"reason": "rain"}))
    place.book()


# --- another time ---------------------------------------------------------------------------------

def to(place, ahead, time, **more):
    return {"event_date": place.day(ahead).isoformat(), "event_time": time} | more


def test_reschedule(place, staff, db):
    place.chef()
    booking = place.book(ahead=10, time="18:00")
    moved = expect(act(staff, booking, "reschedule", to(place, 12, "12:00", duration_minutes=90)))
    assert (moved["event_date"], moved["event_time"]) == (place.day(12).isoformat(), "12:00")
    assert moment(moved["starts_at"]) == place.starts_at(12, "12:00")
    assert moved["duration_minutes"] == 90 and moved["chef_id"] == booking["chef_id"]
    [event] = events(db, "booking.rescheduled", booking["id"])
    assert moment(event["from_starts_at"]) == moment(booking["starts_at"])
    place.book(ahead=10, time="18:00")
    expect_problem(place.try_book(ahead=12, time="12:00"), 409, "slot_taken")


def test_a_booking_may_move_over_itself(place, staff):
    place.chef()
    booking = place.book(time="18:00")
    assert expect(act(staff, booking, "reschedule", to(place, 10, "18:30")))["event_time"] == "18:30"


def test_a_taken_time_changes_nothing(place, staff):
    place.chef()
    booking, other = (get(staff, place.book(time=t)) for t in ("12:00", "18:00"))
    problem = expect_problem(act(staff, booking, "reschedule", to(place, 10, "18:00")), 409, "slot_taken")
    assert problem["alternatives"]
    assert get(staff, booking) == booking and get(staff, other) == other
    expect_problem(place.try_book(time="12:00"), 409, "slot_taken")


def test_another_chef_comes_when_his_is_busy(place, staff):
    first, second = sorted(place.chefs(2))
    booking = place.book(time="12:00", chef_id=first)
    place.book(time="18:00", chef_id=first)
    expect_problem(act(staff, booking, "reschedule", to(place, 10, "18:00", keep_chef=True)),
                   409, "slot_taken")
    assert expect(act(staff, booking, "reschedule", to(place, 10, "18:00")))["chef_id"] == second


def test_reschedule_minds_the_rules(place, staff, own, login):
    place.chef()
    booking = place.book()
    expect_problem(act(staff, booking, "reschedule", to(place, 400, "18:00")), 422, "too_far")
    expect_problem(act(staff, booking, "reschedule", to(place, -3, "18:00")), 422, "too_soon")
    expect_problem(act(staff, booking, "reschedule", to(place, 12, "18:00"), if_match='"9"'),
                   412, "precondition_failed")
    expect_problem(act(login("CUSTOMER"), own, "reschedule", to(place, 1, "11:00")), 422, "too_soon")
    expect(act(staff, booking, "cancel", {"reason": "rain"}))
    expect_problem(act(staff, booking, "reschedule", to(place, 12, "18:00")), 409, "state_conflict")
    expect_problem(act(staff, {"id": str(uuid.uuid4())}, "reschedule", to(place, 12, "18:00")),
                   404, "not_found")


def test_assistants_and_equipment_come_along(place, staff):
    chefs = sorted(place.chefs(2))
    grill = place.equipment()
    booking = place.book(staff, chef_id=chefs[0], assistant_ids=[chefs[1]], equipment_ids=[grill])
    moved = expect(act(staff, booking, "reschedule", to(place, 12, "18:00")))
    assert moved["resources"] == booking["resources"]
    expect_problem(place.try_book(staff, ahead=12, equipment_ids=[grill]), 409, "slot_taken")


# --- details --------------------------------------------------------------------------------------

def patch(api, booking, version, **body):
    return api.patch(f"/api/v1/bookings/{booking['id']}", body, if_match=f'"{version}"')


def test_details_change(place, staff, db):
    place.chef()
    booking = place.book(event_type="birthday")
    changed = expect(patch(staff, booking, 1, special_requests="Cake <i>please</i>",
                           table_number="B-2", contact={"name": "New Name"}))
    assert changed["special_requests"] == "Cake please" and changed["table_number"] == "B-2"
    assert changed["contact"] == booking["contact"] | {"name": "New Name"}
    assert changed["total_cents"] == booking["total_cents"] and changed["version"] == 2
    cleared = expect(patch(staff, booking, 2, special_requests=None, table_number=None))
    assert cleared["special_requests"] is None and cleared["event_type"] == "birthday"
    assert len(events(db, "booking.updated", booking["id"])) == 2


def test_guests_change_the_price(place, staff):
    place.chef()
    booking = place.book(adults=30)
    changed = expect(patch(staff, booking, 1, adults=40, children=5))
    assert changed["guest_count"] == 45
    assert changed["total_cents"] == changed["quote"]["total_cents"] > booking["total_cents"]
    expect_problem(patch(staff, booking, 2, adults=46, children=5), 422, "invalid", "/adults")


def test_two_people_edit(place, staff):
    place.chef()
    booking = place.book()
    expect(patch(staff, booking, 1, special_requests="first"))
    expect_problem(patch(staff, booking, 1, special_requests="second"), 412, "precondition_failed")
    expect_problem(staff.patch(f"/api/v1/bookings/{booking['id']}", {"adults": 9}),
                   428, "precondition_required")
    assert get(staff, booking)["special_requests"] == "first"


@pytest.mark.parametrize("body,status,code", [
    ({}, 422, "invalid"),
    ({"state": "confirmed"}, 422, "invalid"),
    ({"adults": None}, 422, "invalid"),
    ({"venue_zip": "00199"}, 422, "out_of_area"),
    ({"addons": [{"code": "no_such_dish"}]}, 422, "invalid"),
])
def test_changes_that_cannot_be(place, staff, body, status, code):
    place.chef()
    booking = place.book()
    expect_problem(patch(staff, booking, 1, **body), status, code)


# --- chefs ----------------------------------------------------------------------------------------

def test_assign(place, staff, db):
    first, second = sorted(place.chefs(2))
    grill = place.equipment()
    booking = place.book(chef_id=first)
    changed = expect(act(staff, booking, "assign", {
        "chef_id": second, "assistant_ids": [first], "equipment_ids": [grill]}))
    assert changed["chef_id"] == second
    assert {r["id"] for r in changed["resources"]} == {first, grill}
    [event] = events(db, "booking.assigned", booking["id"])
    assert (event["from_chef_id"], event["chef_id"]) == (first, second)
    alone = expect(act(staff, booking, "assign", {"assistant_ids": [], "equipment_ids": []}))
    assert alone["resources"] == [] and alone["chef_id"] == second


def test_assign_minds_what_is_taken(place, staff):
    first, second = sorted(place.chefs(2))
    booking, other = (get(staff, place.book(chef_id=c)) for c in (first, second))
    expect_problem(act(staff, booking, "assign", {"chef_id": second}), 409, "slot_taken")
    assert get(staff, booking) == booking and get(staff, other) == other
    expect_problem(act(staff, booking, "assign", {"chef_id": str(uuid.uuid4())}), 409, "no_chef")
    expect_problem(act(staff, booking, "assign", {}), 422, "invalid")


# --- deleting -------------------------------------------------------------------------------------

def delete(api, booking, reason="entered by mistake"):
    return api.delete(f"/api/v1/bookings/{booking['id']}", json={"reason": reason})


def test_a_station_that_moves_to_another_zone_moves_no_event(place, staff):
    """What is in the calendar is in it at that moment; the station's zone is for what comes."""
    chefs = place.chefs(2)
    booking = place.book(time="18:00")
    place.rules(time_zone="America/New_York")
    [other] = [c for c in chefs if c != booking["chef_id"]]
    assigned = expect(act(staff, booking, "assign", {"chef_id": other}))
    assert (assigned["starts_at"], assigned["time_zone"]) == (booking["starts_at"], "America/Los_Angeles")
    # 21:00 in New York is 18:00 in Los Angeles: the new chef is busy then, and the old one is not.
    expect_problem(staff.post("/api/v1/bookings", place.wish(time="21:00", chef_id=other), key=True),
                   409, "slot_taken")
    place.book(staff, time="21:00", chef_id=booking["chef_id"])
    moved = expect(act(staff, booking, "reschedule", {"event_date": place.day(12).isoformat(), "event_time": "15:00"}))
    assert moved["time_zone"] == "America/New_York" and moment(moved["starts_at"]).hour in (19, 20)


def test_delete_and_restore(place, staff, db):
    place.chef()
    booking = place.book()
    expect_problem(delete(staff, booking, "short"), 422, "invalid", "/reason")
    expect(delete(staff, booking), 204)
    expect_problem(staff.get(f"/api/v1/bookings/{booking['id']}"), 404, "not_found")
    expect_problem(delete(staff, booking), 404, "not_found")
    expect_problem(act(staff, booking, "confirm"), 404, "not_found")
    gone = expect(staff.get("/api/v1/bookings", params={"deleted": "true", "station_id": place.id,
                                                        "sort": "-created_at"}))
    assert booking["id"] in [b["id"] for b in gone["items"]]
    restored = expect(act(staff, booking, "restore"))
    assert restored["deleted_at"] is None and restored["version"] == 3
    expect_problem(act(staff, booking, "restore"), 404, "not_found")
    assert len(events(db, "booking.deleted", booking["id"])) == 1
    assert len(events(db, "booking.restored", booking["id"])) == 1


def test_restore_needs_its_time(place, staff):
    place.chef()
    booking = place.book()
    expect(delete(staff, booking), 204)
    place.book()
    expect_problem(act(staff, booking, "restore"), 409, "slot_taken")


def test_restore_has_a_limit_and_then_it_is_gone(place, clock, login, tokens, db):
    place.chef()
    booking = place.book()
    expect(delete(login("ADMIN"), booking), 204)
    db.execute("UPDATE booking.bookings SET deleted_at = deleted_at - interval '31 days' WHERE id = %s",
               (booking["id"],))
    expect_problem(act(login("ADMIN"), booking, "restore"), 409, "restore_expired")
    clock.advance(days=31)
    tokens.clear()

    def purged():
        db.execute("SELECT FROM booking.bookings WHERE id = %s", (booking["id"],))
        return not db.fetchall()
    wait_for(purged, "the purge", 20)
    assert len(events(db, "booking.purged", booking["id"])) == 1


def test_a_purged_customer_is_forgotten(place, staff, db):
    place.chef()
    booking = place.book(special_requests="My dog is called Rex")
    expect(patch(staff, booking, 1, contact={"name": "Second Name"}))
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/notes", {"text": "A note"}), 201)
    db.execute("SELECT bus.emit(%s, 'customer.purged', 'customer/x', %s)", (
        '{"now": "2026-01-01T00:00:00Z"}', json.dumps({"customer_id": place.customer(booking)})))
    wait_for(lambda: get(staff, booking)["contact"]["name"] == "(deleted)", "the person to be forgotten")
    for path in ("", "/history", "/notes"):
        text = staff.get(f"/api/v1/bookings/{booking['id']}{path}").text
        for secret in ("Rex", "Second Name", "Ann Example", "Pier Road", "A note",
                       booking["contact"]["email"], booking["contact"]["phone"]):
            assert secret not in text, (path, secret)
    assert get(staff, booking)["total_cents"] == booking["total_cents"]


# --- notes, history ---------------------------------------------------------------------------------

def test_notes_are_for_staff(place, staff):
    place.chef()
    booking = place.book()
    path = f"/api/v1/bookings/{booking['id']}/notes"
    for text in ("first", "second", "third"):
        assert expect(staff.post(path, {"text": text}), 201)["text"] == text
    page = expect(staff.get(path, params={"limit": 2}))
    assert len(page["items"]) == 2 and page["next_cursor"]
    rest = expect(staff.get(path, params={"limit": 2, "cursor": page["next_cursor"]}))
    assert {n["text"] for n in page["items"] + rest["items"]} == {"first", "second", "third"}
    assert rest["next_cursor"] is None
    expect_problem(staff.post(path, {"text": " "}), 422, "invalid", "/text")
    expect_problem(staff.get("/api/v1/bookings/" + str(uuid.uuid4()) + "/notes"), 404, "not_found")


def test_nothing_new_is_said_briefly(place, staff):
    place.chef()
    booking = place.book()
    path = f"/api/v1/bookings/{booking['id']}"
    first = staff.get(path)
    assert first.headers["ETag"].removeprefix("W/").startswith('"1.')  # nginx compresses, and says so
    assert staff.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    expect(act(staff, booking, "confirm"))
    assert staff.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_another_name_of_the_chef_is_no_change_of_the_booking(place, staff):
    chef = place.chef()
    booking = place.book(chef_id=chef)
    path = f"/api/v1/bookings/{booking['id']}"
    seen = staff.get(path).headers["ETag"]
    profile = f"/api/v1/chefs/{chef}"
    expect(staff.patch(profile, {"name": "Renamed"}, if_match=staff.get(profile).headers["ETag"]))
    again = staff.get(path, headers={"If-None-Match": seen})
    assert expect(again)["chef_name"] == "Renamed" and again.headers["ETag"] != seen
    assert expect(staff.patch(path, {"adults": 9}, if_match=seen))["version"] == booking["version"] + 1
    expect_problem(staff.patch(path, {"adults": 10}, if_match=again.headers["ETag"]), 412, "precondition_failed")
