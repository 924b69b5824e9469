"""The frames a worker and init exchange (``sandbox-images/README.md``): bytes from values and back.

Pure: no I/O. What init sends is untrusted, since a program may have broken out of everything but
its container; ``FrameReader`` checks version, type, size, order and every field, keeps at most one
incomplete frame, and lets no stage send more than its caps. Whatever it does not like raises
``ProtocolError``, after which the sandbox is only good for destruction.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fleet.errors import ProtocolError

VERSION = 1
PAYLOAD_BYTES_MAX = 8 * 1024 * 1024  # of a frame to init
CHUNK_BYTES_MAX = 64 * 1024  # of an output frame
PATH_BYTES_MAX = 1024
WORDS_MAX = 256

_FILE, _STAGE, _CLOSE = 1, 2, 3
_READY, _STDOUT, _STDERR, _END, _ERROR = 16, 17, 18, 19, 20
_HEADER = struct.Struct("!BBHI")
_STAGE_HEAD = struct.Struct("!BBHIIIIHH")
_READY_BODY = struct.Struct("!BBH")
_END_BODY = struct.Struct("!BBHI5QII")
_FLAG_WARM = 1
# Least and most bytes of the payload of each frame from init.
_SIZES = {
    _READY: (_READY_BODY.size, _READY_BODY.size),
    _STDOUT: (1, CHUNK_BYTES_MAX),
    _STDERR: (1, CHUNK_BYTES_MAX),
    _END: (_END_BODY.size, _END_BODY.size),
    _ERROR: (0, 1024),
}
_LIMITS = (None, "cpu", "wall", "stdout", "stderr")
_CODES = ((0, 255), (1, 64), (1, 4095))  # exit codes, signal numbers, errno values, by how it ended

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Init is there. ``warm``: the language's warm process waits; ``cgroup``: 0 none, 1 or 2."""

    warm: bool
    cgroup: int


@dataclass(frozen=True, slots=True)
class Output:
    """Some of what the program wrote, in order within its stream."""

    stream: Stream
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a stage ended, in the words of ``RawOutcome``. Exactly one of the first three is set."""

    exit_code: int | None
    signal: int | None
    not_started: int | None
    limit: str | None
    cpu_us: int
    wall_us: int
    memory_peak_bytes: int
    stdout_bytes: int
    stderr_bytes: int
    oom_kills: int
    pids_limit_hits: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Init gave up and exits; ``words`` say why."""

    words: str


Frame = Ready | Output | End | Fault


@dataclass(slots=True)
class _Running:
    """The stage that runs: how much of each stream may come, and how much has."""

    caps: dict[Stream, int]
    came: dict[Stream, int]


def encode_file(path: str, content: bytes) -> bytes:
    """A ``FILE`` frame. Raises ``ValueError`` for a path that could leave the work directory."""
    raw = path.encode()
    if not 1 <= len(raw) <= PATH_BYTES_MAX or b"\0" in raw or {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f"not a plain path below the work directory: {path[:80]!r}")
    return _encode(_FILE, struct.pack("!H", len(raw)), raw, content)


def encode_stage(  # noqa: PLR0913 - the fields of one frame, all but the first by name
    argv: Sequence[str],
    *,
    cpu_ms: int,
    wall_ms: int,
    caps_bytes: tuple[int, int],
    stdin: bytes = b"",
    env: Sequence[str] = (),
    warm: bool = False,
) -> bytes:
    """A ``STAGE`` frame: run ``argv`` (through the warm command if ``warm``) within these limits.

    ``caps_bytes`` are those of stdout and stderr. Raises ``ValueError`` for what no frame can say.
    """
    if not 1 <= len(argv) <= WORDS_MAX or len(env) > WORDS_MAX:
        raise ValueError(f"{len(argv)} words, {len(env)} variables; 1 to {WORDS_MAX} and at most {WORDS_MAX}")
    words = [word.encode() for word in (*argv, *env)]
    if any(b"\0" in word for word in words):
        raise ValueError("a word of argv or env contains NUL")
    flags = _FLAG_WARM if warm else 0
    try:
        head = _STAGE_HEAD.pack(flags, 0, 0, cpu_ms, wall_ms, *caps_bytes, len(argv), len(env))
    except struct.error as error:
        raise ValueError(f"a limit does not fit its field: {error}") from None
    prefixed = (part for word in words for part in (struct.pack("!I", len(word)), word))
    return _encode(_STAGE, head, *prefixed, stdin)


def encode_close() -> bytes:
    """A ``CLOSE`` frame: init kills what is left and exits."""
    return _encode(_CLOSE)


class FrameReader:
    """Turns what init writes into frames, as it comes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ready = False
        self._over = False
        self._running: _Running | None = None

    def begin_stage(self, caps_bytes: tuple[int, int]) -> None:
        """Call before a ``STAGE`` is sent: until its ``End``, output within these caps is in order."""
        stdout, stderr = caps_bytes
        self._running = _Running({"stdout": stdout, "stderr": stderr}, {"stdout": 0, "stderr": 0})

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with ``data``, which may be cut anywhere. Raises ``ProtocolError``."""
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            kind, size = self._header(at)
            begin = at + _HEADER.size
            if len(self._buffer) < begin + size:
                break
            at = begin + size
            frames.append(self._frame(kind, bytes(self._buffer[begin:at])))
        del self._buffer[:at]
        return frames

    def close(self) -> None:
        """Call at end of file. Raises ``ProtocolError`` if it comes inside a frame or a stage."""
        if self._buffer:
            raise ProtocolError(f"init's bytes end {len(self._buffer)} bytes into a frame")
        if self._running and not self._over:
            raise ProtocolError("init's bytes end before the stage does")

    def _header(self, at: int) -> tuple[int, int]:
        version, kind, zero, size = _HEADER.unpack_from(self._buffer, at)
        if version != VERSION or zero or kind not in _SIZES:
            raise ProtocolError(f"not a frame of init: version {version}, type {kind}")
        if self._over or (kind != _ERROR and self._ready == (kind == _READY)):
            raise ProtocolError(f"a frame of type {kind} is out of order")
        if kind in (_STDOUT, _STDERR, _END) and not self._running:
            raise ProtocolError(f"a frame of type {kind} came while no stage runs")
        least, most = _SIZES[kind]
        if not least <= size <= most:
            raise ProtocolError(f"a frame of type {kind} has {size} bytes; {least} to {most} are allowed")
        return kind, size

    def _frame(self, kind: int, payload: bytes) -> Frame:
        if kind == _READY:
            self._ready = True
            return _ready(payload)
        if self._running and kind == _END:
            running, self._running = self._running, None
            return _end(payload, running)
        if self._running and kind != _ERROR:
            return _output("stdout" if kind == _STDOUT else "stderr", payload, self._running)
        self._over = True
        return Fault(payload.decode("utf-8", "backslashreplace"))


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


def _encode(kind: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    if size > PAYLOAD_BYTES_MAX:
        raise ValueError(f"a frame of {size} bytes is too large; at most {PAYLOAD_BYTES_MAX}")
    return b"".join((_HEADER.pack(VERSION, kind, 0, size), *parts))
