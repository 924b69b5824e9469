"""Limits of a run, and the operator's bounds on every job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fleet.errors import InvalidJob

MIB = 1024 * 1024
_FIELDS = {
    "cpuSeconds": "cpu_s",
    "wallSeconds": "wall_s",
    "memoryBytes": "memory_bytes",
    "processes": "processes",
    "stdoutBytes": "stdout_bytes",
    "stderrBytes": "stderr_bytes",
}
_JSON_NAMES = {name: json_name for json_name, name in _FIELDS.items()}
_WHOLE = frozenset({"memory_bytes", "processes", "stdout_bytes", "stderr_bytes"})


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
        return {json_name: getattr(self, name) for json_name, name in _FIELDS.items()}


# The least a request may ask for: below these an interpreter cannot even start, and the verdict
# would blame the program for it.
FLOOR = Limits(cpu_s=0.05, wall_s=0.05, memory_bytes=16 * MIB, processes=1, stdout_bytes=0, stderr_bytes=0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The operator's word on every job: defaults, ceilings and sizes. No request passes them."""

    default: Limits = Limits()
    ceiling: Limits = Limits(cpu_s=15.0, wall_s=30.0, memory_bytes=512 * MIB)
    compile: Limits = Limits(cpu_s=15.0, wall_s=30.0, memory_bytes=512 * MIB)  # most for a compile stage
    code_bytes_max: int = 64 * 1024
    stdin_bytes_max: int = 1 * MIB
    files_max: int = 64  # further source files, and
    files_bytes_max: int = 256 * 1024  # their contents in sum
    args_max: int = 64  # arguments of one run, and
    args_bytes_max: int = 16 * 1024  # their bytes in sum
    env_allowed: frozenset[str] = frozenset()  # names of variables a job may set
    output_files_max: int = 16
    output_files_bytes_max: int = 1 * MIB  # in sum
    tests_max: int = 200
    tests_bytes_max: int = 4 * MIB  # stdin, expected and arguments of all cases in sum
    job_s: float = 300.0  # wall time of a job over all its stages

    @property
    def item_bytes_max(self) -> int:
        """Largest text of a job that is looked at: JSON may escape one byte as six."""
        texts = self.code_bytes_max + self.stdin_bytes_max + self.files_bytes_max + self.tests_bytes_max
        names = (self.files_max + self.output_files_max) * 255 + 2 * self.args_bytes_max
        return 6 * (texts + names) + 512 * self.tests_max + 4096

    @property
    def raw_item_bytes_max(self) -> int:
        """Largest item that anyone may push: Redis reads it in one step, and everybody waits for that."""
        return min(self.item_bytes_max, 8 * MIB)

    def resolve(self, asked: Mapping[str, float] | None, language: Mapping[str, float]) -> Limits:
        """The limits of a run: what was asked for, else the language's own, else the default.

        ``asked`` was validated by ``read_limits``; a language's own limits are cut at the ceiling.
        """
        return replace(self.default, **{**_within(self.ceiling, language), **(asked or {})})

    def resolve_compile(self, language: Mapping[str, float]) -> Limits:
        """The limits of the compile stage of a language: its own, cut at the operator's."""
        return replace(self.compile, **_within(self.compile, language))


def _within(most: Limits, own: Mapping[str, float]) -> dict[str, Any]:
    """What a language says of itself, cut at the operator's word."""
    return {name: min(value, getattr(most, name)) for name, value in own.items()}


def read_limits(field: str, value: Any, bounds: Bounds) -> dict[str, float] | None:
    """The limits asked for, by field name of ``Limits``; None if none were. Raises ``InvalidJob``."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidJob(field, "must be an object")
    asked: dict[str, float] = {}
    for json_name, amount in value.items():
        name = _FIELDS.get(json_name)
        if name is None:
            raise InvalidJob(f"{field}.{json_name[:64]}", f"is not a limit; there are {', '.join(_FIELDS)}")
        if amount is not None:
            asked[name] = _limit(f"{field}.{json_name}", name, amount, bounds)
    return asked or None


def limits_to_json(asked: Mapping[str, float]) -> dict[str, float]:
    """What ``read_limits`` read, under its JSON names again."""
    return {_JSON_NAMES[name]: value for name, value in asked.items()}


def _limit(field: str, name: str, amount: Any, bounds: Bounds) -> float:
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise InvalidJob(field, "must be a number")
    if name in _WHOLE and amount != amount // 1:
        raise InvalidJob(field, "must be a whole number")
    low, high = getattr(FLOOR, name), getattr(bounds.ceiling, name)
    if not low <= amount <= high:
        raise InvalidJob(field, f"must be from {low} to {high}, which is this fleet's ceiling")
    return int(amount) if name in _WHOLE else float(amount)
