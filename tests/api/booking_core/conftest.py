import itertools
import uuid

import pytest

from lib.client import Api, expect
from lib.stack import wait_for

from places import Place, sound

STATIONS = 12
AREA = 200  # ZIP codes 00200 and up are nobody's


def station_id(i):
    return f"c0000000-0000-4000-8000-{i:012d}"


def zip_code(i):
    return f"{AREA + i:05d}"


@pytest.fixture(scope="session")
def sea(running):
    """Makes the stations, or finds those of an earlier run, and waits until every process knows them."""
    import psycopg2
    with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as db:
        for i in range(STATIONS):
            at = (-5000000 + 200000 * i, -3000000)  # two degrees from one to the next
            db.execute(
                "INSERT INTO booking.zip_areas (zip, city, county, state, lat_e5, lon_e5)"
                " VALUES (%s, 'Atlantis', 'Sea', 'CA', %s, %s) ON CONFLICT DO NOTHING",
                (zip_code(i), *at))
            db.execute(
                "INSERT INTO booking.stations (id, code, name, time_zone, zip, lat_e5, lon_e5,"
                " radius_miles, created_at, updated_at)"
                " VALUES (%s, %s, 'At sea', 'America/Los_Angeles', %s, %s, %s, 20, now(), now())"
                " ON CONFLICT DO NOTHING",
                (station_id(i), f"core-test-{i}", zip_code(i), *at))

    body = {"guest_count": 2, "venue_zip": zip_code(STATIONS - 1)}
    for replica in ("booking-1", "booking-2"):
        own = Api(running.url(replica), None, None)
        wait_for(lambda: own.post("/api/v1/bookings/quote", body, record=False).status_code == 200,
                 f"the stations at {replica}", 60)
    return itertools.cycle(range(STATIONS))


@pytest.fixture
def account(login):
    """account("CHEF"): the id of that demo account."""
    return lambda role: expect(login(role).get("/api/v1/me"))["id"]


def emptied(i, running, api, db):
    """A station. What earlier tests left there concerns nobody: its chefs are gone."""
    db.execute("UPDATE booking.chefs SET active = false, user_id = NULL WHERE station_id = %s",
               (station_id(i),))
    db.execute("UPDATE booking.equipment SET active = false WHERE station_id = %s", (station_id(i),))
    db.execute("UPDATE booking.waitlist SET state = 'removed' WHERE station_id = %s AND state = 'waiting'",
               (station_id(i),))
    p = Place(running, api, db, station_id(i), zip_code(i))
    p.rules(capacity=100, setup_minutes=30, teardown_minutes=30, lead_time_hours=48,
            max_ahead_days=365, time_zone="America/Los_Angeles", active=True)
    return p


@pytest.fixture
def place(sea, running, api, db):
    """An empty station."""
    yield emptied(next(sea), running, api, db)
    sound(db)


@pytest.fixture
def places(sea, running, api, db):
    """Three stations with a chef each."""
    three = [emptied(next(sea), running, api, db) for _ in range(3)]
    for one in three:
        one.chef()
    yield three
    sound(db)


@pytest.fixture
def own_chef(place, account, db):
    """The demo chef's profile, at this station for the test."""
    user = account("CHEF")
    db.execute("SELECT id FROM booking.chefs WHERE user_id = %s", (user,))
    usual = db.fetchone()
    db.execute("UPDATE booking.chefs SET user_id = NULL WHERE user_id = %s", (user,))
    chef = place.chef(user=user)
    yield chef
    db.execute("UPDATE booking.chefs SET user_id = NULL WHERE id = %s", (chef,))
    if usual:
        db.execute("UPDATE booking.chefs SET user_id = %s WHERE id = %s", (user, usual["id"]))


@pytest.fixture
def needle():
    """A word that nobody else writes."""
    return "shellfish" + uuid.uuid4().hex


@pytest.fixture
def kept(db):
    """kept(word): the tables that have it somewhere."""
    db.execute("SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables"
               " WHERE table_schema IN ('bus', 'booking', 'identity') AND table_type = 'BASE TABLE'")
    tables = [row["name"] for row in db.fetchall()]

    def find(word):
        found = []
        for table in tables:
            db.execute(f"SELECT count(*) AS n FROM {table} t WHERE t::text LIKE %s", (f"%{word}%",))
            if db.fetchone()["n"]:
                found.append(table)
        return found
    return find
