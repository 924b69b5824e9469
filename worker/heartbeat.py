"""Renews the leases of all running jobs, from a thread that nothing else can hold up.

The thread has an event loop and a connection to Redis of its own, so neither a flood of output nor
a slow engine delays a renewal. Redis decides who holds a job; the local monotonic clock only says
when an answer can no longer be waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.queue import Claim, Queue
from worker.metrics import Metrics
from worker.run import Loss

_log = log.get("worker.heartbeat")


@dataclass(slots=True)
class _Hold:
    fence: str
    renewed_s: float  # when the request was sent that Redis last said yes to
    lose: Callable[[Loss], None]
    cancel: Callable[[], None]


class Heartbeat:
    """Holds claims for their runs. ``lose`` and ``cancel`` callbacks are called in this thread."""

    def __init__(
        self,
        worker_id: str,
        lease_s: float,
        open_queue: Callable[[], AbstractAsyncContextManager[Queue]],
        metrics: Metrics,
    ) -> None:
        self._worker_id, self._lease_s, self._open_queue = worker_id, lease_s, open_queue
        self._holds: dict[str, _Hold] = {}
        self._lock = threading.Lock()
        self._beat_s = time.monotonic()
        self._stop = threading.Event()
        self._wake: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._main, name="heartbeat", daemon=True)
        metrics.heartbeat_age_s.set_function(lambda: time.monotonic() - self._beat_s)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended. Blocks up to one call to Redis."""
        self._stop.set()
        if (wake := self._wake) is not None:
            with contextlib.suppress(RuntimeError):  # its loop may be closed already
                wake()
        self._thread.join()

    def hold(
        self, claim: Claim, since_s: float, lose: Callable[[Loss], None], cancel: Callable[[], None]
    ) -> None:
        """Keep a claim that was leased no earlier than ``since_s`` of the monotonic clock.

        ``cancel`` is called with every beat that finds that somebody asked for it.
        """
        with self._lock:
            # Claiming a job that is still held here proves that the older lease was lost.
            if older := self._holds.get(claim.job_id):
                older.lose(Loss.STALE)
            self._holds[claim.job_id] = _Hold(claim.fence, since_s, lose, cancel)

    def let_go(self, claim: Claim) -> None:
        """Stop keeping a claim."""
        with self._lock:
            if (hold := self._holds.get(claim.job_id)) and hold.fence == claim.fence:
                del self._holds[claim.job_id]

    def _main(self) -> None:
        asyncio.run(self._beat_until_stopped())

    async def _beat_until_stopped(self) -> None:
        loop, wake = asyncio.get_running_loop(), asyncio.Event()

        def wake_up() -> None:
            loop.call_soon_threadsafe(wake.set)

        self._wake = wake_up
        async with self._open_queue() as queue:
            watching = asyncio.create_task(self._watch())
            while not self._stop.is_set():
                await self._renew(queue)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._lease_s / 3):
                        await wake.wait()
            watching.cancel()
            await asyncio.wait({watching})
        self._wake = None

    async def _renew(self, queue: Queue) -> None:
        sent_s = time.monotonic()
        with self._lock:
            held = {job_id: hold.fence for job_id, hold in self._holds.items()}
        try:
            renewal = await queue.renew(self._worker_id, held)
        except QueueUnavailable as error:
            _log.warning("renewal_failed", held=len(held), error=str(error))
            return
        except Exception:  # a beat that fails must never be the last one
            _log.exception("renewal_broken", held=len(held))
            return
        self._beat_s = sent_s
        with self._lock:
            for job_id, fence in held.items():
                hold = self._holds.get(job_id)
                if hold is None or hold.fence != fence:
                    continue
                hold.renewed_s = max(hold.renewed_s, sent_s)
                if job_id in renewal.stale:
                    del self._holds[job_id]
                    hold.lose(Loss.STALE)
                elif job_id in renewal.cancelled:
                    hold.cancel()

    async def _watch(self) -> None:
        """Two thirds of a lease without a yes: stop before another worker may start."""
        while True:
            await asyncio.sleep(self._lease_s / 20)
            too_old_s = time.monotonic() - self._lease_s * 2 / 3
            with self._lock:
                silent = [job_id for job_id, hold in self._holds.items() if hold.renewed_s < too_old_s]
                for job_id in silent:
                    self._holds.pop(job_id).lose(Loss.SILENCE)
