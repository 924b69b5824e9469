"""The frame codec: what it writes, what it takes, and that nothing init sends can do more than raise."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import ProtocolError
from worker.frames import (
    CHUNK_BYTES_MAX,
    PATH_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    WORDS_MAX,
    End,
    Fault,
    Frame,
    FrameReader,
    Output,
    Ready,
    encode_close,
    encode_file,
    encode_stage,
)

CAPS = (1000, 1000)
READY, STDOUT, STDERR, END, ERROR = 16, 17, 18, 19, 20


def frame(
    kind: int, payload: bytes = b"", *, version: int = 1, zero: int = 0, size: int | None = None
) -> bytes:
    return struct.pack("!BBHI", version, kind, zero, len(payload) if size is None else size) + payload


def end(**changed: int) -> bytes:
    names = ("how", "limit", "zero", "code", "cpu", "wall", "memory", "stdout", "stderr", "oom", "pids")
    fields = dict.fromkeys(names, 0) | changed
    return frame(END, struct.pack("!BBHI5QII", *fields.values()))


def in_stage(caps: tuple[int, int] = CAPS) -> FrameReader:
    reader = FrameReader()
    assert reader.feed(frame(READY, b"\1\2\0\0")) == [Ready(warm=True, cgroup=2)]
    reader.begin_stage(caps)
    return reader


# ---- to init


def test_file_frame_bytes() -> None:
    assert encode_file("a/b", b"xyz") == frame(1, b"\0\3a/bxyz")


def test_stage_frame_bytes() -> None:
    encoded = encode_stage(
        ["run", "ä"], cpu_ms=1, wall_ms=2, caps_bytes=(3, 4), stdin=b"in", env=["A=1"], warm=True
    )
    head = b"\1\0\0\0" + struct.pack("!IIIIHH", 1, 2, 3, 4, 2, 1)
    assert encoded == frame(2, head + b"\0\0\0\3run" + b"\0\0\0\2\xc3\xa4" + b"\0\0\0\3A=1" + b"in")


def test_close_frame_bytes() -> None:
    assert encode_close() == frame(3)


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "a/./b", "..", "../a", "a/..", "a\0b", "a" * 1025]
)
def test_path_must_stay_below_work(path: str) -> None:
    with pytest.raises(ValueError, match="plain path"):
        encode_file(path, b"")


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
    with pytest.raises(ValueError, match=r"words|NUL|fit|too large"):
        encode_stage(**(stage | changed))


# ---- from init


def test_a_whole_conversation() -> None:
    reader = in_stage()
    told = end(code=7, cpu=1, wall=2, memory=3, stdout=2, stderr=1001, limit=4, oom=5, pids=6)
    data = frame(STDOUT, b"a") + frame(STDERR, b"e" * 1000) + frame(STDOUT, b"b") + told
    assert reader.feed(data) == [
        Output("stdout", b"a"),
        Output("stderr", b"e" * 1000),
        Output("stdout", b"b"),
        End(
            exit_code=7,
            signal=None,
            not_started=None,
            limit="stderr",
            cpu_us=1,
            wall_us=2,
            memory_peak_bytes=3,
            stdout_bytes=2,
            stderr_bytes=1001,
            oom_kills=5,
            pids_limit_hits=6,
        ),
    ]
    reader.begin_stage(CAPS)
    assert reader.feed(end(how=1, code=9) + frame(ERROR, b"words \xff"))[1] == Fault("words \\xff")
    reader.close()


@pytest.mark.parametrize(("how", "name"), [(0, "exit_code"), (1, "signal"), (2, "not_started")])
def test_exactly_one_way_to_end(how: int, name: str) -> None:
    (told,) = in_stage().feed(end(how=how, code=11))
    ways = {way: getattr(told, way) for way in ("exit_code", "signal", "not_started")}
    assert ways == dict.fromkeys(ways, None) | {name: 11}


@pytest.mark.parametrize("number", range(5))
def test_limits_have_names(number: int) -> None:
    (told,) = in_stage().feed(end(limit=number))
    assert isinstance(told, End)
    assert told.limit == (None, "cpu", "wall", "stdout", "stderr")[number]


@given(cuts=st.lists(st.integers(0, 300), max_size=30))
def test_bytes_may_be_cut_anywhere(cuts: list[int]) -> None:
    data = frame(STDOUT, b"out" * 40) + frame(STDERR, b"err") + end(stdout=120, stderr=3)
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    reader = in_stage()
    frames = [found for a, b in pairwise(edges) for found in reader.feed(data[a:b])]
    assert frames == in_stage().feed(data)
    assert [type(found) for found in frames] == [Output, Output, End]


@pytest.mark.parametrize(
    "data",
    [
        frame(STDOUT, b"x", version=0),
        frame(STDOUT, b"x", version=2),
        frame(STDOUT, b"x", zero=1),
        frame(0),
        frame(1, b"x"),
        frame(21),
        frame(255),
        frame(READY, b"\0\0\0\0"),
        frame(STDOUT),
        frame(STDOUT, size=CHUNK_BYTES_MAX + 1),
        frame(STDERR, size=0xFFFFFFFF),
        frame(END, bytes(55)),
        frame(END, bytes(57)),
        frame(ERROR, size=1025),
        frame(STDOUT, b"x" * 1001),
        frame(STDERR, b"x" * 600) * 2,
        end(how=3),
        end(limit=5),
        end(zero=1),
        end(code=256),
        end(how=1),
        end(how=1, code=65),
        end(how=2),
        end(how=2, code=4096),
        end(stdout=1),
        end(stderr=1),
        end(stdout=2**64 - 1),
        frame(STDOUT, b"xx") + end(stdout=1),
        frame(STDOUT, b"xx") + end(stdout=3),
        frame(STDOUT, b"x" * 1000) + end(stdout=1002),
        end() + end(),
        end() + frame(STDOUT, b"x"),
        frame(ERROR) + frame(ERROR),
        frame(ERROR) + end(),
    ],
)
def test_what_init_must_not_send(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        in_stage().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        frame(STDOUT, b"x"),
        end(),
        frame(READY, b"\2\0\0\0"),
        frame(READY, b"\0\3\0\0"),
        frame(READY, b"\0\0\0\1"),
        frame(READY, b"\0\0\0"),
        frame(READY, bytes(4)) + frame(READY, bytes(4)),
        frame(READY, bytes(4)) + frame(STDOUT, b"x"),
        frame(READY, bytes(4)) + end(),
    ],
)
def test_what_init_must_not_send_before_a_stage(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameReader().feed(data)


def test_an_error_may_come_at_any_time() -> None:
    assert FrameReader().feed(frame(ERROR, b"no /work")) == [Fault("no /work")]
    assert in_stage().feed(frame(ERROR)) == [Fault("")]


def test_the_end_of_bytes_must_not_cut_a_frame_or_a_stage() -> None:
    reader = in_stage()
    with pytest.raises(ProtocolError, match="before the stage"):
        reader.close()
    reader.feed(frame(STDOUT, b"x")[:-1])
    with pytest.raises(ProtocolError, match="into a frame"):
        reader.close()


def _kept(data: bytes, pieces: int) -> list[Frame]:
    reader = in_stage((1 << 20, 1 << 20))
    step = max(1, len(data) // pieces)
    found: list[Frame] = []
    for at in range(0, len(data), step):
        found += reader.feed(data[at : at + step])
        assert len(reader._buffer) < 8 + CHUNK_BYTES_MAX  # at most one incomplete frame is kept
    return found


LIKELY = st.sampled_from(
    [frame(STDOUT, b"x"), frame(STDERR, b"yy"), end(), frame(ERROR, b"e"), b"\1", b"\x13"]
)


@given(data=st.one_of(st.binary(max_size=200), st.lists(LIKELY | st.binary(max_size=9)).map(b"".join)))
def test_any_bytes_give_frames_or_a_protocol_error(data: bytes) -> None:
    try:
        frames = _kept(data, pieces=3)
    except ProtocolError:
        return
    assert all(isinstance(found, Output | End | Fault) for found in frames)


@given(
    kind=st.integers(0, 255),
    size=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=80),
    zero=st.integers(0, 1),
)
def test_any_header_gives_frames_or_a_protocol_error(kind: int, size: int, payload: bytes, zero: int) -> None:
    data = frame(kind, payload, size=size, zero=zero)
    try:
        _kept(data, pieces=2)
    except ProtocolError:
        return
    assert kind in (STDOUT, STDERR, END, ERROR)
    assert size <= CHUNK_BYTES_MAX
