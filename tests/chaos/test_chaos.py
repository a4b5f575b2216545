"""Each fault under all kinds of traffic at once; afterwards nothing is lost, nothing doubled, no two events overlap,
every event was acted on once, and the slots' histories are linearizable."""
import asyncio

import pytest

import rounds
from faults import FAULTS


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.hour_only], ids=lambda f: f.name.replace(" ", "_"))
def test_fault(world, seed, result, fault):
    if fault.skipped:
        result.skipped.append((fault.name, fault.skipped))
        pytest.skip(fault.skipped)
    outcome = asyncio.run(rounds.play(world, fault, f"ci-{FAULTS.index(fault)}", seed, before_s=2, fault_s=3, after_s=2))
    result.add(outcome)
    writes = sum(r.acknowledged for r in outcome.rows if r.traffic in ("bookings", "reschedules", "holds"))
    assert writes > 50 and outcome.calls > 300 and outcome.repeated > 5, "there was no traffic to speak of"
    assert not outcome.findings, [f"{f.check}: {f.text}" for f in outcome.findings[:10]]
