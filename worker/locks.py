"""Locks on files, which the kernel lets go when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


class FileLock:
    """A held lock. Holders of shared locks keep an exclusive one out, and the other way round."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    @classmethod
    def shared(cls, path: Path) -> FileLock:
        """Wait for a lock that many may hold."""
        lock = cls._take(path, fcntl.LOCK_SH)
        assert lock is not None  # noqa: S101 - it waits
        return lock

    @classmethod
    def if_free(cls, path: Path) -> FileLock | None:
        """The exclusive lock, or None while anybody holds one."""
        return cls._take(path, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @classmethod
    def _take(cls, path: Path, how: int) -> FileLock | None:
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, how)
                # Whoever held it before may have removed the file: then others lock a new one.
                with contextlib.suppress(FileNotFoundError):
                    if os.fstat(descriptor).st_ino == path.stat().st_ino:
                        return cls(path, descriptor)
            except BlockingIOError:
                os.close(descriptor)
                return None
            os.close(descriptor)

    def release(self, *, remove: bool = False) -> None:
        """Let it go; ``remove`` the file too, if this lock is exclusive."""
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
