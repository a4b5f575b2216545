"""The hourly upkeep, as services run it: nobody notices that it did not run, and it makes up for that."""
import datetime

import requests

from lib.client import expect
from lib.stack import SERVICES, wait_for
from test_faults import body
from test_health import value_of


def ahead(running):
    texts = [requests.get(running.metrics_url(part), timeout=10).text for part in SERVICES]
    return [value_of(text, "log_months_ahead") for text in texts if "log_months_ahead" in text]


def test_months_that_nobody_made(api, running, db, clock):
    """The clock jumps past every partition, as if upkeep had not run for months. A write does not fail, and the
    services make the months at once, that of the write too."""
    wait_for(lambda: ahead(running) == [3] * len(SERVICES), "three months ahead", 20)
    clock.advance(days=150)
    day = datetime.date.fromtimestamp(clock.now() + 40 * 86400).isoformat()
    booked = expect(api.post("/api/v1/bookings", json=body() | {"event_date": day}, key=True), 201)

    def month():
        db.execute("SELECT tableoid::regclass::text AS name FROM bus.events WHERE subject = %s",
                   (f"booking/{booked['id']}",))
        return db.fetchone()["name"]
    wait_for(lambda: not month().endswith("_default"), "the month of the booking's event", 20)
    wait_for(lambda: ahead(running) == [3] * len(SERVICES), "three months ahead again", 20)
