"""Open and closed loops: when requests are sent, and from when their latency counts.

Open: arrivals are fixed in advance and nothing waits for anything, as with real users; latency
counts from the planned arrival, so a stall is felt by everyone who would have met it. Closed: as
many requests in flight as allowed, each followed by the next; good for throughput and nothing else.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Fire = Callable[[], Awaitable[bool]]  # one request; was it answered as it should
_LEAD_S = 0.05


def even(per_s: float, seconds: float) -> list[float]:
    """Arrivals at equal distances, in seconds from the start."""
    return [at / per_s for at in range(int(per_s * seconds))]


def poisson(per_s: float, seconds: float, seed: int) -> list[float]:
    """Arrivals as independent users make them; the same seed gives the same ones."""
    rng, at_s, arrivals = random.Random(seed), 0.0, []
    while (at_s := at_s + rng.expovariate(per_s)) < seconds:
        arrivals.append(at_s)
    return arrivals


@dataclass(frozen=True, slots=True)
class Loop:
    """What a loop saw. ``wrong``: answers that were not what they should be; not among the latencies."""

    latencies_s: list[float]
    wrong: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Right answers a second."""
        return len(self.latencies_s) / self.seconds if self.seconds else 0.0


async def open_loop(arrivals_s: Sequence[float], fire: Fire) -> Loop:
    """One request at each arrival, come what may; latencies from the planned arrival."""
    began_s = time.monotonic() + _LEAD_S
    latencies_s: list[float] = []
    wrong = 0

    async def one(planned_s: float) -> None:
        nonlocal wrong
        if await fire():
            latencies_s.append(time.monotonic() - planned_s)
        else:
            wrong += 1

    async with asyncio.TaskGroup() as tasks:
        for arrival_s in arrivals_s:
            planned_s = began_s + arrival_s
            await asyncio.sleep(max(0.0, planned_s - time.monotonic()))
            tasks.create_task(one(planned_s))
    return Loop(latencies_s, wrong, time.monotonic() - began_s)


async def closed_loop(in_flight: int, warm_s: float, seconds: float, fire: Fire) -> Loop:
    """``in_flight`` requests at any time; counts those that end within ``seconds`` after ``warm_s``."""
    begin_s = time.monotonic() + warm_s
    end_s = begin_s + seconds
    latencies_s: list[float] = []
    wrong = 0

    async def client() -> None:
        nonlocal wrong
        while (sent_s := time.monotonic()) < end_s:
            right = await fire()
            now_s = time.monotonic()
            if not begin_s <= now_s < end_s:
                continue
            if right:
                latencies_s.append(now_s - sent_s)
            else:
                wrong += 1

    await asyncio.gather(*(client() for _ in range(in_flight)))
    return Loop(latencies_s, wrong, seconds)
