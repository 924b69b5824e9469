"""What a campaign came to: a table for people, and JSON that keeps the runs of other runtimes."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.load import overload, soak
from tests.load.flatness import Flatness, Kind

_WIDTH = 108
_POINTS_MAX = 60  # of a series, in the JSON
_MIB = 1024 * 1024
Outcome = overload.Outcome | soak.Outcome


def table(outcome: Outcome) -> str:
    """The whole outcome as text."""
    plan = outcome.plan
    lines = [f"\n  {plan.runtime}, {os.cpu_count()} CPUs, the load from the same machine\n"]
    for name, value in outcome.figures.items():
        shown = ", ".join(f"{k} {v:,}" for k, v in value.items()) if isinstance(value, dict) else f"{value}"
        lines.append(f"  {name.replace('_', ' '):<48}{shown}")
    if isinstance(outcome, soak.Outcome):
        lines += ["", *_series(outcome.series)]
    lines.append("")
    for line in outcome.lines:
        lines.append(f"  {'ok   ' if line.holds else 'WRONG'} {line.what}  ({line.found})")
    return "\n".join(lines)


def _series(series: Iterable[Flatness]) -> Iterable[str]:
    head = ("first third", "last third", "per 1,000 jobs", "bound")
    yield f"  {'after the warm-up':<48}" + "".join(f"{word:>15}" for word in head)
    yield "  " + "-" * (_WIDTH - 4)
    for one in series:
        bound = "-" if one.kind is Kind.SHOWN else _amount(one, one.bound)
        wrong = "" if one.flat else "  GROWS"
        yield (
            f"  {one.name:<48}{_amount(one, one.first):>15}{_amount(one, one.last):>15}"
            f"{_amount(one, one.slope):>15}{bound:>15}{wrong}"
        )


def _amount(one: Flatness, value: float) -> str:
    return f"{value / _MIB:,.3f} MiB" if one.kind is Kind.BYTES else f"{value:,.2f}"


def write_json(outcome: Outcome, path: Path) -> None:
    """The figures and the machine, beside what the file says of other runtimes."""
    old = json.loads(path.read_text("utf-8"))["runs"] if path.exists() else {}
    machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
    content = {"v": 1, "machine": machine, "runs": {**old, outcome.plan.runtime: _run(outcome)}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _run(outcome: Outcome) -> dict[str, Any]:
    run: dict[str, Any] = {
        "plan": asdict(outcome.plan),
        "sound": outcome.sound,
        "figures": outcome.figures,
        "lines": [asdict(line) for line in outcome.lines],
    }
    if isinstance(outcome, soak.Outcome):
        run["series"] = [_judged(one) for one in outcome.series]
        step = max(1, -(-len(outcome.samples) // _POINTS_MAX))
        points = outcome.samples[::step]
        run["at_s"], run["jobs"] = [s.at_s for s in points], [s.jobs for s in points]
        run["samples"] = {
            one.name: " ".join(f"{s.values.get(one.name, 0.0):g}" for s in points) for one in outcome.series
        }
    return run


def _judged(one: Flatness) -> dict[str, Any]:
    bound = None if one.kind is Kind.SHOWN else round(one.bound, 3)
    return {
        "name": one.name,
        "unit": "bytes" if one.kind is Kind.BYTES else "count",
        "first_third": one.first,
        "last_third": one.last,
        "per_1000_jobs": round(one.slope, 4),
        "bound": bound,
        "flat": one.flat,
    }
