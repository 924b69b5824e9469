"""The fleet under load: a real Redis, API, worker and subscriber, and an engine where one is needed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from fleet.queue import Audit
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from tests.chaos.engine import Engine
from tests.chaos.fleet_under_test import Redis, redis_server
from tests.chaos.oracle import Line
from tests.chaos.processes import Process, environment, free_port, listens, marked, python
from tests.load.generator import Generator, Order
from tests.load.programs import languages, lay_out
from worker.cgroups import find_hierarchies

RUNTIMES = ("docker", "crun", "noop")
_START_S = 180.0  # crun unpacks the images first
_STOP_S = 60.0
_LOOK_S = 0.1
_WARM_S = 2.0  # of a closed loop, not counted: spares are used up first
_Say = Callable[[str], None]


@dataclass
class Rig:
    """What runs. Opened and closed by ``running``."""

    runtime: str
    home: Path
    retention_s: int
    clients: RedisClients
    redis: Redis
    engine: Engine | None
    processes: dict[str, Process] = field(default_factory=dict)
    api_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.queue = RedisQueue(self.clients, QueueOptions())

    @property
    def name(self) -> str:
        """The mark of all its processes, containers and cgroups."""
        return self.home.name

    @property
    def run_dir(self) -> Path:
        """Where crun's sandboxes are written down."""
        return self.home / "run"

    async def open(self) -> None:
        """Start everything; returns when the worker serves and the API answers."""
        for folder in ("tmp", "log"):
            (self.home / folder).mkdir()
        lay_out(self.home / "languages")
        if self.engine:
            await self.engine.start()
            for language in languages():
                await self.engine.load(language.image)
        self.redis.start()
        await Redis.answers(self.clients)
        self._start("worker", self._worker_argv(), self._worker_settings())
        self._start("subscriber", python("subscriber"), {"consumer": "load", "metrics_port": 0})
        await self.start_api()

    async def start_api(self, queue_max: int = 10_000) -> None:
        """The API with such a bound of the queue, instead of the one that runs."""
        if "api" in self.processes:
            await self.processes["api"].stop(_STOP_S)
        settings = {**self._job_settings(), "port": self.api_port, "queue_max": queue_max}
        self._start("api", python("api"), settings)
        async with asyncio.timeout(_START_S):
            while not await listens(self.api_port) or not await self.queue.workers():
                self.look()
                await asyncio.sleep(_LOOK_S)

    def look(self) -> None:
        """Raise ``RuntimeError`` if a process has ended."""
        for name, process in {**self.processes, "redis": self.redis.process}.items():
            if process.status is not None:
                raise RuntimeError(f"{name} ended, status {process.status}: {process.last_words()}")

    async def sustained(self, seconds: float) -> float:
        """Jobs a second from submit to result, as many at once as keep every slot and spare busy."""
        [worker] = await self.queue.workers()
        warm_s = min(_WARM_S, seconds)
        order = Order(
            port=self.api_port,
            runtime=self.runtime,
            seconds=warm_s + seconds,
            in_flight=4 * worker.slots,
            name="sustained",
        )
        report = await Generator.start(order, self.home, "sustained").report(order.seconds)
        if report.fault_count:
            raise RuntimeError(f"the closed loop had answers it should not: {report.faults[:3]}")
        ends_s = (at + took / 1000 for at, took in zip(report.planned_s, report.took_ms, strict=True))
        return sum(warm_s <= end_s < order.seconds for end_s in ends_s) / seconds

    async def drained(self, within_s: float) -> Audit:
        """The audit once nothing waits or runs, or when the time is up."""
        end_s = time.monotonic() + within_s
        while True:
            audit = await self.queue.audit()
            waits = audit.public + audit.inbox + audit.ready + audit.later + audit.leased
            if not waits or time.monotonic() > end_s:
                return audit
            self.look()
            await asyncio.sleep(_LOOK_S)

    async def close(self) -> None:
        """End all of it as an operator would."""
        await asyncio.gather(*(process.stop(_STOP_S) for process in self.processes.values()))
        await self.redis.process.stop(_STOP_S)
        if self.engine:
            await self.engine.stop()

    async def abandon(self) -> None:
        """End whatever still runs, at once, and remove what it left."""
        for process in self.processes.values():
            with contextlib.suppress(TimeoutError):  # so that a worker takes its sandboxes with it
                await process.stop(_STOP_S)
            await process.kill()
        if self.redis.lives:
            await self.redis.process.kill()
        await self.clients.aclose()
        if self.engine:
            await self.engine.stop()
            await self.engine.clear()

    def nothing_left(self) -> Line:
        """Whether all is gone now that everything has ended."""
        left = self._left_behind()
        return Line("nothing is left behind", not left, f"{len(left)}: {left[:3]}" if left else "0")

    def _left_behind(self) -> list[str]:
        left = [f"process {pid}: {words[:80]}" for pid, words in marked(self.name)]
        left += [f"cgroup {path}" for path in self.cgroups()]
        left += [f"file {path}" for path in (self.home / "tmp").iterdir()]
        left += [f"file {path}" for path in self.run_dir.rglob("*")] if self.run_dir.exists() else []
        return left + (self.engine.left_behind() if self.engine else [])

    def cgroups(self) -> list[Path]:
        """The groups of this fleet and its engine, in every hierarchy."""
        found: list[Path] = []
        for root in find_hierarchies(Path("/proc/self/mountinfo").read_text()).roots:
            for parent in (root / self.name, root / "sandfleet" / self.name):
                with contextlib.suppress(OSError):  # it goes while we look
                    found += [path for path in parent.rglob("*") if path.is_dir()]
        return found

    def _start(self, name: str, argv: list[str], settings: dict[str, object]) -> None:
        common = {"redis_url": f"redis://127.0.0.1:{self.redis.port}/0", "log_format": "json"}
        env = environment(self.name, self.home / "tmp", {**common, **settings})
        self.processes[name] = Process(name, argv, env, self.home / f"log/{name}.log")

    def _job_settings(self) -> dict[str, object]:
        return {"languages_dir": self.home / "languages", "retention_s": self.retention_s}

    def _worker_argv(self) -> list[str]:
        return python("tests.chaos.noop_worker" if self.runtime == "noop" else "worker")

    def _worker_settings(self) -> dict[str, object]:
        settings = {**self._job_settings(), "fleet": self.name, "worker_name": "loaded", "metrics_port": 0}
        if self.engine:
            settings["docker_host"] = self.engine.host
        if self.runtime == "crun":
            settings |= {"runtime": "crun", "run_dir": self.run_dir, "state_dir": self.home / "state"}
        return settings


@contextlib.asynccontextmanager
async def running(runtime: str, retention_s: int, say: _Say) -> AsyncIterator[Rig]:
    """A fleet on ``runtime``. What it started is gone afterwards; the logs are kept if anything raised."""
    home = Path(tempfile.mkdtemp(prefix=f"load-{secrets.token_hex(3)}-"))
    home.chmod(0o711)  # users of crun's sandboxes pass through it to their files
    redis = Redis(redis_server(), home, environment(home.name, home / "tmp"))
    clients = RedisClients(f"redis://127.0.0.1:{redis.port}/0")
    engine = Engine(home) if runtime == "docker" else None
    rig, keep = Rig(runtime, home, retention_s, clients, redis, engine), True
    say(f"starting a fleet on {runtime}")
    try:
        await rig.open()
        yield rig
        keep = False
    finally:
        await rig.abandon()
        if keep:
            say(f"the logs are in {home}/log")
        for entry in home.iterdir():
            if not (keep and entry.name == "log"):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if not keep:
            home.rmdir()


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def median(values: list[float]) -> float:
    """The middle one; 0 of none."""
    return statistics.median(values) if values else 0.0
