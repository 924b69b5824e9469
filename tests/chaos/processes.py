"""Real processes: each in a group of its own, its output in files, marked so that none is overlooked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
MARK = "CHAOS_CAMPAIGN"  # in the environment of every process of a campaign, and of its children
_PORTS_FROM = 10_000
_LOOK_S = 0.01
_TAIL_BYTES = 2_000


class Process:
    """One running child of this process."""

    def __init__(self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=dict(environment),
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs (or is stopped)."""
        return self._child.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, unless it has ended."""
        if self.status is None:
            os.killpg(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self.signal(signal.SIGKILL)
        await self.ended(10)

    async def stop(self, patience_s: float) -> None:
        """SIGTERM; returns when it is gone. Raises ``TimeoutError`` if it does not go."""
        self.signal(signal.SIGTERM)
        await self.ended(patience_s)

    async def ended(self, patience_s: float) -> None:
        """Return when it has ended."""
        await until(lambda: self.status is not None, f"the end of {self.name}", patience_s)

    def last_words(self) -> str:
        """The end of what it wrote."""
        said = b"".join(path.read_bytes()[-_TAIL_BYTES:] for path in (self.log, self.log.with_suffix(".err")))
        return said.decode(errors="replace").strip()


def python(*words: str) -> list[str]:
    """The argv of a module run by this interpreter."""
    return [sys.executable, "-m", *words]


def environment(mark: str, temporary: Path, settings: Mapping[str, object] | None = None) -> dict[str, str]:
    """What a process of the campaign finds: no setting but ``settings`` (without their prefix)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SANDFLEET_")}
    ours = {f"SANDFLEET_{name.upper()}": str(value) for name, value in (settings or {}).items()}
    return {**kept, **ours, MARK: mark, "TMPDIR": str(temporary)}


def free_port() -> int:
    """A port of this host nobody listens on. It is none of those that the kernel gives to connections,
    which would be anybody's between this look and the start of a server."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(_PORTS_FROM, first_given) if first_given > 2 * _PORTS_FROM else 0
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found


async def until(condition: Callable[[], bool], what: str, patience_s: float) -> None:
    """Return when ``condition`` holds. Raises ``TimeoutError`` naming ``what``."""
    end_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"{what}: not within {patience_s:g} s")
        await asyncio.sleep(_LOOK_S)


def marked(mark: str) -> list[tuple[int, str]]:
    """Number and words of the processes that carry the mark of a campaign, this one aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            carries = f"{MARK}={mark}".encode() in (entry / "environ").read_bytes()
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
        if words and (carries or mark in words):  # one that has ended and was not waited for has none
            found.append((int(entry.name), words))
    return found


async def pause(seconds: float) -> None:
    """Let ``seconds`` pass: what a fault campaign is made of, besides faults."""
    await asyncio.sleep(seconds)


async def listens(port: int) -> bool:
    """Whether somebody on this machine takes connections there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns; told to end, it cleans up first, and this raises ``InterruptedError``."""
    running = asyncio.ensure_future(work)
    told: list[str] = []

    def end(number: signal.Signals) -> None:
        told.append(number.name)
        running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    try:
        return await running
    except asyncio.CancelledError:
        if not told:
            raise
        raise InterruptedError(f"ended by {told[0]}") from None
