"""For tests: the jobs of ``fleet.fake_queue.FakeQueue``, and how they wait."""

from __future__ import annotations

import json
from bisect import insort
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleet.job import JobState, Lane
from fleet.queue import CRASHES_MAX, Claim, Order, Record, WorkerInfo

ANY = "*"
_TURNS = (Lane.HIGH,) * 6 + (Lane.NORMAL,) * 3 + (Lane.LOW,)


@dataclass(slots=True, kw_only=True)
class FakeJob:
    """A job, wherever it is."""

    order: Order
    spec: bytes | None
    route: str  # the language of the ready list it waits in
    queued_at_ms: int
    batch_id: str = ""
    item: bytes | None = None  # a raw item that names itself: not run twice
    oversize_bytes: int = 0
    place: str = "ready"
    state: JobState = JobState.QUEUED
    tag: tuple[int, int] | None = None  # virtual time, then age; None: it was never ready
    run_at_ms: int | None = None
    cancel_asked: bool = False
    fails: int = 0
    crashes: int = 0
    fence: str | None = None
    running: bool = False
    worker: str | None = None
    started_at_ms: int | None = None
    finished_at_ms: int | None = None
    gone_at_ms: float | None = None
    result: Mapping[str, Any] | None = None
    past: tuple[str, str] = ("", "")  # the fence that ended last, and how
    told: list[tuple[str, str]] = field(default_factory=list)
    told_last: tuple[str, ...] = ()  # fence and events of the last call

    @property
    def job_id(self) -> str:
        """Its id."""
        return self.order.job_id

    @property
    def attempt(self) -> int:
        """The run that is under way, or the next one."""
        return self.fails + self.crashes + 1

    @property
    def lane(self) -> tuple[Lane, str]:
        """Where it waits once it is ready: a verdict alone can be written by any worker."""
        verdict_only = self.cancel_asked or self.crashes >= CRASHES_MAX
        return self.order.lane, ANY if verdict_only else self.route

    def hold(self, worker_id: str, fence: str) -> None:
        """Give it to a worker."""
        self.place, self.worker, self.fence = "leased", worker_id, fence

    def let_go(self, past: tuple[str, str] = ("", "")) -> None:
        """Take it from its worker; ``past`` says how."""
        self.past = past if past[0] else self.past
        self.state, self.running = JobState.QUEUED, False
        self.fence = self.worker = self.started_at_ms = None

    def claim(self, now_ms: int, definition: str) -> Claim:
        """What its worker is given."""
        return Claim(
            job_id=self.job_id,
            fence=self.fence or "",
            spec=self.spec or b"",
            attempt=self.attempt,
            crashes=self.crashes,
            queued_at_ms=self.queued_at_ms,
            claimed_at_ms=now_ms,
            oversize_bytes=self.oversize_bytes,
            definition=definition,
            owner=self.order.owner,
            cancelled=self.cancel_asked,
        )

    def record(self) -> Record:
        """What anyone may know of it."""
        return Record(
            job_id=self.job_id,
            problem_id=self.order.problem_id,
            state=self.state,
            language=self.order.language,
            attempt=self.attempt - (self.place in ("ready", "later") or self.past[1] == "cancelled"),
            queued_at_ms=self.queued_at_ms,
            started_at_ms=self.started_at_ms,
            finished_at_ms=self.finished_at_ms,
            worker=self.worker,
            result=self.result,
            owner=self.order.owner,
            lane=self.order.lane,
            batch_id=self.batch_id,
            run_at_ms=self.run_at_ms if self.place == "later" else None,
            cancel_asked=self.cancel_asked,
        )


@dataclass(slots=True)
class FakeWorker:
    """A worker that announced itself."""

    info: WorkerInfo
    beat_ms: float
    inbox: deque[bytes] = field(default_factory=deque)


class FairLanes:
    """The jobs that are ready. In each lane and language the owners take turns (``add`` says how)."""

    def __init__(self) -> None:
        self._ready: dict[tuple[Lane, str], list[FakeJob]] = defaultdict(list)
        self._virtual: dict[tuple[Lane, str], int] = defaultdict(int)  # tag of the job taken last
        self._turn = self._age = 0

    def __len__(self) -> int:
        return sum(map(len, self._ready.values()))

    def __iter__(self) -> Iterator[FakeJob]:
        return (job for rows in self._ready.values() for job in rows)

    def of(self, lane: Lane) -> int:
        """How many jobs of a lane are ready."""
        return sum(len(rows) for (at, _), rows in self._ready.items() if at == lane)

    def add(self, job: FakeJob) -> None:
        """Let it wait: one step behind its owner's last job here; one that was here before, as then."""
        rows, job.place = self._ready[job.lane], "ready"
        if job.tag is None:
            mine = [other.tag[0] for other in rows if other.tag and other.order.owner == job.order.owner]
            self._age += 1
            job.tag = (max([self._virtual[job.lane], *mine]) + 1, self._age)
        insort(rows, job, key=lambda other: other.tag or (0, 0))

    def remove(self, job: FakeJob) -> None:
        """Let it no longer wait."""
        self._ready[job.lane].remove(job)

    def position(self, job: FakeJob) -> int:
        """1 for the next of its lane and language; 0 if it does not wait."""
        rows = self._ready[job.lane]
        return rows.index(job) + 1 if job in rows else 0

    def take(self, languages: Iterable[str]) -> FakeJob | None:
        """The next job in any of these languages: lanes by weight, languages by turn."""
        words, first = sorted({ANY, *languages}), _TURNS[self._turn % len(_TURNS)]
        shift = self._turn // len(_TURNS) % len(words)
        for lane in (first, *(lane for lane in Lane if lane != first)):
            for language in (*words[shift:], *words[:shift]):
                if rows := self._ready[lane, language]:
                    self._turn += 1
                    job = rows.pop(0)
                    now = self._virtual[lane, language]
                    self._virtual[lane, language] = max(now, job.tag[0] if job.tag else 0)
                    return job
        return None


def adopted(item: bytes, item_bytes_max: int, routes: Mapping[str, str], **values: Any) -> FakeJob:
    """The job that a raw item becomes."""
    oversize = len(item) if len(item) > item_bytes_max else 0
    said = {} if oversize else _decode(item)
    language, lane = _word(said.get("language")), said.get("priority")
    return FakeJob(
        order=Order(
            job_id=values.pop("job_id"),
            spec="",
            problem_id=_word(said.get("problemId")),
            language=language,
            lane=Lane(lane) if lane in list(Lane) else Lane.NORMAL,
        ),
        spec=None if oversize else item,
        route=routes.get(language, ANY),
        item=item if isinstance(said.get("jobId"), str) else None,
        oversize_bytes=oversize,
        **values,
    )


def _decode(item: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(item)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _word(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 512 else ""
