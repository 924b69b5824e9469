"""What a client of Judge0 submits, in the terms of ours. Nothing here waits."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.compat.judge0_catalog import Catalog, Limit
from api.compat.zipped import unzipped
from api.problems import Kind, Problem
from fleet.errors import InvalidJob

PROBLEM_ID = "judge0"  # what all jobs of these clients are filed under
KEPT = "judge0"  # the field of a stored job with what the client asked for in its own terms
_ENCODED = ("source_code", "stdin", "expected_output")
# What cannot be had here may be asked for only as long as it is not wanted.
_NEVER = (
    "enable_per_process_and_thread_time_limit",
    "enable_per_process_and_thread_memory_limit",
    "enable_network",
    "redirect_stderr_to_stdout",
)
_NOT_OFFERED = {
    "compiler_options": "setting compiler options is not allowed",
    "callback_url": "callbacks are not allowed",
}
_ARGUMENTS_CHARS_MAX = 512
_SHELL = re.compile(r"[$&;<>|`]")  # Judge0 takes them out before a shell reads the arguments
_ID = re.compile("[0-9]{1,9}")
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
# Our names of fields, each by how it begins, in the client's.
_OURS = {
    "code": "source_code",
    "tests[0].expected": "expected_output",
    "tests": "stdin",
    "args": "command_line_arguments",
    "files": "additional_files",
}


@dataclass(slots=True)
class _Reading:
    """One submission on its way: its errors are collected, as Judge0 tells all of them at once."""

    raw: Mapping[str, Any]
    encoded: bool
    errors: list[tuple[str, str]] = field(default_factory=list)

    def wrong(self, name: str, detail: str) -> None:
        self.errors.append((name, detail))

    def text(self, name: str) -> str | None:
        """A text; None if it is absent, or wrong."""
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(name, "must be a string")
            return None
        if not (self.encoded and name in _ENCODED):
            return value
        try:
            return base64.b64decode(value).decode()
        except UnicodeDecodeError:
            self.wrong(name, "is not text in UTF-8")
        except ValueError:
            self.wrong(name, "is not Base64")
        return None

    def number(self, limit: Limit) -> float | None:
        """A number within its bounds; None if it is absent, or wrong. One in quotes is as good."""
        name, value = limit.name, self.raw.get(limit.name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(name, "is not a number")
        elif limit.whole and value != value // 1:
            self.wrong(name, "must be an integer")
        elif value < limit.least:
            self.wrong(name, f"must be greater than or equal to {limit.least:.15g}")
        elif value > limit.most:
            self.wrong(name, f"must be less than or equal to {limit.most:.15g}")
        else:
            return int(value) if limit.whole else value
        return None


@dataclass(frozen=True, slots=True)
class Asked:
    """A submission in our terms, and what is kept of it in the client's."""

    submission: Mapping[str, Any]
    kept: Mapping[str, Any]


def asked(raw: Any, catalog: Catalog, *, encoded: bool) -> Asked:
    """What a submission asks for. Raises ``Problem`` with everything that is wrong with it."""
    reading = _Reading(raw if isinstance(raw, dict) else {}, encoded)
    source_code, stdin = reading.text("source_code"), reading.text("stdin")
    expected = reading.text("expected_output")
    if reading.raw.get("source_code") in (None, ""):
        reading.wrong("source_code", "can't be blank")
    language_id, language = _language(reading, catalog)
    limits, kept = _limits(reading, catalog)
    _check_not_offered(reading)
    args = _arguments(reading)
    files = _files(reading, catalog, language)
    if reading.errors:
        raise refused(reading.errors)
    submission = {
        "problemId": PROBLEM_ID,
        "code": source_code,
        "language": language,
        "limits": limits,
        "args": args,
        "files": files,
        # Always a test, so that a job is judged by this alone, and not by what is stored for a problem.
        "tests": [{"stdin": stdin, "expected": expected}],
    }
    words = reading.raw.get("command_line_arguments") or None
    return Asked(submission, {**kept, "language_id": language_id, "command_line_arguments": words})


def refused(errors: list[tuple[str, str]]) -> Problem:
    """The answer to a submission with these faults."""
    return Problem(Kind.INVALID_JOB, "; ".join(f"{name}: {words}" for name, words in errors), errors=errors)


def in_its_words(error: InvalidJob) -> Problem:
    """The answer to a submission that our own validator refuses, by the client's name of the field."""
    theirs = next((_OURS[ours] for ours in _OURS if error.field.startswith(ours)), error.field)
    return refused([(theirs, error.detail)])


def _language(reading: _Reading, catalog: Catalog) -> tuple[int, str]:
    value = reading.raw.get("language_id")
    if value is None or value == "":
        reading.wrong("language_id", "can't be blank")
        return 0, ""
    number = int(value) if isinstance(value, str) and _ID.fullmatch(value) else value
    name = catalog.language_of(number) if type(number) is int else None
    if name is None:
        reading.wrong("language_id", f"language with id {str(value)[:20]} doesn't exist")
        return 0, ""
    return number, name


def _limits(reading: _Reading, catalog: Catalog) -> tuple[dict[str, float], dict[str, float]]:
    """The limits in our terms, and all numbers that were sent, in the client's."""
    ours: dict[str, float] = {}
    sent: dict[str, float] = {}
    for limit in catalog.limits:
        value = reading.number(limit)
        if value is not None:
            sent[limit.name] = value
            if limit.ours:
                ours[limit.ours] = int(value * limit.units) if limit.units > 1 else value
    return ours, sent


def _check_not_offered(reading: _Reading) -> None:
    for name in _NEVER:
        if reading.raw.get(name) not in (None, False, "false", ""):
            reading.wrong(name, "this option cannot be enabled")
    for name, words in _NOT_OFFERED.items():
        if reading.raw.get(name) not in (None, ""):
            reading.wrong(name, words)


def _arguments(reading: _Reading) -> list[str]:
    words = reading.text("command_line_arguments")
    if words is None:
        return []
    if len(words) > _ARGUMENTS_CHARS_MAX:
        reading.wrong("command_line_arguments", f"is too long (maximum is {_ARGUMENTS_CHARS_MAX} characters)")
        return []
    try:
        return shlex.split(_SHELL.sub("", words))
    except ValueError:
        reading.wrong("command_line_arguments", "has a quotation that does not end")
        return []


def _files(reading: _Reading, catalog: Catalog, language: str) -> list[dict[str, str]]:
    packed = reading.text("additional_files")
    if not packed:
        return []
    try:
        files = unzipped("additional_files", base64.b64decode(packed), catalog.bounds)
    except InvalidJob as error:
        reading.wrong(error.field, error.detail)
    except ValueError:
        reading.wrong("additional_files", "is not Base64")
    else:
        main = catalog.directory.file_of(language)  # which no file of an archive replaces
        return [file for file in files if file["path"] != main]
    return []
