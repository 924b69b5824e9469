"""Processes that live no longer than the one that started them.

The kernel kills each when its starter ends, whatever ended that. Each leads a session of its own, so
that a terminal's Ctrl-C reaches the starter alone, which stops the others in an order that loses
nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from setup.engine import ROOT

# A starter that ended before the kernel was asked to watch it is told by its child's new parent.
_STILL_THERE = '[ "$PPID" -eq "$1" ] || exit 1; shift; exec "$@"'
_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 4_000


def leashed(argv: Sequence[str]) -> list[str]:
    """The command line ``argv``, killed when this process (its main thread) ends."""
    watch = ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", _STILL_THERE, "sh", str(os.getpid())]
    return [*watch, *argv]


def enclosed(argv: Sequence[str]) -> list[str]:
    """The same for ``argv`` with all it starts and mounts: it is process 1 of namespaces of its own."""
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"]
    return leashed([*alone, *argv])


def end_with_parent() -> None:
    """Have the kernel send this process SIGTERM when the one that started it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


class Child:
    """One process on the leash, its output in ``log`` or in the pipe ``output``."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        piped: bool = False,
    ) -> None:
        self.name, self._log = name, log
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                leashed(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else sink,
                stderr=sink,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )
        self.handle = os.pidfd_open(self._process.pid)

    @property
    def output(self) -> int:
        """Descriptor of what it prints, if that is piped."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        return self._process.stdout.fileno()

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, number)

    def ended(self, patience_s: float) -> bool:
        """Wait for its end; False if it still runs after that time."""
        watched = select.poll()
        watched.register(self.handle, select.POLLIN)
        watched.poll(patience_s * 1000)
        return self.status is not None

    def last_words(self) -> str:
        """The end of its log, for a person to read."""
        text = self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        return "\n".join(f"  | {line[:300]}" for line in text.splitlines()[-12:])
