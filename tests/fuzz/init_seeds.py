"""Where the fuzzer of init begins: conversations a worker could have, and ways to get one wrong.

An input is one byte with the length of a script, the script (what the made-up world does, see
``init/harness.c``), then the bytes of the worker.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

FILE, STAGE, CLOSE, KEEP, WIPE, FETCH = 1, 2, 3, 4, 5, 6
RUN = (b"run", b"main")  # also the words of the warm command
_CALM = bytes(4)  # all goes well
_WARM = b"\x01" + bytes(7)
_BUSY = bytes(range(0, 256, 7))  # a bit of everything
_STUBBORN = b"\x03\x05\x0b\x2d\x07\x1e\xfe\x15\x35\x02"
_SCRIPTS = (_CALM, _WARM, _BUSY, _STUBBORN)


def frame(
    kind: int, payload: bytes = b"", *, version: int = 1, zero: int = 0, size: int | None = None
) -> bytes:
    """A frame to init, as right or wrong as is asked for."""
    return struct.pack("!BBHI", version, kind, zero, len(payload) if size is None else size) + payload


def file(path: bytes, content: bytes = b"print(1)", *, length: int | None = None) -> bytes:
    """A FILE frame."""
    return frame(FILE, struct.pack("!H", len(path) if length is None else length) + path + content)


def stage(
    argv: Sequence[bytes] = RUN,
    env: Sequence[bytes] = (),
    *,
    flags: int = 0,
    ms: tuple[int, int] = (5000, 10000),
    caps: tuple[int, int] = (1000, 1000),
    stdin: bytes = b"",
    argc: int | None = None,
) -> bytes:
    """A STAGE frame. ``ms`` are the limits of CPU and wall time, ``caps`` bytes of stdout and stderr."""
    count = len(argv) if argc is None else argc
    head = struct.pack("!BBHIIIIHH", flags, 0, 0, *ms, *caps, count, len(env))
    words = b"".join(struct.pack("!I", len(word)) + word for word in (*argv, *env))
    return frame(STAGE, head + words + stdin)


def fetch(path: bytes, most: int = 1 << 16, *, more: bytes = b"") -> bytes:
    """A FETCH frame."""
    return frame(FETCH, struct.pack("!IH", most, len(path)) + path + more)


def seeds() -> Iterator[bytes]:
    """Every seed."""
    for conversation in _conversations():
        for script in _SCRIPTS:
            yield bytes([len(script)]) + script + conversation


def _conversations() -> Iterator[bytes]:
    close = frame(CLOSE)
    yield b""
    yield close
    yield file(b"main.py") + stage(flags=1, stdin=b"1 2\n") + close
    yield file(b"a/b/c.txt") + file(b"a/b/d") + stage(env=[b"A=1", b"B="]) + stage(flags=1) + close
    yield stage([b"x"], ms=(0, 0)) + stage([b"x"], caps=(0, 0)) + close
    yield stage(ms=(2**32 - 1, 2**32 - 1), caps=(2**32 - 1, 2**32 - 1), stdin=b"x" * 300)
    yield stage([b"w"] * 256, [b"A=1"] * 256, caps=(1 << 20, 1 << 18)) + close
    yield from map(
        file, (b"link/x", b"link", b"alias", b"fifo", b"folder", b"file/x", b"folder/x", b"x" * 1024)
    )
    yield from map(file, (b"", b"/x", b"x/", b"a//b", b".", b"..", b"a/../b", b"./a", b"a\0b", b"x" * 1025))
    yield file(b"x" * 255) + file(b"a/" * 511 + b"b")
    yield file(b"abc", length=9) + file(b"abc", length=0xFFFF)
    yield frame(FILE) + close
    yield frame(FILE, b"\0") + close
    yield frame(STAGE) + close
    yield frame(STAGE, bytes(23))
    yield frame(STAGE, bytes(24))
    yield frame(STAGE, size=8 << 20) + bytes(64)
    yield frame(STAGE, size=(8 << 20) + 1)
    yield stage(flags=2)
    yield stage([])
    yield stage([b"w"] * 257)
    yield stage(argc=3)
    yield stage([b"a\0b"])
    yield stage(env=[b"=1"])
    yield stage(env=[b"NAME"])
    yield stage()[:-1]
    yield stage() + stage() + stage()
    yield stage() + file(b"x")
    yield frame(CLOSE, b"x")
    yield frame(0)
    yield frame(7)
    yield from _between_stages()
    yield frame(FILE, version=2)
    yield frame(FILE, zero=1)
    yield b"\1\1\0"


def _between_stages() -> Iterator[bytes]:
    keep, wipe, close = frame(KEEP), frame(WIPE), frame(CLOSE)
    again = wipe + stage([b"w"])
    yield keep + wipe + close
    yield wipe + keep + wipe + wipe + close
    yield file(b"a/b/c", b"x" * 900) + stage() + keep + again + again + again + wipe + close
    yield stage([b"w"]) + keep + file(b"folder/new") + again + keep + again + close
    yield b"".join(file(b"f%d" % n, b"") for n in range(50)) + keep + wipe + close  # too many
    yield file(b"1/2/3", b"x" * 1000) + file(b"1/2/4", b"y" * 1000) + keep + wipe + close  # too much
    yield stage([b"w"]) + wipe + stage([b"w"]) + wipe + stage([b"w"]) + wipe + close
    names = (b"file", b"hole", b"folder/0/1/deep", b"closed/in", b"folder", b"link", b"link/canary", b"alias")
    for name in (*names, b"fifo", b"gone", b"folder/gone", b"gone/x", b"file/x", b"x" * 300):
        yield fetch(name) + fetch(name, 3) + fetch(name, 0) + close
    yield file(b"big", b"y" * 3000) + fetch(b"big", 2999) + fetch(b"big", 3000) + close
    yield from map(fetch, (b"", b"/x", b"../x", b"a/../b", b"a\0b", b"x" * 1024))
    yield fetch(b"file", more=b"x")
    yield frame(FETCH)
    yield frame(FETCH, bytes(5))
    yield frame(FETCH, size=1031)
    yield frame(KEEP, b"x")
    yield frame(WIPE, b"x")
    yield stage() + keep
    yield stage() + wipe
    yield stage() + fetch(b"file")
    yield keep * 40
    yield wipe * 40
    yield fetch(b"hole") * 40
    yield stage(env=[b"PATH=/x", b"HOME=", b"LANGUAGE=1", b"LANG=C"]) + close
