"""A service that cannot work says why, in one line that names the variable, and ends: it does not run
half."""
import contextlib
import json
import os
import socket
import struct
import subprocess
import threading
import types
import urllib.parse

import pytest
import requests

from lib.stack import ROOT, wait_for

CONFIG = 78  # sysexits.h, EX_CONFIG


@pytest.mark.parametrize("variable,text", [
    ("DATABASE_URL", "not a url"), ("DATABASE_URL", "postgresql://[::1"), ("DATABASE_URL", "host=localhost"),
    ("DATABASE_URL_READ", "replica:5432"), ("REDIS_URL", "localhost"), ("KEYRING", "k1:short"), ("JWKS", "{}")])
def test_a_wrong_setting_is_named(running, variable, text):
    env = running.environment("booking-1") | {"LOG_FILE": "-", "LISTEN_PORT": "0", "METRICS_PORT": "0"}
    env.pop(f"{variable}_FILE", None)
    binary = running.env["BIN_DIR"] + "/booking"
    done = subprocess.run([binary], env=env | {variable: text}, capture_output=True, text=True, timeout=30, check=False)
    errors = [row for row in map(json.loads, filter(None, (done.stdout + done.stderr).splitlines()))
              if row.get("variable") == variable]
    assert done.returncode == CONFIG and len(errors) == 1 and errors[0]["why"], done.stdout + done.stderr
    assert text not in done.stdout + done.stderr


def ended(running, **variables):
    """Started by hand, past the stack: how it ended, and its lines. None: the variable is not set."""
    env = running.environment("booking-1") | {"LOG_FILE": "-", "LISTEN_PORT": "0", "METRICS_PORT": "0"} | variables
    done = subprocess.run([running.env["BIN_DIR"] + "/booking"], env={k: v for k, v in env.items() if v is not None},
                          capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.mark.parametrize("variable", ["DATABASE_URL", "KEYRING", "JWKS"])
def test_a_missing_secret_is_named(running, tmp_path, variable):
    for variables in ({f"{variable}_FILE": None}, {f"{variable}_FILE": str(tmp_path / "none")},
                      {f"{variable}_FILE": str(tmp_path)}):
        code, lines = ended(running, **variables)
        assert code == CONFIG and len([i for i in lines if variable in i]) == 1, lines


@pytest.mark.parametrize("variable", ["LISTEN_PORT", "METRICS_PORT"])
def test_a_taken_port_is_named(running, variable):
    port = running.environment("booking-2")[variable]
    code, lines = ended(running, **{variable: port})
    assert code == CONFIG and [i for i in lines if i.startswith(f"{variable}: ") and port in i], lines


def test_a_log_that_cannot_be_written_is_named(running, tmp_path):
    for file in ("/dev/full", str(tmp_path / "none/log")):
        code, lines = ended(running, LOG_FILE=file)
        assert code == CONFIG and [i for i in lines if i.startswith("LOG_FILE: ") and file in i], lines


@contextlib.contextmanager
def started(running, tmp_path, part="booking-1", **variables):
    """It runs beside the stack, whatever becomes of it: the URL of its health, and its log's rows."""
    log = tmp_path / "log"
    env = running.environment(part) | {"LOG_FILE": str(log), "LISTEN_PORT": "0", "METRICS_PORT": "0"} | variables
    process = subprocess.Popen([f"{running.env['BIN_DIR']}/{part.split('-', maxsplit=1)[0]}"], env=env)

    def rows(event):
        return [r for r in map(json.loads, log.read_text().splitlines() if log.exists() else []) if r["event"] == event]
    try:
        listening = wait_for(lambda: rows("service.listening"), "its port")
        yield f"http://127.0.0.1:{listening[0]['port']}/api/v1/health", rows
    finally:
        process.terminate()
        assert process.wait(30) == 0


def until_unready(url, rows, why):
    """Health says so, and one line of the log says why."""
    def said():
        told = [r for r in rows("readiness.changed") if why in (r["why"] or "")]
        return requests.get(url, timeout=5).status_code == 503 and told
    line, = wait_for(said, f"the reason in its log: {why}", 20)
    assert not line["ready"]
    reply = requests.get(url, timeout=5)
    assert reply.status_code == 503 and reply.json()["code"] == "not_ready"
    return line, reply.json()


@pytest.fixture
def written(tmp_path):
    """written("text"): a file that holds it."""
    def write(text):
        file = tmp_path / "written"
        file.write_text(text)
        return str(file)
    return write


def test_a_wrong_password_is_in_the_log(running, tmp_path, written):
    """It runs, is not ready, and tells its log what the database said; it tells nobody else."""
    secret = written(running.secret("booking.database-url").replace(running.secret("pg-mh_booking"), "wrong"))
    with started(running, tmp_path, DATABASE_URL_FILE=secret) as (url, rows):
        line, problem = until_unready(url, rows, "password authentication failed")
        assert line["variable"] == "DATABASE_URL"
        assert problem["checks"]["database"]["status"] == "unhealthy" and "password" not in json.dumps(problem)


# --- names

class Names:
    """A DNS server that answers every question alike: with an address, that there is none (""), or nothing (None)."""

    def __init__(self, address):
        self.socket, self.address = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), address
        self.socket.bind(("127.0.0.1", 0))
        self.resolv_conf = f"nameserver 127.0.0.1:{self.socket.getsockname()[1]}\n"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):  # it is closed
            while True:
                ask, whom = self.socket.recvfrom(512)
                question = ask[12:ask.index(b"\0", 12) + 5]
                is_a = question[-4:-2] == b"\0\1"
                there = bool(self.address) and is_a
                head = ask[:2] + (b"\x81\x80" if self.address else b"\x81\x83") + struct.pack(">4H", 1, there, 0, 0)
                answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(self.address) if there else b""
                if self.address is not None:
                    self.socket.sendto(head + question + answer, whom)


@pytest.mark.parametrize("address,why", [
    ("", "there is no such host"), (None, "no DNS server answers"), ("127.77.0.1", "refused")],
    ids=["no such name", "no server", "another machine"])
def test_a_name_of_the_database_that_leads_nowhere(running, tmp_path, written, address, why):
    names = Names(address)
    conf = tmp_path / "resolv.conf"
    conf.write_text(names.resolv_conf)
    url = running.secret("booking.database-url").replace("@127.0.0.1:", "@db.example.test:")
    with started(running, tmp_path, DATABASE_URL_FILE=written(url), RESOLV_CONF=str(conf)) as (health, rows):
        line, problem = until_unready(health, rows, why)
        assert line["variable"] == "DATABASE_URL" and problem["checks"]["database"]["status"] == "unhealthy"
    names.socket.close()


# --- the schema

@pytest.fixture
def other(running):
    """other.sql(text) and other.url(service): an empty database beside the stack's."""
    name = f"mh_start_{os.getpid()}"
    running.run("psql", "-q", "-d", "postgres", "-c", f"CREATE DATABASE {name} OWNER mh_owner")
    owner = urllib.parse.urlsplit(running.env["DATABASE_URL"])
    yield types.SimpleNamespace(
        name=name, owner=owner,
        sql=lambda text: running.run("psql", "-q", "-d", name, "-c", text),
        url=lambda service: running.secret(f"{service}.database-url").replace("/myhibachi", f"/{name}"))
    running.run("psql", "-q", "-d", "postgres", "-c", f"DROP DATABASE {name} WITH (FORCE)")


def migrated(running, other):
    done = subprocess.run([ROOT / "scripts/migrate"], capture_output=True, text=True, check=False,
                          env=os.environ | {"PGHOST": "127.0.0.1", "PGPORT": str(other.owner.port),
                                            "DATABASE": other.name, "SECRETS": str(running.run_dir / "secrets")})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("part", ["identity", "booking-1"])
def test_a_schema_that_is_not_there(running, other, tmp_path, written, part):
    """The line says what to do; and when it is done, the service serves, without a restart."""
    url = written(other.url(part.removesuffix("-1")))
    with started(running, tmp_path, part, DATABASE_URL_FILE=url) as (health, rows):
        line, _ = until_unready(health, rows, 'does not exist')
        assert "run scripts/migrate" in line["why"] and line["variable"] == "DATABASE_URL"
        migrated(running, other)
        wait_for(lambda: requests.get(health, timeout=5).status_code == 200, "ready", 30)


def test_a_schema_of_another_version(running, other, tmp_path, written):
    """Older by a change that no statement shows; and newer, by a migration that took away what this program uses."""
    migrated(running, other)
    with started(running, tmp_path, DATABASE_URL_FILE=written(other.url("booking"))) as (health, rows):
        wait_for(lambda: requests.get(health, timeout=5).status_code == 200, "ready", 30)
        other.sql("INSERT INTO sqitch.projects (project, creator_name, creator_email) VALUES ('aside', 'a', 'b'); "
                  "UPDATE sqitch.changes SET project = 'aside' WHERE change = 'bus_months'")
        line, problem = until_unready(health, rows, "run scripts/migrate")
        assert "the schema is at change" in line["why"] and "run scripts/migrate" in problem["detail"]
        other.sql("UPDATE sqitch.changes SET project = 'hibachi' WHERE project = 'aside'")
        wait_for(lambda: requests.get(health, timeout=5).status_code == 200, "ready again", 30)
        other.sql("INSERT INTO bus.schema_needs VALUES ('to_come', 9999)")
        line, _ = until_unready(health, rows, "start a newer version")
        assert "9999" in line["why"]


# --- TLS to the database

def test_the_database_is_who_its_certificate_says(running, tmp_path, written):
    """With verify-full: the stack's PostgreSQL has a certificate of the stack's authority, for its own name."""
    plain = running.secret("booking.database-url").split("?")[0]
    stranger = tmp_path / "stranger.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", os.devnull, "-subj",
                    "/CN=localhost", "-out", stranger], check=True, capture_output=True)
    for authority, host, why in ((running.env["CA_FILE"], "127.0.0.1", None),
                                 (stranger, "127.0.0.1", "certificate verify failed"),
                                 (running.env["CA_FILE"], "other.test", "does not match host name")):
        url = f"{plain.replace('127.0.0.1', host)}?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={authority}"
        with started(running, tmp_path, DATABASE_URL_FILE=written(url)) as (at, rows):
            if why:
                until_unready(at, rows, why)
            else:
                wait_for(lambda u=at: requests.get(u, timeout=5).status_code == 200, "the service to be ready")
        (tmp_path / "log").unlink()
