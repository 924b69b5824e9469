"""Nothing in Redis grows for ever: after lives of every kind, what is left is what was there before."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from fleet import keys
from fleet.deliveries import Attempted, DeliveryState, RedisDeliveries, Share
from fleet.errors import KeyReused, QueueFull, QuotaExceeded
from fleet.events import Completions
from fleet.job import Lane, Verdict
from fleet.queue import CRASHES_MAX, Order, Quota
from fleet.queue import Once as OnceKey
from fleet.redis_client import RedisClients
from fleet.redis_queue import RedisQueue
from fleet.testing import a_submission, a_worker, an_order
from tests.contract.queue_harness import LEASE_S, RAW, WORDS, RedisHarness, cancel, result

WEEKS_S = 15 * 86_400  # longer than anything is kept
_WAITING_MAX = 300
URL = "https://%s.example/hook"
# How many entries a key has; strings have none.
_LENGTHS = """
local lengths, count = {}, {hash = 'HLEN', zset = 'ZCARD', list = 'LLEN', set = 'SCARD', stream = 'XLEN'}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local command = count[redis.call('TYPE', key).ok]
  lengths[#lengths + 1] = key
  lengths[#lengths + 1] = command and redis.call(command, key) or 0
end
return lengths
"""


class Lives:
    """Jobs of every kind, brought to their end in every way."""

    def __init__(self, harness: RedisHarness, completions: Completions) -> None:
        self._harness, self._completions = harness, completions
        self._queue: RedisQueue = harness.queue
        self._deliveries = RedisDeliveries(harness.clients)

    async def live(self) -> None:
        """One round of everything there is, for owners nobody has seen before."""
        await self._queue.register(a_worker("w1"))
        await self._queue.register(a_worker("w2", "other"))
        for _ in range(3):
            owner = secrets.token_hex(6)
            await self._submit(owner)
            await self._be_refused(owner)
            await self._cancel(owner)
            await self._run(owner)
        await self._drain()
        await self._deliver()
        while (batch := await self._completions.read(timeout_s=0.01)).completions:
            await self._completions.ack(batch)

    async def _submit(self, owner: str) -> None:
        queue, problem = self._queue, f"p-{owner}"
        for lane in Lane:
            for at in range(3):
                submission = a_submission(
                    problem_id=f"{problem}-{at}", language=("tongue", "tg", "other")[at]
                )
                order = an_order(submission, lane=lane, owner=owner, ttl_s=60 * at, keep_source=at == 1)
                await queue.enqueue(order, quota=Quota(600, 600), once=OnceKey(f"{lane}{at}", "1"))
                await queue.enqueue(order, quota=Quota(600, 600), once=OnceKey(f"{lane}{at}", "1"))
        await queue.define(problem, "{}", owner=owner)
        await queue.undefine(problem, owner=owner)
        await self._harness.push(RAW % 1, b"junk", b'{"jobId":"%b"}' % owner.encode(), b'{"v":1,"wake":7}')
        jobs = [self._order(owner, delay_ms=60_000 * (at % 2)) for at in range(6)]
        await queue.enqueue_batch(secrets.token_hex(16), jobs, callback=URL % owner, quota=Quota(600, 600))

    def _order(self, owner: str, **changes: int) -> Order:
        return an_order(a_submission(problem_id=owner), owner=owner, callback=URL % owner, **changes)

    async def _be_refused(self, owner: str) -> None:
        for error, quota, once in (
            (QuotaExceeded, Quota(1, 0), None),
            (QuotaExceeded, Quota(0, 1), None),
            (KeyReused, Quota(), OnceKey("high0", "2")),
        ):
            with pytest.raises(error):
                await self._queue.enqueue(self._order(owner), quota=quota, once=once)
        jobs = [self._order(owner) for _ in range(_WAITING_MAX)]
        with pytest.raises(QueueFull):
            await self._queue.enqueue_batch(secrets.token_hex(16), jobs)

    async def _cancel(self, owner: str) -> None:
        batch_id, jobs = secrets.token_hex(16), [self._order(owner, delay_ms=60_000 * at) for at in range(4)]
        await self._queue.enqueue_batch(batch_id, jobs)
        for job_id in await self._queue.batch_jobs(batch_id):
            await cancel(self._queue, job_id)
        await self._queue.forget(jobs[0].job_id)

    async def _run(self, owner: str) -> None:
        """Release, fail, lose, kill and cancel some of those that run."""
        queue = self._queue
        for job_id in [(await queue.enqueue(self._order(owner))).job_id for _ in range(2)]:
            await queue.position(job_id)
        claims = await queue.claim("w1", WORDS, 6)
        released, failed, dead, cancelled, *lost = claims
        await queue.renew("w1", {each.job_id: each.fence for each in claims}, [each.job_id for each in lost])
        for each in claims:
            await queue.progress(each, ["1", "2"])
        await queue.release("w1", [released])
        await queue.fail(failed, "engine", result(failed))
        await queue.fail(dead, "engine", result(dead), attempts_max=1)
        await cancel(queue, cancelled.job_id)
        await queue.unregister("w2")
        await queue.wait("w1", 0.01)
        await self._harness.advance(LEASE_S + 1)
        await queue.reap()
        await queue.register(a_worker("w2", "other"))

    async def _drain(self) -> None:
        """Until nothing waits: some jobs crash to the last, all others end."""
        queue = self._queue
        while True:
            await self._harness.advance(61)
            await queue.reap()
            claims = await queue.claim("w1", WORDS, 5) + await queue.claim("w2", ["other"], 5)
            audit = await queue.audit()
            assert (audit.missing, audit.doubled) == (0, 0)
            if not claims and not audit.public + audit.ready + audit.later:
                break
            for at, each in enumerate(claims):
                if at == 0 and 0 < each.crashes < CRASHES_MAX:
                    await queue.renew("w1", {each.job_id: each.fence}, [each.job_id])
                else:
                    verdict = Verdict.CANCELLED if each.cancelled else Verdict.OK
                    await queue.finish(each, result(each, verdict=verdict), dead=each.crashes == CRASHES_MAX)
        assert await self._harness.clients.call("HGETALL", keys.OPEN) == {}

    async def _deliver(self) -> None:
        """Some arrive, some die, some are sent anew, some are never tried."""
        ways = [
            Attempted(DeliveryState.DELIVERED, "it answered 200", 200, 5),
            Attempted(DeliveryState.DEAD, "it answered 410", 410, 5),
            Attempted(DeliveryState.PENDING, "it answered 500", 500, 5, pause_s=60),
        ]
        sendings = (await self._deliveries.claim(12, Share(), {})).sendings
        assert len(sendings) == 12
        for at, sending in enumerate(sendings):
            await self._deliveries.settle(sending, ways[at % 3])
            if at % 4 == 0:
                await self._deliveries.redeliver(sending.delivery_id)


async def lengths(clients: RedisClients) -> dict[str, int]:
    """Every key there is, and how many entries it has."""
    flat = await clients.call("EVAL", _LENGTHS, 0)
    return {flat[at].decode(): int(flat[at + 1]) for at in range(0, len(flat), 2)}


@pytest.fixture
def redis_harness(clients: RedisClients) -> RedisHarness:
    return RedisHarness(clients, _WAITING_MAX)


@pytest.fixture
async def lives(redis_harness: RedisHarness) -> AsyncIterator[Lives]:
    completions = Completions(redis_harness.clients, "log", "one", entries_max=100, takeover_s=3600.0)
    await completions.open()
    yield Lives(redis_harness, completions)
    await completions.close()


async def rest(harness: RedisHarness) -> dict[str, int]:
    """What is left when all that was kept for a time is gone, of a fleet that has its workers."""
    await harness.advance(WEEKS_S)
    await harness.queue.reap()
    for worker in (a_worker("w1"), a_worker("w2", "other")):
        await harness.queue.register(worker)
    return await lengths(harness.clients)


async def test_what_is_left_of_many_lives_is_what_is_left_of_one(
    redis_harness: RedisHarness, lives: Lives
) -> None:
    await lives.live()
    assert len(await lengths(redis_harness.clients)) > 150
    once = await rest(redis_harness)
    for _ in range(3):
        await lives.live()
    often = await rest(redis_harness)
    # The newest, however many there were; and each lane of each language, or of any.
    bounded = {keys.EVENTS: 100_000, keys.DEAD: 1_000, keys.CLOCKS: 3 * 3}
    assert often.keys() - bounded.keys() == once.keys() - bounded.keys()
    assert {key: often[key] for key in often if key not in bounded} == {
        key: once[key] for key in once if key not in bounded
    }
    assert all(often.get(key, 0) <= most for key, most in bounded.items())
    assert len(once) < 20, once


async def test_nothing_that_belongs_to_a_job_is_kept_without_end(
    redis_harness: RedisHarness, lives: Lives
) -> None:
    """Whatever the time of it: each key that a life has made either expires or is one of the fleet."""
    await lives.live()
    lasting = []
    for key in await lengths(redis_harness.clients):
        if await redis_harness.clients.call("PTTL", key) < 0:
            lasting.append(key)
    fleet = {
        *(keys.COUNT, keys.EVENTS, keys.CLOCKS, keys.LANGUAGES, keys.WORKERS, keys.DEAD),
        *(keys.worker("w1"), keys.worker("w2"), keys.seen("log"), keys.acked("log")),
    }
    assert set(lasting) <= fleet
