"""Parts die under load. What was acknowledged is there afterwards, once; what was not is repeated
with the same key and then is there once; nobody is booked twice; and the suite serves again by
itself.

The client keeps a journal of what was acknowledged, as an honest client would: a 5xx, a lost
connection or a 409 "in progress" says nothing about the outcome, so the same key is sent again."""
import contextlib
import datetime
import itertools
import os
import random
import signal
import subprocess
import threading
import uuid

import pytest
import requests

from lib.client import expect
from lib.stack import wait_for

CLIENTS = 8
WRITES = 60

_days = itertools.count(random.randrange(600))  # the stack may have bookings of an earlier run


def slot():
    """A day and time that no other call gets: two starts a day, so that spans do not meet."""
    n = next(_days)
    day = datetime.date.today() + datetime.timedelta(days=10 + n // 2 % 300)
    return day.isoformat(), ("11:30", "18:30")[n % 2]


def body():
    day, time = slot()
    who = uuid.uuid4().hex[:12]
    return {"event_date": day, "event_time": time, "adults": 10, "venue_zip": "95112",
            "venue_address": "1 Market Street, San Jose", "event_type": "birthday",
            "contact": {"name": "Fault Test", "email": f"{who}@example.com",
                        "phone": "+14085550" + str(100 + int(who[:4], 16) % 900)}}


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}  # key -> booking id
        self.refused = {}       # key -> problem code
        self.unsettled = []     # (key, body)
        self.errors = []

    def settle(self, api, key, sent, tries):
        """Sends until the outcome is known, or the tries are used up."""
        for _ in range(tries):
            try:
                reply = api.post("/api/v1/bookings", json=sent, key=key, timeout=20)
            except requests.exceptions.RequestException:
                continue
            code = reply.json().get("code") if reply.content else None
            with self.lock:
                if reply.status_code == 201:
                    self.acknowledged[key] = reply.json()["id"]
                    return
                if reply.status_code in (502, 503, 504) or code == "idempotency_in_progress":
                    continue
                if reply.status_code == 409:
                    self.refused[key] = code
                    return
                self.errors.append(f"{reply.status_code}: {reply.text[:300]}")
                return
        with self.lock:
            self.unsettled.append((key, sent))


def under_load(api, trouble):
    """CLIENTS threads book while trouble() is made; returns the journal, everything settled."""
    journal = Journal()
    started = threading.Event()
    count = itertools.count()

    def client():
        while next(count) < WRITES:
            journal.settle(api, str(uuid.uuid4()), body(), tries=3)
            if len(journal.acknowledged) >= 5:
                started.set()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    assert started.wait(30), journal.errors
    trouble()
    for t in threads:
        t.join()
    return journal


def settled(api, journal):
    for key, sent in journal.unsettled:
        journal.settle(api, key, sent, tries=30)
    journal.unsettled = [u for u in journal.unsettled
                         if u[0] not in journal.acknowledged and u[0] not in journal.refused]
    assert not journal.errors, journal.errors[:3]
    assert not journal.unsettled


def check(db, journal):
    """The invariants, in the database."""
    ids = list(journal.acknowledged.values())
    assert len(ids) > 10 and len(set(ids)) == len(ids)
    db.execute("SELECT count(*) AS n FROM booking.bookings WHERE id = ANY(%s::uuid[])", (ids,))
    assert db.fetchone()["n"] == len(ids), "acknowledged bookings are lost"
    subjects = [f"booking/{i}" for i in ids]
    db.execute("""SELECT subject, count(*) AS n FROM bus.events
                  WHERE type = 'booking.created' AND subject = ANY(%s) GROUP BY subject""",
               (subjects,))
    events = {row["subject"]: row["n"] for row in db.fetchall()}
    assert set(events) == set(subjects) and set(events.values()) == {1}, "events lost or doubled"
    db.execute("SELECT key, count(*) AS n FROM bus.idempotency WHERE key = ANY(%s) GROUP BY key",
               (list(journal.acknowledged),))
    assert all(row["n"] == 1 for row in db.fetchall())
    db.execute("""SELECT count(*) AS n FROM booking.resource_spans a JOIN booking.resource_spans b
                  ON a.resource_id = b.resource_id AND a.span && b.span AND a.ctid < b.ctid
                  WHERE a.blocking AND b.blocking""")
    assert db.fetchone()["n"] == 0, "somebody is booked twice"


def free_times(api, days=20):
    """A read that asks the database, or for a minute the cache."""
    day = datetime.date.today() + datetime.timedelta(days=days)
    return api.get("/api/v1/availability",
                   params={"venue_zip": "95112", "from": day.isoformat(), "to": day.isoformat()})


def serving(api):
    return wait_for(lambda: api.get("/api/v1/health").status_code == 200, "health", 30)


@pytest.mark.parametrize("name", ["KILL", "TERM"])
def test_replica_dies(api, stack, db, name):
    def trouble():
        for part in ("booking-1", "booking-2"):
            pid = stack.pid(part)
            stack.signal(part, name)
            wait_for(lambda: not os.path.exists(f"/proc/{pid}"), f"{part} to end")
            stack.start(part)
    journal = under_load(api, trouble)
    settled(api, journal)
    check(db, journal)


def test_backends_are_killed(api, stack, db):
    def trouble():
        for _ in range(5):
            stack.run("psql", "-d", "myhibachi", "-c", "SELECT pg_terminate_backend(pid) "
                      "FROM pg_stat_activity WHERE usename = 'mh_booking'")
    journal = under_load(api, trouble)
    settled(api, journal)
    check(db, journal)


def test_postgres_restarts(api, stack, running):
    def trouble():
        stack.stop("postgres")  # fast: connections are cut
        wait_for(lambda: api.get("/api/v1/health").status_code == 503, "health to say 503", 30)
        stack.start("postgres")
    journal = under_load(api, trouble)
    serving(api)
    settled(api, journal)
    import psycopg2
    import psycopg2.extras
    c = psycopg2.connect(running.env["DATABASE_URL"],
                         cursor_factory=psycopg2.extras.RealDictCursor)
    with c, c.cursor() as cursor:
        check(cursor, journal)
    c.close()


def test_redis_is_gone(api, stack, db):
    """No request fails for it: limits and cache do without."""
    failed = []

    def trouble():
        stack.signal("redis", "KILL")
        for _ in range(20):
            reply = free_times(api)
            if reply.status_code != 200:
                failed.append(reply.text)
        stack.start("redis")
    journal = under_load(api, trouble)
    assert not failed, failed[:3]
    settled(api, journal)
    check(db, journal)


def frozen(pids, name):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, name)


def test_postgres_is_frozen(api, stack):
    """Every request ends by its deadline, with a problem that says to come back."""
    parent = stack.pid("postgres")
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True,
                              check=True).stdout.split()
    pids = [parent, *map(int, children)]
    frozen(pids, signal.SIGSTOP)
    try:
        reply = api.post("/api/v1/bookings", json=body(), key=True, timeout=60)
    finally:
        frozen(pids, signal.SIGCONT)
    assert reply.status_code in (503, 504), reply.text
    assert reply.json()["code"] in ("unavailable", "timeout", "busy")
    serving(api)
    assert expect(free_times(api))


def test_503_says_when_to_come_back(api, stack):
    days = itertools.count(random.randrange(30, 200))  # a day that nobody has asked for: it is in no cache
    stack.stop("postgres")
    try:
        [reply] = wait_for(lambda: [r for r in [free_times(api, next(days))] if r.status_code == 503], "503", 30)
    finally:
        stack.start("postgres")
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    serving(api)


def test_a_mail_does_not_wait_long_for_who_died_over_it(api, stack, mailbox, clock, db):
    """Half a minute later another process has sent it."""
    mailbox.behave("slow")
    sent = body()
    expect(api.post("/api/v1/bookings", json=sent, key=True), 201)

    def running():
        db.execute("SELECT count(*) AS n FROM bus.jobs WHERE kind = 'booking.mail' AND state = 'running'")
        return db.fetchone()["n"]
    wait_for(running, "the mail to be on its way")
    for part in ("booking-1", "booking-2"):
        parent = stack.pid(part)
        workers = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=True).stdout.split()
        frozen([parent, *map(int, workers)], signal.SIGKILL)
        wait_for(lambda p=parent: not os.path.exists(f"/proc/{p}"), f"{part} to end")
        stack.start(part)
    mailbox.behave("ok")
    clock.advance(seconds=30)
    assert "We have your booking" in mailbox.wait(to=sent["contact"]["email"]).subject
