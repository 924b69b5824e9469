"""The conversation with the init of one box: a stream of bytes in, the facts of a run out.

Nothing here knows an engine. A runtime brings a ``Stream`` to and from PID 1 and gets ``ready`` and
``run``. Every byte from the box is hostile: ``FrameReader`` checks sizes, order and totals, and what
breaks the protocol raises ``ProtocolError``, after which the box is only good for ``destroy``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Protocol

from fleet.errors import ProtocolError, SandboxError
from worker.frames import End, Fault, Frame, FrameReader, Output, Ready, encode_file, encode_stage
from worker.sandbox import RawOutcome, Stage
from worker.settings import BEHIND_INIT_S


class Stream(Protocol):
    """Bytes to and from the init of a box."""

    async def send(self, data: bytes) -> None:
        """Write all of ``data``. Raises ``ConnectionError`` when nobody reads any more."""

    async def receive(self) -> bytes:
        """Some bytes init wrote, or ``b""`` when there will be none."""


class Ending(StrEnum):
    """How a conversation came to its end."""

    TOLD = "told"  # init reported the end of the program
    OVERDUE = "overdue"  # no word from init by the worker's own deadline
    BROKEN = "broken"  # the stream ended first


class Conversation:
    """One box's frames, in their order."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reader = FrameReader()
        self._pending: list[Frame] = []

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

    async def run(self, stage: Stage) -> tuple[RawOutcome, Ending]:
        """Run ``stage``: what was seen until the end, and how that came. Raises ``SandboxError``."""
        messages = _messages(stage)
        self._reader.begin_stage((stage.limits.stdout_bytes, stage.limits.stderr_bytes))
        heard = {"stdout": bytearray(), "stderr": bytearray()}
        started_s = time.monotonic()
        sending = asyncio.create_task(self._send(messages))
        try:
            async with asyncio.timeout(stage.limits.wall_s + BEHIND_INIT_S):
                end = await self._until_end(heard)
        except TimeoutError:
            return _cut(heard, started_s, overdue=True), Ending.OVERDUE
        finally:
            sending.cancel()
            await asyncio.wait({sending})
        if end is None:
            return _cut(heard, started_s), Ending.BROKEN
        return RawOutcome(**asdict(end), **_whole(heard)), Ending.TOLD

    async def _send(self, messages: list[bytes]) -> None:
        # A box that stopped reading is noticed by the reading side: an end of stream or a deadline.
        with contextlib.suppress(ConnectionError):
            for message in messages:
                await self._stream.send(message)

    async def _until_end(self, heard: dict[str, bytearray]) -> End | None:
        while (frame := await self._next()) is not None:
            match frame:
                case Output(stream, data):
                    heard[stream] += data
                case End():
                    return frame
                case Fault(words):
                    raise SandboxError(f"the sandbox's init gave up: {words}")
                case Ready():
                    raise ProtocolError("READY came twice")
        return None

    async def _next(self) -> Frame | None:
        while not self._pending:
            data = await self._stream.receive()
            if not data:
                return None
            self._pending = self._reader.feed(data)
        return self._pending.pop(0)


def _messages(stage: Stage) -> list[bytes]:
    limits = stage.limits
    try:
        return [
            *(encode_file(path, content) for path, content in stage.files),
            encode_stage(
                stage.argv,
                cpu_ms=round(limits.cpu_s * 1000),
                wall_ms=round(limits.wall_s * 1000),
                caps_bytes=(limits.stdout_bytes, limits.stderr_bytes),
                stdin=stage.stdin,
                warm=stage.warm,
            ),
        ]
    except ValueError as error:  # the job was validated, so this is a mistake of ours
        raise SandboxError(f"the job does not fit into frames: {error}") from None


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
