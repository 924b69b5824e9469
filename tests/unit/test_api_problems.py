"""``/problems/{problemId}``: tests and limits are stored, given back as they were, and forgotten."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.schemas import answers, requests
from api.testing import ApiOfTest, api_of_test
from fleet.errors import InvalidJob, ProblemsFull, QueueMemoryFull, QueueUnavailable
from fleet.judging import Definition, digest_of
from fleet.limits import Bounds
from fleet.testing import FakeQueue
from tests.unit.test_api_results import ODD_IDS
from tests.unit.test_api_submit import _CASE, _CHECKER, _JSON, JSON, check_problem

BODY: dict[str, Any] = {
    "tests": [
        {"stdin": "2 7", "expected": "9é\n", "args": ["-x"], "hidden": True},
        {"checker": {"kind": "float", "tolerance": 0.001}, "limits": {"cpuSeconds": 1.0}},
    ],
    "checker": "tokens",
    "stopOnFailure": True,
    "limits": {"wallSeconds": 3.0},
}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


async def test_it_is_stored_replaced_and_forgotten(api: ApiOfTest) -> None:
    assert (await api.client.get("/problems/p")).status_code == 404
    first = await api.client.put("/problems/p", json=BODY)
    assert first.status_code == 201
    stored = first.json()
    assert stored == {"problemId": "p", "digest": stored["digest"], "tests": 2}
    answers.Defined.model_validate_json(first.content)
    again = await api.client.put("/problems/p", json=BODY)
    assert (again.status_code, again.json()) == (200, stored)
    other = await api.client.put("/problems/p", json={"tests": [{}]})
    assert (other.status_code, other.json()["tests"]) == (200, 1)
    assert other.json()["digest"] != stored["digest"]
    assert (await api.client.delete("/problems/p")).status_code == 204
    check_problem(await api.client.delete("/problems/p"), 404, "unknown-problem")
    check_problem(await api.client.get("/problems/p"), 404, "unknown-problem")


async def test_what_is_given_back_may_be_put_again(api: ApiOfTest) -> None:
    stored = (await api.client.put("/problems/p", json=BODY)).json()
    answer = await api.client.get("/problems/p")
    assert answer.json() == {"problemId": "p", "digest": stored["digest"], "definition": BODY}
    answers.Problem.model_validate_json(answer.content)
    again = await api.client.put("/problems/p", json=answer.json()["definition"])
    assert again.json()["digest"] == stored["digest"]


async def test_jobs_of_the_problem_are_judged_by_it(api: ApiOfTest) -> None:
    digest = (await api.client.put("/problems/two-sum", json=BODY)).json()["digest"]
    await api.submit()
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    assert claim.definition == digest
    found = await api.queue.definition("two-sum")
    assert found
    assert digest_of(found[1]) == digest
    assert Definition.from_mapping(json.loads(found[1]), Bounds()).limits == {"wall_s": 3.0}


@pytest.mark.parametrize("problem_id", ODD_IDS)
async def test_any_problem_id_will_do(api: ApiOfTest, problem_id: str) -> None:
    path = f"/problems/{quote(problem_id, safe='')}"
    assert (await api.client.put(path, json=BODY)).status_code == 201
    assert (await api.client.get(path)).json()["problemId"] == problem_id
    assert (await api.client.delete(path)).status_code == 204


async def test_an_id_with_slashes_may_be_written_with_them(api: ApiOfTest) -> None:
    assert (await api.client.put("/problems/a/b", json=BODY)).json()["problemId"] == "a/b"
    assert (await api.client.get("/problems/a%2Fb")).json()["problemId"] == "a/b"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/problems/" + "x" * 129, "problemId"),
        ("/problems/%00", "problemId"),
        ("/problems/a%1Bb", "problemId"),
        ("/problems/%E2%80%AE", "problemId"),
        ("/problems/", "problemId"),
    ],
)
async def test_a_bad_problem_id_is_named(api: ApiOfTest, path: str, field: str) -> None:
    problem = check_problem(await api.client.put(path, json=BODY), 422, "invalid-job")
    assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
async def test_a_path_that_is_not_utf_8_names_nothing(api: ApiOfTest, method: str) -> None:
    await api.client.put("/problems/%EF%BF%BD", json=BODY)
    body = json.dumps(BODY).encode() if method == "PUT" else b""
    answer = await api.client.request(method, "/problems/%FF", content=body, headers=JSON)
    assert answer.status_code == 404


BAD: list[tuple[dict[str, Any], str]] = [
    ({"tests": []}, "checker"),
    ({"tests": {"0": {}}}, "tests"),
    ({"tests": [{}, {"stdin": 1}]}, "tests[1].stdin"),
    ({"tests": [{"checker": "fuzzy"}]}, "tests[0].checker"),
    ({"checker": {"kind": "float", "tolerance": -1e-9}}, "checker.tolerance"),
    ({"stopOnFailure": 1}, "stopOnFailure"),
    ({"limits": {"cpuSeconds": "5"}}, "limits.cpuSeconds"),
    ({"limits": {"network": 1}}, "limits.network"),
    ({"code": "1"}, "code"),
    ({"problemId": "p"}, "problemId"),
]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *BAD,
        ({"tests": None, "checker": None, "stopOnFailure": None}, "tests"),
        ({"tests": [{}] * 201}, "tests"),
        ({"limits": {"cpuSeconds": 16}}, "limits.cpuSeconds"),
    ],
)
async def test_a_bad_field_is_named(api: ApiOfTest, changes: dict[str, Any], field: str) -> None:
    answer = await api.client.put("/problems/p", json={**BODY, **changes})
    problem = check_problem(answer, 422, "invalid-job")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert await api.queue.definition("p") is None


@pytest.mark.parametrize("changes", [changes for changes, _ in BAD])
def test_the_described_shape_refuses_what_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        requests.DefinitionRequest.model_validate({**BODY, **changes})


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {"tests": st.lists(_CASE, max_size=3) | _JSON},
        optional={"checker": _CHECKER, "stopOnFailure": st.booleans() | _JSON, "limits": _JSON},
    )
)
def test_the_described_shape_takes_all_that_is_accepted(body: dict[str, Any]) -> None:
    try:
        definition = Definition.from_mapping(body, Bounds())
    except InvalidJob:
        return
    requests.DefinitionRequest.model_validate(body)
    assert Definition.from_mapping(json.loads(definition.to_text()), Bounds()) == definition


async def test_too_large_a_definition_is_413(api: ApiOfTest) -> None:
    tests = [{"expected": "x" * 1_000_000}] * 5
    problem = check_problem(await api.client.put("/problems/p", json={"tests": tests}), 413, "too-large")
    assert problem["errors"][0]["field"] == "tests"
    headers = {**JSON, "Content-Length": str(10**12)}
    check_problem(await api.client.put("/problems/p", content=b"{}", headers=headers), 413, "too-large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"tests":[{}],"tests":[]}'])
async def test_what_is_no_json_object_is_refused(api: ApiOfTest, body: bytes) -> None:
    answer = await api.client.put("/problems/p", content=body, headers=JSON)
    check_problem(answer, 422, "malformed-json")


async def test_another_media_type_is_415(api: ApiOfTest) -> None:
    answer = await api.client.put("/problems/p", content=b"{}", headers={"Content-Type": "text/plain"})
    check_problem(answer, 415, "unsupported-media-type")


async def test_the_bound_on_problems_holds_and_says_what_to_do() -> None:
    async with api_of_test(FakeQueue(problems_max=1)) as api:
        await api.client.put("/problems/p", json=BODY)
        answer = await api.client.put("/problems/q", json=BODY)
        problem = check_problem(answer, 503, "problems-full")
        assert answer.headers["retry-after"] == "60"
        assert "DELETE" in problem["detail"]
        assert (await api.client.put("/problems/p", json=BODY)).status_code == 200


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (ProblemsFull("full"), "problems-full"),
        (QueueUnavailable("redis at 10.0.0.1 says no"), "queue-unavailable"),
        (QueueMemoryFull("OOM"), "queue-memory-full"),
    ],
)
async def test_a_queue_that_takes_nothing_is_503(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, error: Exception, slug: str
) -> None:
    for name in ("define", "definition", "undefine"):
        monkeypatch.setattr(api.queue, name, AsyncMock(side_effect=error))
    for answer in (
        await api.client.put("/problems/p", json=BODY),
        await api.client.get("/problems/p"),
        await api.client.delete("/problems/p"),
    ):
        problem = check_problem(answer, 503, slug)
        assert answer.headers["retry-after"]
        assert "10.0.0.1" not in problem["detail"]
