"""What a worker does with a claim: every way it can end, on a queue and a sandbox in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence

import pytest

from fleet.errors import SandboxError
from fleet.job import JobState
from fleet.limits import MIB
from fleet.queue import CRASHES_MAX, Renewal
from fleet.testing import a_worker
from tests.unit.worker_harness import Programs, Queue, item, serving, under_way, until
from worker.sandbox import Hear, RawOutcome, Stage
from worker.testing import FakeSandbox, echo


async def test_a_job_runs_and_its_result_is_stored_once() -> None:
    queue, sandbox = Queue(), FakeSandbox()
    job_id = await queue.submit(code="print(1)", stdin="in", language="tg")

    async with serving(queue, sandbox) as running:
        result = await queue.result(job_id)
        await until(lambda: running.metric("sandfleet_worker_busy_slots") == 0)

    assert result["verdict"] == "ok"
    assert result["stdout"] == "print(1)"
    assert result["language"] == "tongue"  # the name, though an alias was asked for
    assert result["languageVersion"] == "tongue --version"
    assert (result["worker"], result["runtime"], result["image"]) == ("w", "fake", "image-1")
    assert (result["attempt"], result["exitCode"], result["signal"]) == (1, 0, None)
    assert result["queuedAt"] <= result["startedAt"] <= result["finishedAt"]
    assert result["queueMs"] >= 0
    assert [event.job_id for event in queue.events] == [job_id]
    stage = sandbox.stages[-1]
    assert stage.argv == ("tongue", "main.tongue")
    assert (stage.files, stage.stdin) == ((("main.tongue", b"print(1)"),), b"in")
    assert not sandbox.boxes  # nothing outlives the worker


async def test_more_is_asked_for_once_the_program_has_started() -> None:
    class Waited(Queue):
        async def wait(self, worker_id: str, timeout_s: float) -> None:
            self._heard("wait")
            await super().wait(worker_id, timeout_s)

    programs, queue = Programs(), Waited()
    async with serving(queue, FakeSandbox(programs)) as running:
        await running.worker.spares.full()
        del queue.asked[:]
        await queue.submit()
        await until(lambda: "started" in queue.asked and "wait" in queue.asked)
        programs.go.set()

    asked = [verb for verb in queue.asked if verb in {"claim", "started", "wait"}]
    assert asked[:3] == ["claim", "started", "wait"]


async def test_a_job_of_default_limits_gets_a_spare_and_another_a_box_of_its_own() -> None:
    queue, sandbox = Queue(), FakeSandbox()

    async with serving(queue, sandbox) as running:
        await running.worker.spares.full()
        await queue.result(await queue.submit())
        await queue.result(await queue.submit(limits={"memory_bytes": 64 * MIB, "cpu_s": 1.0}))

    taken = "sandfleet_worker_spares_taken_total"
    assert running.metric(taken, language="tongue", found="hit") == 1
    assert running.metric(taken, language="tongue", found="miss") == 1
    assert sandbox.stages[-1].limits.memory_bytes == 64 * MIB
    assert sandbox.stages[-1].limits.cpu_s == 1.0


async def test_a_program_starts_while_its_start_is_told_and_ends_only_when_that_was_heard() -> None:
    class SlowToHear(Queue):
        def __init__(self) -> None:
            super().__init__()
            self.heard = asyncio.Event()

        async def renew(
            self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()
        ) -> Renewal:
            if started:
                await self.heard.wait()
            return await super().renew(worker_id, held, started)

    queue, programs = SlowToHear(), Programs()
    async with serving(queue, FakeSandbox(programs)):
        job_id = await queue.submit()
        await until(lambda: programs.running == 1)
        programs.go.set()
        await until(lambda: programs.running == 0)
        assert (await queue.record(job_id)).state is not JobState.DONE
        queue.heard.set()
        result = await queue.result(job_id)

    assert result["stdout"] == "done"


@pytest.mark.parametrize(
    ("pushed", "complaint"),
    [
        (b"junk", "not JSON"),
        (b"[]", "an object"),
        (item(language="klingon"), "language"),
        (item(code=7), "code"),
        (item(limits={"cpuSeconds": 10_000}), "limits.cpuSeconds"),
        (item(code="x" * 70_000), "code"),
        (b'{"problemId":"p","problemId":"q","code":"1","language":"tongue"}', "problemId"),
    ],
)
async def test_what_is_no_job_is_rejected_and_never_run(pushed: bytes, complaint: str) -> None:
    queue, sandbox = Queue(), FakeSandbox()

    async with serving(queue, sandbox):
        queue.push(pushed)
        await until(lambda: bool(queue.events))

    (event,) = queue.events
    result = await queue.result(event.job_id)
    assert (result["verdict"], result["evidence"]["limit"]) == ("rejected", "job")
    assert complaint in result["evidence"]["how"]
    assert not [stage for stage in sandbox.stages if stage.files]


async def test_an_oversize_item_is_rejected_by_its_true_size() -> None:
    queue, sandbox = Queue(item_bytes_max=1000), FakeSandbox()

    async with serving(queue, sandbox):
        queue.push(item(code="x" * 2000))
        await until(lambda: bool(queue.events))

    result = await queue.result(queue.events[0].job_id)
    assert result["verdict"] == "rejected"
    assert f"{len(item(code='x' * 2000))} bytes" in result["evidence"]["how"]


async def test_a_programs_misfortune_is_a_result_and_never_a_retry() -> None:
    async def crash(stage: Stage) -> RawOutcome:
        return RawOutcome(exit_code=1) if stage.files else await echo(stage)

    queue, sandbox = Queue(), FakeSandbox(crash)

    async with serving(queue, sandbox):
        result = await queue.result(await queue.submit())

    assert (result["verdict"], result["attempt"]) == ("runtime_error", 1)
    assert len([stage for stage in sandbox.stages if stage.files]) == 1
    assert "fail" not in queue.asked


async def test_a_failure_of_ours_is_tried_again() -> None:
    tries = 0

    async def second_time_lucky(stage: Stage) -> RawOutcome:
        nonlocal tries
        tries += bool(stage.files)
        if tries == 1:
            raise SandboxError("the box fell over")
        return await echo(stage)

    queue, sandbox = Queue(), FakeSandbox(second_time_lucky)
    async with serving(queue, sandbox) as running:
        job_id = await queue.submit()
        await until(lambda: "fail" in queue.asked)
        queue.advance(2)
        result = await queue.result(job_id)

    assert (result["verdict"], result["attempt"]) == ("ok", 2)
    assert running.metric("sandfleet_worker_failures_total", cause="SandboxError") == 1


@pytest.mark.parametrize("error", [SandboxError("the box fell over"), ValueError("a bug of ours")])
async def test_after_three_attempts_our_failure_is_a_system_error(error: Exception) -> None:
    async def never(stage: Stage) -> RawOutcome:
        if stage.files:
            raise error
        return await echo(stage)

    queue, sandbox = Queue(), FakeSandbox(never)
    async with serving(queue, sandbox):
        job_id = await queue.submit()
        for failures in (1, 2):
            await until(lambda: queue.asked.count("fail") == failures)  # noqa: B023 - awaited at once
            queue.advance(10)
        result = await queue.result(job_id)

    assert (result["verdict"], result["attempt"]) == ("system_error", 3)
    assert (await queue.depth()).dead == 1


async def test_a_job_that_kills_its_workers_is_not_run_again() -> None:
    queue, sandbox = Queue(lease_s=15), FakeSandbox()
    job_id = await queue.submit()
    for _ in range(CRASHES_MAX):
        (claim,) = await queue.claim("lost", ["tongue"], 1)
        await queue.renew("lost", {job_id: claim.fence}, started=[job_id])
        queue.advance(16)
        await queue.reap()

    async with serving(queue, sandbox):
        result = await queue.result(job_id)

    assert result["verdict"] == "system_error"
    assert "3 workers were lost" in result["evidence"]["how"]
    assert not [stage for stage in sandbox.stages if stage.files]


async def test_while_the_engine_is_away_no_job_pays_for_it() -> None:
    queue, sandbox = Queue(), FakeSandbox()

    async with serving(queue, sandbox, spares=0) as running:
        sandbox.away = True
        job_id = await queue.submit()
        await until(lambda: "release" in queue.asked)
        claims = queue.asked.count("claim")
        assert running.metric("sandfleet_worker_engine_up") == 0
        assert (await queue.record(job_id)).attempt == 0

        sandbox.away = False
        result = await queue.result(job_id)

    assert (result["verdict"], result["attempt"]) == ("ok", 1)
    assert queue.asked.count("claim") > claims
    assert running.metric("sandfleet_worker_engine_up") == 1
    assert "fail" not in queue.asked


async def test_a_language_that_loses_its_image_waits_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.catalog.LOOK_S", 0.05)
    queue, sandbox = Queue(), FakeSandbox()

    async with serving(queue, sandbox, spares=0):
        sandbox.images["tongue"] = ""
        waiting = await queue.submit()
        await until(lambda: "release" in queue.asked)
        other = await queue.result(await queue.submit(language="lingo"))
        assert (await queue.record(waiting)).result is None

        sandbox.images["tongue"] = "image-2"
        result = await queue.result(waiting)

    assert other["verdict"] == "ok"
    assert (result["verdict"], result["attempt"], result["image"]) == ("ok", 1, "image-2")


async def test_an_image_that_is_missing_at_the_start_leaves_its_language_out() -> None:
    queue, sandbox = Queue(), FakeSandbox()
    sandbox.images["lingo"] = ""

    async with serving(queue, sandbox):
        (info,) = await queue.workers()

    assert [language["name"] for language in info.languages] == ["tongue"]


async def test_a_lease_lost_meanwhile_stops_the_run_and_drops_its_result() -> None:
    programs = Programs()
    queue, sandbox = Queue(lease_s=15), FakeSandbox(programs)

    async with serving(queue, sandbox, spares=0, lease_s=1.5) as running:
        job_id = await queue.submit()
        await under_way(queue, programs)
        queue.advance(16)  # by the clock of the queue the lease is over
        await queue.reap()
        await until(lambda: running.metric("sandfleet_worker_claims_lost_total", how="stale") >= 1)
        programs.go.set()
        result = await queue.result(job_id)

    assert result["attempt"] == 2  # the lost lease counts as a crash, and only the second run is told
    assert len(queue.events) == 1


class Speaking(Programs):
    """Programs that print something before they wait."""

    async def speak(self, stage: Stage, hear: Hear) -> None:
        if stage.files:
            hear("stdout", b"so far")


def speaking() -> tuple[Queue, FakeSandbox, Speaking]:
    programs = Speaking()
    sandbox = FakeSandbox(programs)
    sandbox.speak = programs.speak
    return Queue(), sandbox, programs


async def test_a_job_that_is_cancelled_while_it_runs_ends_with_what_it_printed() -> None:
    queue, sandbox, programs = speaking()

    async with serving(queue, sandbox, spares=0, lease_s=1.5) as running:
        job_id = await queue.submit()
        await under_way(queue, programs)
        await queue.cancel(job_id, {})
        result = await queue.result(job_id)  # by the next beat at the latest
        await until(lambda: not sandbox.boxes)

    assert (result["verdict"], result["stdout"], result["cpuMs"]) == ("cancelled", "so far", None)
    assert result["evidence"]["how"] == "cancelled on request, while it ran"
    assert running.metric("sandfleet_worker_jobs_total", language="tongue", verdict="cancelled") == 1
    assert running.metric("sandfleet_worker_claims_lost_total", how="stale") == 0
    assert programs.running == 0
    assert len(queue.events) == 1


async def test_a_cancel_that_comes_before_the_start_is_told_with_it() -> None:
    class Late(Queue):
        async def renew(
            self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()
        ) -> Renewal:
            for job_id in started:
                await self.cancel(job_id, {})
            return await super().renew(worker_id, held, started)

    queue, programs = Late(), Programs()
    async with serving(queue, FakeSandbox(programs), spares=0):
        result = await queue.result(await queue.submit())

    assert result["verdict"] == "cancelled"


async def test_a_claim_that_was_cancelled_is_ended_without_a_run() -> None:
    queue, sandbox, _programs = speaking()
    await queue.register(a_worker("lost"))
    job_id = await queue.submit()
    (claim,) = await queue.claim("lost", ["tongue"], 1)
    await queue.cancel(job_id, {})
    await queue.release("lost", [claim])  # or its lease runs out: the worker is gone

    async with serving(queue, sandbox):
        result = await queue.result(job_id)

    assert (result["verdict"], result["attempt"]) == ("cancelled", 1)
    assert result["evidence"]["how"] == "cancelled on request, before it ran"
    assert (result["startedAt"], result["stdout"]) == (None, "")
    assert not any(stage.files for stage in sandbox.stages)


async def test_a_job_that_is_cancelled_while_it_waits_for_its_box_never_runs() -> None:
    queue, sandbox, _programs = speaking()

    async def leased() -> bool:
        return (await queue.audit()).leased == 1

    async with serving(queue, sandbox, spares=0, lease_s=1.5):
        sandbox.gate = asyncio.Event()
        job_id = await queue.submit()
        await until(leased)
        await queue.cancel(job_id, {})
        result = await queue.result(job_id)

    assert (result["verdict"], result["startedAt"]) == ("cancelled", None)


async def test_a_sandbox_that_breaks_under_a_cancel_does_not_bring_the_job_back() -> None:
    async def break_on_cancel(stage: Stage) -> RawOutcome:
        if not stage.files:
            return await Programs()(stage)
        programs.running += 1
        try:
            return await asyncio.Event().wait()  # type: ignore[return-value]
        except asyncio.CancelledError:
            raise SandboxError("the engine is confused") from None

    queue, programs = Queue(), Programs()
    async with serving(queue, FakeSandbox(break_on_cancel), spares=0, lease_s=1.5):
        job_id = await queue.submit()
        await under_way(queue, programs)
        await queue.cancel(job_id, {})
        result = await queue.result(job_id)

    assert (result["verdict"], result["attempt"]) == ("cancelled", 1)
    assert "fail" not in queue.asked


async def test_what_a_long_program_prints_is_told_while_it_runs() -> None:
    queue, sandbox, programs = speaking()

    async with serving(queue, sandbox, spares=0):
        job_id = await queue.submit()
        await until(lambda: "progress" in queue.asked)
        told = [json.loads(text) for _, text in await queue.told(job_id)]
        programs.go.set()
        result = await queue.result(job_id)

    assert told == [{"stream": "stdout", "offset": 0, "text": "so far", "encoding": "utf-8", "attempt": 1}]
    assert result["verdict"] == "ok"


async def test_when_redis_is_silent_for_too_long_the_boxes_are_stopped() -> None:
    programs = Programs()
    queue, sandbox = Queue(), FakeSandbox(programs)

    async with serving(queue, sandbox, spares=0, lease_s=1.5) as running:
        await queue.submit()
        await under_way(queue, programs)
        queue.away = True
        await until(lambda: programs.running == 0)
        await until(lambda: not sandbox.boxes)
        assert running.metric("sandfleet_worker_claims_lost_total", how="silence") == 1
        queue.away = False

    assert not queue.events


async def test_a_result_waits_for_redis_to_come_back() -> None:
    programs = Programs()
    queue, sandbox = Queue(), FakeSandbox(programs)

    async with serving(queue, sandbox, spares=0):
        job_id = await queue.submit()
        await under_way(queue, programs)
        queue.away = True
        programs.go.set()
        await until(lambda: queue.asked.count("finish") >= 2)
        queue.away = False
        result = await queue.result(job_id)

    assert result["verdict"] == "ok"
    assert len(queue.events) == 1
