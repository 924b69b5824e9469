"""The same sandbox contract on a fake, on a real engine, and on crun alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleet.languages import Language, read_languages
from fleet.limits import MIB, Limits
from tests.contract.crun_harness import crun_sandbox, needs_crun
from worker.crun_sandbox import CrunSandbox, Times
from worker.docker_sandbox import DockerEngine, DockerSandbox
from worker.profile import EngineFacts, Owner
from worker.sandbox import Box, BoxSpec, Hear, RawOutcome, Sandbox, Stage
from worker.testing import FakeSandbox, a_language

LANGUAGES = read_languages(Path("sandbox-images"))
PYTHON = LANGUAGES["python"]
SOCKET = "unix:///var/run/docker.sock"
HELLO, SEVEN, ENDLESS = "print('hello')", "raise SystemExit(7)", "while True: pass"
TALK = "import sys; print('first', flush=True); print('second', file=sys.stderr)\nwhile True: pass"
GREEDY = "block = b'x' * (900 << 20)"
MAKE = "open('made', 'w').write('first')"
CHANGE = "open('made', 'w').write('second'); open('added', 'w').write('new')"
_PATIENCE_S = 15.0


def stage(code: str, language: Language = PYTHON, *, stdin: bytes = b"", **limits: Any) -> Stage:
    """The stage of a source text."""
    return Stage(
        argv=language.run,
        limits=Limits(**limits),
        stdin=stdin,
        files=((language.file, code.encode()),),
        warm=bool(language.warm),
    )


def box_spec(language: Language = PYTHON, memory_bytes: int = 128 * MIB, processes: int = 64) -> BoxSpec:
    return BoxSpec(language, memory_bytes, processes)


async def play(stage: Stage) -> RawOutcome:
    """What the programs of this suite do, for the fake."""
    code = stage.files[0][1].decode()
    if code in (ENDLESS, TALK):
        await asyncio.Event().wait()
    stdout = b"hello\n" if code == HELLO else b""
    return RawOutcome(exit_code=7 if code == SEVEN else 0, stdout=stdout, stdout_bytes=len(stdout))


async def speak(stage: Stage, hear: Hear) -> None:
    """What they say before they come to that, for the fake."""
    if stage.files[0][1].decode() == TALK:
        hear("stdout", b"first\n")
        hear("stderr", b"second\n")


def leave(stage: Stage) -> dict[str, bytes]:
    """The files that the programs of this suite make, for the fake."""
    made = {MAKE: {"made": b"first"}, CHANGE: {"made": b"second", "added": b"new"}}
    return made.get(stage.files[0][1].decode(), {})


@dataclass
class Harness:
    """One sandbox, and the means to look behind it."""

    sandbox: Sandbox
    fleet: str

    def exists(self, box: Box) -> bool:
        """Is the box still there, by the word of whoever keeps it."""
        if isinstance(self.sandbox, FakeSandbox):
            return box.id in self.sandbox.boxes
        if isinstance(self.sandbox, CrunSandbox):
            return self.sandbox.cgroup(box.id).exists
        return bool(inspect(box.id))

    async def gone(self, box: Box) -> None:
        """Return when the box is not there any more."""
        async with asyncio.timeout(_PATIENCE_S):
            while self.exists(box):
                await asyncio.sleep(0.02)


def inspect(container: str) -> dict[str, Any]:
    """What the engine says of a container; empty if it knows none."""
    command = ["docker", "inspect", "--type", "container", container]
    found = subprocess.run(command, capture_output=True, timeout=20, check=False)
    containers: list[dict[str, Any]] = json.loads(found.stdout or b"[]")
    return containers[0] if containers else {}


@contextlib.asynccontextmanager
async def docker_sandbox(
    fleet: str = "", worker_id: str = "w1", *, socket: str = SOCKET, timeout_s: float = 15, **options: Any
) -> AsyncIterator[DockerSandbox]:
    """A real sandbox of a fleet of its own, whose boxes are gone afterwards."""
    fleet = fleet or f"test-{secrets.token_hex(4)}"
    engine = DockerEngine(socket, timeout_s, 8)
    owner = Owner(fleet, worker_id)
    times = {"start_timeout_s": timeout_s, "lifetime_s": 120.0, **options}
    sandbox = DockerSandbox(engine, EngineFacts(), owner, **times)
    try:
        yield sandbox
    finally:
        await sandbox.close()
        remove_all(fleet)


def remove_all(fleet: str) -> None:
    """Remove whatever containers a fleet still has."""
    listing = ["docker", "ps", "--all", "--quiet", "--filter", f"label=sandfleet.fleet={fleet}"]
    found = subprocess.run(listing, capture_output=True, timeout=20, check=True).stdout.split()
    if found:
        command = ["docker", "rm", "--force", "--volumes", *(name.decode() for name in found)]
        subprocess.run(command, capture_output=True, timeout=60, check=False)


@contextlib.asynccontextmanager
async def harness(kind: str) -> AsyncIterator[Harness]:
    """``fake``, ``docker`` or ``crun``."""
    if kind == "fake":
        fake = FakeSandbox(play)
        fake.leaves, fake.speak = leave, speak
        fake.images["nowhere"] = ""
        yield Harness(fake, "fake")
        return
    fleet = f"test-{secrets.token_hex(4)}"
    async with real_sandbox(kind, fleet) as sandbox:
        yield Harness(sandbox, fleet)


def real_sandbox(
    kind: str, fleet: str = "", worker_id: str = "w1", *, start_s: float = 15, lifetime_s: float = 120
) -> AbstractAsyncContextManager[Sandbox]:
    """``docker`` or ``crun``."""
    if kind == "crun":
        return crun_sandbox(fleet, worker_id, times=Times(start_s, lifetime_s))
    return docker_sandbox(fleet, worker_id, timeout_s=start_s, lifetime_s=lifetime_s)


REAL = ["docker", pytest.param("crun", marks=needs_crun)]


NOWHERE = a_language("nowhere")  # a language whose image is on no host
