"""The conversation with a box, against every way its init (or who speaks for it) can misbehave."""

from __future__ import annotations

import asyncio
import struct

import pytest

from fleet.errors import ProtocolError, SandboxError
from fleet.limits import Limits
from worker.box import Conversation, Ending
from worker.sandbox import Stage

READY, STDOUT, STDERR, END, ERROR = 16, 17, 18, 19, 20
STAGE = Stage(("run",), Limits(wall_s=5, stdout_bytes=10, stderr_bytes=10), files=(("main", b"code"),))


def frame(kind: int, payload: bytes = b"", *, version: int = 1, size: int | None = None) -> bytes:
    return struct.pack("!BBHI", version, kind, 0, len(payload) if size is None else size) + payload


def end(how: int = 0, code: int = 0, stdout: int = 0, stderr: int = 0, limit: int = 0) -> bytes:
    return frame(END, struct.pack("!BBHI5QII", how, limit, 0, code, 1000, 2000, 4096, stdout, stderr, 0, 0))


ready = frame(READY, bytes((1, 1, 0, 0)))


class Wire:
    """A stream that says what it is told to, in the pieces it is told to."""

    def __init__(self, *pieces: bytes, hang: bool = False) -> None:
        self._pieces, self._hang = list(pieces), hang
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    async def receive(self) -> bytes:
        await asyncio.sleep(0)
        if self._pieces:
            return self._pieces.pop(0)
        if self._hang:
            await asyncio.Event().wait()
        return b""


async def converse(*pieces: bytes, stage: Stage = STAGE):  # type: ignore[no-untyped-def]
    conversation = Conversation(Wire(ready, *pieces))
    assert await conversation.ready()
    return await conversation.run(stage)


async def test_a_run_gathers_output_until_its_end() -> None:
    wire = Wire(ready, frame(STDOUT, b"ab"), frame(STDERR, b"x") + frame(STDOUT, b"c"), end(0, 3, 3, 1))
    conversation = Conversation(wire)
    assert await conversation.ready()

    raw, ending = await conversation.run(STAGE)

    assert ending is Ending.TOLD
    assert (raw.stdout, raw.stderr, raw.exit_code) == (b"abc", b"x", 3)
    assert (raw.cpu_us, raw.wall_us, raw.memory_peak_bytes) == (1000, 2000, 4096)
    assert b"main" in wire.sent
    assert b"code" in wire.sent


async def test_output_is_heard_as_it_comes() -> None:
    pieces = [frame(STDOUT, b"ab"), frame(STDERR, b"x") + frame(STDOUT, b"c"), end(0, 0, 3, 1)]
    conversation = Conversation(Wire(ready, *pieces))
    heard: list[tuple[str, bytes]] = []
    assert await conversation.ready()

    raw, _ = await conversation.run(STAGE, lambda stream, data: heard.append((stream, data)))

    assert heard == [("stdout", b"ab"), ("stderr", b"x"), ("stdout", b"c")]
    assert (raw.stdout, raw.stderr) == (b"abc", b"x")


async def test_the_frames_of_a_stage_are_written_at_once_and_together() -> None:
    class Counting(Wire):
        writes = 0

        def write(self, data: bytes) -> None:
            super().write(data)
            self.writes += 1

    wire = Counting(ready, hang=True)
    conversation = Conversation(wire)
    assert await conversation.ready()
    running = conversation.run(STAGE)
    running.send(None)  # one step, no turn of the loop

    assert wire.writes == 1
    assert b"code" in wire.sent
    running.close()


async def test_frames_may_be_cut_anywhere() -> None:
    stream = ready + frame(STDOUT, b"abc") + end(0, 0, 3)
    conversation = Conversation(Wire(*(stream[i : i + 1] for i in range(len(stream)))))
    assert await conversation.ready()

    raw, _ = await conversation.run(STAGE)

    assert raw.stdout == b"abc"


@pytest.mark.parametrize(
    "piece",
    [
        frame(STDOUT, b"x" * 11),  # past the cap
        frame(STDOUT, b"x" * 6) + frame(STDOUT, b"y" * 6),  # past it in two steps
        frame(STDOUT, b"x", version=2),
        frame(99, b"x"),
        frame(STDOUT, size=0xFFFFFFFF),  # a size nobody should believe
        frame(END, b"short"),
        end(how=7),
        end(code=256),
        end(limit=9),
        end(stdout=5),  # counts what never came
        ready,  # twice
        b"HTTP/1.1 500 Oops\r\n\r\n",
    ],
)
async def test_what_breaks_the_protocol_is_our_failure(piece: bytes) -> None:
    with pytest.raises(ProtocolError):
        await converse(piece)


async def test_init_giving_up_is_our_failure_with_its_words() -> None:
    with pytest.raises(SandboxError, match="no memory for a frame"):
        await converse(frame(ERROR, b"no memory for a frame"))


async def test_a_stream_that_breaks_off_keeps_what_was_heard() -> None:
    raw, ending = await converse(frame(STDOUT, b"half"))

    assert ending is Ending.BROKEN
    assert (raw.stdout, raw.exit_code, raw.signal) == (b"half", None, None)


async def test_an_init_that_never_answers_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.box.BEHIND_INIT_S", 0.01)
    conversation = Conversation(Wire(ready, frame(STDERR, b"so far"), hang=True))
    assert await conversation.ready()

    raw, ending = await conversation.run(Stage(("run",), Limits(wall_s=0.05)))

    assert ending is Ending.OVERDUE
    assert raw.overdue
    assert raw.stderr == b"so far"
    assert raw.wall_us >= 50_000


@pytest.mark.parametrize("first", [frame(STDOUT, b"x"), end(), b"junk that is no frame"])
async def test_the_first_word_must_be_ready(first: bytes) -> None:
    with pytest.raises(ProtocolError):
        await Conversation(Wire(first)).ready()


async def test_a_box_that_ends_before_it_is_ready_says_so() -> None:
    assert not await Conversation(Wire()).ready()
    with pytest.raises(SandboxError, match="gave up"):
        await Conversation(Wire(frame(ERROR, b"cannot set up"))).ready()


async def test_a_job_that_fits_no_frame_is_our_mistake() -> None:
    conversation = Conversation(Wire(ready))
    assert await conversation.ready()

    with pytest.raises(SandboxError, match="frames"):
        await conversation.run(Stage(("run",), Limits(), files=(("../x", b""),)))


async def test_a_box_that_does_not_read_is_left_to_the_reading_side() -> None:
    class Deaf(Wire):
        def write(self, data: bytes) -> None:
            pass

    conversation = Conversation(Deaf(ready))
    assert await conversation.ready()

    _, ending = await conversation.run(STAGE)

    assert ending is Ending.BROKEN
