"""``python -m tests.load``: too much at once, or a lot for long, and whether the fleet bears it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import uvloop

from tests.chaos.engine import EngineError
from tests.chaos.processes import interruptible
from tests.load import overload, report, soak
from tests.load.rig import RUNTIMES


def main() -> int:
    """Run one campaign; 0 if every line holds, 1 if not, 2 if it could not be run."""
    asked = _parser().parse_args()
    try:
        outcome = uvloop.run(_interruptible(asked))
    except (EngineError, OSError, RuntimeError) as error:
        sys.stderr.write(f"load: {error}\n")
        return 2
    sys.stdout.write(report.table(outcome) + "\n")
    if asked.json:
        report.write_json(outcome, asked.json)
    return 0 if outcome.sound else 1


async def _interruptible(asked: argparse.Namespace) -> report.Outcome:
    """A campaign that cleans up behind itself when it is told to end, and raises ``InterruptedError``."""
    began_s = time.monotonic()

    def say(words: str) -> None:
        sys.stdout.write(f"  {time.monotonic() - began_s:7.1f} s  {words}\n")
        sys.stdout.flush()

    return await interruptible(_campaign(asked, say))


async def _campaign(asked: argparse.Namespace, say: soak.Say) -> report.Outcome:
    if asked.campaign == "overload":
        return await overload.run(
            overload.Plan(runtime=asked.runtime, seconds=asked.seconds, seed=asked.seed), say
        )
    plan = soak.Plan(
        runtime=asked.runtime,
        seconds=asked.seconds,
        jobs=asked.jobs,
        rate_share=asked.rate_share,
        seed=asked.seed,
    )
    return await soak.run(plan, say)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--runtime", choices=RUNTIMES, default="docker", help="what runs the programs")
    common.add_argument("--seed", type=int, default=1, help="of the arrivals")
    common.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    campaigns = parser.add_subparsers(dest="campaign", required=True)
    much = campaigns.add_parser("overload", parents=[common], help="five times the sustained rate")
    much.add_argument("--seconds", type=float, default=60.0, help="how long")
    long = campaigns.add_parser("soak", parents=[common], help="most of the sustained rate, for long")
    long.add_argument("--seconds", type=float, default=1800.0, help="how long, at least")
    long.add_argument("--jobs", type=int, default=10_000, help="how many, at least")
    long.add_argument("--rate-share", type=float, default=0.8, help="of the sustained rate")
    return parser


if __name__ == "__main__":
    sys.exit(main())
