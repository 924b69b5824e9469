"""The shapes of Judge0 CE's API, as far as it is served."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_TEXT = "in Base64 if `base64_encoded=true`"
_CHECKED = "checked, and changes nothing"
_NO = "cannot be enabled"


class _Foreign(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")  # Judge0 ignores what it does not know


class Judge0Submission(_Foreign):
    """A program to run."""

    source_code: str = Field(min_length=1, description=_TEXT)
    language_id: int = Field(description="one of `GET /judge0/languages`")
    stdin: str | None = Field(None, description=_TEXT)
    expected_output: str | None = Field(None, description=f"what stdout must be; {_TEXT}")
    command_line_arguments: str | None = Field(
        None, max_length=512, description="words, in quotes if need be"
    )
    additional_files: str | None = Field(None, description="a zip of text files, in Base64")
    cpu_time_limit: float | None = Field(None, description="seconds")
    cpu_extra_time: float | None = Field(None, description=f"seconds; {_CHECKED}")
    wall_time_limit: float | None = Field(None, description="seconds")
    memory_limit: float | None = Field(None, description="KiB")
    stack_limit: int | None = Field(None, description=f"KiB; {_CHECKED}")
    max_processes_and_or_threads: int | None = None
    max_file_size: int | None = Field(None, description=f"KiB; {_CHECKED}")
    number_of_runs: Literal[1] | None = None
    enable_per_process_and_thread_time_limit: Literal[False] | None = Field(None, description=_NO)
    enable_per_process_and_thread_memory_limit: Literal[False] | None = Field(None, description=_NO)
    enable_network: Literal[False] | None = Field(None, description=_NO)
    redirect_stderr_to_stdout: Literal[False] | None = Field(None, description=_NO)
    compiler_options: None = Field(None, description="not offered")
    callback_url: None = Field(None, description="not offered")


class Judge0Batch(_Foreign):
    """A few programs to run."""

    submissions: list[Judge0Submission] = Field(min_length=1, max_length=20)


class Judge0Status(BaseModel):
    """A status."""

    id: int
    description: str


class Judge0Token(BaseModel):
    """The name of a submission."""

    token: str
    error: str | None = Field(None, description="why the answer has no more than the token")


class Judge0Attributes(BaseModel):
    """A submission: the fields that were asked for; by default these."""

    model_config = ConfigDict(extra="allow")

    token: str | None = None
    status: Judge0Status | None = None
    stdout: str | None = None
    stderr: str | None = None
    compile_output: str | None = None
    message: str | None = None
    time: str | None = Field(None, description="seconds of CPU")
    memory: int | None = Field(None, description="KiB")


class Judge0Accepted(Judge0Attributes):
    """The token of what was accepted; the fields as well if they were waited for."""

    error: str | None = None


class Judge0Batched(BaseModel):
    """Submissions in the order of their tokens; null for each that is unknown."""

    submissions: list[Judge0Attributes | None]


class Judge0LanguageName(BaseModel):
    """An id and what it means."""

    id: int
    name: str


class Judge0Language(Judge0LanguageName):
    """How a language is run."""

    is_archived: bool
    source_file: str
    compile_cmd: str | None
    run_cmd: str


class Judge0About(BaseModel):
    """Whose words are spoken here."""

    version: str
    homepage: str
    source_code: str
    maintainer: str


class Judge0Workers(BaseModel):
    """What waits, and what may run at once."""

    queue: str
    size: int
    available: int
    idle: int
    working: int
    paused: int
    failed: int


class Judge0Error(BaseModel):
    """What is wrong."""

    error: str
