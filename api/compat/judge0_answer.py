"""What a job came to, as Judge0 tells it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.compat.judge0_catalog import Catalog, Status
from api.compat.judge0_request import KEPT
from api.compat.outcome import Outcome, Stage
from fleet.job import JobState, Verdict, iso_utc
from fleet.queue import Record

DEFAULT = ("stdout", "time", "memory", "stderr", "token", "compile_output", "message", "status")
# Those that only what was submitted can tell.
SUBMITTED = (
    "source_code",
    "language_id",
    "stdin",
    "expected_output",
    "number_of_runs",
    "cpu_time_limit",
    "cpu_extra_time",
    "wall_time_limit",
    "memory_limit",
    "stack_limit",
    "max_processes_and_or_threads",
    "enable_per_process_and_thread_time_limit",
    "enable_per_process_and_thread_memory_limit",
    "max_file_size",
    "compiler_options",
    "command_line_arguments",
    "redirect_stderr_to_stdout",
    "callback_url",
    "additional_files",
    "enable_network",
    "language",
)
ALL = (
    *DEFAULT,
    *("status_id", "created_at", "finished_at", "exit_code", "exit_signal", "wall_time"),
    *SUBMITTED,
)
_TEXTS = ("source_code", "stdin", "expected_output", "stdout", "stderr", "compile_output")
_DECIMALS = ("cpu_time_limit", "cpu_extra_time", "wall_time_limit")
_OF_A_PROGRAM = {Verdict.COMPILE_ERROR, Verdict.TIME_LIMIT, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT}
_KIB = 1024


class NotText(Exception):
    """A text that was asked for is not UTF-8, and can be told in Base64 only."""


def fields_of(text: str) -> Sequence[str] | None:
    """The fields that are wished for; None for none in particular."""
    if text == "*":
        return ALL
    return [name for name in text.split(",") if name] or None


def attributes(
    job: Record, spec: bytes | None, catalog: Catalog, fields: Sequence[str], *, encoded: bool
) -> dict[str, Any]:
    """The fields of a submission. ``spec`` is what was submitted, for those that need it.

    Raises ``NotText``.
    """
    known = _outcome(job)
    if any(name in SUBMITTED for name in fields):
        known |= _submitted(job, spec, catalog)
    said = {name: known[name] for name in fields}
    for name in _TEXTS:
        if isinstance(said.get(name), bytes):
            said[name] = _text(said[name], encoded)
    if encoded and isinstance(said.get("message"), str):
        said["message"] = _text(said["message"].encode("utf-8", "replace"), encoded)
    return said


def token_of(job_id: str) -> str:
    """The token of a job: its id, written as a UUID."""
    return str(UUID(hex=job_id))


def job_id_of(token: str) -> str:
    """The id of the job that a token names; empty if it is no token."""
    try:
        found = UUID(hex=token)
    except ValueError:
        return ""
    return found.hex if token in (str(found), found.hex) else ""


def status_of(job: Record) -> Status:
    """Where a submission is."""
    if job.result is None:
        return Status.PROCESSING if job.state is JobState.RUNNING else Status.IN_QUEUE
    return _status(Outcome.read(job.result))


def _status(outcome: Outcome) -> Status:
    stage = outcome.run
    if outcome.compile is not None and stage is None and outcome.verdict in _OF_A_PROGRAM:
        return Status.COMPILATION
    by_verdict = {
        Verdict.OK: Status.ACCEPTED,
        Verdict.ACCEPTED: Status.ACCEPTED,
        Verdict.WRONG_ANSWER: Status.WRONG_ANSWER,
        Verdict.TIME_LIMIT: Status.TIME_LIMIT,
        Verdict.COMPILE_ERROR: Status.COMPILATION,
        Verdict.MEMORY_LIMIT: Status.OTHER,
        Verdict.OUTPUT_LIMIT: Status.SIGXFSZ,
    }
    if outcome.verdict is Verdict.RUNTIME_ERROR and stage is not None:
        if stage.signal is not None:
            return Status.of_signal(stage.signal_number)
        return Status.NZEC if stage.exit_code is not None else Status.EXEC_FORMAT
    return by_verdict.get(outcome.verdict, Status.INTERNAL)


def _outcome(job: Record) -> dict[str, Any]:
    """What became of a submission; null as long as nothing has."""
    status = status_of(job)
    said: dict[str, Any] = dict.fromkeys((*DEFAULT, "exit_code", "exit_signal", "wall_time"))
    said |= {
        "token": token_of(job.job_id),
        "status": status.to_json(),
        "status_id": status.value[0],
        "created_at": iso_utc(job.queued_at_ms),
        "finished_at": None if job.finished_at_ms is None else iso_utc(job.finished_at_ms),
    }
    if job.result is None:
        return said
    outcome = Outcome.read(job.result)
    if outcome.compile is not None:
        late = status is Status.COMPILATION and outcome.verdict is Verdict.TIME_LIMIT
        wrote = outcome.compile.stdout + outcome.compile.stderr
        said["compile_output"] = b"Compilation time limit exceeded." if late else wrote or None
    if status is Status.COMPILATION:
        return said
    stage = outcome.run or Stage()
    return {
        **said,
        "stdout": stage.stdout or None,
        "stderr": stage.stderr or None,
        "time": _seconds(stage.cpu_ms),
        "wall_time": _seconds(stage.wall_ms),
        "memory": None if stage.memory_bytes is None else stage.memory_bytes // _KIB,
        "exit_code": None if outcome.run is None else stage.exit_code or 0,
        "exit_signal": stage.signal_number,
        "message": _message(outcome, stage),
    }


def _message(outcome: Outcome, stage: Stage) -> str | None:
    match outcome:
        case Outcome(verdict=Verdict.OK | Verdict.ACCEPTED | Verdict.WRONG_ANSWER):
            return None
        case Outcome(verdict=Verdict.TIME_LIMIT, limit="cpu"):
            return "Time limit exceeded"
        case Outcome(verdict=Verdict.TIME_LIMIT):
            return "Time limit exceeded (wall clock)"
        case Outcome(verdict=Verdict.RUNTIME_ERROR) if stage.signal is not None:
            return f"Caught fatal signal {stage.signal_number or stage.signal}"
        case Outcome(verdict=Verdict.RUNTIME_ERROR) if stage.exit_code is not None:
            return f"Exited with error code {stage.exit_code}"
        case _:
            return f"{outcome.verdict}: {outcome.how}"


def _submitted(job: Record, spec: bytes | None, catalog: Catalog) -> dict[str, Any]:
    """What was submitted; null where it is not known."""
    raw = _object(spec)
    kept, tests = raw.get(KEPT), raw.get("tests")
    kept = kept if isinstance(kept, dict) else {}
    case = tests[0] if isinstance(tests, list) and tests and isinstance(tests[0], dict) else {}
    said: dict[str, Any] = dict.fromkeys(SUBMITTED)
    for limit in catalog.limits:
        value = kept.get(limit.name)
        number = value if isinstance(value, int | float) else limit.default
        said[limit.name] = str(float(number)) if limit.name in _DECIMALS else number
    language_id = kept.get("language_id")
    if not isinstance(language_id, int):
        language_id = next(iter(catalog.ids_of(job.language)), None)
    language = None if language_id is None else catalog.language(language_id)
    return {
        **said,
        "source_code": _bytes(raw.get("code")),
        "stdin": _bytes(case.get("stdin", raw.get("stdin"))),
        "expected_output": _bytes(case.get("expected")),
        "command_line_arguments": kept.get("command_line_arguments"),
        "language_id": language_id,
        "language": None if language is None else {key: language[key] for key in ("id", "name")},
        "enable_per_process_and_thread_time_limit": False,
        "enable_per_process_and_thread_memory_limit": False,
        "redirect_stderr_to_stdout": False,
        "enable_network": False,
    }


def _object(spec: bytes | None) -> dict[str, Any]:
    try:
        raw = json.loads(spec or b"{}")
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _text(data: bytes, encoded: bool) -> str:
    if encoded:
        return base64.b64encode(data).decode()
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise NotText from None


def _bytes(value: Any) -> bytes | None:
    return value.encode("utf-8", "replace") if isinstance(value, str) else None


def _seconds(ms: float | None) -> str | None:
    return None if ms is None else f"{ms / 1000:.3f}"
