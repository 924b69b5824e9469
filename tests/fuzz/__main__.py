"""``python -m tests.fuzz``: feed everything that reads foreign bytes with bytes nobody should send."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import frames_campaign, http_campaign, init_campaign, items_campaign
from tests.fuzz.outcome import Outcome, table, write_json

_TARGETS: dict[str, Callable[[argparse.Namespace, int], Outcome]] = {
    "init": lambda asked, seed: init_campaign.campaign(asked.seconds, seed, keep=asked.keep),
    "frames": lambda asked, seed: frames_campaign.campaign(asked.seconds, seed),
    "items": lambda asked, seed: asyncio.run(items_campaign.campaign(asked.count, seed)),
    "http": lambda asked, seed: asyncio.run(http_campaign.campaign(asked.count, seed)),
}


def main() -> int:
    """Run the targets asked for; 0 if nothing was found, 1 if something was, 2 if one could not run."""
    asked = _parser().parse_args()
    seed = secrets.randbelow(1_000_000) + 1 if asked.seed is None else asked.seed
    outcomes = []
    for name in _TARGETS if asked.target == "all" else [asked.target]:
        sys.stdout.write(f"  {name}, seed {seed} ...\n")
        sys.stdout.flush()
        try:
            outcomes.append(_TARGETS[name](asked, seed))
        except (init_campaign.Missing, FileNotFoundError) as error:
            sys.stderr.write(f"fuzz {name}: {error}\n")
            return 2
    sys.stdout.write(table(outcomes) + "\n")
    if asked.json:
        write_json(outcomes, asked.json)
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", default="all", choices=(*_TARGETS, "all"))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of init and frames")
    parser.add_argument("--count", type=int, default=2000, help="texts for items, bodies for http")
    parser.add_argument("--seed", type=int, help="default: any")
    parser.add_argument(
        "--keep", action="store_true", help="make the corpus of init anew from what was found"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
