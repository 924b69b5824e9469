"""Texts for the public list and for request bodies: from valid ones to what no JSON parser likes.

Pure and seeded: the same seed gives the same texts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from fleet.limits import Bounds

_BOUNDS = Bounds()
_WORDS = (
    "a",
    "two-sum",
    "é",
    "😀",
    "\u0001",
    "\u202e",
    "\ud800",
    "\x00",
    "'",
    '"',
    "\\",
    "{problems}:",
    "*",
    "\n",
    "x" * 129,
)
_NUMBERS = (
    *("0", "-0", "-1", "1.5", "1e999", "-1e999", "1E400", "NaN", "Infinity", "0x10", "1e-400", "1e308"),
    *("0.05", "64", "1.0", "1e1", "+1", ".5", "01", "9007199254740993", "18446744073709551616", "16777216"),
    *("1" * 400, "1" * 5000),
)
_WRONG = (
    *("null", "true", "false", "[]", "{}", "0", '""', '["a"]', '{"a":1}', "1e999", "NaN"),
    *('"\\ud800"', '"\\u0000"'),
)
_FIELDS = (
    *("problemId", "code", "language", "stdin", "limits", "priority", "jobId", "v", "wake", ""),
    *("files", "args", "env", "outputFiles", "tests", "checker", "stopOnFailure"),
)
_LIMITS = ("cpuSeconds", "wallSeconds", "memoryBytes", "processes", "stdoutBytes", "stderrBytes", "odd")
_CONSTANTS = (
    *(
        b"",
        b" ",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"0",
        b'"x"',
        b"\xef\xbb\xbf{}",
        b"{",
        b"}",
        b"\0",
        b"\xff\xfe",
    ),
    *(
        b'{"v":1,"wake":',
        b"PING\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"\x1f\x8b\x08",
        '{"problemId":"p"}'.encode("utf-16"),
    ),
)


class Items:
    """Makes texts. ``known`` name jobs of the API, to make others that look like them; with ``strange``
    valid ones have fields that only a worker overlooks."""

    def __init__(
        self, rng: random.Random, language: str, known: Sequence[bytes] = (), *, strange: bool = True
    ) -> None:
        self._rng, self._language, self._known, self._strange = rng, language, known, strange
        self._count = 0
        self._earlier: list[bytes] = []  # that name a jobId: pushed again, they are the same job
        self._kinds: list[tuple[Callable[[], bytes], int]] = [
            (self.valid, 30),
            (self._mutated, 25),
            (self._wrong_type, 12),
            (self._odd_numbers, 8),
            (self._odd_strings, 8),
            (self._noise, 6),
            (self._twice, 5),
            (self._token, 4),
            (self._looks_like_known, 4),
            (self._again, 4),
            (self._constant, 2),
            (self._deep, 1),
        ]

    def next(self) -> bytes:
        """The next text."""
        kinds, weights = [kind for kind, _ in self._kinds], [weight for _, weight in self._kinds]
        return self._rng.choices(kinds, weights)[0]()

    def valid(self) -> bytes:
        """A text that any worker must run."""
        item = _dump(self._fields())
        if b'"jobId"' in item:
            self._earlier.append(item)
        return item

    def large(self) -> list[bytes]:
        """A few texts at and beyond the bounds of size."""
        most = _BOUNDS.raw_item_bytes_max
        plain = self._fields()
        return [
            _dump({**plain, "code": "x" * _BOUNDS.code_bytes_max}),
            _dump({**plain, "code": "x" * (_BOUNDS.code_bytes_max + 1)}),
            _dump({**plain, "code": "\u0001" * _BOUNDS.code_bytes_max}),
            _dump({**plain, "stdin": "é" * (_BOUNDS.stdin_bytes_max // 2)}),
            _dump({**plain, "stdin": "é" * (_BOUNDS.stdin_bytes_max // 2 + 1)}),
            _dump({**plain, "more": "x" * (most - 2000)}),
            _dump({**plain, "more": "x" * most}),
            b"x" * (most + 1),
            b"[" * 500_000,
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            _dump({**plain, **{f"k{n}": n for n in range(50_000)}}),
        ]

    def _fields(self) -> dict[str, Any]:
        rng = self._rng
        self._count += 1
        fields: dict[str, Any] = {
            "problemId": rng.choice(
                (f"p{self._count}", f"é{self._count}😀", f"{{problems}}:job:{self._count}", "same")
            ),
            "code": f"print({self._count})"
            + rng.choice(("", "\n", "é", "\x00", "# " + "x" * rng.randrange(300))),
            "language": self._language,
        }
        optional: dict[str, Any] = {
            "stdin": rng.choice(("", "1 2\n", None)),
            "limits": rng.choice((None, {}, {"cpuSeconds": 1}, {"memoryBytes": 33554432, "processes": None})),
            "priority": rng.choice(("high", "normal", "low", None)),
            "files": rng.choice((None, [], [{"path": "lib/é.txt", "content": "\x00"}])),
            "args": rng.choice((None, [], ["", "-x", "é😀"])),
            "env": rng.choice((None, {})),
            "tests": rng.choice((None, [])),
            "outputFiles": rng.choice((None, [], ["out/a", "b"])),
        }
        if self._strange:
            optional |= {
                "jobId": f"{rng.getrandbits(128):032x}",
                "unknown": rng.choice(([], {"deep": [[[]]]}, 1.5, "x")),
                "v": 1,
            }
        fields |= {name: value for name, value in optional.items() if rng.random() < 0.25}
        names = list(fields)
        rng.shuffle(names)
        return {name: fields[name] for name in names}

    def _mutated(self) -> bytes:
        rng, text = self._rng, bytearray(_dump(self._fields()))
        for _ in range(rng.choice((1, 1, 1, 2, 5, 30))):
            at = rng.randrange(len(text) + 1)
            match rng.randrange(6):
                case 0:
                    text[at : at + 1] = bytes([rng.randrange(256)])
                case 1:
                    del text[at : at + rng.randrange(1, 9)]
                case 2:
                    text[at:at] = rng.randbytes(rng.randrange(1, 5))
                case 3:
                    text[at:at] = text[at : at + rng.randrange(1, 30)]
                case 4:
                    text[at:at] = rng.choice(_WORDS).encode("utf-8", "surrogatepass")
                case _:
                    text[at:at] = rng.choice(
                        (b'"', b"\\", b"{", b"}", b"[", b",", b":", b"\\u", b"\0", b"\xed\xa0\x80")
                    )
        return bytes(text)

    def _wrong_type(self) -> bytes:
        fields = self._fields()
        return _splice(fields, self._rng.choice(_FIELDS), self._rng.choice(_WRONG))

    def _odd_numbers(self) -> bytes:
        number = self._rng.choice(_NUMBERS)
        if self._rng.random() < 0.2:
            return _splice(self._fields(), "unknown", number)
        return _splice(self._fields(), "limits", f'{{"{self._rng.choice(_LIMITS)}":{number}}}')

    def _odd_strings(self) -> bytes:
        word = "".join(self._rng.choices(_WORDS, k=self._rng.randrange(4)))
        raw = json.dumps(word) if self._rng.random() < 0.5 else f'"{word}"'
        return _splice(self._fields(), self._rng.choice(_FIELDS), raw)

    def _noise(self) -> bytes:
        return self._rng.randbytes(self._rng.randrange(8, 300))  # long enough not to come twice

    def _twice(self) -> bytes:
        text = _dump(self._fields())
        name = self._rng.choice(_FIELDS)
        return text[:-1] + f',"{name}":1,"{name}":"x"}}'.encode()

    def _token(self) -> bytes:
        hops = self._rng.choice((b"1", b"0", b"7", b"99999", b"00001"))
        odd = (
            b'{"v":1,"wake":%b}\n',
            b' {"v":1,"wake":%b}',
            b'{"v":1,"wake":-%b}',
            b'{"v":1,"wake":9%b00000}',
            b'{"v":2,"wake":%b}',
            b'{"v":1,"wake":"%b"}',
            b'{"v":1,"wake":%b,"x":1}',
            b'{"v":1, "wake":%b}',
        )
        return (self._rng.choice(odd) if self._rng.random() < 0.6 else b'{"v":1,"wake":%b}') % hops

    def _looks_like_known(self) -> bytes:
        if not self._known:
            return self.valid()
        item = self._rng.choice(self._known)
        shapes: tuple[bytes, ...] = (
            item,
            item + b" ",
            b" " + item,
            item.replace(b'"problemId":"', b'"problemId":"other'),
            item[:-1] + b',"language":"x"}',
            item.replace(item[16:48], item[16:48].upper()),
            item[:16] + bytes(reversed(item[16:48])) + item[48:],
            item[:-1] + b"\0}",
            item[: self._rng.randrange(1, len(item))],
            item + item,
        )
        return self._rng.choice(shapes)

    def _again(self) -> bytes:
        return self._rng.choice(self._earlier) if self._earlier else self.valid()

    def _constant(self) -> bytes:
        return self._rng.choice(_CONSTANTS)

    def _deep(self) -> bytes:
        depth = self._rng.choice((5, 900, 999, 1000, 1001, 1100, 3000, 20_000))
        opening, closing = self._rng.choice((("[", "]"), ('{"a":', "}")))
        nested = opening * depth + ("1" if "a" in opening else "") + closing * depth
        return _splice(self._fields(), "unknown", nested) if self._rng.random() < 0.5 else nested.encode()


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _splice(fields: dict[str, Any], name: str, raw: str) -> bytes:
    """The object of ``fields`` with ``raw``, which may be no JSON at all, as the value of ``name``."""
    rest = {other: value for other, value in fields.items() if other != name}
    text = json.dumps(rest, ensure_ascii=False)[:-1] + f', "{name}": {raw}}}'
    return text.encode("utf-8", "surrogatepass")
