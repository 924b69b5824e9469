"""One worker, started and stopped in a stated order."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.queue import Queue
from worker.health import Health
from worker.heartbeat import Heartbeat
from worker.metrics import Metrics
from worker.reaper import Reaper
from worker.sandbox import Sandbox
from worker.slots import Slots
from worker.spares import Spares

_log = log.get("worker.service")


@dataclass(frozen=True, slots=True)
class Worker:
    """The parts of a worker and the order they live and die in."""

    worker_id: str
    queue: Queue
    sandbox: Sandbox
    spares: Spares
    heartbeat: Heartbeat
    health: Health
    reaper: Reaper
    slots: Slots
    metrics: Metrics
    drain_s: float

    async def run(self, stop: asyncio.Event, hasten: asyncio.Event) -> None:
        """Serve until ``stop``; then shut down, without waiting for running jobs once ``hasten``."""
        self.heartbeat.start()
        self.reaper.open()
        self.spares.open()
        try:
            await self.slots.serve(stop)
        finally:
            await self._shut_down(hasten)

    async def _shut_down(self, hasten: asyncio.Event) -> None:
        # The order: claiming has stopped -> let runs end within drain_s -> kill the rest and
        # release their claims -> withdraw from the fleet, so that the inbox goes back -> stop the
        # heartbeat, which must outlive every claim -> destroy the spares -> close.
        _log.info("stopping", drain_s=self.drain_s)
        await self.reaper.close()
        await self.slots.drain(self.drain_s, hasten)
        await asyncio.to_thread(self.heartbeat.stop)
        with contextlib.suppress(QueueUnavailable):  # then its heartbeat runs out instead
            await self.queue.unregister(self.worker_id)
        await self.health.close()
        await self.spares.close()
        await self.sandbox.close()
        _log.info("stopped")
