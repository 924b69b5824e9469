"""The frames a worker and init exchange (``sandbox-images/README.md``): bytes from values, and the values
of what comes back.

Pure: no I/O. ``worker.frame_reader`` reads what init sends, which is untrusted.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

VERSION = 1
PAYLOAD_BYTES_MAX = 8 * 1024 * 1024  # of a frame to init
CHUNK_BYTES_MAX = 64 * 1024  # of a frame with output or content
PATH_BYTES_MAX = 1024
WORDS_MAX = 256
KEPT_BYTES_MAX = 64 * 1024 * 1024
KEPT_ENTRIES_MAX = 4096
HEADER = struct.Struct("!BBHI")

_FILE, _STAGE, _CLOSE, _KEEP, _WIPE, _FETCH = 1, 2, 3, 4, 5, 6
_STAGE_HEAD = struct.Struct("!BBHIIIIHH")
_FLAG_WARM = 1

Stream = Literal["stdout", "stderr"]
How = Literal["whole", "missing", "irregular", "cut"]  # a file was fetched; the last: at the most asked for


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
class Kept:
    """The work directory is remembered, or (not ``whole``) nothing is, since it was too much."""

    whole: bool
    entries: int
    content_bytes: int


@dataclass(frozen=True, slots=True)
class Wiped:
    """What could be written to is as it was kept, or empty; so much memory is in use all the same."""

    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Data:
    """Some bytes of the file that is fetched, in order."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FetchEnd:
    """All of a file's bytes that were asked for came. ``size_bytes`` is that of the file."""

    how: How
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Init gave up and exits; ``words`` say why."""

    words: str


Frame = Ready | Output | End | Kept | Wiped | Data | FetchEnd | Fault


def encode_file(path: str, content: bytes) -> bytes:
    """A ``FILE`` frame. Raises ``ValueError`` for a path that could leave the work directory."""
    return _encode(_FILE, _path(path), content)


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

    ``caps_bytes`` are those of stdout and stderr, ``env`` words are ``NAME=VALUE``. Raises
    ``ValueError`` for what no frame can say.
    """
    if not 1 <= len(argv) <= WORDS_MAX or len(env) > WORDS_MAX:
        raise ValueError(f"{len(argv)} words, {len(env)} variables; 1 to {WORDS_MAX} and at most {WORDS_MAX}")
    if any(word.find("=") < 1 for word in env):
        raise ValueError("a word of env is not NAME=VALUE")
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


def encode_keep() -> bytes:
    """A ``KEEP`` frame: remember what is in the work directory."""
    return _encode(_KEEP)


def encode_wipe() -> bytes:
    """A ``WIPE`` frame: make the work directory what it was when it was kept, and the rest empty."""
    return _encode(_WIPE)


def encode_fetch(path: str, bytes_max: int) -> bytes:
    """A ``FETCH`` frame: send the first ``bytes_max`` bytes of a file. Raises ``ValueError``."""
    if not 0 <= bytes_max < 1 << 32:
        raise ValueError(f"{bytes_max} bytes do not fit their field")
    return _encode(_FETCH, struct.pack("!I", bytes_max), _path(path))


def _path(path: str) -> bytes:
    raw = path.encode()
    if not 1 <= len(raw) <= PATH_BYTES_MAX or b"\0" in raw or {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f"not a plain path below the work directory: {path[:80]!r}")
    return struct.pack("!H", len(raw)) + raw


def _encode(kind: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    if size > PAYLOAD_BYTES_MAX:
        raise ValueError(f"a frame of {size} bytes is too large; at most {PAYLOAD_BYTES_MAX}")
    return b"".join((HEADER.pack(VERSION, kind, 0, size), *parts))
