"""The Redis of the contract suites, for this one too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from fleet.redis_client import RedisClients, Timing
from tests.abuse.case import runs_on
from tests.contract.conftest import RedisServer, redis_server

__all__ = ["clients", "redis_server"]


@pytest.fixture
async def clients(redis_server: RedisServer) -> AsyncIterator[RedisClients]:
    """Connections to an empty server, which wait long: a push that is sent again is another item."""
    made = RedisClients(redis_server.url, Timing(answer_s=20.0, resends=0))
    await made.call("FLUSHALL")
    yield made
    await made.aclose()


def params_of(item: pytest.Item) -> Mapping[str, Any]:
    """What a test is run with, by the names of its arguments."""
    params: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return params


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases that are not for the runtime they would run on."""
    left_out = {
        item
        for item in items
        if {"arena", "case"} <= set(of := params_of(item)) and not runs_on(of["arena"], of["case"])
    }
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]
