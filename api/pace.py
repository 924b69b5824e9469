"""How fast jobs end in this fleet, and so when one that waits may start."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable

from api.directory import Directory
from fleet.errors import QueueUnavailable
from fleet.events import Completion
from fleet.queue import Queue

WINDOW_S = 60
REFRESH_S = 1.0


class Pace:
    """An estimate, from the ends of the last minute and the slots of live workers; never a promise.

    It asks the queue nothing on the way of a request: ends are announced anyway, and how many jobs
    run it looks up once a second.
    """

    def __init__(self, directory: Directory, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory, self._clock = directory, clock
        self._since = clock()
        self._seconds: deque[tuple[int, Counter[str]]] = deque()  # ends by language, a second each
        self._running: int | None = None

    async def heard(
        self, announcements: AsyncIterator[Completion | str | None]
    ) -> AsyncIterator[Completion | str | None]:
        """The announcements as they come, with the ends among them counted."""
        async for said in announcements:
            if isinstance(said, Completion):
                self.count(said.language)
            yield said

    def count(self, language: str) -> None:
        """Count the end of a job. Languages nobody serves are not: any text may be pushed as one."""
        if self._directory.resolve(language) is None:
            return
        second = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, Counter()))
            self._forget(second)
        self._seconds[-1][1][language] += 1

    def update(self, running: int | None) -> None:
        """Take over how many jobs run now; None: nobody knows."""
        self._running = running

    async def keep_fresh(self, queue: Queue) -> None:
        """Follow how many jobs run, for ever, ``REFRESH_S`` seconds behind."""
        while True:
            try:
                self.update((await queue.depth()).leased)
            except QueueUnavailable:
                self.update(None)
            await asyncio.sleep(REFRESH_S)

    def start_ms(self, language: str, position: int, now_ms: float) -> float | None:
        """When the job at this position (1: the next) may start, in milliseconds as ``now_ms`` is; None
        if that cannot be told."""
        if self._running is not None and position <= self._directory.slots_of(language) - self._running:
            return now_ms
        self._forget(int(self._clock()))
        ends = sum(counts[language] for _, counts in self._seconds)
        if not ends:
            return None
        seen_s = min(max(self._clock() - self._since, 1.0), WINDOW_S)
        return now_ms + 1000 * position * seen_s / ends

    def _forget(self, second: int) -> None:
        while self._seconds and self._seconds[0][0] <= second - WINDOW_S:
            self._seconds.popleft()
