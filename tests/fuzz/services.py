"""The services that are fuzzed: a real Redis, and the API, a worker and the subscriber as processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet import keys
from fleet.languages import Language, read_languages
from fleet.redis_client import RedisClients, Timing, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from tests.chaos.fleet_under_test import redis_server
from tests.chaos.processes import ROOT, Process, environment, free_port, listens, python

_PATIENCE_S = 60.0
_LOOK_S = 0.02
_MIB = 1024 * 1024
LEASE_S = 10.0
BODY_S = 1.0  # a request body may take this long


@dataclass
class Services:
    """What runs. ``problems`` says what no fuzzed byte may cause: a process that ended or raised."""

    home: Path
    clients: RedisClients
    queue: RedisQueue
    language: Language
    api_port: int
    processes: dict[str, Process] = field(default_factory=dict)

    async def drained(self) -> None:
        """Return when every job that was accepted is done. Raises ``TimeoutError``."""
        idle = 0
        async with asyncio.timeout(_PATIENCE_S):
            while idle < 3:
                audit = await self.queue.audit()
                waiting = audit.public + audit.inbox + audit.ready + audit.later + audit.leased
                idle = idle + 1 if waiting == 0 else 0
                self.look()
                await asyncio.sleep(_LOOK_S)

    def look(self) -> None:
        """Raise ``RuntimeError`` if a process has ended."""
        for name, process in self.processes.items():
            if process.status is not None:
                raise RuntimeError(f"{name} ended, status {process.status}: {process.last_words()}")

    def problems(self) -> list[str]:
        """What the processes said that they should never have to say."""
        found = []
        for name, process in self.processes.items():
            said = process.log.read_text("utf-8", "replace")
            said += process.log.with_suffix(".err").read_text("utf-8", "replace")
            marks = ("Traceback", "run_broken", "request_failed", '"level":"error"', '"level":"critical"')
            found += [f"{name}: {line[:300]}" for line in said.splitlines() if any(m in line for m in marks)]
        return found

    def rss_mib(self) -> dict[str, float]:
        """The most memory each process ever had resident, in MiB."""
        return {name: round(_peak_bytes(process.pid) / _MIB, 1) for name, process in self.processes.items()}

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """What a process has logged."""
        for line in self.processes[name].log.read_text("utf-8", "replace").splitlines():
            yield json.loads(line)


@contextlib.asynccontextmanager
async def running(*names: str) -> AsyncIterator[Services]:
    """The services named (``worker``, ``api``, ``subscriber``) beside a Redis, in a folder of their own."""
    home = Path(tempfile.mkdtemp(prefix="fuzz-"))
    port, api_port = free_port(), free_port()
    url = f"redis://127.0.0.1:{port}/0"
    # A push that is sent again is another item, so a slow answer is waited for.
    clients = RedisClients(url, Timing(answer_s=30.0, resends=0))
    languages = read_languages(ROOT / "sandbox-images")
    language = languages[min(languages)]
    shutil.copytree(ROOT / "sandbox-images" / language.name, home / "languages" / language.name)
    services = Services(home, clients, RedisQueue(clients, QueueOptions(lease_s=LEASE_S)), language, api_port)
    try:
        services.processes["redis"] = _redis(home, port)
        await wait_for_redis(clients, _PATIENCE_S)
        for name in names:
            services.processes[name] = _service(name, home, url, api_port)
        await _started(services)
        yield services
    finally:
        await clients.aclose()
        for process in reversed(services.processes.values()):
            await process.kill()
        shutil.rmtree(home)


def _redis(home: Path, port: int) -> Process:
    (home / "redis").mkdir()
    argv = [redis_server(), str(ROOT / "setup/redis.conf"), "--port", str(port), "--bind", "127.0.0.1"]
    argv += ["--dir", str(home / "redis"), "--appendfsync", "everysec"]
    return Process("redis", argv, environment(home.name, home), home / "redis.log")


def _service(name: str, home: Path, url: str, api_port: int) -> Process:
    base: dict[str, object] = {"redis_url": url, "log_format": "json", "log_level": "info"}
    jobs = {**base, "languages_dir": home / "languages", "lease_s": LEASE_S}
    argv, settings = {
        "api": (python("api"), {**jobs, "port": api_port, "body_s": BODY_S, "wait_s_max": 1}),
        "worker": (
            python("tests.fuzz.noop_worker"),
            {**jobs, "worker_name": "fuzzed", "slots": 8, "metrics_port": 0},
        ),
        "subscriber": (python("subscriber"), {**base, "consumer": "fuzz", "metrics_port": 0}),
    }[name]
    return Process(name, argv, environment(home.name, home, settings), home / f"{name}.log")


async def _started(services: Services) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not await _serve(services):
            services.look()
            await asyncio.sleep(_LOOK_S)


async def _serve(services: Services) -> bool:
    if "worker" in services.processes and not await services.queue.workers():
        return False
    if "subscriber" in services.processes and not await services.clients.call("EXISTS", keys.EVENTS):
        return False
    return "api" not in services.processes or await listens(services.api_port)


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
