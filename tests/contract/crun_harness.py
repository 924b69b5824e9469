"""Sandboxes of crun for tests: a fleet of its own each, one unpacked image for all of them."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from worker.cgroups import Hierarchies, find_hierarchies
from worker.crun_sandbox import CrunBox, CrunSandbox, Host, Times
from worker.docker_sandbox import DockerEngine
from worker.oci import OciFacts
from worker.profile import Owner
from worker.rootfs import EngineImages, RootfsStore

needs_crun = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("crun") is None, reason="needs root and the package crun"
)


@functools.cache
def state() -> Path:
    """Unpacked images, for as long as the tests run."""
    folder = Path(tempfile.mkdtemp(prefix="sandfleet-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def hierarchies() -> Hierarchies:
    return find_hierarchies(Path("/proc/self/mountinfo").read_text("utf-8"))


def a_host(run: Path, **facts: Any) -> Host:
    """This host; ``facts`` change what is known of it."""
    found = hierarchies()
    known = {"crun": "crun", "facts": OciFacts(swap_limit=found.swap_limit), "user_namespaces": True}
    return Host(run=run, hierarchies=found, **{**known, **facts})


@contextlib.asynccontextmanager
async def crun_sandbox(
    fleet: str = "",
    worker_id: str = "w1",
    *,
    socket: str = "unix:///var/run/docker.sock",
    times: Times | None = None,
    **facts: Any,
) -> AsyncIterator[CrunSandbox]:
    """A real sandbox of a fleet of its own, whose boxes are gone afterwards."""
    fleet = fleet or f"test-{secrets.token_hex(4)}"
    engine = DockerEngine(socket, 15, 4)
    host = a_host(state() / "run", **facts)
    store = RootfsStore(state(), EngineImages(engine))
    sandbox = CrunSandbox(host, Owner(fleet, worker_id), store, times or Times(15, 120))
    try:
        yield sandbox
    finally:
        for name in list(sandbox._live):
            await sandbox.forget(name)
        await sandbox.close()
        engine.close()


def init_pid(sandbox: CrunSandbox, box: CrunBox) -> int:
    """The host's number of a box's init."""
    (own,) = [pid for pid in sandbox.cgroup(box.id).pids() if namespaced_pid(pid) == 1]
    return own


def namespaced_pid(pid: int) -> int:
    """What a process is called in the innermost namespace it is in."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines() if "NSpid" in line
    ]
    return int(line.split()[-1])


def mounts() -> set[str]:
    """The host's mounts, but for those an engine makes and unmakes for others meanwhile."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return {line.split(" ", 2)[2] for line in lines if "docker" not in line}


def traces(fleet: str) -> list[Path]:
    """Whatever is left of a fleet's boxes in cgroups, in the run folder and among the mounts."""
    found = [root / "sandfleet" / fleet for root in hierarchies().roots]
    found.append(state() / "run" / fleet)
    return [path for path in found if path.exists()] + [
        Path(line.split()[2]) for line in mounts() if fleet in line
    ]
