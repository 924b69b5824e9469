"""The engine's attached connection to a container, as a plain stream to and from its init."""

from __future__ import annotations

import asyncio
import socket
import struct

_BUFFER_BYTES = 64 * 1024
_DIAGNOSTICS_BYTES = 512


class AttachedStream:
    """The engine's attached connection as a stream: its multiplexing taken off.

    The engine puts 8 bytes before each piece: which stream, three zeros, the size. Pieces are
    passed on as they arrive and never gathered, so a size is never trusted. Init writes nothing to
    stderr; what comes there (a runtime that could not start it, say) is kept as a short diagnosis.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._header = bytearray()
        self._kind = 0
        self._left = 0  # bytes of the current piece that are still to come
        self._diagnostics = bytearray()

    @classmethod
    async def open(cls, connection: socket.socket) -> AttachedStream:
        """A stream over a connection of ``DockerEngine.attach``."""
        return cls(*await asyncio.open_unix_connection(sock=connection, limit=_BUFFER_BYTES))

    @property
    def ended(self) -> bool:
        """The other side has closed and everything was read."""
        return self._reader.at_eof()

    @property
    def diagnostics(self) -> str:
        """The first words on stderr, if there were any."""
        return self._diagnostics.decode("utf-8", "replace")

    def write(self, data: bytes) -> None:
        """Have init get all of ``data``: now, or as it reads. What nobody reads any more is dropped."""
        self._writer.write(data)

    async def receive(self) -> bytes:
        """Some bytes of init's stdout, or ``b""`` at the end."""
        stdout = b""
        while not stdout:
            try:
                data = await self._reader.read(_BUFFER_BYTES)
            except ConnectionError:
                return b""
            if not data:
                return b""
            stdout = self._demultiplex(data)
        return stdout

    def close(self) -> None:
        """Drop the connection; the box's init sees the end of its stdin and exits."""
        self._writer.transport.abort()

    def _demultiplex(self, data: bytes) -> bytes:
        stdout = bytearray()
        while data:
            if not self._left:
                need = 8 - len(self._header)
                self._header += data[:need]
                data = data[need:]
                if len(self._header) < 8:
                    break
                self._kind, self._left = struct.unpack(">BxxxI", self._header)
                self._header.clear()
                continue
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            if self._kind == 1:
                stdout += piece
            else:
                self._diagnostics += piece[: _DIAGNOSTICS_BYTES - len(self._diagnostics)]
        return bytes(stdout)
