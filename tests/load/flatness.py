"""Is a series flat: the growth a thousand jobs cause, estimated so that noise and single steps do not count.

The slope is Theil and Sen's: the median of the slopes between all pairs of samples, over the jobs
done until then. Up to a quarter of the samples may be anything. What came before the warm-up was over
is left out: interpreters, pools and allocators reach their size once, which is no leak.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

WARM_UP = 0.2  # of the time
_KIB, _MIB = 1024, 1024 * 1024


class Kind(Enum):
    """What a series counts, and what it may grow in a thousand jobs before it is called leaking.

    ``least`` is what must have been gained altogether: less is the grain of what is measured.
    """

    BYTES = 64 * _KIB, 0.005, _MIB  # of memory or disk; what is large may grow half a percent
    COUNT = 0.5, 0.005, 3.0  # one in two thousand jobs; what is many may grow half a percent
    SHOWN = float("inf"), 0.0, 0.0  # for the reader: not ours alone, or bounded by other means

    def __init__(self, bound: float, share: float, least: float) -> None:
        self.bound, self.share, self.least = bound, share, least


@dataclass(frozen=True, slots=True)
class Flatness:
    """One series after the warm-up. ``slope`` and ``bound`` are per thousand jobs."""

    name: str
    kind: Kind
    first: float  # median of the first third
    last: float  # median of the last third
    slope: float
    bound: float
    flat: bool


def judge(name: str, kind: Kind, jobs: Sequence[float], values: Sequence[float]) -> Flatness:
    """Whether ``values`` grew with ``jobs``; both without the warm-up, in the order they were taken."""
    third = max(1, len(values) // 3)
    first = statistics.median(values[:third]) if values else 0.0
    last = statistics.median(values[-third:]) if values else 0.0
    slope = 1000 * theil_sen(jobs, values)
    bound = max(kind.bound, kind.share * first)
    gained = slope * (jobs[-1] - jobs[0]) / 1000 if jobs else 0.0
    return Flatness(name, kind, first, last, slope, bound, flat=slope <= bound or gained <= kind.least)


def theil_sen(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The median slope between two points; 0 where no two are apart."""
    pairs = itertools.combinations(zip(xs, ys, strict=True), 2)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs if x1 != x2]
    return statistics.median(slopes) if slopes else 0.0
