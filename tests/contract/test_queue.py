"""What a queue promises, on every implementation: the fake can no longer lie."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from fleet.errors import QueueFull
from fleet.job import JobState, Lane, Verdict
from fleet.queue import CRASHES_MAX, Fail, Finish, Queue
from fleet.testing import a_job_id, a_submission, a_worker, an_order
from tests.contract.queue_harness import (
    ITEM_BYTES_MAX,
    LEASE_S,
    RAW,
    WAITING_MAX,
    WORDS,
    Harness,
    put,
    result,
    take,
)

pytestmark = pytest.mark.usefixtures("conserved")


# --- a job's way ---------------------------------------------------------------------------------


async def test_a_job_goes_from_queued_through_running_to_done(harness: Harness, queue: Queue) -> None:
    order = an_order(a_submission(code="print('ü')"))
    job_id, spec = order.job_id, order.spec
    accepted = await queue.enqueue(order)
    assert (accepted.job_id, accepted.waiting, accepted.position) == (job_id, 1, 1)
    record = await queue.get(job_id)
    assert record
    assert (record.state, record.attempt, record.worker) == (JobState.QUEUED, 0, None)

    claim = await take(queue)
    assert (claim.job_id, claim.spec, claim.attempt, claim.crashes) == (job_id, spec.encode(), 1, 0)
    assert claim.queued_at_ms == accepted.queued_at_ms <= claim.claimed_at_ms
    await queue.renew("w1", {job_id: claim.fence}, [job_id])
    record = await queue.get(job_id)
    assert record
    assert (record.state, record.attempt, record.worker) == (JobState.RUNNING, 1, "w1")
    assert record.started_at_ms

    told = result(claim, stdout=b"\xff", problem_id="two-sum")
    assert await queue.finish(claim, told) is Finish.OK
    record = await queue.get(job_id)
    assert record
    assert (record.state, record.result, record.attempt) == (JobState.DONE, told, 1)
    assert record.finished_at_ms
    (event,) = await harness.events()
    assert (event.n, event.job_id, event.verdict) == (1, job_id, Verdict.OK)
    assert await queue.claim("w1", WORDS, 5) == []


async def test_an_unknown_job_is_none(queue: Queue) -> None:
    assert await queue.get(a_job_id()) is None
    assert await queue.get("*") is None
    assert await queue.newest("never") == []


async def test_the_same_enqueue_again_changes_nothing(queue: Queue) -> None:
    order = an_order(problem_id="p")
    first = await queue.enqueue(order)
    assert await queue.enqueue(order) == first
    await put(queue, owner="b")
    assert (await queue.enqueue(order)).position == 1
    assert len(await queue.claim("w1", WORDS, 5)) == 2
    assert (await queue.enqueue(order)).queued_at_ms == first.queued_at_ms  # it runs: nothing waits again
    assert await queue.claim("w1", WORDS, 5) == []
    assert len(await queue.newest("p")) == 1


async def test_a_full_queue_refuses_and_says_when_to_come_back(queue: Queue) -> None:
    for _ in range(WAITING_MAX):
        await put(queue)
    with pytest.raises(QueueFull) as refused:
        await put(queue)
    assert refused.value.bound == WAITING_MAX
    assert refused.value.retry_after_s >= 1
    await queue.finish(claim := await take(queue), result(claim))
    await put(queue)


async def test_newest_lists_the_jobs_of_a_problem_newest_first(queue: Queue) -> None:
    ids = [await put(queue, problem_id="p:*\U0001f600") for _ in range(3)]
    await put(queue, problem_id="other")
    assert await queue.newest("p:*\U0001f600") == ids[::-1]
    assert await queue.newest("p:*\U0001f600", 1) == ids[2:]


async def test_jobs_of_one_lane_come_in_their_order(queue: Queue) -> None:
    ids = [await put(queue) for _ in range(12)]
    assert [claim.job_id for claim in await queue.claim("w1", WORDS, 12)] == ids


async def test_a_claim_gives_at_most_what_is_wanted(queue: Queue) -> None:
    for _ in range(5):
        await put(queue)
    assert await queue.claim("w1", WORDS, 0) == []
    assert len(await queue.claim("w1", WORDS, 3)) == 3
    assert len(await queue.claim("w1", WORDS, 3)) == 2


# --- lanes and languages -------------------------------------------------------------------------


async def test_lanes_share_by_weight_and_none_starves(queue: Queue) -> None:
    lanes = {await put(queue, lane): lane for lane in [Lane.LOW, Lane.NORMAL, Lane.HIGH] * 15}
    taken = [lanes[claim.job_id] for claim in await queue.claim("w1", WORDS, 45)]
    assert len(taken) == 45
    assert Counter(taken[:20]) == {Lane.HIGH: 12, Lane.NORMAL: 6, Lane.LOW: 2}


async def test_an_empty_lane_yields_its_turn(queue: Queue) -> None:
    ids = [await put(queue, Lane.LOW) for _ in range(8)]
    assert [claim.job_id for claim in await queue.claim("w1", WORDS, 8)] == ids


async def test_a_worker_gets_only_its_languages_and_any_alias_will_do(harness: Harness, queue: Queue) -> None:
    await queue.register(a_worker("w2", "other"))
    other = await put(queue, language="other")
    aliased = await put(queue, language="tg")
    await harness.push(b'{"problemId":"p","code":"1","language":"tg"}')
    mine = await queue.claim("w1", ["tongue"], 9)
    assert len(mine) == 2
    assert mine[0].job_id == aliased
    assert [claim.job_id for claim in await queue.claim("w2", ["other"], 9)] == [other]


async def test_a_job_waits_for_a_worker_of_its_language(queue: Queue) -> None:
    job_id = await put(queue, language="later")
    assert await queue.claim("w1", WORDS, 5) == []
    await queue.register(a_worker("w2", "later"))
    assert [claim.job_id for claim in await queue.claim("w2", ["later"], 5)] == [job_id]


# --- foreign items -------------------------------------------------------------------------------

GARBAGE = [
    b"",
    b" ",
    b"\xff\xfe\x00",
    b"not json",
    b"null",
    b"true",
    b"17",
    b'"text"',
    b"[]",
    b'["problemId","code"]',
    b"[" * 9_000,
    b'{"a":' * 3_000,
    b'{"problemId":NaN}',
    b'{"problemId":1e999,"language":{},"priority":[],"jobId":7}',
    b'{"problemId":null,"language":null,"priority":null,"jobId":null}',
    b'{"problemId":{"x":1},"language":["tongue"],"jobId":{}}',
    b'{"problemId":"a","problemId":"b","code":"1","language":"tongue"}',
    b'{"problemId":"\\ud800","code":"\\ud800","language":"tongue"}',
    b'{"problemId":"' + b"x" * 10_000 + b'","code":"1","language":"tongue"}',
    b'{"problemId":"p","code":"1","language":"__proto__"}',
    b'{"problemId":"p","code":"1","language":"*"}',
    b'{"problemId":"p","code":"1","language":"tongue","priority":"*"}',
    b'{"v":1,"wake":-1}',
    b'{"v":1,"wake":1e9}',
    b'{"v":1,"jobId":"' + b"f" * 32 + b'","problemId":"p"}',
    b'{"v":1,"jobId":"' + b"F" * 32 + b'",',
]


@pytest.mark.parametrize("item", GARBAGE, ids=lambda item: repr(item[:40]))
async def test_any_item_becomes_exactly_one_job_with_a_result(
    harness: Harness, queue: Queue, item: bytes
) -> None:
    await harness.push(item)
    claim = await take(queue)
    assert claim.spec == item
    rejected = result(claim, verdict=Verdict.REJECTED, problem_id="", language="")
    assert await queue.finish(claim, rejected) is Finish.OK
    record = await queue.get(claim.job_id)
    assert record
    assert record.result == rejected
    assert len(await harness.events()) == 1


async def test_a_foreign_job_is_a_job_like_any_other(harness: Harness, queue: Queue) -> None:
    item = json.dumps({"problemId": "p", "code": "1", "language": "tg", "priority": "low"}).encode()
    await harness.push(item, item)
    claims = await queue.claim("w1", WORDS, 5)
    assert [claim.spec for claim in claims] == [item, item]  # twice pushed without an id: two jobs
    newest, other = await queue.newest("p")
    assert {newest, other} == {claim.job_id for claim in claims}
    record = await queue.get(newest)
    assert record
    assert record.language == "tg"


async def test_an_item_too_large_is_not_kept_but_its_size_is(harness: Harness, queue: Queue) -> None:
    await harness.push(b'{"problemId":"p","code":"' + b" " * ITEM_BYTES_MAX + b'","language":"tongue"}')
    claim = await take(queue)
    assert claim.spec == b""
    assert claim.oversize_bytes > ITEM_BYTES_MAX


async def test_a_repeated_push_of_a_named_item_runs_once(harness: Harness, queue: Queue) -> None:
    item = b'{"jobId":"mine-17","problemId":"p","code":"1","language":"tongue"}'
    await harness.push(item, item)
    claim = await take(queue)
    await harness.push(item)
    assert await queue.claim("w1", WORDS, 5) == []
    await queue.finish(claim, result(claim))
    await harness.push(item)
    assert await queue.claim("w1", WORDS, 5) == []


async def test_nobody_takes_over_the_job_of_another(harness: Harness, queue: Queue) -> None:
    job_id = await put(queue, code="mine")
    for text in (f'{{"v":1,"jobId":"{job_id}","problemId":"stolen"}}', f'{{"jobId":"{job_id}","code":"x"}}'):
        await harness.push(text.encode())
    claims = await queue.claim("w1", WORDS, 9)
    assert len(claims) == 3
    (mine,) = [claim for claim in claims if claim.job_id == job_id]
    assert b"mine" in mine.spec
    record = await queue.get(job_id)
    assert record
    assert record.problem_id == "two-sum"


# --- leases --------------------------------------------------------------------------------------


async def test_a_lease_that_ran_out_gives_the_job_to_another(harness: Harness, queue: Queue) -> None:
    await put(queue)
    late = await take(queue)
    await harness.advance(LEASE_S + 1)
    assert (await queue.reap()).expired == 1
    await queue.register(a_worker("w2"))
    current = await take(queue, "w2")
    assert current.job_id == late.job_id
    assert current.fence != late.fence
    assert (await queue.renew("w1", {late.job_id: late.fence})).stale == {late.job_id}
    assert await queue.finish(late, result(late)) is Finish.STALE
    assert await queue.fail(late, "late", result(late)) is Fail.STALE
    assert await queue.release("w1", [late]) == 0
    assert (await queue.renew("w2", {current.job_id: current.fence})).stale == frozenset()
    assert await queue.finish(current, result(current)) is Finish.OK
    assert await queue.finish(late, result(late)) is Finish.STALE


async def test_a_renewed_lease_does_not_run_out(harness: Harness, queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    for _ in range(3):
        await harness.advance(LEASE_S - 1)
        assert (await queue.renew("w1", {claim.job_id: claim.fence})).stale == frozenset()
        assert (await queue.reap()).expired == 0
    assert await queue.finish(claim, result(claim)) is Finish.OK


async def test_a_lease_that_ran_out_and_was_not_reaped_is_still_its_holders(
    harness: Harness, queue: Queue
) -> None:
    await put(queue)
    claim = await take(queue)
    await harness.advance(LEASE_S + 1)
    assert await queue.finish(claim, result(claim)) is Finish.OK
    assert (await queue.reap()).expired == 0


async def test_only_leases_lost_after_the_start_count_as_crashes(harness: Harness, queue: Queue) -> None:
    await put(queue)
    for started in (False, True):
        claim = await take(queue)
        assert (claim.attempt, claim.crashes) == (1, 0)
        await queue.renew("w1", {claim.job_id: claim.fence}, [claim.job_id] if started else [])
        await harness.advance(LEASE_S + 1)
        await queue.reap()
    claim = await take(queue)
    assert (claim.attempt, claim.crashes) == (2, 1)


async def test_a_poison_pill_is_handed_out_for_a_verdict_after_its_last_crash(
    harness: Harness, queue: Queue
) -> None:
    await put(queue)
    for crashes in range(CRASHES_MAX):
        claim = await take(queue)
        assert claim.crashes == crashes
        await queue.renew("w1", {claim.job_id: claim.fence}, [claim.job_id])
        await harness.advance(LEASE_S + 1)
        await queue.reap()
    await queue.register(a_worker("w2", "other"))
    claim = (await queue.claim("w2", ["other"], 1))[0]  # any worker can write that verdict
    assert claim.crashes == CRASHES_MAX
    assert await queue.finish(claim, result(claim, verdict=Verdict.SYSTEM_ERROR), dead=True) is Finish.OK
    assert (await queue.depth()).dead == 1


async def test_a_lost_or_released_job_goes_to_the_front_of_its_own_lane(
    harness: Harness, queue: Queue
) -> None:
    low = await put(queue, Lane.LOW)
    claim = await take(queue)
    await put(queue, Lane.LOW)
    await harness.advance(LEASE_S + 1)
    await queue.reap()
    assert (await queue.depth()).ready[Lane.LOW] >= 1
    again = await take(queue)
    assert again.job_id == low == claim.job_id
    assert await queue.release("w1", [again]) == 1
    assert (await take(queue)).job_id == low


async def test_a_release_keeps_the_order_and_costs_no_attempt(queue: Queue) -> None:
    ids = [await put(queue) for _ in range(4)]
    claims = await queue.claim("w1", WORDS, 3)
    await queue.renew("w1", {claim.job_id: claim.fence for claim in claims}, [claims[0].job_id])
    assert await queue.release("w1", claims) == 3
    assert await queue.release("w1", claims) == 3  # the same call sent again
    again = await queue.claim("w1", WORDS, 4)
    assert [claim.job_id for claim in again] == ids
    assert {(claim.attempt, claim.crashes) for claim in again} == {(1, 0)}
    await queue.release("w1", claims)  # late once more: takes nothing from the holder
    assert not (await queue.renew("w1", {claim.job_id: claim.fence for claim in again})).stale


# --- the end -------------------------------------------------------------------------------------


async def test_a_second_finish_of_the_holder_is_answered_already(harness: Harness, queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    first = result(claim)
    assert await queue.finish(claim, first) is Finish.OK
    assert await queue.finish(claim, result(claim, stdout=b"other")) is Finish.ALREADY
    record = await queue.get(claim.job_id)
    assert record
    assert record.result == first
    assert len(await harness.events()) == 1


async def test_a_failure_of_ours_is_tried_again_and_then_dies(harness: Harness, queue: Queue) -> None:
    await put(queue)
    for attempt in (1, 2):
        claim = await take(queue)
        assert claim.attempt == attempt
        assert await queue.fail(claim, "engine", result(claim)) is Fail.RETRY
        assert await queue.fail(claim, "engine", result(claim)) is Fail.RETRY  # sent again
        assert await queue.claim("w1", WORDS, 1) == []
        assert (await queue.depth()).later == 1
        await harness.advance(61)
        assert (await queue.reap()).due == 1
    claim = await take(queue)
    last = result(claim, verdict=Verdict.SYSTEM_ERROR)
    assert await queue.fail(claim, "engine", last) is Fail.DEAD
    assert await queue.fail(claim, "engine", last) is Fail.DEAD
    record = await queue.get(claim.job_id)
    assert record
    assert (record.state, record.attempt, record.result) == (JobState.DONE, 3, last)
    assert (await queue.depth()).dead == 1
    assert [event.verdict for event in await harness.events()] == [Verdict.SYSTEM_ERROR]


async def test_a_retry_keeps_its_lane(harness: Harness, queue: Queue) -> None:
    high = await put(queue, Lane.HIGH)
    claim = await take(queue)
    await queue.fail(claim, "engine", result(claim))
    await put(queue, Lane.LOW)
    await harness.advance(61)
    await queue.reap()
    assert (await queue.depth()).ready[Lane.HIGH] == 1
    assert (await take(queue)).job_id == high


async def test_a_claim_itself_takes_retries_that_are_due(harness: Harness, queue: Queue) -> None:
    job_id = await put(queue)
    claim = await take(queue)
    await queue.fail(claim, "engine", result(claim))
    await harness.advance(61)
    assert (await take(queue)).job_id == job_id


# --- workers -------------------------------------------------------------------------------------


async def test_workers_are_listed_while_their_heartbeat_is_fresh(harness: Harness, queue: Queue) -> None:
    await queue.register(a_worker("w2", "other", slots=7))
    await harness.advance(LEASE_S - 5)
    await queue.renew("w1", {})
    await harness.advance(LEASE_S - 5)
    assert [info.worker_id for info in await queue.workers()] == ["w1"]
    await queue.register(a_worker("w2", "other", slots=7))
    by_id = {info.worker_id: info for info in await queue.workers()}
    assert by_id["w2"] == a_worker("w2", "other", slots=7)
    await queue.unregister("w2")
    assert [info.worker_id for info in await queue.workers()] == ["w1"]


async def test_a_waiting_worker_is_woken_by_a_push(harness: Harness, queue: Queue) -> None:
    waiting = asyncio.create_task(queue.wait("w1", 30))
    job_id = await put(queue)
    async with asyncio.timeout(10):
        await waiting
    assert (await take(queue)).job_id == job_id


async def test_wait_returns_when_its_time_is_over(queue: Queue) -> None:
    async with asyncio.timeout(10):
        await queue.wait("w1", 0.01)


async def test_what_lies_in_an_inbox_is_claimed_next_or_goes_back_in_order(
    harness: Harness, queue: Queue
) -> None:
    items = [RAW % number for number in range(24)]
    await harness.push(*items[:4])
    await queue.wait("w1", 1)
    await queue.wait("w1", 1)
    assert (await queue.audit()).inbox == 2
    assert (await take(queue)).spec == items[0]
    assert (await queue.audit()).inbox == 0
    await harness.push(*items[4:])
    assert [claim.spec for claim in await queue.claim("w1", WORDS, 1)] == items[1:2]
    rest = (await queue.audit()).public
    assert rest > 2
    await queue.wait("w1", 1)
    await queue.wait("w1", 1)
    assert (await queue.audit()).inbox == 2
    await queue.release("w1", [])
    audit = await queue.audit()
    assert (audit.inbox, audit.public) == (0, rest)
    taken = [claim.spec for claim in await queue.claim("w1", WORDS, 30)]
    assert taken == items[2:]


async def test_the_inbox_of_a_dead_worker_goes_back(harness: Harness, queue: Queue) -> None:
    await queue.register(a_worker("w2"))
    await harness.push(RAW % 1)
    await queue.wait("w2", 1)
    assert (await queue.reap()).returned == 0
    await harness.advance(LEASE_S + 1)
    await queue.renew("w1", {})
    assert (await queue.reap()).returned == 1
    assert (await take(queue)).spec == RAW % 1


async def test_unregister_gives_the_inbox_back(harness: Harness, queue: Queue) -> None:
    await harness.push(RAW % 1)
    await queue.wait("w1", 1)
    await queue.unregister("w1")
    await queue.register(a_worker("w2"))
    assert (await take(queue, "w2")).spec == RAW % 1


# --- figures -------------------------------------------------------------------------------------


async def test_depth_and_audit_tell_where_jobs_are(harness: Harness, queue: Queue) -> None:
    await harness.push(RAW % 1)
    for lane in (Lane.NORMAL, Lane.NORMAL, Lane.LOW, Lane.HIGH):
        await put(queue, lane)
    before = await queue.depth()
    assert (before.public, sum(before.ready.values()), before.leased) == (1, 4, 0)
    done, failed = await queue.claim("w1", WORDS, 2)
    await queue.finish(done, result(done))
    await queue.fail(failed, "engine", result(failed))
    audit = await queue.audit()
    assert (audit.accepted, audit.done, audit.ready, audit.later, audit.leased) == (5, 1, 3, 1, 0)
    after = await queue.depth()
    assert sum(after.ready.values()) == 3
    assert (after.public, after.later, after.dead) == (0, 1, 0)
