"""``python -m tests.abuse``: run the hostile programs on this host and print what came of each.

Exit status 0 if every case passed, 1 if one did not, 2 if there was nothing to run.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence

from fleet import log
from tests.abuse.arena import Arena, Outcome
from tests.abuse.case import Case, read_cases
from tests.abuse.invariant import check, check_balance

_ATTACK_CHARS = 58
_HEAD = ("family", "case", "attack", "expected", "got", "evidence", "ms", "canary", "")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run what was asked for; the exit status."""
    options = _options()
    log.configure("abuse", "console", "error")
    cases = [case for case in read_cases() if _wanted(case, options.only)]
    if not cases:
        _say(f"no case has {options.only!r} in its name or its attack")
        return 2
    arena = Arena(options.runtime, cases)
    widths = (10, 36, _ATTACK_CHARS, 26, 14, 8, 7, 7, 4)
    _print(_HEAD, widths)
    began_s = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the arena is still cleared away
    arena.open()
    try:
        failures = _report(arena, widths)
        failures += _report_balance(arena)
    finally:
        arena.close()
    passed = len(cases) - sum(name in arena.outcomes for name, _ in failures)
    _say(f"\n{passed} of {len(cases)} cases passed in {time.monotonic() - began_s:.0f} s")
    for name, reason in failures:
        _say(f"\nFAIL {name}\n{reason}")
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make abuse", description="Run the hostile programs on this host and print what came of each."
    )
    parser.add_argument("--runtime", choices=("docker", "crun"), default="docker")
    parser.add_argument("--only", metavar="WORD", default="", help="cases whose name or attack has this word")
    return parser.parse_args()


def _wanted(case: Case, word: str) -> bool:
    machine = case.demands.get("machine", platform.machine())
    return machine == platform.machine() and word.lower() in f"{case.name} {case.attack}".lower()


def _report(arena: Arena, widths: Sequence[int]) -> list[tuple[str, str]]:
    failures, slower, verdicts = [], [], Counter[str]()
    for case in arena.cases:
        try:
            outcome = arena.outcome(case)
        except Exception as error:  # of our own side; the others go on
            failures.append((case.name, repr(error)))
            _print((*_names(case), "-", "-", "-", "-", "FAIL"), widths)
            continue
        reason = _fault(case, outcome)
        if reason:
            failures.append((case.name, reason))
        slower.append(outcome.slower)
        verdicts[outcome.result["verdict"]] += 1
        _print((*_names(case), *_facts(outcome), "FAIL" if reason else "PASS"), widths)
    slower.sort()
    if slower:
        _say(f"\nverdicts: {', '.join(f'{name} {count}' for name, count in verdicts.most_common())}")
        median, worst = slower[len(slower) // 2], slower[-1]
        _say(f"canaries beside and after: x{median:.1f} of their usual time (median), x{worst:.1f} (worst)")
    return failures


def _report_balance(arena: Arena) -> list[tuple[str, str]]:
    balance = arena.balance.result(100)
    _say(
        f"worker: memory {balance.rss_bytes / 2**20:+.1f} MiB, descriptors {balance.descriptors:+d}; "
        f"new files on the host: {len(balance.files)}; jobs accepted {balance.audit.accepted}, "
        f"done {balance.audit.done}, missing {balance.audit.missing}, doubled {balance.audit.doubled}"
    )
    try:
        check_balance(balance)
    except AssertionError as error:
        return [("all cases together", str(error))]
    return []


def _names(case: Case) -> tuple[str, str, str, str]:
    family, _, name = case.name.partition("/")
    return family, name, case.attack[:_ATTACK_CHARS], "|".join(sorted(case.expect))


def _facts(outcome: Outcome) -> tuple[str, str, str, str]:
    result = outcome.result
    evidence = result["evidence"]["limit"] or ""
    wall_ms = result["wallMs"] if result["wallMs"] is not None else result["compile"]["wallMs"]
    return result["verdict"], evidence, f"{wall_ms:.0f}", f"x{outcome.slower:.1f}"


def _fault(case: Case, outcome: Outcome) -> str:
    """What is wrong, or nothing."""
    try:
        check(case, outcome)
    except AssertionError as error:
        return str(error) or f"the invariant does not hold: {outcome}"[:2000]
    return ""


def _print(cells: Sequence[str], widths: Sequence[int]) -> None:
    _say("  ".join(cell[:width].ljust(width) for cell, width in zip(cells, widths, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
