"""The examples of a language: jobs as clients submit them, and what must come of each.

They are run as a worker runs a job, by its own reader and judge, in a box of their own each.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.languages import Language
from fleet.limits import Bounds
from fleet.queue import Claim
from fleet.testing import FakeQueue, a_job_id
from tests.contract.sandbox_harness import real_sandbox
from worker.judge import Judge
from worker.reader import Definitions, Reader
from worker.results import Outcome
from worker.run import Run
from worker.sandbox import Sandbox, Served

ROOT = Path(__file__).parents[2]
AT_ONCE = 3
BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Example:
    """A source file in the folder of its language, and what lies beside it."""

    language: Language
    path: Path

    @property
    def name(self) -> str:
        """Unique within the language."""
        return self.path.stem

    @property
    def verdict(self) -> str:
        """What ``NAME.verdict`` says; without it, what follows from ``NAME.exit``."""
        return self._beside("verdict").strip() or ("runtime_error" if self.exit_code else "ok")

    @property
    def exit_code(self) -> int:
        """What ``NAME.exit`` says; without it 0."""
        return int(self._beside("exit") or 0)

    @property
    def stdout(self) -> str:
        """What a program that ends by itself prints."""
        return self._beside("out")

    def submission(self) -> dict[str, Any]:
        """The body of the submit."""
        folder = self.path.with_suffix(".files")
        files = [
            {"path": str(path.relative_to(folder)), "content": path.read_text("utf-8")}
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        return {
            "problemId": self.name,
            "language": self.language.name,
            "code": self.path.read_text("utf-8"),
            "stdin": self._beside("in"),
            "files": files,
            "limits": json.loads(self._beside("limits") or "{}"),
        }

    def _beside(self, suffix: str) -> str:
        path = self.path.with_suffix(f".{suffix}")
        return path.read_text("utf-8") if path.exists() else ""


def examples_of(language: Language, folder: Path = ROOT / "sandbox-images") -> list[Example]:
    """All examples of a language, by their names."""
    found = (folder / language.name / "examples").glob(f"*{Path(language.file).suffix}")
    return [Example(language, path) for path in sorted(found)]


def judged(kind: str, examples: Sequence[Example]) -> dict[str, Outcome | BaseException]:
    """What comes of each, some at once; or why it could not be seen."""
    return asyncio.run(_judged(kind, examples))


async def _judged(kind: str, examples: Sequence[Example]) -> dict[str, Outcome | BaseException]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(sandbox: Sandbox, example: Example) -> Outcome:
        async with turn:
            return await judge(sandbox, example.language, example.submission())

    async with real_sandbox(kind, start_s=60, lifetime_s=600) as sandbox:
        running = [one(sandbox, example) for example in examples]
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    return {example.name: what for example, what in zip(examples, outcomes, strict=True)}


async def judge(sandbox: Sandbox, language: Language, submission: dict[str, Any]) -> Outcome:
    """What a worker would make of a submission."""
    now_ms = int(time.time() * 1000)
    claim = Claim(a_job_id(), "fence", json.dumps(submission).encode(), 1, 0, now_ms, now_ms)
    served = {language.name: Served(language, "", "")}
    reader = Reader(BOUNDS, served, Definitions(FakeQueue(), BOUNDS))
    job = await reader.read(Run(claim, time.monotonic()))
    box = await sandbox.start(job.box)
    try:
        return await Judge(job, box, BOUNDS, lambda _case: None).outcome()
    finally:
        await box.destroy()
