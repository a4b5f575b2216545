"""Replicas come and go while the suite serves, and nobody who asks nginx notices: what is said of
balancing in nginx/balancer.lua, by what a client sees."""
import collections
import contextlib
import json
import os
import signal
import subprocess
import threading
import time

import pytest
import requests

from lib.client import expect
from lib.stack import ROOT, wait_for
from test_faults import free_times

READERS, WRITERS = 6, 2
SOON_S = 5  # nginx knows of a change by then


@pytest.fixture
def scaled(stack):
    """scale(3): so many booking replicas; two again afterwards."""
    yield lambda n: stack.run("scale", f"booking={n}")
    stack.run("scale", "booking=2")


class Traffic:
    """Readers and writers, one connection each, until the end of the block. Writes carry no key: one
    that failed may not be repeated, by nobody."""

    def __init__(self, api):
        self.api, self.stop = api, threading.Event()
        self.failures, self.statuses = [], collections.Counter()
        self.threads = [threading.Thread(target=self.repeat, args=[self.read]) for _ in range(READERS)]
        self.threads += [threading.Thread(target=self.repeat, args=[self.write]) for _ in range(WRITERS)]

    def read(self):
        return free_times(self.api)

    def write(self):
        return self.api.post("/api/v1/bookings/quote", json={"guest_count": 10, "venue_zip": "95112"})

    def repeat(self, ask):
        while not self.stop.is_set():
            try:
                reply = ask()
                self.statuses[reply.status_code] += 1
                if reply.status_code != 200:
                    self.failures.append(f"{ask.__name__} {reply.status_code} {reply.text[:300]}")
            except OSError as e:  # every exception of requests is one
                self.failures.append(repr(e))

    def __enter__(self):
        for t in self.threads:
            t.start()
        wait_for(lambda: self.statuses[200] > 20, "traffic", 30)
        return self

    def __exit__(self, *args):
        self.stop.set()
        for t in self.threads:
            t.join()

    def more(self, n=40):
        """Until so many more requests were answered."""
        target = sum(self.statuses.values()) + n
        wait_for(lambda: sum(self.statuses.values()) >= target, f"{n} more replies", 60)


def ports(stack, *parts):
    return {stack.run_dir.joinpath(f"env.d/{p}").read_text().split("LISTEN_PORT=")[1].split()[0] for p in parts}


def answering(stack, since):
    """The ports of the booking replicas that answered since then, and lately, by nginx's log, which tells whole seconds
    and is written once a second."""
    since = max(since, time.time() - 2.5)
    seen = set()
    for line in stack.log("nginx-access").splitlines()[-2000:]:
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            when = time.mktime(time.strptime(row["ts"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
            if row["service"] == "booking" and when >= since and row["upstream_status"] == "200":
                seen.add(row["upstream"].rsplit(":", 1)[-1])
    return seen


def until_answering(stack, parts, timeout_s=SOON_S + 4):
    """Longer than SOON_S by what the log needs."""
    want, since = ports(stack, *parts), time.time()
    wait_for(lambda: answering(stack, since) == want, f"{want} to answer", timeout_s)


def test_replicas_come_and_go(api, stack, scaled):
    with Traffic(api) as traffic:
        until_answering(stack, ["booking-1", "booking-2"])
        scaled(4)
        until_answering(stack, ["booking-1", "booking-2", "booking-3", "booking-4"])
        scaled(1)
        until_answering(stack, ["booking-1"])
        scaled(2)
        until_answering(stack, ["booking-1", "booking-2"])
    assert not traffic.failures, traffic.failures[:5]


def test_a_rolling_restart(api, stack):
    with Traffic(api) as traffic:
        for part in ("booking-1", "booking-2", "booking-1"):
            stack.stop(part)
            traffic.more()
            stack.start(part)
            traffic.more()
    assert not traffic.failures, traffic.failures[:5]


def signal_all(pid, name):
    """To the parent and its workers."""
    for task in [pid, *map(int, open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split())]:
        os.kill(task, name)


def test_the_other_one_stops_at_once(api, stack):
    """Nobody waits until nginx has seen that the first one is back."""
    with Traffic(api) as traffic:
        for part in ("booking-1", "booking-2") * 3:
            stack.stop(part)
            stack.start(part)
    assert not traffic.failures, traffic.failures[:5]


def test_a_killed_replica_is_passed_over(api, stack):
    """Only what it was working on, and may not be repeated, fails: no read does, and of writes one a writer and kill."""
    with Traffic(api) as traffic:
        for part in ("booking-1", "booking-2"):
            signal_all(stack.pid(part), signal.SIGKILL)
            traffic.more()
            stack.start(part)
            until_answering(stack, ["booking-1", "booking-2"])
    assert len(traffic.failures) <= 2 * WRITERS, traffic.failures
    assert all(f.startswith("write 502 ") for f in traffic.failures), traffic.failures


def answers(url):
    try:
        return requests.get(url, timeout=2).status_code
    except OSError:
        return None


def test_a_replica_that_hangs_is_dropped(api, stack):
    """It takes connections, and says nothing."""
    with Traffic(api) as traffic:
        pid = stack.pid("booking-2")
        signal_all(pid, signal.SIGSTOP)
        try:
            until_answering(stack, ["booking-1"])
            traffic.more()
        finally:
            signal_all(pid, signal.SIGCONT)
        until_answering(stack, ["booking-1", "booking-2"])
    assert not traffic.failures, traffic.failures[:5]


def test_a_replica_that_is_not_ready_gets_nothing(api, stack):
    """It runs, and cannot reach its database."""
    url = stack.url("booking-2") + "/api/v1/health"
    with Traffic(api) as traffic:
        stack.stop("booking-2")
        secret = stack.run_dir / "no-database"
        secret.write_text("postgresql://nobody@127.0.0.1:1/none")
        (stack.run_dir / "env.d/booking-2.local").write_text(f"DATABASE_URL_FILE={secret}\n")
        starting = subprocess.Popen([ROOT / "scripts/stack", "start", "booking-2"],  # it waits until it is ready
                                    env=os.environ | {"RUN_DIR": str(stack.run_dir)}, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: answers(url) == 503, "the replica to say that it is not ready")
            until_answering(stack, ["booking-1"])
            traffic.more(100)
            assert answers(url) == 503
        finally:
            starting.kill()
            starting.wait()
            secret.unlink()
            stack.configure("booking-2")
        until_answering(stack, ["booking-1", "booking-2"])
    assert not traffic.failures, traffic.failures[:5]


def test_who_is_another_service_gets_nothing(api, stack):
    """A reused address: identity answers where a booking replica was."""
    file = stack.run_dir / "state/replicas"
    as_it_was = file.read_text()
    identity, = ports(stack, "identity")
    with Traffic(api) as traffic:
        file.write_text(as_it_was + f"booking 127.0.0.1:{identity}\n")
        traffic.more(200)
        file.write_text(as_it_was)
    assert not traffic.failures, traffic.failures[:5]


@pytest.mark.parametrize("rubbish", [
    b"", b"booking\n", b"booking 127.0.0.1\n", b"nobody 127.0.0.1:80\n", b"booking example.com:80\n", b"\0\xff" * 5000,
    b"booking 127.0.0.1:80\n" * 300],
    ids=["empty", "service", "no port", "unknown", "name", "binary", "long"])
def test_rubbish_in_the_file_changes_nothing(api, stack, rubbish):
    file = stack.run_dir / "state/replicas"
    as_it_was = file.read_text()
    with Traffic(api) as traffic:
        file.write_bytes(rubbish)
        traffic.more()
        file.write_text(as_it_was)
    assert not traffic.failures, traffic.failures[:5]
    assert expect(free_times(api))
