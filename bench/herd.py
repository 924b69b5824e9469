"""Processes of simulated workers, the jobs they are given, and what Redis spends on both."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.simulated import LANGUAGE
from fleet.job import Submission
from fleet.queue import Order
from fleet.redis_client import RedisClients
from fleet.redis_queue import RedisQueue
from tests.chaos.processes import environment, python

_PATIENCE_S = 60.0
_LINE_BYTES = 64 * 1024 * 1024
_AT_ONCE = 24
_SPEC = Submission("bench", "print('Hello, World!')", str(LANGUAGE["name"])).to_spec()


class Herd:
    """All simulated workers."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    async def report(self) -> list[dict[str, Any]]:
        """What each process saw since the last report."""
        for process in self._processes:
            assert process.stdin is not None  # noqa: S101 - asked for
            process.stdin.write(b"report\n")
        return [await self._line(process) for process in self._processes]

    async def ready(self, workers: int) -> None:
        """Return when so many workers are registered."""
        async with asyncio.timeout(_PATIENCE_S):
            while sum(report["ready"] for report in await self.report()) < workers:
                await asyncio.sleep(0.1)

    @staticmethod
    async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None  # noqa: S101 - asked for
        async with asyncio.timeout(_PATIENCE_S):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"a process of simulated workers ended, status {process.returncode}")
        found: dict[str, Any] = json.loads(line)
        return found


@contextlib.asynccontextmanager
async def herd(
    home: Path, port: int, *, processes: int, workers: int, slots: int, beat: bool
) -> AsyncIterator[Herd]:
    """``workers`` in all, shared by so many processes; ``beat``: with heartbeats and reaping."""
    words = [str(port), str(workers // processes), str(slots), "beat" if beat else "still"]
    started = [
        await asyncio.create_subprocess_exec(
            *python("bench.simulated", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(home.name, home),
            limit=_LINE_BYTES,
        )
        for _ in range(processes)
    ]
    try:
        yield Herd(started)
    finally:
        for process in started:
            assert process.stdin is not None  # noqa: S101 - asked for
            process.stdin.close()
        for process in started:
            try:
                async with asyncio.timeout(15):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def enqueue_one(queue: RedisQueue) -> tuple[str, int]:
    """A job accepted: its id, and when it was sent, in nanoseconds."""
    job_id, sent_ns = secrets.token_hex(16), time.monotonic_ns()
    language = str(LANGUAGE["name"])
    await queue.enqueue(Order(job_id=job_id, spec=_SPEC, problem_id="bench", language=language))
    return job_id, sent_ns


async def enqueue_many(queue: RedisQueue, count: int) -> None:
    """So many jobs accepted, as fast as one process can."""
    left = iter(range(count))

    async def client() -> None:
        for _ in left:
            await enqueue_one(queue)

    await asyncio.gather(*(client() for _ in range(min(_AT_ONCE, count))))


@dataclass(frozen=True, slots=True)
class Spent:
    """What Redis has spent so far."""

    cpu_s: float
    commands: int
    scripts: int
    scripts_us: int
    at_s: float

    def since(self, before: Spent) -> Spent:
        """What it spent since."""
        return Spent(
            self.cpu_s - before.cpu_s,
            self.commands - before.commands,
            self.scripts - before.scripts,
            self.scripts_us - before.scripts_us,
            self.at_s - before.at_s,
        )

    @property
    def share(self) -> float:
        """Of one core, in percent."""
        return 100 * self.cpu_s / self.at_s


async def spent(clients: RedisClients) -> Spent:
    """By the server's own count."""
    info: dict[str, Any] = {}
    for section in ("cpu", "stats", "commandstats"):
        info |= await clients.call("INFO", section)
    scripts = info.get("cmdstat_evalsha", {"calls": 0, "usec": 0})
    return Spent(
        float(info["used_cpu_user"]) + float(info["used_cpu_sys"]),
        int(info["total_commands_processed"]),
        int(scripts["calls"]),
        int(scripts["usec"]),
        time.monotonic(),
    )
