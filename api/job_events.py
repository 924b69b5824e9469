"""A job as it goes on: its states, what it prints, its cases and its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from api import answers
from api.places import Places
from api.problems import Kind, Problem
from api.streams import LAST, EventStream, event
from api.waiters import Waiters
from fleet.job import JobState
from fleet.queue import Record

_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})/(-|queued[0-9]{0,9}|running[0-9]{1,9})")
_OUTPUT = '{"stream":'  # how a worker begins to tell what a program printed; all else is a case


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
            raise no_event()
        return cls(f"{found[1]}-{found[2]}", found[3]) if found else cls()

    def __str__(self) -> str:
        return f"{self.told}/{self.state}"


class JobEvents(EventStream):
    """The events of one job from ``cursor`` on."""

    def __init__(self, places: Places, waiters: Waiters, job_id: str, cursor: Cursor) -> None:
        super().__init__(waiters, job_id)
        self._queue, self._places = places.queue, places
        self._job_id, self._cursor = job_id, cursor
        self._done: Record | None = None  # the job, once it is done

    def _restless(self) -> bool:
        return self._cursor.state.startswith("queued")  # its place changes as others go

    async def _news(self) -> bytes:
        while not (news := await self._page()) and self._done and not self._over:
            pass  # what was told until its end is still to be read
        return news

    async def _page(self) -> bytes:
        done = self._done  # known before we read on: then what we read is all there is
        page = await self._queue.told(self._job_id, self._cursor.told)
        # Read after what was told, so that a reader knows of a run before it hears of its cases.
        job = done or await self._queue.get(self._job_id)
        if job is None:  # the time it is kept ran out
            self._over = True
            return b""
        pieces = [await self._state(job)]
        for event_id, text in page:
            self._cursor = replace(self._cursor, told=event_id)
            name = "output" if text.startswith(_OUTPUT) else "case"
            pieces.append(event(str(self._cursor), name, text))
        if done and not page:
            self._over = True
            pieces.append(event(LAST, "done", answers.encode(_end(done)).decode()))
        self._done = job if job.state is JobState.DONE else None
        return b"".join(pieces)

    async def _state(self, job: Record) -> bytes:
        """The event of a state its reader has not been told of; empty for one it has, and for the end."""
        if job.state is JobState.DONE:
            return b""
        said: dict[str, Any] = {"state": str(job.state), "attempt": job.attempt}
        if job.state is JobState.QUEUED:
            place = await self._places.of_job(job)
            state = f"queued{place['position']}"
            if place["position"] or place["estimatedStart"]:  # else it was claimed, and runs at once
                said |= place
        else:
            state = f"running{job.attempt}"
        if state == self._cursor.state:
            return b""
        self._cursor = replace(self._cursor, state=state)
        return event(str(self._cursor), "state", answers.encode(said).decode())


def no_event() -> Problem:
    """The answer to a ``Last-Event-ID`` that is none of the stream's."""
    detail = "must be the id of an event of this stream"
    return Problem(Kind.INVALID_PARAMETER, f"Last-Event-ID: {detail}", errors=[("Last-Event-ID", detail)])


def _end(job: Record) -> Mapping[str, Any]:
    result = job.result or {}
    counts = {"tests": result["tests"]} if "tests" in result else {}
    return {
        **answers.summary(job.job_id, job.problem_id, job.state),
        "verdict": result.get("verdict"),
        **counts,
    }
