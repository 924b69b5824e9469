"""The Redis of the contract suites, for this one too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fleet.redis_client import RedisClients, Timing
from tests.contract.conftest import RedisServer, redis_server

__all__ = ["clients", "redis_server"]


@pytest.fixture
async def clients(redis_server: RedisServer) -> AsyncIterator[RedisClients]:
    """Connections to an empty server, which wait long: a push that is sent again is another item."""
    made = RedisClients(redis_server.url, Timing(answer_s=20.0, resends=0))
    await made.call("FLUSHALL")
    yield made
    await made.aclose()
