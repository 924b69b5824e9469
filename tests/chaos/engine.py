"""A container engine of the campaign's own, which may be killed without harm to anybody else.

Its data, sockets, cgroups and network are apart from those of the host's engine: no bridge, no
firewall rules, a data root in the campaign's folder, a cgroup parent by the campaign's name.

An engine that gets SIGKILL forgets what it was just starting: the runtime has made a container, in
which nothing runs yet, and when the engine comes back it knows nothing of it. No client of the
engine can see it, let alone remove it. Such *debris* is told apart by its time: it was there when
the engine died, and the engine, which ends all containers it knows when it starts, left it. It is
counted, and ended by the campaign; it was never handed to a worker, so no job was ever in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.chaos.processes import Process, environment, marked, pause, until
from worker.profile import LABEL

_START_S = 60.0
_CALL_S = 30.0
_LOAD_S = 300.0
_CGROUPS = Path("/sys/fs/cgroup")
_CONTAINER = re.compile(r"\b[0-9a-f]{64}\b")


class EngineError(Exception):
    """The campaign's own engine cannot be had."""


class Engine:
    """A private ``dockerd``. ``host`` is what workers are told as their engine."""

    def __init__(self, home: Path) -> None:
        if os.geteuid() != 0:
            raise EngineError("an engine of its own needs root; run the campaign with the no-op runner")
        self._program, self._client = _program("dockerd"), _program("docker")
        self._home, self._folder = home, home / "engine"
        self._folder.mkdir()
        (self._folder / "daemon.json").write_text("{}")  # not that of the host's engine
        self.host = f"unix://{self._folder}/sock"
        self.busy = False
        self.debris: set[str] = set()  # containers an engine had when it was killed
        self._lives = 0
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it; returns when it answers."""
        self._lives += 1
        self._process = Process("dockerd", self._argv(), self._environment(), self._log(self._lives))
        end_s = time.monotonic() + _START_S
        while not await self._answers():
            if self._process.status is not None or time.monotonic() > end_s:
                raise EngineError(f"dockerd does not answer: {self._process.last_words()}")
            await pause(0.05)

    async def load(self, image: str) -> None:
        """Copy an image from the host's engine."""
        reading, writing = os.pipe()
        try:
            save = await asyncio.create_subprocess_exec(self._client, "save", image, stdout=writing)
            load = await asyncio.create_subprocess_exec(
                self._client,
                *("--host", self.host, "load", "--quiet"),
                stdin=reading,
                stdout=asyncio.subprocess.DEVNULL,
            )
        finally:
            os.close(reading)
            os.close(writing)
        async with asyncio.timeout(_LOAD_S):
            if await save.wait() or await load.wait():
                raise EngineError(f"the image {image} could not be copied; `make images` builds it")

    async def restart(self, number: signal.Signals, pause_s: float) -> None:
        """End it by a signal and start it again."""
        assert self._process
        self._process.signal(number)
        await self._process.ended(_START_S)
        await self._containerd_gone()
        if number is signal.SIGKILL:
            self.debris |= self._there()
        await pause(pause_s)
        await self.start()

    async def freeze(self, seconds: float) -> None:
        """Stop it for a while."""
        assert self._process
        self._process.signal(signal.SIGSTOP)
        try:
            await pause(seconds)
        finally:
            self._process.signal(signal.SIGCONT)
        while not await self._answers():
            await pause(0.05)

    async def containers(self) -> list[tuple[str, str]]:
        """Id and worker of each container there is, running or not."""
        row = f'{{{{.ID}}}} {{{{.Label "{LABEL}.worker"}}}}'
        rows = (await self._ask("ps", "--all", "--no-trunc", "--format", row) or "").splitlines()
        return [(container, worker) for container, _, worker in (line.partition(" ") for line in rows)]

    async def remove(self, container: str) -> bool:
        """Remove a container by force; False if it was gone already."""
        return await self._ask("rm", "--force", container) is not None

    async def stop(self) -> None:
        """End it, with all its containers."""
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._process.signal(number)
            with contextlib.suppress(TimeoutError):
                await self._process.ended(_CALL_S)
                break
        await self._containerd_gone()
        own = {str(self._folder / "data")}  # what dockerd mounts for itself; one that was killed forgot it
        self._unmount(own)
        self.debris &= self._there()
        for container in self.debris:
            await self._end(container)

    def left_behind(self) -> list[str]:
        """Mounts, and cgroups of containers, that are still there."""
        return [f"mount {point}" for point in self._mounts()] + [f"cgroup {path}" for path in self._cgroups()]

    async def clear(self) -> None:
        """Remove what is still there: by design the parent cgroups, after a failure anything."""
        for pid, _ in marked(self._home.name):
            _kill(pid)
        for container in self._there():
            await self._end(container)
        self._unmount(set(self._mounts()))
        for parent in self._parents():
            with contextlib.suppress(OSError):
                parent.rmdir()

    def _there(self) -> set[str]:
        """Ids of the containers that have a cgroup or a process about them, whatever the engine says."""
        words = " ".join(words for _, words in marked(self._home.name))
        return {cgroup.name for cgroup in self._cgroups()} | set(_CONTAINER.findall(words))

    async def _end(self, container: str) -> None:
        """End what is in a container by its cgroup, without the engine, and its shim."""
        for pid, words in marked(self._home.name):
            if container in words:
                _kill(pid)
        for cgroup in (path for path in self._cgroups() if path.name == container):
            for number in (cgroup / "cgroup.procs").read_text().split():
                _kill(int(number))
        for cgroup in (path for path in self._cgroups() if path.name == container):
            end_s = time.monotonic() + _CALL_S
            while cgroup.exists() and time.monotonic() < end_s:
                with contextlib.suppress(OSError):  # busy until the process is quite gone
                    cgroup.rmdir()
                await pause(0.01)

    def _unmount(self, points: set[str]) -> None:
        for point in [point for point in reversed(self._mounts()) if point in points]:
            subprocess.run(["umount", "--lazy", point], timeout=_CALL_S, check=False)

    async def _containerd_gone(self) -> None:
        """Its containerd dies with it, but not at once, and a new engine would rely on the old one."""
        pid_file = self._folder / "exec/containerd/containerd.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text())
            await until(lambda: pid not in dict(marked(self._home.name)), "the end of containerd", _CALL_S)
            pid_file.unlink()

    def _argv(self) -> list[str]:
        folder = self._folder
        namespace = self._home.name.replace("_", "0")  # which containerd does not take everywhere in a name
        return [
            # In a network namespace of its own: an engine without a bridge removes the docker0 it
            # finds, and with it the network of the host's engine.
            *("unshare", "--net"),
            self._program,
            f"--host={self.host}",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={folder}/pid",
            f"--config-file={folder}/daemon.json",
            f"--cgroup-parent=/{self._home.name}",
            f"--containerd-namespace={namespace}",
            f"--containerd-plugins-namespace={namespace}-plugins",
            "--bridge=none",
            "--iptables=false",
            "--ip-forward=false",
            "--ip-masq=false",
        ]

    def _environment(self) -> Mapping[str, str]:
        return environment(self._home.name, self._home / "tmp")

    def _log(self, life: int) -> Path:
        return self._home / f"log/dockerd-{life}.log"

    async def _answers(self) -> bool:
        return await self._ask("version", "--format", "{{.Server.Version}}", within_s=2.0) is not None

    async def _ask(self, *words: str, within_s: float = _CALL_S) -> str | None:
        """What the docker client prints; None if it fails or takes too long."""
        asked = await asyncio.create_subprocess_exec(
            self._client,
            *("--host", self.host, *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(within_s):
                said, _ = await asked.communicate()
        except TimeoutError:
            asked.kill()
            await asked.wait()
            return None
        return said.decode() if asked.returncode == 0 else None

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        points = (line.split()[4] for line in lines)
        return [point for point in points if point.startswith(f"{self._home}/")]

    def _parents(self) -> Iterator[Path]:
        for parent in (_CGROUPS / self._home.name, *_CGROUPS.glob(f"*/{self._home.name}")):
            if parent.is_dir():
                yield parent

    def _cgroups(self) -> list[Path]:
        """The cgroups of containers, in every hierarchy there is."""
        return [child for parent in self._parents() for child in parent.iterdir() if child.is_dir()]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise EngineError(f"{name} is not installed; on Debian or Ubuntu: apt-get install docker.io")
    return found
