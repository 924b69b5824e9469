"""What the jobs of a load run do: the shortest example of every starter, the languages of `make up`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.languages import Language, read_languages
from setup import hello
from tests.chaos import snippets
from tests.chaos.processes import ROOT

_FOLDER = ROOT / "sandbox-images"
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


def languages() -> list[Language]:
    """Those that are loaded, by name."""
    return [language for language in read_languages(_FOLDER).values() if language.starter]


def lay_out(folder: Path) -> None:
    """Their folders, and no others, for a fleet to serve."""
    for language in languages():
        shutil.copytree(_FOLDER / language.name, folder / language.name)


def programs(runtime: str) -> list[Program]:
    """One for each language, in turn. Raises ``KeyError`` if a language has no example called hello."""
    names = [language.name for language in languages()]
    if runtime == "noop":
        return [_noop(name) for name in names]
    found = {example.language: example for example in hello.examples()}
    return [Program(name, found[name].code, found[name].expected) for name in names]


def _noop(language: str) -> Program:
    token = "0123456789abcdef"  # any word of the shape that the no-op worker reads
    return Program(language, snippets.snippet(token, _NOOP_S), f"{token}\n")
