"""Hearing of cancels: the channel only wakes, and the queue has the last word."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from fleet.errors import QueueUnavailable
from fleet.queue import Renewal
from fleet.testing import a_job_id
from tests.unit.worker_harness import Queue, until
from worker.cancels import Cancels
from worker.run import Loss, Run


class Channel:
    """What is said on the channel, and when it is made anew (None)."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[str | None] = asyncio.Queue()
        self.heard = 0

    def say(self, job_id: str | None) -> None:
        self._said.put_nowait(job_id)

    async def asked(self) -> AsyncGenerator[str | None, None]:
        while True:
            job_id = await self._said.get()
            yield job_id
            self.heard += 1


class World:
    """Two claims that are being worked on, and a listener."""

    def __init__(self, queue: Queue) -> None:
        self.queue, self.channel = queue, Channel()
        self.runs: list[Run] = []

    async def heard(self, *job_ids: str | None) -> None:
        """Say these on the channel; return when the listener has dealt with them."""
        before = self.channel.heard
        for job_id in job_ids:
            self.channel.say(job_id)
        await until(lambda: self.channel.heard == before + len(job_ids))


@contextlib.asynccontextmanager
async def listening(queue: Queue | None = None) -> AsyncIterator[World]:
    world = World(queue or Queue())
    for _ in range(2):
        await world.queue.submit()
    claims = await world.queue.claim("w1", ["tongue"], 2)
    world.runs = [Run(claim, time.monotonic()) for claim in claims]
    cancels = Cancels("w1", world.queue, world.channel.asked, lambda: world.runs)
    cancels.open()
    try:
        yield world
    finally:
        await cancels.close()


def ids(world: World) -> list[str]:
    return [run.claim.job_id for run in world.runs]


async def test_only_the_run_of_the_job_that_is_cancelled_stops() -> None:
    async with listening() as world:
        first, second = ids(world)
        await world.queue.cancel(second, {})
        await world.heard(second)

        assert [run.cancelled for run in world.runs] == [False, True]
        assert all(run.loss is None for run in world.runs)
        assert first not in {second}


async def test_a_message_that_the_queue_does_not_confirm_stops_nothing() -> None:
    async with listening() as world:
        await world.heard(*ids(world), a_job_id())

        assert not any(run.cancelled for run in world.runs)


async def test_jobs_of_others_cost_the_queue_nothing() -> None:
    async with listening() as world:
        del world.queue.asked[:]
        await world.heard(a_job_id(), a_job_id())

        assert world.queue.asked == []


async def test_what_was_missed_is_asked_for_when_the_subscription_begins_again() -> None:
    async with listening() as world:
        await world.queue.cancel(ids(world)[0], {})
        assert not world.runs[0].cancelled
        await world.heard(None)

        assert [run.cancelled for run in world.runs] == [True, False]


async def test_a_lease_that_is_no_longer_held_is_lost_and_not_cancelled() -> None:
    async with listening() as world:
        await world.queue.release("w1", [world.runs[0].claim])
        await world.heard(ids(world)[0])

        assert (world.runs[0].loss, world.runs[0].cancelled) == (Loss.STALE, False)


async def test_a_queue_that_is_away_or_broken_does_not_end_the_listener() -> None:
    class Moody(Queue):
        moods: list[Exception]

        async def renew(self, worker_id: str, held: Mapping[str, str], started: Any = ()) -> Renewal:
            if self.moods:
                raise self.moods.pop()
            return await super().renew(worker_id, held, started)

    queue = Moody()
    queue.moods = [ValueError("what is this"), QueueUnavailable("away")]
    async with listening(queue) as world:
        job_id = ids(world)[0]
        await queue.cancel(job_id, {})
        await world.heard(job_id, job_id)
        assert not world.runs[0].cancelled
        await world.heard(job_id)
        assert world.runs[0].cancelled
