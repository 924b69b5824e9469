"""Is what a program wrote what was expected of it: pure, bytes in, the first difference out.

Both sides are hostile: the output is any bytes, and the expected text comes from whoever wrote the
tests. Every comparison is linear in the shorter of the two, and stops at the first difference.

- *exact*: byte for byte.
- *trailing_whitespace*: line by line; blanks (space, tab, CR, VT, FF) at the end of a line and empty
  lines at the end of the whole do not count. So CRLF equals LF.
- *tokens*: the words between ASCII whitespace.
- *float*: tokens, of which two that are both decimal numbers are equal if they differ by no more than
  the tolerance, absolute or relative to the larger, whichever is wider; all others are compared byte
  for byte. ``nan`` equals ``nan`` whatever its case and sign, an infinity (``inf``, ``infinity``) one
  of the same sign, and neither equals a number. A word too long or too large for a double (such as
  ``1e999``) is not a number here: only its own text equals it.

What one checker accepts, each of the following accepts too.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from fleet.job import whole_characters
from fleet.judging import Checker, CheckerKind

SHOWN_CHARS_MAX = 100
_BEFORE_BYTES = 20  # what is shown of a long line before its first difference
_NUMBER_BYTES_MAX = 1000  # no double is written longer; a million digits must not be parsed
_BLANKS = b" \t\r\v\f"
_SPACE = b" \t\n\r\v\f"
_TOKEN = re.compile(rb"[^ \t\n\r\v\f]++")
_NUMBER = re.compile(rb"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+")
_SPECIAL = re.compile(rb"([+-]?+)(?:(nan)|inf(?:inity)?+)", re.IGNORECASE)
Number = float | Literal["nan", "+inf", "-inf"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first difference, for people to read. Both texts are short and printable."""

    where: str  # "line 3" or "token 7"; "end": all of one side is the beginning of the other
    expected: str
    actual: str

    def to_json(self) -> dict[str, str]:
        """The mismatch under its JSON names."""
        return {"where": self.where, "expected": self.expected, "actual": self.actual}


def compare(checker: Checker, expected: bytes, actual: bytes) -> Mismatch | None:
    """The first difference between the two, or None where the checker sees none. Never raises."""
    if expected == actual:
        return None
    match checker.kind:
        case CheckerKind.EXACT:
            return _exact(expected, actual)
        case CheckerKind.TRAILING_WHITESPACE:
            return _lines(expected, actual)
        case CheckerKind.TOKENS:
            return _tokens(expected, actual, bytes.__eq__)
        case CheckerKind.FLOAT:
            return _tokens(expected, actual, lambda a, b: _close(a, b, checker.tolerance))


def _exact(expected: bytes, actual: bytes) -> Mismatch:
    at = _first_difference(expected, actual)
    begin, line = expected.rfind(b"\n", 0, at) + 1, expected.count(b"\n", 0, at) + 1
    where = "end" if at in (len(expected), len(actual)) else f"line {line}"
    return _mismatch(where, _line_from(expected, begin, at), _line_from(actual, begin, at), at - begin)


def _lines(expected: bytes, actual: bytes) -> Mismatch | None:
    pairs = itertools.zip_longest(_lines_of(expected.rstrip(_SPACE)), _lines_of(actual.rstrip(_SPACE)))
    for number, (wanted, got) in enumerate(pairs, 1):
        if wanted is None or got is None:
            rest = itertools.chain([(wanted, got)], pairs)  # its last line is not empty
            return _mismatch("end", *next((a or b"", b or b"") for a, b in rest if a or b))
        if wanted != got:
            return _mismatch(f"line {number}", wanted, got)
    return None


def _tokens(expected: bytes, actual: bytes, equal: Callable[[bytes, bytes], bool]) -> Mismatch | None:
    pairs = itertools.zip_longest(_tokens_of(expected), _tokens_of(actual))
    for number, (wanted, got) in enumerate(pairs, 1):
        if wanted is None or got is None:
            return _mismatch("end", wanted or b"", got or b"")
        if not equal(wanted, got):
            return _mismatch(f"token {number}", wanted, got)
    return None


def _lines_of(data: bytes) -> Iterator[bytes]:
    """Lines without the blanks at their ends; none of no bytes."""
    begin = 0
    while begin < len(data):
        end = data.find(b"\n", begin)
        end = len(data) if end < 0 else end
        yield data[begin:end].rstrip(_BLANKS)
        begin = end + 1


def _tokens_of(data: bytes) -> Iterator[bytes]:
    return (found[0] for found in _TOKEN.finditer(data))


def _close(one: bytes, other: bytes, tolerance: float) -> bool:
    if one == other:
        return True
    a, b = _number(one), _number(other)
    if not isinstance(a, float) or not isinstance(b, float):
        return a is not None and a == b
    return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))


def _number(token: bytes) -> Number | None:
    """The double a token stands for, the word for one that is none, or None for any other token."""
    if len(token) > _NUMBER_BYTES_MAX:
        return None
    if _NUMBER.fullmatch(token):
        value = float(token)
        return value if math.isfinite(value) else None
    special = _SPECIAL.fullmatch(token)
    if special is None or special[2]:
        return None if special is None else "nan"
    return "-inf" if special[1] == b"-" else "+inf"


def _first_difference(one: bytes, other: bytes) -> int:
    """Where they begin to differ; the length of the shorter if it is the beginning of the other."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _line_from(data: bytes, begin: int, at: int) -> bytes:
    """The line that begins there, with its newline, as far as it can be shown around ``at``."""
    end = data.find(b"\n", begin) + 1 or len(data)
    return data[begin : min(end, at + 4 * SHOWN_CHARS_MAX)]


def _mismatch(where: str, expected: bytes, actual: bytes, at: int | None = None) -> Mismatch:
    at = _first_difference(expected, actual) if at is None else at
    return Mismatch(where, _shown(expected, at), _shown(actual, at))


def _shown(data: bytes, at: int) -> str:
    """Some of ``data`` around ``at``, printable whatever it holds, of at most so many characters."""
    begin = 0
    if len(data) > SHOWN_CHARS_MAX and at > _BEFORE_BYTES:
        begin = at - _BEFORE_BYTES
        while begin < at and data[begin] & 0xC0 == 0x80:  # not in the middle of a character
            begin += 1
    window = data[begin : begin + 4 * SHOWN_CHARS_MAX]
    words = whole_characters(window, begin + len(window) < len(data)).decode("utf-8", "backslashreplace")
    shown, size = ["…"] if begin else [], 1 if begin else 0
    for index, character in enumerate(words):
        piece = character if character.isprintable() else character.encode("unicode_escape").decode()
        last = index + 1 == len(words) and begin + len(window) == len(data)
        if size + len(piece) > SHOWN_CHARS_MAX - (not last):
            return "".join([*shown, "…"])
        shown.append(piece)
        size += len(piece)
    return "".join(shown)
