"""What a process weighs, and how soon it is there."""
import datetime
import http.client
import itertools
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import time

import load
from stack import LOAD

SERVICES = ("identity", "booking-1", "booking-2")
TRIM_SECONDS = 10  # libcommon/app/worker.c


def pss_mb(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: +(\d+)", rollup, re.M)[1]) / 1024


def processes(stack, part):
    """{what: process id} of a part: its parent process and its workers."""
    parent = stack.pid(part)
    workers = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {"parent": parent} | {f"worker {i}": int(pid) for i, pid in enumerate(workers, 1)}


def weigh(stack):
    return {f"{part} {what}": pss_mb(pid) for part in SERVICES for what, pid in processes(stack, part).items()}


def heaviest(rows, name, weights):
    who = max(weights, key=weights.get)
    rows.add(name, "MB", weights[who], target=8, at="most", note=f"the heaviest: {who}")


def memory(stack, rows):
    heaviest(rows, "idle memory (Pss) of a process", weigh(stack))


def flat(stack, rows):
    """Before and after a million requests, each time when what the load took has been given back."""
    many = int(os.environ.get("BENCH_REQUESTS", 1000000))
    stack.fill(bookings=10000, customers=10000)
    # The first tenth fills pools and caches, which have a bound.
    pieces = itertools.count()
    mixed(stack, pieces, many // 10)
    before = weigh_at_rest(stack)
    mixed(stack, pieces, many)
    after = weigh_at_rest(stack)
    heaviest(rows, f"memory (Pss) of a process after {many:,} mixed requests", after)
    who = max(after, key=lambda w: after[w] - before[w])
    rows.add(f"growth of a process over {many:,} mixed requests", "MB", after[who] - before[who], target=1, at="most",
             note=f"the most: {who}")


def mixed(stack, pieces, requests):
    """Sign-ins are another account's: each ends an older session of it."""
    first_day = datetime.date.today() + datetime.timedelta(days=70)
    day = int(datetime.datetime.combine(first_day, datetime.time(), datetime.timezone.utc).timestamp())
    done = meant = 0
    while done < requests:
        # Bookings in a row that no other part makes.
        first = 10_000_000 + 10_000 * next(pieces)
        result = load.wrk(stack.env["BASE_URL"], stack.token(), "mixed", first, 50, day, stack.filled,
                          seconds=min(60, max(2, requests // 1000)), login=json.dumps(stack.users()["CUSTOMER"]))
        done, meant = done + result["requests"], meant + result["meant"]
    assert 0.1 < meant / done < 0.3, f"refused: {meant} of {done}; something else than the mixture was measured"


def weigh_at_rest(stack):
    time.sleep(TRIM_SECONDS + 2)
    return weigh(stack)


def worked(stack, rows):
    heaviest(rows, "memory (Pss) of a process after the load above", weigh(stack))


def idle_connections(stack, rows):
    """Growth of a worker while 10,000 connections to its port sit there."""
    worker = processes(stack, "booking-1")["worker 1"]
    before = pss_mb(worker)
    with subprocess.Popen([sys.executable, LOAD / "idle.py", stack.env["BOOKING_1_URL"].rsplit(":", 1)[1], "10000"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        held = holder.stdout.readline()
        assert held == "10000\n", f"connections that could be made: {held}"
        grown = pss_mb(worker) - before
        holder.communicate("")
    rows.add("10,000 idle connections to a process", "MB", grown, target=60, at="most")
    time.sleep(TRIM_SECONDS + 2)
    rows.add("what a process keeps of 10,000 connections when they are gone", "MB", pss_mb(worker) - before, target=2,
             at="most")


def ready(stack, rows):
    """From exec to the first 200 of readiness, of a process beside the others."""
    port = 8590 + int(stack.environ["PORT_OFFSET"])
    took = []
    for service, part in (("identity", "identity"), ("booking", "booking-1")):
        env = {"PATH": "/usr/bin:/bin", "TZ": "UTC"}
        for line in (stack.run_dir / f"env.d/{part}").read_text().splitlines():
            name, _, value = line.partition("=")
            env[name] = "".join(shlex.split(value))
        env |= {"LISTEN_PORT": str(port), "METRICS_PORT": "0", "LOG_FILE": "-"}
        times = [start_once(stack.bin_dir / service, env, port) for _ in range(5)]
        took.append((statistics.median(times), service))
    rows.add("ready after exec, median of 5", "ms", max(took)[0], target=150, at="most",
             note=", ".join(f"{service} {ms:.0f} ms" for ms, service in took))


def start_once(program, env, port):
    begun = time.monotonic()
    process = subprocess.Popen([program], env=env, stderr=subprocess.DEVNULL)
    try:
        while not is_ready(port):
            assert process.poll() is None and time.monotonic() - begun < 10, f"{program} does not get ready"
            time.sleep(0.001)
        return (time.monotonic() - begun) * 1000
    finally:
        process.terminate()
        process.wait()


def is_ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/api/v1/health/readiness")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
