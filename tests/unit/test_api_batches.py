"""Batches: accepted whole or not at all, asked, followed and cancelled by one id."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest

from api import streams
from api.schemas import answers, requests
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import QueueFull, QueueMemoryFull, QueueUnavailable
from fleet.job import Verdict
from fleet.queue import Claim, Order
from fleet.testing import FakeQueue, a_result
from tests.unit.test_api_events import events_in
from tests.unit.test_api_submit import JSON, check_problem

UNKNOWN_ID = "0" * 32
WAIT = {"Prefer": "wait=30"}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test(webhook_secret="s" * 32) as made:
        yield made


def jobs(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [{**BODY, "problemId": f"p{number}", **changes} for number in range(count)]


async def submit(
    api: ApiOfTest, count: int = 3, headers: Mapping[str, str] | None = None, **more: Any
) -> httpx2.Response:
    return await api.client.post("/submit/batch", json={"jobs": jobs(count), **more}, headers=headers)


async def submitted(api: ApiOfTest, count: int = 3) -> tuple[str, list[str]]:
    """A batch that was accepted: its id, and those of its jobs."""
    accepted = (await submit(api, count)).json()
    return accepted["batchId"], accepted["jobs"]


async def run_next(api: ApiOfTest, **result: Any) -> Mapping[str, Any]:
    """Do what a worker does with the next job, and what Redis announces."""
    stored = await api.run_next(**result)
    job = await api.queue.get(stored["jobId"])
    assert job
    api.announcements.say(job.batch_id)
    return stored


def lines_in(answer: httpx2.Response) -> list[Any]:
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert not answer.content or answer.content.endswith(b"\n")
    return [json.loads(line) for line in answer.content.splitlines()]


async def test_a_batch_is_accepted(api: ApiOfTest) -> None:
    answer = await submit(api)
    accepted = answer.json()
    batch_id = accepted["batchId"]
    assert (answer.status_code, answer.headers["location"]) == (202, f"/batches/{batch_id}")
    assert (len(set(accepted["jobs"])), accepted["waiting"]) == (3, 3)
    answers.AcceptedBatch.model_validate_json(answer.content)
    for link in accepted["links"].values():
        if not link.endswith("/events"):
            assert (await api.client.get(link)).status_code == 200
    for number, job_id in enumerate(accepted["jobs"]):
        record = (await api.client.get(f"/jobs/{job_id}")).json()
        assert (record["problemId"], record["batchId"]) == (f"p{number}", batch_id)


async def test_a_batch_is_one_round_trip(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("enqueue", "get", "batch", "batch_jobs", "position"):
        monkeypatch.setattr(api.queue, name, AsyncMock(side_effect=AssertionError(name)))
    assert (await submit(api, 1000)).status_code == 202


async def test_options_and_the_callback_arrive(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[Order], str]] = []
    enqueue_batch = api.queue.enqueue_batch

    async def noted(batch_id: str, orders: list[Order], *, callback: str = "", **options: Any) -> Any:
        asked.append((orders, callback))
        return await enqueue_batch(batch_id, orders, callback=callback, **options)

    monkeypatch.setattr(api.queue, "enqueue_batch", noted)
    job = {**BODY, "delaySeconds": 2, "callbackUrl": "https://example.com/job", "language": "tg"}
    body = {"jobs": [BODY, job], "callbackUrl": "https://example.com/batch"}
    assert (await api.client.post("/submit/batch", json=body)).status_code == 202
    ((plain, delayed), callback) = asked[0]
    assert callback == "https://example.com/batch"
    assert (plain.delay_ms, plain.callback, plain.language) == (0, "", "tongue")
    assert (delayed.delay_ms, delayed.callback, delayed.language) == (
        2000,
        "https://example.com/job",
        "tongue",
    )


async def test_what_is_wrong_is_named_in_every_job_and_nothing_is_accepted(api: ApiOfTest) -> None:
    bad = jobs(40)
    bad[3] = {**BODY, "limits": {"wallSeconds": 31}}
    bad[17] = {**BODY, "language": "unheard-of"}
    bad[18] = {**BODY, "tests": [{}, {"checker": "fuzzy"}]}
    bad[19] = {**BODY, "ttlSeconds": 1}
    bad[20] = {**BODY, "code": "x" * 70_000}
    bad[21] = {**BODY, "Code": "1"}
    bad[22] = 7  # type: ignore[call-overload]
    bad[39] = {name: value for name, value in BODY.items() if name != "problemId"}
    problem = check_problem(await api.client.post("/submit/batch", json={"jobs": bad}), 422, "invalid-job")
    assert [error["field"] for error in problem["errors"]] == [
        "jobs[3].limits.wallSeconds",
        "jobs[17].language",
        "jobs[18].tests[1].checker",
        "jobs[19].ttlSeconds",
        "jobs[20].code",
        "jobs[21].Code",
        "jobs[22]",
        "jobs[39].problemId",
    ]
    assert "jobs[17].language" in problem["detail"]
    assert (await api.queue.audit()).accepted == 0


async def test_not_more_is_told_than_anyone_would_read(api: ApiOfTest) -> None:
    body = {"jobs": jobs(1000, language="x")}
    problem = check_problem(await api.client.post("/submit/batch", json=body), 422, "invalid-job")
    assert len(problem["errors"]) == 10


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "jobs"),
        ({"jobs": None}, "jobs"),
        ({"jobs": {}}, "jobs"),
        ({"jobs": []}, "jobs"),
        ({"jobs": jobs(1001)}, "jobs"),
        ({"jobs": jobs(1), "callbackUrl": "ftp://example.com"}, "callbackUrl"),
        ({"jobs": jobs(1), "callbackUrl": 7}, "callbackUrl"),
        ({"jobs": jobs(1), "language": "tongue"}, "language"),
        ({"jobs": [[]]}, "jobs[0]"),
        ({"jobs": [None]}, "jobs[0]"),
    ],
)
async def test_a_bad_batch_is_named(api: ApiOfTest, body: dict[str, Any], field: str) -> None:
    problem = check_problem(await api.client.post("/submit/batch", json=body), 422, "invalid-job")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"jobs":[],"jobs":[]}', b"null"])
async def test_what_is_no_json_object_is_refused(api: ApiOfTest, body: bytes) -> None:
    answer = await api.client.post("/submit/batch", content=body, headers=JSON)
    check_problem(answer, 422, "malformed-json")


async def test_the_bound_on_its_bytes_is_a_setting() -> None:
    async with api_of_test(batch_bytes_max=1000) as api:
        check_problem(await submit(api, 50), 413, "too-large")
        assert (await submit(api, 2)).status_code == 202


async def test_a_batch_may_be_larger_than_a_job() -> None:
    async with api_of_test(code_bytes_max=10, stdin_bytes_max=0, files_bytes_max=0, tests_bytes_max=0) as api:
        assert api.settings.bounds.item_bytes_max < 500_000
        body = b'{"jobs":[' + json.dumps(BODY).encode() + b"]" + b" " * 500_000 + b"}"
        assert (await api.client.post("/submit", content=body, headers=JSON)).status_code == 413
        assert (await api.client.post("/submit/batch", content=body, headers=JSON)).status_code == 202


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (QueueFull(10, 10, 7), "queue-full"),
        (QueueUnavailable("away"), "queue-unavailable"),
        (QueueMemoryFull("OOM"), "queue-memory-full"),
    ],
)
async def test_a_queue_that_takes_nothing_is_503(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, error: Exception, slug: str
) -> None:
    monkeypatch.setattr(api.queue, "enqueue_batch", AsyncMock(side_effect=error))
    answer = await submit(api)
    check_problem(answer, 503, slug)
    assert answer.headers["retry-after"]


async def test_a_batch_that_does_not_fit_is_refused_whole() -> None:
    async with api_of_test(FakeQueue(waiting_max=5)) as api:
        assert (await submit(api, 3)).status_code == 202
        check_problem(await submit(api, 3), 503, "queue-full")
        assert (await submit(api, 2)).status_code == 202


async def test_a_batch_that_comes_again_is_the_same(api: ApiOfTest) -> None:
    key = {"Idempotency-Key": "b1"}
    first, again = await submit(api, headers=key), await submit(api, headers=key)
    assert again.json() == {**first.json(), "repeated": True}
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    answers.AcceptedBatch.model_validate_json(again.content)
    check_problem(await submit(api, 4, headers=key), 409, "key-reused")
    assert (await api.queue.audit()).accepted == 3


async def test_how_far_a_batch_has_come(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api)
    await run_next(api)
    answer = await api.client.get(f"/batches/{batch_id}")
    said = answer.json()
    assert (said["total"], said["done"], said["verdicts"], said["finishedAt"]) == (3, 1, {"ok": 1}, None)
    answers.Batch.model_validate_json(answer.content)
    await run_next(api, verdict=Verdict.TIME_LIMIT)
    await run_next(api)
    answer = await api.client.get(f"/batches/{batch_id}")
    said = answer.json()
    assert (said["done"], said["verdicts"]) == (3, {"ok": 2, "time_limit": 1})
    assert said["finishedAt"].endswith("Z")
    answers.Batch.model_validate_json(answer.content)


async def test_the_end_of_a_batch_can_be_waited_for(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api, 2)
    asked = asyncio.create_task(api.client.get(f"/batches/{batch_id}", headers=WAIT))
    await api.until_waiting()
    await run_next(api)
    await run_next(api)
    answer = await asyncio.wait_for(asked, 5)
    assert (answer.json()["done"], answer.headers["preference-applied"]) == (2, "wait=30")
    assert len(api.waiters) == 0


async def test_results_are_lines_in_the_order_they_came(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api, 150)
    path = f"/batches/{batch_id}/results"
    assert lines_in(await api.client.get(path)) == []
    stored = [await run_next(api, stdout=b"\xff" if number % 2 else b"\n\n") for number in range(130)]
    answer = await api.client.get(path)
    assert lines_in(answer) == stored
    assert "preference-applied" not in answer.headers
    assert lines_in(await api.client.get(f"{path}?first=100")) == stored[100:]
    assert lines_in(await api.client.get(f"{path}?first=150")) == []
    for line in answer.content.splitlines()[:2]:
        answers.Result.model_validate_json(line)


async def test_results_that_are_waited_for_come_until_all_are_there(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api)
    stored = [await run_next(api)]
    asked = asyncio.create_task(api.client.get(f"/batches/{batch_id}/results", headers=WAIT))
    await api.until_waiting()
    stored += [await run_next(api), await run_next(api)]
    answer = await asyncio.wait_for(asked, 5)
    assert lines_in(answer) == stored
    assert answer.headers["preference-applied"] == "wait=30"
    assert len(api.waiters) == 0


async def test_a_wait_for_results_ends_with_its_time(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api)
    stored = await run_next(api)
    answer = await api.client.get(f"/batches/{batch_id}/results", headers={"Prefer": "wait=1"})
    assert lines_in(answer) == [stored]


async def test_a_result_that_was_forgotten_has_no_line(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api)
    stored = [await run_next(api) for _ in range(3)]
    await api.client.delete(f"/result/{stored[1]['jobId']}")
    assert lines_in(await api.client.get(f"/batches/{batch_id}/results")) == [stored[0], stored[2]]


@pytest.mark.parametrize("first", ["-1", "x", "", "1.5", "1001", "9" * 5000])
async def test_a_first_line_that_is_none_is_422(api: ApiOfTest, first: str) -> None:
    batch_id, _ = await submitted(api)
    answer = await api.client.get(f"/batches/{batch_id}/results?first={first}")
    problem = check_problem(answer, 422, "invalid-parameter")
    assert problem["errors"][0]["field"] == "first"


async def test_ends_are_told_as_events_and_resume(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api)
    path = f"/batches/{batch_id}/events"
    asked = asyncio.create_task(api.client.get(path))
    await api.until_waiting()
    stored = [await run_next(api) for _ in range(3)]
    events = events_in((await asyncio.wait_for(asked, 5)).text)
    assert [(event_id, name) for event_id, name, _ in events] == [
        ("1", "job"),
        ("2", "job"),
        ("3", "job"),
        ("done", "done"),
    ]
    assert [data["jobId"] for _, _, data in events[:3]] == [result["jobId"] for result in stored]
    assert events[1][2] == {
        "jobId": stored[1]["jobId"],
        "problemId": stored[1]["problemId"],
        "verdict": "ok",
        "done": 2,
        "total": 3,
    }
    assert (events[3][2]["verdicts"], events[3][2]["done"]) == ({"ok": 3}, 3)
    for seen in range(4):
        last = {"Last-Event-ID": str(seen)} if seen else {}
        answer = await asyncio.wait_for(api.client.get(path, headers=last), 5)
        assert events_in(answer.text) == events[seen:]
    nothing = await api.client.get(path, headers={"Last-Event-ID": "done"})
    assert (nothing.status_code, nothing.content) == (204, b"")


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "0-0/queued", "9" * 7])
async def test_an_id_of_no_event_is_422(api: ApiOfTest, last: str) -> None:
    batch_id, _ = await submitted(api)
    answer = await api.client.get(f"/batches/{batch_id}/events", headers={"Last-Event-ID": last})
    problem = check_problem(answer, 422, "invalid-parameter")
    assert problem["errors"][0]["field"] == "Last-Event-ID"


async def test_a_batch_is_cancelled(api: ApiOfTest) -> None:
    batch_id, _ = await submitted(api, 100)
    await run_next(api)
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    answer = await api.client.delete(f"/batches/{batch_id}")
    said = answer.json()
    assert (answer.status_code, said["verdicts"]) == (202, {"ok": 1, "cancelled": 98})
    assert answer.headers["retry-after"] == "1"
    asked = asyncio.create_task(api.client.delete(f"/batches/{batch_id}", headers=WAIT))
    await api.until_waiting()
    await stop(api, claim, batch_id)
    answer = await asyncio.wait_for(asked, 5)
    assert (answer.status_code, answer.json()["verdicts"]) == (200, {"ok": 1, "cancelled": 99})
    again = await api.client.delete(f"/batches/{batch_id}")
    assert (again.status_code, again.json()) == (200, answer.json())
    assert len(api.queue.events) == 100


async def stop(api: ApiOfTest, claim: Claim, batch_id: str) -> None:
    renewal = await api.queue.renew("w1", {claim.job_id: claim.fence})
    assert renewal.cancelled == {claim.job_id}
    await api.queue.finish(claim, a_result(job_id=claim.job_id, verdict=Verdict.CANCELLED).to_json())
    api.announcements.say(batch_id)


@pytest.mark.parametrize("path", ["", "/results", "/events"])
@pytest.mark.parametrize("name", [UNKNOWN_ID, "p0", "*", "JOB"])
async def test_an_unknown_batch_is_404(api: ApiOfTest, path: str, name: str) -> None:
    _, (job_id, *_) = await submitted(api)
    path = f"/batches/{job_id if name == 'JOB' else name}{path}"
    check_problem(await api.client.get(path), 404, "unknown-batch")
    if not path.endswith(("results", "events")):
        check_problem(await api.client.delete(path), 404, "unknown-batch")


@pytest.mark.parametrize("path", ["", "/results", "/events"])
async def test_redis_away_is_503(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    batch_id, _ = await submitted(api)
    monkeypatch.setattr(api.queue, "batch", AsyncMock(side_effect=QueueUnavailable("away")))
    check_problem(await api.client.get(f"/batches/{batch_id}{path}"), 503, "queue-unavailable")


@pytest.mark.parametrize("path", ["/results", "/events"])
async def test_no_more_follow_than_the_setting_allows(path: str) -> None:
    async with api_of_test(waiters_max=0) as api:
        batch_id, _ = await submitted(api)
        check_problem(await api.client.get(f"/batches/{batch_id}{path}"), 503, "too-many-streams")


@pytest.mark.parametrize("path", ["", "/results", "/events"])
async def test_a_stop_ends_what_is_followed(api: ApiOfTest, path: str) -> None:
    batch_id, _ = await submitted(api)
    asked = asyncio.create_task(api.client.get(f"/batches/{batch_id}{path}", headers=WAIT))
    await api.until_waiting()
    api.waiters.close()
    assert (await asyncio.wait_for(asked, 5)).status_code == 200


async def test_a_queue_that_is_away_for_a_while_ends_no_events(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_AGAIN_S", 0.01)
    batch_id, _ = await submitted(api, 1)
    there = api.queue.batch_done
    calls = 0

    async def away_twice(*args: Any) -> list[str]:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise QueueUnavailable("away")
        return await there(*args)

    monkeypatch.setattr(api.queue, "batch_done", away_twice)
    await run_next(api)
    answer = await asyncio.wait_for(api.client.get(f"/batches/{batch_id}/events"), 5)
    assert ": the queue is away" in answer.text
    assert [name for _, name, _ in events_in(answer.text)] == ["job", "done"]


async def test_the_described_shape_takes_what_is_accepted(api: ApiOfTest) -> None:
    requests.BatchRequest.model_validate({"jobs": jobs(3), "callbackUrl": "https://example.com"})
