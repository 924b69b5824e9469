"""A whole worker on a real sandbox and a real Redis, in which cases run side by side, with canaries.

The worker has a thread and an event loop of its own; tests wait for what became of their case.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from fleet.queue import Audit
from tests.abuse.case import BOUNDS, Case
from tests.abuse.client import LEASE_S, Canary, Client, canary_of, open_client
from tests.abuse.host import Inventory, descriptors, leftovers, rss_bytes
from tests.contract.sandbox_harness import real_sandbox
from worker.assembly import ask_served, assemble
from worker.sandbox import Box, BoxSpec, Hear, RawOutcome, Sandbox, Stage
from worker.service import Worker
from worker.settings import WorkerSettings
from worker.testing import announcement

SIDE_BY_SIDE = 3
GONE_S = 5.0
_ANSWER_S = 300.0  # the first one waits for all canaries that run alone


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
        self.keep, self.wipe, self.fetch, self.resize = box.keep, box.wipe, box.fetch, box.resize

    @property
    def ended(self) -> bool:
        return self._box.ended

    async def run(self, stage: Stage, hear: Hear | None = None) -> RawOutcome:
        if stage.files:
            self._arena.containers[stage.files[0][1]] = self.id
        return await self._box.run(stage, hear)

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


def in_order(cases: Iterable[Case]) -> list[Case]:
    """One language after the other: so most canaries serve two cases."""
    return sorted(cases, key=lambda case: (case.language.name, case.name))


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
        self.cases = in_order(self.cases)
        self.outcomes = {case.name: Future() for case in self.cases}
        self._canaries = {canary_of(case.language).name: canary_of(case.language) for case in self.cases}
        self._languages = {case.language.name: case.language for case in self.cases} | self._canaries
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
        async with self._worker() as (client, worker):
            await self._learn_the_usual(client)
            await worker.spares.full()
            files, rss, open_before = Inventory.take(), rss_bytes(), descriptors()
            left = iter(self.cases)
            lanes = [asyncio.create_task(self._lane(left, client)) for _ in range(SIDE_BY_SIDE)]
            while not self._closing.is_set() and not all(lane.done() for lane in lanes):
                await asyncio.wait(lanes, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            for lane in lanes:
                lane.cancel()
            await asyncio.wait(lanes)
            await worker.spares.full()
            self.balance.set_result(
                Balance(
                    rss_bytes() - rss,
                    descriptors() - open_before,
                    Inventory.take().since(files),
                    await client.queue.audit(),
                )
            )
        self._fail(RuntimeError("the arena was closed before this case had run"))

    async def _learn_the_usual(self, client: Client) -> None:
        for language in self._canaries.values():
            alone = [await client.result((await client.send_canary(language)).job_id) for _ in range(3)]
            unwell = [result for result in alone if result["verdict"] != "ok"]
            if unwell:
                raise RuntimeError(f"a canary that runs alone is not well: {unwell[0]}")
            self.usual_ms[language.name] = statistics.median(result["wallMs"] for result in alone)

    async def _lane(self, cases: Iterator[Case], client: Client) -> None:
        """One case after the other. The canary sent right after one is beside the next, where both have
        the same; what became of a case is looked at while the next one runs."""
        canary: Canary | None = None
        async with asyncio.TaskGroup() as looking:
            for case in cases:
                with self._told_of(case):
                    if canary is None or canary.language != canary_of(case.language):
                        canary = await client.send_canary(canary_of(case.language))
                    beside, job = canary, await client.submit(case.item(case.name))
                    result = await client.result(job)
                    canary = await client.send_canary(canary_of(case.language))
                    looking.create_task(self._look(case, result, (beside, canary), client))

    async def _look(
        self, case: Case, result: Mapping[str, Any], canaries: Iterable[Canary], client: Client
    ) -> None:
        with self._told_of(case):
            outcome = await self._outcome(case, result, canaries, client)
            self.outcomes[case.name].set_result(outcome)

    @contextlib.contextmanager
    def _told_of(self, case: Case) -> Iterator[None]:
        """What is raised within goes to the test that waits for the case, and nowhere else."""
        try:
            yield
        except Exception as error:
            self.outcomes[case.name].set_exception(error)

    async def _outcome(
        self, case: Case, result: Mapping[str, Any], canaries: Iterable[Canary], client: Client
    ) -> Outcome:
        told = [await client.result(canary.job_id) for canary in canaries]
        box = self.containers[case.code.encode()]
        async with asyncio.timeout(4 * GONE_S):
            while box not in self.removals:
                await asyncio.sleep(0.02)
        return Outcome(
            result=result,
            results_stored=len(await client.queue.newest(case.name)),
            stored_bytes=await client.stored_bytes(result["jobId"]),
            events=await client.events(result["jobId"]),
            canaries=told,
            slower=max(canary["wallMs"] or 0.0 for canary in told)
            / self.usual_ms[canary_of(case.language).name],
            box=box,
            gone_s=self.removals[box],
            leftovers=await asyncio.to_thread(leftovers, box),
        )

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[tuple[Client, Worker]]:
        settings = WorkerSettings(
            worker_name="arena",
            slots=2 * SIDE_BY_SIDE,  # a case and a canary each
            spares=2,
            spares_max=2,
            fleet=self.fleet,
            lease_s=LEASE_S,
            compile_cpu_s=BOUNDS.compile.cpu_s,
            compile_wall_s=BOUNDS.compile.wall_s,
        )
        async with (
            open_client() as client,
            real_sandbox(self.runtime, self.fleet, "arena", start_s=30, lifetime_s=600) as real,
        ):
            sandbox = WatchedSandbox(self, real)
            served = await ask_served(sandbox, self._languages, settings.bounds)
            await client.queue.register(announcement("arena", settings, sandbox.runtime, served))
            worker = assemble(settings, "arena", client.queue, client.another, sandbox, served)
            stop, hasten = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(worker.run(stop, hasten))
            try:
                yield client, worker
            finally:
                stop.set()
                hasten.set()
                await serving
