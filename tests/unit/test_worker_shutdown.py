"""The order a worker shuts down in, and what becomes of the jobs it holds."""

from __future__ import annotations

import asyncio

from tests.unit.worker_harness import Programs, Queue, serving, under_way, until
from worker.sandbox import BoxSpec
from worker.testing import FakeBox, FakeSandbox


class Noted(FakeSandbox):
    """A sandbox that notes in the queue's list when its boxes go."""

    def __init__(self, queue: Queue, programs: Programs) -> None:
        super().__init__(programs)
        self._asked = queue.asked

    async def start(self, spec: BoxSpec) -> FakeBox:
        box = await super().start(spec)
        destroy = box.destroy

        async def noted() -> None:
            self._asked.append("destroy")
            await destroy()

        box.destroy = noted  # type: ignore[method-assign]
        return box

    async def close(self) -> None:
        self._asked.append("close")


async def test_the_order_of_a_shutdown() -> None:
    programs, queue = Programs(), Queue()
    sandbox = Noted(queue, programs)

    async with serving(queue, sandbox, spares=1, lease_s=1.5) as running:
        job_id = await queue.submit()
        await under_way(queue, programs)
        await running.worker.spares.full()
        running.stop.set()
        late = await queue.submit()
        beats = queue.asked.count("renew")
        await until(lambda: queue.asked.count("renew") >= beats + 2)  # it beats on while it drains
        del queue.asked[:]
        programs.go.set()
        await running.task

    asked = [verb for verb in queue.asked if verb not in {"renew", "reap"}]
    assert (asked[0], asked[-1]) == ("finish", "close")  # the running job ended in peace; at last the engine
    assert sorted(asked[1:-1]) == ["destroy"] * 3 + ["unregister"]  # its box, and two spares
    assert asked[asked.index("unregister") :].count("destroy") >= 2  # the spares went after that
    assert "renew" not in queue.asked[queue.asked.index("unregister") :]
    assert (await queue.result(job_id))["verdict"] == "ok"
    assert (await queue.record(late)).result is None  # nothing was claimed after the stop


async def test_what_does_not_end_in_time_is_given_back_without_penalty() -> None:
    programs, queue = Programs(), Queue()
    sandbox = FakeSandbox(programs)

    async with serving(queue, sandbox, spares=0, drain_s=32.0) as running:
        job_id = await queue.submit()
        await under_way(queue, programs)
        running.stop.set()
        running.hasten.set()  # as a second SIGTERM does; the end of drain_s takes the same path
        await running.task

    assert programs.running == 0
    assert not sandbox.boxes
    assert (await queue.record(job_id)).attempt == 0
    (claim,) = await queue.claim("w2", ["tongue"], 1)
    assert (claim.job_id, claim.attempt, claim.crashes) == (job_id, 1, 0)


async def test_the_drain_time_is_kept() -> None:
    programs, queue = Programs(), Queue()
    sandbox = FakeSandbox(programs)

    async with serving(queue, sandbox, spares=0) as running:
        await queue.submit()
        await under_way(queue, programs)
        async with asyncio.timeout(5):
            await running.worker.slots.drain(0.05, asyncio.Event())

        assert programs.running == 0
        assert "release" in queue.asked


async def test_claims_that_arrive_after_the_stop_are_given_back() -> None:
    class Slow(Queue):
        gate = asyncio.Event()

        async def claim(self, worker_id, languages, want):  # type: ignore[no-untyped-def]
            claims = await super().claim(worker_id, languages, want)
            if claims:
                await self.gate.wait()
            return claims

    queue, sandbox = Slow(), FakeSandbox()
    async with serving(queue, sandbox, spares=0) as running:
        job_id = await queue.submit()
        await until(lambda: queue._leases != {})
        running.stop.set()
        queue.gate.set()
        await running.task

    assert "release" in queue.asked
    assert (await queue.record(job_id)).attempt == 0
    assert not [stage for stage in sandbox.stages if stage.files]


async def test_a_stop_without_redis_still_ends() -> None:
    programs, queue = Programs(), Queue()
    sandbox = FakeSandbox(programs)

    async with serving(queue, sandbox, spares=1, lease_s=1.5) as running:
        await queue.submit()
        await under_way(queue, programs)
        queue.away = True
        running.stop.set()
        await running.task

    assert not sandbox.boxes
