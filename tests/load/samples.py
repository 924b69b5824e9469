"""What is looked at while a fleet runs: everything a job could leave behind."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fleet import keys
from tests.chaos import oracle
from tests.chaos.processes import marked
from tests.load.flatness import Kind
from tests.load.rig import Rig

_KIB = 1024
WAITING = "jobs that wait or run, shown"
_IN_BYTES = {"RSS", "PSS", "used_memory", "bytes"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. ``jobs`` are those done until then; ``values`` are by name, bytes or counts."""

    at_s: float
    jobs: int
    broken: int  # what the audit misses or sees twice
    values: dict[str, float]


def kind(name: str) -> Kind:
    """What the series of this name counts."""
    word = name.rpartition(", ")[2]
    if word == "shown":
        return Kind.SHOWN
    return Kind.BYTES if word in _IN_BYTES else Kind.COUNT


async def take(rig: Rig, began_s: float) -> Sample:
    """Look at everything now."""
    values: dict[str, float] = {}
    for name, pid in _processes(rig):
        with contextlib.suppress(OSError):  # it has just ended: whoever watches it says so
            values |= {f"{name}, {what}": value for what, value in _process(pid).items()}
    stream = int(await rig.clients.call("MEMORY", "USAGE", keys.EVENTS, "SAMPLES", 0) or 0)
    for what in ("RSS", "PSS"):
        values[f"redis without its stream, {what}"] = values.pop(f"redis, {what}", 0.0) - stream
    values |= await _redis(rig, stream)
    values |= _worker_host(rig)
    if rig.engine:
        data = rig.home / "engine/data"
        values["containers"] = len(await rig.engine.containers())
        values["engine's layers"] = len(list((data / "overlay2").glob("*")))
        values["engine's container folder, bytes"] = _bytes(data / "containers")
    elif rig.runtime == "crun":
        values["containers"] = len(list(rig.run_dir.glob("*/*/box-*")))
        values["folder of sandboxes, bytes"] = _bytes(rig.run_dir)
    audit = await rig.queue.audit()
    values[WAITING] = audit.accepted - audit.done
    broken = abs(audit.missing) + abs(audit.doubled)
    return Sample(round(time.monotonic() - began_s, 2), audit.done, broken, values)


def _processes(rig: Rig) -> Iterator[tuple[str, int]]:
    for name, process in {**rig.processes, "redis": rig.redis.process}.items():
        yield name, process.pid
    for name, file in (("dockerd", "engine/pid"), ("containerd", "engine/exec/containerd/containerd.pid")):
        with contextlib.suppress(OSError, ValueError):
            yield name, int((rig.home / file).read_text())


def _process(pid: int) -> dict[str, float]:
    proc = Path(f"/proc/{pid}")
    rollup = _fields((proc / "smaps_rollup").read_text())
    status = _fields((proc / "status").read_text())
    children = [(task / "children").read_text().split() for task in (proc / "task").iterdir()]
    return {
        "RSS": rollup["Rss"] * _KIB,
        "PSS": rollup["Pss"] * _KIB,
        "descriptors": len(os.listdir(proc / "fd")),  # noqa: PTH208 - names are enough
        "threads": status["Threads"],
        "children": sum(map(len, children)),
    }


def _fields(text: str) -> dict[str, int]:
    """The numbers of a file of ``/proc`` that has one a line."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        word = (rest.split() or [""])[0]
        if word.isdecimal():
            found[name] = int(word)
    return found


async def _redis(rig: Rig, stream: int) -> dict[str, float]:
    """Its memory without the stream of events, which grows to a bound of its own (100,000 entries)."""
    info = await rig.clients.info()
    counters = await oracle.counters(rig.clients)
    return {
        "redis without its stream, used_memory": int(info["used_memory"]) - stream,
        "entries of the event stream, shown": int(await rig.clients.call("XLEN", keys.EVENTS)),
        "redis keys": int(await rig.clients.call("DBSIZE")),
        "events ever, shown": counters.get("events", 0),
    }


def _worker_host(rig: Rig) -> dict[str, float]:
    mounts = Path(f"/proc/{rig.processes['worker'].pid}/mountinfo").read_text().splitlines()
    memory = next((line for line in Path("/proc/cgroups").read_text().splitlines() if "memory" in line), "")
    return {
        "mounts of the fleet": sum(rig.name in line for line in mounts),
        "cgroups of the fleet": len(rig.cgroups()),
        "processes of the fleet": len(marked(rig.name)),
        "files in temporary folders": sum(len(files) for _, _, files in os.walk(rig.home / "tmp")),
        "mounts of the host, shown": len(mounts),
        "memory cgroups of the host, shown": int(memory.split()[2]) if memory else 0,
        "load average of the host, shown": os.getloadavg()[0],
    }


def _bytes(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):
                total += (Path(place) / file).lstat().st_blocks * 512
    return total
