"""What a job came to, as the result that is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleet.errors import InvalidJob
from fleet.job import (
    Evidence,
    Result,
    Submission,
    Verdict,
    iso_utc,
    text_or_base64,
    whole_characters,
)
from fleet.limits import Bounds
from fleet.queue import Claim
from worker.reader import Job
from worker.run import Run
from worker.sandbox import RawOutcome
from worker.verdict import signal_name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to in its box. ``cases`` and ``files`` are JSON as clients see it."""

    verdict: Verdict
    evidence: Evidence
    run: RawOutcome | None = None  # of a job without tests, or with one; None: its program was not run
    cut: bool = False  # the run was stopped before its end: its CPU time and memory are not known
    compile: RawOutcome | None = None
    cases: Sequence[Mapping[str, Any]] | None = None
    tests: Mapping[str, int] | None = None
    sums: RawOutcome | None = None  # figures of all cases together
    files: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """Makes the results of one worker."""

    worker_name: str
    runtime: str
    bounds: Bounds

    def ran(self, run: Run, job: Job, outcome: Outcome, image: str) -> Result:
        """The result of a job that came to an end, whatever end that was."""
        raw = outcome.run or RawOutcome()
        figures = outcome.run or outcome.sums
        told = None if outcome.cut else figures
        return Result(
            job_id=run.claim.job_id,
            problem_id=job.submission.problem_id,
            language=job.served.language.name,
            verdict=outcome.verdict,
            evidence=outcome.evidence,
            exit_code=raw.exit_code,
            signal=None if raw.signal is None else signal_name(raw.signal),
            stdout=raw.stdout,
            stderr=raw.stderr,
            stdout_truncated=raw.stdout_bytes > len(raw.stdout),
            stderr_truncated=raw.stderr_bytes > len(raw.stderr),
            cpu_ms=None if told is None else told.cpu_us / 1000,
            wall_ms=None if figures is None else figures.wall_us / 1000,
            memory_bytes=None if told is None else told.memory_peak_bytes,
            attempt=run.claim.attempt,
            worker=self.worker_name,
            runtime=self.runtime,
            image=image,
            language_version=job.served.version,
            queued_at=iso_utc(run.claim.queued_at_ms),
            started_at=None if run.started_ms is None else iso_utc(run.started_ms),
            finished_at=iso_utc(run.now_ms()),
            queue_ms=None
            if run.started_ms is None
            else round(max(0.0, run.started_ms - run.claim.queued_at_ms), 3),
            compile=None if outcome.compile is None else run_to_json(outcome.compile),
            cases=outcome.cases,
            tests=outcome.tests,
            files=outcome.files,
        )

    def rejected(self, run: Run, error: InvalidJob) -> Result:
        """The result of a claim that is no job: the sender's mistake, never run."""
        return self._without_run(run, Verdict.REJECTED, Evidence("job", how=str(error)[:500]))

    def cancelled(self, run: Run) -> Result:
        """The result of a claim that was cancelled before its program ran here."""
        again = " again" if run.claim.attempt > 1 or run.claim.crashes else ""
        how = f"cancelled on request, before it ran{again}"
        return self._without_run(run, Verdict.CANCELLED, Evidence(how=how))

    def failed(self, run: Run, why: str) -> Result:
        """The result of a job that our side could not run."""
        return self._without_run(run, Verdict.SYSTEM_ERROR, Evidence("system", how=why[:500]))

    def _without_run(self, run: Run, verdict: Verdict, evidence: Evidence) -> Result:
        problem_id, language = self._named(run.claim)
        return Result(
            job_id=run.claim.job_id,
            problem_id=problem_id,
            language=language,
            verdict=verdict,
            evidence=evidence,
            attempt=run.claim.attempt,
            worker=self.worker_name,
            runtime=self.runtime,
            queued_at=iso_utc(run.claim.queued_at_ms),
            started_at=None if run.started_ms is None else iso_utc(run.started_ms),
            finished_at=iso_utc(run.now_ms()),
        )

    def _named(self, claim: Claim) -> tuple[str, str]:
        """The problemId and language of an item that may be malformed elsewhere; empty if unusable."""
        if len(claim.spec) > self.bounds.item_bytes_max:
            return "", ""
        try:
            raw = json.loads(claim.spec)
        except (ValueError, RecursionError):
            return "", ""
        if not isinstance(raw, dict):
            return "", ""

        def usable(key: str) -> str:
            try:
                sound = {"problemId": "-", "language": "-", "code": ""}
                Submission.from_mapping({**sound, key: raw.get(key)}, self.bounds)
            except InvalidJob:
                return ""
            return str(raw[key])

        return usable("problemId"), usable("language")


def run_to_json(raw: RawOutcome, output_bytes_max: int | None = None) -> dict[str, Any]:
    """The facts of one stage as clients see them, with at most so many bytes of each output."""
    stdout, stderr = raw.stdout[:output_bytes_max], raw.stderr[:output_bytes_max]
    cut = raw.stdout_bytes > len(stdout), raw.stderr_bytes > len(stderr)
    encoding, *texts = text_or_base64(whole_characters(stdout, cut[0]), whole_characters(stderr, cut[1]))
    return {
        "exitCode": raw.exit_code,
        "signal": None if raw.signal is None else signal_name(raw.signal),
        "stdout": texts[0],
        "stderr": texts[1],
        "stdoutTruncated": cut[0],
        "stderrTruncated": cut[1],
        "encoding": encoding,
        "cpuMs": raw.cpu_us / 1000,
        "wallMs": raw.wall_us / 1000,
        "memoryBytes": raw.memory_peak_bytes,
    }
