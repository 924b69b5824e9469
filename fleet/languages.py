"""Languages: each is a folder under ``sandbox-images/`` with a ``language.toml``.

Presence is registration: no service spells a language's name. Parsing is strict, so a typing
mistake stops the start instead of silently changing a limit. The keys are described for authors
in ``sandbox-images/README.md``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fleet.errors import LanguageFileError

FILE_NAME = "language.toml"
Word = TypeVar("Word", str, int)
_NAME = re.compile(r"[a-z][a-z0-9+#-]{0,31}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_KEYS = {
    *("title", "aliases", "judge0", "file", "run", "version", "exec", "work_bytes", "starter"),
    *("compile", "warm", "base", "limits"),
}
_LIMIT_KEYS = {"cpu_s": float, "wall_s": float, "memory_bytes": int, "processes": int}
_MIB = 1024 * 1024
WORK_BYTES, WORK_BYTES_MAX = 16 * _MIB, 256 * _MIB


@dataclass(frozen=True, slots=True)
class Language:
    """How one language is run. ``argv`` values are lists of words, never shell text."""

    name: str
    aliases: tuple[str, ...]
    file: str  # name of the source file in the work directory
    run: tuple[str, ...]
    version: tuple[str, ...]  # prints the version of the interpreter
    base_upstream: str  # image to build on where a registry answers
    base_debian: tuple[str, ...]  # Debian packages that make an equivalent base
    exec: bool = False  # may files in the work directory be executed (compiled languages)
    compile: tuple[str, ...] = ()  # run once before the program; empty: no compile stage
    compile_limits: Mapping[str, float] = field(default_factory=dict)  # only those that differ
    work_bytes: int = WORK_BYTES  # size of the work directory, which counts as memory
    starter: bool = False  # built when a cluster is first brought up
    warm: tuple[str, ...] = ()  # started before the job is known; empty: no warm start
    warm_env: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)  # of a run; only those that differ
    title: str = ""  # what people call it
    judge0: tuple[int, ...] = ()  # its ids in Judge0 CE, one for each version that has one there

    @property
    def image(self) -> str:
        """Name of the sandbox image."""
        return f"sandfleet/sandbox-{self.name}"


def read_languages(folder: Path) -> dict[str, Language]:
    """All languages under ``folder`` by name. Raises ``LanguageFileError`` for anything amiss."""
    found = {path.parent.name: _read(path.parent.name, path) for path in folder.glob(f"*/{FILE_NAME}")}
    if not found:
        raise LanguageFileError(f"{folder} holds no */{FILE_NAME}: no language could be served")
    names_by_alias(found.values())
    names_by_judge0_id(found.values())
    return dict(sorted(found.items()))


def names_by_alias(languages: Iterable[Language]) -> dict[str, str]:
    """Every name and alias to the name it means. Raises ``LanguageFileError`` if one means two."""
    return _meanings(languages, lambda language: (language.name, *language.aliases), "")


def names_by_judge0_id(languages: Iterable[Language]) -> dict[int, str]:
    """Every id of Judge0 to the name it means. Raises ``LanguageFileError`` if one means two."""
    return _meanings(languages, lambda language: language.judge0, "judge0's ")


def _meanings(
    languages: Iterable[Language], words: Callable[[Language], Iterable[Word]], kind: str
) -> dict[Word, str]:
    meaning: dict[Word, str] = {}
    for language in languages:
        for word in words(language):
            if meaning.setdefault(word, language.name) != language.name:
                raise LanguageFileError(f"{kind}{word!r} would mean both {meaning[word]} and {language.name}")
    return meaning


def _read(name: str, path: Path) -> Language:
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LanguageFileError(f"{path}: {error}") from None
    if not _NAME.fullmatch(name):
        raise LanguageFileError(f"{path}: the folder name {name!r} is not a language name")
    table = _Table(path, "", raw, _KEYS)
    warm = table.table("warm", {"argv", "env"})
    base = _Table(path, "base.", raw.get("base"), {"upstream", "debian"})
    compiled = table.table("compile", {"argv", "limits"})
    compile_limits = compiled.table("limits", set(_LIMIT_KEYS))
    limits = table.table("limits", set(_LIMIT_KEYS))
    file = table.text("file")
    if not _FILE.fullmatch(file):
        raise LanguageFileError(f"{path}: file must be a plain file name, not {file!r}")
    return Language(
        name=name,
        aliases=table.words("aliases", ()),
        file=file,
        run=table.words("run"),
        version=table.words("version"),
        exec=table.flag("exec"),
        compile=compiled.words("argv") if raw.get("compile") else (),
        compile_limits=compile_limits.amounts(_LIMIT_KEYS),
        work_bytes=table.size("work_bytes", WORK_BYTES, WORK_BYTES_MAX),
        starter=table.flag("starter"),
        warm=warm.words("argv") if raw.get("warm") else (),
        warm_env=warm.mapping("env"),
        base_upstream=base.text("upstream"),
        base_debian=base.words("debian"),
        limits=limits.amounts(_LIMIT_KEYS),
        title=table.text("title") if "title" in raw else name,
        judge0=table.numbers("judge0"),
    )


class _Table:
    """Strict access to one TOML table; every complaint names the file and the key."""

    def __init__(self, path: Path, prefix: str, raw: Any, keys: set[str]) -> None:
        self._path, self._prefix = path, prefix
        if not isinstance(raw, dict):
            raise LanguageFileError(f"{path}: needs a table [{prefix.rstrip('.')}]")
        unknown = sorted(set(raw) - keys)
        if unknown:
            raise self._bad(unknown[0], f"is unknown; there are {', '.join(sorted(keys))}")
        self._raw = raw

    def table(self, key: str, keys: set[str]) -> _Table:
        return _Table(self._path, f"{self._prefix}{key}.", self._raw.get(key, {}), keys)

    def text(self, key: str) -> str:
        value = self._raw.get(key)
        if not isinstance(value, str) or not value:
            raise self._bad(key, "must be a non-empty string")
        return value

    def flag(self, key: str) -> bool:
        value = self._raw.get(key, False)
        if not isinstance(value, bool):
            raise self._bad(key, "must be true or false")
        return value

    def size(self, key: str, default: int, most: int) -> int:
        value = self._raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
            raise self._bad(key, f"must be a whole number of bytes from 1 to {most}")
        return value

    def words(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._raw.get(key, default)
        if default is not None and value == default:
            return default
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(word, str) and word for word in value)
        ):
            raise self._bad(key, "must be a list of non-empty strings")
        return tuple(value)

    def numbers(self, key: str) -> tuple[int, ...]:
        value = self._raw.get(key, [])
        if not isinstance(value, list) or not all(type(number) is int and number > 0 for number in value):
            raise self._bad(key, "must be a list of whole numbers above zero")
        return tuple(value)

    def mapping(self, key: str) -> dict[str, str]:
        value = self._raw.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._bad(key, "must be a table of strings")
        return dict(value)

    def amounts(self, kinds: Mapping[str, type]) -> dict[str, float]:
        found: dict[str, float] = {}
        for key, value in self._raw.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise self._bad(key, "must be a number above zero")
            found[key] = kinds[key](value)
        return found

    def _bad(self, key: str, why: str) -> LanguageFileError:
        return LanguageFileError(f"{self._path}: {self._prefix}{key} {why}")
