"""Piston's v2 API in the terms of ours: what is asked for, and what is answered. Nothing here waits."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.compat import semver
from api.compat.outcome import Outcome, Stage
from api.directory import Directory
from api.problems import Kind, Problem
from fleet.errors import InvalidJob
from fleet.job import Verdict
from fleet.limits import FLOOR, Bounds, Limits

PROBLEM_ID = "piston"  # what all jobs of these clients are filed under
_ENCODINGS = ("base64", "hex", "utf8")
# What a stage may be limited in: Piston's name, ours in a submission, our field, ours for one of its units.
_CONSTRAINTS = (
    ("memory_limit", "memoryBytes", "memory_bytes", 1),
    ("timeout", "wallSeconds", "wall_s", 1000),
    ("cpu_time", "cpuSeconds", "cpu_s", 1000),
)
_ENDED_BY_US = {Verdict.TIME_LIMIT, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT}


@dataclass(frozen=True, slots=True)
class Execution:
    """What a client asks for: the fields of a submission, and what the client calls them."""

    submission: Mapping[str, Any]
    names: Mapping[str, str]

    def in_its_words(self, error: InvalidJob) -> InvalidJob:
        """The error with the client's name of the field."""
        known = max((name for name in self.names if error.field.startswith(name)), key=len, default="")
        return type(error)(self.names.get(known, "") + error.field.removeprefix(known), error.detail)


def runtimes(directory: Directory) -> list[dict[str, Any]]:
    """The languages that live workers serve, as ``GET runtimes`` lists them."""
    return [
        {"language": offer["name"], "version": semver.written(version), "aliases": list(offer["aliases"])}
        for offer in directory.listing
        if (version := semver.version_in(offer["version"] or "")) is not None
    ]


def execution(raw: Mapping[str, Any], directory: Directory, bounds: Bounds) -> Execution:
    """What the body of ``POST execute`` asks for. Raises ``Problem`` in Piston's own words."""
    word, version, files = raw.get("language"), raw.get("version"), raw.get("files")
    if not isinstance(word, str) or not word:
        raise _refused("language is required as a string")
    if not isinstance(version, str) or not version:
        raise _refused("version is required as a string")
    if not isinstance(files, list):
        raise _refused("files is required as an array")
    for index, file in enumerate(files):
        if not isinstance(file, dict) or not isinstance(file.get("content"), str):
            raise _refused(f"files[{index}].content is required as a string")
    language = _language(word, version, directory)
    main = next((index for index, file in enumerate(files) if _encoding(index, file) == "utf8"), None)
    if main is None:
        raise _refused("files must include at least one utf8 encoded file")
    others = [index for index in range(len(files)) if index != main]
    names = {"code": f"files[{main}].content"}
    for place, index in enumerate(others):
        names[f"files[{place}].path"] = f"files[{index}].name"
        names[f"files[{place}].content"] = f"files[{index}].content"
    submission = {
        "problemId": PROBLEM_ID,
        "code": files[main]["content"],
        "language": language,
        "stdin": raw.get("stdin") or None,
        "args": raw.get("args") or None,
        "files": [_file(index, files[index]) for index in others],
        "limits": _limits(raw, bounds, directory.compile_limits(language)),
    }
    for name in ("stdin", "args", "files", "language"):
        names[name] = name
    return Execution(submission, names)


def answer(language: str, outcome: Outcome) -> dict[str, Any]:
    """The answer to ``POST execute``, once the job is done."""
    version = semver.version_in(outcome.version)
    said: dict[str, Any] = {
        "language": language,
        "version": semver.written(version) if version else outcome.version,
    }
    if outcome.compile is not None:
        failed = outcome if outcome.run is None else None
        said["compile"] = _stage(outcome.compile, failed)
    if outcome.run is not None or outcome.compile is None:
        said["run"] = _stage(outcome.run or Stage(), outcome)
    else:
        said["run"] = said["compile"]  # so that who looks at the run alone sees why there was none
    return said


def _stage(stage: Stage, outcome: Outcome | None) -> dict[str, Any]:
    """A stage as Piston tells of it; ``outcome`` if that of the job is that of this stage."""
    status, message = _status(stage, outcome)
    killed = outcome is not None and outcome.verdict in _ENDED_BY_US
    signal = stage.signal or ("SIGKILL" if killed else None)
    stdout, stderr = (data.decode("utf-8", "replace") for data in (stage.stdout, stage.stderr))
    return {
        "stdout": stdout,
        "stderr": stderr,
        "output": stdout + stderr,
        "code": None if signal else stage.exit_code,
        "signal": signal,
        "message": message,
        "status": status,
        "cpu_time": None if stage.cpu_ms is None else round(stage.cpu_ms),
        "wall_time": None if stage.wall_ms is None else round(stage.wall_ms),
        "memory": stage.memory_bytes,
    }


def _status(stage: Stage, outcome: Outcome | None) -> tuple[str | None, str | None]:
    """Piston's letters for how a stage ended, and a message for people; None for a good end."""
    status: str | None = None
    message: str | None = None
    match outcome:
        case None | Outcome(verdict=Verdict.OK | Verdict.ACCEPTED | Verdict.WRONG_ANSWER):
            pass
        case Outcome(verdict=Verdict.TIME_LIMIT, limit="cpu"):
            status, message = "TO", "Time limit exceeded"
        case Outcome(verdict=Verdict.TIME_LIMIT):
            status, message = "TO", "Time limit exceeded (wall clock)"
        case Outcome(verdict=Verdict.OUTPUT_LIMIT, limit=stream):
            status, message = "EL" if stream == "stderr" else "OL", f"{stream} length exceeded"
        case Outcome(verdict=Verdict.MEMORY_LIMIT, how=how):
            status, message = "SG", f"Memory limit exceeded: {how}"
        case _ if stage.signal is not None:
            status, message = "SG", f"Caught fatal signal {stage.signal_number or stage.signal}"
        case _ if stage.exit_code is not None:
            status, message = "RE", f"Exited with error status {stage.exit_code}"
        case Outcome(how=how):
            status, message = "XX", how
    return status, message


def _language(word: str, wanted: str, directory: Directory) -> str:
    """The language whose version is in the range that is wanted."""
    name = directory.resolve(word)
    unknown = _refused(f"{word[:64]}-{wanted[:64]} runtime is unknown")
    if name is None or not directory.is_served(name):
        raise unknown
    said = next((offer["version"] for offer in directory.listing if offer["name"] == name), None)
    version = semver.version_in(said or "")
    if version is not None and semver.satisfies(version, wanted):
        return name
    if version is None and wanted in ("*", "x", "X"):
        return name  # its workers will be back
    if version is None:
        detail = f"no worker that serves {word[:64]} is alive now; try again soon, or take version *"
        raise Problem(Kind.NOT_READY, detail, headers={"Retry-After": "2"})
    raise unknown


def _file(index: int, file: Mapping[str, Any]) -> dict[str, str]:
    name = file.get("name") or f"file{index}.code"
    if not isinstance(name, str):
        raise _refused(f"files[{index}].name must be a string")
    return {"path": posixpath.normpath(name).lstrip("/"), "content": _content(index, file)}


def _content(index: int, file: Mapping[str, Any]) -> str:
    """What is in a file. Text alone can be a file of a job."""
    content, encoding = file["content"], _encoding(index, file)
    try:
        match encoding:
            case "base64":
                return base64.b64decode(content).decode()
            case "hex":
                return bytes.fromhex(content).decode()
            case _:
                return str(content)
    except UnicodeDecodeError:
        raise _refused(f"files[{index}].content is not text in UTF-8; other files are not taken") from None
    except ValueError:
        raise _refused(f"files[{index}].content is not {encoding}") from None


def _encoding(index: int, file: Mapping[str, Any]) -> str:
    encoding = file.get("encoding") or "utf8"
    if encoding not in _ENCODINGS:
        raise _refused(f"files[{index}].encoding must be one of {', '.join(_ENCODINGS)}")
    return str(encoding)


def _limits(raw: Mapping[str, Any], bounds: Bounds, compiling: Limits) -> dict[str, float]:
    """The limits asked for. Those of a compile stage are the operator's: they are checked, not taken over."""
    asked: dict[str, float] = {}
    for constraint, ours, field, units in _CONSTRAINTS:
        for stage, most in (("compile", compiling), ("run", bounds.ceiling)):
            name, highest = f"{stage}_{constraint}", getattr(most, field)
            value = raw.get(name)
            if value in (None, False, 0, ""):
                continue
            amount = _amount(name, value, constraint, getattr(FLOOR, field) * units, highest * units)
            if stage == "run":
                asked[ours] = highest if amount is None else amount / units
    if "memoryBytes" in asked:
        asked["memoryBytes"] = int(asked["memoryBytes"])
    return asked


def _amount(name: str, value: Any, constraint: str, least: float, most: float) -> float | None:
    """A limit in Piston's unit; None for no limit, which is the highest there is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"If specified, {name} must be a number")
    if value < 0 and constraint == "memory_limit":
        return None
    if value > most:
        raise _refused(f"{name} cannot exceed the configured limit of {most:.15g}")
    if value < 0:
        raise _refused(f"{name} must be non-negative")
    if value < least:
        raise _refused(f"{name} must be at least {least:.15g}: no program can start with less")
    return value


def _refused(message: str) -> Problem:
    return Problem(Kind.INVALID_JOB, message)
