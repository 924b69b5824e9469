"""Failover by Sentinel, with real processes: what follows the master, and what outlives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import uvloop

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.events import Completion, Completions
from fleet.job import JobState
from fleet.queue import Finish
from fleet.redis_client import RedisClients, Timing, check_server
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import a_job_id, a_result, a_worker
from tests.contract.sentinels import SentinelFleet, Server, eventually
from tests.contract.steady_traffic import OPTIONS, Connect, Life, put, until_answered

TIMING = Timing(connect_s=1.0, answer_s=0.6, block_s=0.5, connections_max=6)


@pytest.fixture(scope="module")
def started() -> Iterator[SentinelFleet]:
    made = SentinelFleet()
    yield made
    asyncio.run(made.close())


@pytest.fixture
async def fleet(started: SentinelFleet) -> SentinelFleet:
    """A master and its replica, both empty, whatever the test before did to them."""
    await started.heal()
    return started


@pytest.fixture
async def connect(fleet: SentinelFleet) -> AsyncIterator[Connect]:
    """Connections to whoever is master."""
    made: list[RedisClients] = []

    def connections(replicas: int = 0, timing: Timing = TIMING) -> RedisClients:
        made.append(RedisClients(fleet.url, timing, replicas))
        return made[-1]

    yield connections
    for clients in made:
        await clients.aclose()


async def port_of(clients: RedisClients) -> int:
    return int((await clients.call("CONFIG", "GET", "port"))[1])


# --- who is asked --------------------------------------------------------------------------------


async def test_the_sentinels_say_who_is_master(fleet: SentinelFleet, connect: Connect) -> None:
    clients, (master, _) = connect(replicas=1), await fleet.roles()
    assert await port_of(clients) == master.port
    assert await clients.block("BLMOVE", "a", "b", "RIGHT", "LEFT", block_s=0.01) is None
    assert await check_server(clients) == []


async def test_an_unknown_name_is_told_apart_from_silence(fleet: SentinelFleet) -> None:
    clients = RedisClients(fleet.url_of("nobody"), Timing(resends=0))
    with pytest.raises(QueueUnavailable, match="know no master named 'nobody'"):
        await clients.call("PING")
    await clients.aclose()


async def test_without_sentinels_who_is_connected_goes_on(fleet: SentinelFleet, connect: Connect) -> None:
    clients = connect()
    await clients.call("PING")
    for sentinel in fleet.sentinels:
        await sentinel.kill()
    assert await clients.call("ECHO", "still") == b"still"
    with pytest.raises(QueueUnavailable, match="no sentinel answers"):
        await connect(timing=Timing(resends=0)).call("PING")


async def test_a_frozen_sentinel_holds_up_nobody(fleet: SentinelFleet, connect: Connect) -> None:
    fleet.sentinels[0].freeze()
    clients = connect(timing=Timing(connect_s=30.0, answer_s=30.0, resends=0))
    async with asyncio.timeout(10):
        assert await clients.call("ECHO", "x") == b"x"


async def test_server_and_sentinels_have_accounts_of_their_own(fleet: SentinelFleet) -> None:
    master, _ = await fleet.roles()
    await master.ask("ACL", "SETUSER", "room", "on", ">first", "+ping", "+echo", "+role", "+select")
    for sentinel in fleet.sentinels:
        await sentinel.ask("ACL", "SETUSER", "asker", "on", ">second", "+sentinel")
    hosts = fleet.url.removeprefix("redis+sentinel://")
    known = f"redis+sentinel://room:first@{hosts}?sentinel_username=asker&sentinel_password="
    clients, stranger = (RedisClients(known + word, Timing(resends=0)) for word in ("second", "wrong"))
    assert await clients.call("ECHO", "x") == b"x"
    with pytest.raises(QueueUnavailable, match="invalid username-password"):
        await stranger.call("ECHO", "x")
    await clients.aclose()
    await stranger.aclose()
    await master.ask("ACL", "DELUSER", "room")
    for sentinel in fleet.sentinels:
        await sentinel.ask("ACL", "DELUSER", "asker")


async def test_more_callers_than_connections_wait_their_turn(connect: Connect) -> None:
    clients = connect(timing=Timing(connections_max=2))
    answers = await asyncio.gather(*(clients.call("ECHO", str(n)) for n in range(200)))
    assert answers == [str(n).encode() for n in range(200)]


async def test_a_fleet_without_a_replica_is_warned(fleet: SentinelFleet, connect: Connect) -> None:
    master, replica = await fleet.roles()
    await replica.kill()

    async def alone() -> bool:
        return len((await master.ask("ROLE"))[2]) == 0

    await eventually(alone, "the loss of the replica")
    (finding,) = await check_server(connect())
    assert (finding.level, "fail over" in finding.detail) == ("warn", True)
    (finding,) = await check_server(connect(replicas=1))
    assert (finding.level, "0 of 1 replicas" in finding.detail) == ("warn", True)


# --- failover ------------------------------------------------------------------------------------


async def test_every_acknowledged_job_survives_its_master(fleet: SentinelFleet, connect: Connect) -> None:
    """Killed while jobs flow. With one replica nothing is acknowledged until the old master is back."""
    old, new = await fleet.roles()
    async with Life(connect) as life:
        await life.lines_reach(100)
        await life.subscribed_more_than(0)
        begun = life.subscriptions
        await old.kill()
        await fleet.failed_over_from(old)
        fleet.revive(old)  # as the master it was: the sentinels make it a replica

        async def replica() -> bool:
            return await old.role() == "slave"

        await eventually(replica, "the old master as a replica")
        await life.lines_reach(len(life.acknowledged) + 100)
        life.close()
        await life.all_submitted()
        await life.lines_reach(len(life.acknowledged))
        await life.subscribed_more_than(begun)

        audit = await until_answered(life.queue.audit)
        assert (audit.missing, audit.doubled) == (0, 0)
        assert audit.done == audit.accepted == len(life.acknowledged)
        events = await new.ask("XRANGE", keys.EVENTS, "-", "+")
        told = [Completion.from_json(fields[b"e"]) for _, fields in events]
        assert [event.n for event in told] == list(range(1, audit.done + 1))
        assert sorted(event.job_id for event in told) == sorted(life.acknowledged)
        # A line may come twice, when its acknowledgement was lost, but never with another job.
        assert {line.n: line.job_id for line in life.lines} == {event.n: event.job_id for event in told}
        assert len({(line.n, line.job_id) for line in life.lines}) == audit.done


def test_connections_on_the_loop_of_the_api_follow_too(started: SentinelFleet) -> None:
    """uvloop has errors of its own for connections that were lost."""

    async def call_through_a_failover() -> bool:
        await started.heal()
        clients, (old, new) = RedisClients(started.url, TIMING), await started.roles()
        await asyncio.gather(*(port_of(clients) for _ in range(TIMING.connections_max)))
        killing = asyncio.create_task(old.kill())
        calls = (until_answered(lambda: port_of(clients)) for _ in range(50))
        ports = await asyncio.gather(*calls, killing)
        await started.failed_over_from(old)
        followed = await until_answered(lambda: port_of(clients)) == new.port
        await clients.aclose()
        return followed and set(ports) <= {old.port, new.port, None}

    assert uvloop.run(call_through_a_failover())


async def frozen_replica_then_dead_master(fleet: SentinelFleet, queue: RedisQueue, job_id: str) -> Server:
    """Enqueue what the replica does not get, and let it become master. Returns the old one."""
    master, replica = await fleet.roles()
    replica.freeze()
    await master.ask("CLIENT", "KILL", "TYPE", "replica")  # else the kernel keeps what is sent to it
    try:
        await put(queue, job_id)
    finally:
        await master.kill()
        replica.thaw()
        await fleet.failed_over_from(master)
    return master


async def test_unsettled_an_acknowledged_job_may_be_lost(fleet: SentinelFleet, connect: Connect) -> None:
    """The control: what ``replicas`` is for."""
    queue, lost = RedisQueue(connect()), a_job_id()
    await frozen_replica_then_dead_master(fleet, queue, lost)
    assert await until_answered(lambda: queue.get(lost)) is None


async def test_settled_such_a_job_is_refused(fleet: SentinelFleet, connect: Connect) -> None:
    queue, job_id = RedisQueue(connect(replicas=1)), a_job_id()
    with pytest.raises(QueueUnavailable, match="0 of 1 replicas"):
        await frozen_replica_then_dead_master(fleet, queue, job_id)
    (old,) = (node for node in fleet.nodes if not node.alive)
    fleet.revive(old)
    await until_answered(lambda: put(queue, job_id))
    job = await until_answered(lambda: queue.get(job_id))
    assert job is not None
    assert job.state is JobState.QUEUED


async def test_a_frozen_master_that_wakes_is_written_to_by_nobody(
    fleet: SentinelFleet, connect: Connect
) -> None:
    """Its connections are still open, and until the sentinels come to it, it believes in itself."""
    clients, (old, new) = connect(timing=replace(TIMING, resends=0)), await fleet.roles()
    ports: list[object] = await asyncio.gather(*(port_of(clients) for _ in range(TIMING.connections_max)))
    assert set(ports) == {old.port}
    old.freeze()
    await fleet.failed_over_from(old)
    assert await until_answered(lambda: port_of(clients)) == new.port
    for sentinel in fleet.sentinels:  # none to cut its connections
        sentinel.freeze()
    old.thaw()
    calls = (port_of(clients) for _ in range(TIMING.connections_max))
    ports = await asyncio.gather(*calls, return_exceptions=True)
    for sentinel in fleet.sentinels:
        sentinel.thaw()
    assert new.port in ports
    assert old.port not in ports


async def test_what_only_a_replica_says_ends_the_connection(fleet: SentinelFleet, connect: Connect) -> None:
    """A master demoted by hand cuts no connection; its refusal does."""
    queue, (master, other) = RedisQueue(connect(timing=Timing(resends=0))), await fleet.roles()
    await put(queue, a_job_id())
    for sentinel in fleet.sentinels:
        sentinel.freeze()
    await other.ask("REPLICAOF", "NO", "ONE")
    await master.ask("REPLICAOF", "127.0.0.1", other.port)
    with pytest.raises(QueueUnavailable, match="read only replica"):
        await put(queue, a_job_id())
    for sentinel in fleet.sentinels:
        sentinel.thaw()
    await until_answered(lambda: put(queue, a_job_id()))


async def test_nobody_takes_a_replica_for_the_master_the_sentinels_call_it(fleet: SentinelFleet) -> None:
    """They hear of a change one after the other, and one that was cut off may be long out of date."""
    _, replica = await fleet.roles()
    for sentinel in fleet.sentinels:
        await sentinel.ask("SENTINEL", "MONITOR", "outdated", "127.0.0.1", replica.port, 3)
    clients = RedisClients(fleet.url_of("outdated"), Timing(resends=0))
    with pytest.raises(QueueUnavailable, match="is no master but a slave"):
        await clients.call("PING")
    await clients.aclose()
    for sentinel in fleet.sentinels:
        await sentinel.ask("SENTINEL", "REMOVE", "outdated")


# --- settled answers -----------------------------------------------------------------------------


async def test_an_answer_is_settled_also_when_nothing_was_written(
    fleet: SentinelFleet, connect: Connect
) -> None:
    """The second sending of an enqueue finds the job and writes nothing: no reason to believe it."""
    queue, (_, replica) = RedisQueue(connect(replicas=1), OPTIONS), await fleet.roles()
    job_id = a_job_id()
    replica.freeze()
    for _ in range(2):
        with pytest.raises(QueueUnavailable, match="0 of 1 replicas"):
            await put(queue, job_id)
        with pytest.raises(QueueUnavailable, match="0 of 1 replicas"):
            await queue.get(job_id)
    replica.thaw()
    await until_answered(lambda: put(queue, job_id))
    assert (await queue.audit()).accepted == 1


async def test_running_jobs_end_without_a_replica_but_nobody_is_told(
    fleet: SentinelFleet, connect: Connect
) -> None:
    clients, (_, replica) = connect(replicas=1), await fleet.roles()
    queue, reader = RedisQueue(clients, QueueOptions()), Completions(clients, "log", "one")
    await queue.register(a_worker("w1"))
    job_id = await put(queue, a_job_id())
    (claim,) = await queue.claim("w1", ["tongue"], 1)
    replica.freeze()
    assert await queue.finish(claim, a_result(job_id=job_id, problem_id="p").to_json()) is Finish.OK
    with pytest.raises(QueueUnavailable, match="0 of 1 replicas"):
        await reader.read(timeout_s=0)
    replica.thaw()
    batch = await until_answered(lambda: reader.read(timeout_s=0))  # what was taken meanwhile is not lost
    assert [line.job_id for line in batch.completions] == [job_id]
    await reader.close()


async def test_a_script_the_server_does_not_know_is_settled_too(connect: Connect) -> None:
    queue = RedisQueue(connect(replicas=1))
    await put(queue, a_job_id())
    await connect().call("SCRIPT", "FLUSH")
    await put(queue, a_job_id())
    assert (await queue.audit()).accepted == 2
