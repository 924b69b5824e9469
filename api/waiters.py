"""Requests that wait for a job to be done, woken by its announcement.

One listener serves the whole process: it reads ``problem_done`` and wakes who waits for that job,
and ``job_progress`` for those who follow a job as it goes on.
Announcements can be missed while the listener reconnects, so each new subscription wakes everyone
to look again. Nobody polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from fastapi import Request

from fleet.events import Completion


class Waiter:
    """One request that waits for one job; with ``progress`` also for what comes of it meanwhile."""

    def __init__(self, *, progress: bool = False) -> None:
        self.progress = progress
        self.over = False  # whether to stop waiting: the client has left, or the API stops
        self.left = False  # whether the client has left
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Make it look again."""
        self._event.set()

    def end(self, *, left: bool = False) -> None:
        """Make it stop waiting."""
        self.over, self.left = True, self.left or left
        self._event.set()

    async def woken(self, deadline: float) -> bool:
        """Whether there is a reason to look before ``deadline``, in the loop's time."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return not self.over


class Waiters:
    """All requests of this process that wait, at most ``most`` at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_job: dict[str, set[Waiter]] = {}
        self._count = 0
        self._closed = False
        self.heard = 0  # announcements so far; while it stands still no job has moved

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def waiting(self, job_id: str, *, progress: bool = False) -> Iterator[Waiter | None]:
        """A waiter for the job while the context lasts; None if too many wait already.

        Enter before the job is enqueued or looked up: what is announced from then on is not missed.
        """
        if self._closed or self._count >= self._most:
            yield None
            return
        waiter = Waiter(progress=progress)
        others = self._by_job.setdefault(job_id, set())
        others.add(waiter)
        self._count += 1
        try:
            yield waiter
        finally:
            self._count -= 1
            others.discard(waiter)
            if not others:
                self._by_job.pop(job_id, None)

    async def follow(self, announcements: AsyncIterator[Completion | str | None]) -> None:
        """Wake waiters for as long as there are announcements: of a job that is done, of the id of one
        that goes on, and None of a new subscription."""
        async for said in announcements:
            self.heard += 1
            match said:
                case None:
                    self._each(Waiter.wake)
                case str():
                    for waiter in self._by_job.get(said, ()):
                        if waiter.progress:
                            waiter.wake()
                case Completion():
                    for waiter in self._by_job.get(said.job_id, ()):
                        waiter.wake()

    def close(self) -> None:
        """End all waiting, now and from now on: the API stops."""
        self._closed = True
        self._each(Waiter.end)

    def _each(self, act: Callable[[Waiter], None]) -> None:
        for waiters in self._by_job.values():
            for waiter in waiters:
                act(waiter)


@asynccontextmanager
async def ends_with_client(waiter: Waiter, request: Request) -> AsyncIterator[None]:
    """While the context lasts, a client that leaves ends ``waiter``."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        waiter.end(left=True)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
