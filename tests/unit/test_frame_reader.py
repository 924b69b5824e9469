"""The reader of what init sends: what it takes, and that nothing it is sent can do more than raise."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import ProtocolError
from worker.frame_reader import FrameReader
from worker.frames import (
    CHUNK_BYTES_MAX,
    Data,
    End,
    Fault,
    FetchEnd,
    Frame,
    How,
    Kept,
    Output,
    Ready,
    Wiped,
)

CAPS = (1000, 1000)
READY, STDOUT, STDERR, END, ERROR, KEPT, DATA, FETCHED, WIPED = 16, 17, 18, 19, 20, 21, 22, 23, 24


def frame(
    kind: int, payload: bytes = b"", *, version: int = 1, zero: int = 0, size: int | None = None
) -> bytes:
    return struct.pack("!BBHI", version, kind, zero, len(payload) if size is None else size) + payload


def end(**changed: int) -> bytes:
    names = ("how", "limit", "zero", "code", "cpu", "wall", "memory", "stdout", "stderr", "oom", "pids")
    fields = dict.fromkeys(names, 0) | changed
    return frame(END, struct.pack("!BBHI5QII", *fields.values()))


def kept(whole: int = 1, zeros: int = 0, entries: int = 0, content: int = 0) -> bytes:
    return frame(KEPT, struct.pack("!BBHIQ", whole, 0, zeros, entries, content))


wiped = frame(WIPED, b"\0\0\0\0\0\0\1\2")


def fetched(how: int = 0, zeros: int = 0, size: int = 0) -> bytes:
    return frame(FETCHED, struct.pack("!BBHQ", how, 0, zeros, size))


def idle() -> FrameReader:
    reader = FrameReader()
    assert reader.feed(frame(READY, b"\1\2\0\0")) == [Ready(warm=True, cgroup=2)]
    return reader


def in_stage(caps: tuple[int, int] = CAPS) -> FrameReader:
    reader = idle()
    reader.begin_stage(caps)
    return reader


def fetching(most: int) -> FrameReader:
    reader = idle()
    reader.begin_fetch(most)
    return reader


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
        frame(25),
        frame(255),
        kept(),
        wiped,
        frame(DATA, b"x"),
        fetched(),
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
        frame(READY, bytes(4)) + kept(),
        frame(READY, bytes(4)) + frame(DATA, b"x"),
        frame(READY, bytes(4)) + fetched(how=1),
        frame(READY, bytes(4)) + wiped,
    ],
)
def test_what_init_must_not_send_before_a_stage(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameReader().feed(data)


def test_an_error_may_come_at_any_time() -> None:
    assert FrameReader().feed(frame(ERROR, b"no /work")) == [Fault("no /work")]
    assert in_stage().feed(frame(ERROR)) == [Fault("")]


# ---- between stages


def test_the_work_directory_is_kept_or_too_much() -> None:
    reader = idle()
    reader.begin_keep()
    assert reader.feed(kept(entries=3, content=1 << 26)) == [Kept(True, 3, 1 << 26)]
    reader.begin_keep()
    assert reader.feed(kept(whole=0)) == [Kept(False, 0, 0)]
    reader.close()


def test_a_wipe_is_answered_once() -> None:
    reader = idle()
    reader.begin_wipe()
    assert reader.feed(wiped) == [Wiped(258)]
    with pytest.raises(ProtocolError):
        reader.feed(wiped)


@pytest.mark.parametrize(
    ("most", "pieces", "last", "how"),
    [
        (9, [b"ab", b"c"], {"size": 3}, "whole"),
        (3, [b"abc"], {"size": 3}, "whole"),
        (0, [], {}, "whole"),
        (3, [b"abc"], {"how": 3, "size": 4}, "cut"),
        (0, [], {"how": 3, "size": 1 << 40}, "cut"),
        (9, [], {"how": 1}, "missing"),
        (9, [], {"how": 2}, "irregular"),
    ],
)
def test_a_file_is_fetched(most: int, pieces: list[bytes], last: dict[str, int], how: How) -> None:
    reader = fetching(most)
    data = b"".join(frame(DATA, piece) for piece in pieces)
    assert reader.feed(data + fetched(**last)) == [*map(Data, pieces), FetchEnd(how, last.get("size", 0))]
    reader.close()


@pytest.mark.parametrize(
    "data",
    [
        frame(DATA, b"12345"),  # beyond the most
        frame(DATA, b"123") + frame(DATA, b"45"),
        frame(DATA),
        frame(DATA, size=CHUNK_BYTES_MAX + 1),
        fetched(size=1),  # what never came
        frame(DATA, b"12") + fetched(size=1),
        frame(DATA, b"12") + fetched(size=3),
        frame(DATA, b"12") + fetched(how=3, size=3),  # cut, but not at the most
        frame(DATA, b"1234") + fetched(how=3, size=4),  # cut, and all of it
        frame(DATA, b"12") + fetched(how=1),
        frame(DATA, b"12") + fetched(how=2, size=2),
        fetched(how=1, size=1),
        fetched(how=2, size=1),
        fetched(how=4),
        fetched(zeros=1),
        frame(FETCHED, bytes(11)),
        frame(FETCHED, bytes(13)),
        frame(STDOUT, b"x"),
        kept(),
        wiped,
        end(),
        fetched() + fetched(),
        fetched() + frame(DATA, b"1"),
    ],
)
def test_what_init_must_not_send_of_a_file(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        fetching(4).feed(data)


@pytest.mark.parametrize(
    "data",
    [
        kept(whole=2),
        kept(zeros=1),
        kept(entries=4097),
        kept(content=(1 << 26) + 1),
        kept(whole=0, entries=1),
        kept(whole=0, content=1),
        frame(KEPT, bytes(15)),
        frame(KEPT, bytes(17)),
        wiped,
        fetched(),
        kept() + kept(),
    ],
)
def test_what_init_must_not_send_of_what_it_keeps(data: bytes) -> None:
    reader = idle()
    reader.begin_keep()
    with pytest.raises(ProtocolError):
        reader.feed(data)


@pytest.mark.parametrize("data", [frame(WIPED), frame(WIPED, bytes(7)), frame(WIPED, bytes(9)), kept()])
def test_what_init_must_not_send_of_a_wipe(data: bytes) -> None:
    reader = idle()
    reader.begin_wipe()
    with pytest.raises(ProtocolError):
        reader.feed(data)


@pytest.mark.parametrize("begin", ["begin_keep", "begin_wipe"])
def test_the_end_of_bytes_must_not_come_before_an_answer(begin: str) -> None:
    reader = idle()
    getattr(reader, begin)()
    with pytest.raises(ProtocolError, match="answer"):
        reader.close()


# ---- the end, and anything at all


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
