"""Simulated workers, many in one process: ``python -m bench.simulated PORT WORKERS SLOTS``.

Each has connections of its own and does what a worker does to Redis: it waits, claims, marks as
started, finishes, renews on the heartbeat's beat and reaps. Only programs are not run. Commands come
as lines on stdin, answers are lines of JSON on stdout: ``report`` gives what was seen since the last
one, the end of stdin ends the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import uvloop

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.job import Evidence, Result, Verdict, iso_utc
from fleet.queue import Claim, WorkerInfo
from fleet.redis_client import RedisClients, Timing
from fleet.redis_queue import QueueOptions, RedisQueue

LANGUAGE = {"name": "noop", "aliases": []}
_IDLE_S, _REAP_S = 2.0, 1.0  # as worker.slots and worker.reaper have them
_OPTIONS = QueueOptions(lease_s=10.0, waiting_max=1_000_000)
_CONNECTING = asyncio.Semaphore(50)


@dataclass(slots=True)
class Seen:
    """What the workers of this process saw since the last report."""

    claimed_ns: dict[str, int] = field(default_factory=dict)
    claim_s: list[float] = field(default_factory=list)  # how long those claims took that gave something
    finished: int = 0
    first_ns: int = 0
    last_ns: int = 0
    wakes: int = 0  # waits that ended with an item
    empty_claims: int = 0
    cpu_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As a line for whoever asked."""
        return {name: getattr(self, name) for name in self.__slots__}


class Simulation:
    """The workers of one process."""

    def __init__(self, url: str, workers: int, slots: int, *, beat: bool) -> None:
        self._url, self._slots, self._beat = url, slots, beat
        self._names = [f"w{os.getpid()}-{number}" for number in range(workers)]
        self._seen, self._cpu_s, self._ready = Seen(), time.process_time(), 0

    async def run(self) -> None:
        """Work until stdin ends."""
        tasks = [asyncio.create_task(self._worker(name)) for name in self._names]
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while (await reader.readline()).strip() == b"report":
            sys.stdout.write(json.dumps({**self._report(), "ready": self._ready}) + "\n")
            sys.stdout.flush()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _report(self) -> dict[str, Any]:
        seen, self._seen = self._seen, Seen()
        now_s = time.process_time()
        seen.cpu_s, self._cpu_s = now_s - self._cpu_s, now_s
        return seen.to_json()

    async def _worker(self, name: str) -> None:
        clients = RedisClients(self._url, Timing(10.0, 10.0, connections_max=self._slots + 2))
        queue = RedisQueue(clients, _OPTIONS)
        beats: list[asyncio.Task[None]] = []
        try:
            async with _CONNECTING:
                await queue.register(WorkerInfo(name, self._slots, "noop", [LANGUAGE]))
            self._ready += 1
            if self._beat:
                beats = [
                    asyncio.create_task(self._every(_OPTIONS.lease_s / 3, lambda: queue.renew(name, {}))),
                    asyncio.create_task(self._every(_REAP_S, queue.reap)),
                ]
            while True:
                with contextlib.suppress(QueueUnavailable):
                    await self._turn(clients, queue, name)
        finally:
            for beat in beats:
                beat.cancel()
            await clients.aclose()

    async def _turn(self, clients: RedisClients, queue: RedisQueue, name: str) -> None:
        began_ns = time.monotonic_ns()
        claims = await queue.claim(name, [str(LANGUAGE["name"])], self._slots)
        now_ns = time.monotonic_ns()
        if not claims:
            self._seen.empty_claims += 1
            # What ``queue.wait`` does, which does not say whether something was pushed.
            words = ("BLMOVE", keys.PUBLIC, keys.inbox(name), "RIGHT", "LEFT")
            item = await clients.block(*words, block_s=_IDLE_S)
            self._seen.wakes += item is not None  # in what is seen by now: there may have been a report
            return
        self._seen.first_ns = self._seen.first_ns or began_ns
        self._seen.claim_s.append((now_ns - began_ns) / 1e9)
        for claim in claims:
            self._seen.claimed_ns[claim.job_id] = now_ns
        await asyncio.gather(*(queue.finish(claim, _result(claim)) for claim in claims))
        self._seen.finished += len(claims)
        self._seen.last_ns = time.monotonic_ns()

    @staticmethod
    async def _every(period_s: float, work: Any) -> None:
        await asyncio.sleep(random.uniform(0, period_s))
        while True:
            with contextlib.suppress(QueueUnavailable):
                await work()
            await asyncio.sleep(period_s * random.uniform(0.8, 1.2))


def _result(claim: Claim) -> dict[str, Any]:
    at = iso_utc(claim.claimed_at_ms)
    return Result(
        job_id=claim.job_id,
        problem_id="bench",
        language=str(LANGUAGE["name"]),
        verdict=Verdict.OK,
        evidence=Evidence(how="the program exited with 0"),
        exit_code=0,
        stdout=b"Hello, World!\n",
        attempt=claim.attempt,
        queued_at=iso_utc(claim.queued_at_ms),
        started_at=at,
        finished_at=at,
    ).to_json()


if __name__ == "__main__":
    port, workers, slots, beat = sys.argv[1:]
    simulation = Simulation(f"redis://127.0.0.1:{port}/0", int(workers), int(slots), beat=beat == "beat")
    uvloop.run(simulation.run())
