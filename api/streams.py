"""Answers that are sent piece by piece, as what they tell comes about.

Theory of operation:

- Nothing is buffered for anybody. A stream reads what can be read at any time, a job's record, what
  was told of it, the list of a batch's ends, from where its reader has come to. A reader that is slow,
  or comes back after an hour, or is the second of two, reads on from there; it costs its own
  connection and no more.
- The id of an event says how far its reader has come, so ``Last-Event-ID`` resumes without loss or
  repeat wherever the connection broke, also at another API process.
- Nobody polls. A stream sleeps until its job or batch is announced (``api/waiters.py``), and says that
  it is still there meanwhile. Only where a job waits, its place in the queue, is looked at again each
  second, and only if jobs have moved.
- After ``done`` a stream of events ends. A browser asks again then, as it does when a connection
  breaks, and is told with a 204 that there is nothing more.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import Kind, Problem
from api.waiters import Waiter, Waiters, ends_with_client
from fleet.errors import QueueUnavailable

KEEP_ALIVE_S = 15.0
LAST = "done"  # the id of the last event
_AGAIN_S = 1.0  # after which what is not announced is looked at again, and a queue that was away
_RETRY_MS = 1000  # after which a browser connects again
# In JSON a line break is mere layout; in an event it would begin another line. The others are text, and
# line breaks to readers that know too many of them.
_LINE_BREAK = re.compile("[\r\n\x85\u2028\u2029]")


class LiveStream(Response, ABC):
    """A response that ends when all is told, or its client leaves, or the API stops.

    It follows one job or batch, and has a place among the waiters while it lasts.
    """

    def __init__(self, waiters: Waiters, subject: str, headers: Mapping[str, str]) -> None:
        self._waiters, self._subject = waiters, subject
        self.status_code, self.background = 200, None
        self.init_headers({"X-Accel-Buffering": "no", **headers})  # no proxy must hold anything back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send pieces as they come."""
        with self._waiters.waiting(self._subject, progress=True) as waiter:
            if waiter is None:
                await _too_many().response()(scope, receive, send)
                return
            waiter.wake()  # it may have gone on before we listened: look once
            async with (
                ends_with_client(waiter, Request(scope, receive)),
                aclosing(self._pieces(waiter)) as pieces,
            ):
                start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(start)
                # Sending waits for a reader that is slow; meanwhile nothing is read for it.
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})

    @abstractmethod
    def _pieces(self, waiter: Waiter) -> AsyncGenerator[bytes, None]:
        """What is sent, until there is no more."""


class EventStream(LiveStream):
    """Server-Sent Events from where the reader has come to, until the last one."""

    media_type = "text/event-stream"

    def __init__(self, waiters: Waiters, subject: str) -> None:
        super().__init__(waiters, subject, {})
        self._over = False  # all is told
        self._heard = -1  # announcements when it was looked last

    @abstractmethod
    async def _news(self) -> bytes:
        """What there is to tell now, at most a page of it; empty if there is nothing for the moment."""

    def _restless(self) -> bool:
        """Whether what is told next may come about without an announcement for this reader."""
        return False

    async def _pieces(self, waiter: Waiter) -> AsyncGenerator[bytes, None]:
        yield b"retry: %d\n\n" % _RETRY_MS
        clock, away = asyncio.get_running_loop().time, False
        said_at = clock()
        while not (waiter.over or self._over):
            again_s = min(_AGAIN_S, KEEP_ALIVE_S) if away or self._restless() else KEEP_ALIVE_S
            if not await waiter.woken(clock() + again_s) and not away and not self._stirred():
                if clock() - said_at >= KEEP_ALIVE_S:
                    said_at = clock()
                    yield b": waiting\n\n"
                continue
            self._heard = self._waiters.heard
            try:
                while not self._over and (news := await self._news()):
                    yield news
                    said_at = clock()
                away = False
            except QueueUnavailable:
                if not away:
                    yield b": the queue is away\n\n"
                away = True

    def _stirred(self) -> bool:
        return self._restless() and self._heard != self._waiters.heard


def event(event_id: str, name: str, data: str) -> bytes:
    """One event. ``data`` is JSON that anyone may have written; it stays one event."""
    return f"id: {event_id}\nevent: {name}\ndata: {_LINE_BREAK.sub(_harmless, data)}\n\n".encode()


def _harmless(found: re.Match[str]) -> str:
    return " " if found[0] in "\r\n" else f"\\u{ord(found[0]):04x}"


def _too_many() -> Problem:
    detail = "too many requests wait for a job already; ask GET /result/{id}, or try again later"
    return Problem(Kind.TOO_MANY_STREAMS, detail, headers={"Retry-After": "5"})
