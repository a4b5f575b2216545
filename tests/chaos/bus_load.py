"""Events and jobs straight at the database, by its own functions and with the right of a service: many writers whose
transactions take random times, consumers, and workers that sometimes sleep longer than their lease. What the
services do with events is seen by the witness (prepare.sql); here is the volume."""
import contextlib
import json
import random
import threading
import time
import uuid

import psycopg2

CONSUMER, KIND = "booking.chaos", "booking.chaos"
LEASE_MS = 2000
WRITERS, READERS, WORKERS = 8, 2, 8


class BusLoad:
    """Threads over connections that may break at any moment. pace_s: a writer's rest between two transactions."""

    def __init__(self, world, journal, seed, pace_s=0.1, writers=WRITERS):
        self.world, self.journal, self.seed, self.pace_s = world, journal, seed, pace_s
        self.closing, self.closed = threading.Event(), threading.Event()
        self.writers = [threading.Thread(target=self.turns, args=[self.write, self.closing, n])
                        for n in range(writers)]
        self.others = [threading.Thread(target=self.turns, args=[self.consume, self.closed, n])
                       for n in range(READERS)]
        self.others += [threading.Thread(target=self.turns, args=[self.work, self.closed, n])
                        for n in range(WORKERS)]

    def start(self):
        for t in self.writers + self.others:
            t.start()

    def stop_writing(self):
        self.closing.set()
        for t in self.writers:
            t.join()

    def stop(self):
        self.closed.set()
        for t in self.others:
            t.join()

    def ctx(self, **more):
        now = time.gmtime(self.world.now())
        return json.dumps({"now": time.strftime("%Y-%m-%dT%H:%M:%SZ", now)} | more)

    def turns(self, act, over, number):
        dice = random.Random(f"{self.seed} {act.__name__} {number}")
        connection = None
        while not over.is_set():
            try:
                if connection is None:
                    connection = self.world.connect("mh_booking", autocommit=act != self.write, direct=False)
                with connection.cursor() as q:
                    act(connection, q, dice)
            except psycopg2.Error:
                if connection:
                    with contextlib.suppress(psycopg2.Error):
                        connection.close()
                connection = None
                over.wait(0.2)
        if connection:
            connection.close()

    def one(self, q, sql, *values):
        q.execute(sql, values)
        return next(iter(q.fetchone().values()))

    def write(self, connection, q, dice):
        """A transaction of some events, perhaps a job, and time between them: the order of commits is another one
        than that of numbers."""
        events, subject = [], uuid.UUID(int=dice.getrandbits(128)).hex
        n = self.journal.invoke(traffic="events", what="emit", subject=subject)
        try:
            for i in range(dice.randint(1, 3)):
                if i:
                    time.sleep(dice.random() * 0.004)
                events.append(self.one(q, "SELECT bus.emit(%s, 'booking.chaos', %s, '{}')", self.ctx(), subject))
            if dice.random() < 0.3:
                self.one(q, "SELECT bus.job(%s, %s, jsonb_build_object('subject', %s))", self.ctx(), KIND, subject)
            time.sleep(dice.random() * 0.004)
            if dice.random() < 0.1:
                connection.rollback()
                self.journal.done(n, "fail", code="rolled_back", events=events)
            else:
                connection.commit()
                self.journal.done(n, "ok", events=events)
        except psycopg2.Error as e:
            self.journal.done(n, "info", why=type(e).__name__, events=events)
            raise
        self.closing.wait(self.pace_s * 2 * dice.random())

    def consume(self, _connection, q, dice):
        batch = self.one(q, "SELECT bus.consume(%s, %s, ARRAY['booking.chaos'], 'chaos.see', %s)",
                         self.ctx(consumer=CONSUMER), CONSUMER, dice.randint(1, 50))
        if not batch["more"]:
            self.closed.wait(0.02)

    def work(self, _connection, q, dice):
        kinds = json.dumps([{"kind": KIND, "room": 3, "lease_ms": LEASE_MS, "max_attempts": 1000}])
        claimed = self.one(q, "SELECT bus.job_claim(%s, %s, 'chaos')", self.ctx(), kinds)["jobs"]
        for job in claimed:
            taken = self.journal.invoke(traffic="jobs", what="claim", job=job["id"], fence=job["fence"])
            self.journal.done(taken, "ok")
        if claimed and dice.random() < 0.15:  # hangs, and comes back when the job is somebody else's
            self.closed.wait(LEASE_MS / 1000 * (1.2 + dice.random() * 0.5))
        elif any(job["attempt"] > 1 for job in claimed):  # takes its time: the one before may come back meanwhile
            self.closed.wait(LEASE_MS / 1000 * 0.75)
        for job in claimed:
            if dice.random() < 0.05:
                continue  # dies over it
            n = self.journal.invoke(traffic="jobs", what="finish", job=job["id"], fence=job["fence"])
            try:
                held = self.one(q, "SELECT bus.job_finish(%s, %s, %s)", self.ctx(), job["id"], job["fence"])
            except psycopg2.Error:
                self.journal.done(n, "info")
                raise
            self.journal.done(n, "ok" if held else "fail", code=None if held else "lost")
        if not claimed:
            self.closed.wait(0.1)
