"""Many at once: one wins, nothing is half done, and the others know what is left."""
import uuid

import pytest

from lib.client import expect, expect_problem, together

from places import events
from test_hold import hold, visitor  # noqa: F401  (a fixture)

RIVALS = 200


def statuses(replies):
    return sorted(r.status_code for r in replies)


def test_two_hundred_want_one_time(place):
    place.chef()
    replies = together([lambda: place.try_book(time="18:00")] * RIVALS)
    assert statuses(replies) == [201] + [409] * (RIVALS - 1)
    for reply in replies:
        if reply.status_code == 409:
            problem = expect_problem(reply, 409, "slot_taken")
            assert problem["alternatives"], problem


def test_as_many_win_as_there_are_chefs(place):
    place.chefs(7)
    replies = together([lambda: place.try_book(time="18:00")] * 60)
    assert statuses(replies) == [201] * 7 + [409] * 53
    assert len({r.json()["chef_id"] for r in replies if r.status_code == 201}) == 7


def test_overlapping_times_are_one_time(place):
    place.chef()
    times = ["17:00", "17:30", "18:00", "18:30", "19:00"]
    replies = together([lambda t=t: place.try_book(time=t) for t in times * 12])
    assert statuses(replies)[0] == 201 and statuses(replies).count(201) == 1


def test_one_key_fifty_times(place, db):
    place.chefs(3)
    key, wish = str(uuid.uuid4()), place.wish()
    replies = together([lambda: place.api.post("/api/v1/bookings", wish, key=key)] * 50)
    made = [r for r in replies if r.status_code == 201]
    assert made and len({r.content for r in made}) == 1
    for reply in replies:
        if reply.status_code != 201:
            expect_problem(reply, 409, "idempotency_in_progress")
    booking = made[0].json()
    db.execute("SELECT count(*) FROM booking.bookings WHERE customer_id = %s", (place.customer(booking),))
    assert db.fetchone()["count"] == 1
    assert len(events(db, "booking.created", booking["id"])) == 1


def test_one_customer_fifty_times(place, db):
    """Without a common key: the same wish from fifty windows."""
    place.chefs(50)
    wish = place.wish()
    replies = together([lambda: place.api.post("/api/v1/bookings", wish, key=True)] * 50)
    assert statuses(replies) == [201] + [409] * 49
    assert all(r.json()["code"] == "duplicate_booking" for r in replies if r.status_code == 409)


def test_limits_a_day_hold_in_a_race(place):
    place.chef(max_events=2)
    times = ["11:00", "13:30", "16:00", "18:30", "21:00"]
    replies = together([lambda t=t: place.try_book(time=t, duration_minutes=60) for t in times * 8])
    assert statuses(replies).count(201) == 2


def test_capacity_holds_in_a_race(place):
    place.chefs(20)
    place.rules(capacity=5)
    replies = together([lambda: place.try_book(time="18:00")] * 60)
    assert statuses(replies).count(201) == 5


def test_many_reschedule_to_one_time(place, login):
    place.chef()
    times = ["11:00", "14:00", "17:00", "20:00"]
    staff = login("ADMIN")
    bookings = [place.book(staff, ahead=10 + d, time=t, duration_minutes=60) for d in range(5) for t in times]
    target = {"event_date": place.day(20).isoformat(), "event_time": "18:00", "duration_minutes": 60}
    replies = together([lambda b=b: staff.post(f"/api/v1/bookings/{b['id']}/reschedule", target)
                        for b in bookings])
    assert statuses(replies) == [200] + [409] * 19
    for booking, reply in zip(bookings, replies):
        if reply.status_code == 409:
            assert expect(staff.get(f"/api/v1/bookings/{booking['id']}")) == booking


def test_two_swap_their_times(place, login):
    """Each wants the other's time: neither gets it, or one after the other; nothing hangs."""
    place.chef()
    staff = login("ADMIN")
    a, b = place.book(time="12:00"), place.book(time="18:00")

    def move(booking, time):
        return staff.post(f"/api/v1/bookings/{booking['id']}/reschedule",
                          {"event_date": booking["event_date"], "event_time": time})
    for _ in range(5):
        replies = together([lambda: move(a, "18:00"), lambda: move(b, "12:00")])
        assert statuses(replies) == [409, 409]


def test_cancelled_once(place, login, db):
    place.chef()
    booking, staff = place.book(), login("ADMIN")
    replies = together([lambda: staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "x"})] * 20)
    assert statuses(replies) == [200] + [409] * 19
    assert len(events(db, "booking.cancelled", booking["id"])) == 1


def test_confirm_or_cancel(place, login):
    staff = login("ADMIN")
    place.chefs(10)
    for _ in range(10):
        booking = place.book()
        path = f"/api/v1/bookings/{booking['id']}/"
        confirmed, cancelled = together([lambda: staff.post(path + "confirm", {}),
                                         lambda: staff.post(path + "cancel", {"reason": "x"})])
        assert cancelled.status_code == 200
        assert confirmed.status_code in (200, 409)
        assert expect(staff.get(f"/api/v1/bookings/{booking['id']}"))["state"] == "cancelled"


def test_one_hold_many_bookings(place, visitor):  # noqa: F811
    place.chef()
    held = expect(hold(place), 201)
    replies = together([lambda: place.try_book(hold_token=held["token"])] * 30)
    assert statuses(replies) == [201] + [409] * 29


def test_give_back_or_bind(place, visitor):  # noqa: F811
    place.chef()
    for ahead in range(10, 20):
        held = expect(hold(place, ahead=ahead), 201)
        booked, released = together([
            lambda h=held, a=ahead: place.try_book(ahead=a, hold_token=h["token"]),
            lambda h=held: place.api.delete(f"/api/v1/holds/{h['token']}")])
        assert (booked.status_code, released.status_code) in ((201, 404), (409, 204))


def test_everything_at_once(place, login, db):
    """Two hundred random deeds on a few days of two chefs; afterwards the books are in order."""
    import random
    place.chefs(2)
    staff = login("ADMIN")
    pool = [place.book(ahead=10 + d, time=t, duration_minutes=60)["id"] for d in range(3)
            for t in ("11:00", "14:00", "17:00", "20:00")]
    dice = random.Random(7)

    def deed():
        booking = dice.choice(pool)
        path = f"/api/v1/bookings/{booking}"
        day, time = place.day(dice.randint(10, 12)), f"{dice.randint(11, 22)}:00"
        return dice.choice([
            lambda: place.try_book(ahead=dice.randint(10, 12), time=time, duration_minutes=60),
            lambda: staff.post(path + "/reschedule", {"event_date": day.isoformat(), "event_time": time}),
            lambda: staff.post(path + "/cancel", {"reason": "x"}),
            lambda: staff.post(path + "/confirm", {}),
            lambda: staff.delete(path, json={"reason": "for no reason"}),
            lambda: staff.post(path + "/restore"),
        ])
    deeds = [deed() for _ in range(200)]
    for start in range(0, len(deeds), 50):
        for reply in together(deeds[start:start + 50]):
            assert reply.status_code < 500, reply.text
