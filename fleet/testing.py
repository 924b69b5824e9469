"""For tests: values with sensible defaults, and ``FakeQueue``, a queue in memory.

``FakeQueue`` is held to the contract suite that ``RedisQueue`` passes (``tests/contract``), with a
clock that tests move.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet.errors import ProblemsFull, QueueFull
from fleet.events import Completion
from fleet.job import Evidence, JobState, Lane, Result, Submission, Verdict, iso_utc
from fleet.judging import digest_of
from fleet.limits import MIB, Bounds
from fleet.queue import (
    CRASHES_MAX,
    Audit,
    Claim,
    Defined,
    Depth,
    Enqueued,
    Fail,
    Finish,
    Reaped,
    Record,
    Renewal,
    WorkerInfo,
)

_ANY = "*"
_ITEM_BYTES_MAX = Bounds().raw_item_bytes_max
_EPOCH_MS = 1_700_000_000_000
_TOLD_MAX, _TOLD_PAGE, _TOLD_BYTES_MAX = 1024, 64, 16_384
_TURNS = (Lane.HIGH,) * 6 + (Lane.NORMAL,) * 3 + (Lane.LOW,)


def a_job_id() -> str:
    """A fresh job id."""
    return secrets.token_hex(16)


def a_submission(**changes: Any) -> Submission:
    """A valid submission."""
    return Submission(**{"problem_id": "two-sum", "code": "1", "language": "tongue", **changes})


def a_worker(worker_id: str = "w1", *languages: str, slots: int = 4) -> WorkerInfo:
    """What a worker announces; it serves ``tongue`` (alias ``tg``) unless told otherwise."""
    served = [{"name": name, "aliases": []} for name in languages] or [{"name": "tongue", "aliases": ["tg"]}]
    return WorkerInfo(worker_id, slots, "fake", served)


def a_claim(**changes: Any) -> Claim:
    """A claim of a first run."""
    values: dict[str, Any] = {
        "job_id": a_job_id(),
        "fence": "1:0a",
        "spec": a_submission().to_spec().encode(),
        "attempt": 1,
        "crashes": 0,
        "queued_at_ms": _EPOCH_MS,
        "claimed_at_ms": _EPOCH_MS + 5,
    }
    return Claim(**{**values, **changes})


def a_result(**changes: Any) -> Result:
    """The result of a run that went well."""
    values: dict[str, Any] = {
        "job_id": a_job_id(),
        "problem_id": "two-sum",
        "language": "tongue",
        "verdict": Verdict.OK,
        "evidence": Evidence(),
        "exit_code": 0,
        "stdout": b"1\n",
        "attempt": 1,
        "queued_at": iso_utc(_EPOCH_MS),
        "finished_at": iso_utc(_EPOCH_MS + 10),
    }
    return Result(**{**values, **changes})


@dataclass(slots=True)
class _Job:
    job_id: str
    spec: bytes
    problem_id: str
    language: str
    route: str
    lane: Lane
    queued_at_ms: int
    item: bytes | None = None  # the public item of an enqueue
    oversize_bytes: int = 0
    place: str = "public"
    state: JobState = JobState.QUEUED
    fails: int = 0
    crashes: int = 0
    fence: str | None = None
    running: bool = False
    worker: str | None = None
    started_at_ms: int | None = None
    finished_at_ms: int | None = None
    result: Mapping[str, Any] | None = None
    past: tuple[str, str] = ("", "")  # the fence that ended last, and how
    told: list[tuple[str, str]] = field(default_factory=list)
    told_last: tuple[str, ...] = ()  # fence and events of the last call

    @property
    def attempt(self) -> int:
        return self.fails + self.crashes + 1


@dataclass(slots=True)
class _Worker:
    info: WorkerInfo
    beat_ms: float
    inbox: deque[bytes] = field(default_factory=deque)


class FakeQueue:
    """``fleet.queue.Queue`` in memory. ``advance`` moves its clock, ``push`` is a foreign LPUSH."""

    def __init__(
        self,
        *,
        waiting_max: int = 10_000,
        lease_s: float = 15.0,
        item_bytes_max: int = _ITEM_BYTES_MAX,
        problems_max: int = 10_000,
        problems_bytes_max: int = 128 * MIB,
    ) -> None:
        self.events: list[Completion] = []
        self._problems_max, self._problems_bytes_max = problems_max, problems_bytes_max
        self._definitions: dict[str, str] = {}
        self._waiting_max, self._lease_ms = waiting_max, lease_s * 1000
        self._item_bytes_max = item_bytes_max
        self._now_ms: float = _EPOCH_MS
        self._public: deque[bytes] = deque()  # next one last, as in Redis
        self._pushed = asyncio.Event()
        self._ready: dict[tuple[Lane, str], deque[str]] = defaultdict(deque)
        self._jobs: dict[str, _Job] = {}
        self._retry: dict[str, float] = {}
        self._leases: dict[str, float] = {}
        self._dead: list[str] = []
        self._workers: dict[str, _Worker] = {}
        self._names: dict[str, str] = {}
        self._turn = self._fences = self._accepted = self._told = 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += seconds * 1000

    def push(self, item: bytes) -> None:
        """What any program may do to the public list."""
        self._public.appendleft(item)
        self._pushed.set()

    async def enqueue(self, job_id: str, spec: str, problem_id: str, language: str, lane: Lane) -> Enqueued:
        """See ``Queue``."""
        waiting = len(self._public) + sum(map(len, self._ready.values())) + len(self._retry)
        if job_id in self._jobs:
            return Enqueued(job_id, self._jobs[job_id].queued_at_ms, waiting)
        if waiting >= self._waiting_max:
            raise QueueFull(waiting, self._waiting_max, retry_after_s=1)
        item = json.dumps({"v": 1, "jobId": job_id, "problemId": problem_id}, separators=(",", ":")).encode()
        route, now = self._names.get(language, language), int(self._now_ms)
        self._add(_Job(job_id, spec.encode(), problem_id, language, route, lane, now, item))
        self.push(item)
        return Enqueued(job_id, now, waiting + 1)

    async def get(self, job_id: str) -> Record | None:
        """See ``Queue``."""
        job = self._jobs.get(job_id)
        if job is None:
            return None
        return Record(
            job_id=job_id,
            problem_id=job.problem_id,
            state=job.state,
            language=job.language,
            attempt=job.attempt - (job.place in ("public", "ready", "retry")),
            queued_at_ms=job.queued_at_ms,
            started_at_ms=job.started_at_ms,
            finished_at_ms=job.finished_at_ms,
            worker=job.worker,
            result=job.result,
        )

    async def newest(self, problem_id: str, count: int = 100) -> list[str]:
        """See ``Queue``."""
        ids = [job.job_id for job in reversed(self._jobs.values()) if job.problem_id == problem_id]
        return ids[: max(count, 1)]

    async def define(self, problem_id: str, definition: str) -> Defined:
        """See ``Queue``."""
        before = self._definitions.get(problem_id)
        others = sum(len(text.encode()) for key, text in self._definitions.items() if key != problem_id)
        grows = before is None or len(definition.encode()) > len(before.encode())
        many = before is None and len(self._definitions) >= self._problems_max
        if grows and (many or others + len(definition.encode()) > self._problems_bytes_max):
            raise ProblemsFull("full")
        self._definitions[problem_id] = definition
        return Defined(digest_of(definition), new=before is None)

    async def definition(self, problem_id: str) -> tuple[str, str] | None:
        """See ``Queue``."""
        text = self._definitions.get(problem_id)
        return None if text is None else (digest_of(text), text)

    async def undefine(self, problem_id: str) -> bool:
        """See ``Queue``."""
        return self._definitions.pop(problem_id, None) is not None

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        """See ``Queue``."""
        job = self._held(claim.job_id, claim.fence)
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

    async def register(self, info: WorkerInfo) -> None:
        """See ``Queue``."""
        known = self._workers.get(info.worker_id)
        self._workers[info.worker_id] = _Worker(info, self._now_ms, known.inbox if known else deque())
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
        if not self._public and not any(self._ready.values()):
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
        mine = {_ANY, *languages, *(self._names.get(word, word) for word in languages)}
        claims: list[Claim] = []
        while len(claims) < want and (job := self._pick(mine)):
            self._fences += 1
            job.place, job.worker, job.fence = "leased", worker_id, f"{self._fences}:fa"
            self._leases[job.job_id] = self._now_ms + self._lease_ms
            claims.append(
                Claim(
                    job_id=job.job_id,
                    fence=job.fence,
                    spec=job.spec,
                    attempt=job.attempt,
                    crashes=job.crashes,
                    queued_at_ms=job.queued_at_ms,
                    claimed_at_ms=int(self._now_ms),
                    oversize_bytes=job.oversize_bytes,
                    definition=digest_of(self._definitions[job.problem_id])
                    if job.problem_id in self._definitions
                    else "",
                )
            )
        return claims

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()) -> Renewal:
        """See ``Queue``."""
        if worker_id in self._workers:
            self._workers[worker_id].beat_ms = self._now_ms
        stale = set()
        for job_id, fence in held.items():
            job = self._held(job_id, fence)
            if job is None:
                stale.add(job_id)
                continue
            self._leases[job_id] = self._now_ms + self._lease_ms
            if job_id in started and not job.running:
                job.running, job.state, job.started_at_ms = True, JobState.RUNNING, int(self._now_ms)
        return Renewal(frozenset(stale), int(self._now_ms))

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        """See ``Queue``."""
        job = self._held(claim.job_id, claim.fence)
        if job:
            self._end(job, claim.fence, result, dead)
            return Finish.OK
        return Finish.ALREADY if self._past(claim) == "done" else Finish.STALE

    async def fail(
        self, claim: Claim, reason: str, last_result: Mapping[str, Any], *, attempts_max: int = 3
    ) -> Fail:
        """See ``Queue``."""
        job = self._held(claim.job_id, claim.fence)
        if job is None:
            return {"done": Fail.DEAD, "retry": Fail.RETRY}.get(self._past(claim), Fail.STALE)
        if job.attempt >= attempts_max:
            self._end(job, claim.fence, last_result, dead=True)
            return Fail.DEAD
        self._retry[job.job_id] = self._now_ms + 1000 * 2**job.fails
        job.fails += 1
        self._leave(job, "retry", past=(claim.fence, "retry"))
        return Fail.RETRY

    async def release(self, worker_id: str, claims: Sequence[Claim]) -> int:
        """See ``Queue``."""
        released = 0
        for claim in reversed(claims):
            job = self._held(claim.job_id, claim.fence)
            if job:
                self._leave(job, "ready", past=(claim.fence, "released"))
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
            self._leave(job, "ready", past=job.past)
            self._requeue(job)
        silent = [worker_id for worker_id, known in self._workers.items() if not self._fresh(known)]
        returned = sum(map(self._return_inbox, silent))
        return Reaped(len(expired), self._requeue_due(), returned)

    async def audit(self) -> Audit:
        """See ``Queue``."""
        inboxes = [item for known in self._workers.values() for item in known.inbox]
        raw = {self._known(item) for item in (*self._public, *inboxes)} - {None}
        places = [*(i for ids in self._ready.values() for i in ids), *self._retry, *self._leases, *raw]
        done = sum(job.place == "done" for job in self._jobs.values())
        return Audit(
            accepted=self._accepted,
            done=done,
            public=len(self._public),
            inbox=len(inboxes),
            ready=sum(map(len, self._ready.values())),
            retry=len(self._retry),
            leased=len(self._leases),
            missing=self._accepted - done - len(set(places)),
            doubled=len(places) - len(set(places)),
        )

    async def depth(self) -> Depth:
        """See ``Queue``."""
        ready = {lane: sum(len(ids) for (at, _), ids in self._ready.items() if at == lane) for lane in Lane}
        return Depth(len(self._public), ready, len(self._retry), len(self._leases), len(self._dead))

    def _add(self, job: _Job) -> None:
        self._jobs[job.job_id] = job
        self._accepted += 1

    def _known(self, item: bytes) -> str | None:
        waiting = (job.job_id for job in self._jobs.values() if job.item == item and job.place == "public")
        return next(waiting, None)

    def _take_in(self, item: bytes) -> None:
        if any(job.item == item for job in self._jobs.values()):
            job_id = self._known(item)
            if job_id:
                self._requeue(self._jobs[job_id], front=False)
            return
        said = _decode(item) if len(item) <= self._item_bytes_max else {}
        named = isinstance(said.get("jobId"), str)
        oversize = len(item) if len(item) > self._item_bytes_max else 0
        language = _word(said.get("language"))
        job = _Job(
            job_id=a_job_id(),
            spec=b"" if oversize else item,
            problem_id=_word(said.get("problemId")),
            language=language,
            route=self._names.get(language, _ANY),
            lane=Lane(said["priority"]) if said.get("priority") in list(Lane) else Lane.NORMAL,
            queued_at_ms=int(self._now_ms),
            item=item if named else None,
            oversize_bytes=oversize,
        )
        self._add(job)
        self._requeue(job, front=False)

    def _requeue(self, job: _Job, *, front: bool = True) -> None:
        job.place = "ready"
        route = _ANY if job.crashes >= CRASHES_MAX else job.route
        ids = self._ready[job.lane, route]
        (ids.appendleft if front else ids.append)(job.job_id)
        self._pushed.set()

    def _requeue_due(self) -> int:
        due = [job_id for job_id, due_ms in self._retry.items() if due_ms <= self._now_ms]
        for job_id in due:
            del self._retry[job_id]
            self._requeue(self._jobs[job_id])
        return len(due)

    def _pick(self, mine: Iterable[str]) -> _Job | None:
        first = _TURNS[self._turn % len(_TURNS)]
        order = (first, *(lane for lane in Lane if lane != first))
        for lane in order:
            for language in sorted(mine):
                if self._ready[lane, language]:
                    self._turn += 1
                    return self._jobs[self._ready[lane, language].popleft()]
        return None

    def _held(self, job_id: str, fence: str) -> _Job | None:
        job = self._jobs.get(job_id)
        return job if job and job.place == "leased" and job.fence == fence else None

    def _past(self, claim: Claim) -> str:
        job = self._jobs.get(claim.job_id)
        return job.past[1] if job and job.past[0] == claim.fence else ""

    def _leave(self, job: _Job, place: str, past: tuple[str, str]) -> None:
        del self._leases[job.job_id]
        job.place, job.past, job.state = place, past, JobState.QUEUED
        job.fence = job.worker = job.started_at_ms = None
        job.running = False

    def _end(self, job: _Job, fence: str, result: Mapping[str, Any], dead: bool) -> None:
        del self._leases[job.job_id]
        job.place, job.state, job.fence, job.past = "done", JobState.DONE, None, (fence, "done")
        job.result, job.finished_at_ms, job.spec = json.loads(json.dumps(result)), int(self._now_ms), b""
        if dead:
            self._dead.append(job.job_id)
        self.events.append(
            Completion(
                n=len(self.events) + 1,
                job_id=job.job_id,
                problem_id=str(result["problemId"]),
                language=str(result["language"]),
                verdict=Verdict(result["verdict"]),
                finished_at=str(result["finishedAt"]),
            )
        )

    def _return_inbox(self, worker_id: str) -> int:
        inbox = self._workers[worker_id].inbox if worker_id in self._workers else deque[bytes]()
        count = len(inbox)
        while inbox:
            self._public.append(inbox.popleft())
        return count

    def _fresh(self, known: _Worker) -> bool:
        return self._now_ms - known.beat_ms < self._lease_ms


def _decode(item: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(item)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _position(event_id: str) -> tuple[int, ...]:
    return tuple(map(int, event_id.split("-"))) if event_id else (0, 0)


def _word(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 512 else ""
