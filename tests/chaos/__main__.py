"""``python -m tests.chaos``: torment a fleet and see whether it keeps its promise."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path

import uvloop

from tests.chaos import campaign, plan, report
from tests.chaos.engine import EngineError
from tests.chaos.faults import FAULTS
from tests.chaos.processes import interruptible
from tests.chaos.sabotage import SABOTAGES


def main() -> int:
    """Run one campaign; 0 if every line of the oracle holds, 1 if not, 2 if it could not be run."""
    asked = _parser().parse_args()
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    if asked.runner == "docker":
        chosen = plan.docker(asked.seconds, seed, only=asked.only)
    else:
        chosen = plan.noop(asked.seconds, seed, sabotage=asked.sabotage, only=asked.only)
    try:
        outcome = uvloop.run(_interruptible(chosen))
    except (EngineError, FileNotFoundError, InterruptedError) as error:
        sys.stderr.write(f"chaos: {error}\n")
        return 2
    sys.stdout.write(report.table(outcome) + "\n")
    if asked.json:
        report.write_json(outcome, asked.json)
    return 0 if outcome.sound else 1


async def _interruptible(chosen: plan.Plan) -> campaign.Outcome:
    """A campaign that cleans up behind itself when it is told to end, and raises ``InterruptedError``."""
    began_s = time.monotonic()

    def say(words: str) -> None:
        sys.stdout.write(f"  {time.monotonic() - began_s:6.1f} s  {words}\n")
        sys.stdout.flush()

    return await interruptible(campaign.run(chosen, say))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runner", choices=("noop", "docker"), default="noop", help="what runs the programs")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long faults rage")
    parser.add_argument("--seed", type=int, help="order of the faults; default: any")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[fault.name for fault in FAULTS],
        metavar="FAULT",
        help="this fault only; may be given again",
    )
    parser.add_argument(
        "--sabotage",
        choices=SABOTAGES,
        default="",
        help="workers with a wrong protocol, to see the oracle fail (no-op runner)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
