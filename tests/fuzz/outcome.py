"""What a campaign came to, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One campaign. ``findings`` are what must not have happened, each in words; none is success."""

    name: str
    what: str
    seed: int
    seconds: float
    executions: int
    findings: Sequence[str]
    figures: Mapping[str, float | int | str] = field(default_factory=dict)


def table(outcomes: Sequence[Outcome]) -> str:
    """All campaigns as text."""
    lines = [f"  {'target':<10}{'executions':>12}{'seconds':>10}{'findings':>10}  figures", "  " + "-" * 100]
    for outcome in outcomes:
        figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items())
        lines.append(
            f"  {outcome.name:<10}{outcome.executions:>12,}{outcome.seconds:>10.1f}"
            f"{len(outcome.findings):>10}  {figures}"
        )
    for outcome in outcomes:
        lines += [
            f"  FOUND by {outcome.name} (seed {outcome.seed}): {words}" for words in outcome.findings[:20]
        ]
    return "\n".join(lines)


def write_json(outcomes: Sequence[Outcome], path: Path) -> None:
    """All campaigns and the machine; a campaign that was not run keeps the figures it has there."""
    old = json.loads(path.read_text("utf-8"))["targets"] if path.exists() else {}
    new = {outcome.name: {**asdict(outcome), "crashes": len(outcome.findings)} for outcome in outcomes}
    machine = {
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"v": 1, "machine": machine, "targets": {**old, **new}}, indent=2) + "\n", "utf-8"
    )
