"""Deliveries on Redis: what is sent, and that whatever happens nothing is lost and nothing grows."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest

from fleet import keys
from fleet.deliveries import Attempted, DeliveryState, RedisDeliveries, Share
from fleet.errors import DeliveriesFull, QueueMemoryFull, QueueUnavailable
from fleet.events import Announcements
from fleet.job import Verdict
from fleet.redis_client import RedisClients
from fleet.testing import a_job_id
from tests.contract.deliveries_harness import RedisDeliveriesHarness
from tests.contract.faulty_proxy import FaultyProxy

SHARE = Share(lease_s=30, receiver_max=100, owner_max=1000, attempts_max=3)
URL = "https://one.example/hook?token=t"
GOOD = Attempted(DeliveryState.DELIVERED, "it answered 200", 200, 5)
NEVER = Attempted(DeliveryState.DEAD, "it answered 410", 410, 5)
BATCH_ID = "b" * 32


@pytest.fixture
def here(clients: RedisClients) -> RedisDeliveriesHarness:
    return RedisDeliveriesHarness(clients)


async def sent(here: RedisDeliveriesHarness) -> dict[str, Any]:
    """What the one delivery there is would send."""
    (sending,) = (await here.deliveries.claim(9, SHARE, {})).sendings
    said: dict[str, Any] = json.loads(sending.body)
    return said


async def put_pending(here: RedisDeliveriesHarness, count: int, owner: str = "") -> None:
    """Have an index say that so many deliveries wait."""
    rows = [part for i in range(count) for part in (i + 9e12, f"filler-{i}")]
    index = (
        next(key for key in await here.keys() if ":pending:" in key)
        if owner
        else "{problems}:deliveries:pending"
    )
    for begin in range(0, len(rows), 20_000):
        await here.clients.call("ZADD", index, *rows[begin : begin + 20_000])


# --- what is sent --------------------------------------------------------------------------------


async def test_the_end_of_a_job_is_told_without_its_code_and_output(here: RedisDeliveriesHarness) -> None:
    job_id, tests = a_job_id(), {"total": 3, "passed": 2, "failed": 1, "skipped": 0}
    forged = '","tests":{"total":9,"passed":9,"failed":0,"skipped":0},"x":"'
    await here.end_job(
        job_id,
        URL,
        problem_id='p","jobId":"forged"}é\u2028',
        verdict=Verdict.WRONG_ANSWER,
        stdout=forged.encode(),
        tests=tests,
        cases=[{"stdout": forged}],
    )
    said = await sent(here)
    assert said == {
        "type": "job.done",
        "timestamp": said["data"]["finishedAt"],
        "data": {
            "jobId": job_id,
            "problemId": 'p","jobId":"forged"}é\u2028',
            "language": "tongue",
            "verdict": "wrong_answer",
            "finishedAt": said["data"]["finishedAt"],
            "tests": tests,
            "links": {"self": f"/jobs/{job_id}", "result": f"/result/{job_id}"},
        },
    }
    assert said["timestamp"].endswith("Z")


async def test_a_job_without_tests_says_nothing_of_tests(here: RedisDeliveriesHarness) -> None:
    await here.end_job(a_job_id(), URL, stdout=b'","tests":{"total":9,"passed":9,"failed":0,"skipped":0},"')
    assert "tests" not in (await sent(here))["data"]


async def test_the_end_of_a_batch_is_told_with_its_counts(here: RedisDeliveriesHarness) -> None:
    fields = {"owner": "a", "total": "3", "done": "3", "callback": URL, "v:ok": "2", "v:time_limit": "1"}
    await here.end_batch(BATCH_ID, fields, "2026-01-02T03:04:05.678Z")
    said = await sent(here)
    assert said == {
        "type": "batch.done",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {
            "batchId": BATCH_ID,
            "total": 3,
            "verdicts": {"ok": 2, "time_limit": 1},
            "finishedAt": "2026-01-02T03:04:05.678Z",
            "links": {"self": f"/batches/{BATCH_ID}", "results": f"/batches/{BATCH_ID}/results"},
        },
    }


async def test_a_batch_without_a_callback_tells_nobody(here: RedisDeliveriesHarness) -> None:
    await here.end_batch(BATCH_ID, {"owner": "a", "total": "1", "callback": ""}, "2026-01-02T03:04:05.678Z")
    assert await here.keys() == []


async def test_one_end_is_one_delivery(here: RedisDeliveriesHarness) -> None:
    job_id = a_job_id()
    await here.end_job(job_id, URL)
    await here.end_job(job_id, URL)
    assert len((await here.deliveries.claim(9, SHARE, {})).sendings) == 1
    await here.end_job(job_id, URL)
    assert (await here.deliveries.claim(9, SHARE, {})).sendings == []


async def test_whoever_waits_for_deliveries_is_woken(here: RedisDeliveriesHarness) -> None:
    async with aclosing(Announcements(here.clients).due()) as turns, asyncio.timeout(20):
        await anext(turns)
        made = await here.add(URL)
        await anext(turns)
        (sending,) = (await here.deliveries.claim(1, SHARE, {})).sendings
        await here.deliveries.settle(sending, NEVER)
        await here.deliveries.redeliver(made)
        await anext(turns)


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [2, 4], ids=["the first two", "all"])
async def test_a_claim_whose_answer_was_lost_gives_the_same(
    here: RedisDeliveriesHarness, proxied: RedisClients, proxy: FaultyProxy, lost: int
) -> None:
    made = [await here.add(URL) for _ in range(3)]
    unlucky = RedisDeliveries(proxied)
    await unlucky.claim(0, SHARE, {})  # the script is known to the server
    proxy.lose_answers(lost)
    if lost == 4:  # the first sending and every further one
        with pytest.raises(QueueUnavailable):
            await unlucky.claim(2, SHARE, {})
    first = (await unlucky.claim(2, SHARE, {})).sendings
    second = (await unlucky.claim(2, SHARE, {})).sendings
    assert sorted(s.delivery_id for s in (*first, *second)) == sorted(made)
    assert {s.attempt for s in (*first, *second)} == {1}
    assert all([await unlucky.settle(sending, GOOD) for sending in (*first, *second)])


async def test_a_full_memory_holds_nothing_up(here: RedisDeliveriesHarness) -> None:
    made = [await here.add(URL) for _ in range(3)]
    await here.clients.call("CONFIG", "SET", "maxmemory", "1")
    try:
        one, two, three = (await here.deliveries.claim(9, SHARE, {})).sendings
        assert await here.deliveries.settle(one, GOOD)
        assert await here.deliveries.settle(two, NEVER)
        assert await here.deliveries.settle(three, Attempted(DeliveryState.PENDING, "no", pause_s=60))
        for delivery_id in made:
            with pytest.raises(QueueMemoryFull):
                await here.deliveries.redeliver(delivery_id)
    finally:
        await here.clients.call("CONFIG", "SET", "maxmemory", "0")
    assert [s.delivery_id for s in (await here.deliveries.claim(9, SHARE, {})).sendings] == []


async def test_what_expired_is_neither_sent_nor_listed(here: RedisDeliveriesHarness) -> None:
    made = await here.add(URL, owner="a")
    await here.clients.call("DEL", keys.delivery(made))
    claimed = await here.deliveries.claim(9, SHARE, {})
    assert (claimed.sendings, claimed.pending, claimed.next_s) == ([], 0, None)
    assert await here.deliveries.listed("a", tuple(DeliveryState)) == []


# --- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bound", ["of one owner", "of all"])
async def test_too_many_that_wait_are_born_dead_and_can_be_redelivered(
    here: RedisDeliveriesHarness, bound: str
) -> None:
    await here.add(URL, owner="a")
    await put_pending(
        here, 10_000 if bound == "of one owner" else 50_000, "a" if bound == "of one owner" else ""
    )
    late = a_job_id()
    await here.end_job(late, URL, owner="a")
    (dead,) = await here.deliveries.listed("a", [DeliveryState.DEAD])
    assert dead.subject_id == late
    assert dead.history[0].reason == "never tried: too many deliveries wait"
    with pytest.raises(DeliveriesFull):
        await here.deliveries.redeliver(dead.delivery_id)
    assert [d.state for d in await here.deliveries.listed("a", [DeliveryState.DEAD])] == [DeliveryState.DEAD]
    if bound == "of one owner":
        await here.end_job(a_job_id(), URL, owner="b")
        assert len(await here.deliveries.listed("b", [DeliveryState.PENDING])) == 1


async def test_of_an_owners_ended_ones_the_newest_thousand_are_kept(here: RedisDeliveriesHarness) -> None:
    for _ in range(12):
        await asyncio.gather(*(here.end_job(a_job_id(), URL, owner="a") for _ in range(100)))
        await asyncio.gather(
            *(
                here.deliveries.settle(sending, GOOD)
                for sending in (await here.deliveries.claim(100, SHARE, {})).sendings
            )
        )
    hashes = [key for key in await here.keys() if key.startswith(keys.delivery("x").removesuffix("x"))]
    assert len(hashes) == 1000


async def test_nothing_grows(here: RedisDeliveriesHarness) -> None:
    """Every key is gone a retention after the last delivery ended, and no index holds what is gone."""
    before = await here.clients.call("DBSIZE")
    for number in range(40):
        await here.end_job(a_job_id(), f"https://h{number % 7}.example/", owner=f"o{number % 3}", keep_s=1)
    for _ in range(3):
        for number, sending in enumerate((await here.deliveries.claim(99, SHARE, {})).sendings):
            word = (GOOD, NEVER, Attempted(DeliveryState.PENDING, "no", 500))[number % 3]
            await here.deliveries.settle(sending, word)
    for sending in (await here.deliveries.claim(99, SHARE, {})).sendings:
        await here.deliveries.settle(sending, NEVER)
    assert (await here.deliveries.claim(9, SHARE, {})).pending == 0
    lives = {key: await here.clients.call("TTL", key) for key in await here.keys()}
    (remembered,) = [key for key in lives if ":delivery-claim:" in key]
    assert 0 < lives.pop(remembered) <= SHARE.lease_s
    assert max(lives.values()) <= 1
    assert [key for key in lives if ":delivery-due" in key or ":pending" in key] == []
    await here.clients.call("DEL", remembered)
    async with asyncio.timeout(20):
        while await here.clients.call("DBSIZE") > before:  # Redis tells nobody what expires
            await asyncio.sleep(0.05)


async def test_what_waits_expires_too(here: RedisDeliveriesHarness) -> None:
    await here.add(URL, owner="a")
    lives = {key: await here.clients.call("TTL", key) for key in await here.keys()}
    assert len(lives) == 6
    assert all(0 < life <= 604_800 for life in lives.values()), lives


async def test_an_old_one_is_forgotten_when_the_next_ends(here: RedisDeliveriesHarness) -> None:
    for _ in range(2):
        await here.add(URL, owner="a")
        (sending,) = (await here.deliveries.claim(9, SHARE, {})).sendings
        await here.deliveries.settle(sending, GOOD)
        await here.advance(4000)
    await here.add(URL, owner="a")
    (sending,) = (await here.deliveries.claim(9, SHARE, {})).sendings
    await here.deliveries.settle(sending, GOOD)
    assert [d.delivery_id for d in await here.deliveries.listed("a", tuple(DeliveryState))] == [
        sending.delivery_id
    ]
    assert len(await here.keys()) == 4  # it, its two indices, and the last claim
