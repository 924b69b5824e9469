"""Jobs over HTTP: submit one, ask for its result, follow it.

A submit is one round trip to Redis. Bodies and answers bypass the models of ``schemas``, which
describe them: the one validator is ``fleet.job.Submission``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers, lookup, prefer
from api.body import BodyReader
from api.description import jobs as described
from api.directory import Directory
from api.metrics import ApiMetrics
from api.problems import Kind, Problem, as_problem
from api.schemas.requests import SubmitRequest
from api.streams import LAST, Cursor, EventStream
from api.waiters import Waiter, Waiters, ends_with_client
from fleet import log
from fleet.errors import FleetError, InvalidJob, QueueUnavailable
from fleet.fields import read_object
from fleet.job import JOB_ID_PATTERN, JobState, Submission
from fleet.limits import Bounds
from fleet.queue import Enqueued, Order, Queue, Record

_FIELDS = sorted(str(field.alias) for field in SubmitRequest.model_fields.values())
_POLL_S = 1  # what Retry-After says of an unfinished job
_VARY = {"Vary": "Prefer"}
_log = log.get("api.routes")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRoutes:
    """The handlers of all addresses that speak of jobs."""

    queue: Queue
    directory: Directory
    waiters: Waiters
    metrics: ApiMetrics
    bodies: BodyReader
    bounds: Bounds
    wait_s_max: int

    def router(self) -> APIRouter:
        """The addresses, with their description."""
        router = APIRouter(tags=["jobs"])
        router.add_api_route("/submit", self.submit, methods=["POST"], **described.SUBMIT)
        router.add_api_route("/result/{id:path}", self.result, methods=["GET"], **described.RESULT)
        router.add_api_route("/jobs/{jobId}", self.job, methods=["GET"], **described.JOB)
        router.add_api_route("/jobs/{jobId}/events", self.events, methods=["GET"], **described.EVENTS)
        return router

    async def submit(self, request: Request) -> Response:
        """Accept a job. It is safe in Redis when the answer is on its way."""
        with self._refusals_counted():
            submission = self._submission(await self.bodies.read(request))
        job_id = secrets.token_hex(16)
        wait_s = self._wait_s(request)
        if not wait_s:
            await self._enqueue(job_id, submission)
            return _accepted(job_id, submission)
        with self.waiters.waiting(job_id) as waiter:
            await self._enqueue(job_id, submission)
            if waiter is None:
                return _accepted(job_id, submission)
            try:
                job = await self._done(job_id, waiter, request, wait_s)
            except QueueUnavailable:
                job = None  # the job is accepted all the same; its result can be asked for later
        headers = {"Preference-Applied": f"wait={wait_s}"}
        if job is not None and job.result is not None:
            return answers.json_response(job.result, headers={**headers, **_VARY})
        return _accepted(job_id, submission, job.state if job else JobState.QUEUED, headers)

    async def result(self, request: Request) -> Response:
        """The result of a job, or of the newest job of a problem."""
        name = lookup.name_in_path(request, "id")
        job = await self._find(name)
        headers = dict(_VARY)
        wait_s = self._wait_s(request)
        if job.result is None and wait_s:
            with self.waiters.waiting(job.job_id) as waiter:
                if waiter is not None:
                    waiter.wake()  # it may have ended before we listened: look once more
                    job = await self._done(job.job_id, waiter, request, wait_s) or job
                    headers["Preference-Applied"] = f"wait={wait_s}"
        if job.result is not None:
            return answers.json_response(job.result, headers=headers)
        headers["Retry-After"] = str(_POLL_S)
        return answers.json_response(answers.summary(job.job_id, job.problem_id, job.state), 202, headers)

    async def job(self, request: Request) -> Response:
        """The whole record of a job, without its code."""
        job = await lookup.job_named(self.queue, request.path_params["jobId"])
        return answers.json_response(answers.record(job))

    async def events(self, request: Request) -> Response:
        """The job as it goes on, from where the client has come to."""
        last_event_id = request.headers.get("last-event-id", "")
        cursor = Cursor.read(last_event_id) if last_event_id != LAST else Cursor()
        job = await lookup.job_named(self.queue, request.path_params["jobId"])
        if last_event_id == LAST:
            return Response(status_code=204)  # a browser asks no more then
        return EventStream(self.queue, self.waiters, job.job_id, cursor)

    async def _enqueue(self, job_id: str, submission: Submission) -> None:
        language = submission.language
        with self._refusals_counted(language):
            order = Order(
                job_id=job_id,
                spec=submission.to_spec(),
                problem_id=submission.problem_id,
                language=language,
                lane=submission.priority,
            )
            enqueued = await self.queue.enqueue(order)
        self.metrics.submitted(language, "accepted")
        _log_submitted(submission, enqueued)

    @contextmanager
    def _refusals_counted(self, language: str = "") -> Iterator[None]:
        try:
            yield
        except (Problem, FleetError) as error:
            problem = as_problem(error)
            self.metrics.submitted(language, problem.kind.slug)
            raise problem from error

    def _submission(self, body: bytes) -> Submission:
        raw = read_object(body)
        for name in raw:
            if name not in _FIELDS:
                raise InvalidJob(name[:64], f"is not a field; there are {', '.join(_FIELDS)}")
        submission = Submission.from_mapping(raw, self.bounds)
        language = self.directory.resolve(submission.language)
        if language is None:
            detail = f"is not the name or an alias of a language; there are {', '.join(self.directory.names)}"
            raise Problem(Kind.UNKNOWN_LANGUAGE, f"language: {detail}", errors=[("language", detail)])
        if not self.directory.is_served(language):
            served = ", ".join(self.directory.served) or "none"
            detail = f"is known here, but no worker has ever had its image; served now: {served}"
            raise Problem(Kind.LANGUAGE_NOT_SERVED, f"language: {detail}", errors=[("language", detail)])
        submission.check_beside(self.directory.file_of(language))
        return replace(submission, language=language)

    async def _find(self, name: str) -> Record:
        job = await self.queue.get(name) if JOB_ID_PATTERN.fullmatch(name) else None
        if job is None:
            job = await anext(lookup.jobs_of(self.queue, name, await self.queue.newest(name, 1)), None)
        if job is None:
            raise lookup.unknown_job()
        return job

    async def _done(self, job_id: str, waiter: Waiter, request: Request, wait_s: int) -> Record | None:
        """The job as soon as it is done, or as it is when the time is up or the client has left."""
        deadline = asyncio.get_running_loop().time() + wait_s
        async with ends_with_client(waiter, request):
            while await waiter.woken(deadline):
                job = await self.queue.get(job_id)
                if job is None or job.result is not None:
                    return job
        return await self.queue.get(job_id)

    def _wait_s(self, request: Request) -> int:
        return prefer.wait_s(request.headers.getlist("prefer"), self.wait_s_max)


def _accepted(
    job_id: str,
    submission: Submission,
    state: JobState = JobState.QUEUED,
    headers: dict[str, str] | None = None,
) -> Response:
    where = {"Location": answers.job_path(job_id), **_VARY, **(headers or {})}
    return answers.json_response(answers.summary(job_id, submission.problem_id, state), 202, where)


def _log_submitted(submission: Submission, enqueued: Enqueued) -> None:
    _log.info(
        "job_submitted",
        job_id=enqueued.job_id,
        problem_id=submission.problem_id,
        language=submission.language,
        lane=str(submission.priority),
        code_bytes=len(submission.code.encode()),
        waiting=enqueued.waiting,
    )
