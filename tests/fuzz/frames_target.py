"""What a worker hears from a sandbox, made of any bytes, through the real readers of it.

``one_input`` takes bytes as a recipe: which reader, how its bytes are cut, and which frames, right or
wrong, follow each other. It raises whatever the readers may not raise, and ``AssertionError`` for what
they may not do: keep more than one incomplete frame, give more than was asked for, change a byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import struct
from collections.abc import Iterator

from fleet.errors import ProtocolError, SandboxError
from fleet.limits import Limits
from worker.attached_stream import AttachedStream
from worker.box import Conversation, Ending
from worker.frame_reader import FrameReader
from worker.frames import CHUNK_BYTES_MAX, Data, End, Fault, FetchEnd, Frame, Kept, Output, Ready, Wiped
from worker.sandbox import Stage

_READY, _STDOUT, _STDERR, _END, _ERROR, _KEPT, _DATA, _FETCHED, _WIPED = 16, 17, 18, 19, 20, 21, 22, 23, 24
_ASKS = ("stage", "keep", "wipe", "fetch")  # what a worker may want of a box
_CAPS = ((1000, 1000), (0, 0), (1, 70_000), (262_144, 262_144))
_KEPT_BYTES_MAX = 8 + CHUNK_BYTES_MAX  # of an incomplete frame
_DIAGNOSTICS_BYTES_MAX = 512


class Recipe:
    """Bytes taken one after the other; zeros when there are no more."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return max(0, len(self._data) - self._at)

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def bytes(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]


class Reader:
    """How a recipe reads: which of ``READERS``, what it asks for with which caps, how its wire is cut."""

    def __init__(self, data: bytes) -> None:
        recipe = Recipe(data)
        self.which = READERS[recipe.byte() % len(READERS)]
        self.caps = _CAPS[recipe.byte() % len(_CAPS)]
        self._cut = recipe.byte()
        wanted = recipe.byte()
        self.asks = ("stage", *(_ASKS[wanted >> shift & 3] for shift in (0, 2, 4, 6)))
        self._frames = list(_frames(recipe, self.asks))
        self.wire = b"".join(self._frames)

    def pieces(self) -> Iterator[bytes]:
        """The wire as it arrives."""
        size = 1 + self._cut if self._cut < 200 else 1 << (self._cut - 184)
        if self._cut % 4 == 0:  # frames and more at once; else nothing comes before it is asked for
            for at in range(0, len(self.wire), size):
                yield self.wire[at : at + size]
            return
        for frame in self._frames:
            for at in range(0, len(frame), size):
                yield frame[at : at + size]


def one_input(data: bytes) -> None:
    """Let one reader read."""
    reader = Reader(data)
    reader.which(reader)


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all inputs: a new one for each would take longer than the input."""
    return asyncio.new_event_loop()


def close() -> None:
    """No more inputs come."""
    _loop().close()
    _loop.cache_clear()


def _frames(recipe: Recipe, asks: tuple[str, ...]) -> Iterator[bytes]:
    sent = {_STDOUT: 0, _STDERR: 0}
    asked = itertools.cycle(asks)
    now = next(asked)
    if recipe.byte() % 8:
        yield _frame(_READY, bytes((recipe.byte() % 3, recipe.byte() % 4, 0, 0)))
    while recipe.left:
        operation = recipe.byte()
        match operation % 8:
            case 0:
                yield recipe.bytes(operation >> 3)
            case 1 | 2:
                kind = _STDOUT if operation % 8 == 1 else _DATA if now == "fetch" else _STDERR
                output = recipe.bytes(operation >> 5) * (1 + recipe.byte() * (operation >> 5))
                sent[kind] = sent.get(kind, 0) + len(output)
                yield _frame(kind, output)
            case 3 | 4:
                yield _last(now, recipe, sent)
                sent = {_STDOUT: 0, _STDERR: 0}
                now = next(asked)
            case 5:
                yield _frame(_END, recipe.bytes(56))
            case 6:
                yield _frame(_ERROR, recipe.bytes(operation >> 3))
            case _:
                yield struct.pack(
                    "!BBHI", recipe.byte() % 3, recipe.byte(), 0, int.from_bytes(recipe.bytes(4), "big")
                )


def _frame(kind: int, payload: bytes) -> bytes:
    return struct.pack("!BBHI", 1, kind, 0, len(payload)) + payload


def _last(asked: str, recipe: Recipe, sent: dict[int, int]) -> bytes:
    """The last word on what was asked, right or a little wrong."""
    if asked == "stage":
        return _end(recipe, sent)
    if asked == "wipe":
        return _frame(_WIPED, recipe.bytes(8).ljust(8 - recipe.byte() // 255, b"\0"))
    first, other = recipe.byte(), recipe.byte()
    if asked == "keep":
        return _frame(
            _KEPT, struct.pack("!BBHIQ", first % 3, 0, other // 255, other % 9, other * (first % 3))
        )
    size = sent.get(_DATA, 0) + (other if first % 8 == 3 else other // 255)
    return _frame(_FETCHED, struct.pack("!BBHQ", first % 5, 0, 0, size))


def _end(recipe: Recipe, sent: dict[int, int]) -> bytes:
    how, limit, code = recipe.byte() % 4, recipe.byte() % 6, recipe.byte()
    off = recipe.byte() % 8 == 1  # now and then a count that is not what was sent
    counts = sent[_STDOUT] + off, sent[_STDERR]
    return _frame(_END, struct.pack("!BBHI5QII", how, limit, 0, code, 1, 2, 3, *counts, 0, 0))


# ---- the readers


def _frame_reader(made: Reader) -> None:
    reader = FrameReader()
    came = {"stdout": 0, "stderr": 0, "file": 0}
    caps = dict(zip(came, (*made.caps, made.caps[0]), strict=True))
    asks = itertools.cycle(made.asks)
    with contextlib.suppress(ProtocolError):
        for piece in made.pieces():
            for frame in reader.feed(piece):
                _seen(frame, came)
                assert all(came[name] <= caps[name] for name in came), "more than its cap"
                if isinstance(frame, Ready | End | Kept | Wiped | FetchEnd):
                    came = dict.fromkeys(came, 0)
                    _ask(reader, next(asks), made.caps)
            assert len(reader._buffer) < _KEPT_BYTES_MAX, "more than one incomplete frame is kept"
        reader.close()


def _seen(frame: Frame, came: dict[str, int]) -> None:
    match frame:
        case Output(stream, data):
            came[stream] += len(data)
        case Data(data):
            came["file"] += len(data)
        case End():
            assert [frame.exit_code, frame.signal, frame.not_started].count(None) == 2
        case FetchEnd(how, size):
            assert came["file"] <= size, f"{how}, and more than the file has"
        case Fault(words):
            words.encode()  # it is logged


def _ask(reader: FrameReader, what: str, caps: tuple[int, int]) -> None:
    match what:
        case "stage":
            reader.begin_stage(caps)
        case "keep":
            reader.begin_keep()
        case "wipe":
            reader.begin_wipe()
        case _:
            reader.begin_fetch(caps[0])


class _Wire:
    """A stream that says what it is told to."""

    def __init__(self, made: Reader) -> None:
        self._pieces = made.pieces()

    def write(self, data: bytes) -> None:
        """Heard by nobody."""

    async def receive(self) -> bytes:
        """The next piece."""
        return next(self._pieces, b"")


def _conversation(made: Reader) -> None:
    _loop().run_until_complete(_converse(Conversation(_Wire(made)), made))


async def _converse(conversation: Conversation, made: Reader) -> None:
    with contextlib.suppress(SandboxError):
        if await conversation.ready():
            for ask in made.asks:
                await _between(conversation, ask, made.caps)


async def _between(conversation: Conversation, ask: str, caps: tuple[int, int]) -> None:
    match ask:
        case "stage":
            await _run(conversation, caps)
        case "keep":
            await conversation.keep()
        case "wipe":
            await conversation.wipe()
        case _:
            found = await conversation.fetch("out", caps[0])
            assert len(found.content) <= min(caps[0], found.size_bytes)
            assert found.how in ("whole", "cut") or not found.content


async def _run(conversation: Conversation, caps: tuple[int, int]) -> None:
    stage = Stage(
        ("run",), Limits(wall_s=5, stdout_bytes=caps[0], stderr_bytes=caps[1]), files=(("main", b"x"),)
    )
    raw, ending = await conversation.run(stage)
    assert len(raw.stdout) <= caps[0]
    assert len(raw.stderr) <= caps[1]
    assert ending in (Ending.TOLD, Ending.BROKEN)
    assert (ending is Ending.TOLD) == ([raw.exit_code, raw.signal, raw.not_started].count(None) == 2)


def _multiplexed(made: Reader) -> None:
    """The wire as the engine would send it if it were hostile itself."""
    expected, diagnostics = _demultiplexed(made.wire)
    heard = _loop().run_until_complete(_receive(made))
    assert heard == (expected, diagnostics.decode("utf-8", "replace")), "bytes were changed"


def _through_engine(made: Reader) -> None:
    """Frames of init within pieces of the engine, as they really come."""
    _loop().run_until_complete(_converse_through_engine(made))


async def _receive(made: Reader) -> tuple[bytes, str]:
    stream = AttachedStream(_fed(made.pieces()), _NOBODY)
    whole = b""
    while data := await stream.receive():
        whole += data
        assert len(stream._header) < 8
    return whole, stream.diagnostics


async def _converse_through_engine(made: Reader) -> None:
    wrapped = (struct.pack(">BxxxI", 1, len(piece)) + piece for piece in made.pieces())
    await _converse(Conversation(AttachedStream(_fed(wrapped), _NOBODY)), made)


def _fed(pieces: Iterator[bytes]) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 16)
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return reader


def _demultiplexed(wire: bytes) -> tuple[bytes, bytes]:
    stdout, other = b"", b""
    while len(wire) >= 8:
        size = int.from_bytes(wire[4:8], "big")
        piece = wire[8 : 8 + size]
        if wire[0] == 1:
            stdout += piece
        else:
            other += piece
        wire = wire[8 + size :]
    return stdout, other[:_DIAGNOSTICS_BYTES_MAX]


class _Nobody(asyncio.StreamWriter):
    """Where a worker's frames go: nowhere."""

    def __init__(self) -> None:
        """Without a transport."""

    def __del__(self) -> None:
        """Nothing to close."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Dropped."""

    async def drain(self) -> None:
        """At once."""


_NOBODY = _Nobody()
READERS = (_frame_reader, _conversation, _multiplexed, _through_engine)
