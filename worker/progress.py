"""What has come of a job's cases, told while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from fleet.errors import QueueMemoryFull, QueueUnavailable
from fleet.queue import Queue
from worker.run import Loss, Run

_GATHER_S = 0.05
_AT_ONCE = 64  # events in one call
_TRIES_MAX = 10  # of the last call, once the job itself is over


class Progress:
    """Tells in the background: what comes within 50 ms in one call, one call at a time, in order."""

    def __init__(self, run: Run, queue: Queue) -> None:
        self._run, self._queue = run, queue
        self._events: list[str] = []
        self._closing = asyncio.Event()
        self._failures = 0  # in a row
        self._telling: asyncio.Task[None] | None = None

    def tell(self, case: Mapping[str, Any]) -> None:
        """Have a case told, as it stands in the result."""
        event = {**case, "attempt": self._run.claim.attempt}
        self._events.append(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all(), name="progress")

    async def close(self) -> None:
        """Return when everything was told, or the run is lost."""
        self._closing.set()
        if self._telling is not None:
            await self._telling

    async def _tell_all(self) -> None:
        while self._events and not self._run.loss:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GATHER_S):
                    await self._closing.wait()
            events, self._events = self._events[:_AT_ONCE], self._events[_AT_ONCE:]
            # Asked again while Redis is away, with the same events, so that they are told once.
            if await self._run.answer(lambda: self._send(events)) is False:  # noqa: B023 - awaited at once
                self._run.lose(Loss.STALE)

    async def _send(self, events: Sequence[str]) -> bool:
        try:
            held = await self._queue.progress(self._run.claim, events)
        except QueueUnavailable as error:
            self._failures += 1
            over = self._closing.is_set() and self._failures >= _TRIES_MAX
            if over or isinstance(error, QueueMemoryFull):
                return True  # it is news: the result will say it all again
            raise
        self._failures = 0
        return held
