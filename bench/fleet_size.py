"""A thousand workers on one Redis: what they cost idle, whom a push wakes, what goes through."""

from __future__ import annotations

import asyncio
from typing import Any

from bench.figures import Figure, Target, latency
from bench.ground import Ground
from bench.herd import Herd, enqueue_one, herd, spent
from bench.services import redis
from fleet.redis_client import RedisClients
from fleet.redis_queue import RedisQueue

PART = "fleet"
WORKERS = 1_000
_PUSHES_PER_S = 25
_PRODUCERS = 16  # fewer than the pool has connections: it serves the loudest first
_WAITING_MOST = 2_000


async def measure(ground: Ground) -> list[Figure]:
    """The simulated fleet: each worker with connections, a heartbeat and a reaper of its own."""
    workers = WORKERS // 5 if ground.quick else WORKERS
    home = ground.home / "fleet-size"
    async with redis(home, "always", 1_000_000) as (port, clients, queue):
        ground.say(f"fleet: starting {workers:,} simulated workers")
        async with herd(home, port, processes=ground.cores, workers=workers, slots=1, beat=True) as simulated:
            await simulated.ready(workers)
            await asyncio.sleep(3)  # until every one of them has looked once and waits
            return [
                *await _idle(ground, clients, simulated, workers),
                *await _pushes(ground, clients, queue, simulated, workers),
                *await _flood(ground, clients, queue, simulated, workers),
            ]


async def _idle(ground: Ground, clients: RedisClients, simulated: Herd, workers: int) -> list[Figure]:
    ground.say("fleet: idle")
    await simulated.report()
    before = await spent(clients)
    await asyncio.sleep(ground.seconds(9))
    used, reports = (await spent(clients)).since(before), await simulated.report()
    note = (
        f"{used.commands / used.at_s:,.0f} commands/s: each waits anew every 2 s, reaps every second and "
        f"renews every third of its lease of 10 s; the simulated workers took {_share(reports, used.at_s)}"
    )
    name = f"{workers:,} idle workers: Redis' CPU"
    return [Figure(part=PART, name=name, value=used.share, unit="% of a core", note=note)]


async def _pushes(
    ground: Ground, clients: RedisClients, queue: RedisQueue, simulated: Herd, workers: int
) -> list[Figure]:
    ground.say("fleet: single pushes")
    await simulated.report()
    before = await spent(clients)
    pushes = int(_PUSHES_PER_S * ground.seconds(8))
    sent_ns: dict[str, int] = {}
    for _ in range(pushes):
        job_id, at_ns = await enqueue_one(queue)
        sent_ns[job_id] = at_ns
        await asyncio.sleep(1 / _PUSHES_PER_S)
    await asyncio.sleep(1)
    used, reports = (await spent(clients)).since(before), await simulated.report()
    taken = {job_id: at_ns for report in reports for job_id, at_ns in report["claimed_ns"].items()}
    latencies_s = [(at_ns - sent_ns[job_id]) / 1e9 for job_id, at_ns in taken.items() if job_id in sent_ns]
    wakes = sum(report["wakes"] for report in reports)
    note = f"Redis' CPU {used.share:.0f} %, the simulated workers' {_share(reports, used.at_s)}"
    return [
        Figure(
            part=PART, name=f"wakes for each of {pushes} single pushes", value=wakes / pushes,
            target=Target("<=", 1.1), note="waits that ended with an item, whoever's they were",
        ),
        latency(PART, f"push to claimed, by one of {workers:,}", latencies_s, None, note),
    ]  # fmt: skip


async def _flood(
    ground: Ground, clients: RedisClients, queue: RedisQueue, simulated: Herd, workers: int
) -> list[Figure]:
    ground.say("fleet: as much as goes through")
    loop = asyncio.get_running_loop()
    stop, waiting = asyncio.Event(), 0

    async def produce() -> None:
        while not stop.is_set():
            await enqueue_one(queue)
            if waiting > _WAITING_MOST:
                await asyncio.sleep(0.1)

    producers = [asyncio.create_task(produce()) for _ in range(_PRODUCERS)]
    try:
        await asyncio.sleep(2)
        await simulated.report()
        before, end_s = await spent(clients), loop.time() + ground.seconds(9)
        while loop.time() < end_s:
            await asyncio.sleep(0.2)
            depth = await queue.depth()
            waiting = depth.public + sum(depth.ready.values())
        used, reports = (await spent(clients)).since(before), await simulated.report()
    finally:
        stop.set()
        await asyncio.gather(*producers)
    finished = sum(report["finished"] for report in reports)
    claim_s = [seconds for report in reports for seconds in report["claim_s"]]
    note = (
        f"enqueue, claim and finish; Redis' CPU {used.share:.0f} %, the simulated workers' "
        f"{_share(reports, used.at_s)}, {waiting:,} waiting at the end"
    )
    return [
        Figure(
            part=PART, name=f"{workers:,} busy workers: jobs", value=finished / used.at_s, unit="/s",
            note=note,
        ),
        Figure(
            part=PART, name="the same, by Redis' CPU alone", value=finished / used.cpu_s, unit="/s",
            note="what one core of Redis holds when its clients run elsewhere",
        ),
        latency(PART, f"a claim's round trip, {workers:,} busy", claim_s),
    ]  # fmt: skip


def _share(reports: list[dict[str, Any]], seconds: float) -> str:
    return f"{100 * sum(report['cpu_s'] for report in reports) / seconds:.0f} %"
