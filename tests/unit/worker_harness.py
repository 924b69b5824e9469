"""A whole worker on a queue and a sandbox in memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fleet.errors import QueueUnavailable
from fleet.languages import Language
from fleet.limits import MIB
from fleet.queue import Claim, Fail, Finish, Reaped, Record, Renewal, WorkerInfo
from fleet.testing import FakeQueue, a_submission, an_order
from worker.assembly import ask_served, assemble
from worker.catalog import Catalog
from worker.sandbox import RawOutcome, Stage
from worker.service import Worker
from worker.settings import WorkerSettings
from worker.testing import FakeSandbox, a_language

LANGUAGES = {"tongue": a_language("tongue", "tg"), "lingo": a_language("lingo")}
COMPILED = replace(
    a_language("compiled"),
    run=("./main",),
    compile=("translate", "main.compiled"),
    compile_limits={"memory_bytes": 256 * MIB, "processes": 32, "wall_s": 20.0},
)
MANAGED = replace(COMPILED, name="managed", run=("machine", "main"))  # compiled for an interpreter
PATIENCE_S = 10.0


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return once ``condition`` holds; fail if it does not within ``PATIENCE_S``."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            holds = condition()
            if isinstance(holds, Awaitable):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.005)


class Queue(FakeQueue):
    """A queue that can be away and that remembers what was asked of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.away = False
        self.asked: list[str] = []

    def _heard(self, verb: str) -> None:
        self.asked.append(verb)
        if self.away:
            raise QueueUnavailable("the fake queue is away")

    async def claim(self, worker_id: str, languages: Any, want: int) -> list[Claim]:
        self._heard("claim")
        return await super().claim(worker_id, languages, want)

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Any = ()) -> Renewal:
        self._heard("started" if started else "renew")
        return await super().renew(worker_id, held, started)

    async def definition(self, problem_id: str, *, owner: str = "") -> tuple[str, str] | None:
        self._heard("definition")
        return await super().definition(problem_id, owner=owner)

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        self._heard("progress")
        return await super().progress(claim, events)

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        self._heard("finish")
        return await super().finish(claim, result, dead=dead)

    async def fail(self, claim: Claim, reason: str, last_result: Mapping[str, Any], **options: Any) -> Fail:
        self._heard("fail")
        return await super().fail(claim, reason, last_result, **options)

    async def release(self, worker_id: str, claims: Any) -> int:
        self._heard("release")
        return await super().release(worker_id, claims)

    async def reap(self) -> Reaped:
        self._heard("reap")
        return await super().reap()

    async def unregister(self, worker_id: str) -> None:
        self._heard("unregister")
        await super().unregister(worker_id)

    async def submit(self, **changes: Any) -> str:
        """Enqueue a job; its id."""
        order = an_order(a_submission(**changes))
        return (await self.enqueue(order)).job_id

    async def record(self, job_id: str) -> Record:
        record = await self.get(job_id)
        assert record is not None
        return record

    async def result(self, job_id: str) -> Mapping[str, Any]:
        """The result of a job, once it is there."""

        async def done() -> bool:
            return (await self.record(job_id)).result is not None

        await until(done)
        return (await self.record(job_id)).result or {}


class Programs:
    """A script that waits: each run is held until it is let go."""

    def __init__(self) -> None:
        self.running = 0
        self.go = asyncio.Event()

    async def __call__(self, stage: Stage) -> RawOutcome:
        if not stage.files:  # the worker asks for the version
            return RawOutcome(exit_code=0, stdout=b"tongue 1.0\n", stdout_bytes=11)
        self.running += 1
        try:
            await self.go.wait()
        finally:
            self.running -= 1
        return RawOutcome(exit_code=0, stdout=b"done", stdout_bytes=4)


async def under_way(queue: Queue, programs: Programs) -> None:
    """Return when a program runs and the queue has heard of it."""
    await until(lambda: programs.running == 1 and "started" in queue.asked)


def settings(**changes: Any) -> WorkerSettings:
    spares = changes.get("spares", 1)
    values = {"worker_name": "w", "slots": 2, "spares": spares, "spares_max": spares, "lease_s": 15.0}
    values = {**values, "drain_s": 60.0, **changes}
    return WorkerSettings(languages_dir=Path("unused"), **values)


class Running:
    """A worker being run, and the strings to stop it."""

    def __init__(self, worker: Worker, catalog: Catalog, tell: Callable[[], Awaitable[None]]) -> None:
        self.worker = worker
        self.stop, self.hasten = asyncio.Event(), asyncio.Event()
        self._watching = asyncio.create_task(catalog.watch(self.stop, worker.spares, tell))
        self.task = asyncio.create_task(worker.run(self.stop, self.hasten))

    async def end(self) -> None:
        self.stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(self.task, self._watching)

    def metric(self, name: str, **labels: str) -> float:
        return self.worker.metrics.registry.get_sample_value(name, labels) or 0.0


@contextlib.asynccontextmanager
async def serving(
    queue: Queue,
    sandbox: FakeSandbox,
    worker_id: str = "w1",
    languages: Mapping[str, Language] = LANGUAGES,
    **changes: Any,
) -> AsyncIterator[Running]:
    """A worker that serves until the end of the block."""
    chosen = settings(**changes)
    served = await ask_served(sandbox, languages, chosen.bounds)
    catalog = Catalog(sandbox, languages, chosen.bounds, served)
    info = WorkerInfo(worker_id, chosen.slots, sandbox.runtime, catalog.told)
    await queue.register(info)

    @contextlib.asynccontextmanager
    async def open_queue() -> AsyncIterator[Queue]:
        yield queue

    worker = assemble(chosen, worker_id, queue, open_queue, sandbox, catalog.served)
    running = Running(worker, catalog, lambda: queue.register(info))
    try:
        yield running
    finally:
        running.hasten.set()
        await running.end()


def item(**fields: Any) -> bytes:
    """What a foreign producer pushes."""
    return json.dumps({"problemId": "p", "code": "1", "language": "tongue", **fields}).encode()
