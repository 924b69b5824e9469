"""Jobs are cancelled, forgotten, and their source is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock

import pytest

from api.schemas import answers, requests
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import QueueUnavailable
from fleet.job import Verdict
from fleet.queue import Cancel, Claim
from fleet.testing import a_result
from tests.unit.test_api_submit import check_problem

UNKNOWN_ID = "0" * 32
WAIT = {"Prefer": "wait=30"}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


async def begin(api: ApiOfTest) -> Claim:
    """Claim and start the next job, as a worker does."""
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    await api.queue.renew("w1", {claim.job_id: claim.fence}, [claim.job_id])
    return claim


async def stop(api: ApiOfTest, claim: Claim) -> None:
    """Do what a worker does with a job that it is told to stop."""
    renewal = await api.queue.renew("w1", {claim.job_id: claim.fence})
    assert renewal.cancelled == {claim.job_id}
    result = a_result(job_id=claim.job_id, verdict=Verdict.CANCELLED, stdout=b"half")
    await api.queue.finish(claim, result.to_json())
    api.announcements.say(api.queue.events[-1])


@pytest.mark.parametrize("later", [{}, {"delaySeconds": 600}])
async def test_a_job_that_waits_is_cancelled_at_once(api: ApiOfTest, later: dict[str, Any]) -> None:
    job_id = await api.submit(**later)
    answer = await api.client.delete(f"/jobs/{job_id}")
    record = answer.json()
    assert (answer.status_code, record["state"], record["position"]) == (200, "done", 0)
    result = record["result"]
    assert (result["verdict"], result["attempt"], result["jobId"]) == ("cancelled", 0, job_id)
    assert result["evidence"]["how"] == "cancelled on request, before it ran"
    assert result["finishedAt"] >= result["queuedAt"]
    answers.Job.model_validate_json(answer.content)
    answers.Result.model_validate(result)
    assert (await api.client.get(f"/result/{job_id}")).json() == result
    assert await api.queue.claim("w1", ["tongue"], 1) == []


async def test_a_job_that_runs_is_stopped_by_its_worker(api: ApiOfTest) -> None:
    job_id = await api.submit()
    claim = await begin(api)
    answer = await api.client.delete(f"/jobs/{job_id}")
    record = answer.json()
    assert (answer.status_code, record["state"], record["cancelAsked"]) == (202, "running", True)
    assert (record["result"], answer.headers["retry-after"]) == (None, "1")
    answers.Job.model_validate_json(answer.content)
    await stop(api, claim)
    assert (await api.client.get(f"/result/{job_id}")).json()["verdict"] == "cancelled"


async def test_the_end_of_a_job_that_runs_can_be_waited_for(api: ApiOfTest) -> None:
    job_id = await api.submit()
    claim = await begin(api)
    asked = asyncio.create_task(api.client.delete(f"/jobs/{job_id}", headers=WAIT))
    await api.until_waiting()
    await stop(api, claim)
    answer = await asyncio.wait_for(asked, 5)
    assert (answer.status_code, answer.json()["result"]["stdout"]) == (200, "half")
    assert answer.headers["preference-applied"] == "wait=30"
    assert len(api.waiters) == 0


async def test_a_job_that_is_done_stays_as_it_is(api: ApiOfTest) -> None:
    job_id = await api.submit()
    stored = await api.run_next()
    for _ in range(2):
        answer = await asyncio.wait_for(api.client.delete(f"/jobs/{job_id}", headers=WAIT), 5)
        assert (answer.status_code, answer.json()["result"]) == (200, stored)
    assert len(api.queue.events) == 1


async def test_what_is_cancelled_twice_ends_once(api: ApiOfTest) -> None:
    job_id = await api.submit()
    results = [(await api.client.delete(f"/jobs/{job_id}")).json()["result"] for _ in range(2)]
    assert results[0] == results[1]
    assert len(api.queue.events) == 1


async def test_a_client_that_leaves_takes_its_job_with_it_if_it_said_so(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    cancel = api.queue.cancel

    async def noted(job_id: str, result: Any) -> Cancel:
        asked.append(job_id)
        return await cancel(job_id, result)

    monkeypatch.setattr(api.queue, "cancel", noted)
    for said, expected in (("wait=30", 0), ("wait=30, cancel-on-close", 1)):
        await api.leave_while_waiting("/submit", BODY, said)
        assert len(asked) == expected
    records = [await api.queue.get(job_id) for job_id in await api.queue.newest("two-sum")]
    verdicts = [record.result["verdict"] if record and record.result else None for record in records]
    assert verdicts == ["cancelled", None]


async def test_a_wait_that_is_over_cancels_nothing(api: ApiOfTest) -> None:
    headers = {"Prefer": "wait=1, cancel-on-close"}
    answer = await api.client.post("/submit", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.headers["preference-applied"] == "wait=1, cancel-on-close"
    assert api.queue.events == []


async def test_a_stop_of_the_api_cancels_nothing(api: ApiOfTest) -> None:
    headers = {"Prefer": "wait=30, cancel-on-close"}
    asked = asyncio.create_task(api.client.post("/submit", json=BODY, headers=headers))
    await api.until_waiting()
    api.waiters.close()
    assert (await asyncio.wait_for(asked, 5)).status_code == 202
    assert api.queue.events == []


async def test_a_job_that_is_done_is_forgotten(api: ApiOfTest) -> None:
    job_id = await api.submit()
    await api.run_next()
    assert (await api.client.delete(f"/result/{job_id}")).status_code == 204
    for path in (f"/result/{job_id}", f"/jobs/{job_id}", f"/jobs/{job_id}/events", f"/jobs/{job_id}/source"):
        check_problem(await api.client.get(path), 404, "unknown-job")
    check_problem(await api.client.delete(f"/result/{job_id}"), 404, "unknown-job")


async def test_a_job_that_is_not_done_is_not_forgotten(api: ApiOfTest) -> None:
    job_id = await api.submit()
    check_problem(await api.client.delete(f"/result/{job_id}"), 409, "not-done")
    await begin(api)
    check_problem(await api.client.delete(f"/result/{job_id}"), 409, "not-done")
    assert (await api.client.get(f"/result/{job_id}")).status_code == 202


async def test_the_source_is_there_until_the_end_and_longer_on_request(api: ApiOfTest) -> None:
    sent = {"code": "é😀", "stdin": "x", "limits": {"wallSeconds": 3.0}, "args": ["a"]}
    ids = [
        await api.submit(**sent),
        await api.submit(**sent, store="none"),
        await api.submit(**sent, store="source"),
    ]
    for job_id in ids:
        answer = await api.client.get(f"/jobs/{job_id}/source")
        assert (answer.status_code, answer.json()) == (200, {**BODY, **sent})
        requests.SubmitRequest.model_validate_json(answer.content)
        again = await api.client.post(
            "/submit", content=answer.content, headers={"Content-Type": "application/json"}
        )
        assert again.status_code == 202
    for _ in ids:
        await api.run_next()
    for job_id in ids[:2]:
        check_problem(await api.client.get(f"/jobs/{job_id}/source"), 404, "no-source")
    assert (await api.client.get(f"/jobs/{ids[2]}/source")).json() == {**BODY, **sent}


@pytest.mark.parametrize("item", [b"\xff", b"[]", b"{", b'{"code":NaN}'])
async def test_what_was_pushed_as_no_json_object_has_no_source(api: ApiOfTest, item: bytes) -> None:
    api.queue.push(item)
    await api.queue.claim("w1", ["tongue"], 1)
    (job_id,) = await api.queue.newest("")
    check_problem(await api.client.get(f"/jobs/{job_id}/source"), 404, "no-source")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/jobs/{}"),
        ("DELETE", "/result/{}"),
        ("GET", "/jobs/{}/source"),
    ],
)
@pytest.mark.parametrize("name", [UNKNOWN_ID, "two-sum", "*", "A" * 32, "0" * 33, "%00"])
async def test_an_unknown_job_is_404(api: ApiOfTest, method: str, path: str, name: str) -> None:
    await api.submit()
    check_problem(await api.client.request(method, path.format(name)), 404, "unknown-job")


@pytest.mark.parametrize(
    ("method", "path", "verb"),
    [
        ("DELETE", "/jobs/{}", "cancel"),
        ("DELETE", "/result/{}", "forget"),
        ("GET", "/jobs/{}/source", "source"),
        ("GET", "/jobs/{}", "position"),
    ],
)
async def test_redis_away_is_503(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, method: str, path: str, verb: str
) -> None:
    job_id = await api.submit()
    monkeypatch.setattr(api.queue, verb, AsyncMock(side_effect=QueueUnavailable("away")))
    check_problem(await api.client.request(method, path.format(job_id)), 503, "queue-unavailable")
