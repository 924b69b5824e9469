"""What a job came to, as the result that is stored."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fleet.errors import InvalidJob
from fleet.job import Evidence, Result, Submission, Verdict, iso_utc
from fleet.limits import Bounds
from fleet.queue import Claim
from worker.run import Run
from worker.sandbox import RawOutcome, Served, Stage
from worker.verdict import classify, signal_name


@dataclass(frozen=True, slots=True)
class Job:
    """A validated claim: what to run, and in which language."""

    submission: Submission
    served: Served
    stage: Stage


@dataclass(frozen=True, slots=True)
class Results:
    """Makes the results of one worker."""

    worker_name: str
    runtime: str
    bounds: Bounds

    def ran(self, run: Run, job: Job, raw: RawOutcome, image: str) -> Result:
        """The result of a run that came to an end, whatever end that was."""
        verdict, evidence = classify(raw, job.stage.limits)
        return Result(
            job_id=run.claim.job_id,
            problem_id=job.submission.problem_id,
            language=job.served.language.name,
            verdict=verdict,
            evidence=evidence,
            exit_code=raw.exit_code,
            signal=None if raw.signal is None else signal_name(raw.signal),
            stdout=raw.stdout,
            stderr=raw.stderr,
            stdout_truncated=raw.stdout_bytes > len(raw.stdout),
            stderr_truncated=raw.stderr_bytes > len(raw.stderr),
            cpu_ms=raw.cpu_us / 1000,
            wall_ms=raw.wall_us / 1000,
            memory_bytes=raw.memory_peak_bytes,
            attempt=run.claim.attempt,
            worker=self.worker_name,
            runtime=self.runtime,
            image=image,
            language_version=job.served.version,
            queued_at=iso_utc(run.claim.queued_at_ms),
            started_at=None if run.started_ms is None else iso_utc(run.started_ms),
            finished_at=iso_utc(run.now_ms()),
            queue_ms=None if run.started_ms is None else max(0.0, run.started_ms - run.claim.queued_at_ms),
        )

    def rejected(self, run: Run, error: InvalidJob) -> Result:
        """The result of a claim that is no job: the sender's mistake, never run."""
        return self._without_run(run, Verdict.REJECTED, Evidence("job", how=str(error)[:500]))

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
