"""The payload of ``problem_done``: there and back, and nothing hostile gets through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.events import Batch, Completion, announcement
from fleet.job import Verdict
from fleet.testing import a_job_id, a_result

GOOD = {
    "v": 1,
    "n": 17,
    "jobId": "0" * 32,
    "problemId": "two-sum",
    "language": "tongue",
    "verdict": "ok",
    "finishedAt": "2026-01-01T00:00:00.000Z",
}


@given(
    n=st.integers(1, 2**53 - 1),
    problem_id=st.text(max_size=512),
    language=st.text(max_size=64),
    verdict=st.sampled_from(list(Verdict)),
)
def test_there_and_back(n: int, problem_id: str, language: str, verdict: Verdict) -> None:
    completion = Completion(n, a_job_id(), problem_id, language, verdict, "2026-01-01T00:00:00.000Z")
    payload = completion.to_json()
    assert Completion.from_json(payload.encode()) == completion
    assert payload.isascii()
    assert payload.isprintable()  # one line in any log


def test_the_payload_is_the_documented_one() -> None:
    assert json.loads(Completion.from_json(json.dumps(GOOD).encode()).to_json()) == GOOD


def test_a_newer_producer_may_add_fields() -> None:
    assert Completion.from_json(json.dumps({**GOOD, "more": [1]}).encode()).n == 17


BAD: list[dict[str, Any]] = [
    {"v": 2},
    {"v": None},
    {"n": 0},
    {"n": -1},
    {"n": True},
    {"n": 1.5},
    {"n": "17"},
    {"n": 2**53},
    {"jobId": "0" * 31},
    {"jobId": "0" * 31 + "\n"},
    {"jobId": 7},
    {"problemId": None},
    {"problemId": ["p"]},
    {"problemId": "x" * 513},
    {"language": 1},
    {"language": "x" * 65},
    {"verdict": "fine"},
    {"verdict": {}},
    {"finishedAt": "x" * 41},
    {"finishedAt": 0},
]


@pytest.mark.parametrize("change", BAD, ids=repr)
def test_a_payload_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Completion.from_json(json.dumps({**GOOD, **change}).encode())


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"null", b"[]", b'"x"', b"{", b"[" * 16_000, b'{"v":1}', b" " * 20_000, b"NaN"],
    ids=lambda payload: repr(payload[:12]),
)
def test_a_payload_that_is_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Completion.from_json(payload)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_completion_or_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Completion.from_json(payload)


def test_an_announcement_leaves_room_for_its_number() -> None:
    result = a_result(problem_id="x" * 2_000, language="l" * 100).to_json()
    text = announcement("1" * 32, result)
    assert text.startswith('{"v":1,')
    numbered = text.replace('{"v":1,', '{"v":1,"n":5,', 1)
    completion = Completion.from_json(numbered.encode())
    assert (completion.n, completion.job_id) == (5, "1" * 32)
    assert (len(completion.problem_id), len(completion.language)) == (512, 64)


def test_neither_source_nor_output_is_announced() -> None:
    text = announcement("1" * 32, a_result(stdout=b"secret", stderr=b"secret").to_json())
    assert "secret" not in text


def test_an_empty_batch_is_false() -> None:
    assert not Batch()
    assert Batch(repeats=1)
    assert Batch(gaps=((1, 2),))
