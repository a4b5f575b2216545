"""Proof of the checker: Porcupine's documented examples and test data, and histories of slots, made by a simulated
service. What that service really did passes; with one lie in it, it does not."""
import json
import pathlib
import random
import re
import shutil
import subprocess

import pytest

from linear import Call, check
from slots import FREE, step

PORCUPINE = "github.com/anishathalye/porcupine@v1.3.1"
PORCUPINE_SUM = "h1:fBZ4/NGNPnIDdd6xNtrNk9/GiEQ0L4FO5+scINN+t0E="
NEVER = float("inf")


@pytest.fixture(scope="session")
def data():
    """Porcupine's own test data, from its Go module."""
    if not shutil.which("go"):
        pytest.skip("NOT RUN: there is no Go, which fetches Porcupine's test data")
    done = subprocess.run(["go", "mod", "download", "-json", PORCUPINE], cwd="/", capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        pytest.skip(f"NOT RUN: Porcupine's test data could not be fetched. {done.stdout} {done.stderr}")
    module = json.loads(done.stdout)
    assert module["Sum"] == PORCUPINE_SUM
    return pathlib.Path(module["Dir"]) / "test_data"


# --- Porcupine's register -------------------------------------------------------------------------

def register(state, what):
    name, *values = what
    if name == "write":
        return values[0]
    if name == "write?":  # of unknown end
        return values[0]
    if name == "cas":
        expected, new, happened = values
        if happened is None:
            return new if state == expected else state
        return (new if state == expected else None) if happened else (state if state != expected else None)
    return state if values[0] is None or values[0] == state else None  # read


def test_the_readme_example():
    """A read may see a write that has not ended yet."""
    calls = [Call(0, 100, ("write", 100)), Call(25, 75, ("read", 100)), Call(30, 60, ("read", 0))]
    assert check(register, 0, calls).ok


def test_the_readme_example_that_is_wrong():
    """But after one has seen it, a later one does not unsee it."""
    calls = [Call(0, 100, ("write", 200)), Call(10, 30, ("read", 200)), Call(40, 90, ("read", 0))]
    assert not check(register, 0, calls).ok


def test_touching_calls_overlap():
    assert check(register, 0, [Call(0, 10, ("write", 1)), Call(10, 20, ("read", 0))]).ok
    assert not check(register, 0, [Call(0, 10, ("write", 1)), Call(11, 20, ("read", 0))]).ok


def test_what_never_ended_may_or_may_not_have_been():
    calls = [Call(0, NEVER, ("write?", 7)), Call(5, 6, ("read", 0)), Call(50, 51, ("read", 7))]
    assert check(register, 0, calls).ok
    assert check(register, 0, calls[:2]).ok
    assert not check(register, 0, calls + [Call(60, 61, ("read", 0))]).ok


NIL = -1


def jepsen(path):
    """Jepsen's log of a register in etcd: reads, writes, compare-and-swap. A read that got no answer says nothing."""
    calls, running = [], {}
    for at, line in enumerate(path.read_text().splitlines()):
        found = re.match(r"INFO +jepsen\.util +- +(\d+)\s+:(\w+)\s+:(\w+)\s+(.*)$", line)
        if not found:
            continue
        process, kind, name, value = found.groups()
        values = [NIL if v == "nil" else int(v) for v in re.findall(r"nil|\d+", value)]
        if kind == "invoke":
            running[process] = Call(at, NEVER, (name, *values) + ((None,) if name == "cas" else ()))
            calls.append(running[process])
        elif kind in ("ok", "fail"):
            call = running.pop(process)
            call.end = at
            if name == "cas":
                call.what = (*call.what[:3], kind == "ok")
            elif name == "read":
                call.what = ("read", values[0] if kind == "ok" else None)
    return [c for c in calls if c.end < NEVER or c.what[0] != "read"]


ETCD = {"etcd_000": False, "etcd_001": False, "etcd_002": True, "etcd_003": False, "etcd_005": True,
        "etcd_007": True, "etcd_010": False, "etcd_025": True}


@pytest.mark.parametrize("name", ETCD)
def test_etcd_as_jepsen_found_it(data, name):
    verdict = check(register, NIL, jepsen(data / f"jepsen/{name}.log"))
    assert verdict.known and verdict.ok == ETCD[name]


def test_key_value_histories(data):
    """Append and get, divided by key."""
    def text(state, what):
        name, value = what
        if name == "append":
            return state + value
        return value if name == "put" else (state if state == value else None)

    def good(path):
        keys, open_calls = {}, {}
        for at, line in enumerate(path.read_text().splitlines()):
            row = re.match(r'\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (nil|".*")\}', line)
            process, kind, name, key, value = row.groups()
            if kind == "invoke":
                open_calls[process] = Call(at, NEVER, (name, value.strip('"')))
                keys.setdefault(key, []).append(open_calls[process])
            else:
                call = open_calls.pop(process)
                call.end = at
                if name == "get":
                    call.what = (name, value.strip('"'))
        return all(check(text, "", calls).ok for calls in keys.values())

    assert good(data / "kv/c01-ok.txt")
    assert not good(data / "kv/c01-bad.txt")


# --- slots ----------------------------------------------------------------------------------------

def simulated(seed, clients=8, rounds=40):
    """A history of a slot that was right: each call takes effect at a moment within its time. As the service
    would, it answers by the state at that moment."""
    dice, state, calls, number = random.Random(seed), FREE, [], 0
    busy = [0.0] * clients
    mine = [None] * clients
    for _ in range(rounds * clients):
        c = min(range(clients), key=busy.__getitem__)
        at = busy[c] + dice.random()
        number += 1
        name = dice.choice(("hold", "book", "read", "end"))
        if name == "read":
            what = ("read", state[1] if state[0] == "booked" else None)
        elif name == "end" and mine[c]:
            kind, who = mine[c]
            right = state == mine[c]
            what = ({"held": "release", "booked": "cancel"}[kind] if right else
                    {"held": "not_held", "booked": "not_booked"}[kind], who)
            mine[c] = None
        elif name == "book" and mine[c] and mine[c][0] == "held":
            held = state == mine[c]
            what = ("bind", mine[c][1], number) if held else ("not_held", mine[c][1])
            mine[c] = ("booked", number) if held else None
        elif name in ("hold", "book") and not mine[c]:
            what = (name, number) if state == FREE else ("taken", None)
            mine[c] = (("held" if name == "hold" else "booked"), number) if state == FREE else None
        else:
            continue
        state = step(state, what)
        assert state is not None
        calls.append(what)
        busy[c] = at
    # The effects are in the order above; each call gets a time around its effect.
    made = [Call(n - dice.random() * 5, n + dice.random() * 5, what) for n, what in enumerate(calls)]
    dice.shuffle(made)
    return made


@pytest.mark.parametrize("seed", range(40))
def test_what_was_right_passes(seed):
    calls = simulated(seed)
    assert len(calls) > 50
    verdict = check(step, FREE, calls)
    assert verdict.ok and verdict.known


def with_a_lie(calls, dice):
    """One answer that cannot be: a second grant while the slot is somebody's, a read of what is long gone, an
    end of what has never been, a booking by a hold of nobody."""
    calls = list(calls)
    last = max(c.end for c in calls)
    lie = dice.choice(("double grant", "stale read", "end of nothing", "unbound hold"))
    if lie == "double grant":
        return calls + [Call(last + 1, last + 2, ("book", -1)), Call(last + 3, last + 4, ("book", -2))]
    if lie == "stale read":
        gone = [c for c in calls if c.what[0] == "cancel"]
        if gone:
            return calls + [Call(last + 1, last + 2, ("read", gone[0].what[1]))]
    if lie == "end of nothing":
        return calls + [Call(dice.random() * last, last + 1, ("cancel", -3))]
    # A hold, then a booking by it, which the next one does not see.
    at = last + 1
    return calls + [
        Call(at, at + 1, ("hold", -4)), Call(at + 2, at + 3, ("bind", -4, -5)), Call(at + 4, at + 5, ("hold", -6))]


@pytest.mark.parametrize("seed", range(40))
def test_a_lie_is_found(seed):
    calls = simulated(seed)
    verdict = check(step, FREE, with_a_lie(calls, random.Random(seed)))
    assert not verdict.ok and verdict.known and verdict.stuck


@pytest.mark.parametrize("seed", range(40))
def test_a_second_grant_is_found_anywhere(seed):
    """A grant inside a history is given to two. Where calls overlap one of them could have come later; here none do."""
    calls = sorted(simulated(seed), key=lambda c: (c.start + c.end) / 2)
    # Where times overlapped, this is not the order of the effects: what does not fit is left out.
    state, right = FREE, []
    for call in [Call(2 * n, 2 * n + 1, c.what) for n, c in enumerate(calls)]:
        after = step(state, call.what)
        if after is not None:
            state = after
            right.append(call)
    assert check(step, FREE, right).ok
    grants = [n for n, c in enumerate(right) if c.what[0] in ("hold", "book")]
    n = grants[seed % len(grants)]
    twice = Call(right[n].end + 0.2, right[n].end + 0.4, ("book", -1))
    assert not check(step, FREE, right[:n + 1] + [twice] + right[n + 1:]).ok


def test_an_expired_hold_is_free_but_not_before():
    held = [Call(0, 1, ("hold", 1)), Call(10, NEVER, ("expire", 1))]
    assert check(step, FREE, held + [Call(11, 12, ("book", 2))]).ok
    assert check(step, FREE, held + [Call(11, 12, ("bind", 1, 2))]).ok
    assert not check(step, FREE, held + [Call(5, 6, ("book", 2))]).ok


def test_a_search_that_takes_too_long_is_no_pass():
    """Many at once, none of which fits: given up, and said so."""
    calls = [Call(0, 100, ("write", n)) for n in range(24)] + [Call(101, 102, ("read", -5))]
    verdict = check(register, 0, calls, seconds=0.5)
    assert not verdict.ok and not verdict.known
