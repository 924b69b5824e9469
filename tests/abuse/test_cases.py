"""Every hostile program gets its verdict, and nothing else changes.

The invariant of all cases is checked here once, for each of them; what a case demands beyond its
verdict is in the head of its file.
"""

from __future__ import annotations

import ast
import base64
import platform
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from fleet.job import MIB, Limits
from tests.abuse.arena import GONE_S, Arena, Outcome
from tests.abuse.case import Case, read_cases
from worker.settings import BEHIND_INIT_S

CASES = read_cases()
LIMITS = Limits()
RSS_GROWTH_MAX_BYTES = 32 * MIB


@pytest.fixture(scope="module")
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    """All cases that were selected, running side by side while the tests look at them in turn."""
    chosen = {params["case"] for item in request.session.items if "case" in (params := _params(item))}
    arena = Arena([case for case in CASES if case in chosen])
    arena.open()
    yield arena
    arena.close()


def _params(item: pytest.Item) -> dict[str, Any]:
    return dict(getattr(getattr(item, "callspec", None), "params", {}))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, arena: Arena) -> None:
    if case.demands.get("machine", platform.machine()) != platform.machine():
        pytest.skip(f"is about {case.demands['machine']}")
    outcome = arena.outcome(case)

    check_invariant(case, outcome)
    assert outcome.result["verdict"] in case.expect, outcome.result
    check_demands(case.demands, outcome.result)


def check_invariant(case: Case, outcome: Outcome) -> None:
    """What must hold whatever the program did."""
    result = outcome.result
    assert outcome.results_stored == outcome.events == 1
    wall_s = case.item("")["limits"].get("wallSeconds", LIMITS.wall_s)
    began, ended = (datetime.fromisoformat(result[name]) for name in ("startedAt", "finishedAt"))
    assert (ended - began).total_seconds() <= wall_s + BEHIND_INIT_S
    for stream in ("stdout", "stderr"):
        assert len(decoded(result, stream)) <= LIMITS.stdout_bytes
    assert result["attempt"] == 1
    assert result["evidence"]["how"]
    for canary in outcome.canaries:
        assert (canary["verdict"], canary["stdout"], canary["stderr"]) == ("ok", "tweet\n", "")
    assert outcome.gone_s <= GONE_S
    assert outcome.leftovers == []


def check_demands(demands: dict[str, str], result: Any) -> None:
    """What the head of a case demands beside the verdict."""
    for key, wanted in demands.items():
        match key:
            case "stdout" | "stderr":
                text = decoded(result, key).decode().removesuffix("\n")
                assert re.search(wanted, text), text[:2000]
            case "stdout_repr":
                assert result["stdout"] == ast.literal_eval(wanted)
            case "stdout_hex":
                assert decoded(result, "stdout") == bytes.fromhex(wanted)
            case "encoding" | "signal":
                assert result[key] == wanted
            case "truncated":
                assert result["stdoutTruncated"] == (wanted == "true")
            case "exit":
                assert result["exitCode"] == int(wanted)
            case "evidence":
                assert result["evidence"]["limit"] == wanted
            case "wall_ms_min":
                assert result["wallMs"] >= int(wanted)


def decoded(result: Any, stream: str) -> bytes:
    text: str = result[stream]
    return base64.b64decode(text) if result["encoding"] == "base64" else text.encode()


def test_the_worker_did_not_grow(arena: Arena) -> None:
    """Comes last: all cases together may cost a worker no more than this."""
    for case in arena.cases:
        arena.outcomes[case.name].exception(100)
    arena.close()

    assert arena.rss_after_bytes - arena.rss_before_bytes < RSS_GROWTH_MAX_BYTES
    assert len({canary["worker"] for name in arena.outcomes for canary in _canaries(arena, name)}) <= 1


def _canaries(arena: Arena, name: str) -> list[Any]:
    future = arena.outcomes[name]
    return [] if future.exception() else future.result().canaries
