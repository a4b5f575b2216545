"""The chaos stack: the suite on ports of its own, with proxies between the services and what they stand on."""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import psycopg2
import psycopg2.extras

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = {
    "RUN_DIR": ".run/chaos",
    "PORT_OFFSET": "3000",
    "BIN_DIR": "build/release/bin",
    "SERVICE_ENV": "tests/chaos/service.env",
    "CONNECTIONS_PER_IP": "10000",
    "DRILL": "1",
    "APP_ENV": "chaos",
}
REPLICAS = ("identity", "booking-1", "booking-2")
MOST_REPLICAS = 4


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def wait_for(condition, what, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what}")
        time.sleep(0.05)
    return value


class Proxy:
    """proxy.py, as a process."""

    def __init__(self, port, target):
        self.port = port
        self.process = subprocess.Popen(
            ["/usr/bin/python3", HERE / "proxy.py", str(port), str(target)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True)
        self.hear()

    def hear(self):
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError("the proxy does not answer")

    def order(self, text):
        self.process.stdin.write(text + "\n")
        self.hear()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class World:
    def __init__(self, proxied=True, log=sys.stderr):
        self.environ = os.environ | {k: os.environ.get(k, v) for k, v in SETTINGS.items()}
        self.run_dir = (ROOT / self.environ["RUN_DIR"]).resolve()
        self.proxied, self.log = proxied, log
        self.env, self.proxies, self.mounts = {}, {}, []
        self.standby = None       # standby.py: its folder and port
        self.primary_port = None  # of the standby, since it was promoted
        self.clock_moves = []  # (monotonic time, offset in seconds) from then on

    # --- the stack --------------------------------------------------------------------------------

    def stack(self, *words, check=True):
        done = subprocess.run([ROOT / "scripts/stack", *words], env=self.environ, text=True, check=False,
                              capture_output=True, start_new_session=True)
        if check and done.returncode:
            raise RuntimeError(f"stack {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def up(self):
        self.reset()
        shutil.rmtree(self.run_dir / "journals", ignore_errors=True)  # of the last run, which were there to be read
        self.stack("up")
        for line in (self.run_dir / "env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            self.env[name] = "".join(shlex.split(value))
        self.clock_moves = [(0.0, 0.0)]
        if self.proxied:
            self.divert()
        (self.run_dir / "journals").mkdir(exist_ok=True)
        self.prepare()

    def divert(self):
        """Services reach PostgreSQL and Redis through a proxy each."""
        ports = {"postgres": self.port("PG_PORT"), "redis": self.port("REDIS_PORT")}
        for name, port in ports.items():
            self.proxies[name] = Proxy(port + 5, port)
        secrets = self.run_dir / "secrets"
        for name, port in (("identity.database-url", ports["postgres"]), ("booking.database-url", ports["postgres"]),
                           ("redis-url", ports["redis"])):
            text = (secrets / name).read_text().replace(f":{port}", f":{port + 5}")
            assert str(port + 5) in text
            (secrets / f"chaos-{name}").touch(0o600)
            (secrets / f"chaos-{name}").write_text(text)
        for part in (*REPLICAS, *(f"booking-{n}" for n in range(3, MOST_REPLICAS + 1))):
            self.configure(part, start=False)
        self.stack("start", *REPLICAS)

    def configure(self, part, start=True, **more):
        """Restarts a part with more variables; none: as it is usually."""
        secrets, service = self.run_dir / "secrets", part.rstrip("-0123456789")
        lines = {"DATABASE_URL_FILE": secrets / f"chaos-{service}.database-url",
                 "REDIS_URL_FILE": secrets / "chaos-redis-url"} if self.proxied else {}
        (self.run_dir / f"env.d/{part}.local").write_text(
            "".join(f"{k}={v}\n" for k, v in (lines | more).items()))
        if start:
            self.stack("start", part)

    def reset(self):
        for proxy in self.proxies.values():
            proxy.close()
        self.proxies = {}
        if self.standby:
            self.stop_standby()
        self.stack("down")
        for path in reversed(self.mounts):
            subprocess.run(["umount", path], check=False)
        self.mounts = []
        self.stack("reset")

    def stop_standby(self):
        """At once; it is not needed any more."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.standby[0] / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        self.standby = self.primary_port = None

    def heal(self):
        """Whatever a fault left: everything runs again."""
        for proxy in self.proxies.values():
            proxy.order("pass")
        parts = ("postgres", "redis", "mail", *REPLICAS, "nginx")
        self.stack("start", *(p for p in parts if p != "postgres" or not self.primary_port))

    def port(self, name):
        for line in (self.run_dir / "settings").read_text().splitlines():
            if line.startswith(f"{name}="):
                return int(line.partition("=")[2])
        raise KeyError(name)

    def secret(self, name):
        return (self.run_dir / "secrets" / name).read_text().strip()

    def users(self):
        return json.loads((self.run_dir / "demo.json").read_text())["users"]

    # --- processes --------------------------------------------------------------------------------

    def pid(self, part):
        return int((self.run_dir / f"proc/{part}.pid").read_text().split()[0])

    def family(self, part):
        """The process of a part and all its children, parents first."""
        pids, found = [self.pid(part)], []
        while pids:
            pid = pids.pop(0)
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    pids += map(int, task.read_text().split())
                except OSError:
                    pass
        return found

    def signal(self, part, number, workers_only=False):
        """To all of its processes: a machine that stops, not an order to stop."""
        for pid in self.family(part)[workers_only:]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self, part):
        pids = self.family(part)
        self.signal(part, signal.SIGKILL)
        # Also buried: PostgreSQL takes a dead process that nobody has waited for yet for a running server.
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), f"{part} to die")

    # --- the database -----------------------------------------------------------------------------

    def connect(self, user="postgres", autocommit=True, direct=True):
        """As the superuser, or as a service with its own role."""
        ports = [self.primary_port or self.port("PG_PORT")]
        if self.proxied and not direct:
            ports = [self.proxies[name].port for name in ("postgres", "standby") if name in self.proxies]
        c = psycopg2.connect(host=",".join(["127.0.0.1"] * len(ports)), port=",".join(map(str, ports)),
                             target_session_attrs="read-write", dbname="myhibachi", user=user, connect_timeout=5,
                             password=self.secret(f"pg-{user}"), cursor_factory=psycopg2.extras.RealDictCursor)
        c.autocommit = autocommit
        return c

    def sql(self, text, *values):
        """The rows of a statement, as the superuser; an empty list when it has none."""
        c = self.connect()
        try:
            with c.cursor() as q:
                q.execute(text, values or None)
                return q.fetchall() if q.description else []
        finally:
            c.close()

    def prepare(self):
        """What the drill needs there: a station out at sea, and the witness of what consumers act on."""
        self.sql((HERE / "prepare.sql").read_text())
        want = self.sql("SELECT version FROM booking.catalogue_state")[0]["version"]
        for part in REPLICAS[1:]:
            log = self.run_dir / f"logs/{part}.log"
            wait_for(lambda: f'"version":{want}' in log.read_text(), f"{part} to know the station")

    # --- the services' clock ----------------------------------------------------------------------

    def clock_step(self, seconds):
        path = self.env["CLOCK_OFFSET_FILE"]
        offset = self.clock_moves[-1][1] + seconds
        with open(path, "r+b") as f:  # in place: the services have it mapped
            f.write(struct.pack("=q", int(offset * 1_000_000)))
        self.clock_moves.append((time.monotonic(), offset))

    def now(self):
        return time.time() + self.clock_moves[-1][1]

    def first_at(self, wall):
        """The first moment, monotonic, at which the services' clock may have said `wall`."""
        bias = time.time() - time.monotonic()
        for n, (since, offset) in enumerate(self.clock_moves):
            until = self.clock_moves[n + 1][0] if n + 1 < len(self.clock_moves) else float("inf")
            at = max(wall - offset - bias, since)
            if at < until:
                return at
        raise AssertionError


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
