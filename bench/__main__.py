"""``python -m bench [PART ...]``: measure ourselves and our peers in one run, and print one table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from bench import end_to_end, fleet_size, judging, machine, peers, plot, queue_only, summary, table, trace
from bench.figures import Figure
from bench.ground import opened
from bench.snippet import ROOT
from fleet import log
from tests.chaos.processes import interruptible

_PARTS = ("machine", "peers", "docker", "crun", "judging", "trace", "queue", "fleet")
_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure; 0 whatever the figures are, since a benchmark is no test."""
    asked = _parser().parse_args()
    parts = asked.parts or list(_PARTS)
    log.configure("bench", "auto", "warning")
    began, before = time.strftime("%Y-%m-%d %H:%M"), machine.load_average()
    others = machine.others_running()
    try:
        figures = uvloop.run(
            interruptible(_measure(parts, quick=asked.quick, home=ROOT / ".sandfleet/bench"))
        )
    except InterruptedError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    facts = machine.facts()
    loads = (before, machine.load_average())
    head = machine.head(facts, began, loads)
    if others:
        head.append(f"  Something else ran at the beginning: {others}")
    sys.stdout.write(table.text(figures, head) + "\n")
    run: dict[str, Any] = {
        "v": 1,
        "began": began,
        "commit": _commit(),
        "machine": facts,
        "quick": asked.quick,
    }
    run |= {"parts": parts, "loadBefore": before, "loadAfter": loads[1], "othersRunning": others}
    whole = set(parts) == set(_PARTS)
    if json_path := asked.json or (_RESULTS / "bench.json" if whole else None):
        _write(json_path, json.dumps({**run, "figures": [f.to_json() for f in figures]}, indent=1) + "\n")
    if whole:
        _write(_RESULTS / "bench.svg", plot.svg(summary.charts(figures), summary.caption(facts, began)))
    return 0


async def _measure(parts: Sequence[str], *, quick: bool, home: Path) -> list[Figure]:
    runtimes = [part for part in ("docker", "crun") if part in parts]
    figures: list[Figure] = []

    async def of(part: str, work: Callable[[], Awaitable[list[Figure]]]) -> None:
        try:
            figures.extend(await work())
        except Exception as error:  # whatever happens to one part, the others are measured
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            figures.append(Figure(part=part, name="could not be measured", note=words))

    traced = runtimes or ["docker", "crun"]
    async with opened(home, quick=quick) as ground:
        works: list[tuple[str, str, Callable[[], Awaitable[list[Figure]]]]] = [
            ("machine", machine.PART, partial(machine.measure, ground)),
            ("peers", peers.PART, partial(peers.measure, ground)),
            *(
                (runtime, end_to_end.PART, partial(end_to_end.measure, ground, runtime, fsync))
                for runtime in runtimes
                for fsync in ("always", "everysec")
            ),
            ("judging", judging.PART, partial(judging.measure, ground)),
            *(("trace", trace.PART, partial(trace.measure, ground, runtime)) for runtime in traced),
            ("queue", queue_only.PART, partial(queue_only.measure, ground)),
            ("fleet", fleet_size.PART, partial(fleet_size.measure, ground)),
        ]
        for part, name, work in works:
            if part in parts:
                await of(name, work)
    return [*figures, *summary.ratios(figures)]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; default: all")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    parser.add_argument("--quick", action="store_true", help="a third of the time, for a first look")
    return parser


if __name__ == "__main__":
    sys.exit(main())
