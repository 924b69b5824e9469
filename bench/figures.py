"""What was measured, as values: spreads of latencies, figures with their targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all are not above (nearest rank, no invention).

    ``ordered`` is sorted and not empty.
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """How values are spread."""

    n: int
    p50: float
    p90: float
    p99: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of ``values``. Raises ``ValueError`` if there are none."""
        if not values:
            raise ValueError("nothing was measured")
        ordered = sorted(values)
        p50, p90, p99 = (quantile(ordered, share) for share in (0.5, 0.9, 0.99))
        return cls(len(ordered), p50, p90, p99, ordered[-1])


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should reach: at most or at least ``bound``."""

    sign: str  # "<=" or ">="
    bound: float

    def met(self, value: float) -> bool:
        """Has ``value`` reached it."""
        return value <= self.bound if self.sign == "<=" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:,g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. Without a ``value`` its ``note`` says why there is none."""

    part: str
    name: str
    value: float | None = None  # of a latency: its median
    unit: str = ""  # "ms", "/s", "x", ...
    spread: Spread | None = None
    target: Target | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Is the target reached; None where there is no target or no value."""
        return None if self.target is None or self.value is None else self.target.met(self.value)

    def to_json(self) -> dict[str, Any]:
        """The figure for the history in ``bench/results``."""
        return {
            "part": self.part,
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "spread": self.spread and {key: _short(value) for key, value in asdict(self.spread).items()},
            "target": self.target and str(self.target),
            "met": self.met,
            "note": self.note,
        }


def latency(
    part: str, name: str, seconds: Sequence[float], target_ms: float | None = None, note: str = ""
) -> Figure:
    """A figure of latencies given in seconds, shown in milliseconds; the target is on the median."""
    if not seconds:
        return Figure(part=part, name=name, note=note or "nothing was measured")
    spread = Spread.of([value * 1000 for value in seconds])
    target = None if target_ms is None else Target("<=", target_ms)
    return Figure(part=part, name=name, value=spread.p50, unit="ms", spread=spread, target=target, note=note)


def ratio(part: str, name: str, over: Figure | None, under: Figure | None, target: Target | None) -> Figure:
    """One figure divided by another, if both were measured."""
    if over is None or under is None or over.value is None or not under.value:
        missing = [figure.name for figure in (over, under) if figure is not None and not figure.value]
        note = f"no ratio: {missing[0] if missing else 'one side'} was not measured"
        return Figure(part=part, name=name, target=target, note=note)
    return Figure(part=part, name=name, value=over.value / under.value, unit="x", target=target)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}") if isinstance(value, float) else value
