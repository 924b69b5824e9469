"""Boxes started before their job is known, so that a job does not wait for the engine.

One pool a language, for boxes with its default limits; a job that asks for other limits gets a box
started for it. A pool holds as many as were taken from it within the last half minute, between a
floor and a ceiling: a language nobody uses costs the floor, one that is in demand survives a burst.
Refilling is done by one task, one box at a time. It gives way to boxes that a job waits for, since
the engine slows down when it starts many at once, and to the memory that running jobs may yet need.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fleet import log
from worker.metrics import Metrics
from worker.sandbox import Box, BoxSpec, Sandbox

_LOOK_S = 2.0  # between two looks for spares that are old, outdated or dead; the engine is not asked
_PAUSE_S = 1.0  # after a start that failed
_JOB_S = 0.05  # a keeper who sleeps leaves so long to a job that took a spare
_RESULT_S = 0.01  # and so long to a result on its way, once the job's box is discarded; that goes then
_DEMAND_S = 30.0  # how far back demand is looked at
_MEMINFO = Path("/proc/meminfo")
_log = log.get("worker.spares")


@dataclass(slots=True)
class _Spare:
    box: Box
    started_s: float  # by the monotonic clock


@dataclass(slots=True)
class _Pool:
    spec: BoxSpec
    taken_s: deque[float]  # when boxes were taken, by the monotonic clock; the newest, up to the ceiling
    ready: deque[_Spare] = field(default_factory=deque)
    image: str = ""  # that of new boxes, as far as anybody has said
    image_there: bool = True
    not_before_s: float = 0.0  # after a start that failed, so that others are filled meanwhile


@dataclass(frozen=True, slots=True)
class Stock:
    """How many spares a language has, and for how long: boxes, boxes, seconds."""

    floor: int
    ceiling: int
    max_age_s: float
    demand_s: float = _DEMAND_S


def memory_for(needed_bytes: int, meminfo: Path = _MEMINFO) -> Callable[[], bool]:
    """Tells whether the host has so much memory available, now; True where it does not say."""

    def available() -> bool:
        try:
            text = meminfo.read_text("ascii")
            (kib,) = (line.split()[1] for line in text.splitlines() if line.startswith("MemAvailable:"))
        except (OSError, ValueError):
            return True
        return int(kib) * 1024 >= needed_bytes

    return available


class Spares:
    """Ready boxes for each of ``specs``; ``room`` says whether there is memory for one more."""

    def __init__(
        self,
        sandbox: Sandbox,
        specs: Mapping[str, BoxSpec],
        stock: Stock,
        room: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self._sandbox, self._stock, self._room, self._metrics = sandbox, stock, room, metrics
        self._pools = {name: _Pool(spec, deque(maxlen=stock.ceiling)) for name, spec in specs.items()}
        self._starting = 0  # boxes that a job waits for
        self._roomy = True
        self._change = asyncio.Event()
        self._full = asyncio.Event()
        self._destroying: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None

    def add(self, spec: BoxSpec) -> None:
        """Keep spares of one more language."""
        self._pools[spec.language.name] = _Pool(spec, deque(maxlen=self._stock.ceiling))
        self._change.set()

    def open(self) -> None:
        """Begin to fill the pools."""
        self._keeper = asyncio.create_task(self._keep(), name="spares")

    async def take(self, spec: BoxSpec) -> Box:
        """A ready spare of ``spec``, or a box started now. Raises ``SandboxError``."""
        pool = self._pools.get(spec.language.name)
        box = None
        if pool is not None and pool.spec == spec:
            pool.taken_s.append(time.monotonic())
            box = self._ready(pool)
        found = "miss" if box is None else "hit"
        self._metrics.spares_taken.labels(spec.language.name, found).inc()
        if box is not None:
            # A start beside a short job slows that down, so it comes after the job, or after a while.
            asyncio.get_running_loop().call_later(_JOB_S, self._change.set)
            return box
        self._starting += 1
        try:
            return await self._start(spec)
        finally:
            self._starting -= 1
            self._change.set()

    def discard(self, box: Box, *, result_first: bool = False) -> None:
        """Destroy a box behind the caller's back; a result on its way goes first if it shall."""
        pause_s = _RESULT_S if result_first else 0.0
        task = asyncio.create_task(_destroy(box, pause_s))
        self._destroying.add(task)
        asyncio.get_running_loop().call_later(_RESULT_S, self._change.set)
        task.add_done_callback(self._destroying.discard)

    async def full(self) -> None:
        """Return when every pool that can be filled is."""
        await self._full.wait()

    def serves(self, language: str) -> bool:
        """False while the image of ``language`` is missing."""
        return self._pools[language].image_there

    def seen(self, language: str, image: str | None) -> None:
        """Note the image of new boxes of ``language``; None: there is none, so none can be started."""
        pool = self._pools.get(language)
        if pool is None:
            return
        if image is None and pool.image_there:
            _log.warning("image_missing", language=language, remedy="make images")
        if image is not None and not pool.image_there:
            self._change.set()
        pool.image, pool.image_there = image or pool.image, image is not None

    async def close(self) -> None:
        """Destroy all spares, and wait for every box that is being destroyed."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        for pool in self._pools.values():
            while pool.ready:
                self.discard(pool.ready.popleft().box)
        if self._destroying:
            await asyncio.wait(set(self._destroying))

    def _ready(self, pool: _Pool) -> Box | None:
        while pool.ready:
            spare = pool.ready.popleft()
            self._count(pool)
            if not spare.box.ended:
                return spare.box
            self.discard(spare.box)
        return None

    async def _start(self, spec: BoxSpec) -> Box:
        with self._metrics.start_s.labels(spec.language.name).time():
            return await self._sandbox.start(spec)

    async def _keep(self) -> None:
        looked_s = float("-inf")
        while True:
            if time.monotonic() - looked_s >= _LOOK_S:
                for pool in list(self._pools.values()):
                    self._weed(pool)
                looked_s = time.monotonic()
            neediest = max(self._pools.values(), key=self._missing, default=None)
            if neediest and self._missing(neediest) > 0 and not self._starting and self._has_room():
                await self._refill(neediest)
                continue
            if not self._starting:
                self._full.set()
            self._change.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._change.wait()

    def _missing(self, pool: _Pool) -> int:
        if not pool.image_there or time.monotonic() < pool.not_before_s:
            return 0
        return self._wanted(pool) - len(pool.ready)

    def _wanted(self, pool: _Pool) -> int:
        since_s = time.monotonic() - self._stock.demand_s
        while pool.taken_s and pool.taken_s[0] < since_s:
            pool.taken_s.popleft()
        # Thirteen languages at the full floor would be a lot to keep for those that hardly anybody uses.
        floor = self._stock.floor if pool.spec.language.starter else min(self._stock.floor, 1)
        return max(floor, len(pool.taken_s))

    def _has_room(self) -> bool:
        """Whether the host has memory for a spare; one that has not is asked again at the next look."""
        room = self._room()
        if room != self._roomy:
            self._roomy = room
            _log.warning("spares_resumed" if room else "spares_held_back", reason="memory of the host")
        return room

    async def _refill(self, pool: _Pool) -> None:
        name = pool.spec.language.name
        try:
            box = await self._start(pool.spec)
        except Exception as error:  # whatever it is, the keeper goes on for the other languages
            _log.warning("spare_failed", language=name, error=f"{type(error).__name__}: {error}")
            pool.not_before_s = time.monotonic() + _PAUSE_S
            return
        pool.ready.append(_Spare(box, time.monotonic()))
        self._count(pool)

    def _weed(self, pool: _Pool) -> None:
        """Drop spares that are dead, old, of an image that has been built anew, or too many."""
        oldest_s = time.monotonic() - self._stock.max_age_s
        for spare in list(pool.ready):
            outdated = pool.image_there and pool.image and spare.box.image != pool.image
            if spare.box.ended or outdated or spare.started_s < oldest_s:
                pool.ready.remove(spare)
                self.discard(spare.box)
        while len(pool.ready) > self._wanted(pool):
            self.discard(pool.ready.popleft().box)
        self._count(pool)

    def _count(self, pool: _Pool) -> None:
        if self._missing(pool) > 0:
            self._full.clear()
        self._metrics.spares_ready.labels(pool.spec.language.name).set(len(pool.ready))


async def _destroy(box: Box, pause_s: float) -> None:
    await asyncio.sleep(pause_s)
    await box.destroy()
