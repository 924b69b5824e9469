"""A whole worker on a real engine, in which cases run side by side, each with canaries.

The worker has a thread and an event loop of its own; tests wait for what became of their case.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet.job import Lane
from fleet.languages import Language
from fleet.testing import FakeQueue, a_job_id
from tests.abuse.case import LANGUAGES, Case
from tests.contract.sandbox_harness import SOCKET, inspect, remove_all
from worker.assembly import announcement, ask_served, assemble
from worker.docker_sandbox import DockerBox, DockerEngine, DockerSandbox
from worker.profile import EngineFacts, Owner
from worker.sandbox import BoxSpec, RawOutcome, Stage
from worker.service import Worker
from worker.settings import WorkerSettings

CANARY_CODE = {".py": "print('tweet')", ".js": "console.log('tweet')"}
SIDE_BY_SIDE = 3
GONE_S = 5.0
_ANSWER_S = 100.0


@dataclass(slots=True)
class Outcome:
    """What became of one case."""

    result: Mapping[str, Any]
    results_stored: int
    events: int
    canaries: list[Mapping[str, Any]]  # beside it, and right after it
    container: str
    gone_s: float  # from the request to remove the container until the engine had
    leftovers: list[str]  # what of the container can still be found on the host


class WatchedBox:
    """A box that notes which case it ran and how long its removal took."""

    def __init__(self, arena: Arena, box: DockerBox) -> None:
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


class WatchedSandbox(DockerSandbox):
    """A real sandbox whose boxes are watched."""

    arena: Arena

    async def start(self, spec: BoxSpec) -> WatchedBox:  # type: ignore[override]
        return WatchedBox(self.arena, await super().start(spec))


@dataclass
class Arena:
    """Cases in, outcomes out."""

    cases: list[Case]
    outcomes: dict[str, Future[Outcome]] = field(default_factory=dict)
    containers: dict[bytes, str] = field(default_factory=dict)  # source -> container it ran in
    removals: dict[str, float] = field(default_factory=dict)
    rss_before_bytes: int = 0
    rss_after_bytes: int = 0
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
        remove_all(self.fleet)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        for future in self.outcomes.values():
            if not future.done():
                future.set_exception(error)

    async def _run(self) -> None:
        turn = asyncio.Semaphore(SIDE_BY_SIDE)
        async with self._worker() as (queue, worker):
            await worker.spares.full()
            self.rss_before_bytes = _rss_bytes()
            running = [asyncio.create_task(self._case(case, queue, turn)) for case in self.cases]
            while not self._closing.is_set() and not all(task.done() for task in running):
                await asyncio.wait(running, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            self.rss_after_bytes = _rss_bytes()
        self._fail(RuntimeError("the arena was closed before this case had run"))

    async def _case(self, case: Case, queue: FakeQueue, turn: asyncio.Semaphore) -> None:
        try:
            async with turn:
                outcome = await self._outcome(case, queue)
        except Exception as error:  # told to the test that waits for it
            self.outcomes[case.name].set_exception(error)
        else:
            self.outcomes[case.name].set_result(outcome)

    async def _outcome(self, case: Case, queue: FakeQueue) -> Outcome:
        job, beside = await asyncio.gather(
            _submit(queue, case.item(case.name)), _submit(queue, _canary(case.language))
        )
        result = await _result(queue, job)
        after = await _submit(queue, _canary(case.language))
        canaries = [await _result(queue, beside), await _result(queue, after)]
        container = self.containers[case.code.encode()]
        async with asyncio.timeout(4 * GONE_S):
            while container not in self.removals:
                await asyncio.sleep(0.02)
        return Outcome(
            result=result,
            results_stored=len(await queue.newest(case.name)),
            events=Counter(event.job_id for event in queue.events)[job],
            canaries=canaries,
            container=container,
            gone_s=self.removals[container],
            leftovers=await asyncio.to_thread(_leftovers, container),
        )

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[tuple[FakeQueue, Worker]]:
        settings = WorkerSettings(
            worker_name="arena", slots=SIDE_BY_SIDE + 1, spares=2, fleet=self.fleet, lease_s=60
        )
        sandbox = WatchedSandbox(
            DockerEngine(SOCKET, 30, 12),
            EngineFacts(),
            Owner(self.fleet, "arena"),
            start_timeout_s=30,
            lifetime_s=600,
        )
        sandbox.arena = self
        queue = FakeQueue(lease_s=3600)
        served = await ask_served(sandbox, LANGUAGES, settings.bounds)
        await queue.register(announcement("arena", settings, sandbox.runtime, served))

        @contextlib.asynccontextmanager
        async def open_queue() -> AsyncIterator[FakeQueue]:
            yield queue

        worker = assemble(settings, "arena", queue, open_queue, sandbox, served)
        stop, hasten = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(worker.run(stop, hasten))
        try:
            yield queue, worker
        finally:
            stop.set()
            hasten.set()
            await serving


def _canary(language: Language) -> dict[str, Any]:
    code = CANARY_CODE[Path(language.file).suffix]
    return {"problemId": f"canary-{secrets.token_hex(4)}", "code": code, "language": language.name}


async def _submit(queue: FakeQueue, item: Mapping[str, Any]) -> str:
    job_id = a_job_id()
    await queue.enqueue(job_id, json.dumps(item), item["problemId"], item["language"], Lane.NORMAL)
    return job_id


async def _result(queue: FakeQueue, job_id: str) -> Mapping[str, Any]:
    while True:
        record = await queue.get(job_id)
        if record is not None and record.result is not None:
            return record.result
        await asyncio.sleep(0.01)


def _leftovers(container: str) -> list[str]:
    """Whatever still bears the name of a container: itself, its cgroups, its mounts, its processes."""
    found = [f"container {container}"] if inspect(container) else []
    for folder, groups, _ in os.walk("/sys/fs/cgroup"):  # a glob trips over groups that go meanwhile
        found += [f"{folder}/{group}" for group in groups if container in group]
    mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    return found + [mount for mount in mounts if container in mount]


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
