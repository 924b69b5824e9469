"""Parts of a running cluster are killed: every accepted job still ends once, with the right output."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest

from tests.acceptance.conftest import LEASE_S, all_workers_serve
from tests.acceptance.harness import Fleet, docker, until

RUN_S = 2


@pytest.fixture
def healed(fleet: Fleet) -> Iterator[Fleet]:
    """The fleet, whole again afterwards, whatever the test did to it."""
    yield fleet
    stopped = docker(
        *("ps", "--all", "--quiet", "--filter", "status=exited"),
        *("--filter", f"label=com.docker.compose.project={fleet.cluster.project}"),
    ).split()
    if stopped:
        docker("start", *stopped)
    until(lambda: fleet.http.get("/readyz").status_code == 200, "readiness", 60)
    until(lambda: all_workers_serve(fleet), "all workers", 60)


def test_a_worker_killed_while_a_job_runs_costs_time_but_not_the_result(healed: Fleet) -> None:
    token = secrets.token_hex(8)
    job_id = healed.submit(f"import time; time.sleep({RUN_S}); print('{token}')")["jobId"]

    def its_worker() -> str | None:
        record = healed.job(job_id)
        return record["worker"] if record["state"] == "running" and record["startedAt"] else None

    worker = until(its_worker, "the start of the job")
    docker("kill", worker.partition("-")[0])  # a worker is named after its container
    result = healed.result(job_id, deadline_s=LEASE_S + 2 + RUN_S + 10)
    assert (result["verdict"], result["stdout"]) == ("ok", f"{token}\n")
    assert result["attempt"] == 2
    assert result["worker"] != worker
    healed.completion(jobId=job_id)


@pytest.mark.timeout(240)
def test_redis_killed_and_started_again_loses_no_acknowledged_job(healed: Fleet) -> None:
    expected = {}
    for at in range(40):
        if at == 20:
            docker("kill", healed.container("redis"))
            refused = healed.http.post(
                "/submit", json={"problemId": "away", "code": "", "language": "python"}
            )
            assert refused.status_code == 503
            assert refused.headers["Retry-After"]
            docker("start", healed.container("redis"))
            until(lambda: healed.http.get("/readyz").status_code == 200, "Redis back", 60)
        token = secrets.token_hex(8)
        expected[healed.submit(f"print('{token}')")["jobId"]] = f"{token}\n"
    results = {job_id: healed.result(job_id, 90)["stdout"] for job_id in expected}
    assert results == expected
    for job_id in expected:
        healed.completion(jobId=job_id)


def test_a_subscriber_that_was_away_logs_every_line_and_none_twice(healed: Fleet) -> None:
    docker("kill", healed.container("subscriber"))
    jobs = [healed.run("print(1)")["jobId"] for _ in range(10)]
    docker("start", healed.container("subscriber"))
    for job_id in jobs:
        healed.completion(jobId=job_id)


def test_the_api_killed_and_started_again_still_knows_every_job(healed: Fleet) -> None:
    job_id = healed.run("print('kept')")["jobId"]
    docker("kill", healed.container("api"))
    docker("start", healed.container("api"))

    def answers() -> bool:
        try:
            return healed.http.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    until(answers, "the API back")
    assert healed.result(job_id)["stdout"] == "kept\n"


def test_the_numbers_of_completions_have_no_gap_and_no_repeat(healed: Fleet) -> None:
    healed.run("print('last')")
    last = until(healed.completions, "completions")[-1]["n"]
    numbers = Counter(line["n"] for line in healed.completions())
    assert [number for number in range(1, last + 1) if numbers[number] != 1] == []
    assert not [line for line in healed.lines() if line["event"] == "events_missing"]
