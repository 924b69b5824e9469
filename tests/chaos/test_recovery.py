"""The clock of a recovery: from the last fault, and again when Redis is back."""

from __future__ import annotations

import pytest

from fleet.redis_client import RedisClients
from tests.chaos.recovery import Hit, Outage, Recovery


@pytest.mark.parametrize(
    ("outages", "finished_ms", "expected_s"),
    [
        ([], 9_000, 4.0),
        ([(6_000, 8_000)], 9_000, 1.0),  # it began after the fault
        ([(1_000, 6_000)], 9_000, 3.0),  # it began before the fault
        ([(1_000, 4_000)], 9_000, 4.0),  # it was over
        ([(9_500, 9_900)], 9_000, 4.0),  # the job was done by then
        ([(8_000, 9_500)], 9_000, 0.0),  # the server finished what it had begun
        ([(5_500, 6_000), (7_000, 8_500)], 9_000, 0.5),
    ],
)
async def test_the_clock_of_a_recovery(
    outages: list[tuple[float, float]], finished_ms: float, expected_s: float
) -> None:
    recovery = Recovery(RedisClients("redis://127.0.0.1:1/0"))
    recovery.hits["token"] = Hit("a fault", at_ms=5_000)
    recovery.outages += [Outage(began, ended) for began, ended in outages]
    assert recovery.longest_s({"token": finished_ms}) == {"a fault": pytest.approx(expected_s)}
