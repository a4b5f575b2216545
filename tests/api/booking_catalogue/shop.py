"""Where the tests of the catalogue take place: a station of their own on an island, so that what they
do to its prices changes nobody else's quotes."""
import datetime
import uuid

from lib.client import expect
from lib.stack import wait_for

REASON = "The rice has become dearer"
RULES = "/api/v1/admin/pricing/rules"
PEAKS = "/api/v1/admin/pricing/peaks"
ITEMS = "/api/v1/admin/menu"


def slug():
    return "test_" + uuid.uuid4().hex[:12]


class Shop:
    def __init__(self, api, replicas, db, station_id, zip_code):
        self.api, self.replicas, self.db = api, replicas, db
        self.id, self.zip = station_id, zip_code

    def day(self, weekday=1, weeks=4):
        """A Tuesday some weeks ahead: no date of the demo data."""
        today = datetime.datetime.now(datetime.timezone.utc).date()
        return today + datetime.timedelta(weeks=weeks, days=weekday - today.weekday())

    def wish(self, **more):
        return {"adults": 20, "venue_zip": self.zip, "station_id": self.id,
                "date": self.day().isoformat()} | more

    def quote(self, api=None, **more):
        return expect((api or self.api).post("/api/v1/bookings/quote", self.wish(**more), record=False))

    def sees(self, condition, **more):
        """Waits until the quotes of both replicas satisfy the condition; the last quote."""
        found = None
        for replica in self.replicas:
            def looked(api=replica):
                quote = self.quote(api, **more)
                return condition(quote) and quote
            found = wait_for(looked, "the new price")
        return found

    def sells(self, code, unit_cents):
        """Waits until both replicas sell the item at that price."""
        for replica in self.replicas:
            def sold(api=replica):
                reply = api.post("/api/v1/bookings/quote", self.wish(addons=[code]))
                return reply.status_code == 200 and any(
                    (line["code"], line["unit_cents"]) == (code, unit_cents) for line in reply.json()["lines"])
            wait_for(sold, f"{code} at {unit_cents}")

    def chef(self):
        chef_id = str(uuid.uuid4())
        self.db.execute(
            "INSERT INTO booking.chefs (id, station_id, name, max_events_per_day, created_at, updated_at)"
            " VALUES (%s, %s, 'Chef', 6, now(), now())", (chef_id, self.id))
        for day in range(1, 8):
            self.db.execute(
                "INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)"
                " VALUES (%s, %s, '09:00', '00:00')", (chef_id, day))

    def rule(self, **more):
        return {"code": "adult_price", "value": 7000, "station_id": self.id, "reason": REASON} | more

    def peak(self, **more):
        return {"label": "Fair", "station_id": self.id, "surcharge_bp": 1000,
                "first_day": self.day().isoformat(), "last_day": self.day().isoformat(),
                "reason": REASON} | more


def item(**more):
    return {"code": slug(), "kind": "addon", "name": "Mochi", "category": "dessert", "unit": "each",
            "price_cents": 650} | more


def audits(db, action, entity_id):
    db.execute("SELECT before, after, reason, role FROM bus.audit_log"
               " WHERE action = %s AND entity_id = %s ORDER BY id", (action, str(entity_id)))
    return db.fetchall()


def changes(db, code):
    """The events of that price, item or peak."""
    db.execute("SELECT data FROM bus.events WHERE type = 'pricing.changed' AND data ->> 'code' = %s"
               " ORDER BY txid, seq", (str(code),))
    return [row["data"] for row in db.fetchall()]


def events(db, kind, station_id):
    db.execute("SELECT data FROM bus.events WHERE type = %s AND data ->> 'station_id' = %s"
               " ORDER BY txid, seq", (kind, station_id))
    return [row["data"] for row in db.fetchall()]
