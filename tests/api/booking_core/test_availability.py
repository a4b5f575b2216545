"""Free times: the same answer as booking gives, by whatever hours, days off and events there are."""
import datetime
import random
import uuid

import pytest

from lib.client import expect, expect_problem
from lib.stack import wait_for

from places import moment


@pytest.fixture
def staff(login):
    return login("ADMIN")


def slots(place, first, last=None, **more):
    return {(s["date"], s["time"]): s["chefs"] for s in place.availability(first, last, **more)["slots"]}


def test_free_times_of_a_day(place):
    place.chef(hours=("12:00", "15:00"))
    day = place.day()
    reply = place.availability(day)
    assert reply["station_id"] == place.id and reply["time_zone"] == "America/Los_Angeles"
    assert [(s["time"], s["chefs"]) for s in reply["slots"]] == [("12:00", 1), ("12:30", 1), ("13:00", 1)]
    assert moment(reply["slots"][0]["starts_at"]) == place.starts_at(10, "12:00")
    place.chef(hours=("12:30", "16:00"))
    assert slots(place, day) == {(day.isoformat(), t): n for t, n in
                                 (("12:00", 1), ("12:30", 2), ("13:00", 2), ("13:30", 1), ("14:00", 1))}
    assert slots(place, day, duration_minutes=210) == {(day.isoformat(), "12:30"): 1}


def test_a_booking_takes_its_time(place):
    place.chef()
    day = place.day()
    before = slots(place, day)
    place.book(time="18:00")
    after = slots(place, day)
    gone = {t for _, t in before.keys() - after.keys()}
    assert "18:00" in gone and "11:00" not in gone


def test_replies_are_kept_and_dropped(place, staff):
    """A change in the database that nobody tells of is not seen for a while; what happens through the API
    is, at once but for the moment that the news takes."""
    place.chef()
    day = place.day(15)

    def times():
        return {s["time"] for s in place.availability(day, kept=True)["slots"]}
    before = times()
    place.chef(hours=("11:00", "13:00"))
    assert times() == before
    chefs = {s["chefs"] for s in place.availability(day, kept=True)["slots"]}
    assert chefs == {1}
    booking = place.book(ahead=15, time="18:00", duration_minutes=240)
    wait_for(lambda: "18:00" not in times(), "the booking to be seen")
    expect(staff.post(f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "rain"}))
    wait_for(lambda: "18:00" in times(), "the cancelling to be seen")


def test_without_redis(place, stack):
    place.chef()
    stack.stop("redis")
    try:
        assert place.availability(place.day(), kept=True)["slots"]
        place.book()
        assert "18:00" not in [s["time"] for s in place.availability(place.day(), kept=True)["slots"]]
    finally:
        stack.start("redis")


def test_by_zip_code(place):
    place.chef()
    query = {"venue_zip": place.zip, "from": place.day(), "to": place.day()}
    reply = expect(place.api.get("/api/v1/availability", params=query))
    assert reply["station_id"] == place.id
    expect_problem(place.api.get("/api/v1/availability", params=query | {"venue_zip": "00199"}),
                   422, "out_of_area")


@pytest.mark.parametrize("change,pointer", [
    ({"to": "2030-01-01"}, "to"), ({"from": None}, "from"), ({"from": "x"}, "from"),
    ({"duration_minutes": 30}, "duration_minutes"), ({"guests": 51}, "guests"),
    ({"station_id": None}, "station_id"), ({"station_id": "7"}, "station_id"), ({"chef": "1"}, "chef"),
])
def test_mistakes_are_named(place, change, pointer):
    query = {"station_id": place.id, "from": place.day(), "to": place.day()} | change
    query = {k: v for k, v in query.items() if v is not None}
    expect_problem(place.api.get("/api/v1/availability", params=query), 422, "invalid", pointer)


def test_days_in_order_and_not_too_many(place):
    day, query = place.day(), {"station_id": place.id}
    expect_problem(place.api.get("/api/v1/availability", params=query | {
        "from": day, "to": day - datetime.timedelta(1)}), 422, "invalid", "to")
    expect_problem(place.api.get("/api/v1/availability", params=query | {
        "from": day, "to": day + datetime.timedelta(31)}), 422, "invalid", "to")
    expect(place.api.get("/api/v1/availability", params=query | {
        "from": day, "to": day + datetime.timedelta(30)}))
    expect_problem(place.api.get("/api/v1/availability", params={
        "station_id": str(uuid.uuid4()), "from": day, "to": day}), 404, "not_found")


def test_nothing_too_soon_or_too_far(place):
    place.chef()
    place.rules(lead_time_hours=48, max_ahead_days=20)
    free = slots(place, place.day(0), place.day(25))
    starts = [moment(s["starts_at"]) for s in place.availability(place.day(0), place.day(25))["slots"]]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert free and min(starts) >= now + datetime.timedelta(hours=48)
    assert max(starts) <= now + datetime.timedelta(days=20)


# Clocks change during the range; the last two zones change by half an hour, and in the evening.
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe",
                                  "Asia/Kathmandu", "Pacific/Chatham", "America/Nuuk", "UTC"])
def test_what_is_offered_is_what_booking_takes(place, db, zone):
    """A random week of random chefs: for every start the number here and booking.chefs_free() agree."""
    dice = random.Random(zone)
    place.rules(time_zone=zone, capacity=4, setup_minutes=45, teardown_minutes=15, lead_time_hours=0)
    try:
        check_agreement(place, db, dice)
    finally:
        place.rules(time_zone="America/Los_Angeles")


def check_agreement(place, db, dice):
    first = datetime.date(place.day().year + 1, *dice.choice([(3, 10), (3, 25), (4, 2), (10, 1), (10, 28)]))
    place.rules(max_ahead_days=900)
    days = [first + datetime.timedelta(n) for n in range(8)]
    for _ in range(6):
        start = dice.choice(["08:00", "10:30", "12:00", "20:00"])
        chef = place.chef(hours=(start, dice.choice(["18:00", "22:30", "00:00", "03:00"])),
                          days=dice.sample(range(1, 8), 5), max_events=dice.randint(1, 3))
        for day in dice.sample(days, 3):
            place.exception(chef, day, *dice.choice([("time_off",), ("available", 1, ("11:00", "15:00")),
                                                     ("available", 1, ("21:00", "02:00"))]))
        for day in dice.sample(days, 4):
            add_span(place, db, chef, day, dice)
    for minutes in (60, 120, 300, 480):
        reply = place.availability(days[0], days[-1], duration_minutes=minutes)
        offered = {(s["date"], s["time"]): s["chefs"] for s in reply["slots"]}
        db.execute("""
            SELECT d::date::text AS date, to_char(t, 'HH24:MI') AS time, booking.chefs_free(slot) AS n
            FROM booking.stations s,
                 generate_series(%s::timestamp, %s::timestamp, '1 day') d,
                 generate_series(time '11:00' + d, time '22:30' + d, '30 minutes') t,
                 booking.slot_at(s, d::date, t::time, %s, 0) slot
            WHERE s.id = %s AND (slot).starts_at IS NOT NULL""", (days[0], days[-1], minutes, place.id))
        taken = {(r["date"], r["time"]): r["n"] for r in db.fetchall() if r["n"]}
        assert offered == taken and (offered or minutes > 120)


def add_span(place, db, chef, day, dice):
    """Something that the chef has to do, some hours of that day or the night after it."""
    hold = str(uuid.uuid4())
    db.execute("""
        WITH at AS (SELECT booking.local_to_utc(%(day)s::date + make_interval(mins => %(minute)s),
                                                s.time_zone) AS start
                    FROM booking.stations s WHERE s.id = %(station)s),
        held AS (
            INSERT INTO booking.holds (id, station_id, chef_id, event_date, event_time, duration_minutes,
                starts_at, ends_at, venue_zip, holder, expires_at, created_at, updated_at)
            SELECT %(hold)s, %(station)s, %(chef)s, %(day)s, '12:00', 60, at.start, at.start, %(zip)s,
                   'test', now() + interval '10 years', now(), now()
            FROM at WHERE at.start IS NOT NULL RETURNING id)
        INSERT INTO booking.resource_spans (resource_id, kind, span, day, expires_at, hold_id)
        SELECT %(chef)s, 'chef', tstzrange(at.start, at.start + make_interval(mins => %(length)s)), %(day)s,
               now() + interval '10 years', held.id
        FROM at, held ON CONFLICT ON CONSTRAINT resource_spans_free DO NOTHING""", {
            "hold": hold, "chef": chef, "station": place.id, "zip": place.zip, "day": day,
            "minute": dice.choice(range(600, 1430, 30)), "length": dice.choice(range(60, 600, 30))})
    db.execute("UPDATE booking.holds SET state = 'released', holder = NULL WHERE id = %s AND NOT EXISTS"
               " (SELECT FROM booking.resource_spans WHERE hold_id = %s)", (hold, hold))


def test_local_times_in_every_zone_over_twenty_years(db):
    """booking.local_to_utc() and booking.zone_offsets(), around each change of each zone's clocks, against
    PostgreSQL itself: a time that exists reads back, the first of two is taken, a gap is a gap."""
    db.execute("""
        WITH zone AS (
            SELECT name FROM pg_timezone_names
            WHERE name ~ '^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/'
        ), day AS (
            SELECT name, d, (d AT TIME ZONE name) - (d AT TIME ZONE 'UTC') AS shift
            FROM zone, generate_series('2020-01-01Z'::timestamptz, '2040-12-31Z', '1 day') d
        ), change AS (
            SELECT name, d FROM (SELECT name, d, shift, lag(shift) OVER (PARTITION BY name ORDER BY d) AS was
                                 FROM day) x WHERE was <> shift
        ), local AS (
            SELECT c.name, (date_trunc('hour', c.d AT TIME ZONE c.name) + n * interval '30 minutes') AS t
            FROM change c, generate_series(-72, 48) n
        ), tried AS (
            SELECT l.name, l.t, booking.local_to_utc(l.t, l.name) AS utc, earlier.utc AS first
            FROM local l CROSS JOIN LATERAL (
                SELECT min(u) AS utc
                FROM generate_series((l.t AT TIME ZONE 'UTC') - interval '16 hours',
                                     (l.t AT TIME ZONE 'UTC') + interval '16 hours', '15 minutes') u
                WHERE u AT TIME ZONE l.name = l.t) earlier
            WHERE hashtext(l.name || l.t) % 20 = 0
        )
        SELECT count(*) AS n, count(*) FILTER (WHERE utc IS NULL) AS gaps,
               count(*) FILTER (WHERE utc IS DISTINCT FROM first) AS wrong FROM tried""")
    row = db.fetchone()
    assert row["n"] > 10000 and row["gaps"] > 50 and row["wrong"] == 0, row
