"""Jobs over HTTP once they are accepted: results, records, events, cancel, forget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers, lookup
from api.auth import Caller, caller_of
from api.description import jobs as described
from api.endings import Endings
from api.intake import FIELDS
from api.job_events import Cursor, JobEvents
from api.places import Places
from api.prefer import Preferences
from api.problems import Kind, Problem
from api.streams import LAST
from api.submits import VARY
from fleet import log
from fleet.errors import InvalidJob
from fleet.fields import read_object
from fleet.job import JOB_ID_PATTERN
from fleet.queue import Cancel, Forget, Queue, Record

_POLL_S = 1  # what Retry-After says of an unfinished job
_log = log.get("api.routes")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRoutes:
    """The handlers of all addresses that speak of a job."""

    queue: Queue
    endings: Endings
    places: Places
    wait_s_max: int

    def router(self) -> APIRouter:
        """The addresses, with their description."""
        router = APIRouter(tags=["jobs"])
        result, job = "/result/{id:path}", "/jobs/{jobId}"
        router.add_api_route(result, self.result, methods=["GET"], **described.RESULT)
        router.add_api_route(result, self.forget, methods=["DELETE"], **described.FORGET)
        router.add_api_route(job, self.job, methods=["GET"], **described.JOB)
        router.add_api_route(job, self.cancel, methods=["DELETE"], **described.CANCEL)
        router.add_api_route(f"{job}/events", self.events, methods=["GET"], **described.EVENTS)
        router.add_api_route(f"{job}/source", self.source, methods=["GET"], **described.SOURCE)
        return router

    async def result(self, request: Request) -> Response:
        """The result of a job, or of the newest job of a problem."""
        job = await self._find(lookup.name_in_path(request, "id"), caller_of(request))
        job, applied = await self._waited(job, request)
        headers = {**VARY, **applied}
        if job.result is not None:
            return answers.json_response(job.result, headers=headers)
        headers["Retry-After"] = str(_POLL_S)
        said = answers.summary(job.job_id, job.problem_id, job.state)
        return answers.json_response({**said, **await self.places.of_job(job)}, 202, headers)

    async def forget(self, request: Request) -> Response:
        """Remove a job that is done, with its result, its source and its events."""
        job_id = lookup.name_in_path(request, "id")
        job = await lookup.job_named(self.queue, job_id, caller_of(request))
        match await self.queue.forget(job.job_id):
            case Forget.NOT_DONE:
                detail = "the job is not done; DELETE /jobs/{jobId} cancels it"
                raise Problem(Kind.NOT_DONE, detail)
            case Forget.UNKNOWN:
                raise lookup.unknown_job()
            case _:
                _log.info("job_forgotten", job_id=job.job_id)
                return Response(status_code=204)

    async def job(self, request: Request) -> Response:
        """The whole record of a job, without its code."""
        job = await self._named(request)
        return answers.json_response({**answers.record(job), **await self.places.of_job(job)})

    async def cancel(self, request: Request) -> Response:
        """Cancel a job: at once if it waits, soon if it runs. One that is done stays as it is."""
        job = await self._named(request)
        came = await self.endings.cancel(job)
        job = await self._named(request)
        applied: Mapping[str, str] = {}
        if came is Cancel.ASKED:
            job, applied = await self._waited(job, request)
        headers = {**VARY, **applied}
        if job.result is None:
            headers["Retry-After"] = str(_POLL_S)
        said = {**answers.record(job), **await self.places.of_job(job)}
        return answers.json_response(said, 202 if job.result is None else 200, headers)

    async def source(self, request: Request) -> Response:
        """What was submitted, as a body that may be submitted again."""
        job = await self._named(request)
        spec = await self.queue.source(job.job_id)
        if spec is None:
            raise Problem(
                Kind.NO_SOURCE, 'the source of a job that is done is kept only with "store": "source"'
            )
        try:
            said = read_object(spec)
        except InvalidJob:
            raise Problem(Kind.NO_SOURCE, "what was pushed to Redis is not a JSON object") from None
        return answers.json_response({name: said[name] for name in said if name in FIELDS})

    async def events(self, request: Request) -> Response:
        """The job as it goes on, from where the client has come to."""
        last_event_id = request.headers.get("last-event-id", "")
        cursor = Cursor.read(last_event_id) if last_event_id != LAST else Cursor()
        job = await self._named(request)
        if last_event_id == LAST:
            return Response(status_code=204)  # a browser asks no more then
        return JobEvents(self.places, self.endings.waiters, job.job_id, cursor)

    async def _named(self, request: Request) -> Record:
        return await lookup.job_named(self.queue, request.path_params["jobId"], caller_of(request))

    async def _find(self, name: str, caller: Caller) -> Record:
        job = await self.queue.get(name) if JOB_ID_PATTERN.fullmatch(name) else None
        if job is not None and not caller.may_see(job.owner):
            job = None
        if job is None:
            job = await anext(lookup.jobs_of(self.queue, name, caller, 1), None)
        if job is None:
            raise lookup.unknown_job()
        return job

    async def _waited(self, job: Record, request: Request) -> tuple[Record, Mapping[str, str]]:
        """The job once it is done, if the client would wait for that, and the header that says so."""
        said = request.headers.getlist("prefer")
        wishes = Preferences.read(said, self.wait_s_max).without_cancel()
        if job.result is not None or not wishes.wait_s:
            return job, {}
        with self.endings.waiters.waiting(job.job_id) as waiter:
            if waiter is None:
                return job, {}
            waiter.wake()  # it may have ended before we listened: look once more
            job = await self.endings.done(job.job_id, waiter, request, wishes.wait_s) or job
        return job, wishes.applied
