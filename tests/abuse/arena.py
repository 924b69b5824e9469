"""A whole worker on a real sandbox and a real Redis, in which cases run side by side, with canaries.

The worker has a thread and an event loop of its own; tests wait for what became of their case.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import statistics
import threading
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet import keys
from fleet.events import Completion
from fleet.job import Lane
from fleet.languages import Language
from fleet.queue import Audit
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import a_job_id
from tests.abuse.case import LANGUAGES, Case
from tests.abuse.host import Inventory, descriptors, leftovers, rss_bytes
from tests.contract.conftest import RedisServer
from tests.contract.sandbox_harness import real_sandbox
from worker.assembly import announcement, ask_served, assemble
from worker.sandbox import Box, BoxSpec, RawOutcome, Sandbox, Stage
from worker.service import Worker
from worker.settings import WorkerSettings

CANARY_CODE = {".py": "print('tweet')", ".js": "console.log('tweet')"}
SIDE_BY_SIDE = 4
GONE_S = 5.0
_ANSWER_S = 100.0
_LEASE_S = 60.0
_EVENTS_LOOKED_AT = 200  # the newest: far more than end while one case is looked at


@dataclass(slots=True)
class Outcome:
    """What became of one case."""

    result: Mapping[str, Any]
    results_stored: int
    stored_bytes: int  # of its result, in Redis
    events: int
    canaries: list[Mapping[str, Any]]  # beside it, and right after it
    slower: float  # the slowest canary's run, as a multiple of what one takes when nothing else runs
    box: str
    gone_s: float  # from the request to remove the box until it was gone
    leftovers: list[str]  # what of the box can still be found on the host


@dataclass(slots=True)
class Balance:
    """What all cases together cost the worker and its host, looked at when it was idle."""

    rss_bytes: int
    descriptors: int
    files: list[str]  # new on the host
    audit: Audit


class WatchedBox:
    """A box that notes which case it ran and how long its removal took."""

    def __init__(self, arena: Arena, box: Box) -> None:
        self._arena, self._box = arena, box
        self.spec, self.id, self.image = box.spec, box.id, box.image

    @property
    def ended(self) -> bool:
        return self._box.ended

    async def run(self, stage: Stage) -> RawOutcome:
        if stage.files:
            self._arena.containers[stage.files[0][1]] = self.id
        return await self._box.run(stage)

    async def destroy(self) -> None:
        began_s = time.monotonic()
        await self._box.destroy()
        self._arena.removals[self.id] = time.monotonic() - began_s


class WatchedSandbox:
    """A real sandbox whose boxes are watched."""

    def __init__(self, arena: Arena, sandbox: Sandbox) -> None:
        self._arena, self._sandbox = arena, sandbox
        self.runtime, self.ping, self.image = sandbox.runtime, sandbox.ping, sandbox.image
        self.sweep, self.close = sandbox.sweep, sandbox.close

    async def start(self, spec: BoxSpec) -> WatchedBox:
        return WatchedBox(self._arena, await self._sandbox.start(spec))


@dataclass
class Arena:
    """Cases in, outcomes out. ``runtime`` is ``docker`` or ``crun``."""

    runtime: str
    cases: list[Case]
    outcomes: dict[str, Future[Outcome]] = field(default_factory=dict)
    balance: Future[Balance] = field(default_factory=Future)
    containers: dict[bytes, str] = field(default_factory=dict)  # source -> box it ran in
    removals: dict[str, float] = field(default_factory=dict)
    usual_ms: dict[str, float] = field(default_factory=dict)  # of a canary, by language
    fleet: str = field(default_factory=lambda: f"abuse-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self.outcomes = {case.name: Future() for case in self.cases}
        self._thread = threading.Thread(target=self._main, name="arena")
        self._closing = threading.Event()

    def open(self) -> None:
        """Begin with the first case."""
        self._thread.start()

    def outcome(self, case: Case) -> Outcome:
        """Wait for what became of ``case``."""
        return self.outcomes[case.name].result(_ANSWER_S)

    def close(self) -> None:
        """Stop the worker, whatever is left to do."""
        self._closing.set()
        self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        futures: list[Future[Any]] = [*self.outcomes.values(), self.balance]
        for future in futures:
            if not future.done():
                future.set_exception(error)

    async def _run(self) -> None:
        turn = asyncio.Semaphore(SIDE_BY_SIDE)
        async with self._worker() as (redis, worker):
            await self._learn_the_usual(redis)
            await worker.spares.full()
            files, rss, open_before = Inventory.take(), rss_bytes(), descriptors()
            running = [asyncio.create_task(self._case(case, redis, turn)) for case in self.cases]
            while not self._closing.is_set() and not all(task.done() for task in running):
                await asyncio.wait(running, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await worker.spares.full()
            self.balance.set_result(
                Balance(
                    rss_bytes() - rss,
                    descriptors() - open_before,
                    Inventory.take().since(files),
                    await redis.queue.audit(),
                )
            )
        self._fail(RuntimeError("the arena was closed before this case had run"))

    async def _learn_the_usual(self, redis: Redis) -> None:
        for language in LANGUAGES.values():
            alone = [await redis.result(await redis.submit(_canary(language))) for _ in range(5)]
            self.usual_ms[language.name] = statistics.median(result["wallMs"] for result in alone)

    async def _case(self, case: Case, redis: Redis, turn: asyncio.Semaphore) -> None:
        try:
            async with turn:
                outcome = await self._outcome(case, redis)
        except Exception as error:  # told to the test that waits for it
            self.outcomes[case.name].set_exception(error)
        else:
            self.outcomes[case.name].set_result(outcome)

    async def _outcome(self, case: Case, redis: Redis) -> Outcome:
        job, beside = await asyncio.gather(
            redis.submit(case.item(case.name)), redis.submit(_canary(case.language))
        )
        result = await redis.result(job)
        after = await redis.submit(_canary(case.language))
        canaries = [await redis.result(beside), await redis.result(after)]
        box = self.containers[case.code.encode()]
        async with asyncio.timeout(4 * GONE_S):
            while box not in self.removals:
                await asyncio.sleep(0.02)
        return Outcome(
            result=result,
            results_stored=len(await redis.queue.newest(case.name)),
            stored_bytes=await redis.stored_bytes(job),
            events=await redis.events(job),
            canaries=canaries,
            slower=max(canary["wallMs"] for canary in canaries) / self.usual_ms[case.language.name],
            box=box,
            gone_s=self.removals[box],
            leftovers=await asyncio.to_thread(leftovers, box),
        )

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[tuple[Redis, Worker]]:
        settings = WorkerSettings(
            worker_name="arena",
            slots=SIDE_BY_SIDE + 2,
            spares=2,
            spares_max=2,
            fleet=self.fleet,
            lease_s=_LEASE_S,
        )
        async with (
            open_redis() as redis,
            real_sandbox(self.runtime, self.fleet, "arena", start_s=30, lifetime_s=600) as real,
        ):
            sandbox = WatchedSandbox(self, real)
            served = await ask_served(sandbox, LANGUAGES, settings.bounds)
            await redis.queue.register(announcement("arena", settings, sandbox.runtime, served))
            worker = assemble(settings, "arena", redis.queue, redis.another, sandbox, served)
            stop, hasten = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(worker.run(stop, hasten))
            try:
                yield redis, worker
            finally:
                stop.set()
                hasten.set()
                await serving


@contextlib.asynccontextmanager
async def open_redis() -> AsyncIterator[Redis]:
    """A server of its own, for as long as the context lasts."""
    server = await asyncio.to_thread(RedisServer().start)
    clients = RedisClients(server.url)
    try:
        yield Redis(server.url, clients)
    finally:
        await clients.aclose()
        await asyncio.to_thread(server.stop)


class Redis:
    """The queue on a real server, and what else a client or a judge does there."""

    def __init__(self, url: str, clients: RedisClients) -> None:
        self.url, self.clients = url, clients
        self._options = QueueOptions(lease_s=_LEASE_S)
        self.queue = RedisQueue(clients, self._options)

    @contextlib.asynccontextmanager
    async def another(self) -> AsyncIterator[RedisQueue]:
        """The queue on a connection of its own, as a worker's heartbeat wants it."""
        clients = RedisClients(self.url)
        try:
            yield RedisQueue(clients, self._options)
        finally:
            await clients.aclose()

    async def submit(self, item: Mapping[str, Any]) -> str:
        """The id of a job that was accepted."""
        job_id = a_job_id()
        await self.queue.enqueue(job_id, json.dumps(item), item["problemId"], item["language"], Lane.NORMAL)
        return job_id

    async def result(self, job_id: str) -> Mapping[str, Any]:
        """The result of a job, once there is one."""
        while True:
            record = await self.queue.get(job_id)
            if record is not None and record.result is not None:
                return record.result
            await asyncio.sleep(0.02)

    async def stored_bytes(self, job_id: str) -> int:
        """Size of everything that is kept of a job's result."""
        return int(await self.clients.call("HSTRLEN", keys.job(job_id), "result"))

    async def events(self, job_id: str) -> int:
        """How often the end of a job was announced, among the newest announcements."""
        rows = await self.clients.call("XREVRANGE", keys.EVENTS, "+", "-", "COUNT", _EVENTS_LOOKED_AT)
        return sum(Completion.from_json(fields[b"e"]).job_id == job_id for _, fields in rows)


def _canary(language: Language) -> dict[str, Any]:
    code = CANARY_CODE[Path(language.file).suffix]
    return {"problemId": f"canary-{secrets.token_hex(4)}", "code": code, "language": language.name}
