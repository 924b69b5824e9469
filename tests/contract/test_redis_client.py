"""The connections: whose answer is whose, what is found at start, how errors read."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator

import pytest

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.redis_client import RedisClients, Timing, check_server, wait_for_redis
from tests.contract.conftest import RedisServer


async def test_a_cancelled_call_never_leaves_its_answer_to_another(redis_server: RedisServer) -> None:
    """redis-py once did (CVE-2023-28858): here it would give one tenant the output of another."""
    clients = RedisClients(redis_server.url, Timing(connections_max=4))
    chance = random.Random(17)  # noqa: S311 - a seed, to fail the same way twice
    wrong: list[tuple[str, bytes]] = []
    answered = cancelled = 0

    async def ask(number: int) -> None:
        nonlocal answered
        token = f"token-{number}"
        answer = await clients.call("ECHO", token)
        answered += 1
        if answer != token.encode():
            wrong.append((token, answer))

    # How many calls a cancellation still finds under way depends on the machine: until there were enough.
    number = 0
    while number < 3000 or min(cancelled, answered) < 300:
        tasks = [asyncio.create_task(ask(number + i)) for i in range(6)]
        for task in tasks:
            if chance.random() < 0.5:
                for _ in range(chance.randrange(12)):
                    await asyncio.sleep(0)
                cancelled += task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        number += 6
    await clients.aclose()
    assert wrong == []


async def test_callers_that_ask_without_a_pause_keep_nobody_waiting(redis_server: RedisServer) -> None:
    """The library's own pool lets a fifth caller wait for ever while four ask again at once."""
    clients = RedisClients(redis_server.url, Timing(connections_max=4, lend_s=60))
    asked = 0

    async def insist() -> None:
        nonlocal asked
        while True:
            await clients.call("PING")
            asked += 1

    insisting = [asyncio.create_task(insist()) for _ in range(12)]
    while asked < 100:
        await asyncio.sleep(0)
    before = asked
    assert await clients.call("ECHO", "here") == b"here"
    assert asked - before < 100  # those before it in the queue, and those under way
    for task in insisting:
        task.cancel()
    await asyncio.gather(*insisting, return_exceptions=True)
    await clients.aclose()


async def test_a_cancellation_is_never_lost(clients: RedisClients) -> None:
    """asyncio.wait_for of Python 3.11, which the library sends through, loses some."""
    for pause in range(400):
        task = asyncio.create_task(clients.call("ECHO", "x"))
        for _ in range(pause % 8):
            await asyncio.sleep(0)
        asked = task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == asked


async def test_a_cancelled_wait_loses_nothing(clients: RedisClients) -> None:
    for number in range(50):
        task = asyncio.create_task(
            clients.block("BLMOVE", keys.PUBLIC, keys.inbox("w1"), "RIGHT", "LEFT", block_s=5)
        )
        for _ in range(number % 25):
            await asyncio.sleep(0)
        await clients.call("LPUSH", keys.PUBLIC, f"item-{number}")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    left = await clients.call("LLEN", keys.PUBLIC)
    assert left + await clients.call("LLEN", keys.inbox("w1")) == 50


async def test_more_callers_than_connections_wait_their_turn(redis_server: RedisServer) -> None:
    clients = RedisClients(redis_server.url, Timing(connections_max=2))
    answers = await asyncio.gather(*(clients.call("ECHO", str(n)) for n in range(200)))
    assert answers == [str(n).encode() for n in range(200)]
    await clients.aclose()


async def test_an_absent_redis_is_unavailable_and_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"redis://:secret@127.0.0.1:{taken.getsockname()[1]}/0"
        clients = RedisClients(url, Timing(resends=0))
        with pytest.raises(QueueUnavailable) as refused:
            await clients.call("PING")
        assert "secret" not in str(refused.value)
        with pytest.raises(QueueUnavailable):
            await wait_for_redis(clients, timeout_s=0)
        await clients.aclose()


async def test_a_wrong_password_is_told(clients: RedisClients, redis_server: RedisServer) -> None:
    await clients.call("ACL", "SETUSER", "somebody", "on", ">right", "+@all", "~*")
    port = redis_server.port
    stranger = RedisClients(f"redis://somebody:wrong@127.0.0.1:{port}/0", Timing(resends=0))
    with pytest.raises(QueueUnavailable, match="AuthenticationError"):
        await stranger.call("PING")
    await stranger.aclose()
    await clients.call("ACL", "DELUSER", "somebody")


@pytest.fixture
async def configured(clients: RedisClients) -> AsyncIterator[RedisClients]:
    yield clients
    await clients.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
    await clients.call("CONFIG", "SET", "appendonly", "yes")


async def test_a_sound_server_has_no_findings(clients: RedisClients) -> None:
    assert await check_server(clients) == []


async def test_a_server_that_throws_keys_away_is_refused(configured: RedisClients) -> None:
    await configured.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    (finding,) = await check_server(configured)
    assert finding.level == "refuse"
    assert "allkeys-lru" in finding.detail
    assert "noeviction" in finding.remedy


async def test_a_server_without_persistence_is_warned_of(configured: RedisClients) -> None:
    await configured.call("CONFIG", "SET", "appendonly", "no")
    (finding,) = await check_server(configured)
    assert finding.level == "warn"
    assert "append-only" in finding.detail


async def test_an_old_server_is_refused(clients: RedisClients, monkeypatch: pytest.MonkeyPatch) -> None:
    info = {**await clients.info(), "redis_version": "6.0.16"}

    async def old() -> dict[str, object]:
        return info

    monkeypatch.setattr(clients, "info", old)
    (finding,) = await check_server(clients)
    assert (finding.level, "6.0.16" in finding.detail) == ("refuse", True)
