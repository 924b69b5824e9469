"""A hostile program in a file whose first comment lines say what it does and what must come of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet.languages import Language, read_languages

FOLDER = Path(__file__).parent / "cases"
LANGUAGES = read_languages(Path("sandbox-images"))
_BY_SUFFIX = {Path(language.file).suffix: language for language in LANGUAGES.values()}
_COMMENTS = ("#", "//")
_NEEDED = {"attack", "expect", "after"}
# What a case may demand beside its verdict.
_OPTIONAL = {
    "limits",  # JSON, as in a submission
    "stdin",  # how many bytes of it there are
    "stdout",  # a pattern, searched for
    "stdout_repr",  # the text as a Python literal
    "stdout_hex",  # the very bytes
    "stderr",  # a pattern, searched for
    "encoding",
    "truncated",  # was stdout cut: true or false
    "exit",
    "signal",
    "evidence",  # the limit that the evidence names
    "wall_ms_min",
    "machine",  # the only one it makes sense on
}


@dataclass(frozen=True, eq=False)
class Case:
    """One file."""

    name: str
    language: Language
    code: str
    attack: str
    expect: frozenset[str]  # verdicts, any of which is right
    after: str
    demands: dict[str, str] = field(default_factory=dict)

    def item(self, problem_id: str) -> dict[str, Any]:
        """The case as a foreign producer would push it."""
        return {
            "problemId": problem_id,
            "code": self.code,
            "language": self.language.name,
            "stdin": "i" * int(self.demands.get("stdin", "0")),
            "limits": json.loads(self.demands.get("limits", "{}")),
        }

    def __str__(self) -> str:
        return self.name


def read_cases() -> list[Case]:
    """All cases, strictly read: a head that says too little or something unknown is an error."""
    return [_read(path) for path in sorted(FOLDER.glob("*/*"))]


def _read(path: Path) -> Case:
    code = path.read_text("utf-8")
    head: dict[str, str] = {}
    for line in code.splitlines():
        comment, _, words = line.partition(" ")
        key, colon, value = words.partition(": ")
        if comment not in _COMMENTS or not colon:
            break
        head[key] = value
    missing, unknown = _NEEDED - set(head), set(head) - _NEEDED - _OPTIONAL
    if missing or unknown:
        raise ValueError(
            f"{path}: the head lacks {missing or 'nothing'}; it has unknown {unknown or 'nothing'}"
        )
    return Case(
        name=f"{path.parent.name}/{path.name}",
        language=_BY_SUFFIX[path.suffix],
        code=code,
        attack=head["attack"],
        expect=frozenset(head["expect"].split(" | ")),
        after=head["after"],
        demands={key: value for key, value in head.items() if key in _OPTIONAL},
    )
