"""``POST /submit``: what is accepted, what is refused and how, for any bytes a client may send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.schemas import answers
from api.schemas.requests import SubmitRequest
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import InvalidJob, QueueFull, QueueMemoryFull, QueueUnavailable
from fleet.job import Lane, Submission
from fleet.limits import Bounds
from fleet.testing import FakeQueue, a_worker

URN = "urn:sandfleet:problem:"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


def check_problem(answer: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, URN + slug)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert problem["detail"]
    return problem


async def test_a_job_is_accepted(api: ApiOfTest) -> None:
    answer = await api.client.post("/submit", json=BODY)
    assert answer.status_code == 202
    accepted = answer.json()
    job_id = accepted["jobId"]
    assert answer.headers["location"] == f"/jobs/{job_id}"
    assert accepted == {
        "jobId": job_id,
        "problemId": "two-sum",
        "state": "queued",
        "links": {
            "self": f"/jobs/{job_id}",
            "result": f"/result/{job_id}",
            "problem": "/problems/two-sum/results",
        },
        "position": 1,
        "estimatedStart": None,
        "waiting": 1,
    }
    answers.Accepted.model_validate_json(answer.content)
    for link in accepted["links"].values():
        assert (await api.client.get(link)).status_code in {200, 202}


async def test_files_arguments_and_tests_arrive_whole() -> None:
    async with api_of_test(env_allowed="WHO") as api:
        judged = {
            "files": [{"path": "lib/a b.txt", "content": "é😀"}],
            "args": ["", "-x", "é"],
            "env": {"WHO": "me"},
            "tests": [
                {"stdin": "1", "expected": "", "args": [], "limits": {"cpuSeconds": 1}, "hidden": True},
                {"checker": {"kind": "float", "tolerance": 0}},
            ],
            "checker": "tokens",
            "stopOnFailure": True,
        }
        await api.submit(**judged)
        await api.submit(outputFiles=["out/a.txt"], args=None, tests=None, files=[])
        first, second = await api.queue.claim("w1", ["tongue"], 2)
        spec = json.loads(first.spec)
        assert {name: spec[name] for name in judged} == judged
        assert Submission.from_item(second.spec, Bounds()).output_files == ("out/a.txt",)


async def test_a_language_no_worker_ever_had_is_refused_and_one_whose_workers_left_is_not(
    api: ApiOfTest,
) -> None:
    api.directory.update([a_worker("w2", "other")])
    answer = await api.client.post("/submit", json=BODY)
    problem = check_problem(answer, 422, "language-not-served")
    assert problem["errors"][0]["field"] == "language"
    assert "other" in problem["detail"]
    api.directory.update([], {"tongue": "tongue", "other": "other"})
    await api.submit()


async def test_the_queue_gets_the_job_whole_and_the_language_by_its_name(api: ApiOfTest) -> None:
    job_id = await api.submit(
        language="tg", stdin="in", limits={"wallSeconds": 3, "memoryBytes": None}, priority="high"
    )
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    assert claim.job_id == job_id
    assert Submission.from_item(claim.spec, Bounds()) == Submission(
        "two-sum", "1", "tongue", "in", {"wall_s": 3.0}, Lane.HIGH
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"code": ""},
        {"code": " \r\n\t"},
        {"code": "\ufeff\u2028\x00 $(rm -rf /) `x` %s {} \\ '\""},
        {"code": "x" * 65_536},
        {"stdin": "x" * 1_048_576},
        {"stdin": None, "limits": None, "priority": None},
        {"limits": {}},
        {"limits": {"cpuSeconds": 15, "wallSeconds": 30.0, "memoryBytes": 536_870_912}},
        {"problemId": "a/b c%?#é😀:*"},
        {"problemId": "x" * 128},
    ],
)
async def test_odd_but_good_jobs_arrive_unchanged(api: ApiOfTest, changes: dict[str, Any]) -> None:
    await api.submit(**changes)
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    spec = json.loads(claim.spec)
    for name in {"code", "problemId"} & changes.keys():
        assert spec[name] == changes[name]


BEYOND_CEILINGS: list[tuple[dict[str, Any], str]] = [
    ({"limits": {"wallSeconds": 30.1}}, "limits.wallSeconds"),
    ({"limits": {"cpuSeconds": 10**30}}, "limits.cpuSeconds"),
    ({"limits": {"memoryBytes": 10**30}}, "limits.memoryBytes"),
]
BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"problemId": None}, "problemId"),
    ({"problemId": ""}, "problemId"),
    ({"problemId": 7}, "problemId"),
    ({"problemId": ["two-sum"]}, "problemId"),
    ({"problemId": "x" * 129}, "problemId"),
    ({"problemId": "a\nb"}, "problemId"),
    ({"problemId": "a\x00b"}, "problemId"),
    ({"problemId": "\x1b[2J"}, "problemId"),
    ({"problemId": "a\u202eb"}, "problemId"),
    ({"code": None}, "code"),
    ({"code": 7}, "code"),
    ({"code": {"a": 1}}, "code"),
    ({"language": None}, "language"),
    ({"language": 7}, "language"),
    ({"language": ""}, "language"),
    ({"language": "x" * 10_000}, "language"),
    ({"stdin": 7}, "stdin"),
    ({"limits": 7}, "limits"),
    ({"limits": [1]}, "limits"),
    ({"limits": {"wallSeconds": "5"}}, "limits.wallSeconds"),
    ({"limits": {"wallSeconds": True}}, "limits.wallSeconds"),
    ({"limits": {"wallSeconds": -1}}, "limits.wallSeconds"),
    ({"limits": {"wallSeconds": 0}}, "limits.wallSeconds"),
    ({"limits": {"memoryBytes": 20_000_000.5}}, "limits.memoryBytes"),
    ({"limits": {"processes": 0}}, "limits.processes"),
    ({"limits": {"stdoutBytes": -1}}, "limits.stdoutBytes"),
    ({"limits": {"network": True}}, "limits.network"),
    ({"priority": "urgent"}, "priority"),
    ({"priority": 1}, "priority"),
    ({"priority": []}, "priority"),
    ({"files": 7}, "files"),
    ({"files": [7]}, "files[0]"),
    ({"files": [{"path": "a", "content": ""}, {"path": 7, "content": ""}]}, "files[1].path"),
    ({"files": [{"path": "a"}]}, "files[0].content"),
    ({"files": [{"path": "a", "content": "", "mode": 7}]}, "files[0].mode"),
    ({"files": [{"path": "", "content": ""}]}, "files[0].path"),
    ({"files": [{"path": "a\nb", "content": ""}]}, "files[0].path"),
    ({"args": "a b"}, "args"),
    ({"args": ["a", 7]}, "args[1]"),
    ({"args": ["a\0b"]}, "args[0]"),
    ({"env": ["A=1"]}, "env"),
    ({"outputFiles": "out"}, "outputFiles"),
    ({"outputFiles": ["a", None]}, "outputFiles[1]"),
    ({"tests": 7}, "tests"),
    ({"tests": [7]}, "tests[0]"),
    ({"tests": [{}, {"stdin": 7}]}, "tests[1].stdin"),
    ({"tests": [{"expected": ["9"]}]}, "tests[0].expected"),
    ({"tests": [{"output": "9"}]}, "tests[0].output"),
    ({"tests": [{"args": [7]}]}, "tests[0].args[0]"),
    ({"tests": [{"hidden": 1}]}, "tests[0].hidden"),
    ({"tests": [{"limits": {"cpuSeconds": 0}}]}, "tests[0].limits.cpuSeconds"),
    ({"tests": [{}, {}, {}, {"checker": "fuzzy"}]}, "tests[3].checker"),
    ({"tests": [{"checker": {"kind": "float", "tolerance": -1}}]}, "tests[0].checker.tolerance"),
    ({"tests": [{"checker": {"kind": "float", "epsilon": 1}}]}, "tests[0].checker.epsilon"),
    ({"tests": [{}], "checker": 7}, "checker"),
    ({"tests": [{}], "checker": {"kind": "float", "tolerance": "1e-6"}}, "checker.tolerance"),
    ({"tests": [{}], "checker": {"kind": "float", "tolerance": 1.5}}, "checker.tolerance"),
    ({"tests": [{}], "checker": {"tolerance": 0.1}}, "checker"),
    ({"tests": [{}], "stopOnFailure": "yes"}, "stopOnFailure"),
    ({"Code": "1"}, "Code"),
    ({"__proto__": {}}, "__proto__"),
]


# What the description cannot say.
BAD_TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({"files": [{"path": "../x", "content": ""}]}, "files[0].path"),
    ({"files": [{"path": "/etc/passwd", "content": ""}]}, "files[0].path"),
    ({"files": [{"path": "a/./b", "content": ""}]}, "files[0].path"),
    ({"files": [{"path": "a", "content": ""}, {"path": "a", "content": ""}]}, "files[1].path"),
    ({"files": [{"path": "a", "content": ""}, {"path": "a/b", "content": ""}]}, "files[1].path"),
    ({"files": [{"path": "main", "content": ""}]}, "files[0].path"),
    ({"files": [{"path": "main/x", "content": ""}]}, "files[0].path"),
    ({"files": [{"path": f"f{n}", "content": ""} for n in range(65)]}, "files"),
    ({"args": ["a"] * 65}, "args"),
    ({"env": {"LD_PRELOAD": "x"}}, "env.LD_PRELOAD"),
    ({"outputFiles": ["../out"]}, "outputFiles[0]"),
    ({"outputFiles": ["a", "a"]}, "outputFiles[1]"),
    ({"outputFiles": [f"f{n}" for n in range(17)]}, "outputFiles"),
    ({"tests": [{}] * 201}, "tests"),
    ({"tests": [{"limits": {"cpuSeconds": 15.1}}]}, "tests[0].limits.cpuSeconds"),
    ({"tests": [{"checker": {"kind": "exact", "tolerance": 0.1}}]}, "tests[0].checker.tolerance"),
    ({"tests": [{}], "stdin": "x"}, "stdin"),
    ({"tests": [{}], "outputFiles": ["a"]}, "outputFiles"),
    ({"checker": "exact"}, "checker"),
    ({"tests": [], "stopOnFailure": True}, "stopOnFailure"),
]


@pytest.mark.parametrize(("changes", "field"), BAD_FIELDS + BEYOND_CEILINGS + BAD_TOGETHER)
async def test_a_bad_field_is_named(api: ApiOfTest, changes: dict[str, Any], field: str) -> None:
    problem = check_problem(await api.client.post("/submit", json={**BODY, **changes}), 422, "invalid-job")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert field in problem["detail"]
    assert sum((await api.queue.depth()).ready.values()) == 0


@pytest.mark.parametrize("field", ["problemId", "code", "language"])
async def test_a_missing_field_is_named(api: ApiOfTest, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}
    problem = check_problem(await api.client.post("/submit", json=body), 422, "invalid-job")
    assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "language", ["TONGUE", "tongue; rm", "../tongue", "__proto__", "tongue ", "x" * 64, "*"]
)
async def test_an_unknown_language_is_refused_with_those_there_are(api: ApiOfTest, language: str) -> None:
    answer = await api.client.post("/submit", json={**BODY, "language": language})
    problem = check_problem(answer, 422, "unknown-language")
    assert problem["errors"][0]["field"] == "language"
    assert "tongue" in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nonsense",
        b"null",
        b"7",
        b'"text"',
        b"[]",
        b"[{}]",
        b"\xff\xfe{\x00}\x00",
        b'{"problemId": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"problemId":"p","problemId":"q","code":"1","language":"tongue"}',
        b'{"problemId":"p","code":"1","language":"tongue","limits":{"wallSeconds":NaN}}',
        b'{"problemId":"p","code":"1","language":"tongue","limits":{"wallSeconds":Infinity}}',
        b'{"problemId":"p","code":"1","language":"tongue","limits":{"wallSeconds":' + b"9" * 5000 + b"}}",
    ],
)
async def test_what_is_no_json_object_is_refused(api: ApiOfTest, body: bytes) -> None:
    problem = check_problem(
        await api.client.post("/submit", content=body, headers=JSON), 422, "malformed-json"
    )
    assert problem["errors"][0]["field"] == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"problemId":"p","code":"\\ud800","language":"tongue"}', "code"),
        (b'{"problemId":"\\udfff","code":"1","language":"tongue"}', "problemId"),
        (b'{"problemId":"p","code":"1","language":"\\ud800"}', "language"),
        (b'{"problemId":"p","code":"1","language":"tongue","\\ud800":1}', "\ud800"),
        (b'{"problemId":"p","code":"1","language":"tongue","limits":{"\\ud800":1}}', "limits.\ud800"),
        (
            b'{"problemId":"p","code":"1","language":"tongue","limits":{"wallSeconds":1e999}}',
            "limits.wallSeconds",
        ),
        (
            b'{"problemId":"p","code":"1","language":"tongue","limits":{"processes":1e999}}',
            "limits.processes",
        ),
    ],
)
async def test_json_no_client_should_write_is_refused_by_field(
    api: ApiOfTest, body: bytes, field: str
) -> None:
    answer = await api.client.post("/submit", content=body, headers=JSON)
    problem = check_problem(answer, 422, "invalid-job")
    assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "x" * 65_537}, "code"),
        ({"code": "é" * 32_769}, "code"),
        ({"stdin": "x" * 1_048_577}, "stdin"),
        ({"files": [{"path": name, "content": "x" * 150_000} for name in "ab"]}, "files"),
        ({"args": ["x" * 9_000] * 2}, "args"),
        ({"outputFiles": ["x" * 256]}, "outputFiles[0]"),
        ({"tests": [{"expected": "x" * 1_000_000}] * 5}, "tests"),
        ({"tests": [{"stdin": "x" * 1_048_577}]}, "tests[0].stdin"),
    ],
)
async def test_too_large_a_field_is_413(api: ApiOfTest, changes: dict[str, Any], field: str) -> None:
    problem = check_problem(await api.client.post("/submit", json={**BODY, **changes}), 413, "too-large")
    assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "multipart/form-data",
    ],
)
async def test_another_media_type_is_415(api: ApiOfTest, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await api.client.post("/submit", content=json.dumps(BODY).encode(), headers=headers)
    check_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"']
)
async def test_json_in_utf_8_may_say_so(api: ApiOfTest, content_type: str) -> None:
    answer = await api.client.post(
        "/submit", content=json.dumps(BODY).encode(), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 202


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_an_encoded_body_is_415_and_never_unpacked(api: ApiOfTest, encoding: str) -> None:
    headers = {**JSON, "Content-Encoding": encoding}
    answer = await api.client.post("/submit", content=b"\x1f\x8b", headers=headers)
    check_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("error", "slug", "retry_after"),
    [
        (QueueFull(10, 10, 7), "queue-full", "7"),
        (QueueUnavailable("redis at 10.0.0.1 says no"), "queue-unavailable", "2"),
        (QueueMemoryFull("OOM"), "queue-memory-full", "2"),
    ],
)
async def test_a_queue_that_takes_nothing_is_503_and_when_to_come_back(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, error: Exception, slug: str, retry_after: str
) -> None:
    monkeypatch.setattr(api.queue, "enqueue", AsyncMock(side_effect=error))
    answer = await api.client.post("/submit", json=BODY)
    problem = check_problem(answer, 503, slug)
    assert answer.headers["retry-after"] == retry_after
    assert "10.0.0.1" not in problem["detail"]


async def test_the_bound_of_the_queue_holds() -> None:
    async with api_of_test(FakeQueue(waiting_max=2)) as api:
        await api.submit()
        await api.submit()
        check_problem(await api.client.post("/submit", json=BODY), 503, "queue-full")


async def test_a_submit_is_one_round_trip(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("get", "newest", "workers", "depth"):
        monkeypatch.setattr(api.queue, name, AsyncMock(side_effect=AssertionError(name)))
    enqueue = api.queue.enqueue

    async def counted(*args: Any, **options: Any) -> Any:
        calls.append("enqueue")
        return await enqueue(*args, **options)

    monkeypatch.setattr(api.queue, "enqueue", counted)
    await api.submit()
    assert calls == ["enqueue"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
_CHECKER = (
    st.sampled_from(["exact", "trailing_whitespace", "tokens", "float", "fuzzy"])
    | st.fixed_dictionaries({"kind": st.just("float")}, optional={"tolerance": st.floats(-1, 2) | _JSON})
    | _JSON
)
_CASE = st.fixed_dictionaries(
    {},
    optional={
        "stdin": st.text(max_size=5) | _JSON,
        "expected": st.text(max_size=5) | _JSON,
        "args": st.lists(st.text(max_size=3), max_size=2) | _JSON,
        "limits": st.dictionaries(st.just("cpuSeconds"), st.integers(0, 20), max_size=1) | _JSON,
        "checker": _CHECKER,
        "hidden": st.booleans() | _JSON,
    },
)
_ALMOST = st.fixed_dictionaries(
    {"problemId": st.just("p") | _JSON, "code": st.just("1") | _JSON, "language": st.just("tongue") | _JSON},
    optional={
        "stdin": st.text() | _JSON,
        "limits": st.dictionaries(
            st.sampled_from(["cpuSeconds", "wallSeconds", "memoryBytes", "processes", "stdoutBytes"]),
            st.integers(-1, 60) | st.just(16 * 1024 * 1024) | _JSON,
        )
        | _JSON,
        "priority": st.sampled_from(["high", "normal", "low"]) | _JSON,
        "files": st.lists(
            st.fixed_dictionaries({"path": st.sampled_from(["a", "a/b", "../c"]), "content": st.text()}),
            max_size=3,
        )
        | _JSON,
        "args": st.lists(st.text(max_size=5), max_size=3) | _JSON,
        "env": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2) | _JSON,
        "outputFiles": st.lists(st.sampled_from(["a", "a/b", "."]), max_size=2) | _JSON,
        "tests": st.lists(_CASE, max_size=3) | _JSON,
        "checker": _CHECKER,
        "stopOnFailure": st.booleans() | _JSON,
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | _ALMOST.map(lambda body: json.dumps(body).encode()))
def test_any_bytes_get_an_answer_that_is_not_a_500(body: bytes) -> None:
    async def send() -> httpx2.Response:
        async with api_of_test() as api:
            return await api.client.post("/submit", content=body, headers=JSON)

    answer = asyncio.run(send())
    assert answer.status_code in {202, 422}
    assert isinstance(answer.json(), dict)


@settings(max_examples=300, deadline=None)
@given(_ALMOST)
def test_the_described_shape_takes_all_that_is_accepted(body: dict[str, Any]) -> None:
    try:
        Submission.from_mapping(body, Bounds())
    except InvalidJob:
        return
    SubmitRequest.model_validate(body)


@pytest.mark.parametrize("changes", [changes for changes, _ in BAD_FIELDS])
def test_the_described_shape_refuses_what_is_refused(changes: dict[str, Any]) -> None:
    # Beyond ceilings aside: they are the operator's, and only the description of a running API has them.
    with pytest.raises(ValidationError):
        SubmitRequest.model_validate({**BODY, **changes})
