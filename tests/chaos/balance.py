"""Replicas die, restart, come and go, and so do PostgreSQL and Redis, while clients ask at a steady rate: each request
has its moment, however long the ones before it take. Who asked for what, and what the answer was, is in a
journal; afterwards each acknowledged booking has to be there."""
import asyncio
import collections
import dataclasses
import datetime
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time

import journal as journals
from faults import restart_postgres
from http1 import Broken, Http
from traffic import STATION, ZIP
from world import alive, wait_for

RATE = float(os.environ.get("CHAOS_RATE", 500))
REDIS_GONE_S = float(os.environ.get("CHAOS_REDIS_S", 60))
ROLLS = int(os.environ.get("CHAOS_ROLLS", 1))
CHEFS, DAYS = 20, 300
CLIENT_TIMEOUT_S = 40
CONNECTIONS = 256  # more wait for one; their time counts from the moment at which they were due
# What is asked for, of a hundred. Quotes and logins carry no key: what had begun on a replica that dies is not repeated.
MIX = {"free times": 35, "menu": 20, "calendar": 12, "quote": 20, "booking": 8, "hold": 4, "login": 1}
UNREPEATABLE = ("quote", "login")
# How a kept connection looks that nginx closed before it had read anything of the request.
CLOSED = ("IncompleteReadError 0 bytes", "ConnectionResetError", "BrokenPipeError")


@dataclasses.dataclass
class Phase:
    name: str
    trouble: object           # trouble(world) -> the moment after which all is expected to be well, or None
    promise: str


def rest(seconds):
    return lambda world: time.sleep(seconds)


def kills(world):
    """Each replica once, far enough apart for the other one to be back."""
    for part in ("booking-1", "booking-2"):
        world.kill(part)
        at = time.monotonic()
        time.sleep(4)
        world.stack("start", part)
        time.sleep(3)
    return at


def rolling(world):
    """Every replica, one after the other: SIGTERM, gone, started."""
    for part in ROLLS * ("booking-1", "booking-2", "identity", "identity-2"):
        world.stack("stop", part)
        world.stack("start", part)
        time.sleep(1.5)


def reload(world):
    """As scripts/stack and scripts/deploy do it."""
    for _ in range(3):
        subprocess.run(["scripts/reload-nginx", world.run_dir / "nginx", world.run_dir / "state/nginx"], check=True)
        time.sleep(2)


def scaling(world):
    for n in (1, 4, 1, 2):
        world.stack("scale", f"booking={n}")
        time.sleep(4)


def postgres_restarts(world):
    at = restart_postgres(world, 3, None)
    time.sleep(6)
    return at


def redis_gone(world):
    pid = world.pid("redis")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(pid), "Redis to die")
    time.sleep(REDIS_GONE_S)
    world.stack("start", "redis")
    time.sleep(3)


PHASES = (
    Phase("nothing", rest(15), "none failed"),
    Phase("kill -9 of each replica", kills, "none failed but what had begun there and may not be repeated"),
    Phase("rolling restart of every replica", rolling, "none failed"),
    Phase("scale 2 to 1 to 4 to 1 to 2", scaling, "none failed"),
    Phase("PostgreSQL restarted", postgres_restarts,
          "503 with Retry-After; serving within 3 s of its return; nothing acknowledged lost"),
    Phase("nginx reloaded three times", reload, "none failed but on a kept connection that ended in that moment"),
    Phase(f"Redis gone for {REDIS_GONE_S:.0f} s", redis_gone, "none failed"),
)


class Load:
    def __init__(self, world, phase, seed):
        self.world, self.journal = world, journals.Journal(world.run_dir / f"journals/balance-{phase}.jsonl")
        self.http = Http(world.env["BASE_URL"], world.env["CA_FILE"])
        self.dice = random.Random(f"{seed} {phase}")
        self.phase, self.count, self.running = phase, 0, set()
        self.room = asyncio.Semaphore(CONNECTIONS)
        self.user = world.users()["ADMIN"]
        self.token = None

    def request(self, kind):
        dice = self.dice
        day = (datetime.date.today() + datetime.timedelta(days=dice.randint(10, DAYS))).isoformat()
        at = f"{dice.randint(11, 22)}:00"
        if kind == "free times":
            return "GET", f"/api/v1/availability?venue_zip={ZIP}&station_id={STATION}&from={day}&to={day}", None
        if kind == "menu":
            return "GET", "/api/v1/menu", None
        if kind == "calendar":
            return "GET", f"/api/v1/calendar?view=day&date={day}&station_id={STATION}", None
        if kind == "quote":
            return "POST", "/api/v1/bookings/quote", {"guest_count": 10, "venue_zip": ZIP}
        if kind == "login":
            return "POST", "/api/v1/auth/login", {k: self.user[k] for k in ("email", "password")}
        if kind == "hold":
            return "POST", "/api/v1/holds", {"event_date": day, "event_time": at, "venue_zip": ZIP, "station_id": STATION}
        who = f"{self.phase}.{self.count}@balance.invalid"
        return "POST", "/api/v1/bookings", {
            "event_date": day, "event_time": at, "adults": 8, "venue_zip": ZIP, "station_id": STATION,
            "venue_address": "1 Pier Road", "contact": {"name": "Balance", "email": who, "phone": "+14085550100"}}

    async def one(self, kind):
        self.count += 1
        method, path, body = self.request(kind)
        headers = {}
        if kind in ("booking", "hold"):
            headers["Idempotency-Key"] = f"balance-{self.phase}-{self.count}"
        elif kind == "calendar":
            headers["Authorization"] = f"Bearer {self.token}"
        n = self.journal.invoke(what=kind, email=body["contact"]["email"] if kind == "booking" else None)
        try:
            async with self.room:
                reply = await self.http.request(method, path, body, headers, CLIENT_TIMEOUT_S)
        except Broken as e:
            self.journal.done(n, "info", why=str(e))
            return
        made = reply.json().get("id") if kind == "booking" and reply.status == 201 else None
        self.journal.done(n, "ok" if reply.status < 300 else "info" if reply.status >= 500 else "fail",
                          status=reply.status, code=reply.code, id=made, retry_after="retry-after" in reply.headers)

    async def run(self, trouble):
        reply = await self.http.request("POST", "/api/v1/auth/login",
                                        {k: self.user[k] for k in ("email", "password")})
        self.token = reply.json()["access_token"]
        kinds, weights = list(MIX), list(MIX.values())
        making = asyncio.create_task(asyncio.to_thread(trouble, self.world))
        start, n = time.monotonic(), 0
        while not making.done():
            n += 1
            due = start + n / RATE
            while (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.one(self.dice.choices(kinds, weights)[0]))
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        seconds = time.monotonic() - start
        await asyncio.gather(*self.running)
        self.http.close()
        self.journal.close()
        return seconds, time.monotonic() - start, await making


def lost(world, ops):
    """Bookings that were acknowledged and are not there, or twice."""
    ids = [o.last.said["id"] for o in ops if o.last.said.get("id")]
    there = {r["id"] for r in world.sql("SELECT id::text FROM booking.bookings WHERE id::text = ANY (%s)", ids)}
    twice = world.sql("""SELECT contact_email FROM booking.bookings WHERE contact_email = ANY (%s)
                         GROUP BY 1 HAVING count(*) > 1""", [o.email for o in ops if o.email])
    return len(ids) - len(there), len(twice)


def judged(phase, ops, seconds, whole_s, healed):
    failed = [o for o in ops if o.result == "info"]
    times = sorted((o.last.end - o.start) * 1000 for o in ops if o.result == "ok")
    kinds = collections.Counter(f"{o.what} {o.last.said.get('status') or o.last.said.get('why')}" for o in failed)
    closed = sum(str(o.last.said.get("why")).startswith(CLOSED) for o in failed)
    silent = sum(o.last.said.get("status") != 503 or not o.last.said["retry_after"] for o in failed)
    return {"phase": phase.name, "promise": phase.promise, "offered_per_s": round(len(ops) / seconds, 1),
            "answered_per_s": round(len(ops) / whole_s, 1), "requests": len(ops), "failed": len(failed),
            "failed_though_repeatable": sum(o.what not in UNREPEATABLE for o in failed), "not_503": silent, "closed": closed,
            "p50_ms": round(statistics.median(times), 1), "p99_ms": round(times[int(len(times) * 0.99)], 1),
            "recovery_s": round(max([0.0] + [o.start - healed for o in failed]), 2) if healed else None,
            "what": dict(kinds.most_common(8))}


def kept(phase, row):
    if row["lost"] or row["doubled"]:
        return False
    if phase.name.startswith("kill"):
        return not row["failed_though_repeatable"]
    if phase.name.startswith("nginx"):
        return row["failed"] == row["closed"]
    if phase.name.startswith("PostgreSQL"):
        return not row["not_503"] and row["recovery_s"] <= 3
    return not row["failed"]


def prepare(world):
    world.stack("scale", "identity=2")
    for _ in range(CHEFS):
        chef = world.sql("""INSERT INTO booking.chefs (id, station_id, name, max_events_per_day, created_at, updated_at)
                            VALUES (gen_random_uuid(), %s, 'Chaos', 6, now(), now()) RETURNING id::text""", STATION)
        world.sql("""INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)
                     SELECT %s, d, '09:00', '00:00' FROM generate_series(1, 7) d""", chef[0]["id"])


def measure(world, words=()):
    seed, rows, good = os.environ.get("CHAOS_SEED", "1"), [], True
    prepare(world)
    print("| while | offered/s | answered/s | requests | failed | p50 ms | p99 ms | recovery, s | kept |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---|")
    for n, phase in enumerate(PHASES):
        if words and not any(w.lower() in phase.name.lower() for w in words):
            continue
        load = Load(world, str(n), seed)
        result = asyncio.run(load.run(phase.trouble))
        ops = journals.read(world.run_dir / f"journals/balance-{n}.jsonl")
        row = judged(phase, ops, *result)
        row["lost"], row["doubled"] = lost(world, ops)
        row["kept"] = kept(phase, row)
        good = good and row["kept"]
        rows.append(row)
        recovery = "" if row["recovery_s"] is None else row["recovery_s"]
        print(f"| {phase.name} | {row['offered_per_s']} | {row['answered_per_s']} | {row['requests']} | {row['failed']} | "
              f"{row['p50_ms']} | {row['p99_ms']} | {recovery} | {'yes' if row['kept'] else '**no**'} |", flush=True)
        if row["failed"]:
            print(f"balance: {phase.name}: {row['what']}", file=sys.stderr)
    path = os.environ.get("CHAOS_OUT", ".run/balance.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(rows, f, indent=1)
    print(f"\n{path}")
    return 0 if good else 1
