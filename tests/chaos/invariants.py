"""Afterwards: is what the client's journal says true in the database, once, and nothing else? Each check yields what
it found wrong; planted.py shows that each of them can."""
import collections
import dataclasses
import json

import slots


@dataclasses.dataclass
class Finding:
    check: str    # which check it was
    traffic: str  # whose request
    kind: str     # lost, doubled, wrong
    text: str


class Facts:
    """What the checks look at: the journal's operations and the rows that belong to them."""

    def __init__(self, world, ops, mails, chef, span):
        """span: the first and the last number of an event, between which everything had come to rest."""
        self.world, self.ops, self.mails, self.chef, self.span = world, ops, mails, chef, span
        self.kept = {r["key"]: r for r in world.sql(
            "SELECT key, status, body, count(*) OVER (PARTITION BY key) AS n FROM bus.idempotency"
            " WHERE key = ANY (%s)", [o.key for o in ops if o.asked.get("key")])}
        # What happened though the client was not told, or was told no by a later try.
        self.effects = {o.n: json.loads(self.kept[o.key]["body"])["id"] for o in ops
                        if o.asked.get("key") in self.kept and o.result != "ok"}
        released = {r["id"] for r in world.sql(
            "SELECT id::text FROM booking.holds WHERE state = 'released' AND id::text = ANY (%s)",
            [o.hold for o in ops if o.what == "release"])}
        self.effects |= {o.n: o.hold for o in ops
                         if o.what == "release" and o.result != "ok" and o.unsure | (o.result == "info")
                         and o.hold in released}

    def of(self, *what):
        return [o for o in self.ops if o.what in what]

    def acknowledged(self, *what):
        return [o for o in self.of(*what) if o.result == "ok"]

    def happened(self, *what):
        """(operation, id) of what the client knows of, and of what the key proves."""
        for o in self.of(*what):
            if o.result == "ok":
                yield o, o.last.said.get("id", o.asked.get("booking", o.asked.get("hold")))
            elif o.n in self.effects:
                yield o, self.effects[o.n]


# --- the API's own answers ------------------------------------------------------------------------

REFUSED_ELSEWHERE = {"read": {"token_expired", "unauthorized", "token_invalid"}, "me": set(), "login": set()}


def answers(facts):
    """No answer that has no business here: 500, a refusal that the situation does not give."""
    for op in facts.ops:
        allowed = slots.REFUSALS.get(op.what, REFUSED_ELSEWHERE.get(op.what))
        if allowed is None:
            continue
        for t in op.tries:
            status, code = t.said.get("status"), t.said.get("code")
            if status == 500 or (t.result == "fail" and code not in allowed):
                yield Finding("answers", op.traffic, "wrong", f"{op.what}: {status} {code}")
            if status in (502, 503, 504) and not t.said.get("retry_after"):
                yield Finding("answers", op.traffic, "wrong", f"{op.what}: {status} without Retry-After")


# --- bookings, holds, sessions --------------------------------------------------------------------

def journal(facts):
    """What was acknowledged is there with its content; what was refused is not; nothing is there twice."""
    rows = collections.defaultdict(list)
    for r in facts.world.sql("""SELECT id::text, contact_email, adults, venue_address, state, event_date::text
                                FROM booking.bookings WHERE chef_id = %s""", facts.chef):
        rows[r["contact_email"]].append(r)
    ends = {o.booking for o, _ in facts.happened("cancel")}
    place = {}
    for op, booking in sorted(facts.happened("move"), key=lambda h: h[0].start):
        place[booking] = op.to
    known = dict((op.n, i) for op, i in facts.happened("book"))
    for op in facts.of("book"):
        found = rows.pop(op.email, [])
        booking = known.get(op.n)
        if len(found) > 1:
            yield Finding("journal", op.traffic, "doubled", f"{len(found)} bookings of {op.key}")
        elif booking and [r["id"] for r in found] != [booking]:
            yield Finding("journal", op.traffic, "lost", f"booking {booking}: {found}")
        elif not booking and found:
            yield Finding("journal", op.traffic, "doubled", f"{op.key} was refused, and there is {found[0]['id']}")
        elif booking:
            want = (op.adults, op.address, booking in ends, place.get(booking, op.slot))
            r = found[0]
            got = (r["adults"], r["venue_address"], r["state"] == "cancelled", r["event_date"])
            if got != want:
                yield Finding("journal", op.traffic, "lost", f"booking {booking}: {got}, not {want}")
    for email, found in rows.items():
        yield Finding("journal", "bookings", "doubled", f"nobody asked for {found[0]['id']} of {email}")


def holds(facts):
    there = {r["id"]: r["state"] for r in facts.world.sql(
        "SELECT id::text, state FROM booking.holds WHERE chef_id = %s", facts.chef)}
    bound = {o.hold for o, _ in facts.happened("book") if o.hold}
    released = {o.hold for o, _ in facts.happened("release")}
    for op, hold in facts.happened("hold"):
        want = "bound" if hold in bound else "released" if hold in released else "active or expired"
        if there.get(hold, "missing") not in want:
            yield Finding("holds", op.traffic, "lost", f"hold {hold} is {there.get(hold)}, not {want}")
    extra = set(there) - {i for _, i in facts.happened("hold")}
    if extra:
        yield Finding("holds", "holds", "doubled", f"{len(extra)} holds that nobody asked for")


def sessions(facts):
    """Who was signed in is, once: his session, his history, and the audit log say so."""
    ids = [o.last.said["session"] for o in facts.acknowledged("login")]
    rows = {r["id"]: r for r in facts.world.sql("""
        SELECT s.id::text, (SELECT count(*) FROM identity.login_history h WHERE h.session_id = s.id) AS history,
               (SELECT count(*) FROM bus.audit_log a WHERE a.entity = 'session' AND a.entity_id = s.id::text
                                                     AND a.action = 'session.start') AS audit
        FROM identity.sessions s WHERE s.id::text = ANY (%s)""", ids)}
    for session in ids:
        row = rows.get(session)
        if not row or not row["history"] or not row["audit"]:
            yield Finding("sessions", "logins", "lost", f"session {session}: {row}")
        elif row["history"] > 1 or row["audit"] > 1 or ids.count(session) > 1:
            yield Finding("sessions", "logins", "doubled", f"session {session}: {row}")


def overlap(facts):
    """Of nobody two events at once, by the bookings themselves: without the constraint, and without the spans
    that it guards."""
    for r in facts.world.sql("""
            WITH b AS (SELECT t.id, t.chef_id, t.starts_at - make_interval(mins => t.travel_minutes + s.setup_minutes) AS f,
                              t.ends_at + make_interval(mins => t.travel_minutes + s.teardown_minutes) AS u
                       FROM booking.bookings t JOIN booking.stations s ON s.id = t.station_id
                       WHERE t.chef_id = %s AND t.deleted_at IS NULL AND t.state NOT IN ('cancelled', 'no_show'))
            SELECT x.id::text AS one, y.id::text AS other FROM b x JOIN b y ON x.id < y.id AND x.f < y.u AND y.f < x.u""",
                             facts.chef):
        yield Finding("overlap", "bookings", "doubled", f"{r['one']} and {r['other']} at one time")
    for r in facts.world.sql("""
            SELECT b.id::text FROM booking.bookings b
            LEFT JOIN booking.resource_spans s ON s.booking_id = b.id AND s.kind = 'chef'
            WHERE b.chef_id = %s GROUP BY b.id
            HAVING count(s.id) <> 1 OR bool_or(s.blocking <> (b.state NOT IN ('cancelled', 'no_show')))
                OR bool_or(NOT s.span @> tstzrange(b.starts_at, b.ends_at))""", facts.chef):
        yield Finding("overlap", "bookings", "wrong", f"booking {r['id']} does not occupy its time")


def history(facts):
    """Each slot, one after the other, as if only one had asked at a time."""
    expiries = {}
    for r in facts.world.sql("SELECT id::text, expires_at FROM booking.holds WHERE chef_id = %s", facts.chef):
        expiries[r["id"]] = facts.world.first_at(r["expires_at"].timestamp())
    named = [o for o in facts.ops if o.what != "hold" or o.result != "ok" or o.last.said["id"] in expiries]
    wrong, _ = slots.judge(named, facts.effects, expiries)
    for slot, verdict in wrong.items():
        why = " ".join(f"{c.what} {c.start:.3f}-{c.end:.3f};" for c in verdict.stuck or [])
        yield Finding("history", "bookings", "doubled" if verdict.known else "wrong",
                      f"slot {slot} is not linearizable: after {len(verdict.longest or [])} calls no place for {why}"
                      if verdict.known else f"slot {slot}: the search was given up")


# --- keys, audit, mails ---------------------------------------------------------------------------

def keys(facts):
    """One stored reply to each acknowledged write, of one effect."""
    replies = [json.loads(r["body"]) for r in facts.kept.values()]
    made = collections.Counter((r["id"], r.get("version")) for r in replies)
    for op in facts.acknowledged("book", "hold", "cancel", "move"):
        row = facts.kept.get(op.key)
        if not row:
            yield Finding("keys", op.traffic, "lost", f"no reply is kept for {op.key}")
        elif row["n"] != 1 or row["status"] != op.last.said["status"]:
            yield Finding("keys", op.traffic, "doubled", f"{op.key}: {row['n']} replies, {row['status']}")
    for effect, n in made.items():
        if n > 1:
            yield Finding("keys", "bookings", "doubled", f"{n} keys have the effect {effect}")


ACTIONS = {"book": "booking.created", "cancel": "booking.cancelled", "move": "booking.rescheduled"}


def counted(facts, sql):
    """{(action, booking): how often} of a statement over the bookings that the journal knows."""
    ids = list({i for _, i in facts.happened("book")})
    return {(r["action"], r["booking"]): r["n"] for r in facts.world.sql(sql, ids)}


def wanted(facts):
    want = collections.Counter()
    whose = {}
    for op, booking in facts.happened(*ACTIONS):
        want[ACTIONS[op.what], booking] += 1
        whose[ACTIONS[op.what], booking] = op.traffic
    return want, whose


def compared(check, facts, got):
    want, whose = wanted(facts)
    for fact in want.keys() | got.keys():
        n = got.get(fact, 0)
        if n != want[fact]:
            yield Finding(check, whose.get(fact, "bookings"), "lost" if n < want[fact] else "doubled",
                          f"{fact}: {n} of {want[fact]}")


def audit(facts):
    """Each change of a booking is in the audit log and in the booking's own history, once."""
    yield from compared("audit", facts, counted(facts, """
        SELECT action, entity_id AS booking, count(*) AS n FROM bus.audit_log
        WHERE entity = 'booking' AND entity_id = ANY (%s) GROUP BY 1, 2"""))
    yield from compared("audit", facts, counted(facts, """
        SELECT 'booking.' || action AS action, booking_id::text AS booking, count(*) AS n
        FROM booking.booking_history WHERE booking_id::text = ANY (%s) GROUP BY 1, 2"""))


SUBJECTS = {"We have": "created", "was cancelled": "cancelled", "a new time": "rescheduled"}


def mails(facts):
    """Of each booking that stands one mail that says so, of each cancelled one a mail that says that. A job may run
    twice; then its mail has the same Message-ID, which is no second mail."""
    got = collections.Counter()
    for to, subject, message_id in {m[:3] for m in facts.mails}:
        got[to, next((n for words, n in SUBJECTS.items() if words in subject), subject)] += 1
    ends = {o.booking for o, _ in facts.happened("cancel")}
    for op, booking in facts.happened("book"):
        for kind, least in (("created", booking not in ends), ("cancelled", booking in ends)):
            n = got[op.email, kind]
            if n < least:
                yield Finding("mails", op.traffic, "lost", f"no mail that booking {booking} is {kind}")
            elif n > 1:
                yield Finding("mails", op.traffic, "doubled", f"{n} mails that booking {booking} is {kind}")


# --- events and jobs ------------------------------------------------------------------------------

TIME_FREED = ("booking.cancelled", "booking.rescheduled", "booking.hold.released", "booking.hold.expired")


def events(facts):
    """Each change has told of itself once, and each event was acted on once by each consumer that wants it."""
    yield from compared("events", facts, counted(facts, """
        SELECT type AS action, split_part(subject, '/', 2) AS booking, count(*) AS n FROM bus.events
        WHERE subject LIKE 'booking/%%' AND split_part(subject, '/', 2) = ANY (%s) GROUP BY 1, 2"""))
    emitted = [e for o in facts.acknowledged("emit") for e in o.last.said["events"]]
    undone = {e for o in facts.of("emit") if o.result == "fail" for e in o.last.said["events"]}
    there = {r["id"] for r in facts.world.sql("SELECT id::text FROM bus.events WHERE type = 'booking.chaos'"
                                              " AND seq BETWEEN %s AND %s", *facts.span)}
    for event in set(emitted) - there:
        yield Finding("events", "events", "lost", f"event {event} was acknowledged and is not there")
    for event in undone & there:
        yield Finding("events", "events", "doubled", f"event {event} was rolled back and is there")
    for r in facts.world.sql("""
            WITH want AS (SELECT CASE type WHEN 'booking.chaos' THEN type ELSE 'booking.waitlist' END AS consumer,
                                 id, type
                          FROM bus.events WHERE type = ANY (%s) AND seq BETWEEN %s AND %s)
            SELECT w.consumer, w.id::text, w.type, count(s.event_id) AS n FROM want w
            LEFT JOIN chaos.seen s ON s.event_id = w.id AND s.consumer = w.consumer
            GROUP BY 1, 2, 3 HAVING count(s.event_id) <> 1""", ["booking.chaos", *TIME_FREED], *facts.span):
        yield Finding("events", "events" if r["type"] == "booking.chaos" else "bookings",
                      "doubled" if r["n"] else "lost",
                      f"{r['type']} {r['id']} was acted on {r['n']} times by {r['consumer']}")


def jobs(facts):
    """Each job was finished once, by the holder of its last lease; none is left."""
    claims, ends = collections.defaultdict(list), collections.defaultdict(list)
    for op in facts.acknowledged("claim"):
        claims[op.job].append((op.start, op.fence))
    for op in facts.of("finish"):
        if op.result == "ok":
            ends[op.job].append(op)
            newer = [f for at, f in claims[op.job] if at < op.start and f > op.fence]
            if newer:
                yield Finding("jobs", "jobs", "doubled",
                              f"job {op.job} was finished under lease {op.fence} when {max(newer)} held it")
    for job, done in ends.items():
        if len(done) > 1:
            yield Finding("jobs", "jobs", "doubled", f"job {job} was finished {len(done)} times")
    for r in facts.world.sql("""SELECT id, kind, state FROM bus.jobs
                                WHERE kind IN ('booking.chaos', 'booking.mail') OR state = 'parked'"""):
        yield Finding("jobs", "jobs", "lost", f"job {r['id']} {r['kind']} is still {r['state']}")


CHECKS = (answers, journal, holds, sessions, overlap, history, keys, audit, mails, events, jobs)


def all_findings(facts):
    return [finding for check in CHECKS for finding in check(facts)]
