"""A short campaign on every run of the tests, and proof that a broken protocol would not pass it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos import campaign, plan, report
from tests.chaos.fleet_under_test import redis_server
from tests.chaos.sabotage import SABOTAGES

# Each with the faults under which it must show, and the line of the oracle that must fail.
_SHOWN_BY = {
    "no-fence": (
        ["worker SIGSTOP, its result under way, SIGCONT"],
        "one event a job, and one job an event",
    ),
    "pop-before-lease": (
        ["worker SIGKILL, its claim not answered"],
        "every acknowledged job has its result",
    ),
    "event-apart": (
        ["worker SIGKILL, its result stored, not answered"],
        "event numbers from 1 without gap or repeat",
    ),
    "mixed-up": (["pushes repeated"], "every output is its own job's"),
}


@pytest.fixture(autouse=True)
def _redis_server() -> None:
    """A real Redis is needed; the error names the package."""
    redis_server()


@pytest.mark.timeout(240)
async def test_a_short_campaign_keeps_every_promise() -> None:
    outcome = await campaign.run(replace(plan.noop(seconds=10, seed=17), pause_s=0.2))
    assert outcome.sound, report.table(outcome)
    assert sum(outcome.faults.values()) > 0
    assert len(outcome.facts.ledger.acknowledged) > 0


def test_every_sabotage_is_tried() -> None:
    assert set(_SHOWN_BY) == set(SABOTAGES)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("sabotage", _SHOWN_BY)
async def test_a_sabotaged_protocol_is_found_out(sabotage: str) -> None:
    faults, line = _SHOWN_BY[sabotage]
    chosen = plan.noop(seconds=4, seed=17, sabotage=sabotage, only=faults)
    # Of three workers one at a time is a victim, and two go on.
    outcome = await campaign.run(replace(chosen, workers=3, rest_s=6.0, pause_s=0.5), keep_logs=False)
    assert all(outcome.faults.values())
    assert line in [line.what for line in outcome.lines if not line.holds], report.table(outcome)
