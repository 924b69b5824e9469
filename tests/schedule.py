"""How several processes share one run of the tests (``pytest -n 2``): who runs what, in which order.

Most tests wait, for a lease to end or a container to start, so two processes take little more than
half the time. What belongs together stays in one of them: the tests of a file, the files that share
a cluster. What takes longest is handed out first, so that both end at about the same time.
"""

from __future__ import annotations

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Files whose tests come in two halves that share nothing, one a runtime.
_HALVES = re.compile(r"(tests/abuse/test_cases\.py)::\w+\[(docker|crun)\b")
_ONE_CLUSTER = re.compile(r"tests/acceptance/test_(clients|cluster|faults|jobs|keys)\.py")
# The longest first; what keeps the engine busy takes turns with what does not.
FIRST = (
    "tests/abuse/test_cases.py docker",
    "tests/abuse/test_cases.py crun",
    "tests/chaos/test_short.py",
    "tests/acceptance",
    "tests/contract/test_sentinel.py",
    "tests/acceptance/test_dev.py",
    "tests/languages/test_side_by_side.py",
    "tests/load/test_short.py",
    "tests/languages/test_examples.py",
    "tests/contract/test_init_limits.py",
    "tests/contract/test_init_frames.py",
)


def unit_of(test: str) -> str:
    """The name of what one process runs as a whole, for the id of a test."""
    if half := _HALVES.match(test):
        return " ".join(half.groups())
    if _ONE_CLUSTER.match(test):
        return "tests/acceptance"
    return test.partition("::")[0]


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests, those of the longest units first."""
    place = {unit: at for at, unit in enumerate(FIRST)}
    return sorted(items, key=lambda item: place.get(unit_of(item.nodeid), len(place)))


class Schedule(LoadScopeScheduling):
    """Hands out whole units, in the order of their first tests."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would hand out first what has most tests

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
