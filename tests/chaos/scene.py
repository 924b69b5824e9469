"""What a fault can act on, and how faults are dealt: like cards from a shuffled deck.

A fault takes its victim for itself, so that no two act on one process at once; it returns False if
there was no victim to be had, and then it does not count.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.chaos import sabotage
from tests.chaos.engine import Engine
from tests.chaos.fleet_under_test import FleetUnderTest, Member, Redis
from tests.chaos.processes import pause
from tests.chaos.proxy import Side, Trap
from tests.chaos.recovery import Recovery
from tests.chaos.traffic import Traffic

TRAP_S = 2.0  # patience until a process does what it is to be caught at
_HEALTHY_MIN = 2  # workers that no fault has at present
_Single = TypeVar("_Single", Redis, Engine)


@dataclass
class Scene:
    """What a fault can act on. ``name`` is that of the fault."""

    name: str
    fleet: FleetUnderTest
    traffic: Traffic
    recovery: Recovery
    rng: random.Random
    engine: Engine | None

    @contextlib.contextmanager
    def victim(self, members: Sequence[Member], healthy_min: int = 0) -> Iterator[Member | None]:
        """One of ``members`` for this fault alone; None if too few are free."""
        free = [member for member in members if not member.busy]
        if len(free) <= healthy_min:
            yield None
            return
        member = self.rng.choice(free)
        member.busy = True
        try:
            yield member
        finally:
            member.busy = False

    def worker(self) -> contextlib.AbstractContextManager[Member | None]:
        """A worker that may be lost."""
        return self.victim(self.fleet.workers, _HEALTHY_MIN)

    def trap(self, verb: str, side: Side, answer_bytes_min: int = 0) -> Trap:
        """A trap for a script of the queue."""
        return Trap(sabotage.marker(self.fleet.plan.sabotage, verb), side, answer_bytes_min)

    async def hit(self, worker: Member) -> None:
        """Note the jobs that a worker holds now."""
        await self.recovery.hit(self.name, f"{worker.process.name}-")

    @contextlib.contextmanager
    def redis(self) -> Iterator[Redis | None]:
        """Redis for this fault alone; None if another has it."""
        with _alone(self.fleet.redis) as redis:
            yield redis

    @contextlib.contextmanager
    def own_engine(self) -> Iterator[Engine | None]:
        """The campaign's engine for this fault alone; None if another has it, or there is none."""
        if self.engine is None:
            yield None
            return
        with _alone(self.engine) as engine:
            yield engine


@contextlib.contextmanager
def _alone(single: _Single) -> Iterator[_Single | None]:
    if single.busy:
        yield None
        return
    single.busy = True
    try:
        yield single
    finally:
        single.busy = False


Strike = Callable[[Scene], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault and how many cards of the deck are its."""

    name: str
    cards: int
    strike: Strike
    of_engine: bool = False


class Storm:
    """Deals the faults, one after the other, until told to stop."""

    def __init__(
        self, scene: Callable[[str], Scene], faults: Sequence[Fault], rng: random.Random, journal: Path
    ) -> None:
        self._scene, self._faults, self._rng, self._journal = scene, faults, rng, journal
        self.counts = dict.fromkeys((fault.name for fault in faults), 0)

    async def rage(self, seconds: float, pause_s: float) -> None:
        """Strike for ``seconds``; returns when the last fault has ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        deck: list[Fault] = []
        async with asyncio.TaskGroup() as strikes:
            while loop.time() < end:
                if not deck:
                    deck = [fault for fault in self._faults for _ in range(fault.cards)]
                    self._rng.shuffle(deck)
                strikes.create_task(self._strike(deck.pop()))
                await pause(min(self._rng.expovariate(1 / pause_s), 3 * pause_s))

    async def _strike(self, fault: Fault) -> None:
        began_s = time.time()
        struck = await fault.strike(self._scene(fault.name))
        self.counts[fault.name] += struck
        took_s, how = time.time() - began_s, "struck" if struck else "missed"
        with self._journal.open("a") as journal:
            journal.write(f"{began_s:.3f} {took_s:6.3f} s  {how}  {fault.name}\n")
