"""What of a sandbox could be found on the host: the things that must not be there afterwards."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.contract.sandbox_harness import inspect
from worker.profile import UID

# Where a program that got out, or code of ours that writes for one, would leave something first.
FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/var/crash", "/etc", "/root")
# Users of sandboxes: the fixed one, and the ranges that user namespaces map it to.
_MAPPED_IDS = range(1_879_048_192, 2**31)


@dataclass(frozen=True)
class Inventory:
    """A cheap look at the host's files: every name in /, and the sandboxes' own elsewhere."""

    top: frozenset[str]
    guests: frozenset[str]

    @classmethod
    def take(cls) -> Inventory:
        """The host as it is now."""
        return cls(frozenset(path.name for path in Path("/").iterdir()), frozenset(_owned_by_guests()))

    def since(self, earlier: Inventory) -> list[str]:
        """What is new."""
        return sorted((self.top - earlier.top) | (self.guests - earlier.guests))


def _owned_by_guests() -> list[str]:
    found = []
    for folder in filter(os.path.isdir, FOLDERS):
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    owner = entry.stat(follow_symlinks=False).st_uid
                except OSError:  # gone meanwhile
                    continue
                if owner == UID or owner in _MAPPED_IDS:
                    found.append(entry.path)
    return found


def leftovers(box: str) -> list[str]:
    """Whatever still bears the name of a box: itself, its cgroups, its mounts."""
    found = [f"container {box}"] if inspect(box) else []
    for folder, groups, _ in os.walk("/sys/fs/cgroup"):  # a glob trips over groups that go meanwhile
        found += [f"{folder}/{group}" for group in groups if box in group]
    mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    return found + [mount for mount in mounts if box in mount]


def rss_bytes() -> int:
    """Memory of this process, in which the worker runs."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
