"""Whose job is next, on every implementation of the queue: fair share, positions, times to come."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fleet.errors import ProblemsFull, QueueFull
from fleet.job import JobState, Lane
from fleet.judging import digest_of
from fleet.queue import Fail, Queue
from fleet.testing import a_job_id, a_submission, a_worker, an_order
from tests.contract.queue_harness import (
    LEASE_S,
    PROBLEMS_MAX,
    WAITING_MAX,
    WORDS,
    Harness,
    put,
    result,
    take,
)

pytestmark = pytest.mark.usefixtures("conserved")


async def owners_of(queue: Queue, want: int) -> list[str]:
    """Whose the next jobs are; they are claimed."""
    return [claim.owner for claim in await queue.claim("w1", WORDS, want)]


async def put_for(queue: Queue, owners: str, **changes: Any) -> list[str]:
    """One job for each letter, in this order."""
    return [await put(queue, owner=owner, **changes) for owner in owners]


# --- fair share ----------------------------------------------------------------------------------


async def test_a_thousand_jobs_of_one_owner_do_not_hold_up_the_one_of_another(roomy: Harness) -> None:
    queue = roomy.queue
    await queue.register(a_worker("w1"))
    for _ in range(1_000):
        await put(queue, owner="a")
    accepted = await queue.enqueue(an_order(owner="b"))
    assert (accepted.waiting, accepted.position) == (1_001, 2)
    assert await owners_of(queue, 5) == ["a", "b", "a", "a", "a"]
    audit = await queue.audit()
    assert (audit.ready, audit.missing, audit.doubled) == (996, 0, 0)


async def test_owners_take_turns_however_many_jobs_they_have(queue: Queue) -> None:
    await put_for(queue, "a" * 20 + "b" * 10 + "c" * 10)
    taken = await owners_of(queue, 40)
    rounds = [Counter(taken[first : first + 3]) for first in range(0, 30, 3)]
    assert rounds == [Counter("abc")] * 10
    assert taken[30:] == ["a"] * 10


async def test_of_jobs_whose_turn_is_the_same_the_first_to_come_is_first(queue: Queue) -> None:
    ids = await put_for(queue, "cadbe")
    assert [claim.job_id for claim in await queue.claim("w1", WORDS, 5)] == ids


async def test_jobs_of_one_owner_keep_their_order(queue: Queue) -> None:
    ids = await put_for(queue, "aabababbab")
    taken = [claim.job_id for claim in await queue.claim("w1", WORDS, 10)]
    for owner in "ab":
        mine = [job_id for job_id, letter in zip(ids, "aabababbab", strict=True) if letter == owner]
        assert [job_id for job_id in taken if job_id in mine] == mine


async def test_who_was_away_has_saved_up_no_turns(queue: Queue) -> None:
    await put_for(queue, "a" * 20)
    await owners_of(queue, 10)
    await put_for(queue, "b" * 10)
    assert Counter(await owners_of(queue, 10)) == {"a": 5, "b": 5}


async def test_who_had_the_fleet_alone_is_not_held_back_for_it(queue: Queue) -> None:
    await put_for(queue, "a" * 20)
    assert len(await owners_of(queue, 20)) == 20
    await put_for(queue, "b" * 4 + "a" * 4)
    assert Counter(await owners_of(queue, 4)) == {"a": 2, "b": 2}


async def test_raw_items_together_are_one_owner(harness: Harness, queue: Queue) -> None:
    await harness.push(*[b'{"problemId":"p","code":"1","language":"tongue"}'] * 12)
    await queue.claim("w1", WORDS, 2)
    await put(queue, owner="b")
    assert "b" in await owners_of(queue, 2)


@pytest.mark.parametrize("way", ["release", "lost", "retry"])
async def test_a_job_that_comes_back_is_the_next_of_all(harness: Harness, queue: Queue, way: str) -> None:
    await put_for(queue, "aaa")
    claim = await take(queue)
    await put_for(queue, "bbccc")
    await put_for(queue, "d")
    if way == "release":
        await queue.release("w1", [claim])
    elif way == "lost":
        await harness.advance(LEASE_S + 1)
        await queue.reap()
    else:
        assert await queue.fail(claim, "engine", result(claim)) is Fail.RETRY
        assert await queue.position(claim.job_id) == 0
        await harness.advance(61)
        await queue.reap()
    assert await queue.position(claim.job_id) == 1
    assert (await take(queue)).job_id == claim.job_id
    assert await owners_of(queue, 4) == ["a", "b", "c", "d"]


async def test_jobs_that_come_back_together_keep_their_order(queue: Queue) -> None:
    await put_for(queue, "aabbc")
    claims = await queue.claim("w1", WORDS, 4)
    await put_for(queue, "ddd")
    assert await queue.release("w1", [claims[2], claims[0], claims[3], claims[1]]) == 4
    again = await queue.claim("w1", WORDS, 4)
    assert [claim.job_id for claim in again] == [claim.job_id for claim in claims]


async def test_lanes_share_by_weight_whoever_fills_them(queue: Queue) -> None:
    for _ in range(15):
        for lane, owner in ((Lane.LOW, "a"), (Lane.NORMAL, "b"), (Lane.HIGH, "c")):
            await put(queue, lane, owner=owner)
    assert Counter(await owners_of(queue, 20)) == {"c": 12, "b": 6, "a": 2}


async def test_each_language_and_each_lane_is_shared_for_itself(queue: Queue) -> None:
    await queue.register(a_worker("w2", "other"))
    await put_for(queue, "a" * 10, language="other")
    for _ in range(10):
        await put(queue, Lane.HIGH, owner="a")
    await put_for(queue, "ab")  # that the owner has much elsewhere does not count here
    positions = {await queue.position(job_id) for job_id in await put_for(queue, "ab")}
    assert positions == {3, 4}


async def test_a_claim_says_whose_job_it_is(harness: Harness, queue: Queue) -> None:
    job_id = await put(queue, Lane.HIGH, owner="key1")
    await harness.push(b'{"problemId":"p","code":"1","language":"tongue","owner":"key1"}')
    owners = {claim.job_id: claim.owner for claim in await queue.claim("w1", WORDS, 2)}
    assert owners.pop(job_id) == "key1"
    assert list(owners.values()) == [""]  # nobody becomes another by what an item says
    record = await queue.get(job_id)
    assert record
    assert (record.owner, record.lane) == ("key1", Lane.HIGH)


# --- positions -----------------------------------------------------------------------------------


async def test_a_position_moves_up_as_others_are_taken(queue: Queue) -> None:
    ids = [(await queue.enqueue(an_order())).job_id for _ in range(3)]
    assert [await queue.position(job_id) for job_id in ids] == [1, 2, 3]
    claim = await take(queue)
    assert [await queue.position(job_id) for job_id in ids] == [0, 1, 2]
    await queue.finish(claim, result(claim))
    assert await queue.position(ids[0]) == 0
    assert await queue.position(a_job_id()) == 0


async def test_a_position_counts_those_that_are_served_before(queue: Queue) -> None:
    first = await put_for(queue, "aaa")
    accepted = await queue.enqueue(an_order(owner="b"))
    assert (accepted.position, accepted.waiting) == (2, 4)
    assert [await queue.position(job_id) for job_id in first] == [1, 3, 4]
    assert (await queue.enqueue(an_order(lane=Lane.LOW, owner="a"))).position == 1
    other = an_order(a_submission(language="other"))
    accepted = await queue.enqueue(other)
    assert (accepted.position, accepted.waiting) == (1, 6)
    taken = [claim.job_id for claim in await queue.claim("w1", WORDS, 3)]
    assert taken[:2] == [first[0], (await queue.newest("two-sum", 1, owner="b"))[0]]


# --- times to come -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["claim", "reap"])
async def test_a_job_waits_for_its_time(harness: Harness, queue: Queue, by: str) -> None:
    order = an_order(owner="a", delay_ms=60_000)
    accepted = await queue.enqueue(order)
    assert (accepted.position, accepted.waiting) == (0, 0)
    assert (await queue.enqueue(order)).queued_at_ms == accepted.queued_at_ms
    record = await queue.get(order.job_id)
    assert record
    assert (record.state, record.attempt) == (JobState.QUEUED, 0)
    assert record.run_at_ms == accepted.queued_at_ms + 60_000
    depth, audit = await queue.depth(), await queue.audit()
    assert (depth.later, audit.later, sum(depth.ready.values())) == (1, 1, 0)
    assert await queue.claim("w1", WORDS, 1) == []

    await harness.advance(30)
    assert (await queue.reap()).due == 0
    assert await queue.claim("w1", WORDS, 1) == []
    await harness.advance(31)
    if by == "reap":
        assert (await queue.reap()).due == 1
        assert await queue.position(order.job_id) == 1
        record = await queue.get(order.job_id)
        assert record
        assert record.run_at_ms is None
    claim = await take(queue)
    assert (claim.job_id, claim.attempt, claim.queued_at_ms) == (order.job_id, 1, accepted.queued_at_ms)
    assert (await queue.depth()).later == 0


async def test_of_an_instant_and_a_delay_the_later_counts(harness: Harness, queue: Queue) -> None:
    now_ms = (await queue.enqueue(an_order())).queued_at_ms
    for run_at_ms, delay_ms in ((now_ms + 20_000, 60_000), (now_ms + 60_000, 20_000)):
        await queue.enqueue(an_order(run_at_ms=run_at_ms, delay_ms=delay_ms))
    await harness.advance(40)
    assert (await queue.reap()).due == 0
    await harness.advance(30)
    assert (await queue.reap()).due == 2


async def test_a_time_that_has_passed_is_now(queue: Queue) -> None:
    now_ms = (await queue.enqueue(an_order())).queued_at_ms
    accepted = await queue.enqueue(an_order(run_at_ms=now_ms - 5_000))
    assert (accepted.position, accepted.waiting) == (2, 2)
    record = await queue.get(accepted.job_id)
    assert record
    assert record.run_at_ms is None
    assert len(await queue.claim("w1", WORDS, 5)) == 2


async def test_a_job_whose_time_has_come_takes_its_turn_then(harness: Harness, queue: Queue) -> None:
    await queue.enqueue(delayed := an_order(owner="a", delay_ms=10_000))
    await queue.enqueue(other := an_order(owner="b", delay_ms=10_000))
    await put_for(queue, "aaa")
    await harness.advance(11)
    await queue.reap()
    assert await queue.position(other.job_id) == 2  # its owner's first here
    assert await queue.position(delayed.job_id) == 5  # behind what its owner has here already


async def test_jobs_with_a_time_of_their_own_fill_the_queue_too(queue: Queue) -> None:
    for _ in range(WAITING_MAX):
        await queue.enqueue(an_order(delay_ms=3_600_000))
    with pytest.raises(QueueFull) as refused:
        await put(queue)
    assert (refused.value.waiting, refused.value.bound) == (WAITING_MAX, WAITING_MAX)


async def test_what_is_due_is_taken_in_its_lane_and_language(harness: Harness, queue: Queue) -> None:
    await queue.register(a_worker("w2", "other"))
    high = an_order(a_submission(language="other"), lane=Lane.HIGH, delay_ms=10_000)
    await queue.enqueue(high)
    await harness.advance(11)
    assert await queue.claim("w1", WORDS, 1) == []
    assert (await queue.depth()).ready[Lane.HIGH] == 1
    assert [claim.job_id for claim in await queue.claim("w2", ["other"], 1)] == [high.job_id]


# --- what is kept for each owner -----------------------------------------------------------------


async def test_the_jobs_of_a_problem_are_listed_for_each_owner(harness: Harness, queue: Queue) -> None:
    mine = await put_for(queue, "aa", problem_id="p")
    await put_for(queue, "b", problem_id="p")
    nobodys = await put(queue, problem_id="p")
    assert await queue.newest("p", owner="a") == mine[::-1]
    assert await queue.newest("p") == [nobodys]
    assert await queue.newest("p", owner="c") == []
    await harness.push(b'{"problemId":"p","code":"1","language":"tongue","owner":"a"}')
    for claim in await queue.claim("w1", WORDS, 9):
        await queue.finish(claim, result(claim, problem_id="p"))
    assert await queue.newest("p", owner="a") == mine[::-1]
    assert len(await queue.newest("p")) == 2


async def test_a_definition_is_its_owners_alone(queue: Queue) -> None:
    await queue.define("p", '{"of":"a"}', owner="a")
    assert (await queue.define("p", '{"of":"nobody"}')).new
    assert await queue.definition("p", owner="b") is None
    await put_for(queue, "ab", problem_id="p")
    await put(queue, problem_id="p")
    claims = {claim.owner: claim.definition for claim in await queue.claim("w1", WORDS, 3)}
    assert claims == {"a": digest_of('{"of":"a"}'), "b": "", "": digest_of('{"of":"nobody"}')}
    assert not await queue.undefine("p", owner="b")
    assert await queue.undefine("p", owner="a")
    assert await queue.definition("p", owner="a") is None
    assert await queue.definition("p") == (digest_of('{"of":"nobody"}'), '{"of":"nobody"}')


async def test_the_bound_on_definitions_is_that_of_the_fleet(queue: Queue) -> None:
    for number in range(PROBLEMS_MAX):
        await queue.define("p", "{}", owner=f"key{number}")
    with pytest.raises(ProblemsFull):
        await queue.define("p", "{}", owner="another")
    assert await queue.undefine("p", owner="key0")
    assert (await queue.define("p", "{}", owner="another")).new
