"""What an owner may do, and requests that come twice, on every implementation of the queue."""

from __future__ import annotations

import pytest

from fleet.errors import KeyReused, QueueFull, QuotaExceeded
from fleet.queue import Enqueued, EnqueuedBatch, Fail, Once, Queue, Quota
from fleet.testing import a_submission, an_order
from tests.contract.queue_harness import (
    LEASE_S,
    RAW,
    WAITING_MAX,
    WORDS,
    Harness,
    cancel,
    put,
    result,
    take,
)

pytestmark = pytest.mark.usefixtures("conserved")

DAY_S = 86_400


async def submit(queue: Queue, owner: str = "a", once: Once | None = None, **quota: int) -> Enqueued:
    return await queue.enqueue(an_order(owner=owner), quota=Quota(**quota), once=once)


def near(seconds: int, wanted_s: int) -> bool:
    """Whether it is so many seconds, but for those that the test itself took."""
    return wanted_s - 5 <= seconds <= wanted_s


def left(answer: Enqueued | EnqueuedBatch | QuotaExceeded, remaining: int, reset_s: int) -> bool:
    """Whether so much of a rate is left."""
    allowance = answer.allowance
    return allowance is not None and allowance.remaining == remaining and near(allowance.reset_s, reset_s)


async def refused(queue: Queue, owner: str = "a", **quota: int) -> QuotaExceeded:
    """How a job is refused; nothing of it is accepted."""
    order, before = an_order(a_submission(problem_id="refused"), owner=owner), await queue.audit()
    with pytest.raises(QuotaExceeded) as raised:
        await queue.enqueue(order, quota=Quota(**quota), once=Once("refused", "0"))
    assert await queue.get(order.job_id) is None
    assert await queue.newest("refused", owner=owner) == []
    assert await queue.audit() == before
    return raised.value


# --- the rate ------------------------------------------------------------------------------------


async def test_as_many_jobs_as_a_minute_has_may_come_at_once(queue: Queue) -> None:
    for number in range(6):
        assert left(await submit(queue, jobs_per_minute=6), 5 - number, 10 * (number + 1))
    error = await refused(queue, jobs_per_minute=6)
    assert str(error) == f"this key may submit 6 jobs a minute; try again in {error.retry_after_s} s"
    assert near(error.retry_after_s, 10)
    assert left(error, 0, 60)


async def test_what_was_used_comes_back_with_time(harness: Harness, queue: Queue) -> None:
    for _ in range(6):
        await submit(queue, jobs_per_minute=6)
    await harness.advance(25)  # two and a half jobs
    assert left(await submit(queue, jobs_per_minute=6), 1, 45)
    assert left(await submit(queue, jobs_per_minute=6), 0, 55)
    assert near((await refused(queue, jobs_per_minute=6)).retry_after_s, 5)
    await harness.advance(5)
    assert left(await submit(queue, jobs_per_minute=6), 0, 60)
    await harness.advance(3_600)  # nobody saves up more than a minute
    assert left(await submit(queue, jobs_per_minute=6), 5, 10)


async def test_a_refusal_costs_nothing(harness: Harness, queue: Queue) -> None:
    await submit(queue, jobs_per_minute=1)
    for _ in range(5):
        assert near((await refused(queue, jobs_per_minute=1)).retry_after_s, 60)
    await harness.advance(60)
    await submit(queue, jobs_per_minute=1)


async def test_a_high_rate_is_counted_job_by_job(roomy: Harness) -> None:
    queue, most = roomy.queue, 3_000
    for _ in range(20):
        accepted = await submit(queue, jobs_per_minute=most)
        assert accepted.allowance
        assert most - 20 <= accepted.allowance.remaining <= most - 1
        assert accepted.allowance.reset_s <= 1


async def test_each_owner_has_its_own_rate_and_nobody_has_none(queue: Queue) -> None:
    await submit(queue, "a", jobs_per_minute=1)
    await refused(queue, "a", jobs_per_minute=1)
    assert left(await submit(queue, "b", jobs_per_minute=1), 0, 60)
    for _ in range(3):
        assert (await submit(queue, "", jobs_per_minute=1, open_max=1)).allowance is None
    assert (await submit(queue, "a")).allowance is None  # without a bound there is nothing to tell


async def test_a_rate_that_was_changed_counts_as_it_is_now(harness: Harness, queue: Queue) -> None:
    await submit(queue, jobs_per_minute=1)
    assert near((await refused(queue, jobs_per_minute=2)).retry_after_s, 30)
    await harness.advance(31)
    assert left(await submit(queue, jobs_per_minute=2), 0, 59)


# --- open jobs -----------------------------------------------------------------------------------


async def test_only_so_many_jobs_are_open_at_once(queue: Queue) -> None:
    for _ in range(3):
        assert (await submit(queue, open_max=3)).allowance is None
    error = await refused(queue, open_max=3)
    assert str(error) == "this key may have 3 jobs open; 3 are"
    assert error.retry_after_s >= 1
    assert error.allowance is None
    await submit(queue, "b", open_max=1)
    await submit(queue, open_max=4)


@pytest.mark.parametrize("way", ["finish", "dead", "cancel", "cancel later", "cancelled by its worker"])
async def test_a_job_that_is_done_is_no_longer_open(queue: Queue, way: str) -> None:
    order = an_order(owner="a", delay_ms=60_000 if way == "cancel later" else 0)
    await queue.enqueue(order, quota=Quota(open_max=1))
    await refused(queue, open_max=1)
    if way.startswith("cancel") and way != "cancelled by its worker":
        await cancel(queue, order.job_id)
    else:
        claim = await take(queue)
        await refused(queue, open_max=1)  # open until it is done
        if way == "dead":
            assert await queue.fail(claim, "engine", result(claim), attempts_max=1) is Fail.DEAD
        else:
            await cancel(queue, order.job_id) if way.startswith("cancelled") else None
            await queue.finish(claim, result(claim))
            await queue.finish(claim, result(claim))  # the same call sent again counts nothing
    await submit(queue, open_max=1)
    await refused(queue, open_max=1)


async def test_a_job_that_comes_back_is_open_once(harness: Harness, queue: Queue) -> None:
    await submit(queue, open_max=2)
    claim = await take(queue)
    await queue.release("w1", [claim])
    claim = await take(queue)
    await queue.fail(claim, "engine", result(claim))
    await harness.advance(61)
    await queue.reap()
    await take(queue)
    await harness.advance(LEASE_S + 1)
    await queue.reap()
    await submit(queue, open_max=2)
    error = await refused(queue, open_max=2)
    assert "2 are" in str(error)


async def test_raw_items_are_no_owners_open_jobs(harness: Harness, queue: Queue) -> None:
    await harness.push(RAW % 1, RAW % 2)
    for claim in await queue.claim("w1", WORDS, 2):
        await queue.finish(claim, result(claim))
    await submit(queue, open_max=1)
    await refused(queue, open_max=1)


async def test_a_refusal_for_one_reason_uses_up_nothing_of_another(queue: Queue) -> None:
    await submit(queue, jobs_per_minute=2, open_max=1)
    for _ in range(3):
        assert "open" in str(await refused(queue, jobs_per_minute=2, open_max=1))
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    assert left(await submit(queue, jobs_per_minute=2, open_max=1), 0, 60)
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    for _ in range(2):
        assert "a minute" in str(await refused(queue, jobs_per_minute=2, open_max=1))


async def test_a_full_queue_uses_up_no_quota(queue: Queue) -> None:
    for _ in range(WAITING_MAX):
        await put(queue)
    for _ in range(3):
        with pytest.raises(QueueFull):
            await submit(queue, once=Once("k", "1"), jobs_per_minute=1, open_max=1)
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    await submit(queue, once=Once("k", "2"), jobs_per_minute=1, open_max=1)


async def test_the_same_job_again_costs_nothing(queue: Queue) -> None:
    order = an_order(owner="a")
    for _ in range(4):
        accepted = await queue.enqueue(order, quota=Quota(2, 1))
        assert (accepted.job_id, accepted.waiting, accepted.repeated) == (order.job_id, 1, False)
        assert left(accepted, 1, 30)


# --- requests that come twice --------------------------------------------------------------------


async def test_the_same_request_again_is_answered_with_the_first(queue: Queue) -> None:
    first = await submit(queue, once=Once("key", "1"))
    assert not first.repeated
    again = await submit(queue, once=Once("key", "1"))
    assert (again.job_id, again.queued_at_ms, again.repeated) == (first.job_id, first.queued_at_ms, True)
    assert (again.position, again.waiting) == (1, 1)
    claim = await take(queue)
    assert (await submit(queue, once=Once("key", "1"))).position == 0
    await queue.finish(claim, result(claim))
    again = await submit(queue, once=Once("key", "1"))
    assert (again.job_id, again.repeated) == (first.job_id, True)
    assert (await queue.audit()).accepted == 1


async def test_the_first_call_sent_again_is_no_repetition(queue: Queue) -> None:
    order, once = an_order(owner="a"), Once("key", "1")
    first = await queue.enqueue(order, once=once)
    assert await queue.enqueue(order, once=once) == first


async def test_another_request_with_the_same_key_is_refused(queue: Queue) -> None:
    await submit(queue, once=Once("key", "1"))
    order = an_order(owner="a")
    with pytest.raises(KeyReused):
        await queue.enqueue(order, once=Once("key", "2"), quota=Quota(1, 2))
    assert await queue.get(order.job_id) is None
    assert (await queue.audit()).accepted == 1
    await submit(queue, once=Once("another", "2"), jobs_per_minute=1, open_max=2)


async def test_a_key_is_its_owners_alone(queue: Queue) -> None:
    ids = {(await submit(queue, owner, Once("key", owner or "0"))).job_id for owner in ("a", "b", "")}
    assert len(ids) == 3
    assert (await submit(queue, "a", Once("key", "a"))).job_id in ids


@pytest.mark.parametrize("key", ["a b", "\0", "é😀", ":*?[]{}", "x" * 255, "a\nb"])
async def test_a_key_may_be_any_text(queue: Queue, key: str) -> None:
    first = await submit(queue, once=Once(key, "1"))
    assert (await submit(queue, once=Once(key, "1"))).job_id == first.job_id
    assert (await submit(queue, once=Once(key + "x", "1"))).job_id != first.job_id


async def test_owner_and_key_are_not_run_together(queue: Queue) -> None:
    first = await submit(queue, "ab", Once("c", "1"))
    assert (await submit(queue, "a", Once("bc", "1"))).job_id != first.job_id


async def test_a_key_is_forgotten_after_a_day(harness: Harness, queue: Queue) -> None:
    first = await submit(queue, once=Once("key", "1"))
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    await harness.advance(DAY_S - 60)
    again = await submit(queue, once=Once("key", "1"))  # though its job is no longer kept
    assert await queue.get(first.job_id) is None
    assert (again.job_id, again.queued_at_ms, again.repeated) == (first.job_id, first.queued_at_ms, True)
    await harness.advance(61)
    anew = await submit(queue, once=Once("key", "2"))
    assert anew.job_id != first.job_id
    assert not anew.repeated


async def test_a_repetition_costs_nothing_and_says_what_is_left(queue: Queue) -> None:
    first = await submit(queue, once=Once("key", "1"), jobs_per_minute=2, open_max=1)
    for _ in range(3):
        again = await submit(queue, once=Once("key", "1"), jobs_per_minute=2, open_max=1)
        assert again.job_id == first.job_id
        assert left(again, 1, 30)


async def test_a_request_that_was_refused_may_come_again(queue: Queue) -> None:
    await submit(queue, open_max=1)
    with pytest.raises(QuotaExceeded):
        await submit(queue, once=Once("key", "1"), open_max=1)
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    assert not (await submit(queue, once=Once("key", "1"), open_max=1)).repeated


async def test_of_a_forgotten_job_the_first_answer_is_repeated(queue: Queue) -> None:
    first = await submit(queue, once=Once("key", "1"))
    claim = await take(queue)
    await queue.finish(claim, result(claim))
    await queue.forget(first.job_id)
    again = await submit(queue, once=Once("key", "1"))
    assert (again.job_id, again.repeated, again.position) == (first.job_id, True, 0)
    assert await queue.get(first.job_id) is None
