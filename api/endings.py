"""The end of a job, waited for or brought about."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from fastapi import Request

from api.waiters import Waiter, Waiters, ends_with_client
from fleet import log
from fleet.job import Evidence, Result, Verdict, iso_utc
from fleet.queue import Batch, Cancel, Queue, Record

_log = log.get("api.endings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """Waits for jobs to be done, and cancels them."""

    queue: Queue
    waiters: Waiters

    async def done(self, job_id: str, waiter: Waiter, request: Request, wait_s: float) -> Record | None:
        """The job as soon as it is done, or as it is when the time is up or the client has left."""
        deadline = asyncio.get_running_loop().time() + wait_s
        async with ends_with_client(waiter, request):
            while await waiter.woken(deadline):
                job = await self.queue.get(job_id)
                if job is None or job.result is not None:
                    return job
        return await self.queue.get(job_id)

    async def batch_done(self, batch: Batch, waiter: Waiter, request: Request, wait_s: float) -> Batch:
        """The batch as soon as all of it is done, or as it is when the time is up or the client has left."""
        deadline = asyncio.get_running_loop().time() + wait_s
        async with ends_with_client(waiter, request):
            while batch.finished_at_ms is None and await waiter.woken(deadline):
                batch = await self.queue.batch(batch.batch_id) or batch
        return await self.queue.batch(batch.batch_id) or batch

    async def cancel(self, job: Record) -> Cancel:
        """End a job that waits, or have the worker that runs it stop it. One that is done stays as it is."""
        came = await self.queue.cancel(job.job_id, cancelled(job))
        if came in (Cancel.CANCELLED, Cancel.ASKED):
            _log.info("job_cancelled", job_id=job.job_id, asked_of_worker=came is Cancel.ASKED)
        return came


def cancelled(job: Record) -> dict[str, object]:
    """The result of a job that was cancelled while it waited."""
    return Result(
        job_id=job.job_id,
        problem_id=job.problem_id,
        language=job.language,
        verdict=Verdict.CANCELLED,
        evidence=Evidence(how="cancelled on request, before it ran"),
        attempt=job.attempt,
        queued_at=iso_utc(job.queued_at_ms),
        # The clock here may be behind that of Redis.
        finished_at=iso_utc(max(time.time() * 1000, job.queued_at_ms)),
    ).to_json()
