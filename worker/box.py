"""The conversation with the init of one box: a stream of bytes in, the facts of its stages out.

Nothing here knows an engine. A runtime brings a ``Stream`` to and from PID 1 and gets ``ready``, ``run``
and what may be done between two runs. Every byte from the box is hostile: ``FrameReader`` checks sizes,
order and totals, and what breaks the protocol raises ``ProtocolError``. A deadline of the worker's own
stands behind each answer. After the first failure nothing more is said: the box is only good for
``destroy``.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any, Protocol

from fleet.errors import ProtocolError, SandboxError
from worker.frame_reader import FrameReader
from worker.frames import (
    Data,
    End,
    Fault,
    FetchEnd,
    Frame,
    Kept,
    Output,
    Ready,
    Wiped,
    encode_fetch,
    encode_file,
    encode_keep,
    encode_stage,
    encode_wipe,
)
from worker.sandbox import BoxSpec, Fetched, Hear, RawOutcome, Stage
from worker.settings import BEHIND_INIT_S

_BETWEEN_S = 10.0  # for an answer of init while no program runs


class Stream(Protocol):
    """Bytes to and from the init of a box."""

    def write(self, data: bytes) -> None:
        """Have init get all of ``data``: now, or as it reads. What nobody reads any more is dropped."""

    async def receive(self) -> bytes:
        """Some bytes init wrote, or ``b""`` when there will be none."""


class Ending(StrEnum):
    """How a conversation came to its end."""

    TOLD = "told"  # init reported the end of the program
    OVERDUE = "overdue"  # no word from init by the worker's own deadline
    BROKEN = "broken"  # the stream ended first


class Conversation:
    """One box's frames, in their order. One call at a time; after one that failed, none."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reader = FrameReader()
        self._pending: list[Frame] = []
        self._taken = False
        self.memory_in_use_bytes = 0  # what init saw since no program has run; 0: it has not looked

    async def ready(self) -> bool:
        """Wait for init's first word; False if the box ended instead. Raises ``SandboxError``."""
        match await self._next():
            case Ready():
                return True
            case Fault(words):
                raise SandboxError(f"the sandbox's init gave up: {words}")
            case None:
                return False
            case frame:
                raise ProtocolError(f"init began with {type(frame).__name__}")

    async def run(self, stage: Stage, hear: Hear | None = None) -> tuple[RawOutcome, Ending]:
        """Run ``stage``: what was seen until the end, and how that came. Raises ``SandboxError``."""
        message = _message(stage)
        with self.turn():
            raw, ending = await self._run(stage, message, hear)
        self._taken = ending is not Ending.TOLD
        return raw, ending

    async def keep(self) -> bool:
        """Have init remember the work directory; False if it is too much. Raises ``SandboxError``."""
        with self.turn():
            self._reader.begin_keep()
            async with self._between("KEEP", encode_keep()):
                answer = await self._word()
        return isinstance(answer, Kept) and answer.whole

    async def wipe(self) -> None:
        """Have init clear up what programs left. Raises ``SandboxError``."""
        with self.turn():
            self._reader.begin_wipe()
            async with self._between("WIPE", encode_wipe()):
                answer = await self._word()
        if isinstance(answer, Wiped):
            self.memory_in_use_bytes = answer.memory_bytes

    async def fetch(self, path: str, bytes_max: int) -> Fetched:
        """At most so many bytes of a file of the work directory. Raises ``SandboxError``."""
        try:
            message = encode_fetch(path, bytes_max)
        except ValueError as error:  # the job was validated, so this is a mistake of ours
            raise SandboxError(f"the file cannot be asked for: {error}") from None
        content = bytearray()
        with self.turn():
            self._reader.begin_fetch(bytes_max)
            async with self._between("FETCH", message):
                while not isinstance(word := await self._word(), FetchEnd):
                    content += word.data if isinstance(word, Data) else b""
        return Fetched(word.how, bytes(content), word.size_bytes)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else has to do with the box meanwhile, nor afterwards if it ends with an error."""
        if self._taken:
            raise SandboxError("the sandbox is at work, or was given up: it can only be destroyed")
        self._taken = True
        yield
        self._taken = False

    @contextlib.asynccontextmanager
    async def _between(self, what: str, message: bytes) -> AsyncIterator[None]:
        """Send ``message`` while no program runs, and have an answer in time."""
        try:
            async with asyncio.timeout(_BETWEEN_S):
                self._stream.write(message)
                yield
        except TimeoutError:
            raise SandboxError(f"the sandbox's init did not answer {what} within {_BETWEEN_S:g} s") from None

    async def _run(self, stage: Stage, message: bytes, hear: Hear | None) -> tuple[RawOutcome, Ending]:
        self._reader.begin_stage((stage.limits.stdout_bytes, stage.limits.stderr_bytes))
        self.memory_in_use_bytes = 0
        heard = {"stdout": bytearray(), "stderr": bytearray()}
        started_s = time.monotonic()
        # Not waited for: a box that stopped reading is noticed by the reading side.
        self._stream.write(message)
        try:
            async with asyncio.timeout(stage.limits.wall_s + BEHIND_INIT_S):
                end = await self._until_end(heard, hear)
        except TimeoutError:
            return _cut(heard, started_s, overdue=True), Ending.OVERDUE
        if end is None:
            return _cut(heard, started_s), Ending.BROKEN
        return RawOutcome(**asdict(end), **_whole(heard)), Ending.TOLD

    async def _until_end(self, heard: dict[str, bytearray], hear: Hear | None) -> End | None:
        while (frame := await self._next()) is not None:
            match frame:
                case Output(stream, data):
                    heard[stream] += data
                    if hear is not None:
                        hear(stream, data)
                case End():
                    return frame
                case Fault(words):
                    raise SandboxError(f"the sandbox's init gave up: {words}")
                case _:
                    raise ProtocolError(f"{type(frame).__name__} came while a stage runs")
        return None

    async def _word(self) -> Frame:
        """The next frame of an answer."""
        match await self._next():
            case None:
                raise SandboxError("the sandbox ended between two stages")
            case Fault(words):
                raise SandboxError(f"the sandbox's init gave up: {words}")
            case frame:
                return frame

    async def _next(self) -> Frame | None:
        while not self._pending:
            data = await self._stream.receive()
            if not data:
                return None
            self._pending = self._reader.feed(data)
        return self._pending.pop(0)


class ConversingBox(abc.ABC):
    """What boxes of every runtime have alike: all that goes by way of init, and a size."""

    def __init__(self, spec: BoxSpec) -> None:
        self.spec = spec
        self._size = spec
        self._conversation: Conversation | None = None  # from when it is started

    @property
    def conversation(self) -> Conversation:
        """The one with its init. Raises ``SandboxError`` if it was never started."""
        if self._conversation is None:
            raise SandboxError("a sandbox that was never started has nothing to say")
        return self._conversation

    async def keep(self) -> bool:
        """See ``worker.sandbox.Box``."""
        return await self.conversation.keep()

    async def wipe(self) -> None:
        """See ``worker.sandbox.Box``."""
        await self.conversation.wipe()

    async def fetch(self, path: str, bytes_max: int) -> Fetched:
        """See ``worker.sandbox.Box``."""
        return await self.conversation.fetch(path, bytes_max)

    async def resize(self, memory_bytes: int, processes: int) -> bool:
        """See ``worker.sandbox.Box``."""
        wanted = replace(self._size, memory_bytes=memory_bytes, processes=processes)
        if wanted == self._size:
            return True
        # Asked of init first: where v1 would refuse, v2 would kill.
        if memory_bytes < self.conversation.memory_in_use_bytes:
            return False
        with self.conversation.turn():
            done = await self._become(wanted)
        self._size = wanted if done else self._size
        return done

    @abc.abstractmethod
    async def _become(self, size: BoxSpec) -> bool:
        """Give the box these limits; False if it uses more memory. Raises ``SandboxError``."""


def _message(stage: Stage) -> bytes:
    """All frames of a stage, so that init gets a small one at once."""
    limits = stage.limits
    try:
        frames = [encode_file(path, content) for path, content in stage.files]
        frames.append(
            encode_stage(
                stage.argv,
                cpu_ms=round(limits.cpu_s * 1000),
                wall_ms=round(limits.wall_s * 1000),
                caps_bytes=(limits.stdout_bytes, limits.stderr_bytes),
                stdin=stage.stdin,
                env=[f"{name}={value}" for name, value in stage.env],
                warm=stage.warm,
            )
        )
    except ValueError as error:  # the job was validated, so this is a mistake of ours
        raise SandboxError(f"the job does not fit into frames: {error}") from None
    return b"".join(frames)


def _whole(heard: dict[str, bytearray]) -> dict[str, Any]:
    return {stream: bytes(data) for stream, data in heard.items()}


def _cut(heard: dict[str, bytearray], started_s: float, *, overdue: bool = False) -> RawOutcome:
    """What is known of a run whose end init did not report."""
    return RawOutcome(
        **_whole(heard),
        stdout_bytes=len(heard["stdout"]),
        stderr_bytes=len(heard["stderr"]),
        wall_us=int((time.monotonic() - started_s) * 1e6),
        overdue=overdue,
    )
