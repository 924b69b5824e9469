"""Versions of languages, and the ranges of npm's semver that Piston's clients select them by."""

from __future__ import annotations

import re

Version = tuple[int, int, int]
_Span = tuple[Version, Version]  # from, up to but without

_RANGE_CHARS_MAX = 256
_FIRST: Version = (0, 0, 0)
_PAST: Version = (10**10, 0, 0)
_DOTTED = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?")
_NUMBER = re.compile(r"[0-9]{1,9}")
_PARTIAL = re.compile(r"[v=]?([0-9]{1,9}|[xX*])(?:\.([0-9]{1,9}|[xX*]))?(?:\.([0-9]{1,9}|[xX*]))?")
_OPERATOR = re.compile(r"(>=|<=|>|<|=|\^|~>?)?(.*)", re.DOTALL)
_SPACED = re.compile(r"([<>=^~])\s+")


def version_in(text: str) -> Version | None:
    """The version that a language says of itself: the first dotted number, else the first number."""
    found = _DOTTED.search(text)
    if found:
        return int(found[1]), int(found[2]), int(found[3] or 0)
    number = _NUMBER.search(text)
    return (int(number[0]), 0, 0) if number else None


def written(version: Version) -> str:
    """The version with dots."""
    return ".".join(map(str, version))


def satisfies(version: Version, wanted: str) -> bool:
    """Whether ``version`` is in the range; no version is in one that is malformed.

    A range that speaks of pre-releases is malformed here: no language has such a version.
    """
    return len(wanted) <= _RANGE_CHARS_MAX and any(
        _in_all(version, alternative.strip()) for alternative in wanted.split("||")
    )


def _in_all(version: Version, alternative: str) -> bool:
    low, hyphen, high = alternative.partition(" - ")
    if hyphen:
        spans = [_compared(">=", low.strip()), _compared("<=", high.strip())]
    else:
        words = _SPACED.sub(r"\1", alternative).split() or ["*"]
        spans = [_compared(*_split(word)) for word in words]
    return all(span is not None and span[0] <= version < span[1] for span in spans)


def _split(word: str) -> tuple[str, str]:
    found = _OPERATOR.fullmatch(word)
    return (found[1] or "", found[2]) if found else ("", word)


def _compared(operator: str, text: str) -> _Span | None:
    """The versions that one comparison takes; None if it is malformed."""
    given = _given(text)
    if given is None:
        return None
    low, past = _padded(given), _bumped(given, len(given))
    spans = {
        ">": (past, _PAST),
        ">=": (low, _PAST),
        "<": (_FIRST, low),
        "<=": (_FIRST, past),
        "~": (low, _bumped(given, min(len(given), 2))),
        "^": (low, _bumped(given, _leading(given))),
    }
    return spans.get(operator.rstrip(">") if operator == "~>" else operator, (low, past))


def _given(text: str) -> tuple[int, ...] | None:
    """The numbers of a version as far as they are given; what follows an ``x`` does not count."""
    found = _PARTIAL.fullmatch(text)
    if not found:
        return None
    numbers: list[int] = []
    for part in found.groups():
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _padded(numbers: tuple[int, ...]) -> Version:
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def _bumped(numbers: tuple[int, ...], count: int) -> Version:
    """The first version that differs in the first ``count`` numbers, upwards; past all for none."""
    return _padded((*numbers[: count - 1], numbers[count - 1] + 1)) if count else _PAST


def _leading(numbers: tuple[int, ...]) -> int:
    """How many numbers ``^`` holds fast: up to the first that is not zero."""
    return next((index for index, number in enumerate(numbers, 1) if number), len(numbers))
