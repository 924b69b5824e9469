"""The engine's multiplexed stream: pieces cut anywhere, sizes never trusted, stderr kept short."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from worker.attached_stream import AttachedStream


def piece(kind: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", kind, len(data)) + data


@contextlib.asynccontextmanager
async def attached() -> AsyncIterator[tuple[AttachedStream, socket.socket]]:
    ours, engines = socket.socketpair()
    ours.setblocking(False)
    engines.setblocking(False)
    stream = await AttachedStream.open(ours)
    try:
        yield stream, engines
    finally:
        stream.close()
        engines.close()


async def received(stream: AttachedStream) -> bytes:
    whole = b""
    async with asyncio.timeout(5):
        while data := await stream.receive():
            whole += data
    return whole


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
async def test_stdout_comes_through_however_it_is_cut(size: int) -> None:
    wire = piece(1, b"abc") + piece(2, b"oops") + piece(1, b"") + piece(1, b"defgh" * 100)
    loop = asyncio.get_running_loop()

    async with attached() as (stream, engine):
        for at in range(0, len(wire), size):
            await loop.sock_sendall(engine, wire[at : at + size])
            await asyncio.sleep(0)
        engine.shutdown(socket.SHUT_WR)

        assert await received(stream) == b"abc" + b"defgh" * 100
        assert stream.diagnostics == "oops"
        assert stream.ended


async def test_a_piece_of_four_gigabytes_is_not_waited_for() -> None:
    async with attached() as (stream, engine):
        engine.send(struct.pack(">BxxxI", 1, 0xFFFFFFFF) + b"first")

        assert await stream.receive() == b"first"


async def test_of_stderr_only_the_first_words_are_kept() -> None:
    async with attached() as (stream, engine):
        engine.send(piece(2, b"x" * 5000) + piece(1, b"out"))

        assert await stream.receive() == b"out"
        assert len(stream.diagnostics) == 512


async def test_what_is_written_goes_at_once_and_the_rest_as_it_is_read() -> None:
    large = bytes(range(256)) * 16_384
    async with attached() as (stream, engine):
        stream.write(b"first")
        assert engine.recv(100) == b"first"  # no other step of the loop was needed
        stream.write(large)
        read = b""
        async with asyncio.timeout(20):
            while len(read) < len(large):
                read += await asyncio.get_running_loop().sock_recv(engine, 1 << 20)
        assert read == large


async def test_what_nobody_reads_any_more_is_dropped() -> None:
    async with attached() as (stream, engine):
        engine.close()
        for _ in range(3):
            stream.write(b"x" * 100_000)
            await asyncio.sleep(0)

        assert await received(stream) == b""


async def test_a_reset_connection_is_an_end() -> None:
    async with attached() as (stream, engine):
        stream.write(b"unread")
        engine.close()  # with unread bytes this is a reset

        assert await received(stream) == b""
