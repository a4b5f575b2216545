"""Bugs, put into the chaos stack's database by SQL, to see that the checks find them. Each replaces functions or
constraints of the schema by worse ones, and gives back what was there."""
import contextlib
import dataclasses
import re


@dataclasses.dataclass
class Bug:
    name: str
    red: set                # the checks that must find it
    edits: dict             # {function: [(pattern, replacement), ...]} of its text, where the pattern has to be
    before: str = ""        # other SQL
    after: str = ""         # which undoes it
    spoil: str = ""         # SQL once the traffic is over: what a disk or an operator might do


BUGS = [
    # The lock of the day hides the lack of the constraint, as it should; both have to go.
    Bug("constraint dropped", {"overlap", "history"}, {
        "booking.span_take": [(r"ON CONFLICT ON CONSTRAINT resource_spans_free DO NOTHING", "")],
        "booking.day_lock": [(r"pg_advisory_xact_lock\(.*\)", "pg_sleep(0.005)::text::void")],
        "booking.holds_expire": [(r"FOR UPDATE LOOP", "LOOP")],
    }, "ALTER TABLE booking.resource_spans DROP CONSTRAINT resource_spans_free", """
        UPDATE booking.resource_spans SET blocking = false WHERE blocking;
        ALTER TABLE booking.resource_spans ADD CONSTRAINT resource_spans_free
        EXCLUDE USING gist (resource_id WITH =, span WITH &&) INCLUDE (expires_at, day, kind) WHERE (blocking)"""),
    Bug("poll by id", {"events"}, {
        "bus.events_take": [(r"\(e\.txid, e\.seq\) > \(cur\.txid, cur\.seq\) AND e\.txid < top\s+ORDER BY e\.txid, e\.seq",
                             "e.seq > cur.seq ORDER BY e.seq"),
                            (r"\(array_agg\(\(w\.e\)\.seq ORDER BY \(w\.e\)\.txid DESC, \(w\.e\)\.seq DESC\)\)\[1\]",
                             "max((w.e).seq)"),
                            (r"\(e\.txid, e\.seq\) > \(cur\.txid, cur\.seq\)", "e.seq > cur.seq"),
                            (r"cur\.txid >= pg_snapshot_xmin\(pg_current_snapshot\(\)\)", "false")],
    }, "", "UPDATE bus.cursors SET (txid, seq) = (SELECT txid, seq FROM bus.events ORDER BY txid DESC, seq DESC LIMIT 1)"),
    Bug("fencing removed", {"jobs"}, {
        f"bus.job_{name}": [(rf" AND j\.fence = job_{name}\.fence", "")] for name in ("renew", "finish", "fail")}),
    Bug("hold not bound", {"overlap", "history"}, {
        "booking.hold_bind": [(r"UPDATE booking\.resource_spans s\s+SET [^;]*;", "")],
    }),
    Bug("key not claimed", {"journal", "holds", "replies"}, {
        "bus.reply_claim": [(r"BEGIN\s+IF claimed IS NULL", "BEGIN RETURN true; IF claimed IS NULL")],
        "bus.reply_store": [(r"\(ctx->>'now'\)::timestamptz\);", "(ctx->>'now')::timestamptz) ON CONFLICT DO NOTHING;")],
    }),
    Bug("carelessness", {"keys", "audit", "mails", "answers"}, {
        "bus.reply_store": [(r"IS NOT NULL THEN", "IS NOT NULL AND random() > 0.1 THEN")],
        "bus.audit": [(r"BEGIN\s+INSERT", "BEGIN IF random() < 0.1 THEN RETURN; END IF; INSERT")],
        "booking.booking_record": [(r"(PERFORM bus\.job\([^;]*;)", r"\1 \1")],
        "booking.hold_release": [(r"IF FOUND THEN", "IF FOUND AND 1 / (random() * 2)::int >= 0 THEN")],
    }),
    Bug("a disk that forgets", {"journal", "events", "sessions", "replies"}, {}, spoil="""
        DELETE FROM booking.bookings WHERE id IN (SELECT id FROM booking.bookings ORDER BY id DESC LIMIT 3);
        DELETE FROM identity.sessions WHERE id IN (SELECT id FROM identity.sessions ORDER BY created_at DESC LIMIT 5);
        DELETE FROM chaos.seen WHERE event_id IN (SELECT id FROM bus.events WHERE type = 'booking.chaos'
                                                  ORDER BY seq DESC LIMIT 1);
        UPDATE bus.idempotency SET body = replace(body, '"version":', '"version": ')"""),
]


def definition(world, function):
    return world.sql("SELECT pg_get_functiondef(%s::regproc) AS text", function)[0]["text"]


def worse(text, edits):
    for pattern, replacement in edits:
        text, n = re.subn(pattern, replacement, text, flags=re.S)
        if not n:
            raise AssertionError(f"there is no {pattern} any more in\n{text}")
    return text


@contextlib.contextmanager
def planted(world, bug):
    right = {f: definition(world, f) for f in bug.edits}
    try:
        for function, edits in bug.edits.items():
            world.sql(worse(right[function], edits))
        if bug.before:
            world.sql(bug.before)
        yield
    finally:
        for text in right.values():
            world.sql(text)
        if bug.after:
            world.sql(bug.after)
