"""Brings back what others have lost: leases, due retries, inboxes, and orphaned boxes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from fleet import log
from fleet.errors import FleetError
from fleet.queue import Queue
from worker.metrics import Metrics
from worker.sandbox import Sandbox

_REAP_S = 1.0
_log = log.get("worker.reaper")


class Reaper:
    """Every worker reaps; each step is atomic, so it does not matter who does."""

    def __init__(
        self, worker_id: str, queue: Queue, sandbox: Sandbox, *, sweep_s: float, metrics: Metrics
    ) -> None:
        self._worker_id, self._queue, self._sandbox = worker_id, queue, sandbox
        self._sweep_s, self._metrics = sweep_s, metrics
        self._live: frozenset[str] | None = None  # at the last sweep
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin, at once and then on a timer."""
        self._tasks = [
            asyncio.create_task(self._every(_REAP_S, self.reap), name="reap"),
            asyncio.create_task(self._every(self._sweep_s, self.sweep), name="sweep"),
        ]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def reap(self) -> None:
        """Put back what is nobody's in Redis. Raises ``QueueUnavailable``."""
        reaped = await self._queue.reap()
        for what, how_many in (
            ("expired", reaped.expired),
            ("due", reaped.due),
            ("returned", reaped.returned),
        ):
            self._metrics.reaped.labels(what).inc(how_many)
        if reaped.expired:
            _log.warning("leases_expired", count=reaped.expired)

    async def sweep(self) -> None:
        """Remove boxes that are nobody's. Raises ``QueueUnavailable`` or ``SandboxError``."""
        live = frozenset(worker.worker_id for worker in await self._queue.workers())
        # Gone is who was missing twice: a Redis that has just come back knows nobody for a moment.
        before, self._live = self._live, live
        if before is None:
            return
        removed = await self._sandbox.sweep(before | live | {self._worker_id})
        self._metrics.swept.inc(removed)
        if removed:
            _log.warning("orphans_removed", count=removed)

    async def _every(self, period_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except FleetError as error:
                _log.warning("reaper_failed", work=work.__name__, error=str(error))
            except Exception:  # a bug of ours must not leave the fleet without a reaper
                _log.exception("reaper_broken", work=work.__name__)
            # Jitter keeps workers that were started together from coming all at once.
            await asyncio.sleep(period_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
