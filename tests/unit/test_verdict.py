"""Every pair of facts that can hold at once, and the verdict that must come of it."""

from __future__ import annotations

import itertools
import signal
from dataclasses import replace
from typing import Any

import pytest

from fleet.job import Verdict
from fleet.limits import Limits
from worker.sandbox import RawOutcome
from worker.verdict import classify, signal_name

LIMITS = Limits()
# Facts from strongest to weakest: of two that hold at once, the upper decides. ``None`` as the
# limit means that the evidence names none.
FACTS: dict[str, tuple[dict[str, Any], Verdict, str | None]] = {
    "not started": ({"not_started": 2}, Verdict.SYSTEM_ERROR, "system"),
    "box out of memory": ({"box_oom": True}, Verdict.MEMORY_LIMIT, "memory"),
    "OOM kill": ({"oom_kills": 1}, Verdict.MEMORY_LIMIT, "memory"),
    "init: cpu": ({"limit": "cpu"}, Verdict.TIME_LIMIT, "cpu"),
    "init: wall": ({"limit": "wall"}, Verdict.TIME_LIMIT, "wall"),
    "init: stdout": ({"limit": "stdout"}, Verdict.OUTPUT_LIMIT, "stdout"),
    "init: stderr": ({"limit": "stderr"}, Verdict.OUTPUT_LIMIT, "stderr"),
    "stdout past its cap": ({"stdout_bytes": LIMITS.stdout_bytes + 1}, Verdict.OUTPUT_LIMIT, "stdout"),
    "stderr past its cap": ({"stderr_bytes": LIMITS.stderr_bytes + 1}, Verdict.OUTPUT_LIMIT, "stderr"),
    "CPU past its limit": ({"cpu_us": 5_000_001}, Verdict.TIME_LIMIT, "cpu"),
    "overdue": ({"overdue": True}, Verdict.TIME_LIMIT, "wall"),
    "SIGKILL": ({"signal": signal.SIGKILL}, Verdict.RUNTIME_ERROR, None),
    "SIGXFSZ": ({"signal": signal.SIGXFSZ}, Verdict.RUNTIME_ERROR, None),
    "SIGSYS": ({"signal": signal.SIGSYS}, Verdict.RUNTIME_ERROR, None),
    "exit 137": ({"exit_code": 137}, Verdict.RUNTIME_ERROR, None),
    "exit 1": ({"exit_code": 1}, Verdict.RUNTIME_ERROR, None),
    "exit 0": ({"exit_code": 0}, Verdict.OK, None),
    "pids limit hit": ({"pids_limit_hits": 9}, Verdict.SYSTEM_ERROR, "system"),  # not an end at all
}
PAIRS = [
    (upper, lower)
    for upper, lower in itertools.combinations(FACTS, 2)
    if not FACTS[upper][0].keys() & FACTS[lower][0].keys()  # two values of one field cannot both hold
]


def outcome(*names: str) -> RawOutcome:
    raw = RawOutcome()
    for name in names:
        raw = replace(raw, **FACTS[name][0])
    return raw


@pytest.mark.parametrize("name", FACTS)
def test_one_fact(name: str) -> None:
    verdict, evidence = classify(outcome(name), LIMITS)

    assert (verdict, evidence.limit) == FACTS[name][1:]
    assert evidence.how


@pytest.mark.parametrize(("upper", "lower"), PAIRS)
def test_the_upper_of_two_facts_decides(upper: str, lower: str) -> None:
    verdict, evidence = classify(outcome(lower, upper), LIMITS)

    assert (verdict, evidence.limit) == FACTS[upper][1:]


def test_at_its_limits_a_run_is_still_ok() -> None:
    raw = RawOutcome(
        exit_code=0,
        cpu_us=5_000_000,
        stdout_bytes=LIMITS.stdout_bytes,
        stderr_bytes=LIMITS.stderr_bytes,
        memory_peak_bytes=LIMITS.memory_bytes,
    )

    assert classify(raw, LIMITS)[0] is Verdict.OK


def test_evidence_gives_both_figures() -> None:
    _, memory = classify(RawOutcome(oom_kills=2, memory_peak_bytes=134_217_728), LIMITS)
    _, cpu = classify(RawOutcome(limit="cpu", cpu_us=5_004_000), LIMITS)
    _, stdout = classify(RawOutcome(limit="stdout", stdout_bytes=262_145), LIMITS)

    assert (memory.allowed, memory.used) == (134_217_728, 134_217_728)
    assert (cpu.allowed, cpu.used) == (5.0, 5.004)
    assert (stdout.allowed, stdout.used) == (262_144, 262_145)
    assert "by 2" in memory.how


def test_a_signal_is_named_even_if_it_has_no_name() -> None:
    assert signal_name(9) == "SIGKILL"
    assert signal_name(40) == "SIG40"
    assert "SIGSYS" in classify(RawOutcome(signal=31), LIMITS)[1].how
