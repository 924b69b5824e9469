"""A run whose end is stored cannot be lost any more."""

from __future__ import annotations

import time

import pytest

from fleet.queue import Claim
from worker.run import Loss, Run


@pytest.fixture
def run() -> Run:
    claim = Claim("1" * 32, "1:a", b"{}", attempt=1, crashes=0, queued_at_ms=0, claimed_at_ms=0)
    return Run(claim, time.monotonic())


def test_the_first_reason_counts(run: Run) -> None:
    run.lose(Loss.DRAIN)
    run.lose(Loss.STALE)
    assert run.loss is Loss.DRAIN


@pytest.mark.parametrize("before", [True, False])
def test_a_heartbeat_that_crosses_the_last_answer_loses_nothing(run: Run, *, before: bool) -> None:
    """The job is nobody's once it is done, so a renewal on its way then is answered ``stale``."""
    if before:
        run.lose(Loss.STALE)
    run.settle()
    if not before:
        run.lose(Loss.STALE)
    assert run.loss is None
