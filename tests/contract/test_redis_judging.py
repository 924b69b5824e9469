"""Definitions and news of running jobs, where only a real server can fail them: memory, time, space."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from fleet import keys
from fleet.errors import QueueMemoryFull
from fleet.events import Announcements
from fleet.judging import digest_of
from fleet.queue import Claim, Finish
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import a_worker
from tests.contract.queue_harness import LEASE_S, WORDS, RedisHarness, put, result, take
from tests.contract.test_redis_queue import stored


@pytest.fixture
async def queue(redis_harness: RedisHarness) -> RedisQueue:
    await redis_harness.queue.register(a_worker("w1"))
    return redis_harness.queue


@asynccontextmanager
async def full(clients: RedisClients) -> AsyncIterator[None]:
    """While the context lasts the memory of the server is full."""
    await clients.call("CONFIG", "SET", "maxmemory", 1)
    try:
        yield
    finally:
        await clients.call("CONFIG", "SET", "maxmemory", 0)


async def names(clients: RedisClients) -> set[str]:
    return {key.decode() for key in await clients.call("KEYS", "*")}


# --- a full memory -------------------------------------------------------------------------------


async def test_a_full_memory_takes_no_definition_and_gives_them_up(
    clients: RedisClients, queue: RedisQueue
) -> None:
    await queue.define("kept", "{}")
    await queue.define("given up", "{}")
    before = await names(clients)
    async with full(clients):
        for problem in ("new", "kept"):
            with pytest.raises(QueueMemoryFull):
                await queue.define(problem, '{"other":1}')
        assert await names(clients) == before
        assert await queue.definition("kept") == (digest_of("{}"), "{}")
        assert await queue.undefine("given up") is True
    assert await queue.definition("given up") is None
    assert await clients.call("SCARD", keys.PROBLEMS) == 1
    assert await clients.call("HGET", keys.COUNT, "defined_bytes") == b"2"


async def test_a_full_memory_drops_what_is_told_and_nothing_else(
    clients: RedisClients, queue: RedisQueue
) -> None:
    await put(queue)
    await queue.define("two-sum", "{}")
    held = await take(queue)
    await queue.progress(held, ["before"])
    async with full(clients):
        assert await queue.progress(held, ["meanwhile"]) is True
        assert await queue.told(held.job_id) == await queue.told(held.job_id)
        await queue.release("w1", [held])
        assert await queue.progress(held, ["too late"]) is False
        held = await take(queue)
        assert held.definition == digest_of("{}")
    assert await queue.progress(held, ["after"]) is True
    assert [text for _, text in await queue.told(held.job_id)] == ["before", "after"]


async def test_on_a_full_memory_the_verdicts_of_the_first_cases_are_kept(
    clients: RedisClients, queue: RedisQueue
) -> None:
    await put(queue)
    claim = await take(queue)
    streams = {"stdout": "x" * 1024, "stderr": "y" * 1024, "stdoutTruncated": False, "stderrTruncated": False}
    case = {"verdict": "wrong_answer", **streams, "diff": {"where": "line 1", "expected": "a", "actual": "b"}}
    told = {
        **result(claim, compile={**streams, "stdout": "z" * 200_000}),
        "cases": [{"index": index, **case} for index in range(100)],
        "files": [{"path": "big", "how": "whole", "content": "w" * 100_000, "bytes": 100_000}],
    }
    async with full(clients):
        assert await queue.finish(claim, told) is Finish.OK
    kept = await stored(queue, claim)
    assert [case["verdict"] for case in kept["cases"]] == ["wrong_answer"] * 16
    assert kept["cases"][7]["stdoutTruncated"] is True
    assert kept["compile"]["stdout"] == "z" * 1024
    assert kept["files"] == [{"path": "big", "how": "cut", "content": "", "bytes": 100_000}]
    assert len(json.dumps(kept)) < 30_000


# --- space ---------------------------------------------------------------------------------------


async def test_what_was_told_lives_as_long_as_the_job(clients: RedisClients) -> None:
    queue = RedisQueue(clients, QueueOptions(retention_s=1))
    await queue.register(a_worker("w1"))
    before = await names(clients)
    await put(queue)
    claim = await take(queue)
    await queue.progress(claim, ["1"])
    assert await clients.call("TTL", keys.told(claim.job_id)) == -1
    await queue.finish(claim, result(claim))
    assert 0 < await clients.call("PTTL", keys.told(claim.job_id)) <= 1000
    lasting = {keys.EVENTS, keys.COUNT, keys.CLOCKS, keys.claimed("w1")}
    async with asyncio.timeout(20):
        while await names(clients) - before - lasting:
            await asyncio.sleep(0.05)
    assert await queue.told(claim.job_id) == []


async def test_a_job_of_which_nothing_is_told_has_no_stream(clients: RedisClients, queue: RedisQueue) -> None:
    await put(queue)
    claim = await take(queue)
    await queue.progress(claim, [])
    await queue.finish(claim, result(claim))
    assert keys.told(claim.job_id) not in await names(clients)


async def test_many_jobs_and_definitions_leave_no_other_keys_than_theirs(
    clients: RedisClients, queue: RedisQueue
) -> None:
    fixed = {keys.COUNT, keys.EVENTS, keys.CLOCKS, keys.LANGUAGES, keys.PROBLEMS, keys.WORKERS}
    fixed |= {keys.worker("w1"), keys.claimed("w1")}
    jobs: list[str] = []
    for number in range(40):
        problem = f"p{number % 10}"
        await queue.define(problem, str(number))
        jobs.append(await put(queue, problem_id=problem))
        claim = await take(queue)
        await queue.progress(claim, ["1", "2"])
        await queue.progress(claim, ["3"])
        await queue.finish(claim, result(claim, problem_id=problem))
    of_jobs = {made(job_id) for job_id in jobs for made in (keys.job, keys.told)}
    of_problems = {made(f"p{number}") for number in range(10) for made in (keys.problem, keys.by_problem)}
    assert await names(clients) == fixed | of_jobs | of_problems
    for number in range(10):
        await queue.undefine(f"p{number}")
        key = keys.problem(f"p{number}")
        assert 0 < await clients.call("TTL", key) <= 60  # the answer to the same call sent again
        assert await clients.call("HKEYS", key) == [b"nonce"]
    assert keys.PROBLEMS not in await names(clients)
    assert await clients.call("HGET", keys.COUNT, "defined_bytes") == b"0"


async def test_a_definition_is_kept_until_it_is_removed(clients: RedisClients, queue: RedisQueue) -> None:
    await queue.define("p", "{}")
    assert await clients.call("TTL", keys.problem("p")) == -1
    await queue.undefine("p")
    await queue.define("p", "{}")
    assert await clients.call("TTL", keys.problem("p")) == -1


# --- who is woken --------------------------------------------------------------------------------


async def test_who_listens_hears_of_a_job_as_it_goes_on(
    redis_harness: RedisHarness, clients: RedisClients, queue: RedisQueue
) -> None:
    async with aclosing(Announcements(clients).news()) as news, asyncio.timeout(20):
        assert await anext(news) is None
        job_id = await put(queue)

        async def heard(*wanted: str) -> None:
            assert [await anext(news) for _ in wanted] == list(wanted)

        claim = await take(queue)
        for started in ([], [job_id], [job_id]):  # told of the first start alone
            await queue.renew("w1", {job_id: claim.fence}, started)
        await heard(job_id)
        await queue.progress(claim, ["1"])
        await queue.progress(claim, ["1"])
        await queue.progress(claim, [])
        await queue.progress(claim, ["2"])
        await heard(job_id, job_id)
        await queue.release("w1", [claim])
        await heard(job_id)
        await queue.fail(await take(queue), "engine", result(claim))
        await heard(job_id)
        await redis_harness.advance(LEASE_S + 61)
        await queue.reap()
        await heard(job_id)
        last: Claim = await take(queue)
        await queue.finish(last, result(last))
        done: Any = await anext(news)
        assert done.job_id == job_id


async def test_noise_on_the_channel_is_no_news(clients: RedisClients, queue: RedisQueue) -> None:
    async with aclosing(Announcements(clients).news()) as news, asyncio.timeout(20):
        assert await anext(news) is None
        for noise in (b"", b"\xff", b"f" * 33, b"F" * 32, b"{}"):
            await clients.call("PUBLISH", keys.PROGRESS_CHANNEL, noise)
        await clients.call("PUBLISH", keys.PROGRESS_CHANNEL, b"f" * 32)
        assert await anext(news) == "f" * 32
    assert await queue.claim("w1", WORDS, 1) == []
