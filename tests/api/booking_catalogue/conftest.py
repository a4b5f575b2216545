import pytest

from lib.client import Api
from lib.stack import wait_for

from shop import Shop

STATION = "c1000000-0000-4000-8000-000000000001"
ZIP = "00400"


@pytest.fixture(scope="session")
def island(running, api):
    """Makes the station, or finds that of an earlier run, and waits until every process knows it."""
    import psycopg2
    with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as db:
        db.execute("INSERT INTO booking.zip_areas (zip, city, county, state, lat_e5, lon_e5)"
                   " VALUES (%s, 'Jamestown', 'Island', 'CA', -1592400, -571800) ON CONFLICT DO NOTHING",
                   (ZIP,))
        db.execute("INSERT INTO booking.stations (id, code, name, time_zone, zip, lat_e5, lon_e5,"
                   " radius_miles, created_at, updated_at)"
                   " VALUES (%s, 'catalogue-test', 'Island', 'Atlantic/St_Helena', %s, -1592400, -571800,"
                   " 20, now(), now()) ON CONFLICT DO NOTHING", (STATION, ZIP))
    replicas = [Api(running.url(part), None, None) for part in ("booking-1", "booking-2")]

    def known():
        body = {"adults": 1, "venue_zip": ZIP}
        return all(r.post("/api/v1/bookings/quote", body).status_code == 200 for r in replicas)
    wait_for(known, "the station", 20)
    return replicas


@pytest.fixture
def shop(island, api, db):
    """The station with the usual prices."""
    usual(db)
    found = Shop(api, island, db, STATION, ZIP)
    found.sees(lambda q: q["total_cents"] == 20 * 5500)
    yield found
    usual(db)


def usual(db):
    """As it was before any test: what they made is gone."""
    db.execute("DELETE FROM booking.price_rules WHERE station_id = %s OR effective_from >= '2150-01-01'",
               (STATION,))
    db.execute("DELETE FROM booking.price_peaks WHERE station_id = %s", (STATION,))
    db.execute("DELETE FROM booking.menu_items WHERE code LIKE 'test\\_%'")
    db.execute("DELETE FROM booking.stations WHERE code LIKE 'test\\_%'")
    db.execute("UPDATE booking.chefs SET active = false WHERE station_id = %s", (STATION,))
    db.execute("UPDATE booking.stations SET active = true, capacity = 1000, first_start = '11:00'"
               " WHERE id = %s", (STATION,))


@pytest.fixture
def admin(login):
    return login("ADMIN")
