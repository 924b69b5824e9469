"""A whole worker on a real Redis and real sandboxes: jobs that are followed or cancelled while they run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleet.events import Announcements
from fleet.job import Submission
from fleet.limits import Bounds
from fleet.queue import Cancel, WorkerInfo
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import an_order
from tests.contract.conftest import RedisServer
from tests.contract.crun_harness import hierarchies
from tests.contract.queue_harness import cancel, result_of
from tests.contract.sandbox_harness import PYTHON, REAL, real_sandbox
from worker.assembly import ask_served, assemble, listed
from worker.cancels import Cancels
from worker.cgroups import names_below
from worker.service import Worker
from worker.settings import WorkerSettings

_PATIENCE_S = 60.0
TALKS = "import time\nprint('so far €', flush=True)\nwhile True: time.sleep(0.01)"
COUNTS = "import time\nfor n in range(40): print(n, flush=True); time.sleep(0.02)"


def python(code: str, **fields: Any) -> Submission:
    """A job as a client sends it."""
    return Submission.from_mapping({"problemId": "p", "language": "python", "code": code, **fields}, Bounds())


def left(fleet: str) -> set[str]:
    """Boxes of a fleet that are still there: containers of the engine, or groups of the kernel."""
    listing = ["docker", "ps", "--all", "--quiet", "--filter", f"label=sandfleet.fleet={fleet}"]
    found = subprocess.run(listing, capture_output=True, timeout=20, check=True, text=True).stdout.split()
    return {*found, *names_below(hierarchies(), f"/sandfleet/{fleet}/w1")}


@dataclass
class World:
    """What runs, and the means to submit and look."""

    queue: RedisQueue
    clients: RedisClients
    fleet: str
    worker: Worker

    async def submit(self, code: str, **fields: Any) -> str:
        """Enqueue a Python program; its id."""
        order = an_order(python(code, **fields))
        await self.queue.enqueue(order)
        return order.job_id

    async def told(self, job_id: str, events: int = 1) -> list[Mapping[str, Any]]:
        """What was told of a job, once there are so many events."""
        while True:
            found = [json.loads(text) for _, text in await self.queue.told(job_id)]
            if len(found) >= events:
                return found
            await asyncio.sleep(0.02)

    async def result(self, job_id: str) -> Mapping[str, Any]:
        """Its result, once there is one."""
        return await result_of(self.queue, job_id)

    async def cancel(self, job_id: str) -> None:
        """Ask for it, of a job that is leased."""
        assert await cancel(self.queue, job_id) is Cancel.ASKED

    async def nothing_runs(self) -> None:
        """Return when the boxes of jobs are gone, by the word of who has them; there are no spares."""
        while left(self.fleet):
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def serving(
    kind: str, server: RedisServer, clients: RedisClients, *, listen: bool = True, lease_s: float = 60
) -> AsyncIterator[World]:
    """A worker with one slot and no spares. The lease is long: what is heard soon came by the channel."""
    fleet = f"test-{secrets.token_hex(4)}"
    settings = WorkerSettings(
        languages_dir=Path("unused"), slots=1, spares=0, lease_s=lease_s, wall_s_max=30, drain_s=60
    )
    queue = RedisQueue(clients, QueueOptions(lease_s=lease_s))

    @contextlib.asynccontextmanager
    async def heartbeats() -> AsyncIterator[RedisQueue]:
        own = RedisClients(server.url)
        yield RedisQueue(own, QueueOptions(lease_s=lease_s))
        await own.aclose()

    async with real_sandbox(kind, fleet) as sandbox, asyncio.timeout(_PATIENCE_S):
        served = await ask_served(sandbox, {"python": PYTHON}, settings.bounds)
        await queue.register(WorkerInfo("w1", 1, sandbox.runtime, listed(served.values())))
        worker = assemble(settings, "w1", queue, heartbeats, sandbox, served)
        stop, hasten = asyncio.Event(), asyncio.Event()
        cancels = Cancels("w1", queue, Announcements(clients).cancels, worker.slots.runs)
        running = asyncio.create_task(worker.run(stop, hasten))
        if listen:
            cancels.open()
        try:
            yield World(queue, clients, fleet, worker)
        finally:
            stop.set()
            hasten.set()
            await running
            await cancels.close()


@pytest.fixture(params=REAL)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_running_program_is_cancelled_and_its_box_goes(
    kind: str, redis_server: RedisServer, clients: RedisClients
) -> None:
    async with serving(kind, redis_server, clients) as world:
        job_id = await world.submit(TALKS)
        await world.told(job_id)
        assert left(world.fleet)
        await world.cancel(job_id)
        result = await world.result(job_id)
        await world.nothing_runs()
        assert (await world.result(await world.submit("print(1)")))["stdout"] == "1\n"  # the slot is free
        audit = await world.queue.audit()

    assert (result["verdict"], result["stdout"], result["stderr"]) == ("cancelled", "so far €\n", "")
    assert (result["exitCode"], result["signal"], result["cpuMs"], result["memoryBytes"]) == (None,) * 4
    assert result["wallMs"] > 0
    assert result["image"].startswith("sha256:")
    assert (audit.missing, audit.doubled, audit.done) == (0, 0, 2)


async def test_a_worker_that_cannot_hear_finds_out_by_its_heartbeat(
    kind: str, redis_server: RedisServer, clients: RedisClients
) -> None:
    async with serving(kind, redis_server, clients, listen=False, lease_s=3) as world:
        job_id = await world.submit(TALKS)
        await world.told(job_id)
        await world.cancel(job_id)

        assert (await world.result(job_id))["verdict"] == "cancelled"


async def test_a_judged_job_is_cancelled_in_its_second_case(
    kind: str, redis_server: RedisServer, clients: RedisClients
) -> None:
    code = "import sys\nprint(sys.stdin.read(), flush=True)\nwhile sys.argv[1:]: pass"
    tests = [{"stdin": "1", "expected": "1"}, {"stdin": "2", "args": ["hang"]}, {}]
    async with serving(kind, redis_server, clients) as world:
        job_id = await world.submit(code, tests=tests, limits={"cpuSeconds": 15, "wallSeconds": 30})
        await world.told(job_id)
        await world.cancel(job_id)
        result = await world.result(job_id)
        told = await world.told(job_id)

    assert (result["verdict"], [case["verdict"] for case in result["cases"]]) == ("cancelled", ["accepted"])
    assert result["tests"] == {"total": 3, "passed": 1, "failed": 0, "skipped": 2}
    assert [event["index"] for event in told] == [0]  # and nothing of the case that was running


async def test_output_is_told_while_the_program_runs_and_all_of_it_by_its_end(
    kind: str, redis_server: RedisServer, clients: RedisClients
) -> None:
    async with serving(kind, redis_server, clients) as world:
        job_id = await world.submit(COUNTS)
        first = (await world.told(job_id))[0]
        record = await world.queue.get(job_id)
        assert record is not None
        assert record.result is None  # it is still running
        result = await world.result(job_id)
        events = await world.told(job_id)

    assert (first["stream"], first["offset"], first["encoding"], first["attempt"]) == (
        "stdout",
        0,
        "utf-8",
        1,
    )
    assert "".join(event["text"] for event in events) == result["stdout"]
    assert len(events) > 1


async def test_a_flag_outlives_its_worker_and_ends_the_job_at_the_next_claim(
    kind: str, redis_server: RedisServer, clients: RedisClients
) -> None:
    queue = RedisQueue(clients)
    await queue.register(WorkerInfo("dead", 1, "none", [{"name": "python", "aliases": []}]))
    order = an_order(python(TALKS))
    await queue.enqueue(order)
    (claim,) = await queue.claim("dead", ["python"], 1)
    await queue.renew("dead", {claim.job_id: claim.fence}, started=[claim.job_id])
    assert await cancel(queue, order.job_id) is Cancel.ASKED
    await clients.call("ZADD", "{problems}:leases", 1, order.job_id)  # the worker is lost: its lease ran out

    async with serving(kind, redis_server, clients) as world:
        result = await world.result(order.job_id)

    assert (result["verdict"], result["startedAt"]) == ("cancelled", None)
    assert result["evidence"]["how"] == "cancelled on request, before it ran again"
