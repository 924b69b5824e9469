"""The proxy: what it lets through, loses, holds and drops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.chaos.proxy import Proxy, Side, Trap

_PATIENCE_S = 10.0


class Echo:
    """A server that answers each piece with the same piece and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            self.heard.append(data)
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    made = Proxy(server.sockets[0].getsockname()[1])
    await made.open()
    yield made
    await made.close()
    server.close()


class Client:
    """One connection through the proxy."""

    async def connect(self, proxy: Proxy) -> Client:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        return self

    def say(self, words: bytes) -> None:
        self._writer.write(words)

    async def hear(self) -> bytes:
        """An answer; nothing if the connection has ended."""
        async with asyncio.timeout(_PATIENCE_S):
            try:
                return await self._reader.read(1000)
            except ConnectionError:
                return b""

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    made = await Client().connect(proxy)
    yield made
    made.close()


async def test_it_forwards(client: Client) -> None:
    client.say(b"hello")
    assert await client.hear() == b"hello"


async def test_a_reset_ends_every_connection_and_new_ones_work(proxy: Proxy, client: Client) -> None:
    client.say(b"hello")
    await client.hear()
    assert proxy.reset() == 1
    assert await client.hear() == b""
    another = await Client().connect(proxy)
    another.say(b"again")
    assert await another.hear() == b"again"
    another.close()


async def test_a_held_request_has_not_reached_the_server_and_arrives_later(
    proxy: Proxy, client: Client, echo: Echo
) -> None:
    client.say(b"finish this")
    async with proxy.trapped(Trap(b"finish", Side.REQUEST), _PATIENCE_S) as caught:
        assert caught is not None
        assert echo.heard == []
    assert await client.hear() == b"finish this"


async def test_a_dropped_request_never_arrives(proxy: Proxy, client: Client, echo: Echo) -> None:
    client.say(b"finish this")
    async with proxy.trapped(Trap(b"finish", Side.REQUEST), _PATIENCE_S) as caught:
        assert caught is not None
        caught.dropped = True
    assert await client.hear() == b""
    assert echo.heard == []


async def test_a_dropped_answer_was_carried_out(proxy: Proxy, client: Client, echo: Echo) -> None:
    client.say(b"finish this")
    async with proxy.trapped(Trap(b"finish", Side.ANSWER), _PATIENCE_S) as caught:
        assert caught is not None
        caught.dropped = True
    assert await client.hear() == b""
    assert echo.heard == [b"finish this"]


async def test_refusals_and_small_answers_are_not_held(proxy: Proxy, client: Client) -> None:
    async def talk() -> None:
        for words in (b"-NOSCRIPT claim", b"claim", b"claim with jobs in it"):
            client.say(words)
            assert await client.hear() == words

    talking = asyncio.create_task(talk())
    async with proxy.trapped(Trap(b"claim", Side.ANSWER, bytes_min=16), _PATIENCE_S) as caught:
        assert caught is not None
        assert not talking.done()
    await talking


async def test_a_trap_that_catches_nothing_says_so(proxy: Proxy, client: Client) -> None:
    async with proxy.trapped(Trap(b"finish", Side.REQUEST), 0.0) as caught:
        assert caught is None
    client.say(b"finish this")
    assert await client.hear() == b"finish this"


async def test_nothing_passes_a_partition_and_its_connections_end_with_it(
    proxy: Proxy, client: Client, echo: Echo
) -> None:
    client.say(b"hello")
    await client.hear()
    async with proxy.partitioned():
        client.say(b"lost")
        hearing = asyncio.create_task(client.hear())
        another = await Client().connect(proxy)
        another.say(b"lost, too")
        done, _ = await asyncio.wait({hearing}, timeout=0.05)
        assert not done
    assert await hearing == b""
    assert await another.hear() == b""
    assert echo.heard == [b"hello"]
    another.close()


async def test_late_answers_to_a_late_worker_are_counted(proxy: Proxy, client: Client) -> None:
    client.say(b"$5\r\nstale\r\n")
    await client.hear()
    assert proxy.stale_answers == 1
