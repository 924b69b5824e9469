"""Jobs that are cancelled or forgotten, and what is kept of one, on every implementation of the queue."""

from __future__ import annotations

from collections import Counter

import pytest

from fleet.job import JobState, Verdict
from fleet.queue import Cancel, Fail, Finish, Forget, Order, Queue
from fleet.testing import a_submission, a_worker, an_order
from tests.contract.queue_harness import (
    ITEM_BYTES_MAX,
    LEASE_S,
    RAW,
    RETENTION_S,
    WORDS,
    Harness,
    cancel,
    cancelled_result,
    put,
    result,
    take,
)

pytestmark = pytest.mark.usefixtures("conserved")


# --- a job that nobody runs ----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["ready", "later", "pause", "released"])
async def test_a_job_that_waits_ends_at_once(harness: Harness, queue: Queue, where: str) -> None:
    order = an_order(owner="a", delay_ms=60_000 if where == "later" else 0)
    await queue.enqueue(order)
    begun = 0
    if where in ("pause", "released"):
        claim = await take(queue)
        await queue.renew("w1", {claim.job_id: claim.fence}, [claim.job_id])
        if where == "pause":
            assert await queue.fail(claim, "engine", result(claim)) is Fail.RETRY
            begun = 1
        else:
            await queue.release("w1", [claim])
    assert await cancel(queue, order.job_id) is Cancel.CANCELLED

    record = await queue.get(order.job_id)
    assert record
    assert (record.state, record.result) == (JobState.DONE, cancelled_result(order.job_id))
    assert (record.attempt, record.worker, record.started_at_ms) == (begun, None, None)
    assert record.finished_at_ms
    (event,) = await harness.events()
    assert (event.job_id, event.verdict) == (order.job_id, Verdict.CANCELLED)
    audit = await queue.audit()
    assert (audit.done, audit.ready, audit.later) == (1, 0, 0)
    await harness.advance(61)
    assert (await queue.reap()).due == 0
    assert await queue.claim("w1", WORDS, 5) == []
    assert (await queue.depth()).dead == 0


async def test_those_behind_it_move_up(queue: Queue) -> None:
    ids = [await put(queue, owner="a") for _ in range(3)]
    assert await cancel(queue, ids[1]) is Cancel.CANCELLED
    assert [await queue.position(job_id) for job_id in ids] == [1, 0, 2]
    assert [claim.job_id for claim in await queue.claim("w1", WORDS, 5)] == [ids[0], ids[2]]


@pytest.mark.parametrize("first", [0, -1])
async def test_who_cancels_everything_is_not_held_back_for_it(queue: Queue, first: int) -> None:
    ids = [await put(queue, owner="a") for _ in range(20)]
    for _ in range(10):
        await put(queue, owner="b")
    while ids:
        assert await cancel(queue, ids.pop(first)) is Cancel.CANCELLED
    await put(queue, owner="a")
    assert "a" in [claim.owner for claim in await queue.claim("w1", WORDS, 2)]


async def test_who_cancels_some_keeps_the_turns_of_the_others(queue: Queue) -> None:
    ids = [await put(queue, owner="a") for _ in range(4)]
    for _ in range(4):
        await put(queue, owner="b")
    await cancel(queue, ids[3])
    await cancel(queue, ids[2])
    ids[2:] = [await put(queue, owner="a")]
    taken = await queue.claim("w1", WORDS, 6)
    assert [claim.job_id for claim in taken if claim.owner == "a"] == ids
    assert Counter(claim.owner for claim in taken) == {"a": 3, "b": 3}


async def test_a_raw_item_that_was_taken_in_can_be_cancelled(harness: Harness, queue: Queue) -> None:
    await harness.push(RAW % 1, RAW % 2)
    claim = await take(queue)
    other = next(job_id for job_id in await queue.newest("p") if job_id != claim.job_id)
    assert await cancel(queue, other) is Cancel.CANCELLED
    assert await queue.finish(claim, result(claim)) is Finish.OK
    assert await queue.claim("w1", WORDS, 5) == []


# --- a job that a worker has ---------------------------------------------------------------------


@pytest.mark.parametrize("started", [False, True])
async def test_the_worker_of_a_job_is_told_and_ends_it(harness: Harness, queue: Queue, started: bool) -> None:
    job_id, other = await put(queue), await put(queue)
    claim, held = await queue.claim("w1", WORDS, 2)
    assert not claim.cancelled
    both = {job_id: claim.fence, other: held.fence}
    await queue.renew("w1", both, [job_id] if started else [])
    for _ in range(2):
        assert await cancel(queue, job_id) is Cancel.ASKED
    record = await queue.get(job_id)
    assert record
    assert record.cancel_asked
    assert record.state is (JobState.RUNNING if started else JobState.QUEUED)
    assert await harness.events() == []

    renewal = await queue.renew("w1", both)
    assert renewal.cancelled == {job_id}
    assert not renewal.stale
    told = cancelled_result(job_id, stdout=b"so far")
    assert await queue.finish(claim, told) is Finish.OK
    record = await queue.get(job_id)
    assert record
    assert (record.state, record.result) == (JobState.DONE, told)
    assert [event.verdict for event in await harness.events()] == [Verdict.CANCELLED]
    assert (await queue.renew("w1", {other: held.fence})).cancelled == frozenset()


async def test_a_job_that_ends_before_its_worker_hears_keeps_its_result(queue: Queue) -> None:
    job_id = await put(queue)
    claim = await take(queue)
    assert await cancel(queue, job_id) is Cancel.ASKED
    told = result(claim)
    assert await queue.finish(claim, told) is Finish.OK
    record = await queue.get(job_id)
    assert record
    assert record.result == told


@pytest.mark.parametrize("way", ["release", "lost", "retry"])
async def test_who_gets_it_next_knows_that_it_was_cancelled(harness: Harness, queue: Queue, way: str) -> None:
    job_id = await put(queue, owner="a")
    late = await take(queue)
    await queue.renew("w1", {job_id: late.fence}, [job_id])
    assert await cancel(queue, job_id) is Cancel.ASKED
    if way == "release":
        await queue.release("w1", [late])
    elif way == "retry":
        assert await queue.fail(late, "engine", result(late)) is Fail.RETRY
        await harness.advance(61)
    else:
        await harness.advance(LEASE_S + 1)
    await queue.reap()

    await queue.register(a_worker("w2", "other"))
    (claim,) = await queue.claim("w2", ["other"], 1)  # any worker can write that verdict
    assert (claim.job_id, claim.cancelled, claim.owner) == (job_id, True, "a")
    assert (await queue.renew("w2", {job_id: claim.fence})).cancelled == {job_id}
    assert await queue.finish(late, result(late)) is Finish.STALE
    assert await queue.finish(claim, cancelled_result(job_id)) is Finish.OK


@pytest.mark.parametrize("way", ["release", "retry"])
async def test_one_that_waits_again_ends_at_once(harness: Harness, queue: Queue, way: str) -> None:
    job_id = await put(queue)
    late = await take(queue)
    assert await cancel(queue, job_id) is Cancel.ASKED
    if way == "release":
        await queue.release("w1", [late])
    else:
        await queue.fail(late, "engine", result(late))
    assert await cancel(queue, job_id) is Cancel.CANCELLED
    assert await queue.finish(late, result(late)) is Finish.STALE
    assert (await queue.renew("w1", {job_id: late.fence})).stale == {job_id}
    assert not await queue.progress(late, ["1"])
    assert await queue.claim("w1", WORDS, 5) == []


# --- a job that is done, or never was ------------------------------------------------------------


async def test_what_is_done_stays_as_it_is(harness: Harness, queue: Queue) -> None:
    job_id = await put(queue)
    claim = await take(queue)
    await queue.finish(claim, told := result(claim))
    before = await queue.get(job_id)
    assert await cancel(queue, job_id) is Cancel.DONE
    assert await queue.get(job_id) == before
    assert before
    assert before.result == told
    assert len(await harness.events()) == 1


async def test_a_job_is_cancelled_once(harness: Harness, queue: Queue) -> None:
    job_id = await put(queue)
    assert await cancel(queue, job_id) is Cancel.CANCELLED
    assert await cancel(queue, job_id, stdout=b"other") is Cancel.DONE
    record = await queue.get(job_id)
    assert record
    assert record.result == cancelled_result(job_id)
    assert len(await harness.events()) == 1


@pytest.mark.parametrize("job_id", ["0" * 32, "*", "", "\0", "é" * 40])
async def test_of_an_unknown_job_there_is_nothing_to_cancel_or_forget(queue: Queue, job_id: str) -> None:
    assert await cancel(queue, job_id) is Cancel.UNKNOWN
    assert await queue.forget(job_id) is Forget.UNKNOWN
    assert await queue.source(job_id) is None
    assert await queue.position(job_id) == 0
    assert await queue.get(job_id) is None


# --- forgetting ----------------------------------------------------------------------------------


async def test_a_job_that_is_done_can_be_forgotten(harness: Harness, queue: Queue) -> None:
    order = an_order(a_submission(problem_id="p"), owner="a", keep_source=True)
    await queue.enqueue(order)
    other = await put(queue, owner="a", problem_id="p")
    claim, _ = await queue.claim("w1", WORDS, 2)
    await queue.progress(claim, ["1"])
    last = result(claim, verdict=Verdict.SYSTEM_ERROR)
    assert await queue.fail(claim, "engine", last, attempts_max=1) is Fail.DEAD
    assert (await queue.depth()).dead == 1

    assert await queue.forget(order.job_id) is Forget.FORGOTTEN
    assert await queue.get(order.job_id) is None
    assert await queue.told(order.job_id) == []
    assert await queue.source(order.job_id) is None
    assert await queue.newest("p", owner="a") == [other]
    assert (await queue.depth()).dead == 0
    assert await queue.forget(order.job_id) is Forget.UNKNOWN
    assert await cancel(queue, order.job_id) is Cancel.UNKNOWN
    assert len(await harness.events()) == 1  # what was announced was announced
    assert await queue.finish(claim, last) is Finish.STALE


@pytest.mark.parametrize("where", ["ready", "later", "leased"])
async def test_a_job_that_is_not_done_is_not_forgotten(queue: Queue, where: str) -> None:
    order = an_order(delay_ms=60_000 if where == "later" else 0)
    await queue.enqueue(order)
    if where == "leased":
        await take(queue)
    before = await queue.get(order.job_id)
    assert await queue.forget(order.job_id) is Forget.NOT_DONE
    assert await queue.get(order.job_id) == before


# --- how long what is kept -----------------------------------------------------------------------


async def end(queue: Queue, order: Order, way: str) -> None:
    """Accept a job and bring it to its end."""
    await queue.enqueue(order)
    if way == "cancel":
        assert await cancel(queue, order.job_id) is Cancel.CANCELLED
        return
    claim = await take(queue)
    if way == "finish":
        await queue.progress(claim, ["1"])
        assert await queue.finish(claim, result(claim)) is Finish.OK
    else:
        assert await queue.fail(claim, "engine", result(claim), attempts_max=1) is Fail.DEAD


ENDS = ["finish", "fail", "cancel"]


@pytest.mark.parametrize("way", ENDS)
@pytest.mark.parametrize(
    ("ttl_s", "kept_s"),
    [(0, RETENTION_S), (100, 100), (RETENTION_S * 2, RETENTION_S), (RETENTION_S, RETENTION_S)],
)
async def test_a_result_is_kept_as_long_as_was_asked_within_the_bound(
    harness: Harness, queue: Queue, way: str, ttl_s: int, kept_s: int
) -> None:
    order = an_order(ttl_s=ttl_s)
    await end(queue, order, way)
    await harness.advance(kept_s - 30)
    assert await queue.get(order.job_id) is not None
    assert len(await queue.told(order.job_id)) == (way == "finish")
    await harness.advance(31)
    assert await queue.get(order.job_id) is None
    assert await queue.told(order.job_id) == []
    assert await queue.forget(order.job_id) is Forget.UNKNOWN


async def test_the_time_of_a_result_begins_with_its_end(harness: Harness, queue: Queue) -> None:
    await queue.enqueue(an_order(ttl_s=60))
    await queue.enqueue(later := an_order(ttl_s=60, delay_ms=10 * RETENTION_S * 1000))
    await harness.advance(RETENTION_S)
    claim = await take(queue)
    await harness.advance(RETENTION_S)
    assert await queue.finish(claim, result(claim)) is Finish.OK
    assert await queue.get(claim.job_id) is not None
    assert await queue.source(later.job_id) == later.spec.encode()
    assert (await queue.audit()).later == 1


@pytest.mark.parametrize("way", ENDS)
async def test_the_source_is_erased_with_the_end_of_the_job(queue: Queue, way: str) -> None:
    order = an_order(a_submission(code="print('ü')"))
    await queue.enqueue(order)
    assert await queue.source(order.job_id) == order.spec.encode()
    await end(queue, order, way)
    assert await queue.get(order.job_id) is not None
    assert await queue.source(order.job_id) is None


@pytest.mark.parametrize("way", ENDS)
async def test_the_source_is_kept_with_the_result_if_it_was_asked_for(
    harness: Harness, queue: Queue, way: str
) -> None:
    order = an_order(a_submission(code="print('ü')"), keep_source=True, ttl_s=100)
    await end(queue, order, way)
    assert await queue.source(order.job_id) == order.spec.encode()
    await harness.advance(101)
    assert await queue.source(order.job_id) is None


async def test_an_item_that_is_too_large_has_no_source(harness: Harness, queue: Queue) -> None:
    await harness.push(b"x" * (ITEM_BYTES_MAX + 1), RAW % 1)
    large, small = await queue.claim("w1", WORDS, 2)
    assert await queue.source(large.job_id) is None
    assert await queue.source(small.job_id) == RAW % 1
    await queue.finish(small, result(small))
    assert await queue.source(small.job_id) is None
