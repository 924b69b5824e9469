"""A job's way through a worker: claim -> read -> judge -> finish -> log.

``Pipeline.execute`` takes one claim to its end and never raises. A program's misfortune becomes a
result; a failure of ours is reported with ``fail`` and tried again; an engine that is away costs
the job nothing, it is given back and claiming pauses.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from fleet import log
from fleet.errors import ImageMissing, InvalidJob, QueueUnavailable, SandboxError
from fleet.job import Result
from fleet.languages import Language
from fleet.queue import CRASHES_MAX, Fail, Finish, Queue
from worker.health import Health
from worker.heartbeat import Heartbeat
from worker.judge import Judge
from worker.metrics import Metrics
from worker.output import LiveOutput
from worker.progress import Progress
from worker.reader import Job, Reader
from worker.results import Results
from worker.run import Loss, Run
from worker.spares import Spares

_log = log.get("worker.loop")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a worker does with a claim."""

    worker_id: str
    queue: Queue
    spares: Spares
    heartbeat: Heartbeat
    health: Health
    reader: Reader
    results: Results
    metrics: Metrics

    async def execute(self, run: Run) -> None:
        """Take a claim to its end. Never raises."""
        loop = asyncio.get_running_loop()

        def lose(why: Loss) -> None:  # called in the heartbeat's thread, as the next one is
            loop.call_soon_threadsafe(run.lose, why)

        def cancel() -> None:
            loop.call_soon_threadsafe(run.cancel)

        self.heartbeat.hold(run.claim, run.asked_s, lose, cancel)
        try:
            await self._judge(run)
        except Exception as error:  # a bug of ours must cost one attempt of one job, not the worker
            _log.exception("run_broken", job=run.claim.job_id)
            await self._fail(run, f"{type(error).__name__} in the worker")
        finally:
            self.heartbeat.let_go(run.claim)
        if run.loss:
            await self._lost(run, run.loss)

    async def _lost(self, run: Run, why: Loss) -> None:
        """The run stopped before its end: give the claim back if it is still ours, or drop it."""
        self.metrics.claims_lost.labels(str(why)).inc()
        if why is Loss.DRAIN:
            with contextlib.suppress(QueueUnavailable):
                await self.queue.release(self.worker_id, [run.claim])
        _log.warning("claim_lost", job=run.claim.job_id, attempt=run.claim.attempt, how=str(why))

    async def _judge(self, run: Run) -> None:
        if run.claim.cancelled:
            return await self._finish(run, self.results.cancelled(run))
        if run.claim.crashes >= CRASHES_MAX:
            why = f"{run.claim.crashes} workers were lost while they ran this job; it is not run again"
            return await self._finish(run, self.results.failed(run, why), dead=True)
        try:
            job = await self.reader.read(run)
        except InvalidJob as error:
            return await self._finish(run, self.results.rejected(run, error))
        try:
            result = await self._run(run, job)
        except SandboxError as error:
            if not run.cancelled:
                return await self._failed(run, job.served.language, error)
            result = self.results.cancelled(run)
        if result is not None:
            await self._finish(run, result)
        return None

    async def _run(self, run: Run, job: Job) -> Result | None:
        """The result of running the job, or None if the run was lost."""
        language = job.served.language.name
        box = await run.unless_stopped(self.spares.take(job.box))
        if box is None:
            return None if run.loss else self.results.cancelled(run)
        run.started_ms = run.now_ms()
        marking = asyncio.create_task(self._mark_started(run))  # the program need not wait for the answer
        progress, output = Progress(run, self.queue), LiveOutput(run, self.queue)
        judge = Judge(job, box, self.results.bounds, progress.tell)
        try:
            self.metrics.queue_wait_s.labels(language).observe(
                max(0.0, run.started_ms - run.claim.queued_at_ms) / 1000
            )
            with self.metrics.run_s.labels(language).time():
                outcome = await run.unless_stopped(judge.outcome(output.hear))
        finally:
            self.spares.discard(box, result_first=not (run.loss or run.cancelled))
            await progress.close()
            await output.close()
            marked = await marking
        if not marked or run.loss:
            return None
        return self.results.ran(run, job, outcome or judge.cut(output.said), box.image)

    async def _mark_started(self, run: Run) -> bool:
        """Tell Redis that the job runs: from then on a lost lease counts as a crash of the job."""
        claim = run.claim
        renewal = await run.answer(
            lambda: self.queue.renew(self.worker_id, {claim.job_id: claim.fence}, started=[claim.job_id])
        )
        if renewal is None:
            return False
        if claim.job_id in renewal.stale:
            run.lose(Loss.STALE)
            return False
        if claim.job_id in renewal.cancelled:
            run.cancel()
        return True

    async def _finish(self, run: Run, result: Result, *, dead: bool = False) -> None:
        stored = await run.answer(lambda: self.queue.finish(run.claim, result.to_json(), dead=dead))
        if stored is Finish.STALE:
            run.lose(Loss.STALE)
        if stored in {Finish.OK, Finish.ALREADY}:
            run.settle()
            self.metrics.jobs.labels(self._label(result.language), str(result.verdict)).inc()
            _log.info("job_finished", **_line(result))

    def _label(self, language: str) -> str:
        """A language as a label: what senders made up must not become a series."""
        return language if self.reader.serves(language) else "other"

    async def _failed(self, run: Run, language: Language, error: SandboxError) -> None:
        """Our side of the sandbox failed: give the job back if it never started, else try again."""
        self.metrics.failures.labels(type(error).__name__).inc()
        if isinstance(error, ImageMissing):
            self.spares.seen(language.name, None)
        engine_up = await self.health.check()
        if run.started_ms is None and (isinstance(error, ImageMissing) or not engine_up):
            await run.answer(lambda: self.queue.release(self.worker_id, [run.claim]))
            _log.warning("job_released", job=run.claim.job_id, reason=str(error))
        else:
            await self._fail(run, str(error))

    async def _fail(self, run: Run, why: str) -> None:
        last = self.results.failed(run, why)
        answer = await run.answer(lambda: self.queue.fail(run.claim, why, last.to_json()))
        if answer is Fail.STALE:
            run.lose(Loss.STALE)
        elif answer is not None:
            run.settle()
        if answer is Fail.DEAD:
            self.metrics.jobs.labels(self._label(last.language), str(last.verdict)).inc()
            _log.error("job_finished", **_line(last))
        elif answer is Fail.RETRY:
            _log.warning("job_retried", job=run.claim.job_id, attempt=run.claim.attempt, reason=why)


def _line(result: Result) -> dict[str, Any]:
    """The canonical line of a job. Neither source nor output is in it."""
    judged = (
        {} if result.tests is None else {"cases": result.tests["total"], "passed": result.tests["passed"]}
    )
    return {
        "job": result.job_id,
        "problem": result.problem_id,
        "language": result.language,
        "verdict": str(result.verdict),
        "how": result.evidence.how,
        "exit_code": result.exit_code,
        "signal": result.signal,
        "attempt": result.attempt,
        "queue_ms": _rounded(result.queue_ms),
        "wall_ms": _rounded(result.wall_ms),
        "cpu_ms": _rounded(result.cpu_ms),
        "memory_bytes": result.memory_bytes,
        "stdout_bytes": len(result.stdout),
        "stderr_bytes": len(result.stderr),
        **judged,
    }


def _rounded(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms, 1)
