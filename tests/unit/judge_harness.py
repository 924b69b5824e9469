"""A judge at work in a box in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet.job import Result
from fleet.languages import Language
from fleet.limits import Bounds
from fleet.testing import FakeQueue, a_claim
from tests.unit.worker_harness import COMPILED, LANGUAGES, MANAGED
from worker.judge import Judge
from worker.reader import Definitions, Job, Reader
from worker.results import Results
from worker.run import Run
from worker.sandbox import RawOutcome, Served, Stage
from worker.testing import FakeSandbox

BOUNDS = Bounds()
Program = Callable[[Stage], RawOutcome | Awaitable[RawOutcome]]


def a_run(*, definition: str = "", owner: str = "", **spec: Any) -> Run:
    """A claim of a job with these fields of JSON."""
    spec = {"problemId": "p", "code": "source", "language": "tongue", **spec}
    claim = a_claim(spec=json.dumps(spec).encode(), definition=definition, owner=owner)
    return Run(claim, time.monotonic())


def a_reader(queue: FakeQueue | None = None, bounds: Bounds = BOUNDS) -> Reader:
    """A reader that serves an interpreted and a compiled language."""
    languages: Sequence[Language] = (*LANGUAGES.values(), COMPILED, MANAGED)
    served = {each.name: Served(each, "1.0", "image-1") for each in languages}
    return Reader(bounds, served, Definitions(queue or FakeQueue(), bounds))


def wrote(stdout: bytes = b"", **facts: Any) -> RawOutcome:
    """A program that exits with 0 after it wrote that."""
    figures = {"exit_code": 0, "cpu_us": 1000, "wall_us": 2000, "memory_peak_bytes": 4096, **facts}
    return RawOutcome(stdout=stdout, stdout_bytes=figures.pop("stdout_bytes", len(stdout)), **figures)


@dataclass
class Clock:
    """Stands still until a program takes its time."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Judged:
    """What a judge made of a job, and what it asked of the box."""

    sandbox: FakeSandbox
    result: Result
    told: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return str(self.result.verdict)

    @property
    def cases(self) -> list[str]:
        """Their verdicts."""
        return [case["verdict"] for case in self.result.cases or ()]


async def judge(
    program: Program,
    *,
    bounds: Bounds = BOUNDS,
    leaves: Callable[[Stage], Mapping[str, bytes]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    **spec: Any,
) -> Judged:
    """Judge a job whose every stage goes by ``program``."""

    async def script(stage: Stage) -> RawOutcome:
        made = program(stage)
        return made if isinstance(made, RawOutcome) else await made

    sandbox = FakeSandbox(script)
    sandbox.leaves = leaves or sandbox.leaves
    run = a_run(**spec)
    job: Job = await a_reader(bounds=bounds).read(run)
    box = await sandbox.start(job.box)
    told: list[Mapping[str, Any]] = []
    outcome = await Judge(job, box, bounds, told.append, clock).outcome()
    return Judged(sandbox, Results("w", "fake", bounds).ran(run, job, outcome, box.image), told)
