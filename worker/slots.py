"""The slots of a worker: how many jobs run at once, and when the next are claimed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.queue import Claim, Queue
from worker.health import Health
from worker.metrics import Metrics
from worker.run import Loss, Run

_IDLE_S = 2.0  # longest block on an empty queue: what is due or released without a push is seen then
_PAUSE_S = 0.5  # after Redis was away
_AFTER_CLAIM_S = 0.001  # until more is asked for: what was claimed is on its way to its boxes by then
_log = log.get("worker.slots")


@dataclass(slots=True, kw_only=True)
class Slots:
    """Claims as slots are free and runs each claim in a task of its own."""

    worker_id: str
    queue: Queue
    execute: Callable[[Run], Coroutine[Any, Any, None]]
    languages: Callable[[], Sequence[str]]  # names and aliases that can be run now
    count: int
    health: Health
    metrics: Metrics
    _runs: dict[asyncio.Task[None], Run] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.metrics.slots.set(self.count)

    async def serve(self, stop: asyncio.Event) -> None:
        """Claim and run until ``stop`` is set. What runs then goes on; see ``drain``."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if not self.health.up:
                    await self._either(stopped, self.health.wait_up())
                elif len(self._runs) >= self.count:
                    await asyncio.wait({stopped, *self._runs}, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await self._claim(stop, stopped)
        finally:
            stopped.cancel()

    async def drain(self, drain_s: float, hasten: asyncio.Event) -> None:
        """Let what runs end within ``drain_s`` seconds, or until ``hasten``; give back the rest."""
        if self._runs:
            hastened = asyncio.create_task(hasten.wait())
            ended = asyncio.create_task(asyncio.wait(set(self._runs)))
            await asyncio.wait({hastened, ended}, timeout=drain_s, return_when=asyncio.FIRST_COMPLETED)
            hastened.cancel()
        for run in self._runs.values():
            run.lose(Loss.DRAIN)
        if self._runs:
            await asyncio.wait(set(self._runs))

    def runs(self) -> Sequence[Run]:
        """The claims that are being worked on."""
        return list(self._runs.values())

    async def _claim(self, stop: asyncio.Event, stopped: asyncio.Task[bool]) -> None:
        free, asked_s = self.count - len(self._runs), time.monotonic()
        try:
            claims = await self.queue.claim(self.worker_id, self.languages(), free)
            if stop.is_set():
                await self._give_back(claims)
                return
            for claim in claims:
                self._spawn(Run(claim, asked_s))
            if len(claims) < free:
                if claims:
                    await asyncio.sleep(_AFTER_CLAIM_S)
                await self._either(stopped, self.queue.wait(self.worker_id, _IDLE_S))
        except QueueUnavailable as error:
            _log.warning("queue_away", error=str(error))
            await asyncio.wait({stopped}, timeout=_PAUSE_S)

    async def _give_back(self, claims: Sequence[Claim]) -> None:
        if claims:
            await self.queue.release(self.worker_id, claims)

    def _spawn(self, run: Run) -> None:
        task = asyncio.create_task(self.execute(run), name=f"run {run.claim.job_id}")
        self._runs[task] = run
        self.metrics.busy.set(len(self._runs))
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        run = self._runs.pop(task)
        self.metrics.busy.set(len(self._runs))
        if error := task.exception():  # not even its failure could be told; the lease will run out
            _log.error("run_abandoned", job=run.claim.job_id, exc_info=error)

    async def _either(self, stopped: asyncio.Task[bool], work: Coroutine[Any, Any, None]) -> None:
        """Wait for ``work``, but not beyond the stop."""
        task = asyncio.create_task(work)
        await asyncio.wait({stopped, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, QueueUnavailable):
            await task
