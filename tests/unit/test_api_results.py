"""Results over HTTP: when they are there, while they are not, and while someone waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock
from urllib.parse import quote

import pytest

from api.schemas import answers as schemas
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import QueueUnavailable
from fleet.job import Verdict
from fleet.queue import Record

UNKNOWN_ID = "0" * 32
WAIT = {"Prefer": "respond-async, wait=30"}
ODD_IDS = [
    "a/b",
    "a/b/results",
    "/a/",
    "a b+c",
    "100%",
    "%2F",
    "?q=1#f",
    "é😀",
    "a:b*",
    "results",
    "a;b=c",
    "..x",
]


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


async def test_a_result_is_passed_on_as_it_was_stored(api: ApiOfTest) -> None:
    job_id = await api.submit()
    stored = await api.run_next(stdout=b"\xff\x00<script>", verdict=Verdict.RUNTIME_ERROR)
    answer = await api.client.get(f"/result/{job_id}")
    assert (answer.status_code, answer.json()) == (200, stored)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    schemas.Result.model_validate_json(answer.content)


async def test_a_judged_result_is_passed_on_with_its_cases_and_files(api: ApiOfTest) -> None:
    run = {
        "exitCode": 0,
        "signal": None,
        "stdout": "9",
        "stderr": "",
        "encoding": "utf-8",
        "stdoutTruncated": False,
        "stderrTruncated": False,
        "cpuMs": 1.5,
        "wallMs": 2.0,
        "memoryBytes": 7,
    }
    job_id = await api.submit()
    stored = await api.run_next(
        verdict=Verdict.WRONG_ANSWER,
        compile=run,
        cases=[
            {
                **run,
                "index": 0,
                "verdict": "wrong_answer",
                "evidence": {"limit": None, "allowed": None, "used": None, "how": "not as expected"},
                "diff": {"where": "line 1", "expected": "8", "actual": "9"},
            }
        ],
        tests={"total": 2, "passed": 0, "failed": 1, "skipped": 1},
        files=[{"path": "out", "how": "whole", "content": "x", "encoding": "utf-8", "bytes": 1}],
    )
    answer = await api.client.get(f"/result/{job_id}")
    assert answer.json() == stored
    schemas.Result.model_validate_json(answer.content)


async def test_text_of_any_script_arrives_unescaped_and_unharmed(api: ApiOfTest) -> None:
    job_id = await api.submit()
    await api.run_next(stdout="é😀\u2028\x00\x1b]0;x\x07\u202e".encode())
    answer = await api.client.get(f"/result/{job_id}")
    assert answer.json()["stdout"] == "é😀\u2028\x00\x1b]0;x\x07\u202e"
    assert "é😀".encode() in answer.content


async def test_a_job_that_is_not_done_is_202_and_where_it_is(api: ApiOfTest) -> None:
    job_id = await api.submit()
    answer = await api.client.get(f"/result/{job_id}")
    assert (answer.status_code, answer.json()["state"], answer.json()["position"]) == (202, "queued", 1)
    assert answer.headers["retry-after"] == "1"
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    await api.queue.renew("w1", {job_id: claim.fence}, [job_id])
    answer = await api.client.get(f"/result/{job_id}")
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    schemas.Unfinished.model_validate_json(answer.content)


async def test_a_problem_answers_with_its_newest_job(api: ApiOfTest) -> None:
    first = await api.submit()
    await api.run_next()
    assert (await api.client.get("/result/two-sum")).json()["jobId"] == first
    second = await api.submit()
    answer = await api.client.get("/result/two-sum")
    assert (answer.status_code, answer.json()["jobId"]) == (202, second)


async def test_a_job_id_wins_over_a_problem_of_that_name(api: ApiOfTest) -> None:
    job_id = await api.submit()
    other = await api.submit(problemId=job_id)
    assert (await api.client.get(f"/result/{job_id}")).json()["jobId"] == job_id
    assert (await api.client.get(f"/problems/{job_id}/results")).json()["jobs"][0]["jobId"] == other
    namesake = await api.submit(problemId=UNKNOWN_ID)
    assert (await api.client.get(f"/result/{UNKNOWN_ID}")).json()["jobId"] == namesake


@pytest.mark.parametrize("problem_id", ODD_IDS)
async def test_any_problem_id_is_found_again(api: ApiOfTest, problem_id: str) -> None:
    job_id = await api.submit(problemId=problem_id)
    path = quote(problem_id, safe="")
    assert (await api.client.get(f"/result/{path}")).json()["jobId"] == job_id
    listed = (await api.client.get(f"/problems/{path}/results")).json()
    assert (listed["problemId"], listed["jobs"][0]["jobId"]) == (problem_id, job_id)


@pytest.mark.parametrize(
    "path",
    [
        f"/result/{UNKNOWN_ID}",
        "/result/unknown",
        "/result/",
        "/result/" + "x" * 129,
        "/result/%00",
        "/result/%FF",
        f"/jobs/{UNKNOWN_ID}",
        "/jobs/two-sum",
        "/jobs/..%2F",
        "/problems/unknown/results",
        "/problems//results",
    ],
)
async def test_an_unknown_id_is_404(api: ApiOfTest, path: str) -> None:
    await api.submit()
    answer = await api.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["type"] in {
        "urn:sandfleet:problem:unknown-job",
        "urn:sandfleet:problem:not-found",
    }


async def test_a_path_that_is_not_utf_8_cannot_name_a_job_by_accident(api: ApiOfTest) -> None:
    await api.submit(problemId="\ufffd")
    assert (await api.client.get("/result/%EF%BF%BD")).status_code == 202
    assert (await api.client.get("/result/%FF")).status_code == 404


async def test_a_record_holds_all_but_the_code(api: ApiOfTest) -> None:
    job_id = await api.submit(code="secret")
    stored = await api.run_next()
    answer = await api.client.get(f"/jobs/{job_id}")
    record = answer.json()
    assert (record["state"], record["worker"], record["attempt"]) == ("done", "w1", 1)
    assert record["result"] == stored
    assert record["queuedAt"].endswith("Z")
    assert "secret" not in answer.text
    schemas.Job.model_validate_json(answer.content)


async def test_a_problem_lists_its_jobs_newest_first(api: ApiOfTest) -> None:
    first = await api.submit()
    stored = await api.run_next()
    second = await api.submit()
    answer = await api.client.get("/problems/two-sum/results")
    jobs = answer.json()["jobs"]
    assert [(job["jobId"], job["state"], job["result"]) for job in jobs] == [
        (second, "queued", None),
        (first, "done", stored),
    ]
    schemas.ProblemJobs.model_validate_json(answer.content)
    assert len((await api.client.get("/problems/two-sum/results?count=1")).json()["jobs"]) == 1


@pytest.mark.parametrize("count", ["0", "101", "-1", "x", "", "1e1", "9" * 5000])
async def test_a_count_out_of_range_is_422(api: ApiOfTest, count: str) -> None:
    answer = await api.client.get(f"/problems/two-sum/results?count={count}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:sandfleet:problem:invalid-parameter")


@pytest.mark.parametrize(
    "path", [f"/result/{UNKNOWN_ID}", "/result/p", "/problems/p/results", f"/jobs/{UNKNOWN_ID}"]
)
async def test_redis_away_is_503(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    for name in ("get", "newest"):
        monkeypatch.setattr(api.queue, name, AsyncMock(side_effect=QueueUnavailable("away")))
    answer = await api.client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:sandfleet:problem:queue-unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_a_submit_that_waits_gets_the_result(api: ApiOfTest) -> None:
    asked = asyncio.create_task(api.client.post("/submit", json=BODY, headers=WAIT))
    await api.until_waiting()
    stored = await api.run_next()
    answer = await asked
    assert (answer.status_code, answer.json()) == (200, stored)
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["vary"] == "Prefer"
    assert len(api.waiters) == 0


async def test_a_wait_without_a_result_in_time_ends_as_202(api: ApiOfTest) -> None:
    answer = await api.client.post("/submit", json=BODY, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.headers["location"] == f"/jobs/{answer.json()['jobId']}"
    assert len(api.waiters) == 0


async def test_the_wait_is_cut_at_the_setting() -> None:
    async with api_of_test(wait_s_max=1) as api:
        answer = await api.client.post("/submit", json=BODY, headers={"Prefer": "wait=9999"})
        assert answer.headers["preference-applied"] == "wait=1"


async def test_a_result_can_be_waited_for(api: ApiOfTest) -> None:
    job_id = await api.submit()
    by_job = asyncio.create_task(api.client.get(f"/result/{job_id}", headers=WAIT))
    by_problem = asyncio.create_task(api.client.get("/result/two-sum", headers=WAIT))
    await api.until_waiting(2)
    stored = await api.run_next()
    for answer in await asyncio.gather(by_job, by_problem):
        assert (answer.status_code, answer.json()) == (200, stored)
        assert answer.headers["preference-applied"] == "wait=30"
    assert len(api.waiters) == 0


async def test_a_result_that_is_there_is_not_waited_for(api: ApiOfTest) -> None:
    job_id = await api.submit()
    await api.run_next()
    answer = await api.client.get(f"/result/{job_id}", headers=WAIT)
    assert (answer.status_code, "preference-applied" in answer.headers) == (200, False)


async def test_a_result_between_the_first_look_and_the_wait_is_not_missed(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await api.submit()
    get = api.queue.get

    async def get_then_finish(wanted: str) -> Record | None:
        seen = await get(wanted)
        monkeypatch.setattr(api.queue, "get", get)
        await api.run_next(announce=False)
        return seen

    monkeypatch.setattr(api.queue, "get", get_then_finish)
    answer = await asyncio.wait_for(api.client.get(f"/result/{job_id}", headers=WAIT), 5)
    assert answer.status_code == 200


async def test_an_announcement_missed_while_reconnecting_is_made_up_for(api: ApiOfTest) -> None:
    asked = asyncio.create_task(api.client.post("/submit", json=BODY, headers=WAIT))
    await api.until_waiting()
    stored = await api.run_next(announce=False)
    api.announcements.say(None)
    assert (await asyncio.wait_for(asked, 5)).json() == stored


async def test_news_of_other_jobs_and_early_wakes_end_no_wait(api: ApiOfTest) -> None:
    await api.submit(problemId="other")
    asked = asyncio.create_task(api.client.post("/submit", json=BODY, headers=WAIT))
    await api.until_waiting()
    await api.run_next()
    api.announcements.say(None)
    stored = await api.run_next()
    assert stored["problemId"] == "two-sum"
    assert (await asyncio.wait_for(asked, 5)).json() == stored


async def test_a_job_accepted_before_redis_left_is_still_202(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.create_task(api.client.post("/submit", json=BODY, headers=WAIT))
    await api.until_waiting()
    monkeypatch.setattr(api.queue, "get", AsyncMock(side_effect=QueueUnavailable("away")))
    api.announcements.say(None)
    assert (await asyncio.wait_for(asked, 5)).status_code == 202


@pytest.mark.parametrize("method", ["submit", "result"])
async def test_no_more_wait_than_the_setting_allows(method: str) -> None:
    async with api_of_test(waiters_max=0) as api:
        request: dict[str, Any] = {"headers": WAIT}
        if method == "submit":
            answer = await asyncio.wait_for(api.client.post("/submit", json=BODY, **request), 5)
        else:
            answer = await asyncio.wait_for(api.client.get(f"/result/{await api.submit()}", **request), 5)
        assert (answer.status_code, "preference-applied" in answer.headers) == (202, False)


async def test_a_stop_answers_who_waits(api: ApiOfTest) -> None:
    asked = asyncio.create_task(api.client.post("/submit", json=BODY, headers=WAIT))
    await api.until_waiting()
    api.waiters.close()
    assert (await asyncio.wait_for(asked, 5)).status_code == 202
    late = await asyncio.wait_for(api.client.post("/submit", json=BODY, headers=WAIT), 5)
    assert late.status_code == 202
