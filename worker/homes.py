"""Where boxes without an engine are written down, so that none is forgotten when its worker dies.

``<run>/<fleet>/<worker>/`` is a worker's home: a lock it holds while it lives, a folder for each of
its boxes, and crun's own notes. A box's cgroup has the same name. Whatever is in a home whose lock
is free, or in a cgroup without a folder, is nobody's.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from fleet.errors import EngineUnavailable
from worker.cgroups import Cgroup, Hierarchies, make, names_below, remove_if_empty
from worker.locks import FileLock
from worker.profile import Owner

_LOCK, _DEADLINE, _CRUN = "worker.lock", "deadline", ".crun"
_CGROUPS = "/sandfleet"
_ATTEMPTS = 5


class Homes:
    """The homes of one fleet on this host, seen by the worker who is ``owner``."""

    def __init__(self, run: Path, owner: Owner, hierarchies: Hierarchies) -> None:
        self._fleet, self._owner, self._hierarchies = run / owner.fleet, owner, hierarchies
        self._lock: FileLock | None = None

    @property
    def crun_state(self) -> Path:
        """Where crun keeps its notes on our boxes."""
        return self._own / _CRUN

    def open(self) -> None:
        """Move in. Raises ``EngineUnavailable``."""
        if self._lock is None:
            with self._complaining():
                self._lock = self._move_in()

    def _move_in(self) -> FileLock:
        for attempt in range(_ATTEMPTS):
            try:
                self._own.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = FileLock.shared(self._own / _LOCK)
                # Ours while we live, so that nobody removes the groups above it between two boxes.
                make(self._hierarchies, self._groups(self._owner.worker_id))
            except FileNotFoundError:  # somebody who moved out took the folders above it away
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return lock
        raise AssertionError

    def close(self) -> None:
        """Move out; the home goes too if it is empty."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            self.bury()

    def make(self, name: str, lifetime_s: float) -> Path:
        """A folder for a new box. Raises ``EngineUnavailable``."""
        with self._complaining():
            folder = self._own / name
            folder.mkdir(mode=0o700)
            (folder / _DEADLINE).write_text(str(time.time() + lifetime_s), "ascii")
            return folder

    def cgroup_path(self, name: str, worker_id: str | None = None) -> str:
        """Path of a box's cgroup."""
        return f"{self._groups(worker_id or self._owner.worker_id)}/{name}"

    def cgroup(self, name: str, worker_id: str | None = None) -> Cgroup:
        """The cgroup of a box."""
        return Cgroup(self._hierarchies, self.cgroup_path(name, worker_id))

    def orphans(
        self, ours: Collection[str], live_workers: Collection[str], grace_s: float
    ) -> Iterator[tuple[str, str]]:
        """Boxes to be removed, as (worker, box): the docstring of ``Sandbox.sweep`` says which."""
        for worker_id in self._workers():
            mine, dead = worker_id == self._owner.worker_id, self._is_dead(worker_id)
            for name in sorted(self._boxes(worker_id)):
                if dead or (
                    name not in ours if mine else self._outlived(worker_id, name, live_workers, grace_s)
                ):
                    yield worker_id, name

    async def remove(self, name: str, worker_id: str | None, patience_s: float) -> bool:
        """Kill and remove every trace of a box; False if something is left."""
        if not await self.cgroup(name, worker_id).destroy(patience_s):
            return False
        home = self._fleet / (worker_id or self._owner.worker_id)
        shutil.rmtree(home / _CRUN / name, ignore_errors=True)
        shutil.rmtree(home / name, ignore_errors=True)
        return True

    def bury(self) -> None:
        """Remove the homes of the dead that are empty."""
        for worker_id in self._workers():
            lock = self._free_lock(worker_id)
            if lock is None:
                continue
            if self._boxes(worker_id):
                lock.release()
                continue
            remove_if_empty(self._hierarchies, self._groups(worker_id))
            shutil.rmtree(self._fleet / worker_id / _CRUN, ignore_errors=True)
            lock.release(remove=True)
            with contextlib.suppress(OSError):
                (self._fleet / worker_id).rmdir()
        remove_if_empty(self._hierarchies, f"{_CGROUPS}/{self._owner.fleet}", _CGROUPS)
        for folder in (self._fleet, self._fleet.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    @property
    def _own(self) -> Path:
        return self._fleet / self._owner.worker_id

    def _groups(self, worker_id: str) -> str:
        return f"{_CGROUPS}/{self._owner.fleet}/{worker_id}"

    def _workers(self) -> set[str]:
        found = names_below(self._hierarchies, f"{_CGROUPS}/{self._owner.fleet}")
        with contextlib.suppress(OSError):
            found |= {entry.name for entry in self._fleet.iterdir()}
        return found

    def _boxes(self, worker_id: str) -> set[str]:
        found = names_below(self._hierarchies, self._groups(worker_id))
        with contextlib.suppress(OSError):
            home = self._fleet / worker_id
            found |= {entry.name for entry in home.iterdir() if entry.is_dir() and entry.name != _CRUN}
        return found

    def _free_lock(self, worker_id: str) -> FileLock | None:
        home = self._fleet / worker_id
        with contextlib.suppress(OSError):
            home.mkdir(mode=0o700, exist_ok=True)  # there may be nothing left of it but cgroups
            return FileLock.if_free(home / _LOCK)
        return None

    def _is_dead(self, worker_id: str) -> bool:
        lock = self._free_lock(worker_id)
        if lock is not None:
            lock.release()
        return lock is not None

    def _outlived(self, worker_id: str, name: str, live_workers: Collection[str], grace_s: float) -> bool:
        file = self._fleet / worker_id / name / _DEADLINE
        try:
            deadline_s, made_s = float(file.read_text("ascii")), file.stat().st_mtime
        except (OSError, ValueError):
            # It is just being made (its folder comes first), or only its cgroup is left.
            return not file.parent.exists()
        return deadline_s < time.time() or (worker_id not in live_workers and made_s < time.time() - grace_s)

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EngineUnavailable(f"{self._own} cannot be used: {error}") from None
