"""Faults of servers, networks and neighbours that only the real queue can meet."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from fleet import keys
from fleet.errors import QueueMemoryFull, QueueUnavailable
from fleet.job import Verdict
from fleet.judging import digest_of
from fleet.limits import MIB
from fleet.queue import Cancel, Claim, Defined, Fail, Finish, Forget, Once, Quota
from fleet.redis_client import RedisClients, Timing, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.scripts import script
from fleet.testing import a_job_id, a_submission, a_worker, an_order
from tests.contract.conftest import RedisServer
from tests.contract.faulty_proxy import FaultyProxy
from tests.contract.queue_harness import (
    LEASE_S,
    RAW,
    RETENTION_S,
    WORDS,
    RedisHarness,
    cancel,
    put,
    result,
    take,
)

_PUSH_BEHIND = "for _ = 1, 4 do redis.call('LPUSH', KEYS[2], ARGV[1]) end"  # no sleeper sees it
ITEM = RAW % 1
WAKE = b'{"v":1,"wake":%d}'


@pytest.fixture
async def queue(redis_harness: RedisHarness) -> RedisQueue:
    await redis_harness.queue.register(a_worker("w1"))
    return redis_harness.queue


async def blocked(clients: RedisClients, count: int) -> None:
    """Return once ``count`` clients sleep in a blocking command."""
    async with asyncio.timeout(10):
        while (await clients.info())["blocked_clients"] < count:
            await asyncio.sleep(0)


async def public_length(clients: RedisClients) -> int:
    """How much lies on the public list, wake tokens included."""
    return int(await clients.call("LLEN", keys.PUBLIC))


async def sound(queue: RedisQueue) -> bool:
    audit = await queue.audit()
    return (audit.missing, audit.doubled) == (0, 0)


# --- answers that are lost, and calls that are sent again -----------------------------------------

Verb = Callable[[RedisQueue, Claim], Awaitable[Any]]
SPARE_ID, WAITING_ID, DONE_ID = "5" * 32, "6" * 32, "7" * 32
SPARES = [an_order(job_id=f"{n:032x}", owner="a") for n in range(3)]
# By the last word, the name of the script.
VERBS: dict[str, Verb] = {
    "enqueue": lambda queue, held: queue.enqueue(an_order(job_id=SPARE_ID)),
    "once enqueue": lambda queue, held: queue.enqueue(
        an_order(job_id=SPARE_ID, owner="a"), quota=Quota(1, 1), once=Once("key", "1")
    ),
    "enqueue_batch": lambda queue, held: queue.enqueue_batch(
        SPARE_ID, SPARES, quota=Quota(3, 3), once=Once("key", "1")
    ),
    "cancel": lambda queue, held: cancel(queue, WAITING_ID),
    "held cancel": lambda queue, held: cancel(queue, held.job_id),
    "forget": lambda queue, held: queue.forget(DONE_ID),
    "claim": lambda queue, held: queue.claim("w1", WORDS, 2),
    "renew": lambda queue, held: queue.renew("w1", {held.job_id: held.fence}, [held.job_id]),
    "finish": lambda queue, held: queue.finish(held, result(held)),
    "fail": lambda queue, held: queue.fail(held, "engine", result(held)),
    "last fail": lambda queue, held: queue.fail(held, "engine", result(held), attempts_max=1),
    "release": lambda queue, held: queue.release("w1", [held]),
    "reap": lambda queue, held: queue.reap(),
    "register": lambda queue, held: queue.register(a_worker("w1")),
    "unregister": lambda queue, held: queue.unregister("w1"),
    "define": lambda queue, held: queue.define("new", "{}"),
    "undefine": lambda queue, held: queue.undefine("old"),
    "progress": lambda queue, held: queue.progress(held, ["1", "2"]),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_whose_answer_is_lost_is_sent_again_and_happens_once(
    verb: str, queue: RedisQueue, clients: RedisClients, proxied: RedisClients, proxy: FaultyProxy
) -> None:
    # Known to the server: what is lost is the answer of the script, not that there is none.
    await clients.call("SCRIPT", "LOAD", script(verb.rsplit(maxsplit=1)[-1]).text)
    far = RedisQueue(proxied)
    await queue.enqueue(an_order(job_id=DONE_ID))
    await queue.finish(claim := await take(queue), result(claim))
    for _ in range(3):
        await put(queue)
    await queue.enqueue(an_order(job_id=WAITING_ID))
    held = (await queue.claim("w1", WORDS, 1))[0]
    await queue.define("old", "{}")
    before = await queue.audit()
    proxy.lose_answers(2)
    answer = await VERBS[verb](far, held)
    assert proxy.lost == 2
    after = await queue.audit()
    assert (after.missing, after.doubled) == (0, 0)
    moved = {
        "enqueue": (after.accepted - before.accepted, 1),
        "once enqueue": (after.accepted - before.accepted, 1),
        "enqueue_batch": (after.accepted - before.accepted, 3),
        "cancel": (answer, Cancel.CANCELLED),
        "held cancel": (answer, Cancel.ASKED),
        "forget": (answer, Forget.FORGOTTEN),
        "claim": (after.leased - before.leased, len(answer) if verb == "claim" else 0),
        "renew": (after, before),
        "finish": (answer, Finish.ALREADY),
        "fail": (answer, Fail.RETRY),
        "last fail": (answer, Fail.DEAD),
        "release": (answer, 1),
        "reap": (after, before),
        "register": (len(await queue.workers()), 1),
        "unregister": (len(await queue.workers()), 0),
        "define": (answer, Defined(digest_of("{}"), new=True)),
        "undefine": (answer, True),
        "progress": ([text for _, text in await queue.told(held.job_id)], ["1", "2"]),
    }[verb]
    assert moved[0] == moved[1]
    assert after.done == before.done + (verb in ("finish", "last fail", "cancel"))
    if verb in ("once enqueue", "enqueue_batch"):
        assert not answer.repeated
        assert answer.allowance.remaining == 0


async def test_a_claim_whose_answers_are_all_lost_is_given_by_the_next_call(
    queue: RedisQueue, clients: RedisClients, proxied: RedisClients, proxy: FaultyProxy
) -> None:
    await clients.call("SCRIPT", "LOAD", script("claim").text)
    far = RedisQueue(proxied)
    for _ in range(5):
        await put(queue)
    proxy.lose_answers(4)  # the first sending and every further one
    with pytest.raises(QueueUnavailable):
        await far.claim("w1", WORDS, 3)
    assert (await queue.audit()).leased == 3
    claims = await far.claim("w1", WORDS, 2)
    assert len(claims) == 2
    assert (await queue.audit()).leased == 2  # the one too many went back
    for claim in claims:
        assert await queue.finish(claim, result(claim)) is Finish.OK
    assert len(await far.claim("w1", WORDS, 9)) == 3
    assert await sound(queue)


async def test_a_cancelled_claim_is_given_by_the_next_call(
    queue: RedisQueue, proxied: RedisClients, proxy: FaultyProxy
) -> None:
    far = RedisQueue(proxied)
    await far.workers()
    await put(queue)
    await queue.claim("w2", ["none"], 1)
    job_id = (await queue.newest("two-sum"))[0]
    gate = asyncio.create_task(far.claim("w1", WORDS, 1))
    async with asyncio.timeout(10):
        while not (await queue.audit()).leased:
            await asyncio.sleep(0)
        gate.cancel()
        await asyncio.gather(gate, return_exceptions=True)
        claims = [] if gate.cancelled() else gate.result()
        claims += await far.claim("w1", WORDS, 1)
    assert [claim.job_id for claim in claims] == [job_id]


async def test_an_item_on_its_way_to_a_worker_that_vanished_is_not_lost(
    redis_harness: RedisHarness, queue: RedisQueue, proxy: FaultyProxy
) -> None:
    ghost = RedisClients(f"redis://127.0.0.1:{proxy.port}/0")
    far = RedisQueue(ghost)
    await far.register(a_worker("w2"))
    waiting = asyncio.create_task(far.wait("w2", 5))
    await blocked(redis_harness.clients, 1)
    proxy.freeze()  # half-open: the server still sees a client that waits, and serves it
    await redis_harness.push(ITEM)
    assert (await queue.audit()).inbox == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await redis_harness.advance(LEASE_S + 1)
    await queue.renew("w1", {})
    assert (await queue.reap()).returned == 1
    assert (await take(queue)).spec == ITEM
    await ghost.aclose()


async def test_a_half_open_connection_ends_in_an_error_in_bounded_time(
    proxied: RedisClients, proxy: FaultyProxy
) -> None:
    far = RedisQueue(proxied)
    await far.workers()
    proxy.freeze()
    async with asyncio.timeout(20):
        with pytest.raises(QueueUnavailable):
            await far.reap()
        with pytest.raises(QueueUnavailable):
            await far.wait("w1", 0.1)
    proxy.cut()
    assert await far.workers() == []


async def test_flushed_scripts_are_loaded_again(clients: RedisClients, queue: RedisQueue) -> None:
    for _ in range(3):
        await clients.call("SCRIPT", "FLUSH")
        await put(queue)
        await clients.call("SCRIPT", "FLUSH")
        claim = await take(queue)
        await clients.call("SCRIPT", "FLUSH")
        assert await queue.finish(claim, result(claim)) is Finish.OK


async def test_killed_connections_are_made_anew(clients: RedisClients, queue: RedisQueue) -> None:
    for _ in range(3):
        await put(queue)
        await clients.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        claim = await take(queue)
        await clients.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await queue.finish(claim, result(claim)) is Finish.OK


async def test_a_killed_redis_comes_back_with_everything_it_acknowledged() -> None:
    server = await asyncio.to_thread(RedisServer("always").start)
    clients = RedisClients(server.url, Timing(resends=0))
    queue = RedisQueue(clients)
    try:
        await queue.register(a_worker("w1"))
        ids = [await put(queue) for _ in range(6)]
        done, running, failed = await queue.claim("w1", WORDS, 3)
        await queue.finish(done, result(done))
        await queue.fail(failed, "engine", result(failed))
        await clients.call("LPUSH", keys.PUBLIC, ITEM, ITEM)
        while (await queue.audit()).inbox == 0:  # the token of the jobs may be first
            await queue.wait("w1", 1)
        await queue.enqueue(an_order(problem_id="other", delay_ms=60_000))
        before = await queue.audit()
        await asyncio.to_thread(server.kill)
        with pytest.raises(QueueUnavailable):
            await put(queue)
        await asyncio.to_thread(server.start_again)
        await wait_for_redis(clients, timeout_s=30)
        assert await queue.audit() == before
        assert await queue.finish(done, result(done)) is Finish.ALREADY
        assert await queue.finish(running, result(running)) is Finish.OK
        assert set(await queue.newest("two-sum")) == set(ids)
        assert await sound(queue)
    finally:
        await clients.aclose()
        await asyncio.to_thread(server.stop)


async def test_a_worker_redis_has_forgotten_announces_itself_again(
    clients: RedisClients, queue: RedisQueue
) -> None:
    await clients.call("FLUSHALL")
    assert await queue.workers() == []
    await queue.renew("w1", {})
    assert [info.worker_id for info in await queue.workers()] == ["w1"]


# --- a full memory -------------------------------------------------------------------------------


@pytest.fixture
async def fill_memory(clients: RedisClients) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async def fill() -> None:
        await clients.call("CONFIG", "SET", "maxmemory", 1)

    yield fill
    await clients.call("CONFIG", "SET", "maxmemory", 0)


async def test_a_full_redis_takes_nothing_new_and_still_drains(
    redis_harness: RedisHarness, queue: RedisQueue, fill_memory: Callable[[], Awaitable[None]]
) -> None:
    for _ in range(7):
        await put(queue)
    ended, failed, dying, released = await queue.claim("w1", WORDS, 4)
    await redis_harness.push(ITEM)
    while (await queue.audit()).inbox == 0:  # one more lies there
        await queue.wait("w1", 1)
    await redis_harness.clients.call("SCRIPT", "FLUSH")
    await fill_memory()
    with pytest.raises(QueueMemoryFull):
        await put(queue)
    with pytest.raises(QueueMemoryFull):
        await queue.enqueue_batch(SPARE_ID, SPARES)
    assert await queue.batch(SPARE_ID) is None
    lost, whole, escaped = await queue.claim("w1", WORDS, 3)
    await queue.wait("w1", 0.01)  # nobody may block on a list now

    everything = {claim.job_id: claim.fence for claim in (ended, failed, dying, released, lost)}
    assert not (await queue.renew("w1", everything, [lost.job_id])).stale
    big = result(ended, stdout=b"x" * 200_000, stderr=b"\xff" * 900)
    assert await queue.finish(ended, big) is Finish.OK
    assert await queue.finish(whole, small := result(whole, stdout=b"x" * 12_000)) is Finish.OK
    assert await queue.finish(escaped, result(escaped, stdout=b"\0" * 100_000)) is Finish.OK
    assert await queue.fail(failed, "engine", result(failed)) is Fail.RETRY
    assert await queue.fail(dying, "engine", result(dying), attempts_max=1) is Fail.DEAD
    assert await queue.release("w1", [released]) == 1
    await redis_harness.advance(61)
    assert (await queue.reap()).expired == 1
    await queue.register(a_worker("w2"))
    await queue.unregister("w2")
    kept = {claim: await stored(queue, claim) for claim in (ended, whole, escaped)}
    assert kept[whole] == small
    assert base64.b64decode(kept[ended]["stdout"]) == b"x" * 768
    assert (kept[ended]["stdoutTruncated"], kept[ended]["stderrTruncated"]) == (True, True)
    assert kept[escaped]["stdout"] == "\0" * 1024
    assert "Redis was full" in kept[escaped]["evidence"]["how"]
    assert kept[escaped]["verdict"] == "ok"
    assert all(len(json.dumps(kept_now)) <= 16_384 for kept_now in kept.values())
    assert len(await redis_harness.events()) == 4
    assert await sound(queue)


async def test_what_a_full_redis_has_accepted_ends_and_then_it_accepts_again(
    clients: RedisClients, redis_harness: RedisHarness
) -> None:
    """Every job of a queue that fills the memory prints far more than there is room for."""
    queue = RedisQueue(clients, QueueOptions(retention_s=2))
    await queue.register(a_worker("w1"))
    used = int((await clients.info())["used_memory"])
    most = used + 4 * MIB
    await clients.call("CONFIG", "SET", "maxmemory", most)
    try:
        accepted = 0
        while await admits(queue, code="x" * 20_000):
            accepted += 1
        ended = 0
        while claims := await queue.claim("w1", WORDS, 4):
            for claim in claims:
                ended += await queue.finish(claim, result(claim, stdout=b"y" * 250_000)) is Finish.OK
        info = await clients.info()
        assert 100 < accepted == ended
        assert info["used_memory"] < most + accepted * 16_384
        assert await sound(queue)
        async with asyncio.timeout(30):  # until kept results expire
            while not await admits(queue):
                await asyncio.sleep(0.05)
    finally:
        await clients.call("CONFIG", "SET", "maxmemory", 0)


async def admits(queue: RedisQueue, **changes: Any) -> bool:
    try:
        await put(queue, **changes)
    except QueueMemoryFull:
        return False
    return True


async def stored(queue: RedisQueue, claim: Claim) -> Mapping[str, Any]:
    record = await queue.get(claim.job_id)
    assert record
    assert record.result
    return record.result


# --- who is woken --------------------------------------------------------------------------------


Sleepers = Callable[[int], Awaitable[dict[str, asyncio.Task[None]]]]


@pytest.fixture
async def sleepers(
    redis_server: RedisServer, clients: RedisClients, queue: RedisQueue
) -> AsyncIterator[Sleepers]:
    """Makes workers ``s0``, ``s1``, ... that sleep on the public list, in this order, for a minute:
    longer than any test waits for one to be woken."""
    patient = RedisClients(redis_server.url, Timing(block_s=60))
    bed = RedisQueue(patient)
    tasks: dict[str, asyncio.Task[None]] = {}

    async def make(count: int) -> dict[str, asyncio.Task[None]]:
        for number in range(count):
            worker = f"s{number}"
            await queue.register(a_worker(worker))
            tasks[worker] = asyncio.create_task(bed.wait(worker, 60))
            await blocked(clients, number + 1)
        return tasks

    yield make
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    await patient.aclose()


@pytest.mark.parametrize("way", ["enqueue", "push"])
async def test_one_push_wakes_one_worker(
    way: str, clients: RedisClients, redis_harness: RedisHarness, queue: RedisQueue, sleepers: Sleepers
) -> None:
    tasks = await sleepers(8)
    await (put(queue) if way == "enqueue" else redis_harness.push(ITEM))
    async with asyncio.timeout(10):
        await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_COMPLETED)
    (woken,) = [worker for worker, task in tasks.items() if task.done()]
    assert len(await queue.claim(woken, WORDS, 1)) == 1
    assert (await clients.info())["blocked_clients"] == 7
    assert await public_length(clients) == 0


async def test_each_push_wakes_another_worker(queue: RedisQueue, sleepers: Sleepers) -> None:
    tasks = await sleepers(4)
    for _ in range(4):
        await put(queue)
    async with asyncio.timeout(10):
        await asyncio.wait(tasks.values())
    for worker in tasks:
        assert len(await queue.claim(worker, WORDS, 1)) == 1


async def test_work_a_busy_worker_leaves_behind_wakes_one_after_another(
    queue: RedisQueue, redis_harness: RedisHarness, sleepers: Sleepers
) -> None:
    tasks = await sleepers(3)
    await queue.register(a_worker("w1"))
    await redis_harness.clients.call("EVAL", _PUSH_BEHIND, 2, keys.PUBLIC, keys.inbox("w1"), ITEM)
    assert len(await queue.claim("w1", WORDS, 1)) == 1  # takes four in, has room for one
    for worker in ("s0", "s1", "s2"):
        async with asyncio.timeout(10):
            await tasks[worker]
        assert len(await queue.claim(worker, WORDS, 1)) == 1
    assert await public_length(redis_harness.clients) == 0


@pytest.mark.parametrize("way", ["reap", "release", "retry", "due"])
async def test_whatever_makes_a_job_ready_wakes_a_sleeper(
    way: str, redis_harness: RedisHarness, queue: RedisQueue, sleepers: Sleepers
) -> None:
    order = an_order(delay_ms=60_000 if way == "due" else 0)
    await queue.enqueue(order)
    claims = await queue.claim("w1", WORDS, 1)
    if way == "retry":
        await queue.fail(claims[0], "engine", result(claims[0]))
    tasks = await sleepers(1)
    if way == "release":
        await queue.release("w1", claims)
    else:
        await redis_harness.advance(61)
        await queue.reap()
    async with asyncio.timeout(10):
        await tasks["s0"]
    assert (await take(queue, "s0")).job_id == order.job_id


async def test_a_job_whose_time_is_to_come_wakes_nobody(clients: RedisClients, queue: RedisQueue) -> None:
    await queue.enqueue(an_order(delay_ms=60_000))
    assert await public_length(clients) == 0


async def test_a_job_taken_in_by_a_worker_that_cannot_run_it_reaches_one_that_can(
    queue: RedisQueue, sleepers: Sleepers
) -> None:
    tasks = await sleepers(3)
    # The first is handed the item, the second a token, and neither speaks the language.
    job_id = await put(queue)
    async with asyncio.timeout(10):
        await tasks["s0"]
    assert await queue.claim("s0", ["other"], 1) == []
    async with asyncio.timeout(10):
        await tasks["s1"]
    assert await queue.claim("s1", ["other"], 1) == []
    async with asyncio.timeout(10):
        await tasks["s2"]
    assert [claim.job_id for claim in await queue.claim("s2", WORDS, 1)] == [job_id]


async def test_a_token_nobody_can_use_dies(redis_harness: RedisHarness, queue: RedisQueue) -> None:
    await queue.register(a_worker("w2", "other"))
    await put(queue)
    rounds = 0
    while rounds == 0 or await public_length(redis_harness.clients):
        assert await queue.claim("w2", ["other"], 1) == []
        rounds += 1
        assert rounds < 10
    assert await queue.claim("w2", ["other"], 1) == []
    assert await public_length(redis_harness.clients) == 0  # a worker that merely looks makes no new one
    assert len(await queue.claim("w1", WORDS, 1)) == 1


async def test_new_work_is_handed_on_as_often_as_the_first(clients: RedisClients, queue: RedisQueue) -> None:
    for worker in ("w2", "w3"):
        await queue.register(a_worker(worker, "other"))
    for _ in range(2):
        await put(queue)
        looks = 0
        while await public_length(clients):
            assert await queue.claim("w2", ["other"], 1) == []
            looks += 1
        assert looks == 3


@pytest.mark.parametrize("hops", [0, 1, 7, 99999])
async def test_a_forged_token_is_harmless(hops: int, redis_harness: RedisHarness, queue: RedisQueue) -> None:
    await redis_harness.push(*[WAKE % hops] * 3)
    assert await queue.claim("w1", WORDS, 5) == []
    audit = await queue.audit()
    assert (audit.accepted, audit.public) == (0, 0)


# --- space ---------------------------------------------------------------------------------------


async def test_a_finished_job_gives_its_body_back_and_expires(
    clients: RedisClients, queue: RedisQueue
) -> None:
    job_id = await put(queue, code="x" * 10_000)
    assert await clients.call("TTL", keys.job(job_id)) == -1  # a job that waits never expires
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    assert await clients.call("HEXISTS", keys.job(job_id), "spec") == 0
    assert 0 < await clients.call("TTL", keys.job(job_id)) <= RETENTION_S
    assert 0 < await clients.call("TTL", keys.by_problem("two-sum")) <= RETENTION_S


async def test_the_index_of_a_problem_is_bounded(redis_harness: RedisHarness, queue: RedisQueue) -> None:
    await redis_harness.push(*[ITEM] * 130)
    for _ in range(20):
        await queue.claim("w1", WORDS, 10)
    assert len(await queue.newest("p", 500)) == 100
    assert len(await queue.newest("p", 7)) == 7


async def test_dead_letters_are_trimmed(clients: RedisClients, queue: RedisQueue) -> None:
    rows = [part for n in range(1000) for part in (n, f"old{n}")]
    await clients.call("ZADD", keys.DEAD, *rows)
    await put(queue)
    claim = await take(queue)
    await queue.finish(claim, result(claim, verdict=Verdict.SYSTEM_ERROR), dead=True)
    assert (await queue.depth()).dead == 1000
    assert await clients.call("ZSCORE", keys.DEAD, claim.job_id) is not None


async def test_no_text_of_a_user_becomes_part_of_a_key(
    redis_harness: RedisHarness, queue: RedisQueue
) -> None:
    hostile = "evil:*?[x]{y}\U0001f600 ../"
    for owner in ("", "key1"):
        await put(queue, problem_id=hostile, owner=owner)
        await queue.define(hostile, '{"evil":1}', owner=owner)
        jobs = [an_order(a_submission(problem_id=hostile), owner=owner, callback=hostile)]
        once, quota = Once(hostile, "0a"), Quota(100, 100)
        await queue.enqueue_batch(a_job_id(), jobs, callback=hostile, once=once, quota=quota)
    item = '{"jobId":"evil","problemId":"evil","code":"evil","language":"evil","priority":"evil"}'
    await redis_harness.push(item.encode())
    for claim in await queue.claim("w1", WORDS, 3):
        await queue.progress(claim, ["evil"])
        await queue.finish(claim, result(claim, problem_id=hostile))
    found = [key.decode() for key in await redis_harness.clients.call("KEYS", "*")]
    assert len(found) > 25
    shape = re.compile(
        r"(\{problems\}:((job|told):[0-9a-f]{32}|(by-)?problem:(key1:)?[0-9a-f]{40}|clocks|events|workers"
        r"|languages|count|problems|open|rate:key1|once:[0-9a-f]{40}|batch(-jobs|-done)?:[0-9a-f]{32}"
        r"|delivery:[0-9a-f]{32}|deliveries:pending(:[0-9a-f]{40})?|delivery-due(:[0-9a-f]{16}-[0-9a-f]{16})?"
        r"|(worker|claimed|inbox):w1|(ready|turns):(high|normal|low):(tongue|\*))|problems)"
    )
    assert [key for key in found if not shape.fullmatch(key)] == []


@pytest.mark.parametrize("part", ["", "a:b", "a b", "é", "x" * 129, "a\n"])
async def test_what_cannot_be_part_of_a_key_is_refused(part: str, queue: RedisQueue) -> None:
    with pytest.raises(ValueError, match="part of a key"):
        await queue.enqueue(an_order(language=part))
    if part:
        with pytest.raises(ValueError, match="part of a key"):
            await queue.enqueue(an_order(owner=part))
    with pytest.raises(ValueError, match="part of a key"):
        await queue.claim(part, WORDS, 1)
    with pytest.raises(ValueError, match="32 hexadecimal"):
        await queue.enqueue(an_order(job_id=part))


async def test_entries_edited_by_hand_are_passed_over(redis_harness: RedisHarness, queue: RedisQueue) -> None:
    done = await put(queue)
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    for stray in ("no-such-job", done):
        await redis_harness.clients.call("ZADD", keys.ready("normal", "tongue"), 0, stray)
    job_id = await put(queue)
    assert [claim.job_id for claim in await queue.claim("w1", WORDS, 9)] == [job_id]


async def test_what_is_ready_is_counted_again_if_it_was_edited_by_hand(
    clients: RedisClients, queue: RedisQueue
) -> None:
    for _ in range(3):
        await put(queue)
    await clients.call("ZPOPMIN", keys.ready("normal", "tongue"), 2)
    assert (await queue.enqueue(an_order())).waiting == 4
    assert sum((await queue.depth()).ready.values()) == 2
    assert (await queue.enqueue(an_order())).waiting == 3
