"""One slot, an hour of one chef, as clients see it: free, held by a hold, or booked by a booking. What the journal
tells of a slot becomes a history for linear.check(). Another time for a booking is two calls, one in each slot:
it leaves and it arrives."""
import collections

from journal import FOREVER
from linear import Call, check

FREE = ("free",)


def step(state, what):
    """The state after a call, or None when it cannot have gone so."""
    name, who = what[0], what[-1]
    if name in ("hold", "book", "arrive"):
        return ("held" if name == "hold" else "booked", who) if state == FREE else None
    if name == "bind":  # (bind, hold, booking)
        return ("booked", who) if state == ("held", what[1]) else None
    if name in ("cancel", "leave"):
        return FREE if state == ("booked", who) else None
    if name == "release":
        return FREE if state == ("held", who) else None
    if name == "expire":  # may also come late, to a hold that has ended
        return FREE if state == ("held", who) else state
    if name == "taken":
        return state if state != FREE else None
    if name == "not_held":
        return state if state != ("held", who) else None
    if name == "not_booked":
        return state if state != ("booked", who) else None
    if name == "read":  # the booking that a reader saw there, or None
        booked = state[1] if state[0] == "booked" else None
        return state if booked == who else None
    raise ValueError(name)


# What a refusal says of the slot, by the problem's code. Any other code is no answer that is expected.
REFUSALS = {
    "book": {"slot_taken": "taken", "hold_expired": "not_held"},
    "hold": {"slot_taken": "taken"},
    "release": {"not_found": "not_held"},
    "cancel": {"state_conflict": "not_booked"},
    "move": {"slot_taken": "taken", "state_conflict": "not_booked"},
}


def done(op, start, end, effect):
    """(slot, call) of an operation that has happened; effect: the id that it made."""
    if op.what == "hold":
        yield op.slot, Call(start, end, ("hold", effect))
    elif op.what == "book":
        how = ("bind", op.hold, effect) if op.hold else ("book", effect)
        yield op.slot, Call(start, end, how)
    elif op.what == "move":
        yield op.slot, Call(start, end, ("leave", op.booking))
        yield op.to, Call(start, end, ("arrive", op.booking))
    elif op.what == "cancel":
        yield op.slot, Call(start, end, ("cancel", op.booking))
    elif op.what == "release":
        yield op.slot, Call(start, end, ("release", op.hold))


def refused(op):
    kind = REFUSALS[op.what].get(op.last.said.get("code"))
    if kind == "taken":
        yield op.to if op.what == "move" else op.slot, Call(op.last.start, op.last.end, ("taken", None))
    elif kind == "not_held":
        yield op.slot, Call(op.last.start, op.last.end, ("not_held", op.hold))
    elif kind == "not_booked":
        yield op.slot, Call(op.last.start, op.last.end, ("not_booked", op.booking))


def histories(ops, effects, expiries):
    """{slot: calls}. effects: {op number: id} of what the database says has happened though the client was not
    told; that stays open to the end. expiries: {hold: the earliest moment at which it may have lapsed}."""
    slots = collections.defaultdict(list)
    for op in ops:
        if op.what == "read":
            if op.result == "ok":
                slots[op.slot].append(Call(op.start, op.last.end, ("read", op.last.said["seen"])))
            continue
        if op.what not in REFUSALS:
            continue
        calls = []
        if op.result == "ok":
            effect = op.last.said.get("id")
            calls += done(op, op.start, op.last.end, effect)
        elif op.n in effects:
            effect = effects[op.n]
            calls += done(op, op.start, FOREVER, effect)
        elif op.result == "fail":
            calls += refused(op)
        for slot, call in calls:
            slots[slot].append(call)
            if call.what[0] == "hold":
                slots[slot].append(Call(expiries[effect], FOREVER, ("expire", effect)))
    return slots


def judge(ops, effects, expiries, seconds=60):
    """{slot: verdict} of those that are wrong, and how many calls were looked at."""
    found = histories(ops, effects, expiries)
    verdicts = {slot: check(step, FREE, calls, seconds) for slot, calls in found.items()}
    return {s: v for s, v in verdicts.items() if not v.ok}, sum(map(len, found.values()))
