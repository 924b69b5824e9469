"""For tests: ``FakeSandbox``, boxes in memory with scripted outcomes, held to the sandbox contract."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping

from fleet.errors import EngineUnavailable, ImageMissing, SandboxError
from fleet.languages import Language
from fleet.queue import WorkerInfo
from worker.assembly import listed
from worker.frames import KEPT_BYTES_MAX, KEPT_ENTRIES_MAX, encode_fetch
from worker.sandbox import BoxSpec, Fetched, Hear, RawOutcome, Served, Stage
from worker.settings import WorkerSettings

Script = Callable[[Stage], Awaitable[RawOutcome]]
Speak = Callable[[Stage, Hear], Awaitable[None]]


def a_language(name: str = "tongue", *aliases: str) -> Language:
    """A language that exists in no folder."""
    return Language(
        name=name,
        aliases=aliases,
        file=f"main.{name}",
        run=(name, f"main.{name}"),
        version=(name, "--version"),
        base_upstream="upstream",
        base_debian=("package",),
        starter=True,
    )


def announcement(
    worker_id: str, settings: WorkerSettings, runtime: str, served: Mapping[str, Served]
) -> WorkerInfo:
    """What the fleet is told of a worker that has no catalog."""
    return WorkerInfo(worker_id, settings.slots, runtime, listed(served.values()))


async def echo(stage: Stage) -> RawOutcome:
    """The default script: a program that prints its own source, or its argv if it has none."""
    text = stage.files[0][1] if stage.files else " ".join(stage.argv).encode()
    return RawOutcome(
        exit_code=0, cpu_us=1000, wall_us=2000, memory_peak_bytes=4096, stdout=text, stdout_bytes=len(text)
    )


async def say_nothing(_stage: Stage, _hear: Hear) -> None:
    """The default: a program whose output comes all at once, at its end."""


def leave_nothing(_stage: Stage) -> Mapping[str, bytes]:
    """The default: a program that makes no files."""
    return {}


class FakeBox:
    """A box that runs a script instead of a program. ``work`` are the files of its work directory."""

    def __init__(self, sandbox: FakeSandbox, spec: BoxSpec, number: int, image: str) -> None:
        self.spec, self.id, self.image = spec, f"box-{number}", image
        self.ended = False
        self.work: dict[str, bytes] = {}
        self.size = spec.memory_bytes, spec.processes
        self._kept: dict[str, bytes] = {}
        self._sandbox, self._taken = sandbox, False

    async def run(self, stage: Stage, hear: Hear | None = None) -> RawOutcome:
        """What the script says. Raises ``SandboxError`` as a real box would."""
        said = {"stdout": 0, "stderr": 0}

        def heard(stream: str, data: bytes) -> None:
            said[stream] += len(data)
            if hear is not None and data:
                hear(stream, data)

        with self._turn("run"):
            self._sandbox.stages.append(stage)
            self.work |= dict(stage.files)
            await self._sandbox.speak(stage, heard)
            raw = await self._sandbox.script(stage)
            for stream, whole in (("stdout", raw.stdout), ("stderr", raw.stderr)):
                heard(stream, whole[said[stream] :])
            self.work |= self._sandbox.leaves(stage)
        self._taken = raw.overdue or raw.box_oom
        return raw

    async def keep(self) -> bool:
        """Whether the files are few and small enough; then they are remembered."""
        with self._turn("keep"):
            size_bytes = sum(map(len, self.work.values()))
            fits = size_bytes <= KEPT_BYTES_MAX and len(self.work) <= KEPT_ENTRIES_MAX
            self._kept = dict(self.work) if fits else {}
        return fits

    async def wipe(self) -> None:
        """The files that were kept, and no others."""
        with self._turn("wipe"):
            self.work = dict(self._kept)

    async def fetch(self, path: str, bytes_max: int) -> Fetched:
        """One of the files."""
        try:
            encode_fetch(path, bytes_max)
        except ValueError as error:
            raise SandboxError(str(error)) from None
        with self._turn(f"fetch {path}"):
            if any(name.startswith(f"{path}/") for name in self.work):
                return Fetched("irregular")
            if path not in self.work:
                return Fetched("missing")
            content = self.work[path]
            return Fetched("whole" if len(content) <= bytes_max else "cut", content[:bytes_max], len(content))

    async def resize(self, memory_bytes: int, processes: int) -> bool:
        """Note the size, if the engine is there and the files leave room."""
        if self.size == (memory_bytes, processes):
            return True
        with self._turn(f"resize {memory_bytes} {processes}"):
            await self._sandbox.ping()
            fits = sum(map(len, self.work.values())) <= memory_bytes
            self.size = (memory_bytes, processes) if fits else self.size
        return fits

    @contextlib.contextmanager
    def _turn(self, call: str) -> Iterator[None]:
        if self._taken or self.ended:
            raise SandboxError("the sandbox is at work, or was given up: it can only be destroyed")
        self._taken = True
        self._sandbox.calls.append(call)
        yield
        self._taken = False

    async def destroy(self) -> None:
        """Gone; a second time changes nothing."""
        self.ended = True
        self._sandbox.boxes.pop(self.id, None)


class FakeSandbox:
    """``worker.sandbox.Sandbox`` in memory. Tests set ``script``, ``speak`` (output that a program writes
    before its script is asked), ``leaves`` (files that the program of a stage makes), ``away``, ``images``;
    they read ``boxes`` (those that exist), ``stages`` (what was run),
    ``calls`` (what boxes were asked, such as "fetch out.txt") and ``started`` (how many ever)."""

    runtime = "fake"

    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.speak: Speak = say_nothing
        self.leaves: Callable[[Stage], Mapping[str, bytes]] = leave_nothing
        self.calls: list[str] = []
        self.away = False
        self.images: dict[str, str] = {}  # by language; any other has image-1; "" is a missing one
        self.gate: asyncio.Event | None = None  # starts wait for it, if there is one
        self.boxes: dict[str, FakeBox] = {}
        self.stages: list[Stage] = []
        self.started = 0
        self._numbers = itertools.count(1)

    async def ping(self) -> None:
        """Raise ``EngineUnavailable`` while ``away``."""
        if self.away:
            raise EngineUnavailable("the fake engine is away")

    async def image(self, language: Language) -> str:
        """The image set for the language."""
        await self.ping()
        image = self.images.get(language.name, "image-1")
        if not image:
            raise ImageMissing(f"{language.image} is missing")
        return image

    async def start(self, spec: BoxSpec) -> FakeBox:
        """A box, at once or when the gate opens."""
        image = await self.image(spec.language)
        await asyncio.sleep(0)  # as with a real engine, others run meanwhile
        if self.gate is not None:
            await self.gate.wait()
        box = FakeBox(self, spec, next(self._numbers), image)
        self.boxes[box.id] = box
        self.started += 1
        return box

    async def sweep(self, live_workers: frozenset[str]) -> int:
        """Nothing is ever orphaned in memory."""
        await self.ping()
        return 0

    async def close(self) -> None:
        """Nothing is held."""
