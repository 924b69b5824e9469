"""What init sends, as frames: checked byte by byte, for a program may have broken out of everything but
its container.

``FrameReader`` checks version, type, size, order and every field, keeps at most one incomplete frame,
and lets nothing send more than was asked for: no stage more than its caps, no file more than its most.
Whatever it does not like raises ``ProtocolError``, after which the sandbox is only good for
destruction.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from fleet.errors import ProtocolError
from worker.frames import (
    CHUNK_BYTES_MAX,
    HEADER,
    KEPT_BYTES_MAX,
    KEPT_ENTRIES_MAX,
    VERSION,
    Data,
    End,
    Fault,
    FetchEnd,
    Frame,
    How,
    Kept,
    Output,
    Ready,
    Stream,
    Wiped,
)

_READY, _STDOUT, _STDERR, _END, _ERROR, _KEPT, _DATA, _FETCHED, _WIPED = 16, 17, 18, 19, 20, 21, 22, 23, 24
_READY_BODY = struct.Struct("!BBH")
_END_BODY = struct.Struct("!BBHI5QII")
_KEPT_BODY = struct.Struct("!B3sIQ")
_FETCHED_BODY = struct.Struct("!B3sQ")
_WIPED_BODY = struct.Struct("!Q")
# Least and most bytes of the payload of each frame from init.
_SIZES = {
    _READY: (_READY_BODY.size, _READY_BODY.size),
    _STDOUT: (1, CHUNK_BYTES_MAX),
    _STDERR: (1, CHUNK_BYTES_MAX),
    _END: (_END_BODY.size, _END_BODY.size),
    _ERROR: (0, 1024),
    _KEPT: (_KEPT_BODY.size, _KEPT_BODY.size),
    _DATA: (1, CHUNK_BYTES_MAX),
    _FETCHED: (_FETCHED_BODY.size, _FETCHED_BODY.size),
    _WIPED: (_WIPED_BODY.size, _WIPED_BODY.size),
}
_LIMITS = (None, "cpu", "wall", "stdout", "stderr")
_CODES = ((0, 255), (1, 64), (1, 4095))  # exit codes, signal numbers, errno values, by how it ended
_HOWS: tuple[How, ...] = ("whole", "missing", "irregular", "cut")


@dataclass(slots=True)
class _Running:
    """A stage runs: how much of each stream may come, and how much has."""

    caps: dict[Stream, int]
    came: dict[Stream, int]


@dataclass(slots=True)
class _Fetching:
    """A file comes: how many bytes of it may, and how many have."""

    most: int
    came: int = 0


class _Keeping:
    """Init looks at the work directory."""


class _Wiping:
    """Init clears up."""


_Asked = _Running | _Fetching | _Keeping | _Wiping
_ANSWERS: dict[type, tuple[int, ...]] = {
    _Running: (_STDOUT, _STDERR, _END),
    _Fetching: (_DATA, _FETCHED),
    _Keeping: (_KEPT,),
    _Wiping: (_WIPED,),
}


class FrameReader:
    """Turns what init writes into frames, as it comes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ready = False
        self._over = False
        self._asked: _Asked | None = None

    def begin_stage(self, caps_bytes: tuple[int, int]) -> None:
        """Call before a ``STAGE`` is sent: until its ``End``, output within these caps is in order."""
        stdout, stderr = caps_bytes
        self._asked = _Running({"stdout": stdout, "stderr": stderr}, {"stdout": 0, "stderr": 0})

    def begin_keep(self) -> None:
        """Call before a ``KEEP`` is sent: one ``Kept`` is in order."""
        self._asked = _Keeping()

    def begin_wipe(self) -> None:
        """Call before a ``WIPE`` is sent: one ``Wiped`` is in order."""
        self._asked = _Wiping()

    def begin_fetch(self, bytes_max: int) -> None:
        """Call before a ``FETCH`` is sent: until its ``FetchEnd``, so many bytes are in order."""
        self._asked = _Fetching(bytes_max)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with ``data``, which may be cut anywhere. Raises ``ProtocolError``."""
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        while len(self._buffer) - at >= HEADER.size:
            kind, size = self._header(at)
            begin = at + HEADER.size
            if len(self._buffer) < begin + size:
                break
            at = begin + size
            frames.append(self._frame(kind, bytes(self._buffer[begin:at])))
        del self._buffer[:at]
        return frames

    def close(self) -> None:
        """Call at end of file. Raises ``ProtocolError`` if it comes inside a frame or before an answer."""
        if self._buffer:
            raise ProtocolError(f"init's bytes end {len(self._buffer)} bytes into a frame")
        if self._asked and not self._over:
            raise ProtocolError("init's bytes end before the stage does, or another answer")

    def _header(self, at: int) -> tuple[int, int]:
        version, kind, zero, size = HEADER.unpack_from(self._buffer, at)
        if version != VERSION or zero or kind not in _SIZES:
            raise ProtocolError(f"not a frame of init: version {version}, type {kind}")
        if self._over or (kind != _ERROR and self._ready == (kind == _READY)):
            raise ProtocolError(f"a frame of type {kind} is out of order")
        if kind not in (_READY, _ERROR) and kind not in _ANSWERS.get(type(self._asked), ()):
            raise ProtocolError(f"a frame of type {kind} came, which nobody asked for")
        least, most = _SIZES[kind]
        if not least <= size <= most:
            raise ProtocolError(f"a frame of type {kind} has {size} bytes; {least} to {most} are allowed")
        return kind, size

    def _frame(self, kind: int, payload: bytes) -> Frame:
        if kind == _READY:
            self._ready = True
            return _ready(payload)
        if kind == _ERROR:
            self._over = True
            return Fault(payload.decode("utf-8", "backslashreplace"))
        asked = self._asked
        if kind not in (_STDOUT, _STDERR, _DATA):  # the last word on what was asked
            self._asked = None
        return _answer(kind, payload, asked)


def _answer(kind: int, payload: bytes, asked: _Asked | None) -> Frame:
    found: Frame
    match asked:
        case _Running() if kind == _END:
            found = _end(payload, asked)
        case _Running():
            found = _output("stdout" if kind == _STDOUT else "stderr", payload, asked)
        case _Fetching() if kind == _DATA:
            found = _data(payload, asked)
        case _Fetching():
            found = _fetched(payload, asked)
        case _Keeping():
            found = _kept(payload)
        case _:
            found = Wiped(*_WIPED_BODY.unpack(payload))
    return found


def _ready(payload: bytes) -> Ready:
    warm, cgroup, zero = _READY_BODY.unpack(payload)
    if warm > 1 or cgroup > 2 or zero:
        raise ProtocolError(f"READY says warm {warm}, cgroup {cgroup}")
    return Ready(bool(warm), cgroup)


def _output(stream: Stream, data: bytes, running: _Running) -> Output:
    running.came[stream] += len(data)
    if running.came[stream] > running.caps[stream]:
        raise ProtocolError(f"init sent more {stream} than its cap of {running.caps[stream]} bytes")
    return Output(stream, data)


def _end(payload: bytes, running: _Running) -> End:
    how, limit, zero, code, cpu_us, wall_us, peak, stdout, stderr, oom, pids = _END_BODY.unpack(payload)
    if how >= len(_CODES) or limit >= len(_LIMITS) or zero:
        raise ProtocolError(f"END says how {how}, limit {limit}")
    least, most = _CODES[how]
    if not least <= code <= most:
        raise ProtocolError(f"END says code {code} for how {how}")
    counts: dict[Stream, int] = {"stdout": stdout, "stderr": stderr}
    for stream, count in counts.items():
        # The byte that passes a cap is counted but not sent.
        if count > running.caps[stream] + 1 or min(count, running.caps[stream]) != running.came[stream]:
            raise ProtocolError(f"END counts {count} bytes of {stream}, {running.came[stream]} came")
    return End(
        exit_code=code if how == 0 else None,
        signal=code if how == 1 else None,
        not_started=code if how == 2 else None,
        limit=_LIMITS[limit],
        cpu_us=cpu_us,
        wall_us=wall_us,
        memory_peak_bytes=peak,
        stdout_bytes=stdout,
        stderr_bytes=stderr,
        oom_kills=oom,
        pids_limit_hits=pids,
    )


def _kept(payload: bytes) -> Kept:
    whole, zeros, entries, content_bytes = _KEPT_BODY.unpack(payload)
    if whole > 1 or any(zeros) or entries > KEPT_ENTRIES_MAX or content_bytes > KEPT_BYTES_MAX:
        raise ProtocolError(f"KEPT says whole {whole}, {entries} entries, {content_bytes} bytes")
    if not whole and (entries or content_bytes):
        raise ProtocolError(f"KEPT says that nothing is kept, and {entries} entries")
    return Kept(bool(whole), entries, content_bytes)


def _data(payload: bytes, fetching: _Fetching) -> Data:
    fetching.came += len(payload)
    if fetching.came > fetching.most:
        raise ProtocolError(f"init sent more of a file than the {fetching.most} bytes asked for")
    return Data(payload)


def _fetched(payload: bytes, fetching: _Fetching) -> FetchEnd:
    number, zeros, size = _FETCHED_BODY.unpack(payload)
    if number >= len(_HOWS) or any(zeros):
        raise ProtocolError(f"FETCHED says how {number}")
    how, came, most = _HOWS[number], fetching.came, fetching.most
    sound = {"whole": came == size, "cut": came == most < size}.get(how, came == size == 0)
    if not sound:
        raise ProtocolError(f"FETCHED says {how} of a file of {size} bytes; {came} of at most {most} came")
    return FetchEnd(how, size)
