"""HTTP/1.1 as bytes on a socket: what a library would not send, and answers read strictly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

_PATIENCE_S = 20.0
_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Nothing more comes on this connection."""
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    """A connection whose requests are answered one by one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, *pieces: bytes, head: bool = False) -> Answer:
        """Send ``pieces`` and read the answer. Raises ``OSError`` or ``EOFError`` if there is none."""
        async with asyncio.timeout(_PATIENCE_S):
            with contextlib.suppress(ConnectionError):  # it may answer and close before it has all
                for piece in pieces:
                    self._writer.write(piece)
                    await self._writer.drain()
            while (answer := await read_answer(self._reader, head=head)).status < 200:
                pass  # 100 Continue
            return answer


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """A connection to the API."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


async def read_answer(reader: asyncio.StreamReader, *, head: bool = False) -> Answer:
    """The next answer. Raises ``ValueError`` for what is none."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    version, status, _ = (lines[0] + "  ").split(" ", 2)
    if version != "HTTP/1.1" or not (status.isdigit() and len(status) == 3):
        raise ValueError(f"not the first line of an answer: {lines[0][:100]!r}")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise ValueError(f"a header without a value, or twice: {line[:100]!r}")
        headers[name.lower()] = value.strip()
    if head or int(status) in _NO_BODY or int(status) < 200:
        return Answer(int(status), headers, b"")
    if headers.get("transfer-encoding") == "chunked":
        return Answer(int(status), headers, await _chunks(reader))
    if "content-length" in headers:
        return Answer(int(status), headers, await reader.readexactly(int(headers["content-length"])))
    return Answer(int(status), headers, await reader.read())


async def exchange(port: int, sent: bytes, idle_s: float) -> list[Answer]:
    """Send any bytes; every answer until the connection is closed, or silent for ``idle_s``."""
    answers: list[Answer] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        writer.write(sent)
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            while True:
                async with asyncio.timeout(idle_s):
                    answers.append(await read_answer(reader))
    finally:
        writer.transport.abort()
    return answers


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"", *, chunk: int = 0) -> bytes:
    """A request; its body in chunks of ``chunk`` bytes, or whole where that is 0."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if chunk:
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(
            b"%x\r\n%b\r\n" % (len(piece), piece)
            for piece in (body[at : at + chunk] for at in range(0, len(body), chunk))
        )
        body += b"0\r\n\r\n"
    elif method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, "", ""])).encode("latin-1") + body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("a chunk without its end")
    if await reader.readexactly(2) != b"\r\n":
        raise ValueError("chunks without their end")
    return body
