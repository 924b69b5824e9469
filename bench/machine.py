"""The machine: what it is, and what it can do without anything of ours.

Every design that starts an interpreter for each job is bounded by how many bare interpreters the
machine starts; so that is measured, in the file system of the very image that the sandboxes have.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.figures import Figure, latency
from bench.ground import Ground
from bench.snippet import OTHER_ARGV, OTHER_LANGUAGE, PROGRAM

PART = "machine"
BARE = "bare python3, as many at once as cores"
_TOOLS = {
    "docker": ["docker", "version", "--format", "client {{.Client.Version}}, engine {{.Server.Version}}"],
    "runc": ["runc", "--version"],
    "crun": ["crun", "--version"],
    "redis": ["redis-server", "--version"],
}


def facts() -> dict[str, Any]:
    """The machine, its programs and how busy it is, for the head of the table and the JSON."""
    return {
        "cores": os.cpu_count(),
        "cpu": _field("/proc/cpuinfo", r"^model name\s*:\s*(.+)$"),
        "memoryGiB": round(int(_field("/proc/meminfo", r"^MemTotal:\s*(\d+)") or 0) / 1024**2, 1),
        "kernel": platform.release(),
        "cgroup": 1 if Path("/sys/fs/cgroup/memory").is_dir() else 2,
        "python": platform.python_version(),
        **{name: _told(command) for name, command in _TOOLS.items()},
    }


def load_average() -> float:
    """Processes that wanted to run, on average of the last minute."""
    return os.getloadavg()[0]


def head(facts_: dict[str, Any], began: str, loads: tuple[float, float]) -> list[str]:
    """The lines above the table."""
    tools = ", ".join(f"{name} {facts_[name]}" for name in _TOOLS if facts_[name])
    return [
        f"  Benchmark of {began}: {facts_['cores']} cores ({facts_['cpu']}), {facts_['memoryGiB']} GiB, "
        f"kernel {facts_['kernel']}, cgroup v{facts_['cgroup']}",
        f"  {tools}, Python {facts_['python']}",
        f"  Load average {loads[0]:.1f} before and {loads[1]:.1f} after; the load ran on the same cores.",
    ]


def others_running() -> str:
    """What else takes a good part of a core at this moment; empty if nothing does."""
    before = _cpu_ticks()
    time.sleep(1.0)
    per_s = os.sysconf("SC_CLK_TCK")
    busy = []
    for pid, (name, ticks) in _cpu_ticks().items():
        share = (ticks - before.get(pid, (name, ticks))[1]) / per_s
        if share > 0.1 and pid != os.getpid():
            busy.append(f"{name} {share:.0%}")
    return ", ".join(sorted(busy))


async def measure(ground: Ground) -> list[Figure]:
    """Bare starts of each interpreter whose image is there, and what a process costs."""
    ground.say("machine: bare starts")
    roots = {name: image.rootfs for name, image in ground.images.items()}
    return await asyncio.to_thread(_measure, roots, ground.seconds(5))


def _measure(rootfs: dict[str, Path], seconds: float) -> list[Figure]:
    figures = [
        latency(PART, "fork and exec of /bin/true", [_timed(_true) for _ in range(100)]),
    ]
    for name, root in rootfs.items():
        argv = ["node", *OTHER_ARGV] if name == OTHER_LANGUAGE else ["python3", "-c", PROGRAM]
        start = bare_start(root, argv)
        start()
        figures.append(
            latency(PART, f"bare {argv[0]}, in a chroot, one at a time", [_timed(start) for _ in range(30)])
        )
        figures.append(
            Figure(
                part=PART,
                name=f"bare {argv[0]}, as many at once as cores",
                value=at_once(start, os.cpu_count() or 1, seconds),
                unit="/s",
            )
        )
    return figures


def bare_start(root: Path, argv: Sequence[str]) -> Callable[[], object]:
    """Runs a program in ``root`` without any isolation, to its end."""
    chroot = shutil.which("chroot") or "/usr/sbin/chroot"
    command = [chroot, str(root), "/usr/bin/env", *argv]
    # posix_spawn, not fork: the benchmark's own size must not count.
    return lambda: subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"}
    )


def at_once(work: Callable[[], object], threads: int, seconds: float) -> float:
    """How often a second ``work`` is done by so many threads."""
    end_s = time.monotonic() + seconds

    def repeat() -> int:
        done = 0
        while time.monotonic() < end_s:
            work()
            done += 1
        return done

    began_s = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(task.result() for task in [pool.submit(repeat) for _ in range(threads)])
    return done / (time.monotonic() - began_s)


def timed(work: Callable[[], object], times: int) -> list[float]:
    """How long each of so many calls took, in seconds, one after another."""
    return [_timed(work) for _ in range(times)]


def _timed(work: Callable[[], object]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s


def _true() -> None:
    subprocess.run(["/bin/true"], check=True)


def _cpu_ticks() -> dict[int, tuple[str, int]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:  # it has ended
                continue
            fields = rest.split()
            found[int(entry.name)] = (name, int(fields[11]) + int(fields[12]))
    return found


def _field(path: str, pattern: str) -> str:
    found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    return found[1].strip() if found else ""


def _told(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    said = done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else ""
    version = re.search(r"\d+(\.\d+)+", said)
    return said if said.startswith("client") else version[0] if version else ""
