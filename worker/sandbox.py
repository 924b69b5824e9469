"""The seam between the worker and what isolates a program: start a box, run in it, destroy it.

``docker_sandbox`` implements it; ``worker.testing.FakeSandbox`` too, and one conformance suite
(``tests/contract/test_sandbox.py``) runs against every implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fleet.languages import Language
from fleet.limits import Limits

# Gets what a program writes, as it comes: "stdout" or "stderr", and bytes. It must not take long.
Hear = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """One program to run in a box: argv (never shell text), stdin, limits."""

    argv: tuple[str, ...]
    limits: Limits
    stdin: bytes = b""
    files: tuple[tuple[str, bytes], ...] = ()  # (path below the work directory, content)
    warm: bool = False  # use the process that was started ahead, if there is one
    env: tuple[tuple[str, str], ...] = ()  # beside PATH, HOME and LANG, or in their place


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutcome:
    """The facts of a run, as init and the worker saw them. ``verdict.classify`` judges them."""

    exit_code: int | None = None  # of the main process; None: it did not exit by itself
    signal: int | None = None  # that ended the main process
    not_started: int | None = None  # errno of exec: the image lacks what argv names
    limit: str | None = None  # "cpu" | "wall" | "stdout" | "stderr": the one init ended it for
    cpu_us: int = 0
    wall_us: int = 0
    memory_peak_bytes: int = 0
    oom_kills: int = 0
    pids_limit_hits: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    stdout_bytes: int = 0  # written by the program, counted up to one past the cap
    stderr_bytes: int = 0
    overdue: bool = False  # the worker's own deadline passed before init answered
    box_oom: bool = False  # the box died as a whole and the kernel names memory as the reason


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of the work directory, after a stage. Only ``whole`` and ``cut`` have content."""

    how: Literal["whole", "missing", "irregular", "cut"]  # irregular: no plain file, or not readable
    content: bytes = b""
    size_bytes: int = 0  # of the file; more than came if it was cut


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """What a box is made for. Boxes of equal spec are interchangeable until used."""

    language: Language
    memory_bytes: int
    processes: int


class Box(Protocol):
    """One started container, ready for exactly one job: any number of stages, one after the other.

    Never reused. Once a method has raised, was cancelled, or a run came back without an end of its
    program, the box is only good for ``destroy``, and whatever else is asked of it raises.
    """

    spec: BoxSpec
    id: str
    image: str  # id or digest of the image it runs

    @property
    def ended(self) -> bool:
        """The box has died while it waited; it can only be destroyed."""

    async def run(self, stage: Stage, hear: Hear | None = None) -> RawOutcome:
        """Run ``stage`` and return the facts. Raises ``SandboxError`` when our side failed.

        ``hear`` gets the output while it runs; together that is what the outcome has. Files stay in the
        work directory for the next stage; processes do not. Cancelling it is safe.
        """

    async def keep(self) -> bool:
        """Remember the work directory for ``wipe``: its folders, plain files and links, out of reach
        of any program. False, and nothing is kept, if that is too much. Raises ``SandboxError``."""

    async def wipe(self) -> None:
        """Make the work directory what it was when it was last kept (empty if it never was), and
        whatever else a program can write to empty. Raises ``SandboxError``."""

    async def fetch(self, path: str, bytes_max: int) -> Fetched:
        """The first ``bytes_max`` bytes of a file below the work directory, reached through no link.
        Raises ``SandboxError``."""

    async def resize(self, memory_bytes: int, processes: int) -> bool:
        """Change the limits the box was started with, if they are others. False, and nothing has
        changed, if more memory is in use than is to be allowed. Raises ``SandboxError``."""

    async def destroy(self) -> None:
        """End and remove the box. Never raises; what cannot be removed now is left to ``sweep``."""


class Sandbox(Protocol):
    """Makes boxes."""

    runtime: str  # what a result names as its runtime, such as "docker/runc"

    async def ping(self) -> None:
        """Return if boxes can be started at all. Raises ``SandboxError``, usually
        ``EngineUnavailable``, otherwise."""

    async def image(self, language: Language) -> str:
        """Id of the image that a new box of ``language`` runs. Raises ``ImageMissing``."""

    async def start(self, spec: BoxSpec) -> Box:
        """A started box whose init has said it is ready. Raises ``SandboxError``."""

    async def sweep(self, live_workers: frozenset[str]) -> int:
        """Remove boxes whose worker is not in ``live_workers`` or whose deadline has passed."""

    async def close(self) -> None:
        """Release what the sandbox holds; boxes are destroyed by whoever has them."""


@dataclass(frozen=True, slots=True)
class Served:
    """A language this worker can run, as it announces it to the fleet."""

    language: Language
    version: str
    image: str
    limits: Limits = field(default_factory=Limits)
