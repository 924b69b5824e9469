"""What operators, their tools and people with a browser see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock

import pytest

from api.description import examples
from api.problems import Kind
from api.schemas import answers, requests
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import QueueUnavailable
from fleet.job import Submission
from fleet.judging import Definition
from fleet.limits import Bounds
from fleet.queue import WorkerInfo

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


async def test_languages(api: ApiOfTest) -> None:
    answer = await api.client.get("/languages")
    (tongue,) = answer.json()["languages"]
    assert (tongue["name"], tongue["aliases"], tongue["available"], tongue["workers"]) == (
        "tongue",
        ["tg"],
        True,
        1,
    )
    assert answer.json()["ceiling"]["wallSeconds"] == 30
    answers.Languages.model_validate_json(answer.content)


async def test_alive_without_redis(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("workers", "depth", "get"):
        monkeypatch.setattr(api.queue, name, AsyncMock(side_effect=QueueUnavailable("away")))
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
    assert (await api.client.get("/languages")).status_code == 200


async def test_ready(api: ApiOfTest) -> None:
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "workers": 1, "languages": ["tongue"]},
    )


@pytest.mark.parametrize(
    ("workers", "missing"),
    [
        (AsyncMock(side_effect=QueueUnavailable("redis://user:secret@host")), "Redis"),
        (AsyncMock(return_value=[]), "no worker"),
        (AsyncMock(return_value=[WorkerInfo("w1", 1, "fake", [])]), "images"),
    ],
)
async def test_not_ready_names_what_is_missing(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, workers: AsyncMock, missing: str
) -> None:
    monkeypatch.setattr(api.queue, "workers", workers)
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:sandfleet:problem:not-ready")
    assert missing in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "retry-after" in answer.headers


async def test_metrics(api: ApiOfTest) -> None:
    job_id = await api.submit()
    await api.client.get(f"/result/{job_id}")
    await api.client.get("/nowhere")
    await api.client.post("/submit", content=b"{", headers=JSON)
    await api.client.post("/submit", json={**BODY, "language": "unheard-of"})
    answer = await api.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'sandfleet_api_submits_total{language="tongue",outcome="accepted"} 1.0',
        'sandfleet_api_submits_total{language="",outcome="malformed-json"} 1.0',
        'sandfleet_api_submits_total{language="",outcome="unknown-language"} 1.0',
        'sandfleet_api_request_seconds_count{method="POST",route="/submit",status="202"} 1.0',
        'sandfleet_api_request_seconds_count{method="GET",route="/result/{id}",status="202"} 1.0',
        'sandfleet_api_request_seconds_count{method="GET",route="unmatched",status="404"} 1.0',
        "sandfleet_api_waiters 0.0",
        'sandfleet_queue_jobs{place="public"} 0.0',
        'sandfleet_queue_jobs{place="ready:high"} 0.0',
        'sandfleet_queue_jobs{place="ready:normal"} 1.0',
        'sandfleet_queue_jobs{place="later"} 0.0',
        "sandfleet_queue_up 1.0",
    ):
        assert line in answer.text
    for secret in (job_id, "two-sum", "unheard-of", "nowhere"):
        assert secret not in answer.text


async def test_metrics_without_redis(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.queue, "depth", AsyncMock(side_effect=QueueUnavailable("away")))
    answer = await api.client.get("/metrics")
    assert answer.status_code == 200
    assert "sandfleet_queue_up 0.0" in answer.text
    assert "sandfleet_queue_jobs{" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/submit/", 404, "not-found"),
        ("GET", "/docs/assets/..%2F..%2Fapp.py", 404, "not-found"),
        ("GET", "/docs/assets/VERSION", 404, "not-found"),
        ("GET", "/submit", 405, "method-not-allowed"),
        ("POST", "/result/x", 405, "method-not-allowed"),
        ("PUT", "/jobs/x", 405, "method-not-allowed"),
    ],
)
async def test_where_nothing_is(api: ApiOfTest, method: str, path: str, status: int, slug: str) -> None:
    answer = await api.client.request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:sandfleet:problem:{slug}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_fault_of_ours_is_a_500_that_tells_nothing(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api.queue, "enqueue", AsyncMock(side_effect=RuntimeError("password of the database")))
    answer = await api.client.post("/submit", json=BODY)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:sandfleet:problem:internal")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "password" not in answer.text
    assert "password of the database" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/nowhere"),
        ("GET", "/docs"),
        ("GET", "/"),
        ("POST", "/submit"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
    ],
)
async def test_every_answer_has_safe_headers(api: ApiOfTest, method: str, path: str) -> None:
    headers = (await api.client.request(method, path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] in {"no-store", "no-cache"}


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_pages_load_nothing_from_elsewhere(api: ApiOfTest, path: str) -> None:
    page = await api.client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert all(target.startswith("/") and not target.startswith("//") for target in loaded)
    assert "<script>" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for target in loaded:
        answer = await api.client.get(target)
        assert answer.status_code == 200
        assert answer.content


def _schemas_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [media["schema"] for media in answer.get("content", {}).values()]


async def test_every_answer_is_described(api: ApiOfTest) -> None:
    document = (await api.client.get("/openapi.json")).json()
    shapes = document["components"]["schemas"]
    assert set(document["paths"]) == {
        "/submit",
        "/submit/batch",
        "/batches/{batchId}",
        "/batches/{batchId}/results",
        "/batches/{batchId}/events",
        "/result/{id}",
        "/problems/{problemId}",
        "/problems/{problemId}/results",
        "/jobs/{jobId}",
        "/jobs/{jobId}/events",
        "/deliveries",
        "/deliveries/{deliveryId}",
        "/deliveries/{deliveryId}/redeliver",
        "/jobs/{jobId}/source",
        "/languages",
        "/healthz",
        "/readyz",
        "/metrics",
        "/piston/api/v2/runtimes",
        "/piston/api/v2/execute",
        "/judge0/submissions",
        "/judge0/submissions/batch",
        "/judge0/submissions/{token}",
        "/judge0/languages",
        "/judge0/languages/all",
        "/judge0/languages/{languageId}",
        "/judge0/statuses",
        "/judge0/about",
        "/judge0/config_info",
        "/judge0/workers",
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                kinds = set(answer.get("content", ()))
                assert bool(kinds) == (status != "204")
                # Those that speak as other judges do tell all but our own faults in their form.
                foreign = status != "500" and set(operation["tags"]) & {"piston", "judge0"}
                assert (kinds == {"application/problem+json"}) == (int(status) >= 400 and not foreign)
                assert all(_schemas_of(answer))
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert references <= set(shapes)
    assert not {"HTTPValidationError", "ValidationError"} & set(shapes)


async def test_the_description_has_the_ceilings_of_this_fleet() -> None:
    async with api_of_test(wall_s_max=12, code_bytes_max=1000) as api:
        shapes = (await api.client.get("/openapi.json")).json()["components"]["schemas"]
    assert shapes["LimitsRequest"]["properties"]["wallSeconds"]["anyOf"][0]["maximum"] == 12
    assert shapes["SubmitRequest"]["properties"]["code"]["description"].endswith("1000 bytes of UTF-8")


@pytest.mark.parametrize("name", examples.SUBMIT)
def test_the_examples_of_a_submit_are_good(name: str) -> None:
    requests.SubmitRequest.model_validate(examples.SUBMIT[name])
    Submission.from_mapping(examples.SUBMIT[name], Bounds())


def test_the_examples_of_a_problem_are_good() -> None:
    requests.DefinitionRequest.model_validate(examples.DEFINITION)
    assert len(Definition.from_mapping(examples.DEFINITION, Bounds()).judging.cases) == 3
    answers.Defined.model_validate(examples.DEFINED)
    answers.Result.model_validate(examples.RESULT)


async def test_every_problem_is_in_the_description(api: ApiOfTest) -> None:
    about = (await api.client.get("/openapi.json")).json()["info"]["description"]
    assert all(f"| `{kind.type}` | {kind.status} | {kind.title} |" in about for kind in Kind)


def test_problem_types_are_stable_words() -> None:
    slugs = [kind.slug for kind in Kind]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)
