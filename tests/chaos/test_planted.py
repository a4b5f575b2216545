"""A check that never failed proves nothing: with each bug in the database, the checks that are there for it turn
red. That none does without one is seen in test_chaos.py."""
import asyncio

import pytest

import invariants
import rounds
from faults import Fault
from planted import BUGS, planted


@pytest.mark.parametrize("bug", BUGS, ids=lambda b: b.name.replace(" ", "_"))
def test_bug_is_found(world, seed, bug):
    found = set()
    for n in range(3):  # a slow machine sees few of the things in which a bug shows
        with planted(world, bug):
            outcome = asyncio.run(rounds.play(world, None, f"bug-{BUGS.index(bug)}-{n}", seed, before_s=4, after_s=0,
                                              think_s=0.02, spoil=bug.spoil))
        found |= {f.check for f in outcome.findings}
        if bug.red <= found:
            break
    assert bug.red <= found, f"{bug.red - found} did not find it; found: {found}"


def test_each_check_has_its_bug():
    assert {c.__name__ for c in invariants.CHECKS} | {"replies"} == set().union(*(b.red for b in BUGS))


def test_what_takes_too_long_is_found():
    fault = Fault("x", None, spares=("holds",), within_s=2)
    good = rounds.Row("x", "bookings", failed=9, recovery_s=1.9)
    assert not list(rounds.missed(fault, [good], 8.7, 8.8, 29))
    slow, spared = rounds.Row("x", "bookings", recovery_s=2.1), rounds.Row("x", "holds", failed=1, recovery_s=0)
    assert [f.check for f in rounds.missed(fault, [slow, spared], 8.9, 8.8, 31)] == ["time"] * 4
