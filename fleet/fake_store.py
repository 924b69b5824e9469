"""For tests: what ``fleet.fake_queue.FakeQueue`` keeps, and how it is read."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet.errors import ProblemsFull
from fleet.events import Completion
from fleet.fake_admission import FakeAdmission
from fleet.fake_jobs import FairLanes, FakeJob, FakeWorker
from fleet.job import JobState, Verdict
from fleet.judging import digest_of
from fleet.limits import MIB, Bounds
from fleet.queue import Batch, Claim, Defined, Order, Record

_EPOCH_MS = 1_700_000_000_000
_TOLD_MAX, _TOLD_PAGE, _TOLD_BYTES_MAX = 1024, 64, 16_384


@dataclass(slots=True)
class FakeBatch:
    """A batch and how far it has come."""

    batch_id: str
    owner: str
    jobs: list[str]
    queued_at_ms: int
    done: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    finished_at_ms: int | None = None


class FakeStore:
    """Jobs, batches and definitions in memory; all that only reads of ``fleet.queue.Queue``."""

    def __init__(
        self,
        *,
        waiting_max: int = 10_000,
        lease_s: float = 15.0,
        retention_s: int = 86_400,
        item_bytes_max: int = Bounds().raw_item_bytes_max,
        problems_max: int = 10_000,
        problems_bytes_max: int = 128 * MIB,
    ) -> None:
        self.events: list[Completion] = []
        self._waiting_max, self._lease_ms, self._retention_s = waiting_max, lease_s * 1000, retention_s
        self._item_bytes_max = item_bytes_max
        self._problems_max, self._problems_bytes_max = problems_max, problems_bytes_max
        self._now_ms: float = _EPOCH_MS
        self._jobs: dict[str, FakeJob] = {}
        self._batches: dict[str, FakeBatch] = {}
        self._gone_ms: dict[str, float] = {}  # when a job or batch that is done is no longer kept
        self._definitions: dict[tuple[str, str], str] = {}
        self._admission = FakeAdmission()
        self._public: deque[bytes] = deque()  # next one last, as in Redis
        self._pushed = asyncio.Event()
        self._ready = FairLanes()
        self._later: dict[str, float] = {}
        self._leases: dict[str, float] = {}
        self._dead: list[str] = []
        self._workers: dict[str, FakeWorker] = {}
        self._names: dict[str, str] = {}
        self._fences = self._accepted = self._told = 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += seconds * 1000
        for subject in [subject for subject, gone_ms in self._gone_ms.items() if gone_ms <= self._now_ms]:
            self._drop(subject)

    async def get(self, job_id: str) -> Record | None:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        return job.record() if job else None

    async def position(self, job_id: str) -> int:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        return self._ready.position(job) if job else 0

    async def source(self, job_id: str) -> bytes | None:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        return job.spec or None if job else None

    async def newest(self, problem_id: str, count: int = 100, *, owner: str = "") -> list[str]:
        """See ``Queue``."""
        wanted = (owner, problem_id)
        ids = [
            j.job_id for j in reversed(self._jobs.values()) if (j.order.owner, j.order.problem_id) == wanted
        ]
        return ids[: min(max(count, 1), 100)]

    async def batch(self, batch_id: str) -> Batch | None:
        """See ``Queue``."""
        batch = self._batches.get(batch_id)
        if batch is None:
            return None
        return Batch(
            batch_id=batch.batch_id,
            owner=batch.owner,
            total=len(batch.jobs),
            done=len(batch.done),
            verdicts=dict(batch.verdicts),
            queued_at_ms=batch.queued_at_ms,
            finished_at_ms=batch.finished_at_ms,
        )

    async def batch_jobs(self, batch_id: str, first: int = 0, count: int = 100) -> list[str]:
        """See ``Queue``."""
        batch = self._batches.get(batch_id)
        return batch.jobs[first : first + count] if batch else []

    async def batch_done(self, batch_id: str, first: int = 0, count: int = 100) -> list[str]:
        """See ``Queue``."""
        batch = self._batches.get(batch_id)
        return batch.done[first : first + count] if batch else []

    async def define(self, problem_id: str, definition: str, *, owner: str = "") -> Defined:
        """See ``Queue``."""
        key, size = (owner, problem_id), len(definition.encode())
        before = self._definitions.get(key)
        others = sum(len(text.encode()) for other, text in self._definitions.items() if other != key)
        grows = before is None or size > len(before.encode())
        many = before is None and len(self._definitions) >= self._problems_max
        if grows and (many or others + size > self._problems_bytes_max):
            raise ProblemsFull("full")
        self._definitions[key] = definition
        return Defined(digest_of(definition), new=before is None)

    async def definition(self, problem_id: str, *, owner: str = "") -> tuple[str, str] | None:
        """See ``Queue``."""
        text = self._definitions.get((owner, problem_id))
        return None if text is None else (digest_of(text), text)

    async def undefine(self, problem_id: str, *, owner: str = "") -> bool:
        """See ``Queue``."""
        return self._definitions.pop((owner, problem_id), None) is not None

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        """See ``Queue``."""
        job = self._held(claim)
        if job is None:
            return False
        if events and job.told_last != (claim.fence, *events):
            job.told_last = (claim.fence, *events)
            for event in events:
                if len(event.encode()) <= _TOLD_BYTES_MAX:
                    self._told += 1
                    job.told.append((f"{int(self._now_ms)}-{self._told}", event))
            del job.told[:-_TOLD_MAX]
        return True

    async def told(self, job_id: str, after: str = "") -> list[tuple[str, str]]:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        later = [row for row in job.told if _position(row[0]) > _position(after)] if job else []
        return later[:_TOLD_PAGE]

    async def languages(self) -> dict[str, str]:
        """See ``Queue``."""
        return dict(self._names)

    def _held(self, claim: Claim) -> FakeJob | None:
        job = self._jobs.get(claim.job_id)
        return job if job and job.place == "leased" and job.fence == claim.fence else None

    def _past(self, claim: Claim) -> str:
        job = self._jobs.get(claim.job_id)
        return job.past[1] if job and job.past[0] == claim.fence else ""

    def _waiting(self) -> int:
        return len(self._public) + len(self._ready)

    def _accept(self, order: Order, batch_id: str = "") -> None:
        now_ms = int(self._now_ms)
        job = FakeJob(
            order=order,
            spec=order.spec.encode(),
            route=self._names.get(order.language, order.language),
            queued_at_ms=now_ms,
            batch_id=batch_id,
        )
        due_ms = max(order.run_at_ms, now_ms + order.delay_ms)
        self._add(job)
        if due_ms > now_ms:
            job.place, job.run_at_ms, self._later[job.job_id] = "later", due_ms, due_ms
        else:
            self._ready.add(job)

    def _add(self, job: FakeJob) -> None:
        self._jobs[job.job_id] = job
        self._accepted += 1

    def _end(self, job: FakeJob, past: tuple[str, str], result: Mapping[str, Any], *, dead: bool) -> None:
        order, verdict = job.order, Verdict(result["verdict"])
        self._leases.pop(job.job_id, None)
        job.place, job.state, job.fence, job.past = "done", JobState.DONE, None, past
        job.result, job.finished_at_ms = json.loads(json.dumps(result)), int(self._now_ms)
        job.spec = job.spec if order.keep_source else None
        kept_s = min(order.ttl_s or self._retention_s, self._retention_s)
        self._gone_ms[job.job_id] = self._now_ms + kept_s * 1000
        if dead:
            self._dead.append(job.job_id)
        self._admission.end(order.owner)
        if batch := self._batches.get(job.batch_id):
            batch.done.append(job.job_id)
            batch.verdicts[verdict] += 1
            if len(batch.done) == len(batch.jobs):
                batch.finished_at_ms = int(self._now_ms)
                self._gone_ms[batch.batch_id] = self._now_ms + self._retention_s * 1000
        self.events.append(
            Completion(
                n=len(self.events) + 1,
                job_id=job.job_id,
                problem_id=str(result["problemId"]),
                language=str(result["language"]),
                verdict=verdict,
                finished_at=str(result["finishedAt"]),
            )
        )

    def _drop(self, subject: str) -> None:
        """Keep a job or a batch no longer."""
        del self._gone_ms[subject]
        self._jobs.pop(subject, None)
        self._batches.pop(subject, None)


def _position(event_id: str) -> tuple[int, ...]:
    return tuple(map(int, event_id.split("-"))) if event_id else (0, 0)
