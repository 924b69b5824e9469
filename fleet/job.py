"""Jobs, results and verdicts: frozen values, to and from JSON.

One validator serves the API (before a job is accepted) and the worker (again, on what it pops,
since anyone may push onto the public list): ``Submission.from_mapping``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fleet import fields
from fleet.errors import InvalidJob
from fleet.judging import NO_TESTS, Judging, read_args
from fleet.limits import Bounds, limits_to_json, read_limits

JOB_ID_PATTERN = re.compile(r"[0-9a-f]{32}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_FILE_KEYS = ("path", "content")


class JobState(StrEnum):
    """Where a job is in its life: ``queued -> running -> done``, and back when a worker is lost."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class Verdict(StrEnum):
    """Why a job ended. Only ``system_error`` is our fault."""

    OK = "ok"
    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong_answer"
    RUNTIME_ERROR = "runtime_error"
    COMPILE_ERROR = "compile_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SYSTEM_ERROR = "system_error"


class Lane(StrEnum):
    """Priority of a job. Lanes share the workers by weight; none can starve another."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A further source file: where it lies below the work directory, and its text."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A validated request to run one snippet: everything a job is, but its id."""

    problem_id: str
    code: str
    language: str
    stdin: str = ""
    limits: Mapping[str, float] | None = None  # only those asked for, by field name of Limits
    priority: Lane = Lane.NORMAL
    files: tuple[SourceFile, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    output_files: tuple[str, ...] = ()  # paths below the work directory, given back with the result
    judging: Judging = NO_TESTS

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], bounds: Bounds) -> Submission:
        """A submission from decoded JSON. Raises ``InvalidJob`` naming the first field at fault.

        Unknown fields are ignored here, so that a newer producer can talk to an older worker;
        the API forbids them to catch typing mistakes.
        """
        stdin = raw.get("stdin")
        submission = cls(
            problem_id=fields.problem_id(raw.get("problemId")),
            code=fields.text("code", raw.get("code"), bounds.code_bytes_max),
            language=fields.language(raw.get("language")),
            stdin="" if stdin is None else fields.text("stdin", stdin, bounds.stdin_bytes_max),
            limits=read_limits("limits", raw.get("limits"), bounds),
            priority=_lane(raw.get("priority")),
            files=_files(raw.get("files"), bounds),
            args=read_args("args", raw.get("args"), bounds),
            env=_env(raw.get("env"), bounds),
            output_files=_output_files(raw.get("outputFiles"), bounds),
            judging=Judging.read(raw, bounds),
        )
        if submission.judging.cases and submission.stdin:
            raise InvalidJob("stdin", "must be empty beside tests: each case has its own")
        if submission.judging.cases and submission.output_files:
            raise InvalidJob("outputFiles", "cannot be asked for beside tests")
        return submission

    @classmethod
    def from_item(cls, item: bytes, bounds: Bounds) -> Submission:
        """A submission from the bytes of a queue item. Raises ``InvalidJob``, and nothing else."""
        if len(item) > bounds.item_bytes_max:
            raise InvalidJob("", f"the item has {len(item)} bytes; at most {bounds.item_bytes_max}")
        return cls.from_mapping(fields.read_object(item), bounds)

    def check_beside(self, main_file: str) -> None:
        """Raise ``InvalidJob`` if one of ``files`` would replace the file that ``code`` is written to."""
        for index, file in enumerate(self.files):
            if file.path.split("/")[0] == main_file:
                raise InvalidJob(f"files[{index}].path", f"{main_file!r} is the name of the file of `code`")

    def to_spec(self) -> str:
        """The JSON that is stored with the job and that ``from_item`` reads again."""
        spec: dict[str, Any] = {
            "v": 1,
            "problemId": self.problem_id,
            "code": self.code,
            "language": self.language,
        }
        if self.stdin:
            spec["stdin"] = self.stdin
        if self.limits:
            spec["limits"] = limits_to_json(self.limits)
        if self.priority is not Lane.NORMAL:
            spec["priority"] = str(self.priority)
        if self.files:
            spec["files"] = [{"path": file.path, "content": file.content} for file in self.files]
        if self.args:
            spec["args"] = list(self.args)
        if self.env:
            spec["env"] = dict(self.env)
        if self.output_files:
            spec["outputFiles"] = list(self.output_files)
        spec |= self.judging.to_json()
        return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the verdict is what it is: the limit that was met, both figures, and who saw it."""

    limit: str | None = None  # cpu | wall | memory | stdout | stderr | job | system
    allowed: float | int | None = None  # seconds or bytes
    used: float | int | None = None
    how: str = ""

    def to_json(self) -> dict[str, Any]:
        """The evidence under its JSON names."""
        return {"limit": self.limit, "allowed": self.allowed, "used": self.used, "how": self.how}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a job came to. Times are ISO 8601 in UTC, by the clock of Redis; sizes are bytes.

    ``stdout`` and ``stderr`` are bytes here; ``to_json`` writes them as text when both are UTF-8
    and both as base64 otherwise, so nothing is ever lost or replaced.
    """

    job_id: str
    problem_id: str
    language: str
    verdict: Verdict
    evidence: Evidence
    exit_code: int | None = None
    signal: str | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    cpu_ms: float | None = None
    wall_ms: float | None = None
    memory_bytes: int | None = None
    attempt: int = 0
    worker: str = ""
    runtime: str = ""
    image: str = ""
    language_version: str = ""
    queued_at: str
    started_at: str | None = None
    finished_at: str
    queue_ms: float | None = None
    compile: Mapping[str, Any] | None = None  # of the compile stage, as JSON; None: there was none
    cases: Sequence[Mapping[str, Any]] | None = None  # as JSON; None: the job had no tests
    tests: Mapping[str, int] | None = None  # how many cases: total, passed, failed, skipped
    files: Sequence[Mapping[str, Any]] | None = None  # as JSON; None: none were asked for

    def to_json(self) -> dict[str, Any]:
        """The result as clients see it."""
        parts = {"cases": self.cases, "tests": self.tests, "files": self.files}
        said = {name: value for name, value in parts.items() if value is not None}
        return {**self._fields(), **said}

    def _fields(self) -> dict[str, Any]:
        encoding, stdout, stderr = text_or_base64(
            whole_characters(self.stdout, self.stdout_truncated),
            whole_characters(self.stderr, self.stderr_truncated),
        )
        return {
            "jobId": self.job_id,
            "problemId": self.problem_id,
            "language": self.language,
            "verdict": str(self.verdict),
            "evidence": self.evidence.to_json(),
            "exitCode": self.exit_code,
            "signal": self.signal,
            "stdout": stdout,
            "stderr": stderr,
            "stdoutTruncated": self.stdout_truncated,
            "stderrTruncated": self.stderr_truncated,
            "encoding": encoding,
            "cpuMs": self.cpu_ms,
            "wallMs": self.wall_ms,
            "memoryBytes": self.memory_bytes,
            "attempt": self.attempt,
            "worker": self.worker,
            "runtime": self.runtime,
            "image": self.image,
            "languageVersion": self.language_version,
            "queuedAt": self.queued_at,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
            "queueMs": self.queue_ms,
            "compile": self.compile,
        }


def iso_utc(epoch_ms: float) -> str:
    """An instant as ISO 8601 in UTC with milliseconds, from milliseconds since the epoch."""
    instant = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def _lane(value: Any) -> Lane:
    if value is None:
        return Lane.NORMAL
    if isinstance(value, str) and value in Lane.__members__.values():
        return Lane(value)
    raise InvalidJob("priority", "must be one of high, normal, low")


def _files(value: Any, bounds: Bounds) -> tuple[SourceFile, ...]:
    def read(field: str, entry: Any) -> SourceFile:
        raw = fields.table(field, entry, _FILE_KEYS)
        return SourceFile(
            path=fields.path(f"{field}.path", raw.get("path")),
            content=fields.text(f"{field}.content", raw.get("content"), bounds.files_bytes_max),
        )

    found = fields.items("files", value, bounds.files_max, read)
    _distinct({f"files[{index}].path": file.path for index, file in enumerate(found)})
    fields.check_sum("files", sum(len(file.content.encode()) for file in found), bounds.files_bytes_max)
    return found


def _output_files(value: Any, bounds: Bounds) -> tuple[str, ...]:
    found = fields.items("outputFiles", value, bounds.output_files_max, fields.path)
    _distinct({f"outputFiles[{index}]": path for index, path in enumerate(found)})
    return found


def _distinct(paths: Mapping[str, str]) -> None:
    """No path twice, and none that is a folder of another: the second would replace the first.

    ``paths`` are those of a job, by the names of their fields.
    """
    seen: dict[str, str] = {}
    for name, path in paths.items():
        if path in seen:
            raise InvalidJob(name, f"is the same path as {seen[path].partition('.')[0]}")
        seen[path] = name
    for name, path in paths.items():
        parts = path.split("/")
        for folder in ("/".join(parts[:depth]) for depth in range(1, len(parts))):
            if folder in seen:
                raise InvalidJob(name, f"lies below {folder!r}, which is a file")


def _env(value: Any, bounds: Bounds) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InvalidJob("env", "must be an object")
    found: list[tuple[str, str]] = []
    for name, text in value.items():
        field = f"env.{name[:64]}"
        if not VARIABLE.fullmatch(name) or name not in bounds.env_allowed:
            allowed = ", ".join(sorted(bounds.env_allowed)) or "none"
            raise InvalidJob(field, f"may not be set; allowed here: {allowed}")
        found.append((name, fields.word(field, text, bounds.args_bytes_max)))
    size = sum(len(name) + len(text.encode()) + 2 for name, text in found)
    fields.check_sum("env", size, bounds.args_bytes_max, "has")
    return tuple(found)


def whole_characters(data: bytes, truncated: bool) -> bytes:
    """Drop the piece of a UTF-8 character that a cut left at the end, at most three bytes."""
    if not truncated:
        return data
    for back in range(1, min(4, len(data)) + 1):
        lead = data[-back]
        if lead & 0xC0 == 0x80:
            continue
        need = 1 if lead < 0x80 else 2 if lead >> 5 == 6 else 3 if lead >> 4 == 14 else 4
        return data[:-back] if need > back and lead >= 0xC0 else data
    return data


def text_or_base64(stdout: bytes, stderr: bytes) -> tuple[str, str, str]:
    """Encoding, stdout and stderr: both as text if both are UTF-8, else both as base64."""
    try:
        return "utf-8", stdout.decode(), stderr.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(stdout).decode(), base64.b64encode(stderr).decode()
