"""The functions of the schema bus under real concurrency, on a PostgreSQL of their own.

The server is a throw-away one; the test needs neither the services nor a running stack.
"""
import contextlib
import functools
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import uuid

import psycopg2
import psycopg2.errors
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
NOW = "2026-03-01T09:00:00Z"


def ctx(**more):
    return json.dumps({"now": NOW, "ip": "192.0.2.1"} | more)


class Server:
    """initdb in a temporary folder; a Unix socket and nothing else."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mh-bus-")
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.user:
            shutil.chown(self.dir, "postgres", "postgres")
        self.pg("initdb", "-D", f"{self.dir}/pg", "-U", "postgres", "-A", "trust", "-N")
        options = f"-k {self.dir} -c listen_addresses= -c fsync=off -c max_connections=60"
        self.pg("pg_ctl", "-D", f"{self.dir}/pg", "-w", "-l", f"{self.dir}/log", "-o", options,
                "start")
        try:
            self.deploy()
        except BaseException:
            self.stop()
            raise

    def pg(self, program, *args):
        subprocess.run([*self.user, BIN / program, *args], check=True, cwd="/",
                       stdout=subprocess.DEVNULL)

    def deploy(self):
        plan = (ROOT / "migrations/sqitch.plan").read_text().splitlines()
        for change in [line.split()[0] for line in plan if line and line[0] != "%"]:
            if change == "roles" or change.startswith("bus"):
                subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", self.dir,
                                "-U", "postgres", "-f", f"{ROOT}/migrations/deploy/{change}.sql"],
                               check=True)
        with self.connect() as c, c.cursor() as q:
            q.execute("""
                CREATE SCHEMA booking AUTHORIZATION mh_booking;
                SET ROLE mh_booking;
                CREATE TABLE booking.seen (consumer text, id uuid);
                CREATE FUNCTION booking.see(ctx jsonb, events jsonb) RETURNS void
                LANGUAGE sql AS $$
                    INSERT INTO booking.seen
                    SELECT ctx->>'consumer', (e->>'id')::uuid FROM jsonb_array_elements(events) e $$;
                CREATE FUNCTION booking.choke(ctx jsonb, events jsonb) RETURNS void
                LANGUAGE sql AS $$
                    INSERT INTO booking.seen SELECT ctx->>'consumer', (e->>'id')::uuid
                    FROM jsonb_array_elements(events) e
                    WHERE 1 / (CASE WHEN e->>'subject' = 'poison' THEN 0 ELSE 1 END) = 1 $$;""")

    def connect(self, user="postgres"):
        c = psycopg2.connect(host=self.dir, user=user, dbname="postgres")
        c.autocommit = user != "postgres"
        return c

    def stop(self):
        self.pg("pg_ctl", "-D", f"{self.dir}/pg", "-m", "immediate", "stop")
        shutil.rmtree(self.dir)


@pytest.fixture(scope="module")
def server():
    s = Server()
    yield s
    s.stop()


def one(connection, sql, *args):
    with connection.cursor() as q:
        q.execute(sql, args)
        return q.fetchone()[0]


@pytest.fixture
def booking(server):
    c = server.connect("mh_booking")
    yield c
    c.close()


@pytest.fixture
def operator(server):
    """The service that has the API for operators."""
    c = server.connect("mh_identity")
    yield c
    c.close()


def emit(connection, subject="x"):
    return one(connection, "SELECT bus.emit(%s, 'booking.changed', %s, '{}')", ctx(), subject)


def consume(connection, consumer, function="booking.see", n=50, park=False):
    return one(connection, "SELECT bus.consume(%s, %s, NULL, %s, %s, %s)", ctx(consumer=consumer),
               consumer, function, n, park)


def drain(connection, consumer):
    """Consumes to the end; the events given."""
    got = []
    while True:
        batch = consume(connection, consumer, function=None, n=1000)
        got += [e["id"] for e in batch["events"]]
        if not batch["more"]:
            return got


def seen(server, consumer):
    with server.connect() as c, c.cursor() as q:
        q.execute("SELECT id FROM booking.seen WHERE consumer = %s", (consumer,))
        return [row[0] for row in q.fetchall()]


def run_all(functions):
    """Each on a thread of its own; what one raises is raised here."""
    errors = []

    def guard(f):
        try:
            f()
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guard, args=(f,)) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


# --- events -------------------------------------------------------------------------------------


def test_nothing_is_lost_or_doubled_while_16_write_and_consumers_are_killed(server):
    consumer = f"booking.{uuid.uuid4().hex}"
    done = threading.Event()
    written, polled = [], []

    def writer():
        # Transactions of random length: what makes the order of commits another than that of ids.
        rng = random.Random()
        c = server.connect("mh_booking")
        c.autocommit = False
        for _ in range(60):
            ids = [emit(c) for _ in range(rng.randint(1, 3))]
            one(c, "SELECT pg_sleep(%s)::text", rng.random() * 0.005)
            ids.append(emit(c))
            if rng.random() < 0.1:
                c.rollback()
            else:
                c.commit()
                written.extend(ids)
        c.close()

    def reader(seed):
        rng = random.Random(seed)
        c = server.connect("mh_booking")
        while True:
            last = done.is_set()
            try:
                batch = consume(c, consumer, n=rng.randint(1, 20))
                if last and not batch["events"]:
                    break
            except psycopg2.OperationalError:  # killed
                c = server.connect("mh_booking")
        c.close()

    def killer():
        c = server.connect()
        c.autocommit = True
        while not done.wait(0.02):
            one(c, """SELECT count(pg_terminate_backend(pid)) FROM (
                          SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT bus.consume%%'
                          AND state = 'active' ORDER BY random() LIMIT 1) a""")
        c.close()

    def naive():
        """What everybody writes first: WHERE seq > last."""
        c = server.connect()
        c.autocommit = True
        at, last = 0, False
        while not last:
            last = done.is_set()
            with c.cursor() as q:
                q.execute("SELECT seq, id FROM bus.events WHERE seq > %s ORDER BY seq", (at,))
                for at, event in q.fetchall():
                    polled.append(event)
        c.close()

    def writers():
        try:
            run_all([writer] * 16)
        finally:
            done.set()

    run_all([writers, lambda: reader(1), lambda: reader(2), killer, naive])
    got = seen(server, consumer)
    assert len(got) == len(set(got)), "no event acts twice"
    assert set(got) >= set(written) and len(written) > 1500
    # The test would notice: the naive reader has missed some in the very same run.
    assert len(set(written) - set(polled)) > 0


def test_a_batch_may_end_inside_a_transaction(server, booking):
    consumer = f"booking.{uuid.uuid4().hex}"
    drain(booking, consumer)
    booking.autocommit = False
    ids = [emit(booking) for _ in range(10)]
    booking.commit()
    booking.autocommit = True
    got = []
    while len(got) < 10:
        batch = consume(booking, consumer, n=3)
        assert len(batch["events"]) == min(3, 10 - len(got))
        assert batch["more"] == (len(batch["events"]) == 3)
        got += [e["id"] for e in batch["events"]]
    assert got == ids and seen(server, consumer) == ids


def test_an_event_waits_for_the_older_transaction_and_says_so(server, booking):
    consumer = f"booking.{uuid.uuid4().hex}"
    drain(booking, consumer)
    older = server.connect("mh_booking")
    older.autocommit = False
    first = emit(older)
    second = emit(booking)
    batch = consume(booking, consumer)
    assert batch["events"] == [] and batch["held"] and not batch["more"]
    older.commit()
    assert [e["id"] for e in consume(booking, consumer)["events"]] == [first, second]
    older.close()


def test_rare_types_do_not_stop_the_cursor(booking):
    consumer = f"booking.{uuid.uuid4().hex}"
    drain(booking, consumer)
    for _ in range(5):
        emit(booking)
    wanted = one(booking, "SELECT bus.emit(%s, 'booking.rare', 'x', NULL)", ctx())
    sql = "SELECT bus.consume(%s, %s, ARRAY['booking.rare'], NULL, 2)"
    got, turns = [], 0
    while not got:
        batch = one(booking, sql, ctx(), consumer)
        got, turns = [e["id"] for e in batch["events"]], turns + 1
    assert got == [wanted] and turns == 3


def test_a_failing_function_moves_nothing_and_parks_only_its_own_fault(server, booking):
    consumer = f"booking.{uuid.uuid4().hex}"
    drain(booking, consumer)
    good, poison, after = emit(booking), emit(booking, "poison"), emit(booking)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        consume(booking, consumer, "booking.choke")
    assert seen(server, consumer) == []
    with pytest.raises(psycopg2.errors.UndefinedFunction):
        consume(booking, consumer, "booking.missing", park=True)
    parked = 0
    for _ in range(3):
        parked += consume(booking, consumer, "booking.choke", park=True).get("parked", 0)
    assert parked == 1 and seen(server, consumer) == [good, after]
    listed = one(booking, "SELECT bus.parked_events_list(%s)", ctx())
    assert [(p["consumer"], p["subject"]) for p in listed if p["event_id"] == poison] == \
        [(consumer, "poison")]
    # Retried while the cause lasts, it parks again; afterwards it acts.
    assert one(booking, "SELECT bus.parked_event_retry(%s, %s, %s)", ctx(), consumer, poison)
    assert consume(booking, consumer, "booking.choke", park=True)["parked"] == 1
    assert one(booking, "SELECT bus.parked_event_retry(%s, %s, %s)", ctx(), consumer, poison)
    assert [e["id"] for e in consume(booking, consumer)["events"]] == [poison]
    assert seen(server, consumer) == [good, after, poison]
    assert not one(booking, "SELECT bus.parked_event_retry(%s, %s, %s)", ctx(), consumer, poison)


def test_a_function_acts_with_the_rights_of_its_service(server, booking):
    with server.connect() as c, c.cursor() as q:
        q.execute("""CREATE FUNCTION booking.spy(ctx jsonb, events jsonb) RETURNS void
                     LANGUAGE sql AS 'DELETE FROM bus.cursors'""")
    emit(booking)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        consume(booking, "booking.spy", "booking.spy")
    for sql in ("SELECT bus.consume(%s, 'identity.cache', NULL, NULL, 1)",
                "SELECT bus.job_claim(%s, '[{\"kind\": \"identity.mail\"}]', 'w')",
                "SELECT bus.revoke(%s, gen_random_uuid(), NULL)",
                "SELECT count(*) FROM bus.jobs WHERE payload <> %s"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            one(booking, sql, ctx())


def test_a_restored_log_is_noticed_and_goes_on_after_rebase(server, booking):
    consumer = f"booking.{uuid.uuid4().hex}"
    drain(booking, consumer)
    ids = [emit(booking) for _ in range(6)]
    assert [e["id"] for e in consume(booking, consumer, n=2)["events"]] == ids[:2]
    with server.connect() as c, c.cursor() as q:  # as if the old cluster had been ahead
        q.execute("UPDATE bus.events SET txid = (txid::text::bigint + 1000000)::text::xid8")
        q.execute("UPDATE bus.cursors SET txid = (txid::text::bigint + 1000000)::text::xid8")
    with pytest.raises(psycopg2.errors.RaiseException, match="ahead of this cluster"):
        consume(booking, consumer)
    for _ in range(2):
        with server.connect() as c, c.cursor() as q:
            q.execute("SELECT bus.rebase()")
    new = emit(booking)
    assert [e["id"] for e in consume(booking, consumer)["events"]] == ids[2:] + [new]


# --- audit log and partitions -------------------------------------------------------------------


def test_the_audit_log_refuses_to_change_even_for_a_superuser(server):
    c = server.connect()
    c.autocommit = True
    with c.cursor() as q:
        q.execute("SELECT bus.audit(%s, 'a', 'b', 'c', NULL, '{\"d\": 1}')", (ctx(),))
        for sql in ("UPDATE bus.audit_log SET action = 'z'", "DELETE FROM bus.audit_log",
                    "TRUNCATE bus.audit_log", "TRUNCATE bus.audit_log_default"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                q.execute(sql)
    c.close()


def test_rows_that_came_before_their_month_move_into_it(server, booking):
    far = json.dumps({"now": "2031-05-31T23:59:59.9Z"})
    event = one(booking, "SELECT bus.emit(%s, 'booking.changed', 'far', NULL)", far)
    one(booking, "SELECT bus.audit(%s, 'a', 'b', 'far', NULL, NULL)::text", far)
    ensure = "SELECT bus.partitions_ensure(%s)::text"
    run_all([lambda: one(server.connect("mh_booking"), ensure, far)] * 4)
    with server.connect() as c:
        assert one(c, "SELECT id FROM bus.events_2031_05") == event
        assert one(c, "SELECT count(*) FROM bus.audit_log_2031_05") == 1
        assert one(c, "SELECT count(*) FROM bus.events_2031_08") == 0
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            one(c, "TRUNCATE bus.audit_log_2031_05")


def at_midnight(month):
    return json.dumps({"now": f"{month}-01T00:00:00Z"})


def maintain(connection, now):
    """To the end: each log is a transaction of its own."""
    for _ in range(3):
        if not one(connection, "SELECT bus.maintain(%s)", now):
            return
    raise AssertionError("there is always more to do")


def test_months_without_upkeep_are_made_up_for(server, booking):
    """Nothing fails meanwhile, and each row is in its month afterwards."""
    months = ["2035-01", "2035-02", "2035-04", "2035-11"]
    assert one(booking, "SELECT bus.months_ahead(%s)", at_midnight(months[-1])) == -1
    events = [one(booking, "SELECT bus.emit(%s, 'booking.changed', 'late', NULL)", at_midnight(m)) for m in months]
    maintain(booking, at_midnight(months[-1]))
    assert one(booking, "SELECT bus.months_ahead(%s)", at_midnight(months[-1])) == 3
    with server.connect() as c:
        assert [str(one(c, f"SELECT id FROM bus.events_{m.replace('-', '_')}")) for m in months] == events
        assert one(c, "SELECT count(*) FROM bus.events_default") == 0


def test_a_missing_month_is_told(server, booking):
    """By how many follow without a gap."""
    now = at_midnight("2036-03")
    maintain(booking, now)
    with server.connect() as c, c.cursor() as q:
        for month, ahead in (("2036_06", 2), ("2036_04", 0), ("2036_03", -1)):
            q.execute(f"DROP TABLE bus.audit_log_{month}")
            assert one(c, "SELECT bus.months_ahead(%s)", now) == ahead
        c.rollback()


def test_too_many_rows_to_move_are_left_to_the_owner(server, booking):
    """A service's upkeep ends within the time of one statement, whatever waits."""
    with server.connect() as c, c.cursor() as q:
        q.execute("""INSERT INTO bus.events (at, id, type, source, subject, data)
                     SELECT '2037-05-01', gen_random_uuid(), 'booking.changed', 'booking', 'many', '{}'
                     FROM generate_series(1, 20001)""")
    there = "SELECT to_regclass('bus.events_2037_05') IS NOT NULL"
    maintain(booking, at_midnight("2037-05"))
    assert not one(booking, there) and one(booking, "SELECT bus.months_ahead(%s)", at_midnight("2037-05")) == -1
    with server.connect() as c:
        maintain(c, at_midnight("2037-05"))
        assert one(c, there) and one(c, "SELECT count(*) FROM bus.events_2037_05") == 20001
        c.commit()


def test_old_months_go_when_everybody_has_read_them(server, booking):
    """Events after 13 whole months; the audit log stays unless somebody says otherwise."""
    consumer = f"booking.{uuid.uuid4().hex}"
    maintain(booking, at_midnight("2040-01"))
    emit(booking)
    event = one(booking, "SELECT bus.emit(%s, 'booking.changed', 'old', NULL)", at_midnight("2040-01"))
    with server.connect() as c, c.cursor() as q:  # consumers of other tests
        q.execute("UPDATE bus.cursors SET txid = pg_current_xact_id()")
    consume(booking, consumer, n=1)
    there = "SELECT to_regclass('bus.%s_2040_01') IS NOT NULL"
    maintain(booking, at_midnight("2041-03"))
    assert one(booking, there % "events")
    assert event in drain(booking, consumer)
    maintain(booking, at_midnight("2041-02"))
    assert one(booking, there % "events")
    maintain(booking, at_midnight("2041-03"))
    assert not one(booking, there % "events") and one(booking, there % "audit_log")


def test_who_writes_does_not_wait_long_for_upkeep(server, booking):
    """A transaction that stays open is not waited for: upkeep gives up, and tries again."""
    now = at_midnight("2043-07")
    writer = server.connect()
    one(writer, "SELECT bus.emit(%s, 'booking.changed', 'open', NULL)", now)
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        one(booking, "SELECT bus.maintain(%s)", now)
    writer.commit()
    writer.close()
    maintain(booking, now)
    assert one(booking, "SELECT bus.months_ahead(%s)", now) == 3


def test_events_are_read_once_while_their_months_are_made(server):
    """Writers of both logs, in either order, a reader, and upkeep, all at once: nobody is a deadlock's victim, and no
    event that moves is missed or given twice."""
    consumer, months = f"booking.{uuid.uuid4().hex}", [f"20{y}-{m:02}" for y in (50, 51, 52) for m in range(1, 13)]
    emitted, got, writing = [], [], threading.Event()
    writing.set()

    def write(first):
        c = server.connect("mh_booking")
        calls = ["SELECT bus.emit(%s, 'booking.changed', 'busy', NULL)",
                 "SELECT bus.audit(%s, 'a', 'b', 'busy', NULL, NULL)::text"]
        c.autocommit = False
        for month in months:
            for _ in range(4):
                ids = [one(c, sql, at_midnight(month)) for sql in (calls if first else reversed(calls))]
                c.commit()
                emitted.append(ids[0] if first else ids[1])
        c.close()

    def read():
        c = server.connect("mh_booking")
        while writing.is_set():
            got.extend(drain(c, consumer))
        got.extend(drain(c, consumer))
        c.close()

    def keep_up():
        c = server.connect("mh_booking")
        for month in itertools.cycle(months):
            if not writing.is_set():
                break
            with contextlib.suppress(psycopg2.errors.LockNotAvailable):
                one(c, "SELECT bus.maintain(%s)", at_midnight(month))
        c.close()

    def write_all():
        try:
            run_all([functools.partial(write, n % 2) for n in range(4)])
        finally:
            writing.clear()
    run_all([write_all, read, keep_up])
    assert len(emitted) == 4 * 4 * len(months)
    mine = set(map(str, emitted))
    read_of_mine = [e for e in got if e in mine]
    assert len(read_of_mine) == len(set(read_of_mine)) and set(read_of_mine) == mine


# --- idempotency --------------------------------------------------------------------------------


def test_of_many_at_once_with_one_key_one_acts_and_the_others_are_told(server):
    key, outcomes = uuid.uuid4().hex, []
    barrier = threading.Barrier(20)

    def request(fingerprint):
        c = server.connect("mh_booking")
        me = ctx(user=str(uuid.UUID(int=1)), key=key, fingerprint=fingerprint)
        barrier.wait()
        try:
            outcomes.append(one(c, """SELECT bus.reply_store(%s, 201, 'made', '"1"')
                                      FROM bus.reply_claim(%s) c WHERE c""", me, me))
        except psycopg2.Error as e:
            assert e.pgcode == "MH000"
            outcomes.append(e.diag.message_primary)
        c.close()

    run_all([lambda: request("f")] * 19 + [lambda: request("other")])
    assert outcomes.count("made") == 1
    assert set(outcomes) <= {"made", "idempotency_replay", "idempotency_in_progress",
                             "idempotency_key_reused"}
    barrier = threading.Barrier(1)
    request(one(server.connect(), "SELECT fingerprint FROM bus.idempotency WHERE key = %s", key))
    request("third")
    assert outcomes[-2:] == ["idempotency_replay", "idempotency_key_reused"]


def test_replies_belong_to_their_caller_and_go_after_seven_days(server, booking):
    key = uuid.uuid4().hex
    mine, theirs = (ctx(ip=f"192.0.2.{n}", key=key, fingerprint="f") for n in (7, 8))
    one(booking, "SELECT bus.reply_store(%s, 200, 'mine')", mine)
    assert one(booking, "SELECT bus.reply_claim(%s)", theirs)
    assert one(booking, "SELECT body FROM bus.reply_stored(%s)", mine) == "mine"
    assert one(booking, "SELECT count(*) FROM bus.reply_stored(%s)", theirs) == 0
    assert one(booking, "SELECT bus.reply_claim(%s)", ctx())
    for now, left in (("2026-03-08T08:59:59Z", 1), ("2026-03-08T09:00:01Z", 0)):
        one(booking, "SELECT bus.maintain(%s)", json.dumps({"now": now}))
        assert one(booking, "SELECT count(*) FROM bus.reply_stored(%s)", mine) == left


# --- jobs ---------------------------------------------------------------------------------------


def at(seconds):
    return json.dumps({"now": f"2026-03-01T09:{seconds // 60:02}:{seconds % 60:02}Z"})


def claim(connection, kind, now=0, room=1, attempts=3, worker="w"):
    kinds = json.dumps([{"kind": kind, "room": room, "lease_ms": 10000, "max_attempts": attempts}])
    return one(connection, "SELECT bus.job_claim(%s, %s, %s)", at(now), kinds, worker)


@pytest.fixture
def kind():
    return f"booking.k{uuid.uuid4().hex}"


def test_each_job_is_claimed_once_by_one_of_many(server, booking, kind):
    for _ in range(300):
        one(booking, "SELECT bus.job(%s, %s, '{}')", ctx(), kind)
    claimed, done = [], threading.Event()

    def worker():
        c = server.connect("mh_booking")
        while not done.is_set():
            for job in claim(c, kind, room=7)["jobs"]:
                claimed.append(job["id"])
                assert one(c, "SELECT bus.job_finish(%s, %s, %s)", ctx(), job["id"], job["fence"])
            if len(claimed) >= 300:
                done.set()
        c.close()

    run_all([worker] * 8)
    assert len(claimed) == 300 == len(set(claimed))
    assert claim(booking, kind) == {"jobs": [], "next_ms": None}


def test_a_late_worker_cannot_touch_the_job_it_lost(booking, kind):
    one(booking, "SELECT bus.job(%s, %s, '{\"a\": 1}')", ctx(), kind)
    late = claim(booking, kind)["jobs"][0]
    assert claim(booking, kind, now=9) == {"jobs": [], "next_ms": 1000}
    assert one(booking, "SELECT bus.job_renew(%s, %s, %s, 10000)", at(9), late["id"], late["fence"])
    assert claim(booking, kind, now=18)["jobs"] == []
    now = claim(booking, kind, now=20)["jobs"][0]
    assert (now["id"], now["attempt"], now["payload"]) == (late["id"], 2, {"a": 1})
    for sql in ("SELECT bus.job_renew(%s, %s, %s, 10000)", "SELECT bus.job_finish(%s, %s, %s)",
                "SELECT bus.job_fail(%s, %s, %s, 'late', 0)"):
        assert one(booking, sql, at(21), late["id"], late["fence"]) is False
    assert one(booking, "SELECT bus.job_finish(%s, %s, %s)", at(21), now["id"], now["fence"])
    assert not one(booking, "SELECT bus.job_finish(%s, %s, %s)", at(21), now["id"], now["fence"])


def test_a_job_whose_workers_all_die_is_parked_and_can_be_retried(booking, operator, kind):
    job = one(booking, "SELECT bus.job(%s, %s, '{}', NULL, 'key')", ctx(), kind)
    for attempt in (1, 2):
        assert claim(booking, kind, now=20 * attempt, attempts=2)["jobs"][0]["attempt"] == attempt
    assert claim(booking, kind, now=100, attempts=2) == {"jobs": [], "next_ms": None}
    listed = one(operator, "SELECT body FROM bus.task_list(%s, 'parked', NULL, 100)", ctx())
    assert [j["last_error"] for j in listed if j["id"] == job] == ["the lease ran out each time"]
    newer = one(booking, "SELECT bus.job(%s, %s, '{}', NULL, 'key')", ctx(), kind)
    assert newer != job
    with pytest.raises(psycopg2.Error, match="conflict"):
        one(operator, "SELECT bus.task_retry(%s, %s, NULL)", ctx(), job)
    held = claim(booking, kind)["jobs"][0]
    assert one(booking, "SELECT bus.job_finish(%s, %s, %s)", ctx(), newer, held["fence"])
    assert one(operator, "SELECT bus.task_retry(%s, %s, NULL)", ctx(), job)["id"] == job
    assert claim(booking, kind)["jobs"][0]["attempt"] == 1


def test_failed_jobs_wait_and_are_parked_when_told(booking, kind):
    one(booking, "SELECT bus.job(%s, %s, '{}')", ctx(), kind)
    job = claim(booking, kind)["jobs"][0]
    fail = "SELECT bus.job_fail(%s, %s, %s, 'no', %s)"
    assert one(booking, fail, at(0), job["id"], job["fence"], 5000)
    assert claim(booking, kind, now=4) == {"jobs": [], "next_ms": 1000}
    job = claim(booking, kind, now=5)["jobs"][0]
    assert one(booking, fail, at(6), job["id"], job["fence"], None)
    assert claim(booking, kind, now=60)["jobs"] == []


def test_one_unfinished_job_a_unique_key(server, booking, kind):
    queue = "SELECT bus.job(%s, %s, '{}', NULL, 'key')"
    ids = []
    run_all([lambda: ids.append(one(server.connect("mh_booking"), queue, ctx(), kind))] * 12)
    assert len(set(ids)) == 1
    job = claim(booking, kind)["jobs"][0]
    assert one(booking, queue, ctx(), kind) == job["id"]
    assert one(booking, "SELECT bus.job_finish(%s, %s, %s)", ctx(), job["id"], job["fence"])
    assert one(booking, queue, ctx(), kind) != job["id"]


# --- what every process watches -----------------------------------------------------------------


def test_features_versions_and_revocations_are_seen(server, booking):
    identity = server.connect("mh_identity")
    user, session = str(uuid.uuid4()), str(uuid.uuid4())
    admin = ctx(user=user, role="ADMIN")
    first = one(identity, "SELECT bus.feature_set(%s, 'FEATURE_X', false, 'broken')", admin)
    one(identity, "SELECT bus.feature_set(%s, 'FEATURE_Y', true, 'early')", admin)
    half = ctx(now="2026-03-01T09:00:00.5Z")
    one(identity, "SELECT bus.revoke(%s, %s, %s)::text", half, user, session)
    one(identity, "SELECT bus.revoke(%s, %s, NULL, 7)::text", half, user)
    with pytest.raises(psycopg2.errors.CheckViolation):
        one(identity, "SELECT bus.revoke(%s, %s, NULL)::text", half, user)
    seen = one(booking, "SELECT bus.watch(%s, '2026-03-01T09:00:59Z')", ctx())
    assert seen["features_off"] == ["FEATURE_X"] and seen["features_on"] == ["FEATURE_Y"]
    assert seen["versions"]["features"] == first + 1
    second = 1772355600
    assert seen["revocations"] == [
        {"user": user, "session": session, "generation": None, "at_s": second},
        {"user": user, "session": None, "generation": 7, "at_s": second}]
    assert one(booking, "SELECT bus.watch(%s, '2026-03-01T09:01:01Z')", ctx())["revocations"] == []
    one(identity, "SELECT bus.feature_set(%s, 'FEATURE_X', NULL, 'mended')", admin)
    assert one(booking, "SELECT bus.watch(%s, %s)", ctx(), NOW)["features_off"] == []
    assert one(identity, """SELECT array_agg(reason ORDER BY id) FROM bus.audit_log
                            WHERE entity_id = 'FEATURE_X'""") == ["broken", "mended"]
    identity.close()
