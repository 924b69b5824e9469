"""The frames to init: what they are as bytes, and what cannot be said in one."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from worker.frames import (
    PATH_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    WORDS_MAX,
    encode_close,
    encode_fetch,
    encode_file,
    encode_keep,
    encode_stage,
    encode_wipe,
)


def frame(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack("!BBHI", 1, kind, 0, len(payload)) + payload


def test_file_frame_bytes() -> None:
    assert encode_file("a/b", b"xyz") == frame(1, b"\0\3a/bxyz")


def test_stage_frame_bytes() -> None:
    encoded = encode_stage(
        ["run", "ä"], cpu_ms=1, wall_ms=2, caps_bytes=(3, 4), stdin=b"in", env=["A=1"], warm=True
    )
    head = b"\1\0\0\0" + struct.pack("!IIIIHH", 1, 2, 3, 4, 2, 1)
    assert encoded == frame(2, head + b"\0\0\0\3run" + b"\0\0\0\2\xc3\xa4" + b"\0\0\0\3A=1" + b"in")


def test_frames_without_a_payload() -> None:
    assert encode_close() == frame(3)
    assert encode_keep() == frame(4)
    assert encode_wipe() == frame(5)


def test_fetch_frame_bytes() -> None:
    assert encode_fetch("a/b", 258) == frame(6, b"\0\0\1\2\0\3a/b")


@pytest.mark.parametrize("bytes_max", [-1, 1 << 32])
def test_a_fetch_has_a_most_that_fits(bytes_max: int) -> None:
    with pytest.raises(ValueError, match="fit"):
        encode_fetch("a", bytes_max)


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "a/./b", "..", "../a", "a/..", "a\0b", "a" * 1025]
)
def test_path_must_stay_below_work(path: str) -> None:
    with pytest.raises(ValueError, match="plain path"):
        encode_file(path, b"")
    with pytest.raises(ValueError, match="plain path"):
        encode_fetch(path, 1)


def test_longest_path_is_taken() -> None:
    assert encode_file("a" * PATH_BYTES_MAX, b"")


@pytest.mark.parametrize(
    "changed",
    [
        {"argv": []},
        {"argv": ["x"] * (WORDS_MAX + 1)},
        {"env": ["A=1"] * (WORDS_MAX + 1)},
        {"argv": ["a\0b"]},
        {"env": ["A=\0"]},
        {"env": ["A"]},
        {"env": ["=A"]},
        {"cpu_ms": -1},
        {"cpu_ms": 2**32},
        {"wall_ms": 2**32},
        {"caps_bytes": (2**32, 0)},
        {"caps_bytes": (0, -1)},
        {"stdin": bytes(PAYLOAD_BYTES_MAX)},
    ],
)
def test_what_no_stage_frame_can_say(changed: dict[str, Any]) -> None:
    stage: dict[str, Any] = {"argv": ["x"], "cpu_ms": 1, "wall_ms": 1, "caps_bytes": (1, 1)}
    with pytest.raises(ValueError, match=r"words|NAME=VALUE|NUL|fit|too large"):
        encode_stage(**(stage | changed))
