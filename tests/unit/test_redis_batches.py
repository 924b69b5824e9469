"""Commands that go in one trip: who gets which answer, and what happens to those who wait or leave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fleet.errors import QueueUnavailable
from fleet.redis_batches import Batches


class Redis:
    """Answers each command with its words, when it is let; a command ``fail`` is an error."""

    def __init__(self) -> None:
        self.trips: list[list[tuple[Any, ...]]] = []
        self.opened = asyncio.Event()
        self.broken: Exception | None = None

    def trip(self) -> RedisTrip:
        return RedisTrip(self)


class RedisTrip:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._commands: list[tuple[Any, ...]] = []

    def execute_command(self, *command: Any) -> None:
        self._commands.append(command)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        assert not raise_on_error
        self._redis.trips.append(self._commands)
        await self._redis.opened.wait()
        if self._redis.broken:
            raise self._redis.broken
        return [ValueError("failed") if "fail" in command else command for command in self._commands]


@pytest.fixture
async def redis() -> Redis:
    return Redis()


async def asked(batches: Batches, *commands: tuple[Any, ...]) -> list[asyncio.Task[Any]]:
    """Calls that have all been made."""
    tasks = [asyncio.create_task(batches.ask(command)) for command in commands]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_who_asks_meanwhile_goes_together(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    tasks = await asked(batches, *[("n", n) for n in range(10)])
    redis.opened.set()
    assert await asyncio.gather(*tasks) == [("n", n) for n in range(10)]
    assert [len(trip) for trip in redis.trips] == [10]
    redis.opened.clear()
    tasks = await asked(batches, ("first",))
    tasks += await asked(batches, *[("n", n) for n in range(200)])
    redis.opened.set()
    await asyncio.gather(*tasks)
    assert [len(trip) for trip in redis.trips[1:]] == [1, 64, 64, 64, 8]


async def test_so_many_trips_are_under_way_at_once(redis: Redis) -> None:
    batches = Batches(redis.trip, 2, 60)
    tasks = [*await asked(batches, ("a",)), *await asked(batches, ("b",)), *await asked(batches, ("c",))]
    assert redis.trips == [[("a",)], [("b",)]]
    redis.opened.set()
    assert await asyncio.gather(*tasks) == [("a",), ("b",), ("c",)]


async def test_who_asks_as_a_sender_comes_back_is_sent_at_once(redis: Redis) -> None:
    """In the step between a sender's last answer and its end as a task."""
    batches = Batches(redis.trip, 1, 60)
    redis.opened.set()
    for _ in range(50):
        async with asyncio.timeout(5):
            assert await batches.ask(("a",)) == ("a",)


async def test_a_large_command_travels_alone(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    tasks = await asked(batches, ("first",))
    tasks += await asked(batches, ("small",), ("large", b"x" * 2**20), ("small",), ("small",))
    redis.opened.set()
    await asyncio.gather(*tasks)
    assert [len(trip) for trip in redis.trips] == [1, 1, 1, 2]


async def test_few_large_answers_share_a_trip(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    tasks = await asked(batches, ("first",))
    tasks += [asyncio.create_task(batches.ask(("n",), 2**18 - 8)) for _ in range(8)]
    await asyncio.sleep(0)
    redis.opened.set()
    await asyncio.gather(*tasks)
    assert [len(trip) for trip in redis.trips] == [1, 4, 4]


async def test_an_error_of_one_command_is_its_own(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    tasks = await asked(batches, ("a",), ("fail",), ("b",))
    redis.opened.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert (answers[0], answers[2]) == (("a",), ("b",))
    assert isinstance(answers[1], ValueError)


async def test_a_broken_trip_is_told_to_all_in_it_and_the_next_goes(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    redis.broken = ConnectionError("reset")
    redis.opened.set()
    answers = await asyncio.gather(*await asked(batches, ("a",), ("b",)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError, ConnectionError]
    redis.broken = None
    assert await batches.ask(("c",)) == ("c",)


async def test_who_leaves_takes_nothing_along(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    [first] = await asked(batches, ("first",))
    second, third = await asked(batches, ("second",), ("third",))
    first.cancel()
    second.cancel()
    await asyncio.wait([first, second])
    redis.opened.set()
    assert await third == ("third",)
    assert redis.trips == [[("first",)], [("third",)]]  # the second had not been sent


async def test_who_was_not_sent_in_time_is_told(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 0.01)
    [first] = await asked(batches, ("first",))
    with pytest.raises(QueueUnavailable, match="connections were in use"):
        await batches.ask(("late",))
    redis.opened.set()
    assert await first == ("first",)
    assert redis.trips == [[("first",)]]


async def test_the_last_command_decides_for_all(redis: Redis) -> None:
    seen: list[Any] = []

    def settled(answer: Any) -> None:
        seen.append(answer)
        if len(seen) > 1:
            raise QueueUnavailable("too few replicas")

    batches = Batches(redis.trip, 1, 60, ("WAIT", 1), settled)
    redis.opened.set()
    assert await batches.ask(("a",)) == ("a",)
    answers = await asyncio.gather(*await asked(batches, ("b",), ("c",)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [QueueUnavailable, QueueUnavailable]
    assert seen == [("WAIT", 1), ("WAIT", 1)]


async def test_closing_tells_everybody(redis: Redis) -> None:
    batches = Batches(redis.trip, 1, 60)
    tasks = [*await asked(batches, ("a",)), *await asked(batches, ("b",))]
    await batches.aclose()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [QueueUnavailable, QueueUnavailable]
