"""A stored result as the adapters read it: typed, whatever somebody wrote into it."""

from __future__ import annotations

import base64
import math
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.job import Verdict

_VERDICTS = frozenset(map(str, Verdict))
_UNNAMED = re.compile(r"SIG([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Stage:
    """One process: what it wrote, how it ended, what it used."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int | None = None
    signal: str | None = None
    cpu_ms: float | None = None
    wall_ms: float | None = None
    memory_bytes: int | None = None

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Stage:
        """A stage from the JSON of a result."""
        encoded = raw.get("encoding") == "base64"
        code, memory = raw.get("exitCode"), raw.get("memoryBytes")
        return cls(
            stdout=_output(raw.get("stdout"), encoded),
            stderr=_output(raw.get("stderr"), encoded),
            exit_code=code if isinstance(code, int) else None,
            signal=_text(raw.get("signal")) or None,
            cpu_ms=_figure(raw.get("cpuMs")),
            wall_ms=_figure(raw.get("wallMs")),
            memory_bytes=memory if isinstance(memory, int) else None,
        )

    @property
    def signal_number(self) -> int | None:
        """The number of the signal that ended it."""
        if self.signal is None:
            return None
        unnamed = _UNNAMED.fullmatch(self.signal)
        if unnamed:
            return int(unnamed[1])
        return signal.Signals[self.signal].value if self.signal in signal.Signals.__members__ else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to."""

    verdict: Verdict
    limit: str  # that was met; empty if none was
    how: str
    run: Stage | None  # None: the program was not run
    compile: Stage | None  # None: there was no such stage
    version: str  # of the language, in its own words

    @classmethod
    def read(cls, result: Mapping[str, Any]) -> Outcome:
        """The outcome in the JSON of a result."""
        verdict, evidence, compiled = (
            _text(result.get("verdict")),
            result.get("evidence"),
            result.get("compile"),
        )
        said = evidence if isinstance(evidence, dict) else {}
        return cls(
            verdict=Verdict(verdict) if verdict in _VERDICTS else Verdict.SYSTEM_ERROR,
            limit=_text(said.get("limit")),
            how=_text(said.get("how")),
            run=None if result.get("cpuMs") is None else Stage.read(result),
            compile=Stage.read(compiled) if isinstance(compiled, dict) else None,
            version=_text(result.get("languageVersion")),
        )


def _output(value: Any, encoded: bool) -> bytes:
    text = _text(value)
    if not encoded:
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _figure(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
