"""Where the tests of booking's core take place: stations of their own, out at sea, whose chefs, hours and
rules each test makes as it needs them."""
import datetime
import subprocess
import uuid
import zoneinfo

from lib.client import expect

UTC = datetime.timezone.utc


class Place:
    """A station, empty at first, and the ZIP code of a venue next door."""

    def __init__(self, running, api, db, station_id, zip_code, time_zone="America/Los_Angeles"):
        self.running, self.api, self.db, self.id, self.zip = running, api, db, station_id, zip_code
        self.zone = zoneinfo.ZoneInfo(time_zone)

    def rules(self, **columns):
        """rules(lead_time_hours=0, capacity=1)"""
        for name, value in columns.items():
            self.db.execute(f"UPDATE booking.stations SET {name} = %s WHERE id = %s", (value, self.id))

    def chef(self, *, hours=("09:00", "00:00"), days=range(1, 8), skills=(), max_events=6, user=None):
        chef_id = str(uuid.uuid4())
        self.db.execute(
            "INSERT INTO booking.chefs (id, user_id, station_id, name, skills, max_events_per_day,"
            " created_at, updated_at) VALUES (%s, %s, %s, 'Chef', %s, %s, now(), now())",
            (chef_id, user, self.id, list(skills), max_events))
        for day in days:
            self.db.execute(
                "INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)"
                " VALUES (%s, %s, %s, %s)", (chef_id, day, *hours))
        return chef_id

    def chefs(self, n, **more):
        return [self.chef(**more) for _ in range(n)]

    def exception(self, chef_id, first, kind="time_off", days=1, hours=(None, None)):
        self.db.execute(
            "INSERT INTO booking.chef_exceptions (id, chef_id, dates, kind, from_time, until_time,"
            " created_at) VALUES (%s, %s, daterange(%s, %s), %s, %s, %s, now())",
            (str(uuid.uuid4()), chef_id, first, first + datetime.timedelta(days), kind, *hours))

    def equipment(self, name=None):
        piece = str(uuid.uuid4())
        self.db.execute(
            "INSERT INTO booking.equipment (id, station_id, name, created_at, updated_at)"
            " VALUES (%s, %s, %s, now(), now())", (piece, self.id, name or piece))
        return piece

    def today(self, clock=None):
        now = datetime.datetime.fromtimestamp(clock.now(), UTC) if clock else datetime.datetime.now(UTC)
        return now.astimezone(self.zone).date()

    def day(self, ahead=10):
        return self.today() + datetime.timedelta(ahead)

    def wish(self, ahead=10, time="18:00", **more):
        """The body of a booking by somebody nobody knows."""
        who = uuid.uuid4().hex[:12]
        return {
            "event_date": self.day(ahead).isoformat(), "event_time": time, "adults": 8,
            "venue_address": "1 Pier Road", "venue_zip": self.zip, "station_id": self.id,
            "contact": {"name": "Ann Example", "email": f"{who}@example.com",
                        "phone": "+1 408 555 0" + str(int(who, 16) % 1000).zfill(3)},
        } | more

    def try_book(self, api=None, key=True, **more):
        return (api or self.api).post("/api/v1/bookings", self.wish(**more), key=key)

    def book(self, api=None, **more):
        return expect(self.try_book(api, **more), 201)

    def customer(self, booking):
        """Whose booking it is, which visitors are not told."""
        self.db.execute("SELECT customer_id FROM booking.bookings WHERE id = %s", (booking["id"],))
        return self.db.fetchone()["customer_id"]

    def starts_at(self, ahead, time):
        local = datetime.datetime.fromisoformat(f"{self.day(ahead)}T{time}").replace(tzinfo=self.zone)
        return local.astimezone(UTC)

    def availability(self, first, last=None, api=None, kept=False, **more):
        """kept: as the cache has it, which does not know what tests change in the database."""
        if not kept:
            kind = f"mh:{self.running.env['APP_ENV']}:cache:{{availability:{self.id}}}"
            subprocess.run(["redis-cli", "--no-auth-warning", "-u", self.running.env["REDIS_URL"],
                            "DEL", kind], check=True, capture_output=True)
        query = {"station_id": self.id, "from": first, "to": last or first} | more
        return expect((api or self.api).get("/api/v1/availability", params=query))


def some_time():
    """For the demo customer, who is the same in all tests and books one event at a time."""
    n = uuid.uuid4().int
    return {"ahead": 30 + n % 300, "time": f"{11 + n // 300 % 10}:{n // 3000 % 60:02d}"}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def sound(db):
    """What must be true of all bookings, whatever was done to them."""
    db.execute("""
        SELECT a.id FROM booking.resource_spans a JOIN booking.resource_spans b
        ON a.resource_id = b.resource_id AND a.id < b.id AND a.span && b.span
        WHERE a.blocking AND b.blocking""")
    assert not db.fetchall(), "double bookings"
    db.execute("""
        SELECT b.id FROM booking.bookings b JOIN booking.states t ON t.state = b.state
        LEFT JOIN booking.resource_spans s ON s.booking_id = b.id AND s.kind = 'chef'
        GROUP BY b.id, t.blocks
        HAVING count(s.id) <> 1 OR bool_or(s.resource_id <> b.chef_id)
            OR bool_or(s.blocking <> (t.blocks AND b.deleted_at IS NULL))
            OR bool_or(NOT s.span @> tstzrange(b.starts_at, b.ends_at))""")
    assert not db.fetchall(), "bookings whose chef's time is not theirs"
    db.execute("""
        SELECT h.id FROM booking.holds h LEFT JOIN booking.resource_spans s ON s.hold_id = h.id
        WHERE (h.state = 'active') <> (s.id IS NOT NULL AND s.booking_id IS NULL)""")
    assert not db.fetchall(), "holds without their time, or with it for ever"


def events(db, kind, booking_id=None, **data):
    """The events of a type, as data; of one booking, or with certain members."""
    if booking_id:
        data["booking_id"] = booking_id
    db.execute("SELECT data FROM bus.events WHERE type = %s ORDER BY txid, seq", (kind,))
    rows = [row["data"] for row in db.fetchall()]
    return [row for row in rows if all(row.get(k) == v for k, v in data.items())]
