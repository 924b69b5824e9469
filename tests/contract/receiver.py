"""A receiver of webhooks on this machine that answers what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request. Header names are in small letters."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Answers each request with the next of ``answers``, and 204 when there are no more."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[Answering] = deque()
        self.arrivals: asyncio.Queue[Received] = asyncio.Queue()
        self.open = self.most_open = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                line, *rows = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                pairs = (row.split(": ", 1) for row in rows)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                received = Received(line, headers, body)
                self.received.append(received)
                self.arrivals.put_nowait(received)
                await (self.answers.popleft() if self.answers else says(204))(writer)
        finally:
            self.open -= 1
            writer.close()


def says(status: int, body: bytes = b"", **headers: str) -> Answering:
    """A plain answer."""
    rows = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{rows}\r\n"
    return sends(head.encode() + body)


def sends(raw: bytes) -> Answering:
    """These very bytes, and the end of the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return answer


def floods(begin: bytes, again: bytes) -> Answering:
    """``begin``, then ``again`` for as long as somebody reads."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while not writer.is_closing():
            writer.write(again)
            await writer.drain()

    return answer


def waits(until: asyncio.Event, then: Answering | None = None) -> Answering:
    """Nothing before ``until`` is set."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        await until.wait()
        await (then or says(204))(writer)

    return answer


@contextlib.asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver on 127.0.0.1."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
