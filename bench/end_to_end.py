"""The whole fleet over HTTP: latency by open loop, throughput by closed loop, for each runtime.

Never mixed with the two other kinds of numbers, queue only and container only.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from statistics import median

from bench.figures import Figure, Target, latency
from bench.ground import Ground
from bench.schedule import Loop, closed_loop, even, open_loop, poisson
from bench.services import Cast, Fleet, running
from bench.snippet import language

PART = "end to end"
_LOW_PER_S = {"docker": 2.0, "crun": 5.0}  # so low that the spare of each job has long been replaced
_P99_MS = {"docker": 60.0, "crun": 40.0}
_SEED = 4


def sustained(runtime: str, fsync: str = "always") -> str:
    """The name of that figure."""
    return f"{runtime}, {fsync}: sustained, submit to result"


def with_spare(runtime: str, fsync: str = "always") -> str:
    """The name of that figure."""
    return f"{runtime}, {fsync}: submit to result, spare ready"


async def measure(ground: Ground, runtime: str, fsync: str) -> list[Figure]:
    """Every figure of a runtime; ``fsync`` says when Redis writes to its disk."""
    if runtime == "crun" and ground.host is None:
        return [Figure(part=PART, name=with_spare(runtime), note=f"no crun here: {ground.no_crun}")]
    ground.say(f"end to end: {runtime}, appendfsync {fsync}")
    async with running(ground, Cast(runtime=runtime, fsync=fsync)) as fleet:
        return await _of_one(ground, fleet, runtime, fsync)


async def _of_one(ground: Ground, fleet: Fleet, runtime: str, fsync: str) -> list[Figure]:
    await _warm(fleet)
    spare_mib = await asyncio.to_thread(_spare_mib) if fsync == "always" else 0.0
    hits, misses = fleet.taken("hit"), fleet.taken("miss")
    low = await open_loop(even(_LOW_PER_S[runtime], ground.seconds(15)), fleet.submit_and_wait)
    ready = _hits(fleet.taken("hit") - hits, fleet.taken("miss") - misses)
    acknowledged = await open_loop(even(_LOW_PER_S[runtime], ground.seconds(12)), fleet.submit)
    await fleet.rested()
    full = await closed_loop(4 * ground.cores, 2.0, ground.seconds(12), fleet.submit_and_wait)
    await fleet.rested()
    hits, misses = fleet.taken("hit"), fleet.taken("miss")
    half_arrivals = poisson(full.per_s / 2, ground.seconds(12), _SEED)
    half = await open_loop(half_arrivals, fleet.submit_and_wait)
    ready_half = _hits(fleet.taken("hit") - hits, fleet.taken("miss") - misses)
    p99 = _p99(half, f"{runtime}, {fsync}: p99 of those", _P99_MS[runtime])
    figures = [
        latency(PART, with_spare(runtime, fsync), low.latencies_s, 10.0, _note(low, ready)),
        latency(PART, f"{runtime}, {fsync}: submit acknowledged", acknowledged.latencies_s, 3.0),
        Figure(part=PART, name=sustained(runtime, fsync), value=full.per_s, unit="/s", note=_note(full, "")),
        latency(
            PART,
            f"{runtime}, {fsync}: at half of that, Poisson",
            half.latencies_s,
            None,
            _note(half, ready_half),
        ),
        p99,
    ]
    if spare_mib:
        figures.append(
            Figure(
                part=PART, name=f"{runtime}: memory of a spare", value=spare_mib, unit="MiB",
                target=Target("<=", 15), note="proportional set size of all its processes",
            )
        )  # fmt: skip
    return figures


async def _warm(fleet: Fleet) -> None:
    for _ in range(10):
        if not await fleet.submit_and_wait():
            raise RuntimeError("the program did not come to its result; see the fleet's logs")
    await fleet.rested()


def _p99(loop: Loop, name: str, target_ms: float) -> Figure:
    if not loop.latencies_s:
        return Figure(part=PART, name=name, note="nothing was measured")
    spread = latency(PART, name, loop.latencies_s).spread
    assert spread is not None  # noqa: S101 - there are latencies
    return Figure(part=PART, name=name, value=spread.p99, unit="ms", target=Target("<=", target_ms))


def _hits(hits: float, misses: float) -> str:
    return f"a spare was ready for {hits:.0f} of {hits + misses:.0f}"


def _note(loop: Loop, ready: str) -> str:
    wrong = f"{loop.wrong} answers were wrong" if loop.wrong else ""
    return "; ".join(filter(None, (ready, wrong)))


def _spare_mib() -> float:
    """Median memory of this language's boxes that wait on this host, init and interpreter together."""
    sizes, warm = [], "\0".join((*language().warm, "")).encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and (entry / "cmdline").read_bytes().startswith(b"/sandfleet/init\0"):
                children = _children(entry)
                if any((child / "cmdline").read_bytes() == warm for child in children):
                    sizes.append(_pss_kib(entry) + sum(map(_pss_kib, children)))
        except OSError:  # it has ended
            continue
    return median(sizes) / 1024 if sizes else 0.0


def _children(entry: Path) -> list[Path]:
    text = (entry / "task" / entry.name / "children").read_text()
    return [entry.parent / pid for pid in text.split()]


def _pss_kib(entry: Path) -> int:
    lines = (entry / "smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
