"""What happens in one box: compile, then the program, once or once a case, then its output files.

A job's stages share its box. After the compile stage, and between two cases, the box is wiped, so that
each program finds what the compiler left in the work directory, or the sources alone, and nothing of the
stage before, and has its memory to itself. Whoever runs a ``Judge`` may cancel it at any moment; what a
box cannot do raises ``SandboxError`` and fails the attempt as a whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fleet.job import Evidence, Verdict, text_or_base64, whole_characters
from fleet.judging import Case, Checker
from fleet.limits import FLOOR, Bounds, Limits
from worker.checkers import Mismatch, compare
from worker.reader import Job
from worker.results import Outcome, run_to_json
from worker.sandbox import Box, Fetched, Hear, RawOutcome, Stage
from worker.verdict import Judgement, classify, signal_name

CASE_OUTPUT_BYTES = 1024  # of stdout and of stderr each, kept in the result
_AT_ONCE_BYTES = 32 * 1024  # more is compared in a thread, so that other jobs do not wait for it
_PASSED = frozenset({Verdict.OK, Verdict.ACCEPTED})
_LEFT_TOO_MUCH = "what it left in the work directory is too much to be kept"
Tell = Callable[[Mapping[str, Any]], None]


class Judge:
    """One job in its box. ``tell`` is called with each case as it ends; ``clock`` gives seconds."""

    def __init__(
        self, job: Job, box: Box, bounds: Bounds, tell: Tell, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._job, self._box, self._bounds, self._tell = job, box, bounds, tell
        self._clock, self._began_s = clock, clock()
        self._compiled: RawOutcome | None = None
        self._program_began_s: float | None = None  # that of a job without tests
        self._course = _Course(len(job.stages))

    async def outcome(self, hear: Hear | None = None) -> Outcome:
        """Run it to its end. Raises ``SandboxError`` when our side failed.

        ``hear`` gets the output of a job without tests, as it comes. That of a case is told with the
        case, if it is told at all.
        """
        failed = None
        if self._job.compile is not None:
            failed = await self._compile(self._job.compile)
        if self._job.judging.cases:
            return await self._cases(failed)
        return await self._program(failed, hear)

    def cut(self, said: Mapping[str, bytes | bytearray]) -> Outcome:
        """What came of it, if ``outcome`` was cancelled; ``said``: what was heard until then."""
        why = Verdict.CANCELLED, Evidence(how="cancelled on request, while it ran")
        if self._job.judging.cases:
            return self._judged(why)
        paths = self._job.submission.output_files
        return Outcome(
            *why,
            run=self._so_far(said),
            cut=True,
            compile=self._compiled,
            files=[_file_to_json(path, Fetched("missing")) for path in paths] if paths else None,
        )

    def _so_far(self, said: Mapping[str, bytes | bytearray]) -> RawOutcome | None:
        if self._program_began_s is None:
            return None
        stdout, stderr = (bytes(said[stream]) for stream in ("stdout", "stderr"))
        return RawOutcome(
            stdout=whole_characters(stdout, truncated=True),
            stderr=whole_characters(stderr, truncated=True),
            stdout_bytes=len(stdout),
            stderr_bytes=len(stderr),
            wall_us=int((self._clock() - self._program_began_s) * 1e6),
        )

    async def _compile(self, stage: Stage) -> Judgement | None:
        """Why there is nothing to run, if so."""
        self._compiled, (verdict, evidence) = await self._run(stage)
        if verdict is Verdict.RUNTIME_ERROR:
            verdict, evidence = Verdict.COMPILE_ERROR, Evidence(how=_compiler_ended(self._compiled))
        if verdict is not Verdict.OK:
            return verdict, replace(evidence, how=f"compile: {evidence.how}")
        if not await self._box.keep():
            return Verdict.COMPILE_ERROR, Evidence(how=f"compile: {_LEFT_TOO_MUCH}")
        return None

    async def _program(self, failed: Judgement | None, hear: Hear | None) -> Outcome:
        """The one run of a job without tests."""
        stage, raw = self._job.stages[0], None
        if self._compiled is not None and failed is None:
            await self._box.wipe()
            failed = self._out_of_time("the program") or await self._unfit(stage.limits)
        if failed is None:
            self._program_began_s = self._clock()
            raw, failed = await self._run(stage, hear)
        verdict, evidence = failed
        return Outcome(
            verdict,
            evidence,
            run=raw,
            compile=self._compiled,
            files=await self._fetch(raw) if self._job.submission.output_files else None,
        )

    async def _cases(self, failed: Judgement | None) -> Outcome:
        """All cases in their order, until one says that no further can be run."""
        course = self._course
        if failed is None:
            for index, (case, stage) in enumerate(
                zip(self._job.judging.cases, self._job.stages, strict=True)
            ):
                if (failed := self._out_of_time(f"tests[{index}]")) is not None:
                    break
                raw, judgement, mismatch = await self._case(index, case, stage)
                self._tell(course.add(case, raw, judgement, mismatch))
                if course.decisive and (self._job.judging.stop_on_failure or not _usable(raw, judgement)):
                    break
        judged = any(case.expected is not None for case in self._job.judging.cases)
        return self._judged(course.judgement(failed, Verdict.ACCEPTED if judged else Verdict.OK))

    def _judged(self, judgement: Judgement) -> Outcome:
        course = self._course
        return Outcome(
            *judgement,
            run=course.run,
            compile=self._compiled,
            cases=course.cases,
            tests=course.counts,
            sums=course.sums,
        )

    async def _case(
        self, index: int, case: Case, stage: Stage
    ) -> tuple[RawOutcome, Judgement, Mismatch | None]:
        if index > 0 or self._compiled is not None:
            await self._box.wipe()  # before the first as well, so that it finds what the others find
        if (unfit := await self._unfit(stage.limits)) is not None:
            return RawOutcome(), unfit, None
        raw, (verdict, evidence) = await self._run(stage)
        if verdict is not Verdict.OK or case.expected is None:
            return raw, (verdict, evidence), None
        checker = self._job.judging.checker_of(case)
        mismatch = await _compared(checker, case.expected.encode(), raw.stdout)
        if mismatch is None:
            return raw, (Verdict.ACCEPTED, Evidence(how=f"the output is as expected ({checker.kind})")), None
        at = "its end" if mismatch.where == "end" else mismatch.where
        where = "" if case.hidden else f" at {at}"
        how = f"the output is not as expected{where} ({checker.kind})"
        return raw, (Verdict.WRONG_ANSWER, Evidence(how=how)), mismatch

    async def _run(self, stage: Stage, hear: Hear | None = None) -> tuple[RawOutcome, Judgement]:
        """One stage, within what is left of the job's time."""
        left_s = max(FLOOR.wall_s, self._bounds.job_s - self._used_s())  # wiping takes its time, too
        short = left_s < stage.limits.wall_s
        if short:
            stage = replace(stage, limits=replace(stage.limits, wall_s=left_s))
        raw = await self._box.run(stage, hear)
        if raw.not_started is not None and self._compiled is not None and _is_product(stage):
            how = f"the compiled program could not be started (errno {raw.not_started})"
            return raw, (Verdict.RUNTIME_ERROR, Evidence(how=how))
        verdict, evidence = classify(raw, stage.limits)
        if short and evidence.limit == "wall":
            return raw, self._job_limit(evidence.how)
        return raw, (verdict, evidence)

    async def _unfit(self, limits: Limits) -> Judgement | None:
        """Give the box the limits of a run; the verdict if it uses more memory already."""
        if await self._box.resize(limits.memory_bytes, limits.processes):
            return None
        how = "compile: what it left uses more memory than the program may use"
        return Verdict.MEMORY_LIMIT, Evidence("memory", limits.memory_bytes, how=how)

    def _out_of_time(self, what: str) -> Judgement | None:
        """The verdict if there is not even time left to start an interpreter."""
        if self._bounds.job_s - self._used_s() >= FLOOR.wall_s:
            return None
        return self._job_limit(f"the time of the job was over before {what} was run")

    def _job_limit(self, how: str) -> Judgement:
        return Verdict.TIME_LIMIT, Evidence("job", self._bounds.job_s, round(self._used_s(), 3), how)

    def _used_s(self) -> float:
        return self._clock() - self._began_s

    async def _fetch(self, raw: RawOutcome | None) -> list[Mapping[str, Any]]:
        """The files that were asked for; all are missing if the program did not run, or took the box
        with it."""
        left_bytes, found = self._bounds.output_files_bytes_max, []
        for path in self._job.submission.output_files:
            fetched = Fetched("missing")
            if raw is not None and not _ended_the_box(raw):
                fetched = await self._box.fetch(path, left_bytes)
            left_bytes -= len(fetched.content)
            found.append(_file_to_json(path, fetched))
        return found


class _Course:
    """What came of the cases so far."""

    def __init__(self, total: int) -> None:
        self._total, self._passed = total, 0
        self._cpu_us = self._wall_us = self._memory_bytes = 0
        self.cases: list[Mapping[str, Any]] = []
        self.decisive: Judgement | None = None  # that of the first case that failed
        self.run: RawOutcome | None = (
            None  # of the only case, which is the run of the job; not of a hidden one
        )

    def add(
        self, case: Case, raw: RawOutcome, judgement: Judgement, mismatch: Mismatch | None
    ) -> Mapping[str, Any]:
        """Count the next case; what is told of it."""
        index, (verdict, evidence) = len(self.cases), judgement
        if verdict in _PASSED:
            self._passed += 1
        elif self.decisive is None:
            self.decisive = verdict, replace(evidence, how=f"tests[{index}]: {evidence.how}")
        self._cpu_us += raw.cpu_us
        self._wall_us += raw.wall_us
        self._memory_bytes = max(self._memory_bytes, raw.memory_peak_bytes)
        if self._total == 1 and not case.hidden:
            self.run = raw
        shown = replace(raw, stdout=b"", stderr=b"", stdout_bytes=0, stderr_bytes=0) if case.hidden else raw
        said = {
            "index": index,
            "verdict": str(verdict),
            "evidence": evidence.to_json(),
            **run_to_json(shown, CASE_OUTPUT_BYTES),
            "diff": None if mismatch is None or case.hidden else mismatch.to_json(),
        }
        self.cases.append(said)
        return said

    def judgement(self, stopped: Judgement | None, passed: Verdict) -> Judgement:
        """That of the job: of its first case that failed, else why not all ran, else ``passed``."""
        if self.decisive is not None:
            return self.decisive
        if stopped is not None:
            return stopped
        return passed, Evidence(how=f"all {self._total} cases passed")

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cases came to what."""
        ran = len(self.cases)
        return {
            "total": self._total,
            "passed": self._passed,
            "failed": ran - self._passed,
            "skipped": self._total - ran,
        }

    @property
    def sums(self) -> RawOutcome | None:
        """The times of all cases, and the most memory that one of them used; None if none ran."""
        if not self.cases:
            return None
        return RawOutcome(cpu_us=self._cpu_us, wall_us=self._wall_us, memory_peak_bytes=self._memory_bytes)


def _usable(raw: RawOutcome, judgement: Judgement) -> bool:
    """May a further case be run: not in a box that ended with this one, nor where our side is at fault."""
    return not _ended_the_box(raw) and judgement[0] is not Verdict.SYSTEM_ERROR


def _ended_the_box(raw: RawOutcome) -> bool:
    return raw.overdue or raw.box_oom


def _is_product(stage: Stage) -> bool:
    """Is what this stage starts made by the compile stage; then the image is not to blame for it."""
    program = stage.argv[0]
    return program.startswith("/work/") or ("/" in program and not program.startswith("/"))


def _compiler_ended(raw: RawOutcome) -> str:
    if raw.signal is not None:
        return f"{signal_name(raw.signal)} ended the compiler"
    return f"the compiler exited with {raw.exit_code}"


async def _compared(checker: Checker, expected: bytes, actual: bytes) -> Mismatch | None:
    if max(len(actual), len(expected)) <= _AT_ONCE_BYTES or actual == expected:
        return compare(checker, expected, actual)
    return await asyncio.to_thread(compare, checker, expected, actual)


def _file_to_json(path: str, fetched: Fetched) -> Mapping[str, Any]:
    content = whole_characters(fetched.content, fetched.how == "cut")
    encoding, text, _ = text_or_base64(content, b"")
    return {
        "path": path,
        "how": fetched.how,
        "content": text,
        "encoding": encoding,
        "bytes": fetched.size_bytes,
    }
