"""Tests of a job: cases, checkers, and what is stored for a problem; frozen values, to and from JSON.

A case without ``expected`` is only run; one with it is compared by its checker. What a submission
and a stored definition may say is the same, read by the same function.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleet import fields
from fleet.errors import InvalidJob
from fleet.limits import Bounds, limits_to_json, read_limits

_CASE_KEYS = ("stdin", "expected", "args", "limits", "checker", "hidden")
_CHECKER_KEYS = ("kind", "tolerance")
DEFINITION_KEYS = ("tests", "checker", "stopOnFailure", "limits")
TOLERANCE_DEFAULT = 1e-6


class CheckerKind(StrEnum):
    """How the output of a case is compared with what is expected."""

    EXACT = "exact"  # byte for byte
    TRAILING_WHITESPACE = "trailing_whitespace"  # but blanks at line ends and empty lines at the end
    TOKENS = "tokens"  # words between whitespace
    FLOAT = "float"  # words, and numbers within a tolerance


@dataclass(frozen=True, slots=True)
class Checker:
    """A way to compare. ``tolerance`` is absolute or relative, whichever is wider; for floats only."""

    kind: CheckerKind = CheckerKind.TRAILING_WHITESPACE
    tolerance: float = TOLERANCE_DEFAULT

    @classmethod
    def read(cls, field: str, value: Any) -> Checker:
        """A checker from its name or object. Raises ``InvalidJob``."""
        raw = {"kind": value} if isinstance(value, str) else fields.table(field, value, _CHECKER_KEYS)
        kind, tolerance = raw.get("kind"), raw.get("tolerance")
        if not isinstance(kind, str) or kind not in CheckerKind.__members__.values():
            raise InvalidJob(field, f"is not a checker; there are {', '.join(CheckerKind)}")
        if tolerance is None:
            return cls(CheckerKind(kind))
        if kind != CheckerKind.FLOAT:
            raise InvalidJob(f"{field}.tolerance", "is for the checker float only")
        if isinstance(tolerance, bool) or not isinstance(tolerance, int | float):
            raise InvalidJob(f"{field}.tolerance", "must be a number")
        if not 0 <= tolerance <= 1 or not math.isfinite(tolerance):
            raise InvalidJob(f"{field}.tolerance", "must be from 0 to 1")
        return cls(CheckerKind.FLOAT, float(tolerance))

    def to_json(self) -> str | dict[str, Any]:
        """As it is written in JSON: the name, or an object where there is more to say."""
        if self.kind is CheckerKind.FLOAT:
            return {"kind": str(self.kind), "tolerance": self.tolerance}
        return str(self.kind)


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the program: what it reads, what it should write, and what it may use."""

    stdin: str = ""
    expected: str | None = None
    args: tuple[str, ...] | None = None  # None: those of the job
    limits: Mapping[str, float] | None = None  # only those asked for, by field name of Limits
    checker: Checker | None = None  # None: that of the tests
    hidden: bool = False  # its outputs and the difference are not told

    @classmethod
    def read(cls, field: str, value: Any, bounds: Bounds) -> Case:
        """A case from decoded JSON. Raises ``InvalidJob``."""
        raw = fields.table(field, value, _CASE_KEYS)
        expected, args, checker = raw.get("expected"), raw.get("args"), raw.get("checker")
        return cls(
            stdin=fields.text(f"{field}.stdin", _or(raw.get("stdin"), ""), bounds.stdin_bytes_max),
            expected=None
            if expected is None
            else fields.text(f"{field}.expected", expected, bounds.tests_bytes_max),
            args=None if args is None else read_args(f"{field}.args", args, bounds),
            limits=read_limits(f"{field}.limits", raw.get("limits"), bounds),
            checker=None if checker is None else Checker.read(f"{field}.checker", checker),
            hidden=fields.flag(f"{field}.hidden", raw.get("hidden")),
        )

    def to_json(self) -> dict[str, Any]:
        """The case as ``read`` reads it again; what is absent stays absent."""
        said: dict[str, Any] = {}
        if self.stdin:
            said["stdin"] = self.stdin
        if self.expected is not None:
            said["expected"] = self.expected
        if self.args is not None:
            said["args"] = list(self.args)
        if self.limits:
            said["limits"] = limits_to_json(self.limits)
        if self.checker:
            said["checker"] = self.checker.to_json()
        if self.hidden:
            said["hidden"] = True
        return said

    @property
    def size_bytes(self) -> int:
        """What it adds to the sum that is bounded."""
        return sum(len(text.encode()) for text in (self.stdin, self.expected or "", *(self.args or ())))


@dataclass(frozen=True, slots=True)
class Judging:
    """The cases of a job in their order, how they are compared, and whether the first failure ends it."""

    cases: tuple[Case, ...] = ()
    checker: Checker = Checker()
    stop_on_failure: bool = False

    @classmethod
    def read(cls, raw: Mapping[str, Any], bounds: Bounds) -> Judging:
        """The tests in a submission or definition. Raises ``InvalidJob``, ``JobTooLarge``."""
        cases = fields.items(
            "tests", raw.get("tests"), bounds.tests_max, lambda field, value: Case.read(field, value, bounds)
        )
        size = sum(case.size_bytes for case in cases)
        fields.check_sum("tests", size, bounds.tests_bytes_max)
        checker = raw.get("checker")
        if not cases:
            for field in ("checker", "stopOnFailure"):
                if raw.get(field) is not None:
                    raise InvalidJob(field, "is only for jobs with tests")
            return cls()
        return cls(
            cases=cases,
            checker=Checker() if checker is None else Checker.read("checker", checker),
            stop_on_failure=fields.flag("stopOnFailure", raw.get("stopOnFailure")),
        )

    def to_json(self) -> dict[str, Any]:
        """The fields of a submission or definition; empty without cases."""
        if not self.cases:
            return {}
        said: dict[str, Any] = {"tests": [case.to_json() for case in self.cases]}
        if self.checker != Checker():
            said["checker"] = self.checker.to_json()
        if self.stop_on_failure:
            said["stopOnFailure"] = True
        return said

    def checker_of(self, case: Case) -> Checker:
        """How this case is compared."""
        return case.checker or self.checker


NO_TESTS = Judging()


@dataclass(frozen=True, slots=True)
class Definition:
    """What is stored for a problem: a submission without tests of its own is judged by it."""

    judging: Judging
    limits: Mapping[str, float] | None = None  # replace those of the submission

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], bounds: Bounds) -> Definition:
        """A definition from decoded JSON. Raises ``InvalidJob`` naming the first field at fault."""
        for key in raw:
            if key not in DEFINITION_KEYS:
                raise InvalidJob(key[:64], f"is not a field; there are {', '.join(DEFINITION_KEYS)}")
        judging = Judging.read(raw, bounds)
        if not judging.cases:
            raise InvalidJob("tests", "must be a list with at least one case")
        return cls(judging, read_limits("limits", raw.get("limits"), bounds))

    def to_text(self) -> str:
        """The JSON that is stored, the same for equal definitions."""
        said = self.judging.to_json()
        if self.limits:
            said["limits"] = limits_to_json(self.limits)
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def digest_of(definition: str) -> str:
    """What names the content of a definition: the SHA-1 of its text, in hexadecimal."""
    return hashlib.sha1(definition.encode(), usedforsecurity=False).hexdigest()


def read_args(field: str, value: Any, bounds: Bounds) -> tuple[str, ...]:
    """Arguments of a program. Raises ``InvalidJob``, ``JobTooLarge``."""
    args = fields.items(
        field, value, bounds.args_max, lambda name, arg: fields.word(name, arg, bounds.args_bytes_max)
    )
    size = sum(len(arg.encode()) + 1 for arg in args)
    fields.check_sum(field, size, bounds.args_bytes_max)
    return args


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
