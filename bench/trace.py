"""Where the time of a job goes: the marks of four processes put together, as steps that add up.

Each step begins where the one before it ends, so the steps of one job add up to its whole. The
medians of the steps need not add up to the median of the whole; the last line shows by how much.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench import marks
from bench.figures import Figure, Spread
from bench.ground import Ground
from bench.schedule import even, open_loop
from bench.services import Cast, running

PART = "trace"
# From each of these points to the next is a step, named by what happens in it.
_POINTS = (
    "sent", "arrived", "enqueue", "enqueued", "claim", "claim.end", "box", "program", "box.end",
    "marked", "finish", "finished", "event", "get", "get.end", "answer", "received",
)  # fmt: skip
_STEPS = (
    "submit: client to handler",
    "submit: read, validate",
    "enqueue: script, disk, reply",
    "wake: BLMOVE's reply, worker's loop",
    "claim: script, disk, reply",
    "hand-over: validate, take the spare",
    "hand-over: frames to init and back",
    "run: by init's clock",
    "wait for the mark that it started",
    "classify",
    "finish: script, disk",
    "publish: announcement reaches the API",
    "answer: wake the request",
    "answer: read the result",
    "answer: build",
    "answer: HTTP, to the client",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way, in milliseconds."""

    name: str
    spread: Spread


def steps(jobs: Sequence[Mapping[str, int]]) -> list[Step]:
    """The spread of every step over all jobs that have all marks, and of the whole as the last."""
    ways = [way for job in jobs if (way := _way(job)) is not None]
    if not ways:
        return []
    lengths = [[(after - before) / 1e6 for before, after in pairwise(way)] for way in ways]
    found = [Step(name, Spread.of([length[at] for length in lengths])) for at, name in enumerate(_STEPS)]
    return [*found, Step("whole", Spread.of([sum(length) for length in lengths]))]


def _way(job: Mapping[str, int]) -> list[int] | None:
    """The points of one job in order, in nanoseconds; None if one is missing."""
    known = dict(job)
    try:
        # The server answers the sender and wakes the sleeper at one moment, and likewise tells of a
        # result; whoever of the two hears of it first ends the step that was the server's.
        known["enqueued"] = max(known["enqueue"], min(known["enqueue.end"], known["woken"]))
        known["finished"] = min(known["finish.end"], known["event"])
        # Redis is told of the start while the program runs; a short one may have to wait for that.
        known["marked"] = max(known["box.end"], known["started.end"])
        # Not when but how long; the frames' way is put before it, both directions of it.
        known["program"] = known["box.end"] - min(known["wall"], known["box.end"] - known["box"])
        way = [known[point] for point in _POINTS]
    except KeyError:
        return None
    return way


async def measure(ground: Ground, runtime: str) -> list[Figure]:
    """The steps on a runtime, with a spare ready and Redis writing each step to its disk."""
    if runtime == "crun" and ground.host is None:
        return [Figure(part=PART, name=f"{runtime}: whole", note=f"no crun here: {ground.no_crun}")]
    ground.say(f"trace: {runtime}")
    found = steps(await _traced(ground, runtime))
    figures = [
        Figure(
            part=PART, name=f"{runtime}: {step.name}", value=step.spread.p50, unit="ms", spread=step.spread
        )
        for step in found
    ]
    if found:
        rest = found[-1].spread.p50 - sum(step.spread.p50 for step in found[:-1])
        note = "the median of the whole less the sum of the medians above it"
        figures.append(Figure(part=PART, name=f"{runtime}: left over", value=rest, unit="ms", note=note))
    return figures


async def _traced(ground: Ground, runtime: str) -> list[dict[str, int]]:
    files = [ground.run / f"marks-{runtime}-{name}.json" for name in ("api", "worker")]
    api, worker = (f"bench.traced_{name}" for name in ("api", "worker"))
    cast = Cast(runtime=runtime, api=(api, str(files[0])), worker=(worker, str(files[1])))
    jobs: dict[str, dict[str, int]] = {}
    async with running(ground, cast) as fleet:

        async def fire() -> bool:
            sent_ns = time.monotonic_ns()
            answer = await fleet.result_of_one()
            if answer is None:
                return False
            jobs[answer["jobId"]] = {"sent": sent_ns, "received": time.monotonic_ns()}
            return True

        for _ in range(10):
            await fleet.submit_and_wait()
        await fleet.rested()
        per_s = 2.0 if runtime == "docker" else 5.0
        await open_loop(even(per_s, ground.seconds(20 if runtime == "docker" else 12)), fire)
    for file in files:
        found = await asyncio.to_thread(marks.read, file)
        for job_id, points in found.items():
            if job_id in jobs:
                jobs[job_id].update(points)
    return list(jobs.values())
