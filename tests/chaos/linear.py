"""Is a history linearizable? The search of Wing and Gong, with Lowe's memory of what was tried, over one object;
the caller divides a history by object (P-compositionality). Proved in test_linear.py on Porcupine's examples and
data, and on histories of our own, good and damaged. Lowe, "Testing for linearizability" (2017)."""
import dataclasses
import time


@dataclasses.dataclass
class Call:
    """An operation of a history: it took effect once, at some moment from start to end. end may be infinite: an
    operation of unknown end, which the model lets do nothing where that is possible."""
    start: float
    end: float
    what: tuple  # for the model: its input and output


@dataclasses.dataclass
class Verdict:
    ok: bool
    known: bool = True      # False: the search was given up
    longest: list = None    # where it is not ok: as far as an order of the calls was found
    stuck: list = None      # and the calls that no order has room for


class Entry:
    """A beginning or an end in the list of what happened, which calls are taken out of and put back into."""
    __slots__ = ("n", "call", "end", "before", "after")

    def __init__(self, n, call):
        self.n, self.call = n, call
        self.end = self.before = self.after = None


def listed(calls):
    """The entries in order of time, linked; returns the head. Of what is at one moment, beginnings go first: calls
    that touch are taken to overlap."""
    moments = []
    for n, call in enumerate(calls):
        begin, end = Entry(n, call), Entry(n, call)
        begin.end = end
        moments += [(call.start, 0, n, begin), (call.end, 1, n, end)]
    head = previous = Entry(-1, None)
    for *_, entry in sorted(moments, key=lambda m: m[:3]):
        previous.after, entry.before = entry, previous
        previous = entry
    return head


def take_out(entry):
    for e in (entry, entry.end):
        e.before.after = e.after
        if e.after:
            e.after.before = e.before


def put_back(entry):
    for e in (entry.end, entry):
        e.before.after = e
        if e.after:
            e.after.before = e


def check(step, state, calls, seconds=60):
    """step(state, what) -> the state afterwards, or None when the model does not allow it. States can be hashed."""
    head = listed(calls)
    deadline = time.monotonic() + seconds
    seen, path, done, longest, turns = set(), [], 0, [], 0
    entry = head.after
    while head.after:
        turns += 1
        if turns % 4096 == 0 and time.monotonic() > deadline:
            return Verdict(False, known=False)
        if entry.end:  # a beginning: may this call come next?
            after = step(state, entry.call.what)
            mark = (done | 1 << entry.n, after)
            if after is not None and mark not in seen:
                seen.add(mark)
                path.append((entry, state))
                state, done = after, mark[0]
                take_out(entry)
                entry = head.after
            else:
                entry = entry.after
            continue
        # An end, of a call that found no place: another order of those before it.
        if len(path) >= len(longest):
            longest = [e.n for e, _ in path]
        if not path:
            left = [calls[n] for n in set(range(len(calls))) - set(longest)]
            return Verdict(False, longest=[calls[n] for n in longest],
                           stuck=sorted(left, key=lambda c: c.end)[:3])
        entry, state = path.pop()
        done &= ~(1 << entry.n)
        put_back(entry)
        entry = entry.after
    return Verdict(True)
