"""Hearing of every finished job, whatever happens to the reader, the stream and the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.events import Announcements, Batch, Completion, Completions
from fleet.redis_client import RedisClients, Timing
from fleet.redis_queue import RedisQueue
from fleet.testing import a_result, a_worker, an_order
from tests.contract.conftest import RedisServer
from tests.contract.faulty_proxy import FaultyProxy
from tests.contract.queue_harness import RedisHarness, cancel


@pytest.fixture
async def queue(redis_harness: RedisHarness) -> RedisQueue:
    await redis_harness.queue.register(a_worker("w1"))
    return redis_harness.queue


async def end_jobs(queue: RedisQueue, count: int) -> list[str]:
    """Bring ``count`` jobs to their end; their ids in the order of their events."""
    for _ in range(count):
        await queue.enqueue(an_order(problem_id="p"))
    claims = await queue.claim("w1", ["tongue"], count)
    assert len(claims) == count
    for claim in claims:
        await queue.finish(claim, a_result(job_id=claim.job_id, problem_id="p").to_json())
    return [claim.job_id for claim in claims]


class Readers:
    """Makes consumers of one group and closes them."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients
        self.made: list[Completions] = []

    async def __call__(self, consumer: str = "c1", *, takeover_s: float = 3600.0) -> Completions:
        reader = Completions(self._clients, "log", consumer, entries_max=4, takeover_s=takeover_s)
        await reader.open()
        self.made.append(reader)
        return reader


@pytest.fixture
async def readers(clients: RedisClients) -> AsyncIterator[Readers]:
    made = Readers(clients)
    yield made
    for reader in made.made:
        await reader.close()


async def drain(reader: Completions) -> tuple[list[int], list[tuple[int, int]], int]:
    """Read and acknowledge until nothing comes: numbers, gaps, repeats."""
    numbers: list[int] = []
    gaps: list[tuple[int, int]] = []
    repeats = 0
    while True:
        batch = await reader.read(timeout_s=0)
        repeats += batch.repeats
        if not batch:
            return numbers, gaps, repeats
        numbers += [completion.n for completion in batch.completions]
        gaps += batch.gaps
        await reader.ack(batch)


# --- the channel ---------------------------------------------------------------------------------


async def test_each_end_is_announced_to_plain_subscribers(queue: RedisQueue, clients: RedisClients) -> None:
    async with aclosing(Announcements(clients).listen()) as announcements, asyncio.timeout(20):
        assert await anext(announcements) is None
        ids = await end_jobs(queue, 3)
        heard = [await anext(announcements) for _ in ids]
    assert [(c.n, c.job_id, c.problem_id) for c in heard if c] == [(n + 1, i, "p") for n, i in enumerate(ids)]


async def test_what_others_publish_is_not_believed(queue: RedisQueue, clients: RedisClients) -> None:
    async with aclosing(Announcements(clients).listen()) as announcements, asyncio.timeout(20):
        assert await anext(announcements) is None
        for payload in (b"", b"\xff", b"{}", b"[" * 10_000, b'{"v":1,"n":true}', b"x" * 20_000):
            await clients.call("PUBLISH", keys.DONE_CHANNEL, payload)
        (job_id,) = await end_jobs(queue, 1)
        completion = await anext(announcements)
    assert completion
    assert completion.job_id == job_id


async def test_a_lost_subscription_is_renewed_and_said(queue: RedisQueue, clients: RedisClients) -> None:
    async with aclosing(Announcements(clients).listen()) as announcements, asyncio.timeout(20):
        assert await anext(announcements) is None
        await clients.call("CLIENT", "KILL", "TYPE", "pubsub")
        assert await anext(announcements) is None
        (job_id,) = await end_jobs(queue, 1)
        completion = await anext(announcements)
        assert completion
        assert completion.job_id == job_id


async def test_a_cancel_of_a_running_job_is_heard_of(queue: RedisQueue, clients: RedisClients) -> None:
    async with aclosing(Announcements(clients).cancels()) as cancels, asyncio.timeout(20):
        assert await anext(cancels) is None
        await queue.enqueue(an_order())
        (claim,) = await queue.claim("w1", ["tongue"], 1)
        await clients.call("PUBLISH", keys.CANCEL_CHANNEL, b"\xff no id of a job")  # not believed
        await cancel(queue, claim.job_id)
        assert await anext(cancels) == claim.job_id
        await clients.call("CLIENT", "KILL", "TYPE", "pubsub")
        assert await anext(cancels) is None  # what was said meanwhile was missed


async def test_a_silently_dead_subscription_is_noticed(
    queue: RedisQueue, proxied: RedisClients, proxy: FaultyProxy
) -> None:
    listening = Announcements(proxied, silence_s=0.1, answer_s=0.3)
    async with aclosing(listening.listen()) as announcements, asyncio.timeout(20):
        assert await anext(announcements) is None
        proxy.freeze()
        again = asyncio.create_task(anext(announcements))
        await asyncio.wait([again], timeout=0.5)
        proxy.cut()
        assert await again is None
        await end_jobs(queue, 1)
        assert await anext(announcements)


async def test_a_quiet_subscription_is_not_taken_for_dead(queue: RedisQueue, clients: RedisClients) -> None:
    listening = Announcements(clients, silence_s=0.02)
    async with aclosing(listening.listen()) as announcements, asyncio.timeout(20):
        assert await anext(announcements) is None
        first = asyncio.create_task(anext(announcements))
        await asyncio.wait([first], timeout=0.3)  # many questions and answers long
        assert not first.done()
        await end_jobs(queue, 1)
        assert await first


# --- the stream ----------------------------------------------------------------------------------


async def test_a_reader_gets_every_completion_once_in_order(queue: RedisQueue, readers: Readers) -> None:
    await end_jobs(queue, 6)
    reader = await readers()
    assert await drain(reader) == ([1, 2, 3, 4, 5, 6], [], 0)
    await end_jobs(queue, 2)
    assert await drain(reader) == ([7, 8], [], 0)


async def test_a_waiting_reader_is_woken(queue: RedisQueue, readers: Readers) -> None:
    reader = await readers()
    assert not await reader.read(0)

    async def next_completion() -> Completion:
        while not (batch := await reader.read(timeout_s=60)):  # its subscription may begin only now
            pass
        return batch.completions[0]

    waiting = asyncio.create_task(next_completion())
    await end_jobs(queue, 1)
    async with asyncio.timeout(20):
        assert (await waiting).n == 1


async def test_readers_of_a_group_share_the_work(queue: RedisQueue, readers: Readers) -> None:
    await end_jobs(queue, 8)
    one, two = await readers("c1"), await readers("c2")
    first, second = await one.read(0), await two.read(0)
    assert [c.n for c in (*first.completions, *second.completions)] == list(range(1, 9))
    await two.ack(second)  # out of order
    await one.ack(first)
    await end_jobs(queue, 1)
    assert await drain(two) == ([9], [], 0)


async def test_what_a_crashed_reader_took_goes_to_another(queue: RedisQueue, readers: Readers) -> None:
    await end_jobs(queue, 3)
    dead = await readers("dead")
    taken = await dead.read(0)
    assert len(taken.completions) == 3
    patient = await readers("patient")
    assert await drain(patient) == ([], [], 0)
    heir = await readers("heir", takeover_s=0)
    assert await drain(heir) == ([1, 2, 3], [], 0)
    await dead.ack(taken)  # it was only slow
    assert await drain(patient) == ([], [], 0)


async def test_a_reader_that_opens_again_first_gets_what_it_left(queue: RedisQueue, readers: Readers) -> None:
    await end_jobs(queue, 6)
    first = await readers("c1")
    await first.ack(await first.read(0))
    left = await first.read(0)
    again = await readers("c1")
    assert await drain(again) == ([c.n for c in left.completions], [], 0) == ([5, 6], [], 0)


async def test_repeats_are_known_by_their_number(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    await end_jobs(queue, 5)
    reader = await readers()
    assert await drain(reader) == ([1, 2, 3, 4, 5], [], 0)
    await clients.call("XGROUP", "DESTROY", keys.EVENTS, "log")
    await end_jobs(queue, 1)
    assert await drain(reader) == ([6], [], 5)
    await clients.call("XGROUP", "SETID", keys.EVENTS, "log", "0")
    assert await drain(reader) == ([], [], 6)


async def test_a_deleted_stream_is_a_gap_and_no_end(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    reader = await readers()
    await end_jobs(queue, 2)
    assert await drain(reader) == ([1, 2], [], 0)
    await end_jobs(queue, 3)
    await clients.call("DEL", keys.EVENTS)
    assert await drain(reader) == ([], [], 0)
    await end_jobs(queue, 1)
    assert await drain(reader) == ([6], [(3, 5)], 0)
    await end_jobs(queue, 1)
    assert await drain(reader) == ([7], [], 0)


async def test_holes_in_the_stream_are_reported_once(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    await end_jobs(queue, 8)
    ids = [row[0] for row in await clients.call("XRANGE", keys.EVENTS, "-", "+")]
    await clients.call("XDEL", keys.EVENTS, ids[0], ids[3], ids[4], ids[7])
    reader = await readers()
    numbers, gaps, _ = await drain(reader)
    assert (numbers, gaps) == ([2, 3, 6, 7], [(1, 1), (4, 5)])
    await end_jobs(queue, 1)
    assert await drain(reader) == ([9], [(8, 8)], 0)
    assert await drain(await readers("c2")) == ([], [], 0)


async def test_entries_trimmed_while_a_reader_held_them_are_a_gap(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    await end_jobs(queue, 4)
    dead = await readers("dead")
    assert len((await dead.read(0)).completions) == 4
    await clients.call("XTRIM", keys.EVENTS, "MAXLEN", 0)
    await end_jobs(queue, 1)
    assert await drain(await readers("heir", takeover_s=0)) == ([5], [(1, 4)], 0)


async def test_a_gap_is_reported_by_one_reader_and_again_if_it_dies(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    await end_jobs(queue, 3)
    await clients.call("DEL", keys.EVENTS)
    await end_jobs(queue, 6)
    one, two = await readers("c1"), await readers("c2")
    reported = await one.read(0)
    assert reported.gaps == ((1, 3),)
    other = await two.read(0)
    assert other.gaps == ()
    await two.ack(other)
    await clients.call("HSET", keys.seen("log"), "gap_until", 1)  # c1 has been silent for long
    assert (await two.read(0)).gaps == ((1, 3),)
    await one.ack(reported)
    assert await drain(two) == ([], [], 0)


async def test_numbers_that_begin_anew_are_new(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    reader = await readers()
    await end_jobs(queue, 3)
    assert await drain(reader) == ([1, 2, 3], [], 0)
    await clients.call("DEL", keys.COUNT, keys.EVENTS)  # restored from an older state
    await end_jobs(queue, 2)
    assert await drain(reader) == ([1, 2], [], 0)


async def test_an_entry_that_is_no_event_is_dropped_and_counted(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    await clients.call("XADD", keys.EVENTS, "*", "x", "y")
    await clients.call("XADD", keys.EVENTS, "*", "n", "1", "e", "not json")
    await clients.call("HSET", keys.COUNT, "events", 1)
    await end_jobs(queue, 1)
    reader = await readers()
    batch = await reader.read(0)
    assert ([c.n for c in batch.completions], batch.malformed, batch.gaps) == ([2], 1, ())
    await reader.ack(batch)
    assert await drain(reader) == ([], [], 0)
    assert (await clients.call("XPENDING", keys.EVENTS, "log"))["pending"] == 0


async def test_an_acknowledgement_may_be_sent_again(queue: RedisQueue, readers: Readers) -> None:
    await end_jobs(queue, 2)
    reader = await readers()
    batch = await reader.read(0)
    await reader.ack(batch)
    await reader.ack(batch)
    await reader.ack(Batch())
    await end_jobs(queue, 1)
    assert await drain(reader) == ([3], [], 0)


async def test_a_closed_reader_leaves_the_group_unless_it_holds_entries(
    queue: RedisQueue, readers: Readers, clients: RedisClients
) -> None:
    await end_jobs(queue, 1)
    holder, idle = await readers("holder"), await readers("idle")
    await holder.read(0)
    await idle.read(0)
    await holder.close()
    await idle.close()
    rows = await clients.call("XINFO", "CONSUMERS", keys.EVENTS, "log")
    assert [row["name"] if isinstance(row, dict) else row[1] for row in rows] == [b"holder"]


async def test_a_restart_of_redis_loses_no_completion() -> None:
    server = await asyncio.to_thread(RedisServer("always").start)
    clients = RedisClients(server.url, Timing(resends=0))
    queue = RedisQueue(clients)
    reader = Completions(clients, "log", "c1")
    try:
        await reader.open()
        await queue.register(a_worker("w1"))
        await end_jobs(queue, 2)
        assert await drain(reader) == ([1, 2], [], 0)
        await end_jobs(queue, 2)
        await asyncio.to_thread(server.kill)
        with pytest.raises(QueueUnavailable):
            await reader.read(0)
        await asyncio.to_thread(server.start_again)
        async with asyncio.timeout(60):
            while True:
                try:
                    assert await drain(reader) == ([3, 4], [], 0)
                    break
                except QueueUnavailable:
                    await asyncio.sleep(0.05)
            waiting = asyncio.create_task(reader.read(60))  # woken through a new subscription
            await end_jobs(queue, 1)
            assert [c.n for c in (await waiting).completions] == [5]
    finally:
        await reader.close()
        await clients.aclose()
        await asyncio.to_thread(server.stop)
