"""A lean HTTP/1.1 client: keep-alive connections, one request at a time on each.

It runs on the cores that are measured, so what it costs is missing to the fleet: a general client
takes longer for a request than the API does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

_PATIENCE_S = 60.0
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Client:
    """Connections to one API. Close it."""

    port: int
    host: str = "127.0.0.1"
    _idle: list[_Connection] = field(default_factory=list)

    async def post(self, path: str, body: dict[str, Any], prefer: str = "") -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer. Raises ``OSError`` or ``TimeoutError``."""
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
        if prefer:
            head += f"Prefer: {prefer}\r\n"
        head += f"Content-Length: {len(content)}\r\n\r\n"
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await self._connection()
            writer.write(head.encode() + content)
            status, answer = await _answer(reader)
        self._idle.append((reader, writer))
        return status, json.loads(answer)

    async def aclose(self) -> None:
        """Close what is open."""
        for _, writer in self._idle:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self._idle.clear()

    async def _connection(self) -> _Connection:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the server did, since it had been idle for long
        return await asyncio.open_connection(self.host, self.port)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    sizes = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    return int(first.split()[1]), await reader.readexactly(int(sizes[0]) if sizes else 0)
