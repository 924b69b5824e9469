"""A hostile program in a file whose first comment lines say what it does and what must come of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet.languages import Language, read_languages
from fleet.limits import Bounds, Limits

FOLDER = Path(__file__).parent / "cases"
LANGUAGES = read_languages(Path("sandbox-images"))
# A hostile compile meets its limit sooner here, and then leaves the machine to its neighbours.
BOUNDS = Bounds(compile=Limits(cpu_s=6.0, wall_s=30.0, memory_bytes=Bounds().compile.memory_bytes))
_BY_SUFFIX = {Path(language.file).suffix: language for language in LANGUAGES.values()}
_OF_THE_RUNTIME = {"files", "kernel", "memory", "network", "processes", "between"}
_NEEDED = {"attack", "expect", "after"}
# Further fields of the submission, as JSON.
_FIELDS = {"limits", "args", "tests", "stopOnFailure", "outputFiles"}
# What a case may demand of its result beside the verdict.
_DEMANDS = {
    "stdout",  # a pattern, searched for
    "stdout_repr",  # the text as a Python literal
    "stdout_hex",  # the very bytes
    "stderr",  # a pattern, searched for
    "encoding",
    "truncated",  # was stdout cut: true or false
    "exit",
    "signal",
    "evidence",  # the limit that the evidence names
    "how",  # a pattern, searched for in the words of the evidence
    "wall_ms_min",
    "compile_exit",
    "compile_stdout",  # a pattern, searched for
    "compile_stderr",  # a pattern, searched for
    "cases",  # verdicts of the tests that ran, in their order
    "fetched",  # what became of the output files, in their order
}
_OTHER = {
    "stdin",  # how many bytes of it there are
    "machine",  # the only one it makes sense on
}
_HEAD = re.compile(r"(?:#|//) (\w+): (.*)")
_FURTHER_FILE = re.compile(r"^(?:#|//)--- (.+)\n", re.MULTILINE)
_REPEATED = re.compile(r"⟪([0-9]+)\*(.*?)⟫", re.DOTALL)


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
    files: tuple[tuple[str, str], ...] = ()  # further source files: path and content

    def item(self, problem_id: str) -> dict[str, Any]:
        """The case as a foreign producer would push it."""
        return {
            "problemId": problem_id,
            "code": self.code,
            "language": self.language.name,
            "stdin": "i" * int(self.demands.get("stdin", "0")),
            "files": [{"path": path, "content": content} for path, content in self.files],
            **{name: json.loads(self.demands[name]) for name in _FIELDS & set(self.demands)},
        }

    @property
    def walls_s(self) -> list[float]:
        """The longest each of its stages may take, by the limits it asked for."""
        asked = json.loads(self.demands.get("limits", "{}"))
        tests = json.loads(self.demands.get("tests", "[{}]"))
        own = BOUNDS.resolve(None, self.language.limits).wall_s
        runs = [float({**asked, **test.get("limits", {})}.get("wallSeconds", own)) for test in tests]
        compiles = [BOUNDS.resolve_compile(self.language.compile_limits).wall_s]
        return (compiles if self.language.compile else []) + runs

    def __str__(self) -> str:
        return self.name


# Beside those that every fleet has: one next to the kernel, and one with a machine of its own above it.
# To unpack the image of a further language takes longer than its two or three cases.
_ON_EACH_RUNTIME = {"c", "java"}


def runs_on(runtime: str, case: Case) -> bool:
    """What a runtime could change runs on each of them; the rest once, with the same init and image."""
    family = case.name.partition("/")[0]
    on_each = case.language.name in _ON_EACH_RUNTIME and family in _OF_THE_RUNTIME
    return runtime == "docker" or case.language.starter or on_each


def read_cases() -> list[Case]:
    """All cases, strictly read: a head that says too little or something unknown is an error."""
    return [_read(path) for path in sorted(FOLDER.glob("*/*"))]


def _read(path: Path) -> Case:
    # What follows a line "//--- PATH" is a further file; a text between ⟪N* and ⟫ stands there N times.
    text = _REPEATED.sub(lambda found: found[2] * int(found[1]), path.read_text("utf-8"))
    code, *further = _FURTHER_FILE.split(text)
    head: dict[str, str] = {}
    for line in code.splitlines():
        found = _HEAD.fullmatch(line)
        if found is None:
            break
        head[found[1]] = found[2]
    known = _NEEDED | _FIELDS | _DEMANDS | _OTHER
    missing, unknown = _NEEDED - set(head), set(head) - known
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
        demands={key: value for key, value in head.items() if key not in _NEEDED},
        files=tuple(zip(further[::2], further[1::2], strict=True)),
    )
