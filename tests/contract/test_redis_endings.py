"""What is heard and delivered of the end of a job or a batch, and jobs that end on a full memory."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest

from fleet import keys
from fleet.deliveries import DeliveryState, RedisDeliveries
from fleet.events import Announcements, Completion
from fleet.queue import Cancel, Finish, Forget
from fleet.redis_client import RedisClients
from fleet.redis_queue import RedisQueue
from fleet.testing import a_worker, an_order
from tests.contract.queue_harness import (
    LEASE_S,
    WORDS,
    RedisHarness,
    cancel,
    cancelled_result,
    put,
    result,
    take,
)
from tests.contract.test_redis_judging import full
from tests.contract.test_redis_queue import sound

BATCH_ID = "b" * 32
URL = "https://one.example/hook"


@pytest.fixture
async def queue(redis_harness: RedisHarness) -> RedisQueue:
    await redis_harness.queue.register(a_worker("w1"))
    return redis_harness.queue


# --- who hears -----------------------------------------------------------------------------------


async def test_who_listens_hears_whom_to_stop(clients: RedisClients, queue: RedisQueue) -> None:
    channel = clients.channel()
    try:
        await channel.subscribe(keys.CANCEL_CHANNEL)
        await channel.get_message(timeout=10)
        await cancel(queue, await put(queue))  # nobody has it: nobody need hear of it
        await put(queue)
        claim = await take(queue)
        await cancel(queue, claim.job_id)
        message = await channel.get_message(timeout=10)
        assert message
        assert (message["type"], message["data"]) == ("message", claim.job_id.encode())
    finally:
        await channel.aclose()


async def test_who_listens_hears_of_a_batch_as_its_jobs_end(clients: RedisClients, queue: RedisQueue) -> None:
    async with aclosing(Announcements(clients).news()) as news, asyncio.timeout(20):
        assert await anext(news) is None
        await queue.enqueue_batch(BATCH_ID, [an_order(), an_order()])
        for claim in await queue.claim("w1", WORDS, 2):
            await queue.finish(claim, result(claim))
            done = await anext(news)
            assert isinstance(done, Completion)
            assert done.job_id == claim.job_id
            assert await anext(news) == BATCH_ID


# --- who is told ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["finish", "dead", "cancel", "retry", "lost"])
async def test_the_end_of_a_job_is_delivered_once(
    way: str, clients: RedisClients, redis_harness: RedisHarness, queue: RedisQueue
) -> None:
    deliveries, order = RedisDeliveries(clients), an_order(owner="a", callback=URL)
    await queue.enqueue(order)
    await put(queue, owner="a")  # without a callback
    claim, other = await queue.claim("w1", WORDS, 2)
    await queue.finish(other, result(other))
    assert await deliveries.listed(None, [*DeliveryState]) == []
    if way == "lost":
        await redis_harness.advance(LEASE_S + 1)
        await queue.reap()
    if way == "retry":
        await queue.fail(claim, "engine", result(claim))
        await redis_harness.advance(61)
    if way == "cancel":
        await queue.release("w1", [claim])
        await cancel(queue, order.job_id)
        await cancel(queue, order.job_id)
    elif way == "dead":
        await queue.fail(claim, "engine", result(claim), attempts_max=1)
        await queue.fail(claim, "engine", result(claim), attempts_max=1)
    else:
        late, claim = claim, claim if way == "finish" else await take(queue)
        for each in (claim, claim, late):
            await queue.finish(each, result(each))
    (delivery,) = await deliveries.listed(None, [*DeliveryState])
    assert (delivery.subject_id, delivery.owner, delivery.url) == (order.job_id, "a", URL)
    assert (delivery.state, delivery.event) == (DeliveryState.PENDING, "job.done")
    verdict = "cancelled" if way == "cancel" else "ok"
    assert json.loads(delivery.body)["data"]["verdict"] == verdict


async def test_the_end_of_a_batch_is_delivered_once(clients: RedisClients, queue: RedisQueue) -> None:
    deliveries = RedisDeliveries(clients)
    orders = [an_order(owner="a"), an_order(owner="a"), an_order(owner="a", callback=URL)]
    await queue.enqueue_batch(BATCH_ID, orders, callback=URL)
    first, second = await queue.claim("w1", WORDS, 2)
    await queue.finish(first, result(first))
    await queue.finish(second, result(second))
    assert await deliveries.listed("a", [*DeliveryState]) == []
    await cancel(queue, orders[2].job_id)
    told = {each.event: each for each in await deliveries.listed("a", [*DeliveryState])}
    assert set(told) == {"job.done", "batch.done"}
    assert told["job.done"].subject_id == orders[2].job_id
    assert told["batch.done"].subject_id == BATCH_ID
    said = json.loads(told["batch.done"].body)["data"]
    assert (said["total"], said["verdicts"]) == (3, {"ok": 2, "cancelled": 1})


# --- a full memory -------------------------------------------------------------------------------


async def test_on_a_full_redis_jobs_are_cancelled_and_forgotten(
    clients: RedisClients, queue: RedisQueue
) -> None:
    waiting, later, held, done = orders = [
        an_order(owner="a", callback=URL, delay_ms=60_000 * (name == "later"), lane=lane)
        for name, lane in (("waiting", "low"), ("later", "low"), ("held", "high"), ("done", "high"))
    ]
    await queue.enqueue_batch(BATCH_ID, orders, callback=URL)
    claims = {claim.job_id: claim for claim in await queue.claim("w1", WORDS, 2)}
    await queue.finish(claims[done.job_id], result(claims[done.job_id]))
    async with full(clients):
        assert await cancel(queue, waiting.job_id) is Cancel.CANCELLED
        assert await cancel(queue, later.job_id) is Cancel.CANCELLED
        assert await cancel(queue, held.job_id) is Cancel.ASKED
        assert (await queue.renew("w1", {held.job_id: claims[held.job_id].fence})).cancelled == {held.job_id}
        assert await queue.forget(done.job_id) is Forget.FORGOTTEN
        assert await queue.finish(claims[held.job_id], cancelled_result(held.job_id)) is Finish.OK
    batch = await queue.batch(BATCH_ID)
    assert batch
    assert batch.verdicts == {"ok": 1, "cancelled": 3}
    pending = await RedisDeliveries(clients).listed("a", [DeliveryState.PENDING])
    assert {each.subject_id for each in pending} == {BATCH_ID, *(order.job_id for order in orders)}
    assert await sound(queue)
