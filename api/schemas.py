"""The shapes of the HTTP contract, for the API description.

What is accepted is decided by ``fleet.job.Submission`` alone, the validator that workers use too;
a test holds ``SubmitRequest`` to it. Answers are built as plain JSON; a test holds them to these.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from fleet.fields import LANGUAGE_CHARS_MAX, PROBLEM_ID_CHARS_MAX
from fleet.job import JobState, Lane, Verdict
from fleet.limits import FLOOR

JobId = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["0b1f3c5a7e9d2b4c6f8091a2b3c4d5e6"])]
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+$"
ProblemId = Annotated[
    str,
    Field(min_length=1, max_length=PROBLEM_ID_CHARS_MAX, pattern=_PRINTABLE, examples=["two-sum"]),
]
LanguageName = Annotated[str, Field(min_length=1, max_length=LANGUAGE_CHARS_MAX, pattern=_PRINTABLE)]
Time = Annotated[
    str, Field(description="ISO 8601 in UTC, by the clock of Redis", examples=["2026-01-02T03:04:05.678Z"])
]


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, strict=True, extra="forbid")


class LimitsRequest(_Shape):
    """Limits a job asks for; what is left out has the language's default."""

    cpu_seconds: float | None = Field(None, ge=FLOOR.cpu_s, description="CPU time")
    wall_seconds: float | None = Field(None, ge=FLOOR.wall_s, description="wall-clock time")
    memory_bytes: int | None = Field(None, ge=FLOOR.memory_bytes)
    processes: int | None = Field(None, ge=FLOOR.processes, description="processes and threads at once")
    stdout_bytes: int | None = Field(None, ge=FLOOR.stdout_bytes)
    stderr_bytes: int | None = Field(None, ge=FLOOR.stderr_bytes)


class SubmitRequest(_Shape):
    """A snippet to run."""

    problem_id: ProblemId = Field(description="the sender's own name for it; several jobs may share one")
    code: str = Field(description="source text", examples=["print('Hello, World!')"])
    language: LanguageName = Field(description="name or alias of a language; GET /languages lists them")
    stdin: str | None = Field(None, description="what the program reads from its standard input")
    limits: LimitsRequest | None = None
    priority: Lane | None = Field(None, strict=False, description="`normal` unless said otherwise")


class Links(_Shape):
    """Where to go from here, as paths on this server."""

    self: str = Field(description="the job's whole record")
    result: str
    problem: str = Field(description="all jobs of the same problem")


class JobSummary(_Shape):
    """Where a job is."""

    job_id: JobId
    problem_id: ProblemId
    state: JobState = Field(strict=False)
    links: Links


class Evidence(_Shape):
    """Why the verdict is what it is."""

    limit: str | None = Field(description="the limit that was met; null if none was")
    allowed: float | None = Field(description="seconds or bytes")
    used: float | None = Field(description="seconds or bytes")
    how: str = Field(description="who saw it, and how")


class Result(_Shape):
    """What a job came to. It is passed on as the worker stored it."""

    model_config = ConfigDict(extra="allow")  # a newer worker may say more

    job_id: JobId
    problem_id: ProblemId
    language: str
    verdict: Verdict = Field(strict=False)
    evidence: Evidence
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
    attempt: int
    worker: str
    runtime: str
    image: str
    language_version: str
    queued_at: Time
    started_at: Time | None
    finished_at: Time
    queue_ms: float | None


class Job(JobSummary):
    """The whole record of a job, without its code."""

    language: str
    attempt: int = Field(description="runs so far, the present one included")
    worker: str | None
    queued_at: Time
    started_at: Time | None
    finished_at: Time | None
    result: dict[str, Any] | None = Field(description="once the job is done; as `GET /result` gives it")


class ProblemJobs(_Shape):
    """The jobs of a problem that are kept, newest first."""

    problem_id: ProblemId
    jobs: list[Job]


class LanguageEntry(_Shape):
    """A language and what it runs on."""

    name: str
    aliases: list[str]
    available: bool = Field(description="a live worker serves it; if not, its jobs wait for one")
    workers: int
    version: str | None
    image: str | None
    limits: dict[str, float] = Field(description="what a run may use unless it asks for something else")


class Languages(_Shape):
    """All languages a job may name."""

    languages: list[LanguageEntry]
    ceiling: dict[str, float] = Field(description="the most a job may ask for")


class Alive(_Shape):
    """The process answers."""

    status: Literal["ok"]


class Ready(_Shape):
    """Jobs can be run."""

    status: Literal["ok"]
    workers: int
    languages: list[str]


class FieldError(_Shape):
    """What is wrong with one field; `field` is empty when it is the body as a whole."""

    field: str
    detail: str


class ProblemDetails(_Shape):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
