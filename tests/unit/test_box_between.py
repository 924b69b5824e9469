"""What is said to a box between two stages, and every way its init can misbehave there."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from fleet.errors import ProtocolError, SandboxError
from fleet.limits import MIB, Limits
from tests.unit.test_box import ERROR, STAGE, STDOUT, Wire, end, frame, ready
from worker.box import Conversation, ConversingBox, Ending
from worker.sandbox import BoxSpec, Fetched, Stage
from worker.testing import a_language

KEPT, DATA, FETCHED, WIPED = 21, 22, 23, 24
kept = frame(KEPT, struct.pack("!IIQ", 1 << 24, 3, 9))
wiped = frame(WIPED, struct.pack("!Q", 40 * MIB))
Call = Callable[[Conversation], Awaitable[object]]
CALLS: list[Call] = [Conversation.keep, Conversation.wipe, lambda talk: talk.fetch("out", 9)]
EACH_CALL = pytest.mark.parametrize("call", CALLS, ids=["keep", "wipe", "fetch"])


def fetched(how: int = 0, size: int = 0) -> bytes:
    return frame(FETCHED, struct.pack("!IQ", how << 24, size))


async def talk(*pieces: bytes, hang: bool = False) -> Conversation:
    conversation = Conversation(Wire(ready, *pieces, hang=hang))
    assert await conversation.ready()
    return conversation


async def test_a_box_has_several_stages() -> None:
    wire = Wire(ready, frame(STDOUT, b"a"), end(0, 0, 1), kept, wiped, frame(STDOUT, b"b"), end(0, 1, 1))
    conversation = Conversation(wire)
    assert await conversation.ready()

    first = await conversation.run(STAGE)
    assert await conversation.keep()
    await conversation.wipe()
    second = await conversation.run(Stage(("run",), Limits(), env=(("NAME", "a=b"),)))

    assert [(raw.stdout, raw.exit_code, ending) for raw, ending in (first, second)] == [
        (b"a", 0, Ending.TOLD),
        (b"b", 1, Ending.TOLD),
    ]
    assert frame(4) + frame(5) in wire.sent
    assert b"NAME=a=b" in wire.sent


async def test_too_much_is_an_answer() -> None:
    assert not await (await talk(frame(KEPT, bytes(16)))).keep()


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        ([frame(DATA, b"ab"), frame(DATA, b"c") + fetched(0, 3)], Fetched("whole", b"abc", 3)),
        ([frame(DATA, b"123456789"), fetched(3, 100)], Fetched("cut", b"123456789", 100)),
        ([fetched(1)], Fetched("missing")),
        ([fetched(2)], Fetched("irregular")),
    ],
)
async def test_a_file_is_gathered(pieces: list[bytes], found: Fetched) -> None:
    assert await (await talk(*pieces)).fetch("out", 9) == found


@pytest.mark.parametrize(("path", "most"), [("../x", 1), ("", 1), ("x", -1), ("x", 1 << 32)])
async def test_a_file_that_no_frame_can_name_is_our_mistake(path: str, most: int) -> None:
    with pytest.raises(SandboxError, match="asked for"):
        await (await talk()).fetch(path, most)


@EACH_CALL
@pytest.mark.parametrize(
    "piece",
    [frame(STDOUT, b"x"), end(), ready, frame(KEPT, b"short"), b"HTTP/1.1 500", frame(DATA, b"x" * 10)],
    ids=["output", "end", "ready", "short", "junk", "too many bytes"],
)
async def test_a_wrong_answer_is_our_failure(call: Call, piece: bytes) -> None:
    with pytest.raises(ProtocolError):
        await call(await talk(piece))


@EACH_CALL
@pytest.mark.parametrize(
    ("pieces", "words"), [([frame(ERROR, b"no memory")], "no memory"), ([], "between two stages")]
)
async def test_a_box_that_ends_instead_is_our_failure(call: Call, pieces: list[bytes], words: str) -> None:
    conversation = await talk(*pieces)
    with pytest.raises(SandboxError, match=words):
        await call(conversation)


@EACH_CALL
async def test_a_box_that_hangs_is_our_failure(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.box._BETWEEN_S", 0.01)
    conversation = await talk(hang=True)
    with pytest.raises(SandboxError, match="did not answer"):
        await call(conversation)


@EACH_CALL
async def test_after_a_failure_nothing_more_is_said(call: Call) -> None:
    conversation = await talk(frame(ERROR, b"over"), kept, wiped, fetched(1), end())
    with pytest.raises(SandboxError, match="over"):
        await conversation.wipe()
    for again in (call, lambda talk: talk.run(STAGE)):
        with pytest.raises(SandboxError, match="destroyed"):
            await again(conversation)


@EACH_CALL
async def test_after_a_run_without_an_end_nothing_more_is_said(call: Call) -> None:
    conversation = await talk(frame(STDOUT, b"half"))
    assert (await conversation.run(STAGE))[1] is Ending.BROKEN
    with pytest.raises(SandboxError, match="destroyed"):
        await call(conversation)


@EACH_CALL
async def test_one_call_at_a_time(call: Call) -> None:
    conversation = await talk(hang=True)
    running = asyncio.create_task(conversation.run(STAGE))
    await asyncio.sleep(0)
    with pytest.raises(SandboxError, match="at work"):
        await call(conversation)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(SandboxError, match="at work"):
        await call(conversation)


class SizedBox(ConversingBox):
    """A box that notes its sizes, or cannot change them."""

    def __init__(self, conversation: Conversation | None, *, rigid: bool = False) -> None:
        super().__init__(BoxSpec(a_language(), 64 * MIB, 8))
        self._conversation, self._rigid = conversation, rigid
        self.sizes: list[tuple[int, int]] = []

    async def _become(self, size: BoxSpec) -> bool:
        if self._rigid:
            raise SandboxError("no engine")
        self.sizes.append((size.memory_bytes, size.processes))
        return size.memory_bytes >= 16 * MIB


async def test_a_box_is_resized_only_to_another_size() -> None:
    box = SizedBox(await talk(kept))
    for size in ((64 * MIB, 8), (32 * MIB, 8), (32 * MIB, 8), (64 * MIB, 8), (64 * MIB, 9)):
        assert await box.resize(*size)

    assert box.sizes == [(32 * MIB, 8), (64 * MIB, 8), (64 * MIB, 9)]
    assert box.spec == BoxSpec(a_language(), 64 * MIB, 8)  # what it was started with
    assert await box.keep()


async def test_a_box_that_uses_more_stays_as_it_is() -> None:
    box = SizedBox(await talk(wiped, end(), kept))
    assert not await box.resize(8 * MIB, 8)  # by the word of the kernel
    await box.wipe()
    assert not await box.resize(39 * MIB, 8)  # by that of init; the kernel is not even asked
    assert await box.resize(64 * MIB, 8)
    await box.conversation.run(STAGE)
    assert await box.resize(39 * MIB, 8)  # that was before the program ran

    assert box.sizes == [(8 * MIB, 8), (39 * MIB, 8)]
    assert await box.keep()


async def test_a_box_that_could_not_be_resized_is_given_up() -> None:
    box = SizedBox(await talk(kept), rigid=True)
    with pytest.raises(SandboxError, match="no engine"):
        await box.resize(1, 1)
    with pytest.raises(SandboxError, match="destroyed"):
        await box.keep()


async def test_a_box_that_was_never_started_has_nothing_to_say() -> None:
    with pytest.raises(SandboxError, match="never started"):
        await SizedBox(None).wipe()
