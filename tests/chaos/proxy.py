"""A TCP proxy in front of Redis, one for each process of the campaign: what a network can do to it.

Beside the blunt faults (reset, delay, partition) it can *trap* a chosen request or its answer: hold
it, tell the campaign, and let it go or drop it later. So a process can be ended at an exact point of
the protocol, such as after its job was stored and before it was told so.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

_READ_BYTES = 65_536
_STALE = b"$5\r\nstale\r\n"  # the answer to a finish or fail of somebody who lost the lease
_LOST = (OSError, RuntimeError)  # the latter is uvloop's word for a write to a connection that is gone
_LINGER_NONE = struct.pack("ii", 1, 0)  # close with a reset instead of a farewell


class Side(StrEnum):
    """Which half of an exchange a trap holds."""

    REQUEST = "request"  # the server has not seen it
    ANSWER = "answer"  # the server has carried it out, the client does not know


@dataclass
class Trap:
    """Waits for the next request with ``marker`` in it that has a real answer of some size."""

    marker: bytes
    side: Side
    bytes_min: int = 0  # answers shorter than this (no job was claimed) pass
    dropped: bool = False  # what is held shall go nowhere
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self) -> None:
        """Return when what was caught may go on. Raises ``ConnectionError`` if it is to be dropped."""
        self.caught.set()
        await self.let_go.wait()
        if self.dropped:
            raise ConnectionAbortedError


@dataclass(eq=False)
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    trap: Trap | None = None  # its request went through here: hold the answer


class Proxy:
    """Forwards to a port of this host, as badly as it is told to."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._trap: Trap | None = None
        self._delay_s = 0.0
        self._passable = asyncio.Event()
        self._passable.set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.stale_answers = 0

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reset(self) -> int:
        """Reset every connection, on both sides; how many there were."""
        links = list(self._links)
        for link in links:
            for writer in (link.client, link.server):
                _reset(writer)
        return len(links)

    @contextlib.asynccontextmanager
    async def delayed(self, delay_s: float) -> AsyncIterator[None]:
        """Within the block every piece of data is ``delay_s`` late."""
        self._delay_s = delay_s
        try:
            yield
        finally:
            self._delay_s = 0.0

    @contextlib.asynccontextmanager
    async def partitioned(self) -> AsyncIterator[None]:
        """Within the block nothing gets through and nothing is closed; then all is reset."""
        self._passable.clear()
        try:
            yield
        finally:
            self.reset()
            self._passable.set()

    @contextlib.asynccontextmanager
    async def trapped(self, trap: Trap, patience_s: float) -> AsyncIterator[Trap | None]:
        """The trap if it caught something in time, else None; what it holds is held until the block ends."""
        self._trap = trap
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await trap.caught.wait()
            yield trap if trap.caught.is_set() else None
        finally:
            trap.let_go.set()
            if self._trap is trap:
                self._trap = None

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            server_reader, server = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:  # Redis is away; the client sees what it would have seen
            _reset(client)
            self._tasks.discard(task)
            return
        link = _Link(client, server)
        self._links.add(link)
        pumps = {
            asyncio.create_task(self._requests(client_reader, link)),
            asyncio.create_task(self._answers(server_reader, link)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            self._tasks.discard(task)
            for pump in pumps:
                pump.cancel()
            client.close()
            server.close()

    async def _requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with contextlib.suppress(*_LOST):
            while data := await reader.read(_READ_BYTES):
                await self._obstruct()
                trap = self._trap
                if trap and trap.marker in data:
                    self._trap = None
                    if trap.side is Side.REQUEST:
                        await trap.hold()
                    else:
                        link.trap = trap
                link.server.write(data)
                await link.server.drain()

    async def _answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with contextlib.suppress(*_LOST):
            while data := await reader.read(_READ_BYTES):
                await self._obstruct()
                self.stale_answers += data == _STALE
                trap, link.trap = link.trap, None
                if trap and not data.startswith(b"-") and len(data) >= trap.bytes_min:
                    await trap.hold()
                elif trap and not trap.let_go.is_set():  # refused, or too little: wait for the next
                    self._trap = trap
                link.client.write(data)
                await link.client.drain()

    async def _obstruct(self) -> None:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        await self._passable.wait()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        with contextlib.suppress(*_LOST):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()
