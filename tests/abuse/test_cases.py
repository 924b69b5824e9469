"""Every hostile program gets its verdict, and nothing else changes.

The invariant of all cases is in ``invariant.py``; what a case demands beyond its verdict is in the
head of its file.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

import pytest

from tests.abuse.arena import Arena, in_order
from tests.abuse.case import Case, read_cases
from tests.abuse.conftest import params_of
from tests.abuse.invariant import check, check_balance
from tests.contract.sandbox_harness import REAL

CASES = in_order(read_cases())
pytestmark = pytest.mark.timeout(400)  # the first case of a runtime waits until every image is unpacked


@pytest.fixture(scope="module", params=REAL)
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    """All cases that were selected, running side by side while the tests look at them in turn."""
    asked = [params_of(item) for item in request.session.items]
    chosen = {of["case"] for of in asked if of.get("arena") == request.param and "case" in of}
    arena = Arena(request.param, [case for case in CASES if case in chosen])
    arena.open()
    yield arena
    arena.close()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, arena: Arena) -> None:
    if case.demands.get("machine", platform.machine()) != platform.machine():
        pytest.skip(f"is about {case.demands['machine']}")

    check(case, arena.outcome(case))


def test_all_together_leave_nothing(arena: Arena) -> None:
    """Comes last: what the cases cost the worker and the host, looked at when all are over."""
    check_balance(arena.balance.result(100))

    assert len({worker for case in arena.cases for worker in _workers(arena, case)}) <= 1


def _workers(arena: Arena, case: Case) -> set[str]:
    """Who ran the canaries of a case: a worker that died has another name when it is back."""
    future = arena.outcomes[case.name]
    return set() if future.exception() else {canary["worker"] for canary in future.result().canaries}
