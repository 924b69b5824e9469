"""What a campaign came to: one table for people, one JSON object for comparison over time."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos.campaign import Outcome

_NAME = 54
_WIDTH = _NAME + 30


def table(outcome: Outcome) -> str:
    """The whole outcome as text."""
    return "\n".join([_head(outcome), *_faults(outcome), *_figures(outcome), *_oracle(outcome)])


def write_json(outcome: Outcome, path: Path) -> None:
    """The figures, the seed and the machine, as one JSON object."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_json(outcome), indent=2) + "\n", "utf-8")


def _head(outcome: Outcome) -> str:
    plan = outcome.plan
    what = f"{plan.runner} runner, {plan.seconds:g} s, seed {plan.seed}, lease {plan.lease_s:g} s"
    redis = f"Redis {outcome.redis_version}, appendfsync always"
    cast = f"{plan.workers} workers of {plan.slots} slots, {os.cpu_count()} CPUs, {redis}"
    wrong = f"\n  SABOTAGED: {plan.sabotage}" if plan.sabotage else ""
    return f"\n  Chaos: {what}\n  {cast}{wrong}\n"


def _faults(outcome: Outcome) -> Iterable[str]:
    yield _row("fault", "count", "recovery")
    yield _rule()
    for name, count in outcome.faults.items():
        longest_s = outcome.recoveries_s.get(name)
        yield _row(name, f"{count:,}", "" if longest_s is None else f"{longest_s:.1f} s")
    yield _rule()
    yield _row("all faults", f"{sum(outcome.faults.values()):,}", "")
    yield ""


def _figures(outcome: Outcome) -> Iterable[str]:
    facts, plain = outcome.facts, outcome.control
    yield _row("", "Sandfleet", "plain BRPOP")
    yield _rule()
    yield _row("jobs acknowledged", f"{len(facts.ledger.acknowledged):,}", f"{plain.acknowledged:,}")
    yield _row("lost", f"{_lost(outcome):,}", f"{plain.lost:,}")
    yield _row("with a second result", f"{_second_results(outcome):,}", f"{plain.doubled:,}")
    yield _row("with a second event", f"{_second_events(outcome):,}", "-")
    repeats = f"{facts.ledger.repeats:,}"
    yield _row("pushes repeated on purpose", repeats, f"{plain.repeats:,}")
    yield _row("repeated items dropped by the queue", f"{facts.counters.get('repeated', 0):,}", "0")
    yield _row("submitted again after an unclear answer", f"{len(facts.ledger.resubmitted):,}", "-")
    yield _row("runs given up: the job was another's by then", f"{outcome.stale_claims:,}", "-")
    yield _row("late writes refused by the fence", f"{outcome.stale_answers:,}", "-")
    yield _row("lines of the subscriber again after a kill", f"{facts.repeated_lines:,}", "-")
    yield _row("jobs given up after three lost attempts", f"{facts.worn_out:,}", "-")
    if outcome.plan.runner == "docker":
        yield _row("containers that a killed engine forgot", f"{outcome.debris:,}", "-")
    met = "" if _longest_s(outcome) <= outcome.plan.recovery_s_max else " (!)"
    yield _row(
        f"longest recovery (target {outcome.plan.recovery_s_max:g} s){met}",
        f"{_longest_s(outcome):.1f} s",
        "",
    )
    yield _row("slowest job, queued to done, outages included", f"{outcome.slowest_s:.1f} s", "")
    yield ""


def _oracle(outcome: Outcome) -> Iterable[str]:
    for line in outcome.lines:
        found = f"  ({line.found})" if line.found else ""
        yield f"  {'ok  ' if line.holds else 'FAIL'}  {line.what}{found}"
    yield ""
    if outcome.sound:
        yield "  Every line holds."
    else:
        yield f"  The fleet broke its promise. Logs: {outcome.logs}"


def _lost(outcome: Outcome) -> int:
    done = {job.token for job in outcome.facts.jobs.values() if job.place == "done"}
    return len(outcome.facts.ledger.acknowledged - done)


def _second_results(outcome: Outcome) -> int:
    done = sum(job.place == "done" for job in outcome.facts.jobs.values())
    return outcome.facts.counters.get("done", 0) - done


def _second_events(outcome: Outcome) -> int:
    return len(outcome.facts.events) - len({event.job_id for event in outcome.facts.events})


def _longest_s(outcome: Outcome) -> float:
    return max(outcome.recoveries_s.values(), default=0.0)


def _row(name: str, first: str, second: str) -> str:
    return f"  {name:<{_NAME}}{first:>14}{second:>14}".rstrip()


def _rule() -> str:
    return f"  {'-' * (_WIDTH - 2)}"


def _json(outcome: Outcome) -> dict[str, Any]:
    facts = outcome.facts
    return {
        "v": 1,
        "plan": asdict(outcome.plan),
        "machine": {
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "redis": outcome.redis_version,
        },
        "sound": outcome.sound,
        "oracle": [asdict(line) for line in outcome.lines],
        "faults": outcome.faults,
        "faultsTotal": sum(outcome.faults.values()),
        "recoverySeconds": {name: round(value, 3) for name, value in outcome.recoveries_s.items()},
        "longestRecoverySeconds": round(_longest_s(outcome), 3),
        "slowestJobSeconds": round(outcome.slowest_s, 3),
        "jobs": {
            "acknowledged": len(facts.ledger.acknowledged),
            "done": sum(job.place == "done" for job in facts.jobs.values()),
            "lost": _lost(outcome),
            "secondResults": _second_results(outcome),
            "secondEvents": _second_events(outcome),
            "wornOut": facts.worn_out,
        },
        "repeatedPushes": facts.ledger.repeats,
        "repeatedItemsDropped": facts.counters.get("repeated", 0),
        "resubmitted": len(facts.ledger.resubmitted),
        "answers": dict(facts.ledger.answers),
        "lateWritesRefused": outcome.stale_answers,
        "runsGivenUp": outcome.stale_claims,
        "linesRepeated": facts.repeated_lines,
        "engineDebris": outcome.debris,
        "auditSamples": len(facts.samples),
        "control": asdict(outcome.control),
    }
