"""The connections on the event loop that the API uses."""

from __future__ import annotations

import asyncio

import uvloop

from fleet.redis_client import RedisClients, Timing
from tests.chaos.proxy import Proxy
from tests.contract.conftest import RedisServer


def test_a_connection_that_was_reset_is_replaced_and_the_call_sent_again(redis_server: RedisServer) -> None:
    """uvloop raises a RuntimeError for a write to a lost connection, which the library does not know."""

    async def call_while_connections_break() -> list[bytes]:
        proxy = Proxy(redis_server.port)
        await proxy.open()
        clients = RedisClients(f"redis://127.0.0.1:{proxy.port}/0", Timing(connect_s=5.0, answer_s=5.0))
        answers: list[bytes] = []
        for turn in range(100):
            calls = [asyncio.create_task(clients.call("ECHO", "here")) for _ in range(20)]
            for _ in range(turn % 10):
                await asyncio.sleep(0)
            proxy.reset()
            answers += await asyncio.gather(*calls)
        await clients.aclose()
        await proxy.close()
        return answers

    assert uvloop.run(call_while_connections_break()) == [b"here"] * 2000
