"""A client that costs little: HTTP/1.1 on connections that are kept, one request at a time on each.

A library would take more of the processor than the API it is to measure.
"""

from __future__ import annotations

import asyncio
import time
from typing import cast

from tests.fuzz.http_wire import Answer

_KEPT_S = 3.0  # the API closes a connection that is idle for 5 s; one we use must not be closing
_END = b"\r\n\r\n"


class Client:
    """As many connections to the API as there are requests at once. ``opened`` counts them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Connection] = []
        self.opened = 0

    async def submit(self, body: bytes, *, wait_s: int = 0) -> tuple[bytes, float]:
        """The raw answer to a submit and when it had come (monotonic). Raises ``ConnectionError``."""
        prefer = b"Prefer: wait=%d\r\n" % wait_s if wait_s else b""
        head = b"POST /submit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection = self._kept() or await self._open()
        raw = await connection.ask(b"%b%bContent-Length: %d\r\n\r\n%b" % (head, prefer, len(body), body))
        self._idle.append(connection)
        return raw

    def close(self) -> None:
        """Drop all connections."""
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> _Connection | None:
        """The connection used last, if it is still good."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
        return None

    async def _open(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", self._port)
        self.opened += 1
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[bytes, float]] | None = None
        self._read = bytearray()
        self._used_s = time.monotonic()

    @property
    def usable(self) -> bool:
        return self._transport is not None and time.monotonic() - self._used_s < _KEPT_S

    async def ask(self, request: bytes) -> tuple[bytes, float]:
        if self._transport is None:
            raise ConnectionResetError("closed before it was used")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(_END)
        if end < 0:
            return
        if len(self._read) >= end + len(_END) + _length(bytes(self._read[:end])):
            raw, self._used_s = bytes(self._read), time.monotonic()
            self._read.clear()
            if self._answer is not None and not self._answer.done():
                self._answer.set_result((raw, self._used_s))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed without an answer"))


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at:].split(b"\r\n", 1)[0].split(b":")[1]) if at >= 0 else 0


def parsed(raw: bytes) -> Answer:
    """An answer in its parts."""
    head, _, body = raw.partition(_END)
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Answer(int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)
