"""How long jobs that a fault hit took to be done all the same.

The clock of a job starts with the last fault that hit it, and again when Redis or the engine, if
they were away meanwhile, answer: while they are away nobody can do anything for it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.redis_client import RedisClients
from tests.chaos.processes import pause

# What workers whose id begins with ARGV 3 have at this moment: the problemIds of the jobs they hold,
# and the items in their inboxes.
_HAS = """
local held, items = {}, {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local known = redis.call('HMGET', ARGV[1] .. id, 'worker', 'problemId')
  if known[1] and string.sub(known[1], 1, #ARGV[3]) == ARGV[3] then
    held[#held + 1] = known[2]
  end
end
for _, worker in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if string.sub(worker, 1, #ARGV[3]) == ARGV[3] then
    for _, item in ipairs(redis.call('LRANGE', ARGV[2] .. worker, 0, -1)) do
      items[#items + 1] = item
    end
  end
end
return {held, items}
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """The last fault that hit a job."""

    fault: str
    at_ms: float


@dataclass
class Outage:
    """A time when nobody could work."""

    began_ms: float
    ended_ms: float = float("inf")


class Recovery:
    """Notes which jobs were hit, by their problemId, and when nobody could work."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients
        self.hits: dict[str, Hit] = {}
        self.outages: list[Outage] = []

    async def hit(self, fault: str, worker: str = "") -> None:
        """Note the jobs that ``worker`` (or anyone) has as hit at the moment of this call."""
        at_ms = time.time() * 1000
        jobs, inboxes = (key("*").removesuffix("*") for key in (keys.job, keys.inbox))
        while True:
            with contextlib.suppress(QueueUnavailable):
                held, items = await self._clients.call(
                    "EVAL", _HAS, 2, keys.LEASES, keys.WORKERS, jobs, inboxes, worker
                )
                break
            await pause(0.02)
        tokens = [token.decode() for token in held]
        tokens += [json.loads(item).get("problemId", "") for item in items]  # a wake token has none
        for token in tokens:
            known = self.hits.get(token)
            if known is None or known.at_ms < at_ms:
                self.hits[token] = Hit(fault, at_ms)

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """While the block lasts nobody can work."""
        outage = Outage(time.time() * 1000)
        self.outages.append(outage)
        try:
            yield
        finally:
            outage.ended_ms = time.time() * 1000

    def longest_s(self, finished_ms: Mapping[str, float]) -> dict[str, float]:
        """For each fault that hit a job: the longest time until one was done, in seconds."""
        longest: dict[str, float] = {}
        for token, hit in self.hits.items():
            if token in finished_ms:
                took_s = (finished_ms[token] - self._clock_start_ms(hit, finished_ms[token])) / 1000
                longest[hit.fault] = max(longest.get(hit.fault, 0.0), took_s)
        return longest

    def _clock_start_ms(self, hit: Hit, finished_ms: float) -> float:
        ends = [
            outage.ended_ms
            for outage in self.outages
            if outage.ended_ms > hit.at_ms and outage.began_ms < finished_ms
        ]
        # A job may still be done after an outage began: the server finishes what it has begun.
        return min(max([hit.at_ms, *ends]), finished_ms)
