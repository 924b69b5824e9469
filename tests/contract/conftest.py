"""Real services for the contract suites: one Redis a session, emptied before each test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # before the import: its own image is not needed

from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from fleet.queue import Queue
from fleet.redis_client import RedisClients, Timing
from fleet.testing import a_worker
from tests.chaos.processes import free_port
from tests.contract.faulty_proxy import FaultyProxy
from tests.contract.queue_harness import FakeHarness, Harness, RedisHarness

ROOMY_MAX = 5_000
IMAGE = os.environ.get("SANDFLEET_TEST_REDIS_IMAGE", "sandfleet/redis:latest")
COMMAND = (
    "redis-server --bind 0.0.0.0 --protected-mode no --dir /data --appendonly yes --save '' "
    "--maxmemory-policy noeviction --appendfsync "
)


class RedisServer:
    """A Redis in a container, at a port that stays the same when it is killed and started again.

    A server that a test kills has ``fsync="always"``: with ``everysec`` Redis puts its writes off for
    up to two seconds while an fsync is under way, and even a mere kill loses what it acknowledged.
    """

    def __init__(self, fsync: str = "everysec") -> None:
        self.port = free_port()
        # Published on this machine alone: a Redis without a password is nobody else's business.
        options = {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}
        self._network = Network(docker_network_kw={"options": options})
        self._container = (
            DockerContainer(IMAGE)
            .with_command(COMMAND + fsync)
            .with_bind_ports(6379, self.port)
            .with_network(self._network)
            .waiting_for(LogMessageWaitStrategy("Ready to accept connections"))
        )

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        self._network.create()
        self._container.start()
        return self

    def stop(self) -> None:
        self._container.stop()
        self._network.remove()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def start_again(self) -> None:
        self._container.get_wrapped_container().start()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.stop()


@pytest.fixture
async def clients(redis_server: RedisServer) -> AsyncIterator[RedisClients]:
    """Connections to an empty server."""
    made = RedisClients(redis_server.url)
    await made.call("FLUSHALL")
    yield made
    await made.aclose()


@pytest.fixture
def redis_harness(clients: RedisClients) -> RedisHarness:
    return RedisHarness(clients)


@pytest.fixture(params=["fake", "redis"])
def implementation(request: pytest.FixtureRequest) -> str:
    """Each implementation of the queue in turn."""
    return str(request.param)


@pytest.fixture
def harness(implementation: str, request: pytest.FixtureRequest) -> Harness:
    """A queue under test."""
    if implementation == "fake":
        return FakeHarness()
    real: RedisHarness = request.getfixturevalue("redis_harness")
    return real


@pytest.fixture
def roomy(implementation: str, request: pytest.FixtureRequest) -> Harness:
    """One with room for thousands of jobs."""
    if implementation == "fake":
        return FakeHarness(ROOMY_MAX)
    return RedisHarness(request.getfixturevalue("clients"), ROOMY_MAX)


@pytest.fixture
async def queue(harness: Harness) -> Queue:
    """A queue with one worker, ``w1``."""
    await harness.queue.register(a_worker("w1"))
    return harness.queue


@pytest.fixture
async def conserved(harness: Harness) -> AsyncIterator[None]:
    """Whatever a test did: no job is lost, none is in two places, events are numbered without gaps."""
    yield
    audit = await harness.queue.audit()
    assert (audit.missing, audit.doubled) == (0, 0), audit
    events = await harness.events()
    assert [event.n for event in events] == list(range(1, audit.done + 1))
    assert len({event.job_id for event in events}) == len(events)


@pytest.fixture
async def proxy(redis_server: RedisServer, clients: RedisClients) -> AsyncIterator[FaultyProxy]:
    """A proxy before the (emptied) server that can lose answers or go silent."""
    async with FaultyProxy(redis_server.port) as made:
        yield made


@pytest.fixture
async def proxied(proxy: FaultyProxy) -> AsyncIterator[RedisClients]:
    """Connections through the proxy, impatient ones."""
    made = RedisClients(f"redis://127.0.0.1:{proxy.port}/0", Timing(connect_s=1.0, answer_s=0.3, block_s=0.2))
    yield made
    await made.aclose()
