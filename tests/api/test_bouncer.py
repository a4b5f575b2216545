"""The suite behind PgBouncer in transaction mode, as docs/operations.md says: whatever the services do, each statement
may be run by another server process. What is acknowledged stays, whatever dies."""
import datetime
import random
import time
import uuid

import psycopg2
import pytest

from lib.bouncer import POOL_SIZE, Bouncer
from lib.client import expect, expect_problem, together
from lib.stack import wait_for
from test_faults import body, check, free_times, serving, settled, under_load


@pytest.fixture(scope="module")
def bouncer(running):
    b = Bouncer(running)
    try:
        b.put_between()
        yield b
    finally:
        running.heal()
        b.take_away()


@pytest.fixture
def wish(bouncer, api):
    """A booking of an evening that is free, whatever ran before."""
    first = datetime.date.today() + datetime.timedelta(days=random.randrange(320, 350))
    slots = expect(api.get("/api/v1/availability", params={
        "venue_zip": "95112", "from": first.isoformat(), "to": (first + datetime.timedelta(days=13)).isoformat()}))
    free = random.choice(slots["slots"])
    return body() | {"event_date": free["date"], "event_time": free["time"]}


def sessions(db):
    db.execute("SELECT usename, count(*) AS n FROM pg_stat_activity"
               " WHERE usename IN ('mh_identity', 'mh_booking') GROUP BY usename")
    return {row["usename"]: row["n"] for row in db.fetchall()}


def test_all_services_share_few_connections(bouncer, api, demo, db):
    """And nobody goes past it."""
    assert {r.status_code for r in together([lambda: free_times(api)] * 20)} == {200}
    expect(api.post("/api/v1/auth/login", json=demo["CUSTOMER"]))
    assert set(sessions(db)) == {"mh_identity", "mh_booking"}
    assert max(sessions(db).values()) <= POOL_SIZE


@pytest.mark.parametrize("service", ["identity", "booking"])
def test_sessions_have_their_settings(bouncer, service):
    """PgBouncer passes no options on: the role has them."""
    c = psycopg2.connect(bouncer.urls[service])
    c.autocommit = True
    with c.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE source = 'database user'")
        settings = dict(cursor.fetchall())
    c.close()
    assert settings["statement_timeout"] == settings["idle_in_transaction_session_timeout"] == "10000"
    assert settings["TimeZone"] == "UTC" and settings["jit"] == "off"


def test_a_booking(bouncer, api, mailbox, wish):
    """Once, whoever asks how often; and what it causes: an event, which a consumer acts on, and a job."""
    key = str(uuid.uuid4())
    first = api.post("/api/v1/bookings", json=wish, key=key)
    booking = expect(first, 201)
    again = api.post("/api/v1/bookings", json=wish, key=key)
    assert (again.status_code, again.content) == (201, first.content)
    expect_problem(api.post("/api/v1/bookings", json=wish | {"adults": 11}, key=key), 422, "idempotency_key_reused")
    assert api.post("/api/v1/bookings", json=wish, key=True).status_code == 409
    assert booking["number"] in mailbox.wait(to=wish["contact"]["email"]).text


def test_one_key_at_the_same_moment(bouncer, api, wish):
    """The lock on a key ends with its transaction, whoever has the connection then."""
    key = str(uuid.uuid4())
    replies = together([lambda: api.post("/api/v1/bookings", json=wish, key=key)] * 20)
    assert {r.status_code for r in replies} <= {201, 409}
    assert {r.json()["code"] for r in replies if r.status_code == 409} <= {"idempotency_in_progress"}
    assert len({r.json()["id"] for r in replies if r.status_code == 201}) == 1
    assert api.post("/api/v1/bookings", json=wish, key=key).status_code == 201


def test_many_want_one_evening(bouncer, api, db, wish):
    """More of them wait for the day's lock than there are connections."""
    def as_somebody():
        contact = wish["contact"] | {"email": f"{uuid.uuid4().hex}@example.com"}
        return api.post("/api/v1/bookings", json=wish | {"contact": contact}, key=True)
    replies = together([as_somebody] * 30)
    statuses = [r.status_code for r in replies]
    assert set(statuses) == {201, 409}, statuses
    db.execute("""SELECT count(*) AS n FROM booking.resource_spans a JOIN booking.resource_spans b
                  ON a.resource_id = b.resource_id AND a.span && b.span AND a.ctid < b.ctid
                  WHERE a.blocking AND b.blocking""")
    assert db.fetchone()["n"] == 0


def test_signing_in_and_out(bouncer, api, demo):
    tokens = expect(api.post("/api/v1/auth/login", json=demo["STATION_MANAGER"]))
    caller = api.with_token(tokens["access_token"])
    assert expect(caller.get("/api/v1/me"))["email"] == demo["STATION_MANAGER"]["email"]
    assert caller.get("/api/v1/bookings").status_code == 200
    expect_problem(api.post("/api/v1/auth/login", json=demo["STATION_MANAGER"] | {"password": "wrong"}), 401,
                   "invalid_credentials")
    expect(api.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]}))
    assert caller.post("/api/v1/auth/logout").status_code == 204
    for path in ("/api/v1/me", "/api/v1/bookings"):  # every process hears of it
        wait_for(lambda p=path: all(caller.get(p).status_code == 401 for _ in range(4)), "the session to end")


def test_commands(bouncer, running):
    for part in ("identity", "booking-1"):
        done = running.command(part, "reseal")
        assert done.returncode == 0, done.stderr


# --- things break ------------------------------------------------------------------------------


def hurried(call):
    """A 503 that says when to come back, in time."""
    started = time.monotonic()
    reply = call()
    assert time.monotonic() - started < 14
    expect_problem(reply, 503, "unavailable")
    assert int(reply.headers["Retry-After"]) >= 1


def test_pgbouncer_is_gone_for_a_while(bouncer, api, stack, db):
    def trouble():
        bouncer.kill()
        wait_for(lambda: free_times(api).status_code == 503, "503", 30)
        hurried(lambda: api.post("/api/v1/bookings", json=body(), key=True))
        bouncer.start()
        serving(api)
    journal = under_load(api, trouble)
    settled(api, journal)
    check(db, journal)


def test_server_connections_are_killed(bouncer, api, stack, db):
    def trouble():
        for _ in range(5):
            stack.run("psql", "-d", "myhibachi", "-c", "SELECT pg_terminate_backend(pid) "
                      "FROM pg_stat_activity WHERE usename = 'mh_booking'")
    journal = under_load(api, trouble)
    settled(api, journal)
    check(db, journal)


def test_postgres_is_away_behind_it(bouncer, api, stack, wish):
    """PgBouncer takes clients all the same, and lets them wait."""
    key = str(uuid.uuid4())
    stack.stop("postgres")
    try:
        wait_for(lambda: api.get("/api/v1/health").status_code == 503, "health to say 503", 30)
        hurried(lambda: api.post("/api/v1/bookings", json=wish, key=key))
    finally:
        stack.start("postgres")
    # The other replica may need a moment longer: as long as that, its 503 says to come back.
    made = wait_for(lambda: [r for r in [api.post("/api/v1/bookings", json=wish, key=key)] if r.status_code != 503],
                    "both to serve", 10)
    assert expect(made[0], 201)["event_date"] == wish["event_date"]
