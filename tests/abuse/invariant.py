"""What must hold of every case, and what the head of a case demands beside that."""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fleet.limits import MIB, Limits
from tests.abuse.arena import GONE_S, Balance, Outcome
from tests.abuse.case import BOUNDS, Case
from tests.abuse.client import HELLO
from worker.judge import CASE_OUTPUT_BYTES
from worker.settings import BEHIND_INIT_S

LIMITS = Limits()
# JSON writes one byte of output as six at most; the other fields and the names of them are small.
JSON_BYTES_MAX = 6
STAGE_BYTES_MAX = JSON_BYTES_MAX * (LIMITS.stdout_bytes + LIMITS.stderr_bytes) + 8192
TEST_BYTES_MAX = JSON_BYTES_MAX * (2 * CASE_OUTPUT_BYTES + 200) + 2048
RSS_GROWTH_MAX_BYTES = 64 * MIB  # the arena keeps every outcome, up to 512 KiB each, in the same process
LATE_S = 5.0  # a busy machine looks at the clock, and writes the result down, so much later
DESCRIPTORS_GROWTH_MAX = 16  # connections that a pool opened meanwhile and keeps


def check(case: Case, outcome: Outcome) -> None:
    """Everything at once. Raises ``AssertionError``."""
    check_invariant(case, outcome)
    assert outcome.result["verdict"] in case.expect, shown(outcome.result)
    check_demands(case.demands, outcome.result)


def check_invariant(case: Case, outcome: Outcome) -> None:
    """What must hold whatever the program did."""
    result = outcome.result
    assert outcome.results_stored == outcome.events == 1
    began, ended = (datetime.fromisoformat(result[name]) for name in ("startedAt", "finishedAt"))
    assert (ended - began).total_seconds() <= sum(case.walls_s) + len(case.walls_s) * BEHIND_INIT_S + LATE_S
    for stream in ("stdout", "stderr"):
        assert len(decoded(result, stream)) <= LIMITS.stdout_bytes
    assert outcome.stored_bytes <= stored_bytes_max(case)
    assert result["attempt"] == 1
    assert result["evidence"]["how"]
    for canary in outcome.canaries:
        told = (canary["verdict"], canary["stdout"], canary["stderr"])
        assert told == ("ok", HELLO[canary["language"]].expected, ""), shown(canary)
    assert outcome.gone_s <= GONE_S
    assert outcome.leftovers == []


def stored_bytes_max(case: Case) -> int:
    """The most that a result of this case may take: of its run and its compile stage, or of its tests."""
    tests, files = json.loads(case.demands.get("tests", "[]")), "outputFiles" in case.demands
    output = len(tests) * TEST_BYTES_MAX if tests else STAGE_BYTES_MAX
    compiled = STAGE_BYTES_MAX if case.language.compile else 0
    return output + compiled + (JSON_BYTES_MAX * BOUNDS.output_files_bytes_max if files else 0) + 8192


def check_balance(balance: Balance) -> None:
    """What all cases together may cost the worker and the host."""
    assert balance.rss_bytes < RSS_GROWTH_MAX_BYTES, balance
    assert balance.descriptors <= DESCRIPTORS_GROWTH_MAX, balance
    assert balance.files == [], "new on the host"
    audit = balance.audit
    assert (audit.missing, audit.doubled, audit.accepted - audit.done) == (0, 0, 0), audit


def check_demands(demands: dict[str, str], result: Any) -> None:
    """What the head of a case demands beside the verdict."""
    for key, wanted in demands.items():
        if key in _READ:  # the rest shapes the submission
            assert _READ[key](wanted, result), f"{key}: {wanted}\n{shown(result)}"


_READ: dict[str, Callable[[str, Any], bool]] = {
    "stdout": lambda wanted, result: _found(wanted, result, "stdout"),
    "stderr": lambda wanted, result: _found(wanted, result, "stderr"),
    "stdout_repr": lambda wanted, result: result["stdout"] == ast.literal_eval(wanted),
    "stdout_hex": lambda wanted, result: decoded(result, "stdout") == bytes.fromhex(wanted),
    "encoding": lambda wanted, result: result["encoding"] == wanted,
    "signal": lambda wanted, result: result["signal"] == wanted,
    "truncated": lambda wanted, result: result["stdoutTruncated"] == (wanted == "true"),
    "exit": lambda wanted, result: result["exitCode"] == int(wanted),
    "evidence": lambda wanted, result: result["evidence"]["limit"] == wanted,
    "how": lambda wanted, result: re.search(wanted, result["evidence"]["how"]) is not None,
    "wall_ms_min": lambda wanted, result: result["wallMs"] >= int(wanted),
    "compile_exit": lambda wanted, result: result["compile"]["exitCode"] == int(wanted),
    "compile_stdout": lambda wanted, result: _found(wanted, result["compile"], "stdout"),
    "compile_stderr": lambda wanted, result: _found(wanted, result["compile"], "stderr"),
    "cases": lambda wanted, result: [case["verdict"] for case in result["cases"]] == wanted.split(),
    "fetched": lambda wanted, result: [file["how"] for file in result["files"]] == wanted.split(),
}


def _found(wanted: str, result: Any, stream: str) -> bool:
    text = decoded(result, stream).decode(errors="replace").removesuffix("\n")
    return re.search(wanted, text) is not None


def decoded(result: Any, stream: str) -> bytes:
    """The bytes of a stream as the program wrote them."""
    text: str = result[stream]
    return base64.b64decode(text) if result["encoding"] == "base64" else text.encode()


def shown(result: Any) -> dict[str, Any]:
    """A result fit to be printed: its streams cut, and escaped."""
    return {name: ascii(value[:800]) if isinstance(value, str) else value for name, value in result.items()}
