"""A job as it goes on: Server-Sent Events of its states, its cases and its end.

Theory of operation:

- Nothing is buffered for anybody. A stream reads what can be read at any time, the job's record and
  what was told of it, from where its reader has come to. A reader that is slow, or comes back after
  an hour, or is the second of two, reads on from there; it costs its own connection and no more.
- The id of an event says how far its reader has come, the state included, so ``Last-Event-ID``
  resumes without loss or repeat wherever the connection broke, also at another API process.
- Nobody polls. A stream sleeps until the job is announced (``api/waiters.py``), and says that it is
  still there meanwhile.
- After ``done`` the stream ends. A browser asks again then, as it does when a connection breaks, and
  is told with a 204 that there is nothing more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import answers
from api.problems import Kind, Problem
from api.waiters import Waiter, Waiters, ends_with_client
from fleet.errors import QueueUnavailable
from fleet.job import JobState
from fleet.queue import Queue, Record

KEEP_ALIVE_S = 15.0
_AGAIN_S = 1.0  # after which a queue that was away is asked again
_RETRY_MS = 1000  # after which a browser connects again
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})/(-|queued|running[0-9]{1,9})")
# In JSON a line break is mere layout; in an event it would begin another line. The others are text, and
# line breaks to readers that know too many of them.
_LINE_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_HEADERS = {"X-Accel-Buffering": "no"}  # a proxy on the way must not hold events back
LAST = "done"  # the id of the last event


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come: the last event it has of those told, and the last state."""

    told: str = "0-0"
    state: str = "-"

    @classmethod
    def read(cls, last_event_id: str) -> Cursor:
        """The cursor in a ``Last-Event-ID``; the beginning if there is none. Raises ``Problem``."""
        found = _CURSOR.fullmatch(last_event_id) if last_event_id else None
        if last_event_id and not found:
            detail = "must be the id of an event of this stream"
            raise Problem(
                Kind.INVALID_PARAMETER, f"Last-Event-ID: {detail}", errors=[("Last-Event-ID", detail)]
            )
        return cls(f"{found[1]}-{found[2]}", found[3]) if found else cls()

    def __str__(self) -> str:
        return f"{self.told}/{self.state}"


class EventStream(Response):
    """The events of one job from ``cursor`` on, as a response that ends after the last one."""

    media_type = "text/event-stream"

    def __init__(self, queue: Queue, waiters: Waiters, job_id: str, cursor: Cursor) -> None:
        self._queue, self._waiters = queue, waiters
        self._job_id, self._cursor = job_id, cursor
        self._done: Record | None = None  # the job, once it is done
        self._over = False  # all is told
        self.status_code, self.background = 200, None
        self.init_headers(_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events as they come, until the last, or until the client leaves or the API stops."""
        with self._waiters.waiting(self._job_id, progress=True) as waiter:
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

    async def _pieces(self, waiter: Waiter) -> AsyncGenerator[bytes, None]:
        yield b"retry: %d\n\n" % _RETRY_MS
        clock, away = asyncio.get_running_loop().time, False
        while not (waiter.over or self._over):
            if not await waiter.woken(clock() + (_AGAIN_S if away else KEEP_ALIVE_S)) and not away:
                yield b": waiting\n\n"
                continue
            try:
                while not self._over and ((news := await self._news()) or self._done):
                    yield news
                away = False
            except QueueUnavailable:
                if not away:
                    yield b": the queue is away\n\n"
                away = True

    async def _news(self) -> bytes:
        """What there is to tell now, at most a page of what was told; empty if there is nothing."""
        done = self._done  # known before we read on: then what we read is all there is
        page = await self._queue.told(self._job_id, self._cursor.told)
        # Read after what was told, so that a reader knows of a run before it hears of its cases.
        job = done or await self._queue.get(self._job_id)
        if job is None:  # the time it is kept ran out
            self._over = True
            return b""
        pieces = [self._state(job)]
        for event_id, text in page:
            self._cursor = replace(self._cursor, told=event_id)
            pieces.append(_event(str(self._cursor), "case", _LINE_BREAK.sub(_harmless, text)))
        if done and not page:
            self._over = True
            pieces.append(_event(LAST, "done", answers.encode(_end(done)).decode()))
        self._done = job if job.state is JobState.DONE else None
        return "".join(pieces).encode()

    def _state(self, job: Record) -> str:
        """The event of a state its reader has not been told of; empty for one it has, and for the end."""
        state = f"running{job.attempt}" if job.state is JobState.RUNNING else str(job.state)
        if job.state is JobState.DONE or state == self._cursor.state:
            return ""
        self._cursor = replace(self._cursor, state=state)
        said = {"state": str(job.state), "attempt": job.attempt}
        return _event(str(self._cursor), "state", answers.encode(said).decode())


def _harmless(found: re.Match[str]) -> str:
    return " " if found[0] in "\r\n" else f"\\u{ord(found[0]):04x}"


def _event(event_id: str, name: str, data: str) -> str:
    return f"id: {event_id}\nevent: {name}\ndata: {data}\n\n"


def _end(job: Record) -> Mapping[str, Any]:
    result = job.result or {}
    counts = {"tests": result["tests"]} if "tests" in result else {}
    return {
        **answers.summary(job.job_id, job.problem_id, job.state),
        "verdict": result.get("verdict"),
        **counts,
    }


def _too_many() -> Problem:
    detail = "too many requests wait for a job already; ask GET /result/{id}, or try again later"
    return Problem(Kind.TOO_MANY_STREAMS, detail, headers={"Retry-After": "5"})
