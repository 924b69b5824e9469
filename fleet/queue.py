"""The queue: what a job's life looks like from outside Redis.

``Queue`` is the seam; ``RedisQueue`` implements it, ``fleet.testing.FakeQueue`` does in memory,
and one contract suite (``tests/contract/test_queue.py``) runs against both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fleet.job import JobState, Lane

BATCH_JOBS_MAX = 1000
CRASHES_MAX = 3  # a job that lost this many leases while it ran is not run again


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job to accept. ``owner`` is the id of the API key it belongs to; empty: it is nobody's."""

    job_id: str
    spec: str
    problem_id: str
    language: str
    lane: Lane = Lane.NORMAL
    owner: str = ""
    run_at_ms: int = 0  # not to be run before, by the clock of Redis; in the past: at once
    delay_ms: int = 0  # the same, counted from its acceptance; the later of both counts
    ttl_s: int = 0  # how long the result is kept; 0: the operator's retention, which bounds it too
    keep_source: bool = False  # keep the spec beside the result; otherwise the end of the job erases it
    callback: str = ""  # URL to deliver the end of the job to; empty: none


@dataclass(frozen=True, slots=True)
class Quota:
    """What an owner may do; 0 is no bound."""

    jobs_per_minute: int = 0
    open_max: int = 0  # jobs that are not done, at once


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key of an owner, and the SHA-1 of the request it was sent with.

    Kept 24 hours. The same key with the same digest is answered with the id of the first time; with
    another digest it raises ``KeyReused``.
    """

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of ``Quota.jobs_per_minute`` after a submit: ``remaining`` jobs now, and all of
    them in ``reset_s`` seconds."""

    remaining: int
    reset_s: int


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The answer to an enqueue: the job is safe in Redis."""

    job_id: str  # that of the first time, if ``repeated``
    queued_at_ms: int
    waiting: int  # jobs that wait now, this one included; those with a time of their own are not
    position: int = 0  # 1: the next of its language and lane; 0: it does not wait (its time is to come)
    repeated: bool = False  # the idempotency key was known: nothing new was accepted
    allowance: Allowance | None = None  # if the quota bounds the rate


@dataclass(frozen=True, slots=True)
class EnqueuedBatch:
    """The answer to a batch: all of its jobs are safe in Redis."""

    batch_id: str
    queued_at_ms: int
    waiting: int
    repeated: bool = False
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What the queue knows of a batch. Its jobs are ``batch_jobs`` and ``batch_done``."""

    batch_id: str
    owner: str
    total: int
    done: int
    verdicts: Mapping[str, int]  # how many ended so, of those done
    queued_at_ms: int
    finished_at_ms: int | None


class Cancel(StrEnum):
    """What came of asking to cancel a job."""

    CANCELLED = "cancelled"  # it waited; the given result was stored and announced
    ASKED = "asked"  # a worker has it; its worker is told, and stores a result soon
    DONE = "done"  # it had ended before; nothing was changed
    UNKNOWN = "unknown"


class Forget(StrEnum):
    """What came of asking to forget a job."""

    FORGOTTEN = "forgotten"
    NOT_DONE = "not_done"  # it must end first; nothing was changed
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Defined:
    """The answer to a definition: it is safe in Redis, under this digest."""

    digest: str
    new: bool  # the problem had none before


@dataclass(frozen=True, slots=True)
class Record:
    """What the queue knows of a job. ``result`` is the stored JSON object once it is done."""

    job_id: str
    problem_id: str
    state: JobState
    language: str
    attempt: int
    queued_at_ms: int
    started_at_ms: int | None
    finished_at_ms: int | None
    worker: str | None
    result: Mapping[str, Any] | None
    owner: str = ""
    lane: Lane = Lane.NORMAL
    batch_id: str = ""  # empty: it is of none
    run_at_ms: int | None = None  # when it may run, while that time is to come
    cancel_asked: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A job leased to a worker. ``fence`` proves the lease: only its holder may finish the job."""

    job_id: str
    fence: str
    spec: bytes  # as it was enqueued or pushed; untrusted, validated again by the worker
    attempt: int  # 1 for the first run
    crashes: int  # leases lost after the run had started; at CRASHES_MAX the job is not run again
    queued_at_ms: int
    claimed_at_ms: int  # by the clock of Redis, as all times here
    oversize_bytes: int = 0  # true size of an item too large to be kept; its ``spec`` is empty
    definition: str = ""  # digest of what the job's problem was judged by then; empty: nothing
    owner: str = ""
    cancelled: bool = False  # somebody asked to cancel it: end it without a run


class Finish(StrEnum):
    """What came of storing a result."""

    OK = "ok"
    ALREADY = "already"  # an earlier call of the same holder arrived; nothing was written twice
    STALE = "stale"  # the lease was lost; the result is dropped


class Fail(StrEnum):
    """What came of reporting a failure of ours."""

    RETRY = "retry"  # the job will run again after a pause
    DEAD = "dead"  # it was the last attempt; the given result was stored
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Renewal:
    """The answer to a heartbeat: which of the held jobs are no longer ours, by job id, and which of
    ours somebody asked to cancel."""

    stale: frozenset[str]
    server_ms: int
    cancelled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker announces. ``languages`` holds one JSON object a language it serves."""

    worker_id: str
    slots: int
    runtime: str
    languages: Sequence[Mapping[str, Any]]  # name, aliases, version, image, limits


@dataclass(frozen=True, slots=True)
class Reaped:
    """What one sweep moved."""

    expired: int = 0  # leases that ran out; their jobs wait again
    due: int = 0  # jobs whose time has come: retries, and those with a time of their own
    returned: int = 0  # raw items taken back from the inbox of a dead worker


@dataclass(frozen=True, slots=True)
class Audit:
    """The conservation law, read in one step: ``missing`` and ``doubled`` must be 0 at any moment."""

    accepted: int
    done: int
    public: int
    inbox: int
    ready: int
    later: int  # wait for their time: a time of their own, or a pause before a retry
    leased: int
    missing: int
    doubled: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Jobs by place, for metrics and admission."""

    public: int
    ready: Mapping[Lane, int]
    later: int  # wait for their time: a time of their own, or a pause before a retry
    leased: int
    dead: int


def owner_of_batch(orders: Sequence[Order]) -> str:
    """Whose jobs these are. Raises ``ValueError`` if they cannot be accepted as one batch."""
    ids, owners = {order.job_id for order in orders}, {order.owner for order in orders}
    if not 1 <= len(orders) <= BATCH_JOBS_MAX or len(owners) > 1 or len(ids) < len(orders):
        raise ValueError(f"a batch has 1 to {BATCH_JOBS_MAX} jobs of one owner")
    return orders[0].owner


class Queue(Protocol):
    """Every method is one round trip, may raise ``QueueUnavailable``, and may be sent again.

    ``finish`` takes a second trip when the result is large and the server's memory full.
    """

    async def enqueue(self, order: Order, *, quota: Quota = Quota(), once: Once | None = None) -> Enqueued:
        """Accept a job. Raises ``QueueFull``, ``QuotaExceeded`` or ``KeyReused``, and then nothing is
        accepted or counted. Sending the same job again changes nothing."""

    async def enqueue_batch(
        self,
        batch_id: str,
        orders: Sequence[Order],
        *,
        callback: str = "",
        quota: Quota = Quota(),
        once: Once | None = None,
    ) -> EnqueuedBatch:
        """Accept all of 1 to ``BATCH_JOBS_MAX`` jobs of one owner, or none; raises as ``enqueue`` does.

        The batch is kept as long as the operator's retention, counted from the end of its last job.
        """

    async def batch(self, batch_id: str) -> Batch | None:
        """The batch, or None if it is unknown or no longer kept."""

    async def batch_jobs(self, batch_id: str, first: int = 0, count: int = 100) -> list[str]:
        """Ids of its jobs in the order they were sent, from the ``first`` (0) on."""

    async def batch_done(self, batch_id: str, first: int = 0, count: int = 100) -> list[str]:
        """Ids of its jobs that are done, in the order they ended, from the ``first`` (0) on."""

    async def cancel(self, job_id: str, result: Mapping[str, Any]) -> Cancel:
        """End a job that nobody runs with this result, or ask its worker to stop it."""

    async def forget(self, job_id: str) -> Forget:
        """Remove a job that is done, with its result and everything told of it."""

    async def position(self, job_id: str) -> int:
        """Where it waits: 1 is the next of its language and lane; 0: it does not wait, or is unknown."""

    async def source(self, job_id: str) -> bytes | None:
        """The spec of a job, as it was accepted; None if it is unknown or was erased."""

    async def get(self, job_id: str) -> Record | None:
        """The job, or None if it is unknown or no longer kept."""

    async def newest(self, problem_id: str, count: int = 100, *, owner: str = "") -> list[str]:
        """Ids of the jobs of an owner's problem, newest first; some may no longer be kept.

        Ids alone: a hundred results may have more bytes than anyone should hold at once.
        """

    async def define(self, problem_id: str, definition: str, *, owner: str = "") -> Defined:
        """Store what the jobs of an owner's problem are judged by, in place of what was stored before.

        Raises ``ProblemsFull``.
        """

    async def definition(self, problem_id: str, *, owner: str = "") -> tuple[str, str] | None:
        """Digest and text of what is stored for a problem, or None."""

    async def undefine(self, problem_id: str, *, owner: str = "") -> bool:
        """Forget what is stored for a problem; whether there was anything."""

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        """Tell what has come of a claimed job, one JSON text each; False if the lease is lost.

        Of a job about the last thousand are kept, as long as its result. This is news, no work: a full
        memory drops it, and so an event above 16 KiB. After ``QueueUnavailable`` nobody knows whether
        it was told: call again with the same events, before any others, and it is told once.
        """

    async def told(self, job_id: str, after: str = "") -> list[tuple[str, str]]:
        """What was told of a job after the event of that id: (event id, JSON), oldest first.

        At most 64; ask again after the last of them until there are none.
        """

    async def languages(self) -> dict[str, str]:
        """Every word that any worker ever announced, and the name of the language it means."""

    async def register(self, info: WorkerInfo) -> None:
        """Announce a worker; its heartbeat starts."""

    async def workers(self) -> list[WorkerInfo]:
        """The workers whose heartbeat is fresh."""

    async def unregister(self, worker_id: str) -> None:
        """Withdraw a worker; what is in its inbox goes back."""

    async def wait(self, worker_id: str, timeout_s: float) -> None:
        """Return when there may be something to claim, or after ``timeout_s`` seconds."""

    async def claim(self, worker_id: str, languages: Sequence[str], want: int) -> list[Claim]:
        """Lease up to ``want`` jobs in these languages (names and aliases). May be empty."""

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()) -> Renewal:
        """Heartbeat; extend the leases of ``held`` (job id -> fence); mark ``started`` as running."""

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        """Store the result, free the job and announce it, in one step."""

    async def fail(
        self, claim: Claim, reason: str, last_result: Mapping[str, Any], *, attempts_max: int = 3
    ) -> Fail:
        """Report a failure of ours: the job runs again after a pause with jitter, or, when it was
        attempt ``attempts_max``, ends with ``last_result`` and a dead letter."""

    async def release(self, worker_id: str, claims: Sequence[Claim]) -> int:
        """Put claims back at the front without penalty; how many were still ours."""

    async def reap(self) -> Reaped:
        """Expired leases, due retries and inboxes of dead workers go back to where they are claimed."""

    async def audit(self) -> Audit:
        """Count everything in one atomic step. Slow on a long queue; for operators and tests."""

    async def depth(self) -> Depth:
        """How many jobs are where."""
