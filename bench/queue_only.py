"""The queue by itself: claims and finishes without programs, accepted submits, cost against length."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.figures import Figure, Target, latency
from bench.ground import Ground
from bench.herd import Herd, enqueue_many, herd, spent
from bench.schedule import closed_loop
from bench.services import Cast, redis, running
from bench.simulated import LANGUAGE
from fleet.queue import WorkerInfo
from fleet.redis_queue import RedisQueue

PART = "queue only"
THROUGHPUT = "claim and finish, no-op runner"
_LENGTHS = (10, 100, 1_000, 10_000, 100_000)
_BATCH = 8  # slots of a simulated worker
_FEW = 5  # claims between two looks at the server, fewer than wait in the shortest queue
_PATIENCE_S = 120.0


async def measure(ground: Ground) -> list[Figure]:
    """All of it, each against a Redis of its own."""
    figures: list[Figure] = []
    for fsync in ("always", "everysec"):
        ground.say(f"queue only: {THROUGHPUT}, appendfsync {fsync}")
        figures += await _throughput(ground, fsync)
    ground.say("queue only: accepted submits")
    figures += await _accepted(ground)
    ground.say("queue only: claims against the length of the queue")
    figures += await _lengths(ground)
    return figures


async def _throughput(ground: Ground, fsync: str) -> list[Figure]:
    jobs = 8_000 if ground.quick else 20_000
    home = ground.home / f"queue-{fsync}"
    async with redis(home, fsync, 10 * jobs) as (port, clients, queue):
        await enqueue_many(queue, jobs)
        before = await spent(clients)
        async with herd(home, port, processes=ground.cores, workers=8, slots=_BATCH, beat=False) as workers:
            reports = await _until_finished(workers, jobs)
        used = (await spent(clients)).since(before)
    first = min(report["first_ns"] for report in reports if report["first_ns"])
    seconds = (max(report["last_ns"] for report in reports) - first) / 1e9
    clients_s = sum(report["cpu_s"] for report in reports)
    note = (
        f"of {jobs:,} jobs; a job took {1e6 * used.cpu_s / jobs:.0f} us of Redis' CPU and "
        f"{1e6 * clients_s / jobs:.0f} us of the simulated workers', on the same cores"
    )
    return [
        Figure(
            part=PART, name=f"{fsync}: {THROUGHPUT}", value=jobs / seconds, unit="/s",
            target=Target(">=", 4_000), note=note,
        ),
        Figure(
            part=PART, name=f"{fsync}: the same, by Redis' CPU alone", value=jobs / used.cpu_s, unit="/s",
            note="what one core of Redis holds when its clients run elsewhere",
        ),
    ]  # fmt: skip


async def _until_finished(workers: Herd, jobs: int) -> list[dict[str, Any]]:
    """Every report until so many jobs are finished, but for those of processes that had nothing to do."""
    reports: list[dict[str, Any]] = []
    async with asyncio.timeout(_PATIENCE_S):
        while sum(report["finished"] for report in reports) < jobs:
            await asyncio.sleep(0.1)
            reports += await workers.report()
    return [report for report in reports if report["finished"]]


async def _accepted(ground: Ground) -> list[Figure]:
    cast = Cast(runtime="noop", waiting_max=1_000_000, slots=_BATCH)
    async with running(ground, cast) as fleet:
        for _ in range(50):
            await fleet.submit()
        loop = await closed_loop(16, 1.0, ground.seconds(8), fleet.submit)
        await fleet.drained()
    note = "one API process, while a no-op worker, Redis and the load share its cores"
    return [
        Figure(
            part=PART, name="submits accepted", value=loop.per_s, unit="/s", target=Target(">=", 1_000),
            note=note,
        ),
        latency(PART, "submit acknowledged, 16 always in flight", loop.latencies_s),
    ]  # fmt: skip


async def _lengths(ground: Ground) -> list[Figure]:
    figures, length = [], 0
    claims = 100 if ground.quick else 300  # of each length
    async with redis(ground.home / "queue-lengths", "everysec", 10**6) as (_, clients, queue):
        await queue.register(WorkerInfo("lonely", 1, "noop", [LANGUAGE]))
        for wanted in _LENGTHS:
            if ground.quick and wanted > 10_000:
                break
            await enqueue_many(queue, wanted - length)
            length = wanted
            seconds, scripts_us = [], 0
            for _ in range(claims // _FEW):
                before = await spent(clients)
                seconds += [await _claim_one(queue) for _ in range(_FEW)]
                scripts_us += (await spent(clients)).since(before).scripts_us
                await enqueue_many(queue, _FEW)  # so that the queue keeps its length
            note = f"{scripts_us / claims:.0f} us of it in the script, at {wanted:,}"
            figures.append(latency(PART, f"claim, {wanted:,} jobs waiting", seconds, None, note))
    return figures


async def _claim_one(queue: RedisQueue) -> float:
    began_s = time.monotonic()
    await queue.claim("lonely", [str(LANGUAGE["name"])], 1)
    return time.monotonic() - began_s
