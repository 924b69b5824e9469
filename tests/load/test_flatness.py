"""The judge, judged: what leaks is called leaking, and noise, steps and warm-ups are not."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.load.flatness import Kind, judge, theil_sen
from tests.load.samples import Sample
from tests.load.soak import judged

_JOBS = [100.0 * at for at in range(120)]  # 12,000 jobs
_MIB = 1024 * 1024
_Series = Callable[[float, random.Random], float]


def _flat(kind: Kind, series: _Series) -> bool:
    rng = random.Random(7)  # noqa: S311 - a test's dice
    return judge("it", kind, _JOBS, [series(jobs, rng) for jobs in _JOBS]).flat


@pytest.mark.parametrize(
    ("kind", "series"),
    [
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB + 1024 * jobs),  # a KiB a job, in a large process
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB + 1024 * jobs + rng.gauss(0, _MIB)),
        (Kind.BYTES, lambda jobs, rng: _MIB + 100 * jobs),  # 100 bytes a job, in a small one
        (Kind.COUNT, lambda jobs, rng: 12 + jobs // 1000),  # a descriptor every thousand jobs
        (Kind.COUNT, lambda jobs, rng: 12 + jobs // 1000 + rng.randint(-3, 3)),
    ],
)
def test_what_leaks_is_called_leaking(kind: Kind, series: _Series) -> None:
    assert not _flat(kind, series)


@pytest.mark.parametrize(
    ("kind", "series"),
    [
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB),
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB + rng.gauss(0, 2 * _MIB)),
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB + 2 * _MIB * (jobs % 1700) / 1700),  # a saw
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB + _MIB * (jobs > 6000)),  # one step
        (Kind.BYTES, lambda jobs, rng: 60 * _MIB - 1024 * jobs),
        (Kind.COUNT, lambda jobs, rng: 12 + rng.randint(-5, 5)),
        (Kind.COUNT, lambda jobs, rng: 12 + 200 * (rng.random() < 0.1)),  # peaks
        (Kind.SHOWN, lambda jobs, rng: jobs),
    ],
)
def test_what_is_flat_is_not(kind: Kind, series: _Series) -> None:
    assert _flat(kind, series)


def test_the_slope_is_that_of_most_pairs() -> None:
    assert theil_sen([0, 1, 2, 3, 4], [0, 2, 4, 6, 1000]) == 2
    assert theil_sen([1, 1], [0, 5]) == 0
    assert theil_sen([], []) == 0


def test_growth_of_the_warm_up_does_not_count() -> None:
    taken = [Sample(at, at * 10, 0, {"worker, RSS": min(at, 150) * _MIB}) for at in range(1000)]
    assert [one.flat for one in judged(taken, seconds=1000)] == [True]


def test_what_appears_on_the_way_is_seen() -> None:
    taken = [Sample(at, at * 10, 0, {"redis keys": at} if at > 200 else {}) for at in range(300)]
    [one] = judged(taken, seconds=300)
    assert (one.first, one.flat) == (0, False)
