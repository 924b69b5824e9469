"""The fleet that is measured: Redis, API, worker and subscriber as real processes of this tree."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.ground import Ground
from bench.http_client import Client
from bench.snippet import LANGUAGE, OUTPUT, PROGRAM, ROOT
from fleet.redis_client import RedisClients, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from tests.chaos.fleet_under_test import redis_server
from tests.chaos.processes import Process, environment, free_port, listens, python

_PATIENCE_S = 90.0
_LOOK_S = 0.05
_WAIT, _JUDGED = "wait=30", "wait=60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Which fleet: what runs the programs, how often Redis writes to its disk, whose code it is."""

    runtime: str = "docker"  # "docker", "crun", or "noop" for boxes that are empty
    fsync: str = "always"
    api: Sequence[str] = ("api",)  # module and arguments
    worker: Sequence[str] = ("worker",)
    waiting_max: int = 10_000
    slots: int | None = None  # None: the worker's own default
    language: str = LANGUAGE  # the one that is served


@dataclass(slots=True)
class Fleet:
    """What runs."""

    home: Path
    redis_port: int
    clients: RedisClients
    queue: RedisQueue
    http: Client
    metrics_port: int
    language: str
    processes: dict[str, Process] = field(default_factory=dict)

    async def submit_and_wait(self) -> bool:
        """The program submitted, and its result waited for: is it what it must be."""
        return await self.result_of_one() is not None

    async def result_of_one(self) -> dict[str, Any] | None:
        """The program submitted and its result, if that is what it must be."""
        status, answer = await self.http.post("/submit", _JOB, _WAIT)
        right = status == 200 and answer["verdict"] == "ok" and answer["stdout"] == OUTPUT
        return answer if right else None

    async def judged(self, job: dict[str, Any]) -> dict[str, Any]:
        """The result of a job with tests. Raises ``RuntimeError`` unless all its cases are accepted."""
        status, answer = await self.http.post("/submit", job, _JUDGED)
        if status != 200 or answer["verdict"] != "accepted":
            raise RuntimeError(f"status {status}: {answer.get('verdict')}, {answer.get('evidence')}")
        return answer

    async def submit(self) -> bool:
        """The program submitted: was it accepted."""
        status, _ = await self.http.post("/submit", _JOB)
        return status == 202

    def taken(self, found: str) -> float:
        """How many jobs found a ready spare (``hit``) or did not (``miss``), by the worker's count."""
        return self._metric(
            f'sandfleet_worker_spares_taken_total{{found="{found}",language="{self.language}"}}'
        )

    async def rested(self) -> None:
        """Return when nothing waits or runs and the spares are as many as they get."""
        async with asyncio.timeout(_PATIENCE_S):
            full = self._metric("sandfleet_worker_slots")
            spares = f'sandfleet_worker_spares_ready{{language="{self.language}"}}'
            while True:
                audit = await self.queue.audit()
                waiting = audit.public + audit.inbox + audit.ready + audit.later + audit.leased
                if not waiting and await asyncio.to_thread(self._metric, spares) >= full:
                    return
                await asyncio.sleep(_LOOK_S)

    async def drained(self) -> None:
        """Return when nothing waits or runs."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                depth = await self.queue.depth()
                if not (depth.public + sum(depth.ready.values()) + depth.leased):
                    return
                await asyncio.sleep(_LOOK_S)

    def _metric(self, name: str) -> float:
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


_JOB = {"problemId": "bench", "language": LANGUAGE, "code": PROGRAM}


@contextlib.asynccontextmanager
async def running(ground: Ground, cast: Cast) -> AsyncIterator[Fleet]:
    """The fleet, serving; afterwards all of it has ended, with SIGTERM where it obeys."""
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=ground.home))
    async with redis(home, cast.fsync, cast.waiting_max) as (port, clients, queue):
        api_port, metrics_port = free_port(), free_port()
        fleet = Fleet(home, port, clients, queue, Client(api_port), metrics_port, cast.language)
        try:
            for name, argv, settings in _plan(ground, cast, fleet, api_port):
                env = environment(home.name, home, {**settings, "redis_url": f"redis://127.0.0.1:{port}/0"})
                fleet.processes[name] = Process(name, python(*argv), env, home / f"{name}.log")
            await _serving(fleet, api_port)
            yield fleet
        finally:
            await fleet.http.aclose()
            await _end(fleet.processes)
    shutil.rmtree(home, ignore_errors=True)  # after a failure it stays, with the logs


@contextlib.asynccontextmanager
async def redis(
    home: Path, fsync: str, waiting_max: int = 10_000
) -> AsyncIterator[tuple[int, RedisClients, RedisQueue]]:
    """A Redis as the product is shipped, on the disk of ``home``: its port, and a queue on it."""
    port, folder = free_port(), home / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    argv = [redis_server(), str(ROOT / "setup/redis.conf"), "--port", str(port), "--bind", "127.0.0.1"]
    argv += ["--dir", str(folder), "--appendfsync", fsync]
    process = Process("redis", argv, environment(home.name, home), home / "redis.log")
    clients = RedisClients(f"redis://127.0.0.1:{port}/0")
    try:
        await wait_for_redis(clients, _PATIENCE_S)
        yield port, clients, RedisQueue(clients, QueueOptions(waiting_max=waiting_max))
    finally:
        await clients.aclose()
        await _end({"redis": process})
        shutil.rmtree(folder, ignore_errors=True)


def _plan(
    ground: Ground, cast: Cast, fleet: Fleet, api_port: int
) -> list[tuple[str, Sequence[str], dict[str, object]]]:
    languages = fleet.home / "languages"
    shutil.copytree(ROOT / "sandbox-images" / cast.language, languages / cast.language)
    base: dict[str, object] = {"log_format": "json", "log_level": "info"}
    jobs = {**base, "languages_dir": languages}
    worker: dict[str, object] = {
        **jobs,
        "worker_name": "bench",
        "fleet": fleet.home.name,
        "metrics_port": fleet.metrics_port,
        "state_dir": ground.state,
        "run_dir": ground.run / "boxes",
        **({"runtime": cast.runtime} if cast.runtime != "noop" else {}),
        **({"slots": cast.slots} if cast.slots else {}),
    }
    argv = ("tests.fuzz.noop_worker",) if cast.runtime == "noop" else cast.worker
    return [
        ("api", cast.api, {**jobs, "port": api_port, "queue_max": cast.waiting_max}),
        ("worker", argv, worker),
        ("subscriber", ("subscriber",), {**base, "consumer": "bench", "metrics_port": 0}),
    ]


async def _serving(fleet: Fleet, api_port: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not await fleet.queue.workers() or not await listens(api_port):
            for name, process in fleet.processes.items():
                if process.status is not None:
                    raise RuntimeError(f"{name} ended, status {process.status}: {process.last_words()}")
            await asyncio.sleep(_LOOK_S)


async def _end(processes: dict[str, Process]) -> None:
    for process in reversed(processes.values()):
        with contextlib.suppress(TimeoutError):
            await process.stop(45)
        await process.kill()
