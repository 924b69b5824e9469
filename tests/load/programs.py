"""What the jobs of a load run do: the shortest example of every language there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fleet.languages import read_languages
from tests.chaos import snippets
from tests.chaos.processes import ROOT

LANGUAGES_DIR = ROOT / "sandbox-images"
_NOOP_S = 0.05  # a program of the no-op worker takes this long, so that its rate is no race


@dataclass(frozen=True, slots=True)
class Program:
    """A program and what it prints."""

    language: str
    code: str
    stdout: str

    def body(self, problem_id: str) -> bytes:
        """The submit of it."""
        job = {"problemId": problem_id, "language": self.language, "code": self.code}
        return json.dumps(job, separators=(",", ":")).encode()

    def is_answered_by(self, result: Mapping[str, object]) -> bool:
        """Whether a stored result is this program's."""
        return result.get("verdict") == "ok" and result.get("stdout") == self.stdout


def programs(runtime: str) -> list[Program]:
    """One for each language, in turn. Raises ``FileNotFoundError`` if a language has no such example."""
    return [_noop(name) if runtime == "noop" else _example(name) for name in read_languages(LANGUAGES_DIR)]


def _example(language: str) -> Program:
    folder = LANGUAGES_DIR / language / "examples"
    source = next((path for path in folder.glob("hello.*") if path.suffix != ".out"), None)
    if source is None:
        raise FileNotFoundError(f"{folder} has no example called hello")
    return Program(language, source.read_text("utf-8"), source.with_suffix(".out").read_text("utf-8"))


def _noop(language: str) -> Program:
    token = "0123456789abcdef"  # any word of the shape that the no-op worker reads
    return Program(language, snippets.snippet(token, _NOOP_S), f"{token}\n")
