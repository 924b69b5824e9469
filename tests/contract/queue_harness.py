"""What the queue's contract suite needs beside the queue itself: foreign pushes, a clock, events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from fleet import keys
from fleet.events import Completion
from fleet.job import Lane, Verdict
from fleet.queue import Cancel, Claim, Queue
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import FakeQueue, a_result, a_submission, an_order

LEASE_S = 15.0
WAITING_MAX = 50
ITEM_BYTES_MAX = 20_000
PROBLEMS_MAX = 20
PROBLEMS_BYTES_MAX = 4_000
RETENTION_S = 7_200
RAW = b'{"problemId":"p","code":"%d","language":"tongue"}'  # an item as anyone may push it

WORDS = ["tongue", "tg"]

# All times a script compares lie in these sorted sets and in the rates of owners, so time passes by
# moving them back; all else that time does is that keys expire. It begins with a write that a full
# memory does not refuse.
_ADVANCE = """
redis.call('ZREM', KEYS[1], '')
local by = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local rows = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #rows, 2 do
    redis.call('ZADD', key, rows[i + 1] - by, rows[i])
  end
end
for _, key in ipairs(redis.call('KEYS', ARGV[2])) do
  redis.call('SET', key, redis.call('GET', key) - by, 'KEEPTTL')
end
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > by then
    redis.call('PEXPIRE', key, left - by)
  elseif left >= 0 then
    redis.call('DEL', key)
  end
end
"""


async def put(queue: Queue, lane: Lane = Lane.NORMAL, *, owner: str = "", **changes: Any) -> str:
    """Enqueue a job; its id."""
    order = an_order(a_submission(**changes), lane=lane, owner=owner)
    return (await queue.enqueue(order)).job_id


async def take(queue: Queue, worker: str = "w1") -> Claim:
    """Claim exactly one job."""
    (claim,) = await queue.claim(worker, WORDS, 1)
    return claim


async def cancel(queue: Queue, job_id: str, **changes: Any) -> Cancel:
    """Ask to cancel a job; ``cancelled_result`` is stored if it waits."""
    return await queue.cancel(job_id, cancelled_result(job_id, **changes))


def cancelled_result(job_id: str, **changes: Any) -> dict[str, Any]:
    """The result of a job that was cancelled before it ran."""
    return a_result(job_id=job_id, **{"verdict": Verdict.CANCELLED, "exit_code": None, **changes}).to_json()


async def result_of(queue: Queue, job_id: str) -> Mapping[str, Any]:
    """The stored result of a job, once there is one."""
    while True:
        record = await queue.get(job_id)
        if record is not None and record.result is not None:
            return record.result
        await asyncio.sleep(0.02)


def result(claim: Claim, **changes: Any) -> dict[str, Any]:
    """The result of a run that went well, or differs in what is said."""
    return a_result(job_id=claim.job_id, **changes).to_json()


class Harness(Protocol):
    """A queue under test and its surroundings."""

    @property
    def queue(self) -> Queue:
        """The queue."""

    async def push(self, *items: bytes) -> None:
        """LPUSH onto the public list, as any program may."""

    async def advance(self, seconds: float) -> None:
        """Let time pass."""

    async def events(self) -> list[Completion]:
        """Every event there was, oldest first."""


class FakeHarness:
    """``FakeQueue``."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self.queue = FakeQueue(
            waiting_max=waiting_max,
            lease_s=LEASE_S,
            retention_s=RETENTION_S,
            item_bytes_max=ITEM_BYTES_MAX,
            problems_max=PROBLEMS_MAX,
            problems_bytes_max=PROBLEMS_BYTES_MAX,
        )

    async def push(self, *items: bytes) -> None:
        for item in items:
            self.queue.push(item)

    async def advance(self, seconds: float) -> None:
        self.queue.advance(seconds)

    async def events(self) -> list[Completion]:
        return list(self.queue.events)


class RedisHarness:
    """``RedisQueue`` on a real server."""

    def __init__(self, clients: RedisClients, waiting_max: int = WAITING_MAX) -> None:
        self.clients = clients
        self.queue = RedisQueue(
            clients,
            QueueOptions(
                waiting_max=waiting_max,
                lease_s=LEASE_S,
                retention_s=RETENTION_S,
                item_bytes_max=ITEM_BYTES_MAX,
                problems_max=PROBLEMS_MAX,
                problems_bytes_max=PROBLEMS_BYTES_MAX,
            ),
        )

    async def push(self, *items: bytes) -> None:
        for item in items:
            await self.clients.call("LPUSH", keys.PUBLIC, item)

    async def advance(self, seconds: float) -> None:
        places = (keys.LEASES, keys.LATER, keys.WORKERS)
        await self.clients.call("EVAL", _ADVANCE, len(places), *places, int(seconds * 1000), keys.rate("*"))

    async def events(self) -> list[Completion]:
        rows = await self.clients.call("XRANGE", keys.EVENTS, "-", "+")
        return [Completion.from_json(fields[b"e"]) for _, fields in rows]
