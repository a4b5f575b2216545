"""A backup of the test stack under load, restored to a second cluster, which is compared and then serves."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import psycopg2
import psycopg2.extras
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))

from lib.client import Api  # noqa: E402
from lib.stack import Stack, wait_for  # noqa: E402
from test_faults import body  # noqa: E402

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def stack():
    return Stack()


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.env["BASE_URL"], stack.env["CA_FILE"], None)


def connected(url, **more):
    c = psycopg2.connect(url, cursor_factory=psycopg2.extras.RealDictCursor, **more)
    c.autocommit = True
    return c


def rows(connection, sql, *arguments):
    with connection.cursor() as q:
        q.execute(sql, arguments)
        return q.fetchall() if q.description else None


def ctx():
    return json.dumps({"now": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})


class Cluster:
    """An empty PostgreSQL of its own, on a port of its own, whose superuser has the stack's password."""

    def __init__(self, stack):
        self.stack, self.dir = stack, tempfile.mkdtemp(prefix="mh-restore-")
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        password = pathlib.Path(self.dir, "password")
        password.write_text(stack.secret("pg-postgres"))
        if self.user:
            shutil.chown(self.dir, "postgres", "postgres")
            shutil.chown(password, "postgres", "postgres")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.pg("initdb", "-D", f"{self.dir}/pg", "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}", "-N",
                "--encoding=UTF8", "--locale=C.UTF-8")
        options = f"-p {self.port} -k {self.dir} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.pg("pg_ctl", "-D", f"{self.dir}/pg", "-w", "-l", f"{self.dir}/log", "-o", options, "start")

    def pg(self, program, *arguments):
        subprocess.run([*self.user, BIN / program, *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL)

    def url(self, role):
        return f"postgresql://{role}:{self.stack.secret('pg-' + role)}@127.0.0.1:{self.port}/myhibachi"

    def restore(self, *arguments, **more):
        env = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": str(self.port),
                            "SECRETS": str(self.stack.run_dir / "secrets")} | more
        return subprocess.run([ROOT / "scripts/restore", *map(str, arguments)], env=env, capture_output=True, text=True,
                              check=False)

    def stop(self):
        self.pg("pg_ctl", "-D", f"{self.dir}/pg", "-m", "immediate", "stop")
        shutil.rmtree(self.dir)


@pytest.fixture(scope="module")
def cluster(stack):
    c = Cluster(stack)
    yield c
    c.stop()


def backup(stack, folder, check=True, **more):
    port = stack.env["DATABASE_URL"].rsplit(":", 1)[1].split("/")[0]
    env = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": port, "SECRETS": str(stack.run_dir / "secrets")} | more
    done = subprocess.run([ROOT / "scripts/backup", folder], env=env, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return pathlib.Path(done.stdout.strip()) if check else done


class Load:
    """Three clients that book, until the end of the block."""

    def __init__(self, api):
        self.api, self.ids, self.stop = api, [], threading.Event()
        self.threads = [threading.Thread(target=self.book) for _ in range(3)]

    def book(self):
        while not self.stop.is_set():
            reply = self.api.post("/api/v1/bookings", json=body(), key=True)
            if reply.status_code == 201:
                self.ids.append(reply.json()["id"])

    def more(self, n):
        target = len(self.ids) + n
        wait_for(lambda: len(self.ids) >= target, f"{n} more bookings", 60)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    made = subprocess.run(["age-keygen", "-o", folder / "identity"], capture_output=True, text=True, check=True)
    (folder / "recipients").write_text(made.stderr.split()[-1] + "\n")
    return folder


@pytest.fixture(scope="module")
def story(stack, api, cluster, keys, tmp_path_factory):
    """What there was: bookings before and around the backup, a consumer that has read a part, a job that ran."""
    folder = tmp_path_factory.mktemp("backups")
    owner = connected(stack.env["DATABASE_URL"])
    service = connected(stack.secret("booking.database-url"))
    consumer, kind = f"booking.restore_{uuid.uuid4().hex}", f"booking.restore_{uuid.uuid4().hex}"
    take = "SELECT bus.events_take(%s, %s, NULL, %s) AS taken"
    rows(service, take, ctx(), consumer, 1)
    for _ in range(9):
        rows(service, "SELECT bus.emit(%s, 'booking.changed', %s, NULL)", ctx(), kind)
    mine = "SELECT id::text AS id FROM bus.events WHERE subject = %s ORDER BY txid, seq"
    emitted = [r["id"] for r in rows(owner, mine, kind)]
    done = []
    while len([e for e in done if e in emitted]) < 4:
        done += [e["id"] for e in rows(service, take, ctx(), consumer, 1)[0]["taken"]["events"]]
    rows(service, "SELECT bus.job(%s, %s, '{}')", ctx(), kind)
    lease = json.dumps([{"kind": kind, "room": 1, "lease_ms": 3600000, "max_attempts": 3}])
    rows(service, "SELECT bus.job_claim(%s, %s, 'gone')", ctx(), lease)
    made = {}
    with Load(api) as load:
        load.more(5)
        made["before"] = [r["id"] for r in rows(owner, "SELECT id FROM booking.bookings")]
        made["backup"] = backup(stack, folder, AGE_RECIPIENTS=str(keys / "recipients"))
        load.more(5)
    restored = cluster.restore(made["backup"], AGE_IDENTITY=str(keys / "identity"))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    return made | {"unread": [e for e in emitted if e not in done], "consumer": consumer, "kind": kind, "take": take,
                   "owner": owner}


def test_the_copy_is_whole_and_of_one_moment(story, cluster):
    there = connected(cluster.url("mh_owner"))
    ids = {r["id"] for r in rows(there, "SELECT id FROM booking.bookings")}
    assert set(story["before"]) <= ids
    every = {r["id"] for r in rows(story["owner"], "SELECT id FROM booking.bookings")}
    assert ids <= every and len(every) > len(ids), "nothing was booked after the backup: no load"
    events = {r["subject"] for r in rows(there, "SELECT subject FROM bus.events WHERE type = 'booking.created'")}
    assert {f"booking/{i}" for i in ids if i not in story["before"]} <= events, "a booking without its event"
    # What nobody changes meanwhile is the same to the last letter.
    for table in ("booking.stations", "booking.chefs", "booking.menu_items", "identity.roles"):
        whole = f"SELECT count(*) AS n, md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS sum FROM {table} t"
        assert rows(there, whole) == rows(story["owner"], whole) and rows(there, whole)[0]["n"] > 0, table


def test_rights_are_as_they_were(story, cluster):
    """A service reaches its own schema and no other one."""
    booking = connected(cluster.url("mh_booking"))
    assert rows(booking, "SELECT bus.schema() AS s")[0]["s"]["has"] > 0
    for table in ("identity.users", "bus.events"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rows(booking, f"SELECT * FROM {table} LIMIT 1")
    grants = """SELECT n.nspname, c.relname, c.relacl::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname IN ('bus', 'booking', 'identity') AND c.relkind IN ('r', 'p', 'v') ORDER BY 1, 2"""
    settings = """SELECT r.rolname, unnest(s.setconfig) AS setting FROM pg_db_role_setting s
                  JOIN pg_roles r ON r.oid = s.setrole JOIN pg_database d ON d.oid = s.setdatabase
                  WHERE d.datname = 'myhibachi' ORDER BY 1, 2"""
    for what in (grants, settings):
        assert rows(connected(cluster.url("mh_owner")), what) == rows(story["owner"], what) != [], what


def test_what_was_unread_is_read_once_and_so_is_what_comes(story, cluster):
    """Transaction ids of the old cluster are ahead of those of the new one."""
    booking = connected(cluster.url("mh_booking"))
    rows(booking, "SELECT bus.emit(%s, 'booking.changed', %s, NULL)", ctx(), story["kind"])
    new, = rows(connected(cluster.url("mh_owner")), "SELECT id::text AS id FROM bus.events WHERE subject = %s "
                "ORDER BY txid DESC, seq DESC LIMIT 1", story["kind"])
    got = []
    while True:
        batch = rows(booking, story["take"], ctx(), story["consumer"], 1000)[0]["taken"]
        got += [e["id"] for e in batch["events"] if e["subject"] == story["kind"]]
        if not batch["more"]:
            break
    assert len(story["unread"]) >= 1 and got == story["unread"] + [new["id"]]


def test_a_job_that_ran_runs_again(story, cluster):
    booking = connected(cluster.url("mh_booking"))
    kinds = json.dumps([{"kind": story["kind"], "room": 5, "lease_ms": 1000, "max_attempts": 3}])
    claimed = rows(booking, "SELECT bus.job_claim(%s, %s, 'new') AS c", ctx(), kinds)[0]["c"]["jobs"]
    assert [j["kind"] for j in claimed] == [story["kind"]]


def test_it_serves(story, cluster, stack, tmp_path):
    url, log = tmp_path / "url", tmp_path / "log"
    url.write_text(cluster.url("mh_booking"))
    env = stack.environment("booking-1") | {"DATABASE_URL_FILE": str(url), "LISTEN_PORT": "0", "METRICS_PORT": "0",
                                            "LOG_FILE": str(log), "APP_ENV": "restored"}
    process = subprocess.Popen([stack.env["BIN_DIR"] + "/booking"], env=env)
    try:
        row = wait_for(lambda: log.exists() and [r for r in map(json.loads, log.read_text().splitlines())
                                                 if r["event"] == "service.listening"], "its port", 30)[0]
        own = Api(f"http://127.0.0.1:{row['port']}", None, None)
        wait_for(lambda: own.get("/api/v1/health").status_code == 200, "ready", 60)
        booked = own.post("/api/v1/bookings", json=body(), key=True)
        assert booked.status_code == 201, booked.text
    finally:
        process.terminate()
        assert process.wait(60) == 0


# --- what is refused

def test_nothing_is_overwritten(story, cluster, keys):
    identity = str(keys / "identity")
    before = rows(connected(cluster.url("mh_owner")), "SELECT count(*) AS n FROM booking.bookings")
    done = cluster.restore(story["backup"], AGE_IDENTITY=identity)
    assert done.returncode == 1 and "is not empty" in done.stderr
    assert before == rows(connected(cluster.url("mh_owner")), "SELECT count(*) AS n FROM booking.bookings")
    done = cluster.restore("--replace", story["backup"], AGE_IDENTITY=identity)
    assert done.returncode == 0, done.stderr
    admin = connected(cluster.url("postgres").replace("/myhibachi", "/postgres"))
    names = [r["datname"] for r in rows(admin, "SELECT datname FROM pg_database")]
    assert [n for n in names if n.startswith("myhibachi_before_")] and "myhibachi_restoring" not in names


def test_a_damaged_copy_is_refused(story, cluster, keys, tmp_path):
    for name in ("database.dump.age", "roles", "manifest"):
        copy = tmp_path / name
        shutil.copytree(story["backup"], copy)
        data = bytearray((copy / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / name).write_bytes(data)
        done = cluster.restore("--replace", copy, AGE_IDENTITY=str(keys / "identity"))
        assert done.returncode == 1 and "damaged" in done.stderr, name
    done = cluster.restore("--replace", story["backup"])
    assert done.returncode == 1 and "AGE_IDENTITY" in done.stderr


def test_a_copy_has_no_secret(story, stack):
    """Not in the open part, and the other one is encrypted; its secrets are named."""
    text = b"".join(p.read_bytes() for p in story["backup"].iterdir())
    assert b"secret booking.keyring" in text and b"age-encryption.org" in text
    for name in ("pg-mh_owner", "pg-mh_booking", "booking.keyring", "jwks-private.json"):
        assert stack.secret(name).encode() not in text


def next_second(folder):
    """Copies are named by the second."""
    last = max(p.name for p in folder.iterdir())
    wait_for(lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) > last, "the next second")


def next_backup(stack, folder):
    next_second(folder)
    return backup(stack, folder, KEEP="2")


def test_a_full_disk_leaves_what_was_there(stack, tmp_path):
    """Tried with a limit on the size of files; nothing half is under a final name, or left at all."""
    kept = backup(stack, tmp_path, KEEP="2")
    next_second(tmp_path)
    port = stack.env["DATABASE_URL"].rsplit(":", 1)[1].split("/")[0]
    done = subprocess.run(["bash", "-c", f"ulimit -f 20; exec {ROOT}/scripts/backup {tmp_path}"], capture_output=True,
                          text=True, check=False, env=os.environ | {
                              "PGHOST": "127.0.0.1", "PGPORT": port, "SECRETS": str(stack.run_dir / "secrets")})
    assert done.returncode == 1 and "full?" in done.stderr.splitlines()[-1], done.stderr
    assert [p for p in tmp_path.iterdir() if p.name != ".lock"] == [kept]
    newer = [next_backup(stack, tmp_path) for _ in range(2)]
    assert sorted(p for p in tmp_path.iterdir() if p.name != ".lock") == newer
