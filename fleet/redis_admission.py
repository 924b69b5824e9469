"""The queue on Redis as it takes jobs in: one by one or in batches, within quotas, each request once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from fleet import keys
from fleet import redis_forms as forms
from fleet.errors import KeyReused, QueueFull, QuotaExceeded
from fleet.job import JOB_ID_PATTERN
from fleet.queue import Allowance, Batch, Enqueued, EnqueuedBatch, Once, Order, Quota, owner_of_batch
from fleet.redis_client import RedisClients
from fleet.redis_options import QueueOptions

_NO_QUOTA = Quota()
_MINUTE_S = 60


class RedisAdmission:
    """The part of ``RedisQueue`` that accepts jobs, and tells of batches."""

    _redis: RedisClients
    _options: QueueOptions

    async def enqueue(self, order: Order, *, quota: Quota = _NO_QUOTA, once: Once | None = None) -> Enqueued:
        """Accept a job. Raises ``QueueFull``, ``QuotaExceeded`` or ``KeyReused``, and then nothing is
        accepted or counted. Sending the same job again changes nothing."""
        how, subject, queued_at_ms, waiting, position, *left = await self._admitted(
            "enqueue", 1, order.owner, quota, once, *forms.order_fields(order)
        )
        return Enqueued(
            forms.text(subject),
            queued_at_ms,
            waiting,
            position,
            repeated=how == b"repeated",
            allowance=_allowance(left, order.owner, quota),
        )

    async def enqueue_batch(
        self,
        batch_id: str,
        orders: Sequence[Order],
        *,
        callback: str = "",
        quota: Quota = _NO_QUOTA,
        once: Once | None = None,
    ) -> EnqueuedBatch:
        """Accept all of 1 to ``BATCH_JOBS_MAX`` jobs of one owner, or none; raises as ``enqueue`` does.

        The batch is kept as long as the operator's retention, counted from the end of its last job.
        """
        owner = owner_of_batch(orders)
        if not JOB_ID_PATTERN.fullmatch(batch_id):
            raise ValueError("a batch id is 32 hexadecimal digits")
        parts = [part for order in orders for part in forms.order_fields(order)]
        how, subject, queued_at_ms, waiting, _, *left = await self._admitted(
            "enqueue_batch", len(orders), owner, quota, once, batch_id, callback, *parts
        )
        return EnqueuedBatch(
            forms.text(subject),
            queued_at_ms,
            waiting,
            repeated=how == b"repeated",
            allowance=_allowance(left, owner, quota),
        )

    async def batch(self, batch_id: str) -> Batch | None:
        """The batch, or None if it is unknown or no longer kept."""
        if not JOB_ID_PATTERN.fullmatch(batch_id):
            return None
        return forms.batch_of(batch_id, await self._redis.call("HGETALL", keys.batch(batch_id), settled=True))

    async def batch_jobs(self, batch_id: str, first: int = 0, count: int = 100) -> list[str]:
        """Ids of its jobs in the order they were sent, from the ``first`` (0) on."""
        return await self._ids(keys.batch_jobs, batch_id, first, count)

    async def batch_done(self, batch_id: str, first: int = 0, count: int = 100) -> list[str]:
        """Ids of its jobs that are done, in the order they ended, from the ``first`` (0) on."""
        return await self._ids(keys.batch_done, batch_id, first, count)

    async def _ids(self, key: Callable[[str], str], batch_id: str, first: int, count: int) -> list[str]:
        if not JOB_ID_PATTERN.fullmatch(batch_id):
            return []
        ids = await self._redis.call("LRANGE", key(batch_id), first, first + max(count, 1) - 1, settled=True)
        return [forms.text(job_id) for job_id in ids]

    async def _admitted(
        self, verb: str, jobs: int, owner: str, quota: Quota, once: Once | None, *args: str | float
    ) -> Any:
        """What the script answers, unless it refuses."""
        waiting_max = self._options.waiting_max
        answer = await self._redis.run(
            verb,
            *(keys.plain(owner) if owner else "", waiting_max, self._options.retention_s),
            *(quota.jobs_per_minute, quota.open_max),
            *((keys.once(owner, once.key), keys.plain(once.digest)) if once else ("", "")),
            *args,
            settled=True,
        )
        how, *said = answer
        if how == b"full":
            raise QueueFull(said[0], waiting_max, retry_after_s=random.randint(1, 5))  # noqa: S311
        if how == b"reused":
            raise KeyReused("this idempotency key was used for another request")
        if how == b"open":
            detail = f"this key may have {quota.open_max} jobs open; {said[0]} are"
            raise QuotaExceeded(detail, retry_after_s=random.randint(1, 5))  # noqa: S311
        if how == b"rate":
            wait_s, *left = said
            again = f"try again in {wait_s} s" if wait_s else f"these are {jobs}"
            detail = f"this key may submit {quota.jobs_per_minute} jobs a minute; {again}"
            raise QuotaExceeded(detail, wait_s or _MINUTE_S, _allowance(left, owner, quota))
        return answer


def _allowance(left: Sequence[int], owner: str, quota: Quota) -> Allowance | None:
    return Allowance(*left) if owner and quota.jobs_per_minute else None
