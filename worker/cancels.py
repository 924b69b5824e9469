"""Hears at once of jobs that somebody asks to cancel, and stops those that run here.

The channel only wakes: whether a job is to be cancelled is asked of Redis, with the lease that holds it.
What is said while nobody listens is not lost either, since every renewal of a lease tells it again
(``worker/heartbeat.py``), and so does the claim of a job that came back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.queue import Queue
from worker.run import Loss, Run

_log = log.get("worker.cancels")


class Cancels:
    """Listens from ``open`` to ``close``. ``asked`` gives ids of jobs, or None when some may have been
    missed; ``runs`` the claims that are being worked on."""

    def __init__(
        self,
        worker_id: str,
        queue: Queue,
        asked: Callable[[], AsyncGenerator[str | None, None]],
        runs: Callable[[], Sequence[Run]],
    ) -> None:
        self._worker_id, self._queue, self._asked, self._runs = worker_id, queue, asked, runs
        self._listening: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to listen."""
        self._listening = asyncio.create_task(self._listen(), name="cancels")

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    async def _listen(self) -> None:
        async with aclosing(self._asked()) as asked:
            async for job_id in asked:
                try:
                    await self._look([run for run in self._runs() if job_id in (None, run.claim.job_id)])
                except QueueUnavailable:
                    continue  # the heartbeat asks as well
                except Exception:  # a bug of ours must not leave this worker deaf
                    _log.exception("cancel_broken", job=job_id)

    async def _look(self, runs: Sequence[Run]) -> None:
        """Ask which of ``runs`` are to be cancelled, and stop them."""
        if not runs:
            return
        renewal = await self._queue.renew(
            self._worker_id, {run.claim.job_id: run.claim.fence for run in runs}
        )
        for run in runs:
            if run.claim.job_id in renewal.stale:
                run.lose(Loss.STALE)
            elif run.claim.job_id in renewal.cancelled:
                run.cancel()
