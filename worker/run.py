"""One claim on its way to a result, and the ways it can be taken from us or stopped meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from enum import StrEnum
from typing import Any, TypeVar

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.queue import Claim

T = TypeVar("T")
_PAUSE_S_MIN, _PAUSE_S_MAX = 0.05, 1.0
_log = log.get("worker.run")


class Loss(StrEnum):
    """Why a run must stop before its end."""

    STALE = "stale"  # Redis says that the lease is no longer ours
    SILENCE = "silence"  # no renewal went through for so long that it soon will not be
    DRAIN = "drain"  # the worker shuts down; the claim goes back without penalty


class Run:
    """A claim being worked on. ``lose`` and ``cancel`` may come at any moment; of losses the first reason
    counts, and a run that is lost is no longer ours to cancel."""

    def __init__(self, claim: Claim, asked_s: float) -> None:
        self.claim = claim
        self.asked_s = asked_s  # when the claim was sent, by the monotonic clock
        self._claimed_s = time.monotonic()
        self.started_ms: float | None = None  # when its program was handed to a box
        self.loss: Loss | None = None
        self.cancelled = False  # somebody asked for it
        self._settled = False
        self._lost = asyncio.Event()
        self._work: asyncio.Timeout | None = None  # what ends with the loss

    def now_ms(self) -> float:
        """The time by the clock of Redis, as far as this process can tell: read at the claim, and
        carried on by the local monotonic clock."""
        return self.claim.claimed_at_ms + (time.monotonic() - self._claimed_s) * 1000

    def lose(self, why: Loss) -> None:
        """Stop: whatever this run does in a sandbox ends now."""
        if self._settled or self.loss:
            return
        self.loss = why
        self._lost.set()
        self._stop_work()

    def cancel(self) -> None:
        """Stop whatever this run does in a sandbox; what came of it so far is to be the result."""
        if not self._settled and not self.cancelled:
            self.cancelled = True
            self._stop_work()

    def _stop_work(self) -> None:
        if self._work is not None:
            self._work.reschedule(0.0)
            self._work = None  # once is enough

    def settle(self) -> None:
        """Redis took our word for the end of this run. A heartbeat that crossed that answer calls the
        lease lost, since the job is nobody's by then; that is no loss."""
        self._settled = True
        self.loss = None

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What ``work`` returns, or None if the run was lost or cancelled first; then the work was
        cancelled and has ended. Never wrap a call to Redis: those must not be cancelled.

        It begins in this very step, in no task of its own: a job's program should not wait for its turn
        behind whatever else the loop has to do.
        """
        if self.loss or self.cancelled:
            work.close()
            return None
        try:
            async with asyncio.timeout(None) as self._work:
                return await work
        except TimeoutError:
            if not (self.loss or self.cancelled):
                raise
            return None
        finally:
            self._work = None

    async def answer(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """The answer of Redis, asked again while it is away; None once the run is lost."""
        pause_s = _PAUSE_S_MIN
        while not self.loss:
            try:
                return await call()
            except QueueUnavailable as error:
                if pause_s == _PAUSE_S_MIN:
                    _log.warning("queue_away", job=self.claim.job_id, error=str(error))
            try:
                async with asyncio.timeout(pause_s):
                    await self._lost.wait()
            except TimeoutError:
                pause_s = min(2 * pause_s, _PAUSE_S_MAX)
        return None
