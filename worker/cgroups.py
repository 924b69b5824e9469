"""The cgroup of one box, seen from the host: who is in it, was memory its end, is it gone.

``crun`` makes a box's groups and sets their limits, in every hierarchy of a v1 host or in the one of
v2. What comes after the start is done here: a container is over when its groups are empty, whatever
anybody's exit status says.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import SandboxError

_PAUSES_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)  # between two looks; the last one repeats
NEEDED = ("cpu", "cpuacct", "memory", "pids", "devices")  # on v1; v2's come with the tree


@dataclass(frozen=True, slots=True)
class Hierarchies:
    """Where this host's cgroups are mounted."""

    roots: tuple[Path, ...]  # those that boxes get a group in
    controllers: dict[str, Path]  # v1: each controller's root. v2: empty
    hybrid: Path | None = None  # v1 with an idle v2 tree beside it, mounted here

    @property
    def version(self) -> int:
        """1 or 2."""
        return 1 if self.controllers else 2

    @property
    def swap_limit(self) -> bool:
        """Can swap be limited."""
        if self.version == 1:
            return (self.controllers["memory"] / "memory.memsw.limit_in_bytes").exists()
        return any(self.roots[0].glob("*/memory.swap.max"))


def find_hierarchies(mountinfo: str) -> Hierarchies:
    """Read ``/proc/self/mountinfo``. Raises ``SandboxError`` if there is nothing to limit boxes with."""
    first: list[tuple[Path, list[str]]] = []
    second: list[tuple[Path, list[str]]] = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        # A bind mount of some group elsewhere (its root is not "/") is not a hierarchy to work in.
        if before.split(" ")[3] == "/" and kind in ("cgroup", "cgroup2"):
            names = [name for name in options.split(",") if name not in ("rw", "ro")]
            found = (_unescaped(before.split(" ")[4]), names)
            (first if kind == "cgroup" else second).append(found)
    if first:
        controllers = {name: path for path, options in first for name in options}
        if missing := [name for name in NEEDED if name not in controllers]:
            raise SandboxError(f"the kernel's cgroup controllers {', '.join(missing)} are not mounted")
        return Hierarchies(tuple(path for path, _ in first), controllers, second[0][0] if second else None)
    if not second:
        raise SandboxError("no cgroups are mounted at /sys/fs/cgroup, so nothing could be limited")
    return Hierarchies((second[0][0],), {})


def _unescaped(path: str) -> Path:
    return Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), path))


class Cgroup:
    """The group of one box, by the same ``path`` in every hierarchy."""

    def __init__(self, hierarchies: Hierarchies, path: str) -> None:
        self._hierarchies = hierarchies
        self._path = path.lstrip("/")
        self._folders = tuple(root / self._path for root in hierarchies.roots)
        self._memory = hierarchies.controllers.get("memory", hierarchies.roots[0]) / self._path

    @property
    def exists(self) -> bool:
        """Is any part of it left."""
        return any(folder.is_dir() for folder in self._folders)

    def pids(self) -> set[int]:
        """Who is in it. While a container is being made it is not yet in every hierarchy."""
        return set().union(*(_pids_in(folder) for folder in self._folders))

    def oom_kills(self) -> int:
        """How often the kernel killed in it for want of memory."""
        name = "memory.oom_control" if self._hierarchies.version == 1 else "memory.events"
        with contextlib.suppress(OSError):
            for line in (self._memory / name).read_text("ascii").splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        return 0

    def resize(self, memory_bytes: int, pids: int) -> bool:
        """Change the limits of a box that runs; False if it uses more memory. Raises ``SandboxError``.

        May take long: the kernel looks for memory that it can have back.
        """
        try:
            if not self._resize_memory(memory_bytes):
                return False
            folder = self._hierarchies.controllers.get("pids", self._hierarchies.roots[0]) / self._path
            (folder / "pids.max").write_text(f"{pids}", "ascii")
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == errno.EBUSY:
                return False
            raise SandboxError(
                f"a sandbox cannot be given {memory_bytes} bytes and {pids} processes: {error}"
            ) from None
        return True

    def _resize_memory(self, memory_bytes: int) -> bool:
        if self._hierarchies.version == 2:
            if self._in_use_bytes() > memory_bytes:  # v2 would kill for what v1 refuses
                return False
            (self._memory / "memory.max").write_text(f"{memory_bytes}", "ascii")
            return True
        # Memory with swap may never be limited to less than memory alone.
        files = [self._memory / "memory.limit_in_bytes"]
        if (self._memory / "memory.memsw.limit_in_bytes").exists():
            files.append(self._memory / "memory.memsw.limit_in_bytes")
        if memory_bytes > int(files[0].read_text("ascii")):
            files.reverse()
        for file in files:
            file.write_text(f"{memory_bytes}", "ascii")
        return True

    def _in_use_bytes(self) -> int:
        """Without what the kernel can drop at once."""
        used = int((self._memory / "memory.current").read_text("ascii"))
        for line in (self._memory / "memory.stat").read_text("ascii").splitlines():
            if line.startswith(("inactive_file ", "active_file ")):
                used -= int(line.split()[1])
        return used

    @property
    def frozen(self) -> bool:
        """Has somebody stopped it."""
        file, words = self._freezer()
        with contextlib.suppress(OSError):
            return file.read_text("ascii").strip() not in words
        return False

    def kill(self) -> None:
        """SIGKILL to everybody who is in it at this moment, and to nobody else."""
        if self.frozen:  # a frozen v1 group does not even take SIGKILL
            file, words = self._freezer()
            with contextlib.suppress(OSError):
                file.write_text(words[0], "ascii")
        for pid in self.pids():
            with contextlib.suppress(OSError):  # it has ended by itself
                handle = os.pidfd_open(pid)
                try:
                    # The number may have gone to another process since; the handle cannot.
                    if self._has(pid):
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                finally:
                    os.close(handle)

    async def empty(self, patience_s: float) -> bool:
        """Wait until nobody is in it; False if somebody still is."""
        until_s = time.monotonic() + patience_s
        pauses_s = _pauses_s()
        while _pids_in(self._memory):
            if time.monotonic() > until_s:
                return False
            await asyncio.sleep(next(pauses_s))
        return True

    async def destroy(self, patience_s: float) -> bool:
        """Kill everybody and remove the group; False if something is left."""
        until_s = time.monotonic() + patience_s
        pauses_s = _pauses_s()
        while self.exists:
            self.kill()
            await self.empty(next(pauses_s))
            if not await asyncio.to_thread(self._remove):  # the kernel takes its time
                if time.monotonic() > until_s:
                    return False
                await asyncio.sleep(next(pauses_s))
        return True

    def _has(self, pid: int) -> bool:
        groups = Path(f"/proc/{pid}/cgroup").read_text("utf-8").splitlines()
        return any(line.endswith(f"/{self._path}") for line in groups)

    def _remove(self) -> bool:
        """False if some part of it could not be removed."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        return not self.exists

    def _freezer(self) -> tuple[Path, tuple[str, ...]]:
        if self._hierarchies.version == 2:
            return self._memory / "cgroup.freeze", ("0",)
        freezer = self._hierarchies.controllers.get("freezer", self._hierarchies.roots[0])
        return freezer / self._path / "freezer.state", ("THAWED",)


def _pids_in(folder: Path) -> set[int]:
    try:
        return {int(pid) for pid in (folder / "cgroup.procs").read_text("ascii").split()}
    except OSError:  # it is gone, or going
        return set()


def names_below(hierarchies: Hierarchies, path: str) -> set[str]:
    """Names of the groups directly below ``path``, in any hierarchy."""
    found: set[str] = set()
    for root in hierarchies.roots:
        with contextlib.suppress(OSError):
            found |= {entry.name for entry in (root / path.lstrip("/")).iterdir() if entry.is_dir()}
    return found


def make(hierarchies: Hierarchies, path: str) -> None:
    """Make the groups of ``path``. Raises ``OSError``."""
    for root in hierarchies.roots:
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)


def remove_if_empty(hierarchies: Hierarchies, *paths: str) -> None:
    """Remove groups that hold neither processes nor other groups."""
    for path in paths:
        for root in hierarchies.roots:
            with contextlib.suppress(OSError):
                (root / path.lstrip("/")).rmdir()


def _pauses_s() -> Iterator[float]:
    """Ever longer, up to the last one."""
    return itertools.chain(_PAUSES_S, itertools.repeat(_PAUSES_S[-1]))
