"""Batches: all of their jobs or none, how far they have come, on every implementation of the queue."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

import pytest

from fleet.errors import KeyReused, QueueFull, QuotaExceeded
from fleet.job import Lane, Verdict
from fleet.queue import BATCH_JOBS_MAX, Batch, Cancel, EnqueuedBatch, Fail, Forget, Once, Order, Queue, Quota
from fleet.testing import a_submission, a_worker, an_order
from tests.contract.queue_harness import (
    RETENTION_S,
    WAITING_MAX,
    WORDS,
    Harness,
    cancel,
    put,
    result,
    take,
)
from tests.contract.test_queue_quotas import left

pytestmark = pytest.mark.usefixtures("conserved")


def orders(count: int, owner: str = "a", **changes: Any) -> list[Order]:
    """Valid jobs of one owner."""
    return [an_order(owner=owner, **changes) for _ in range(count)]


def ids_of(jobs: list[Order]) -> list[str]:
    return [order.job_id for order in jobs]


async def send(queue: Queue, jobs: list[Order], **options: Any) -> EnqueuedBatch:
    """Enqueue a batch under a fresh id."""
    return await queue.enqueue_batch(secrets.token_hex(16), jobs, **options)


async def known(queue: Queue, batch_id: str) -> Batch:
    batch = await queue.batch(batch_id)
    assert batch
    return batch


async def run(queue: Queue, count: int = 1, **changes: Any) -> list[str]:
    """Claim and finish so many jobs; their ids in this order."""
    claims = await queue.claim("w1", WORDS, count)
    for claim in claims:
        await queue.finish(claim, result(claim, **changes))
    return [claim.job_id for claim in claims]


async def test_all_jobs_of_a_batch_are_accepted_in_their_order(queue: Queue) -> None:
    await put(queue)
    jobs = orders(5)
    accepted = await send(queue, jobs)
    assert (accepted.waiting, accepted.repeated, accepted.allowance) == (6, False, None)
    batch = await known(queue, accepted.batch_id)
    assert batch == Batch(accepted.batch_id, "a", 5, 0, {}, accepted.queued_at_ms, None)
    assert await queue.batch_jobs(accepted.batch_id) == ids_of(jobs)
    assert await queue.batch_done(accepted.batch_id) == []
    for order in jobs:
        record = await queue.get(order.job_id)
        assert record
        assert (record.owner, record.batch_id) == ("a", accepted.batch_id)
        assert record.queued_at_ms == accepted.queued_at_ms
        assert await queue.source(order.job_id) == order.spec.encode()
    claims = await queue.claim("w1", WORDS, 9)
    assert [claim.job_id for claim in claims if claim.owner == "a"] == ids_of(jobs)


@pytest.mark.parametrize("count", [1, BATCH_JOBS_MAX])
async def test_the_smallest_and_the_largest_batch_come_to_their_end(roomy: Harness, count: int) -> None:
    queue = roomy.queue
    await queue.register(a_worker("w1"))
    jobs = orders(count)
    accepted = await send(queue, jobs)
    assert accepted.waiting == count
    alone = (await queue.enqueue(an_order(owner="b"))).position
    assert alone == min(count, 1) + 1  # nor does a batch hold up another owner
    pages = [await queue.batch_jobs(accepted.batch_id, first) for first in range(0, count + 1, 100)]
    assert [job_id for page in pages for job_id in page] == ids_of(jobs)
    ended: list[str] = []
    while len(ended) <= count:
        ended += await run(queue, 100)
    batch = await known(queue, accepted.batch_id)
    assert (batch.total, batch.done, batch.verdicts) == (count, count, {"ok": count})
    assert batch.finished_at_ms
    done = await queue.batch_done(accepted.batch_id, 0, BATCH_JOBS_MAX)
    assert done == [job_id for job_id in ended if job_id in set(ids_of(jobs))]
    assert await queue.newest("two-sum", owner="a") == ids_of(jobs)[::-1][:100]


async def test_a_batch_counts_how_its_jobs_ended(harness: Harness, queue: Queue) -> None:
    jobs = orders(5)
    batch_id = (await send(queue, jobs)).batch_id
    ended = await run(queue)
    claim = await take(queue)
    assert (await known(queue, batch_id)).done == 1
    await queue.finish(claim, result(claim, verdict=Verdict.WRONG_ANSWER))
    await queue.finish(claim, result(claim, verdict=Verdict.WRONG_ANSWER))  # sent again
    claim = await take(queue)
    await queue.fail(claim, "engine", result(claim, verdict=Verdict.SYSTEM_ERROR), attempts_max=1)
    assert await cancel(queue, jobs[4].job_id) is Cancel.CANCELLED
    batch = await known(queue, batch_id)
    assert (batch.done, batch.finished_at_ms) == (4, None)
    assert batch.verdicts == {"ok": 1, "wrong_answer": 1, "system_error": 1, "cancelled": 1}
    ended += [jobs[1].job_id, jobs[2].job_id, jobs[4].job_id]
    assert await queue.batch_done(batch_id) == ended
    assert await queue.batch_done(batch_id, 1, 2) == ended[1:3]
    assert await queue.batch_done(batch_id, 4) == []

    ended += await run(queue)
    batch = await known(queue, batch_id)
    assert (batch.done, batch.total) == (5, 5)
    assert batch.verdicts == {"ok": 2, "wrong_answer": 1, "system_error": 1, "cancelled": 1}
    assert batch.finished_at_ms
    assert await queue.batch_done(batch_id) == ended


async def test_every_job_of_a_batch_can_be_cancelled(queue: Queue) -> None:
    jobs = orders(4)
    jobs[3] = an_order(owner="a", delay_ms=60_000)
    batch_id = (await send(queue, jobs, quota=Quota(open_max=4))).batch_id
    claim = await take(queue)
    answers = [await cancel(queue, job_id) for job_id in await queue.batch_jobs(batch_id)]
    assert answers == [Cancel.ASKED, *[Cancel.CANCELLED] * 3]
    assert (await known(queue, batch_id)).finished_at_ms is None
    await queue.finish(claim, result(claim, verdict=Verdict.CANCELLED))
    batch = await known(queue, batch_id)
    assert batch.verdicts == {"cancelled": 4}
    assert batch.finished_at_ms
    await send(queue, orders(4), quota=Quota(open_max=4))


async def test_a_job_that_comes_back_counts_once(harness: Harness, queue: Queue) -> None:
    batch_id = (await send(queue, orders(1))).batch_id
    claim = await take(queue)
    assert await queue.fail(claim, "engine", result(claim)) is Fail.RETRY
    assert (await known(queue, batch_id)).done == 0
    await harness.advance(61)
    await run(queue)
    assert (await known(queue, batch_id)).verdicts == {"ok": 1}


async def test_jobs_of_a_batch_may_differ(harness: Harness, queue: Queue) -> None:
    await queue.register(a_worker("w2", "other"))
    jobs = [
        an_order(a_submission(problem_id="p"), lane=Lane.HIGH),
        an_order(a_submission(problem_id="q", language="other"), ttl_s=60, keep_source=True),
        an_order(a_submission(problem_id="p"), delay_ms=60_000),
    ]
    accepted = await send(queue, jobs)
    assert accepted.waiting == 2
    assert await queue.newest("p") == [jobs[2].job_id, jobs[0].job_id]
    assert [claim.job_id for claim in await queue.claim("w2", ["other"], 9)] == [jobs[1].job_id]
    assert (await queue.depth()).ready[Lane.HIGH] == 1
    assert await run(queue, 9) == [jobs[0].job_id]
    await harness.advance(61)
    assert await run(queue, 9) == [jobs[2].job_id]


# --- all or nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["full", "open", "rate", "rate for ever", "reused"])
async def test_a_batch_that_is_refused_leaves_nothing(queue: Queue, why: str) -> None:
    free = WAITING_MAX - 10
    for _ in range(10):
        await put(queue, owner="a")
    await queue.enqueue(an_order(owner="a"), once=Once("key", "1"), quota=Quota(10, 0))
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    jobs = orders(free + 1 if why == "full" else 10, problem_id="refused")
    quota = {"open": Quota(open_max=19), "rate": Quota(10, 0), "rate for ever": Quota(9, 0)}.get(why, Quota())
    once = Once("key", "2") if why == "reused" else None
    before, batch_id = await queue.audit(), secrets.token_hex(16)
    errors = {"full": QueueFull, "reused": KeyReused}
    with pytest.raises(errors.get(why, QuotaExceeded)) as raised:
        await queue.enqueue_batch(batch_id, jobs, quota=quota, once=once)
    assert await queue.audit() == before
    assert await queue.batch(batch_id) is None
    assert await queue.batch_jobs(batch_id) == []
    assert [await queue.get(job_id) for job_id in ids_of(jobs)] == [None] * len(jobs)
    assert await queue.newest("refused", owner="a") == []
    if why == "rate for ever":
        assert str(raised.value) == "this key may submit 9 jobs a minute; these are 10"
    if why == "open":
        assert str(raised.value) == "this key may have 19 jobs open; 10 are"
    await send(queue, orders(min(free, 9)), quota=Quota(10, 19))  # no more was used than what was accepted


@pytest.mark.parametrize(
    "jobs",
    [
        [],
        orders(BATCH_JOBS_MAX + 1),
        [*orders(1, "a"), *orders(1, "b")],
        orders(1) * 2,
    ],
    ids=["none", "too many", "of two owners", "one twice"],
)
async def test_what_is_no_batch_is_refused(queue: Queue, jobs: list[Order]) -> None:
    with pytest.raises(ValueError, match="a batch has 1 to 1000 jobs"):
        await send(queue, jobs)
    assert (await queue.audit()).accepted == 0


async def test_a_batch_costs_as_much_as_its_jobs(queue: Queue) -> None:
    assert left(await send(queue, orders(4), quota=Quota(6, 6)), 2, 40)
    with pytest.raises(QuotaExceeded, match="6 jobs open; 4 are"):
        await send(queue, orders(3), quota=Quota(6, 6))
    with pytest.raises(QuotaExceeded, match="try again in"):
        await send(queue, orders(3), quota=Quota(6, 0))
    assert left(await send(queue, orders(2), quota=Quota(6, 6)), 0, 60)


# --- a batch that comes twice --------------------------------------------------------------------


async def test_the_same_batch_again_changes_nothing(queue: Queue) -> None:
    jobs, batch_id, quota = orders(3), secrets.token_hex(16), Quota(6, 3)
    for once in (None, Once("key", "1")):
        first = await queue.enqueue_batch(batch_id, jobs, quota=quota)
        again = await queue.enqueue_batch(batch_id, jobs, quota=quota, once=once)
        assert (again.batch_id, again.queued_at_ms, again.waiting) == (batch_id, first.queued_at_ms, 3)
        assert not again.repeated
        assert left(again, 3, 30)
    assert await queue.batch_jobs(batch_id) == ids_of(jobs)
    assert len(await run(queue, 9)) == 3
    assert (await known(queue, batch_id)).done == 3


async def test_the_same_request_again_is_answered_with_the_first_batch(
    harness: Harness, queue: Queue
) -> None:
    first = await send(queue, orders(2), once=Once("key", "1"))
    again = await send(queue, orders(2), once=Once("key", "1"), quota=Quota(2, 2))
    assert (again.batch_id, again.queued_at_ms, again.repeated) == (first.batch_id, first.queued_at_ms, True)
    assert (await queue.audit()).accepted == 2
    with pytest.raises(KeyReused):
        await queue.enqueue(an_order(owner="a"), once=Once("key", "2"))
    with pytest.raises(KeyReused):
        await send(queue, orders(2), once=Once("key", "2"))
    assert not (await send(queue, orders(2, "b"), once=Once("key", "1"))).repeated
    await harness.advance(86_401)
    assert not (await send(queue, orders(2), once=Once("key", "1"))).repeated


# --- how long a batch is kept --------------------------------------------------------------------


async def test_a_batch_is_kept_from_the_end_of_its_last_job(harness: Harness, queue: Queue) -> None:
    jobs = orders(2, ttl_s=60)
    batch_id = (await send(queue, jobs)).batch_id
    await run(queue)
    await harness.advance(RETENTION_S + 60)
    batch = await known(queue, batch_id)
    assert (batch.done, batch.total) == (1, 2)
    assert await queue.get(jobs[0].job_id) is None  # gone before, as was asked of it
    assert await queue.batch_done(batch_id) == [jobs[0].job_id]
    await run(queue)
    await harness.advance(RETENTION_S - 60)
    assert (await known(queue, batch_id)).done == 2
    assert len(await queue.batch_jobs(batch_id)) == len(await queue.batch_done(batch_id)) == 2
    await harness.advance(61)
    assert await queue.batch(batch_id) is None
    assert await queue.batch_jobs(batch_id) == await queue.batch_done(batch_id) == []


async def test_a_forgotten_job_still_counts(queue: Queue) -> None:
    jobs = orders(2)
    batch_id = (await send(queue, jobs)).batch_id
    await run(queue)
    assert await queue.forget(jobs[0].job_id) is Forget.FORGOTTEN
    await run(queue)
    batch = await known(queue, batch_id)
    assert (batch.done, batch.verdicts) == (2, {"ok": 2})
    assert await queue.batch_done(batch_id) == ids_of(jobs)


@pytest.mark.parametrize("batch_id", ["0" * 32, "*", "", "\0", "é" * 40])
async def test_an_unknown_batch_is_none(queue: Queue, batch_id: str) -> None:
    assert await queue.batch(batch_id) is None
    assert await queue.batch_jobs(batch_id) == []
    assert await queue.batch_done(batch_id) == []


async def test_a_job_is_no_batch_and_a_batch_no_job(queue: Queue) -> None:
    job_id = await put(queue, owner="a")
    batch_id = (await send(queue, orders(1))).batch_id
    assert await queue.batch(job_id) is None
    assert await queue.get(batch_id) is None
    assert await cancel(queue, batch_id) is Cancel.UNKNOWN
    record = await queue.get(job_id)
    assert record
    assert record.batch_id == ""
    taken = [claim.job_id for claim in await queue.claim("w1", WORDS, 9)]
    assert Counter(taken) == Counter([job_id, *await queue.batch_jobs(batch_id)])
