"""For tests: ``FakeQueue``, a queue in memory.

It is held to the contract suite that ``RedisQueue`` passes (``tests/contract``), with a clock that
tests move.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from fleet.errors import QueueFull
from fleet.fake_jobs import FakeJob, FakeWorker, adopted
from fleet.fake_store import FakeBatch, FakeStore
from fleet.job import JobState, Lane
from fleet.judging import digest_of
from fleet.queue import (
    Audit,
    Cancel,
    Claim,
    Depth,
    Enqueued,
    EnqueuedBatch,
    Fail,
    Finish,
    Forget,
    Once,
    Order,
    Quota,
    Reaped,
    Renewal,
    WorkerInfo,
    owner_of_batch,
)

_NO_QUOTA = Quota()


class FakeQueue(FakeStore):
    """``fleet.queue.Queue`` in memory. ``advance`` moves its clock, ``push`` is a foreign LPUSH."""

    def push(self, item: bytes) -> None:
        """What any program may do to the public list."""
        self._public.appendleft(item)
        self._pushed.set()

    async def enqueue(self, order: Order, *, quota: Quota = _NO_QUOTA, once: Once | None = None) -> Enqueued:
        """See ``Queue``."""
        subject = order.job_id
        sent = self._admission.sent_before(order.owner, once, self._now_ms)
        if not sent and subject not in self._jobs:
            self._admit(subject, [order], quota, once)
            self._accept(order)
            self._pushed.set()
        job_id, queued_at_ms = sent or (subject, self._jobs[subject].queued_at_ms)
        return Enqueued(
            job_id,
            queued_at_ms,
            self._waiting(),
            position=await self.position(job_id),
            repeated=job_id != subject,
            allowance=self._admission.allowance(order.owner, quota, self._now_ms),
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
        """See ``Queue``."""
        owner = owner_of_batch(orders)
        sent = self._admission.sent_before(owner, once, self._now_ms)
        if not sent and batch_id not in self._batches:
            self._admit(batch_id, orders, quota, once)
            self._batches[batch_id] = FakeBatch(
                batch_id, owner, [order.job_id for order in orders], int(self._now_ms)
            )
            for order in orders:
                self._accept(order, batch_id)
            self._pushed.set()
        subject, queued_at_ms = sent or (batch_id, self._batches[batch_id].queued_at_ms)
        return EnqueuedBatch(
            subject,
            queued_at_ms,
            self._waiting(),
            repeated=subject != batch_id,
            allowance=self._admission.allowance(owner, quota, self._now_ms),
        )

    async def cancel(self, job_id: str, result: Mapping[str, Any]) -> Cancel:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        if job is None:
            return Cancel.UNKNOWN
        if job.place == "done":
            return Cancel.DONE
        if job.place == "leased":
            job.cancel_asked = True
            return Cancel.ASKED
        if self._later.pop(job_id, None) is None:
            self._ready.remove(job)
        job.cancel_asked = True
        self._end(job, ("", "cancelled"), result, dead=False)
        return Cancel.CANCELLED

    async def forget(self, job_id: str) -> Forget:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        if job is None:
            return Forget.UNKNOWN
        if job.place != "done":
            return Forget.NOT_DONE
        if job_id in self._dead:
            self._dead.remove(job_id)
        self._drop(job_id)
        return Forget.FORGOTTEN

    async def register(self, info: WorkerInfo) -> None:
        """See ``Queue``."""
        known = self._workers.get(info.worker_id)
        self._workers[info.worker_id] = FakeWorker(info, self._now_ms, known.inbox if known else deque())
        for language in info.languages:
            for word in (language["name"], *language.get("aliases", ())):
                self._names[word] = language["name"]

    async def workers(self) -> list[WorkerInfo]:
        """See ``Queue``."""
        return [known.info for known in self._workers.values() if self._fresh(known)]

    async def unregister(self, worker_id: str) -> None:
        """See ``Queue``."""
        self._return_inbox(worker_id)
        self._workers.pop(worker_id, None)

    async def wait(self, worker_id: str, timeout_s: float) -> None:
        """See ``Queue``. Returns at once if anything waits; ``timeout_s`` is of the real clock."""
        if not self._waiting():
            self._pushed.clear()
            try:
                await asyncio.wait_for(self._pushed.wait(), timeout_s)
            except TimeoutError:
                return
        if self._public and worker_id in self._workers:
            self._workers[worker_id].inbox.appendleft(self._public.pop())

    async def claim(self, worker_id: str, languages: Sequence[str], want: int) -> list[Claim]:
        """See ``Queue``."""
        inbox = self._workers[worker_id].inbox if worker_id in self._workers else deque[bytes]()
        while inbox:
            self._take_in(inbox.pop())
        for _ in range(min(want + 16, len(self._public))):
            self._take_in(self._public.pop())
        self._requeue_due()
        mine = {*languages, *(self._names.get(word, word) for word in languages)}
        claims: list[Claim] = []
        while len(claims) < want and (job := self._ready.take(mine)):
            self._fences += 1
            job.hold(worker_id, f"{self._fences}:fa")
            self._leases[job.job_id] = self._now_ms + self._lease_ms
            text = self._definitions.get((job.order.owner, job.order.problem_id))
            claims.append(job.claim(int(self._now_ms), "" if text is None else digest_of(text)))
        return claims

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()) -> Renewal:
        """See ``Queue``."""
        if worker_id in self._workers:
            self._workers[worker_id].beat_ms = self._now_ms
        stale, cancelled = set(), set()
        for job_id, fence in held.items():
            job = self._jobs.get(job_id)
            if job is None or job.place != "leased" or job.fence != fence:
                stale.add(job_id)
                continue
            self._leases[job_id] = self._now_ms + self._lease_ms
            if job.cancel_asked:
                cancelled.add(job_id)
            if job_id in started and not job.running:
                job.running, job.state, job.started_at_ms = True, JobState.RUNNING, int(self._now_ms)
        return Renewal(frozenset(stale), int(self._now_ms), frozenset(cancelled))

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        """See ``Queue``."""
        job = self._held(claim)
        if job:
            self._end(job, (claim.fence, "done"), result, dead=dead)
            return Finish.OK
        return Finish.ALREADY if self._past(claim) == "done" else Finish.STALE

    async def fail(
        self, claim: Claim, reason: str, last_result: Mapping[str, Any], *, attempts_max: int = 3
    ) -> Fail:
        """See ``Queue``."""
        job = self._held(claim)
        if job is None:
            return {"done": Fail.DEAD, "retry": Fail.RETRY}.get(self._past(claim), Fail.STALE)
        if job.attempt >= attempts_max:
            self._end(job, (claim.fence, "done"), last_result, dead=True)
            return Fail.DEAD
        job.run_at_ms = int(self._now_ms) + 1000 * 2**job.fails
        self._later[job.job_id] = job.run_at_ms
        job.fails += 1
        self._leave(job, (claim.fence, "retry"))
        job.place = "later"
        return Fail.RETRY

    async def release(self, worker_id: str, claims: Sequence[Claim]) -> int:
        """See ``Queue``."""
        released = 0
        for claim in claims:
            job = self._held(claim)
            if job:
                self._leave(job, (claim.fence, "released"))
                self._requeue(job)
            released += job is not None or self._past(claim) == "released"
        self._return_inbox(worker_id)
        return released

    async def reap(self) -> Reaped:
        """See ``Queue``."""
        expired = [job_id for job_id, end_ms in self._leases.items() if end_ms <= self._now_ms]
        for job_id in expired:
            job = self._jobs[job_id]
            job.crashes += job.running
            self._leave(job)
            self._requeue(job)
        silent = [worker_id for worker_id, known in self._workers.items() if not self._fresh(known)]
        returned = sum(map(self._return_inbox, silent))
        return Reaped(len(expired), self._requeue_due(), returned)

    async def audit(self) -> Audit:
        """See ``Queue``."""
        places = [*(job.job_id for job in self._ready), *self._later, *self._leases]
        done, inboxes = len(self.events), [known.inbox for known in self._workers.values()]
        return Audit(
            accepted=self._accepted,
            done=done,
            public=len(self._public),
            inbox=sum(map(len, inboxes)),
            ready=len(self._ready),
            later=len(self._later),
            leased=len(self._leases),
            missing=self._accepted - done - len(set(places)),
            doubled=len(places) - len(set(places)),
        )

    async def depth(self) -> Depth:
        """See ``Queue``."""
        ready = {lane: self._ready.of(lane) for lane in Lane}
        return Depth(len(self._public), ready, len(self._later), len(self._leases), len(self._dead))

    def _admit(self, subject: str, orders: Sequence[Order], quota: Quota, once: Once | None) -> None:
        waiting, owner = self._waiting() + len(self._later), orders[0].owner
        if waiting + len(orders) > self._waiting_max:
            raise QueueFull(waiting, self._waiting_max, retry_after_s=1)
        self._admission.check(owner, quota, len(orders), self._now_ms)
        self._admission.admit(owner, quota, once, (subject, len(orders)), self._now_ms)

    def _take_in(self, item: bytes) -> None:
        if any(job.item == item for job in self._jobs.values()):
            return
        values = {"job_id": secrets.token_hex(16), "queued_at_ms": int(self._now_ms)}
        job = adopted(item, self._item_bytes_max, self._names, **values)
        self._add(job)
        self._ready.add(job)

    def _leave(self, job: FakeJob, past: tuple[str, str] = ("", "")) -> None:
        del self._leases[job.job_id]
        job.let_go(past)

    def _requeue(self, job: FakeJob) -> None:
        self._ready.add(job)
        self._pushed.set()

    def _requeue_due(self) -> int:
        due = [job_id for job_id, due_ms in self._later.items() if due_ms <= self._now_ms]
        for job_id in due:
            del self._later[job_id]
            self._requeue(self._jobs[job_id])
        return len(due)

    def _return_inbox(self, worker_id: str) -> int:
        inbox = self._workers[worker_id].inbox if worker_id in self._workers else deque[bytes]()
        count = len(inbox)
        while inbox:
            self._public.append(inbox.popleft())
        return count

    def _fresh(self, known: FakeWorker) -> bool:
        return self._now_ms - known.beat_ms < self._lease_ms
