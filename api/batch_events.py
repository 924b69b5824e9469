"""A batch as it goes on: its results as lines of JSON, and its ends as events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping

from api import answers
from api.job_events import no_event
from api.streams import LAST, EventStream, LiveStream, event
from api.waiters import Waiter, Waiters
from fleet.queue import Queue

_PAGE = 64
_TOLD = re.compile(r"[0-9]{1,6}")


class BatchEvents(EventStream):
    """The ends of a batch's jobs in their order, after the first ``told``, and then its own."""

    def __init__(self, queue: Queue, waiters: Waiters, batch_id: str, told: int) -> None:
        super().__init__(waiters, batch_id)
        self._queue, self._batch_id, self._told = queue, batch_id, told

    @staticmethod
    def told(last_event_id: str) -> int:
        """How many ends a reader with this ``Last-Event-ID`` has heard of. Raises ``Problem``."""
        if last_event_id and not _TOLD.fullmatch(last_event_id):
            raise no_event()
        return int(last_event_id or 0)

    async def _news(self) -> bytes:
        batch = await self._queue.batch(self._batch_id)  # before its list: then the list is as long at least
        if batch is None:  # the time it is kept ran out
            self._over = True
            return b""
        pieces: list[bytes] = []
        for job_id in await self._queue.batch_done(self._batch_id, self._told, _PAGE):
            self._told += 1
            job = await self._queue.get(job_id)
            said = {
                "jobId": job_id,
                "problemId": job.problem_id if job else None,
                "verdict": job.result.get("verdict") if job and job.result else None,
                "done": self._told,
                "total": batch.total,
            }
            pieces.append(event(str(self._told), "job", answers.encode(said).decode()))
        if batch.done == batch.total and not pieces:
            self._over = True
            pieces.append(event(LAST, "done", answers.encode(answers.batch(batch)).decode()))
        return b"".join(pieces)


class BatchResults(LiveStream):
    """The results of a batch in the order its jobs end, one JSON object a line, after ``first`` of them.

    It ends when all are there, or ``wait_s`` seconds after it began. A job that was forgotten, or whose
    time ran out, has no line.
    """

    media_type = "application/x-ndjson"

    def __init__(
        self,
        queue: Queue,
        waiters: Waiters,
        batch_id: str,
        *,
        first: int,
        wait_s: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(waiters, batch_id, headers)
        self._queue, self._batch_id = queue, batch_id
        self._first, self._wait_s = first, wait_s

    async def _pieces(self, waiter: Waiter) -> AsyncGenerator[bytes, None]:
        deadline = asyncio.get_running_loop().time() + self._wait_s
        last_look = False
        while not waiter.over:
            batch = await self._queue.batch(self._batch_id)
            last_look = last_look or batch is None or batch.done == batch.total or not self._wait_s
            while ids := await self._queue.batch_done(self._batch_id, self._first, _PAGE):
                self._first += len(ids)
                for job_id in ids:
                    # One at a time, in memory and in the turn of the event loop: results may be large.
                    job = await self._queue.get(job_id)
                    if job is not None and job.result is not None:
                        yield answers.encode(job.result) + b"\n"
            if last_look:
                return
            last_look = not await waiter.woken(deadline)
