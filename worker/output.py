"""What a program prints, told while it runs.

Nobody waits for this: not the program, whose output is read all the same, and not its result, which has
the whole of it. A short job tells nothing. One that goes on tells what is there every now and then, in
pieces that begin where the one before ended, and less often the longer it goes on. A Redis that is slow
or away only makes the pieces come later.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Sequence
from typing import Any

from fleet.errors import QueueMemoryFull, QueueUnavailable
from fleet.job import whole_characters
from fleet.queue import Queue
from worker.run import Loss, Run

_FIRST_S = 0.15  # after the first output
_PAUSE_S = 0.15  # between two calls; twice as long after each so many events:
_SLOWER_AFTER = 64
EVENTS_MAX = 256  # of one attempt. Three of them fit into what is kept of a job
_AT_ONCE = 16  # events in one call
CHUNK_BYTES = 8 * 1024
_EVENT_BYTES_MAX = 16 * 1024  # of the queue's; more is dropped there
_LAST_S = 0.1  # for the last call, which the result waits for


class LiveOutput:
    """Hears the output of one run, and tells it in the background."""

    def __init__(self, run: Run, queue: Queue) -> None:
        self._run, self._queue = run, queue
        self.said = {"stdout": bytearray(), "stderr": bytearray()}
        self._told = {"stdout": 0, "stderr": 0}  # bytes of it
        self._events = 0
        self._deserted = False  # nobody waits for it any more
        self._news, self._over = asyncio.Event(), asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    def hear(self, stream: str, data: bytes) -> None:
        """Some more of ``stdout`` or ``stderr``."""
        self.said[stream] += data
        self._news.set()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FIRST_S, self._begin)

    async def close(self) -> None:
        """The run is over: return when the rest was told, if anything was, or soon."""
        self._over.set()
        self._news.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._telling is not None:
            # Not cancelled if it takes longer: a call to Redis must not be. It ends with that call.
            await asyncio.wait({self._telling}, timeout=_LAST_S)
            self._deserted = True

    def _begin(self) -> None:
        self._telling = asyncio.create_task(self._tell_as_it_comes(), name="output")

    async def _tell_as_it_comes(self) -> None:
        while not self._stopped:
            over = self._over.is_set()
            self._news.clear()
            if events := self._next(over):
                await self._tell(events)
                await self._pause()
            elif over:
                return
            else:
                await self._news.wait()

    @property
    def _stopped(self) -> bool:
        return self._deserted or self._run.loss is not None or self._events >= EVENTS_MAX

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s(self._events)):
                await self._over.wait()

    async def _tell(self, events: Sequence[str]) -> None:
        while not self._deserted and not self._run.loss:
            try:
                held = await self._queue.progress(self._run.claim, events)
            except QueueUnavailable as error:
                if self._over.is_set() or isinstance(error, QueueMemoryFull):
                    return  # it is news: the result says it all again
                await self._pause()  # then the same once more, so that it is told once
                continue
            if not held:
                self._run.lose(Loss.STALE)
            return

    def _next(self, over: bool) -> list[str]:
        """The next pieces: at most as many as go in one call and are left to this attempt."""
        events: list[str] = []
        for stream in self.said:
            while len(events) < _AT_ONCE and self._events < EVENTS_MAX:
                event = self._piece(stream, over)
                if event is None:
                    break
                self._events += 1
                events.append(event)
        return events

    def _piece(self, stream: str, over: bool) -> str | None:
        """The next piece of a stream; None if there is none, or only a part of a character yet."""
        said, at = self.said[stream], self._told[stream]
        data = bytes(said[at : at + CHUNK_BYTES])
        goes_on = not over or at + len(data) < len(said)
        data = whole_characters(data, truncated=goes_on)
        if not data:
            return None
        if self._events == EVENTS_MAX - 1:
            return self._event(stream, at, "", "utf-8", truncated=True)
        self._told[stream] += len(data)
        try:
            event = self._event(stream, at, data.decode(), "utf-8")
        except UnicodeDecodeError:
            event = ""
        if not event or len(event.encode()) > _EVENT_BYTES_MAX:  # control characters are long in JSON
            event = self._event(stream, at, base64.b64encode(data).decode(), "base64")
        return event

    def _event(self, stream: str, offset: int, text: str, encoding: str, **more: Any) -> str:
        # Whoever reads it knows it from a case by its first word.
        event = {"stream": stream, "offset": offset, "text": text, "encoding": encoding, **more}
        event["attempt"] = self._run.claim.attempt
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def pause_s(events: int) -> float:
    """How long after a call the next may come, once so many events were told."""
    return _PAUSE_S * float(1 << (events // _SLOWER_AFTER))
