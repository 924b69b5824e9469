"""Clients, workers and a subscriber that go on through a failover, as the services do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from fleet.errors import QueueUnavailable
from fleet.events import Announcements, Completion, Completions
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import a_job_id, a_result, a_worker, an_order
from tests.contract.sentinels import eventually

T = TypeVar("T")
OPTIONS = QueueOptions(lease_s=1.0)
Connect = Callable[..., RedisClients]


async def until_answered(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer, asked for again while Redis is away, as every service does."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await ask()
            except QueueUnavailable:
                await asyncio.sleep(0.01)


async def put(queue: RedisQueue, job_id: str) -> str:
    await queue.enqueue(an_order(job_id=job_id, problem_id="p"))
    return job_id


class Life:
    """Clients, workers and a subscriber, each going on through whatever happens."""

    def __init__(self, connect: Connect) -> None:
        self._connections = [connect(replicas=1) for _ in range(4)]
        self.queue = RedisQueue(self._connections[0], OPTIONS)
        self.acknowledged: list[str] = []
        self.lines: list[Completion] = []
        self.subscriptions = 0
        self._closed = asyncio.Event()

    async def submit(self) -> None:
        """A client that submits one job after the other, each until it is acknowledged."""
        while not self._closed.is_set():
            job_id = a_job_id()
            await until_answered(partial(put, self.queue, job_id))
            self.acknowledged.append(job_id)

    async def work(self, name: str, clients: RedisClients) -> None:
        """A worker; what it held when a failover came is reaped and run again."""
        queue = RedisQueue(clients, OPTIONS)
        await until_answered(lambda: queue.register(a_worker(name)))
        while True:
            await until_answered(queue.reap)
            claims = await until_answered(lambda: queue.claim(name, ["tongue"], 4))
            for claim in claims:
                result = a_result(job_id=claim.job_id, problem_id="p").to_json()
                await until_answered(partial(queue.finish, claim, result))
            if len(claims) < 4:
                await until_answered(lambda: queue.wait(name, 0.2))

    async def write(self) -> None:
        """The subscriber: a line for each completion, and then its acknowledgement."""
        reader = Completions(self._connections[3], "log", "one", takeover_s=1.0)
        await reader.open()
        while True:
            batch = await until_answered(lambda: reader.read(timeout_s=0.2))
            assert batch.gaps == ()
            self.lines += batch.completions
            await until_answered(partial(reader.ack, batch))

    async def listen(self) -> None:
        """A subscriber of the channel; it is told whenever its subscription begins again."""
        announcements = Announcements(self._connections[3], silence_s=0.5, answer_s=0.5)
        async with aclosing(announcements.listen()) as heard:
            async for completion in heard:
                self.subscriptions += completion is None

    async def lines_reach(self, count: int) -> None:
        async def enough() -> bool:
            return len({line.job_id for line in self.lines}) >= count

        await eventually(enough, f"{count} lines")

    async def subscribed_more_than(self, times: int) -> None:
        async def again() -> bool:
            return self.subscriptions > times

        await eventually(again, f"subscription {times + 1}")

    def close(self) -> None:
        """Submit nothing more."""
        self._closed.set()

    async def __aenter__(self) -> Life:
        submitting = [self.submit(), self.submit(), self.submit()]
        working = [self.work(f"w{n}", self._connections[n]) for n in (1, 2)]
        self._submitters = [asyncio.create_task(task) for task in submitting]
        self._others = [asyncio.create_task(task) for task in (*working, self.write(), self.listen())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (*self._submitters, *self._others):
            task.cancel()
        ends = await asyncio.gather(*self._submitters, *self._others, return_exceptions=True)
        broken = [end for end in ends if isinstance(end, Exception)]
        assert not broken, broken

    async def all_submitted(self) -> None:
        await asyncio.wait(self._submitters, timeout=30)
