"""What clients send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.options import TIME
from api.schemas.basis import PRINTABLE, LanguageName, ProblemId, Shape
from fleet.fields import PATH_BYTES_MAX
from fleet.job import Lane
from fleet.judging import CheckerKind
from fleet.limits import FLOOR
from fleet.queue import BATCH_JOBS_MAX
from fleet.webhooks import URL_CHARS_MAX


class LimitsRequest(Shape):
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
    Field(min_length=1, max_length=PATH_BYTES_MAX, pattern=PRINTABLE, examples=["lib/words.txt"]),
]


CallbackUrl = Annotated[
    str, Field(max_length=URL_CHARS_MAX, pattern="^https?://[!-~]+$", examples=["https://example.com/done"])
]


class FloatChecker(Shape):
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


class SourceFile(Shape):
    """A further file beside `code`."""

    path: FilePath = Field(description="relative, below the work directory")
    content: str = Field(description="text")


class CaseRequest(Shape):
    """One run of the program, in a process and a work directory of its own."""

    stdin: str | None = Field(None, description="what the program reads from its standard input")
    expected: str | None = Field(None, description="what it should print; without it the case is only run")
    args: list[Argument] | None = Field(None, description="instead of those of the job")
    limits: LimitsRequest | None = None
    checker: CheckerRequest = Field(None, description="instead of that of the tests")
    hidden: bool | None = Field(None, description="its output and the difference are not told")


class _Tests(Shape):
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
    run_at: Annotated[str, Field(pattern=TIME, examples=["2026-01-02T03:04:05Z"])] | None = Field(
        None, description="not to be run before; a past time is now; not beside `delaySeconds`"
    )
    delay_seconds: float | None = Field(None, ge=0, description="not to be run before it has passed")
    ttl_seconds: int | None = Field(
        None, description="how long the result is kept, counted from the end of the job"
    )
    store: Literal["source", "none"] | None = Field(
        None,
        description="`none`, the default: the end of the job erases its source; `source`: "
        "GET /jobs/{jobId}/source gives it as long as the result is kept",
    )
    callback_url: CallbackUrl | None = Field(None, description="to be told of the end of the job")


class BatchRequest(Shape):
    """Jobs that are accepted together, or not at all."""

    jobs: list[SubmitRequest] = Field(min_length=1, max_length=BATCH_JOBS_MAX)
    callback_url: CallbackUrl | None = Field(None, description="to be told of the end of the last job")
