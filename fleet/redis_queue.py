"""The queue on Redis. Each verb is one Lua script (``fleet/lua``), so each is all or nothing.

Theory of operation:

- A job is a hash; where it waits is one of: a ready lane, the set of those whose time is to come, the
  leases. A script moves it from one to the next, never two commands. What others push onto the
  public list becomes such a job at the next claim; the API's jobs are enqueued as jobs.
- An idle worker blocks in BLMOVE from the public list to its own inbox: one push wakes one worker,
  and an item whose delivery never arrived lies in an inbox that outlives the connection. The next
  claim takes the inbox first; the inbox of a silent worker is put back by whoever reaps. For jobs
  that never were on that list a token is pushed, which only wakes.
- Within a lane and language owners take turns (``fleet/lua/_ready.lua``).
- A lease is time, by the server's clock; a fence is proof. Whoever is late holds a fence that no
  longer matches and is told ``stale``; nothing it says is stored.
- What leaves the fleet is settled (``fleet/redis_client.py``): that a job was accepted, and what
  became of it. A claim or a finish that a failover takes back only runs its job again.
- Every verb may arrive twice. A call remembers its nonce or fence in Redis, and its second sending
  is answered as the first was.
"""

from __future__ import annotations

from fleet.job import Lane
from fleet.queue import Audit, Depth, Reaped
from fleet.redis_admission import RedisAdmission
from fleet.redis_client import RedisClients
from fleet.redis_jobs import RedisJobs
from fleet.redis_leases import RedisLeases
from fleet.redis_options import QueueOptions

__all__ = ["QueueOptions", "RedisQueue"]

_DEFAULTS = QueueOptions()


class RedisQueue(RedisAdmission, RedisJobs, RedisLeases):
    """``fleet.queue.Queue`` on Redis. Belongs to one event loop; closing ``clients`` closes it.

    A thread that renews has its own instance; ``register`` with it too, so that it can announce
    the worker again when Redis has forgotten it.
    """

    def __init__(self, clients: RedisClients, options: QueueOptions = _DEFAULTS) -> None:
        super().__init__()
        self._redis = clients
        self._options = options

    async def reap(self) -> Reaped:
        """Expired leases, due jobs and inboxes of dead workers go back to where they are claimed."""
        return Reaped(*await self._redis.run("reap", self._options.lease_ms))

    async def audit(self) -> Audit:
        """Count everything in one atomic step. Slow on a long queue; for operators and tests."""
        return Audit(*await self._redis.run("audit", slow=True))

    async def depth(self) -> Depth:
        """How many jobs are where."""
        public, high, normal, low, later, leased, dead = await self._redis.run("depth")
        ready = {Lane.HIGH: high, Lane.NORMAL: normal, Lane.LOW: low}
        return Depth(public, ready, later, leased, dead)
