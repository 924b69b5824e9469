"""Jobs, limits, results and verdicts: frozen values, to and from JSON.

One validator serves the API (before a job is accepted) and the worker (again, on what it pops,
since anyone may push onto the public list): ``Submission.from_mapping``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fleet.errors import InvalidJob, JobTooLarge

PROBLEM_ID_CHARS_MAX = 128
LANGUAGE_CHARS_MAX = 64
JOB_ID_PATTERN = re.compile(r"[0-9a-f]{32}")
# C0, DEL and C1 controls, line and paragraph separators, and bidi overrides: none of them belongs
# in an identifier that ends up in logs and terminals.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LIMIT_FIELDS = {
    "cpuSeconds": "cpu_s",
    "wallSeconds": "wall_s",
    "memoryBytes": "memory_bytes",
    "processes": "processes",
    "stdoutBytes": "stdout_bytes",
    "stderrBytes": "stderr_bytes",
}
_WHOLE = frozenset({"memory_bytes", "processes", "stdout_bytes", "stderr_bytes"})
MIB = 1024 * 1024


class JobState(StrEnum):
    """Where a job is in its life: ``queued -> running -> done``, and back when a worker is lost."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class Verdict(StrEnum):
    """Why a job ended. Only ``system_error`` is our fault."""

    OK = "ok"
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
class Limits:
    """What one run may use. Seconds for times, bytes for sizes, a count for processes."""

    cpu_s: float = 5.0
    wall_s: float = 10.0
    memory_bytes: int = 128 * MIB
    processes: int = 64
    stdout_bytes: int = 256 * 1024
    stderr_bytes: int = 256 * 1024

    def to_json(self) -> dict[str, float | int]:
        """The limits under their JSON names."""
        return {json_name: getattr(self, name) for json_name, name in _LIMIT_FIELDS.items()}


# The least a request may ask for: below these an interpreter cannot even start, and the verdict
# would blame the program for it.
FLOOR = Limits(cpu_s=0.05, wall_s=0.05, memory_bytes=16 * MIB, processes=1, stdout_bytes=0, stderr_bytes=0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The operator's word on every job: defaults, ceilings and sizes. No request passes them."""

    default: Limits = Limits()
    ceiling: Limits = Limits(cpu_s=15.0, wall_s=30.0, memory_bytes=512 * MIB)
    code_bytes_max: int = 64 * 1024
    stdin_bytes_max: int = 1 * MIB

    @property
    def item_bytes_max(self) -> int:
        """Largest raw queue item that is looked at: JSON may escape one byte as six."""
        return 6 * (self.code_bytes_max + self.stdin_bytes_max) + 4096

    def resolve(self, asked: Mapping[str, float] | None, language: Mapping[str, float]) -> Limits:
        """The limits of a run: what was asked for, else the language's own, else the default.

        ``asked`` was validated by ``Submission``; a language's own limits are cut at the ceiling.
        """
        own = {name: min(value, getattr(self.ceiling, name)) for name, value in language.items()}
        chosen: dict[str, Any] = {**own, **(asked or {})}
        return replace(self.default, **chosen)


@dataclass(frozen=True, slots=True)
class Submission:
    """A validated request to run one snippet: everything a job is, but its id."""

    problem_id: str
    code: str
    language: str
    stdin: str = ""
    limits: Mapping[str, float] | None = None  # only those asked for, by field name of Limits
    priority: Lane = Lane.NORMAL

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], bounds: Bounds) -> Submission:
        """A submission from decoded JSON. Raises ``InvalidJob`` naming the first field at fault.

        Unknown fields are ignored here, so that a newer producer can talk to an older worker;
        the API forbids them to catch typing mistakes.
        """
        return cls(
            problem_id=_problem_id(raw.get("problemId")),
            code=_text("code", raw.get("code"), bounds.code_bytes_max),
            language=_language(raw.get("language")),
            stdin=_text("stdin", _or(raw.get("stdin"), ""), bounds.stdin_bytes_max),
            limits=_limits(raw.get("limits"), bounds),
            priority=_lane(raw.get("priority")),
        )

    @classmethod
    def from_item(cls, item: bytes, bounds: Bounds) -> Submission:
        """A submission from the bytes of a queue item. Raises ``InvalidJob``, and nothing else."""
        if len(item) > bounds.item_bytes_max:
            raise InvalidJob("", f"the item has {len(item)} bytes; at most {bounds.item_bytes_max}")
        return cls.from_mapping(read_object(item), bounds)

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
            names = {name: json_name for json_name, name in _LIMIT_FIELDS.items()}
            spec["limits"] = {names[name]: value for name, value in self.limits.items()}
        if self.priority is not Lane.NORMAL:
            spec["priority"] = str(self.priority)
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

    def to_json(self) -> dict[str, Any]:
        """The result as clients see it."""
        encoding, stdout, stderr = _encode(
            _whole_characters(self.stdout, self.stdout_truncated),
            _whole_characters(self.stderr, self.stderr_truncated),
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
        }


def read_object(text: bytes) -> dict[str, Any]:
    """The JSON object in ``text``, read strictly. Raises ``InvalidJob``, and nothing else.

    Strictly: UTF-8, no key twice, no NaN or infinity, and an object at the top.
    """
    try:
        raw = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_finite)
    except UnicodeDecodeError as error:
        raise InvalidJob("", f"the JSON is not UTF-8: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidJob("", f"this is not JSON: {str(error)[:200]}") from None
    if not isinstance(raw, dict):
        raise InvalidJob("", "the JSON must be an object")
    return raw


def iso_utc(epoch_ms: float) -> str:
    """An instant as ISO 8601 in UTC with milliseconds, from milliseconds since the epoch."""
    instant = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:64]!r} is there twice")
        found[key] = value
    return found


def _finite(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")


def _problem_id(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidJob("problemId", "must be a string of 1 to 128 characters")
    if not 1 <= len(value) <= PROBLEM_ID_CHARS_MAX:
        raise InvalidJob("problemId", f"has {len(value)} characters; 1 to 128 are allowed")
    if _CONTROL.search(value):
        raise InvalidJob("problemId", "must not contain control or text-direction characters")
    return _encodable("problemId", value)


def _language(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidJob("language", "must be the name or an alias of a language")
    if len(value) > LANGUAGE_CHARS_MAX or _CONTROL.search(value):
        raise InvalidJob("language", "is not the name or an alias of a language")
    return _encodable("language", value)


def _lane(value: Any) -> Lane:
    if value is None:
        return Lane.NORMAL
    if isinstance(value, str) and value in Lane.__members__.values():
        return Lane(value)
    raise InvalidJob("priority", "must be one of high, normal, low")


def _text(field: str, value: Any, bytes_max: int) -> str:
    if not isinstance(value, str):
        raise InvalidJob(field, "must be a string")
    size = len(_encodable(field, value).encode())
    if size > bytes_max:
        raise JobTooLarge(field, f"has {size} bytes; at most {bytes_max} are allowed")
    return value


def _encodable(field: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidJob(field, "contains a lone surrogate, which is no character") from None
    return value


def _limits(value: Any, bounds: Bounds) -> dict[str, float] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidJob("limits", "must be an object")
    asked: dict[str, float] = {}
    for json_name, amount in value.items():
        name = _LIMIT_FIELDS.get(json_name)
        if name is None:
            raise InvalidJob(
                f"limits.{json_name[:64]}", f"is not a limit; there are {', '.join(_LIMIT_FIELDS)}"
            )
        if amount is not None:
            asked[name] = _limit(f"limits.{json_name}", name, amount, bounds)
    return asked


def _limit(field: str, name: str, amount: Any, bounds: Bounds) -> float:
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise InvalidJob(field, "must be a number")
    if name in _WHOLE and amount != amount // 1:
        raise InvalidJob(field, "must be a whole number")
    low, high = getattr(FLOOR, name), getattr(bounds.ceiling, name)
    if not low <= amount <= high:
        raise InvalidJob(field, f"must be from {low} to {high}, which is this fleet's ceiling")
    return int(amount) if name in _WHOLE else float(amount)


def _whole_characters(data: bytes, truncated: bool) -> bytes:
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


def _encode(stdout: bytes, stderr: bytes) -> tuple[str, str, str]:
    try:
        return "utf-8", stdout.decode(), stderr.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(stdout).decode(), base64.b64encode(stderr).decode()
