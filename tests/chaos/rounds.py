"""A round: traffic on fresh slots, a fault in the middle, peace; then everything unsettled is settled, the replies are
asked for again, and the checks read the journal and the database."""
import asyncio
import dataclasses
import datetime
import random
import time
import uuid

import invariants
import journal as journals
from bus_load import WRITERS, BusLoad
from http1 import Http
from mails import Mails
from traffic import CLIENTS, STATION, Client, digest

SLOTS = 10
RUSH_SLOTS, RUSH_CLIENTS = 3, 16
SETTLE_S = 60
REST_S = 90
REPLAYED = 0.3  # of the acknowledged writes are sent once more
LEAST = 500  # requests of a round
NO_FAULT = "none"
DEADLINE_S = 8 * 1.1  # REQUEST_DEADLINE_MS of service.env and a tenth
JOB_BACK_S = 30       # what a worker left when it died is done by then


@dataclasses.dataclass
class Row:
    fault: str
    traffic: str
    requests: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    failed: int = 0
    recovery_s: float = None


@dataclasses.dataclass
class Outcome:
    rows: list
    findings: list
    slowest_s: float      # the longest answer
    calls: int = 0
    repeated: int = 0     # stored replies that were asked for again


class Stage:
    """What the clients of a round share."""

    def __init__(self, world, name, seed, think_s):
        self.world, self.name, self.seed, self.think_s = world, name, seed, think_s
        self.chef = str(uuid.UUID(int=random.Random(f"{seed} {name}").getrandbits(128), version=4))
        first = datetime.date.today() + datetime.timedelta(days=10)
        days = [(first + datetime.timedelta(days=i)).isoformat() for i in range(SLOTS + RUSH_SLOTS)]
        self.slots, self.rush_slots = days[:SLOTS], days[SLOTS:]
        self.path = world.run_dir / f"journals/{name}.jsonl"
        self.journal = journals.Journal(self.path)
        self.http = Http(world.env["BASE_URL"], world.env["CA_FILE"])
        self.over = asyncio.Event()
        self.unsettled, self.sent, self.asked = [], {}, 0
        self.users = {r: u for r, u in world.users().items() if r != "SUPER_ADMIN"}
        self.token = None
        self.enter()

    def enter(self):
        """A chef for this round alone; those of earlier rounds have left the station."""
        self.world.sql("UPDATE booking.chefs SET active = false WHERE station_id = %s", STATION)
        self.world.sql("""INSERT INTO booking.chefs (id, station_id, name, max_events_per_day, created_at, updated_at)
                          VALUES (%s, %s, 'Chaos', 6, now(), now())""", self.chef, STATION)
        self.world.sql("""INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)
                          SELECT %s, d, '09:00', '00:00' FROM generate_series(1, 7) d""", self.chef)
        self.first_seq = self.last_seq() + 1

    def last_seq(self):
        return self.world.sql("SELECT coalesce(max(seq), 0) AS n FROM bus.events")[0]["n"]

    async def sign_in(self):
        user = self.users["ADMIN"]
        reply = await self.http.request("POST", "/api/v1/auth/login", {k: user[k] for k in ("email", "password")})
        if reply.status == 200:
            self.token = reply.json()["access_token"]

    # --- afterwards -------------------------------------------------------------------------------

    async def settle(self):
        """Everything whose outcome nobody knows is asked again until it is known; at once, as clients would."""
        client = Client(self, "settle", 0)
        deadline = time.monotonic() + SETTLE_S

        async def one(n, request, read):
            if "Idempotency-Key" not in request[3]:
                return
            while time.monotonic() < deadline:
                self.journal.again(n)
                reply = await client.once(n, request, read)
                if reply:
                    if reply.status < 300:
                        self.sent[n] = request
                    return
                await asyncio.sleep(0.3)
        await asyncio.gather(*(one(*u) for u in self.unsettled))

    async def replay(self, ops):
        """The same key once more gives the same bytes; another wish under it is refused."""
        dice, found, asked = random.Random(f"{self.seed} replay"), [], 0
        for op in ops:
            if op.n not in self.sent or op.result != "ok" or dice.random() > REPLAYED:
                continue
            asked += 1
            method, path, body, headers = self.sent[op.n]
            reply = await self.http.request(method, path, body, headers)
            if (reply.status, digest(reply.body)) != (op.last.said["status"], op.last.said["digest"]):
                found.append(invariants.Finding("replies", op.traffic, "wrong",
                                                f"{op.key} gives another reply than before: {reply.status}"))
            if asked % 5 == 0:
                other = body | ({"adults": 21} if op.what == "book" else {"reason": "x"} if op.what == "cancel" else
                                {"duration_minutes": 60})
                reply = await self.http.request(method, path, other, headers)
                if (reply.status, reply.code) != (422, "idempotency_key_reused"):
                    found.append(invariants.Finding("replies", op.traffic, "wrong",
                                                    f"{op.key} with another body: {reply.status} {reply.code}"))
        return found, asked

    async def rest(self):
        """Until consumers and workers have nothing left to do; returns the last event's number."""
        last = await asyncio.to_thread(self.last_seq)

        def busy():
            return self.world.sql("""
                SELECT count(*) AS n FROM bus.cursors c JOIN bus.events e
                ON (e.txid, e.seq) > (c.txid, c.seq) AND e.seq BETWEEN %s AND %s
                WHERE c.consumer IN ('booking.chaos', 'booking.waitlist')""", self.first_seq, last)[0]["n"] + \
                self.world.sql("""SELECT count(*) AS n FROM bus.jobs
                                  WHERE kind IN ('booking.chaos', 'booking.mail') AND state <> 'parked'""")[0]["n"]
        deadline = time.monotonic() + REST_S
        while await asyncio.to_thread(busy) and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        return last


def is_failure(t):
    """A try that a client would call failed."""
    return t.result == "info" and t.said.get("code") != "idempotency_in_progress" and t.said.get("status") != 429


def rows_of(fault, ops, findings, ended):
    rows = []
    for traffic in (*CLIENTS, "events", "jobs"):
        mine = [o for o in ops if o.traffic == traffic]
        tries = [t for o in mine for t in o.tries]
        bad = [t.start for t in tries if is_failure(t)]
        row = Row(fault, traffic, len(tries), sum(o.result == "ok" for o in mine), failed=len(bad))
        row.lost = sum(f.traffic == traffic and f.kind == "lost" for f in findings)
        row.doubled = sum(f.traffic == traffic and f.kind == "doubled" for f in findings)
        if ended is not None:
            row.recovery_s = round(max([0.0] + [at - ended for at in bad]), 2)
        rows.append(row)
    return rows


def missed(fault, rows, slowest_s, patience_s, rest_s):
    """What is promised of time, and was not kept."""
    for row in rows:
        if fault and row.traffic in fault.spares and row.failed:
            yield invariants.Finding("time", row.traffic, "wrong", f"{row.failed} requests failed for: {fault.name}")
        if fault and row.traffic in CLIENTS and row.recovery_s > fault.within_s:
            yield invariants.Finding("time", row.traffic, "wrong",
                                     f"requests fail {row.recovery_s} s after: {fault.name}")
    if slowest_s > patience_s:
        yield invariants.Finding("time", "bookings", "wrong", f"an answer took {slowest_s} s")
    if rest_s > JOB_BACK_S:
        yield invariants.Finding("time", "jobs", "wrong", f"jobs and events were behind for {rest_s:.0f} s")


async def traffic_until_calm(stage, fault, dice, before_s, fault_s, after_s):
    """Runs the clients around the fault, on a slow machine until they have asked enough; returns when it ended."""
    clients = [Client(stage, traffic, n) for traffic, count in CLIENTS.items() for n in range(count)]
    running = [asyncio.create_task(c.run()) for c in clients]
    ended = None
    try:
        await asyncio.sleep(before_s)
        if fault:
            ended = await asyncio.to_thread(fault.run, stage.world, fault_s, dice)
        await asyncio.sleep(after_s)
        give_up = time.monotonic() + 30
        while stage.asked < LEAST and time.monotonic() < give_up:
            await asyncio.sleep(0.1)
    finally:
        stage.over.set()
        await asyncio.gather(*running)
    return ended


async def rush(stage):
    """At the end many want the same fresh slots at once, and keep what they get: what went to two stands there."""
    clients = [Client(stage, "bookings", 100 + n) for n in range(RUSH_SLOTS * RUSH_CLIENTS)]
    await asyncio.gather(*(c.book(stage.rush_slots[n % RUSH_SLOTS]) for n, c in enumerate(clients)))


async def play(world, fault, name, seed, before_s=3, fault_s=5, after_s=4, think_s=0.2, spoil=None, writers=WRITERS):
    """One round; its Outcome. spoil: SQL between the traffic and the checks; writers: of the event log."""
    if fault and fault.prepare:
        await asyncio.to_thread(fault.prepare, world)
    stage = await asyncio.to_thread(Stage, world, name, seed, think_s)
    mails = Mails(world.run_dir / "mail")
    mails.start()
    bus = BusLoad(world, stage.journal, f"{seed} {name}", writers=writers)
    try:
        await stage.sign_in()
        bus.start()
        ended = await traffic_until_calm(stage, fault, random.Random(f"{seed} {name}"), before_s, fault_s, after_s)
        await asyncio.to_thread(world.heal)
        await rush(stage)
        await asyncio.to_thread(bus.stop_writing)
        await stage.settle()
        settled = time.monotonic()
        last = await stage.rest()
        rest_s = time.monotonic() - settled
    except BaseException:
        await asyncio.to_thread(world.heal)  # the next round is not to suffer for it
        raise
    finally:
        bus.closing.set()
        await asyncio.to_thread(bus.stop)
        mails.stop()
    stage.journal.close()
    if spoil:
        await asyncio.to_thread(world.sql, spoil)
    ops = journals.read(stage.path)
    found, repeated = await stage.replay(ops)
    stage.http.close()
    facts = await asyncio.to_thread(invariants.Facts, world, ops, mails.found, stage.chef, (stage.first_seq, last))
    found += await asyncio.to_thread(invariants.all_findings, facts)
    if fault and fault.restore:
        await asyncio.to_thread(fault.restore, world)
    slowest = max((t.end - t.start for o in ops if o.traffic in CLIENTS for t in o.tries
                   if t.end != journals.FOREVER), default=0)
    rows = rows_of(fault.name if fault else NO_FAULT, ops, found, ended)
    patience_s = DEADLINE_S + (fault_s if fault and fault.freezes else 0)
    found += missed(fault, rows, slowest, patience_s, rest_s)
    return Outcome(rows, found, round(slowest, 2),
                   sum(o.what in ("book", "hold", "cancel", "move", "release", "read") for o in ops), repeated)
