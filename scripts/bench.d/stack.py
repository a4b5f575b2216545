"""The benchmark's own stack: release binaries, two booking replicas, limits that never refuse."""
import json
import os
import pathlib
import shlex
import ssl
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOAD = ROOT / "tests/load"
SETTINGS = {
    "RUN_DIR": ".run/bench",
    "PORT_OFFSET": "2000",
    "BIN_DIR": "build/release/bin",
    "SERVICE_ENV": "tests/load/service.env",
    "CONNECTIONS_PER_IP": "10000",
}


class Stack:
    def __init__(self):
        self.environ = os.environ | {k: os.environ.get(k, v) for k, v in SETTINGS.items()}
        self.run_dir = (ROOT / self.environ["RUN_DIR"]).resolve()
        self.bin_dir = (ROOT / self.environ["BIN_DIR"]).resolve()
        self.seconds = int(os.environ.get("BENCH_SECONDS", 8))
        self.rounds = int(os.environ.get("BENCH_ROUNDS", 3))
        self.env = {}
        self.filled = 0  # bookings
        self.tokens = {}

    def command(self, *words, **rest):
        return subprocess.run([ROOT / "scripts/stack", *words], env=self.environ, check=True,
                              text=True, **rest)

    def up(self):
        self.reset()
        self.command("up", stdout=subprocess.DEVNULL)
        for line in (self.run_dir / "env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            self.env[name] = "".join(shlex.split(value))
        self.tls = ssl.create_default_context(cafile=self.env["CA_FILE"])

    def reset(self):
        self.command("reset", stdout=subprocess.DEVNULL)

    def secret(self, name):
        return (self.run_dir / "secrets" / name).read_text().strip()

    def pid(self, part):
        return int((self.run_dir / f"proc/{part}.pid").read_text().split()[0])

    def sql(self, text, *words):
        """The rows of a query, or the output of a script given by words, as the superuser."""
        done = self.command("psql", "-d", "myhibachi", "-XAtq", "-v", "ON_ERROR_STOP=1", *words,
                            input=text, stdout=subprocess.PIPE)
        return done.stdout.strip()

    def request(self, path, body=None, headers=None):
        """(status, headers, body) of a request through nginx."""
        request = urllib.request.Request(
            self.env["BASE_URL"] + path, None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"} | (headers or {}))
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=60) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as reply:
            return reply.code, reply.headers, reply.read()

    def users(self):
        """{role: what that demo account signs in with}"""
        return json.loads((self.run_dir / "demo.json").read_text())["users"]

    def token(self, role="ADMIN"):
        """An access token of that demo account with some minutes left; tokens live for fifteen."""
        since, token = self.tokens.get(role, (0, None))
        if not token or time.monotonic() - since > 300:
            status, _, body = self.request("/api/v1/auth/login", self.users()[role])
            assert status == 200, body
            token = json.loads(body)["access_token"]
            self.tokens[role] = time.monotonic(), token
        return token

    def fill(self, bookings, customers):
        """Rows like those of a business that has been running for years: tests/load/fill.sql."""
        quote = self.sql("SELECT quote FROM booking.bookings WHERE source = 'staff' LIMIT 1")
        if not quote:
            quote = self.book_one()
        self.sql(None, "-v", f"customers={customers}", "-v", f"bookings={bookings}", "-v", f"quote={quote}",
                 "-v", f"spans={min(bookings, 100000)}", "-f", str(LOAD / "fill.sql"))
        self.filled = bookings
        self.sql("CHECKPOINT")
        self.await_catalogue()

    def book_one(self):
        """A booking over the API; its quote, which is what all the others get too."""
        in_a_month = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
        status, _, body = self.request("/api/v1/bookings", {
            "event_date": in_a_month, "event_time": "15:00", "adults": 12, "children": 2,
            "venue_address": "1 Elm Street, San Jose", "venue_zip": "95112", "event_type": "birthday",
            "contact": {"name": "Robin Load", "email": "robin.load@example.com"},
        }, {"Authorization": "Bearer " + self.token(), "Idempotency-Key": "load-the-first-one"})
        assert status == 201, body
        return json.dumps(json.loads(body)["quote"])

    def await_catalogue(self):
        """Until both replicas know the new stations."""
        want = self.sql("SELECT version FROM booking.catalogue_state")
        deadline = time.monotonic() + 30
        for part in ("booking-1", "booking-2"):
            log = self.run_dir / f"logs/{part}.log"
            while f'"version":{want}' not in log.read_text():
                assert time.monotonic() < deadline, f"{part} does not load catalogue {want}"
                time.sleep(0.1)
