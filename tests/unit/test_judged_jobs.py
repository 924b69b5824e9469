"""A worker and its judged jobs, from the claim to the result: what is told, lost, tried again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import structlog.testing

from fleet.errors import SandboxError
from fleet.queue import Claim, Finish
from tests.unit.judge_harness import wrote
from tests.unit.worker_harness import COMPILED, LANGUAGES, Queue, item, serving, until
from worker.sandbox import RawOutcome, Stage
from worker.testing import FakeSandbox

ALL = {**LANGUAGES, "compiled": COMPILED}
TESTS = [{"stdin": "1", "expected": "1"}, {"stdin": "2", "expected": "3"}, {"stdin": "3"}]


async def cat(stage: Stage) -> RawOutcome:
    """A program that prints what it reads."""
    return wrote(stage.stdin or b"1.0")


async def told(queue: Queue, job_id: str) -> list[tuple[int, int]]:
    """Attempt and index of every case that was told."""
    events = [json.loads(event) for _, event in await queue.told(job_id)]
    return [(event["attempt"], event["index"]) for event in events]


async def pushed(queue: Queue, **fields: Any) -> Mapping[str, Any]:
    """The result of a raw item, once it is there."""
    queue.push(item(**fields))
    await until(lambda: bool(queue.events))
    return await queue.result(queue.events[0].job_id)


async def test_a_judged_job_tells_its_cases_before_its_result() -> None:
    queue, sandbox = Queue(), FakeSandbox(cat)

    with structlog.testing.capture_logs() as lines:
        async with serving(queue, sandbox, languages=ALL):
            result = await pushed(queue, language="compiled", tests=TESTS)

    assert (result["verdict"], result["tests"]["passed"]) == ("wrong_answer", 2)
    assert result["compile"]["exitCode"] == 0
    assert await told(queue, result["jobId"]) == [(1, 0), (1, 1), (1, 2)]
    events = [json.loads(event) for _, event in await queue.told(result["jobId"])]
    assert [{**case, "attempt": 1} for case in result["cases"]] == events
    verbs = [verb for verb in queue.asked if verb in {"progress", "finish"}]
    assert verbs[-1] == "finish"
    assert verbs.count("finish") == 1
    (line,) = (line for line in lines if line["event"] == "job_finished")
    assert (line["cases"], line["passed"]) == (3, 2)


async def test_a_plain_job_costs_no_more_round_trips_than_ever() -> None:
    queue, sandbox = Queue(), FakeSandbox(cat)

    with structlog.testing.capture_logs() as lines:
        async with serving(queue, sandbox):
            await queue.result(await queue.submit())

    asked = [verb for verb in queue.asked if verb not in {"claim", "reap", "renew"}]
    assert asked == ["started", "finish", "unregister"]
    (line,) = (line for line in lines if line["event"] == "job_finished")
    assert not {"cases", "passed"} & line.keys()


async def test_a_problem_judges_what_is_submitted_and_pushed() -> None:
    queue, sandbox = Queue(), FakeSandbox(cat)
    await queue.define("p", json.dumps({"tests": TESTS, "stopOnFailure": True}))

    async with serving(queue, sandbox):
        foreign = await pushed(queue)
        own = await queue.result(await queue.submit(problem_id="p"))

    for result in (foreign, own):
        assert result["verdict"] == "wrong_answer"
        assert result["tests"] == {"total": 3, "passed": 1, "failed": 1, "skipped": 1}
    assert queue.asked.count("definition") == 1


async def test_a_broken_definition_rejects_the_job_and_names_the_field() -> None:
    queue, sandbox = Queue(), FakeSandbox(cat)
    await queue.define("p", '{"tests":[{"stdin":7}]}')

    async with serving(queue, sandbox):
        result = await pushed(queue)

    assert result["verdict"] == "rejected"
    assert result["evidence"]["how"].startswith("definition.tests[0].stdin: ")
    assert not [stage for stage in sandbox.stages if stage.files]


async def test_a_lease_that_is_lost_in_a_case_ends_the_box_at_once() -> None:
    running = asyncio.Event()

    async def hang(stage: Stage) -> RawOutcome:
        if stage.stdin == b"2":
            running.set()
            await asyncio.Event().wait()
        return await cat(stage)

    class Lost(Queue):
        async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
            await running.wait()
            await super().progress(claim, events)
            return False

    queue, sandbox = Lost(), FakeSandbox(hang)
    async with serving(queue, sandbox, spares=0) as worker:
        queue.push(item(tests=TESTS))
        await until(lambda: worker.metric("sandfleet_worker_claims_lost_total", how="stale") == 1)
        await until(lambda: not sandbox.boxes)

    assert "finish" not in queue.asked
    assert "fail" not in queue.asked


@pytest.mark.parametrize("stage_lost", ["translate", "1", "3"])
async def test_a_worker_that_stops_gives_a_judged_job_back_at_any_stage(stage_lost: str) -> None:
    running = asyncio.Event()

    async def hang(stage: Stage) -> RawOutcome:
        if stage_lost in (stage.argv[0], stage.stdin.decode()):
            running.set()
            await asyncio.Event().wait()
        return await cat(stage)

    queue, sandbox = Queue(), FakeSandbox(hang)
    async with serving(queue, sandbox, languages=ALL, spares=0) as worker:
        queue.push(item(language="compiled", tests=TESTS))
        await running.wait()
        worker.stop.set()
        worker.hasten.set()
        await worker.task

    assert not sandbox.boxes
    assert "release" in queue.asked
    assert not queue.events


async def test_a_box_that_fails_in_a_case_is_tried_again_from_the_start() -> None:
    failures = 0

    async def once(stage: Stage) -> RawOutcome:
        nonlocal failures
        if stage.stdin == b"3" and not failures:
            failures += 1
            raise SandboxError("the box fell over")
        return await cat(stage)

    queue, sandbox = Queue(), FakeSandbox(once)
    async with serving(queue, sandbox):
        queue.push(item(tests=TESTS))
        await until(lambda: "fail" in queue.asked)
        queue.advance(2)
        await until(lambda: bool(queue.events))
        result = await queue.result(queue.events[0].job_id)

    assert (result["attempt"], len(result["cases"])) == (2, 3)
    assert await told(queue, result["jobId"]) == [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]


async def test_everything_was_told_before_the_result_is_stored() -> None:
    class InOrder(Queue):
        told_before = -1

        async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
            self.told_before = len(await self.told(claim.job_id))
            return await super().finish(claim, result, dead=dead)

    queue = InOrder()
    async with serving(queue, FakeSandbox(cat)):
        await pushed(queue, tests=[{}] * 50)

    assert queue.told_before == 50
