"""Where a job waits, and when it may start."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.pace import Pace
from fleet.job import JobState, iso_utc
from fleet.queue import Enqueued, Order, Queue, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Says of jobs how many of their language and lane come before them, and what that may mean in time."""

    queue: Queue
    pace: Pace

    def of_order(self, order: Order, enqueued: Enqueued) -> Mapping[str, Any]:
        """The place of a job that was just accepted."""
        if enqueued.position:
            start_ms = self.pace.start_ms(order.language, enqueued.position, enqueued.queued_at_ms)
        else:
            start_ms = max(order.run_at_ms, enqueued.queued_at_ms + order.delay_ms)
        return _place(enqueued.position, start_ms)

    async def of_job(self, job: Record) -> Mapping[str, Any]:
        """The place of a job as it is now; position 0 if it does not wait for its turn."""
        if job.state is not JobState.QUEUED:
            return _place(0, None)
        position = await self.queue.position(job.job_id)
        if not position:
            return _place(0, job.run_at_ms)
        return _place(position, self.pace.start_ms(job.language, position, time.time() * 1000))


def _place(position: int, start_ms: float | None) -> Mapping[str, Any]:
    return {"position": position, "estimatedStart": None if start_ms is None else iso_utc(start_ms)}
