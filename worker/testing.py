"""For tests: ``FakeSandbox``, boxes in memory with scripted outcomes, held to the sandbox contract."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from fleet.errors import EngineUnavailable, ImageMissing, SandboxError
from fleet.languages import Language
from worker.sandbox import BoxSpec, RawOutcome, Stage

Script = Callable[[Stage], Awaitable[RawOutcome]]


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
    )


async def echo(stage: Stage) -> RawOutcome:
    """The default script: a program that prints its own source, or its argv if it has none."""
    text = stage.files[0][1] if stage.files else " ".join(stage.argv).encode()
    return RawOutcome(
        exit_code=0, cpu_us=1000, wall_us=2000, memory_peak_bytes=4096, stdout=text, stdout_bytes=len(text)
    )


class FakeBox:
    """A box that runs a script instead of a program."""

    def __init__(self, sandbox: FakeSandbox, spec: BoxSpec, number: int, image: str) -> None:
        self.spec, self.id, self.image = spec, f"box-{number}", image
        self.ended = False
        self._sandbox, self._used = sandbox, False

    async def run(self, stage: Stage) -> RawOutcome:
        """What the script says. Raises ``SandboxError`` as a real box would."""
        if self._used or self.ended:
            raise SandboxError("a sandbox runs one job; this one has had its")
        self._used = True
        self._sandbox.stages.append(stage)
        return await self._sandbox.script(stage)

    async def destroy(self) -> None:
        """Gone; a second time changes nothing."""
        self.ended = True
        self._sandbox.boxes.pop(self.id, None)


class FakeSandbox:
    """``worker.sandbox.Sandbox`` in memory. Tests set ``script``, ``away``, ``images``; they read
    ``boxes`` (those that exist), ``stages`` (what was run) and ``started`` (how many ever)."""

    runtime = "fake"

    def __init__(self, script: Script = echo) -> None:
        self.script = script
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
