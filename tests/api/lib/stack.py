"""The running test stack, as scripts/stack left it: where its parts are, and how to trouble them."""
import os
import pathlib
import shlex
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
SERVICES = tuple(subprocess.run([ROOT / "scripts/services", "--parts"], check=True, capture_output=True,
                                text=True).stdout.split())


def wait_for(condition, what, timeout_s=10):
    """The first true value of condition(), looked at again and again."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.02)


class Stack:
    def __init__(self):
        self.run_dir = pathlib.Path(os.environ.get("RUN_DIR", ROOT / ".run/test"))
        self.env = {}
        for line in (self.run_dir / "env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            self.env[name] = "".join(shlex.split(value))

    def url(self, part):
        """Base URL of a part's own port, past nginx."""
        return self.env[part.upper().replace("-", "_") + "_URL"]

    def metrics_url(self, part):
        return self.env[part.upper().replace("-", "_") + "_METRICS_URL"]

    def log(self, part):
        return (self.run_dir / f"logs/{part}.log").read_text()

    def secret(self, name):
        return (self.run_dir / "secrets" / name).read_text().strip()

    def environment(self, part):
        """The variables that a service runs with."""
        lines = (self.run_dir / f"env.d/{part}").read_text().splitlines()
        return {name: "".join(shlex.split(value)) for name, _, value in (i.partition("=") for i in lines)}

    def run(self, *command):
        done = subprocess.run([ROOT / "scripts/stack", *command], capture_output=True, text=True,
                              env=os.environ | {"RUN_DIR": str(self.run_dir)}, check=False)
        assert done.returncode == 0, f"stack {' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *parts):
        self.run("start", *parts)

    def stop(self, *parts):
        self.run("stop", *parts)

    def signal(self, part, name):
        self.run("signal", part, name)

    def pid(self, part):
        return int((self.run_dir / f"proc/{part}.pid").read_text().split()[0])

    def command(self, part, *arguments, stdin=""):
        """The part's program as the stack runs it, with its environment, for one of its commands."""
        program = pathlib.Path(self.env["BIN_DIR"]) / part.rstrip("-0123456789")
        return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "TZ": "UTC"} | self.environment(part))

    def configure(self, part, **variables):
        """Restarts a service with more variables; none: as it was."""
        extra = self.run_dir / f"env.d/{part}.local"
        if variables:
            extra.write_text("".join(f"{k}={v}\n" for k, v in variables.items()))
        else:
            extra.unlink(missing_ok=True)
        self.start(part)

    def heal(self):
        """Starts what a test left stopped."""
        self.start("postgres", "redis", "mail", *SERVICES, "nginx")


class Clock:
    """The wall clock of the services. What they hold against the time moves with it: tokens expire,
    holds lapse."""

    def __init__(self, path):
        self.path = path

    @property
    def offset_us(self):
        with open(self.path, "rb") as f:
            return struct.unpack("=q", f.read(8))[0]

    @offset_us.setter
    def offset_us(self, value):
        # In place: the services have the file mapped.
        with open(self.path, "r+b") as f:
            f.write(struct.pack("=q", value))

    def advance(self, **units):
        """advance(minutes=15): days, hours, minutes, seconds."""
        seconds = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
        self.offset_us += int(sum(seconds[u] * n for u, n in units.items()) * 1_000_000)

    def reset(self):
        self.offset_us = 0

    def now(self):
        """Seconds since the epoch, as the services see it."""
        return time.time() + self.offset_us / 1_000_000
