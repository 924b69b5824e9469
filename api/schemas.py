"""The shapes of the HTTP contract, for the API description.

What is accepted is decided by ``fleet.job.Submission`` and ``fleet.judging.Definition`` alone, the
validators that workers use too; tests hold ``SubmitRequest`` and ``DefinitionRequest`` to them.
Answers are built as plain JSON; a test holds them to these.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from fleet.fields import LANGUAGE_CHARS_MAX, PATH_BYTES_MAX, PROBLEM_ID_CHARS_MAX
from fleet.job import JobState, Lane, Verdict
from fleet.judging import CheckerKind
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


Argument = Annotated[str, Field(pattern=r"^[^\x00]*$")]
FilePath = Annotated[
    str,
    Field(min_length=1, max_length=PATH_BYTES_MAX, pattern=_PRINTABLE, examples=["lib/words.txt"]),
]


class FloatChecker(_Shape):
    """A checker with its tolerance."""

    kind: CheckerKind = Field(strict=False)
    tolerance: float | None = Field(
        None, ge=0, le=1, description="absolute or relative, whichever is wider; for `float` only"
    )


CheckerRequest = Annotated[CheckerKind, Field(strict=False)] | FloatChecker | None
_CHECKERS = (
    "`exact` byte for byte; `trailing_whitespace` but blanks at line ends and empty lines at the end; "
    "`tokens` words between whitespace; `float` words, and numbers within a tolerance (1e-6)"
)


class SourceFile(_Shape):
    """A further file beside `code`."""

    path: FilePath = Field(description="relative, below the work directory")
    content: str = Field(description="text")


class CaseRequest(_Shape):
    """One run of the program, in a process and a work directory of its own."""

    stdin: str | None = Field(None, description="what the program reads from its standard input")
    expected: str | None = Field(None, description="what it should print; without it the case is only run")
    args: list[Argument] | None = Field(None, description="instead of those of the job")
    limits: LimitsRequest | None = None
    checker: CheckerRequest = Field(None, description="instead of that of the tests")
    hidden: bool | None = Field(None, description="its output and the difference are not told")


class _Tests(_Shape):
    checker: CheckerRequest = Field(
        None,
        description=f"how `expected` is compared, `trailing_whitespace` unless said otherwise: {_CHECKERS}",
    )
    stop_on_failure: bool | None = Field(None, description="skip what comes after the first failure")
    limits: LimitsRequest | None = None


class DefinitionRequest(_Tests):
    """What the jobs of a problem are judged by, unless they bring tests of their own."""

    tests: list[CaseRequest] = Field(min_length=1)


class SubmitRequest(_Tests):
    """A snippet to run."""

    problem_id: ProblemId = Field(description="the sender's own name for it; several jobs may share one")
    code: str = Field(description="source text", examples=["print('Hello, World!')"])
    language: LanguageName = Field(description="name or alias of a language; GET /languages lists them")
    stdin: str | None = Field(None, description="what the program reads from its standard input")
    files: list[SourceFile] | None = Field(None, description="further source files")
    args: list[Argument] | None = Field(None, description="arguments of the program")
    env: dict[str, Argument] | None = Field(
        None, description="environment variables, of those that the operator allows"
    )
    output_files: list[FilePath] | None = Field(
        None, description="files to give back with the result; not beside tests"
    )
    tests: list[CaseRequest] | None = Field(
        None,
        description="compile once, then run each case; not beside `stdin`. Without them, those stored for "
        "the problem count, and their limits",
    )
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


class _Run(_Shape):
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


class Difference(_Shape):
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


class CaseCounts(_Shape):
    """How many cases."""

    total: int
    passed: int
    failed: int
    skipped: int


class OutputFile(_Shape):
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


class Defined(_Shape):
    """The tests of a problem are stored."""

    problem_id: ProblemId
    digest: str = Field(
        description="names what is stored", examples=["2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"]
    )
    tests: int = Field(description="how many cases")


class Problem(_Shape):
    """What is stored for a problem."""

    problem_id: ProblemId
    digest: str
    definition: DefinitionRequest


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
    available: bool = Field(
        description="a live worker serves it; if not, its jobs wait for one, or are refused if none ever did"
    )
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
