"""What clients are answered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.basis import BatchId, JobId, ProblemId, Shape, Time
from api.schemas.requests import DefinitionRequest
from fleet.job import JobState, Lane, Verdict


class Links(Shape):
    """Where to go from here, as paths on this server."""

    self: str = Field(description="the job's whole record")
    result: str
    problem: str = Field(description="all jobs of the same problem")


class JobSummary(Shape):
    """Where a job is."""

    job_id: JobId
    problem_id: ProblemId
    state: JobState = Field(strict=False)
    links: Links


class Place(Shape):
    """Where a job waits."""

    position: int = Field(
        description="1: the next of its language and priority; 0: it does not wait for its turn"
    )
    estimated_start: Time | None = Field(
        description="no promise, from the pace of the last minute; null if that cannot be told"
    )


class Accepted(JobSummary, Place):
    """A job is safe in the queue."""

    waiting: int = Field(description="jobs that wait in the whole fleet, this one included")
    repeated: bool | None = Field(
        None, description="true if the Idempotency-Key was known: this is the job of the first time"
    )


class Unfinished(JobSummary, Place):
    """Where a job is that is not done."""


class AcceptedBatch(Shape):
    """All jobs of a batch are safe in the queue."""

    batch_id: BatchId
    jobs: list[JobId] = Field(description="in the order they were sent")
    waiting: int = Field(description="jobs that wait in the whole fleet, these included")
    links: BatchLinks
    repeated: bool | None = Field(
        None, description="true if the Idempotency-Key was known: this is the batch of the first time"
    )


class BatchLinks(Shape):
    """Where to go from here, as paths on this server."""

    self: str
    results: str
    events: str


class Batch(Shape):
    """How far a batch has come."""

    batch_id: BatchId
    total: int
    done: int
    verdicts: dict[str, int] = Field(description="how many of those done ended so")
    queued_at: Time
    finished_at: Time | None = Field(description="when the last of its jobs ended")
    links: BatchLinks


class Evidence(Shape):
    """Why the verdict is what it is."""

    limit: str | None = Field(description="the limit that was met; null if none was")
    allowed: float | None = Field(description="seconds or bytes")
    used: float | None = Field(description="seconds or bytes")
    how: str = Field(description="who saw it, and how")


class _Run(Shape):
    model_config = ConfigDict(extra="allow")  # a newer worker may say more

    exit_code: int | None
    signal: str | None
    stdout: str
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    encoding: Literal["utf-8", "base64"] = Field(description="of stdout and stderr")
    cpu_ms: float | None
    wall_ms: float | None
    memory_bytes: int | None


class CompileResult(_Run):
    """What the compiler said, and used."""


class Difference(Shape):
    """Where an output first differs from what was expected; at most 100 characters of each."""

    where: str = Field(examples=["line 3", "token 7", "end"])
    expected: str
    actual: str


class CaseResult(_Run):
    """What one case came to; at most 1,024 bytes of each output."""

    index: int
    verdict: Verdict = Field(strict=False)
    evidence: Evidence
    diff: Difference | None


class CaseCounts(Shape):
    """How many cases."""

    total: int
    passed: int
    failed: int
    skipped: int


class OutputFile(Shape):
    """A file that was asked for."""

    path: str
    how: str = Field(description="`whole`, `cut` at the bound, `missing`, or `irregular`: not a plain file")
    content: str
    encoding: Literal["utf-8", "base64"]
    bytes: int = Field(description="size of the file, also of what was cut")


class Result(_Run):
    """What a job came to. It is passed on as the worker stored it."""

    job_id: JobId
    problem_id: ProblemId
    language: str
    verdict: Verdict = Field(strict=False)
    evidence: Evidence
    attempt: int
    worker: str
    runtime: str
    image: str
    language_version: str
    queued_at: Time
    started_at: Time | None
    finished_at: Time
    queue_ms: float | None
    compile: CompileResult | None = Field(None, description="null if the language has no compile stage")
    cases: list[CaseResult] | None = Field(None, description="those that ran, if the job had tests")
    tests: CaseCounts | None = Field(None, description="if the job had tests")
    files: list[OutputFile] | None = Field(None, description="if the job asked for `outputFiles`")


class Defined(Shape):
    """The tests of a problem are stored."""

    problem_id: ProblemId
    digest: str = Field(
        description="names what is stored", examples=["2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"]
    )
    tests: int = Field(description="how many cases")


class Problem(Shape):
    """What is stored for a problem."""

    problem_id: ProblemId
    digest: str
    definition: DefinitionRequest


class Record(JobSummary):
    """The record of a job, without its code."""

    language: str
    priority: Lane = Field(strict=False)
    batch_id: BatchId | None = Field(description="the batch it came with")
    run_at: Time | None = Field(description="when it may run, while that time is to come")
    cancel_asked: bool = Field(description="its worker was told to stop it")
    attempt: int = Field(description="runs so far, the present one included")
    worker: str | None
    queued_at: Time
    started_at: Time | None
    finished_at: Time | None
    result: dict[str, Any] | None = Field(description="once the job is done; as `GET /result` gives it")


class Job(Record, Place):
    """The whole record of a job, without its code, and where it waits."""


class ProblemJobs(Shape):
    """The jobs of a problem that are kept, newest first."""

    problem_id: ProblemId
    jobs: list[Record]


class LanguageEntry(Shape):
    """A language and what it runs on."""

    name: str
    aliases: list[str]
    available: bool = Field(
        description="a live worker serves it; if not, its jobs wait for one, or are refused if none ever did"
    )
    workers: int
    version: str | None
    image: str | None
    limits: dict[str, float] = Field(description="what a run may use unless it asks for something else")


class Languages(Shape):
    """All languages a job may name."""

    languages: list[LanguageEntry]
    ceiling: dict[str, float] = Field(description="the most a job may ask for")


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"]


class Ready(Shape):
    """Jobs can be run."""

    status: Literal["ok"]
    workers: int
    languages: list[str]


class FieldError(Shape):
    """What is wrong with one field; `field` is empty when it is the body as a whole."""

    field: str
    detail: str


class ProblemDetails(Shape):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
