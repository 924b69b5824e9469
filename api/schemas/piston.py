"""The shapes of Piston's v2 API, as far as it is served."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_MS = "milliseconds; 0 is as good as none"


class _Foreign(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")  # Piston ignores what it does not know


class PistonFile(_Foreign):
    """A file of the job."""

    name: str | None = Field(None, description="path below the work directory; that of the main file is ours")
    content: str
    encoding: Literal["base64", "hex", "utf8"] | None = None


class PistonRequest(_Foreign):
    """A program to run."""

    language: str = Field(min_length=1, description="name or alias of a language")
    version: str = Field(min_length=1, description="a version, or a range as npm's semver has them")
    files: list[PistonFile] = Field(min_length=1, description="the first in `utf8` is the main one")
    stdin: str | None = None
    args: list[str] | None = None
    compile_timeout: float | None = Field(None, description=_MS)
    run_timeout: float | None = Field(None, description=_MS)
    compile_cpu_time: float | None = Field(None, description=_MS)
    run_cpu_time: float | None = Field(None, description=_MS)
    compile_memory_limit: float | None = Field(None, description="bytes; below 0 for the most there is")
    run_memory_limit: float | None = Field(None, description="bytes; below 0 for the most there is")


class PistonStage(BaseModel):
    """What came of one stage."""

    stdout: str
    stderr: str
    output: str = Field(description="stdout, then stderr")
    code: int | None
    signal: str | None
    message: str | None
    status: Literal["RE", "SG", "TO", "OL", "EL", "XX"] | None
    cpu_time: int | None = Field(description="milliseconds")
    wall_time: int | None = Field(description="milliseconds")
    memory: int | None = Field(description="bytes")


class PistonAnswer(BaseModel):
    """What came of a program."""

    language: str
    version: str
    run: PistonStage = Field(description="that of `compile` if there was no run")
    compile: PistonStage | None = Field(None, description="absent if the language has no such stage")


class PistonRuntime(BaseModel):
    """A language that is served."""

    language: str
    version: str
    aliases: list[str]


class PistonError(BaseModel):
    """What is wrong."""

    message: str
