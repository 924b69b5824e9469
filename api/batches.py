"""Batches over HTTP: many jobs accepted in one step, one id to ask, follow and cancel by."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import answers, lookup
from api.auth import Caller, caller_of
from api.batch_events import BatchEvents, BatchResults
from api.body import BodyReader
from api.description import batches as described
from api.endings import Endings
from api.intake import Intake
from api.once import REPLAYED, once_of
from api.options import callback
from api.prefer import Preferences
from api.problems import Kind, Problem, key_reused
from api.streams import LAST
from api.submits import VARY
from fleet import fields
from fleet.errors import InvalidJob
from fleet.job import JobState
from fleet.queue import BATCH_JOBS_MAX, Batch, Order, Queue

_ERRORS_MAX = 10  # told of a batch that is refused
_TURN = 50  # jobs that are read before others get their turn of the event loop
_AT_ONCE = 32  # jobs that are cancelled at one time
_POLL_S = 1  # what Retry-After says of an unfinished batch
_KEYS = ("jobs", "callbackUrl")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRoutes:
    """The handlers of all addresses that speak of a batch."""

    queue: Queue
    intake: Intake
    endings: Endings
    bodies: BodyReader
    bytes_max: int
    wait_s_max: int

    def router(self) -> APIRouter:
        """The addresses, with their description."""
        router = APIRouter(tags=["batches"])
        batch = "/batches/{batchId}"
        router.add_api_route("/submit/batch", self.submit, methods=["POST"], **described.SUBMIT)
        router.add_api_route(batch, self.batch, methods=["GET"], **described.BATCH)
        router.add_api_route(batch, self.cancel, methods=["DELETE"], **described.CANCEL)
        router.add_api_route(f"{batch}/results", self.results, methods=["GET"], **described.RESULTS)
        router.add_api_route(f"{batch}/events", self.events, methods=["GET"], **described.EVENTS)
        return router

    async def submit(self, request: Request) -> Response:
        """Accept all jobs of a batch, or none. They are safe in Redis when the answer is on its way."""
        caller = caller_of(request)
        with self.intake.refusals_counted(caller):
            body = await self.bodies.read(request, self.bytes_max)
            once = once_of(request.headers, "/submit/batch", body)
            raw = fields.read_object(body)
            for name in raw:
                if name not in _KEYS:
                    raise InvalidJob(name[:64], f"is not a field; there are {', '.join(_KEYS)}")
            url = callback(raw.get("callbackUrl"), self.intake.terms)
            orders = await self._orders(raw.get("jobs"), caller)
        enqueued = await self.intake.enqueue_batch(orders, caller, callback=url, once=once)
        ids: Sequence[str] = [order.job_id for order in orders]
        headers = {"Location": answers.batch_path(enqueued.batch_id), **caller.rate_limit(enqueued.allowance)}
        said: dict[str, Any] = {"batchId": enqueued.batch_id}
        if enqueued.repeated:
            said["repeated"] = True
            headers |= REPLAYED
            ids = await self.queue.batch_jobs(enqueued.batch_id, 0, BATCH_JOBS_MAX)
            if not ids:
                raise key_reused("its batch is no longer kept; take a new one to run it again")
        said |= {"jobs": ids, "waiting": enqueued.waiting, "links": answers.batch_links(enqueued.batch_id)}
        return answers.json_response(said, 202, headers)

    async def batch(self, request: Request) -> Response:
        """How far a batch has come; once it is done, if that is waited for."""
        batch = await self._named(request)
        batch, headers = await self._waited(batch, request)
        return answers.json_response(answers.batch(batch), headers={**headers, **VARY})

    async def results(
        self, request: Request, first: Annotated[int, Query(ge=0, le=BATCH_JOBS_MAX)] = 0
    ) -> Response:
        """Its results, one JSON object a line, as its jobs end."""
        batch = await self._named(request)
        wishes = self._wishes(request)
        return BatchResults(
            self.queue,
            self.endings.waiters,
            batch.batch_id,
            first=first,
            wait_s=wishes.wait_s,
            headers={**VARY, **wishes.applied},
        )

    async def events(self, request: Request) -> Response:
        """The ends of its jobs, from where the client has come to."""
        last_event_id = request.headers.get("last-event-id", "")
        told = BatchEvents.told(last_event_id) if last_event_id != LAST else 0
        batch = await self._named(request)
        if last_event_id == LAST:
            return Response(status_code=204)  # a browser asks no more then
        return BatchEvents(self.queue, self.endings.waiters, batch.batch_id, told)

    async def cancel(self, request: Request) -> Response:
        """Cancel what is not done of a batch: at once what waits, soon what runs."""
        batch = await self._named(request)
        await self._cancel(batch)
        batch, headers = await self._waited(await self._named(request), request)
        done = batch.finished_at_ms is not None
        if not done:
            headers["Retry-After"] = str(_POLL_S)
        return answers.json_response(answers.batch(batch), 200 if done else 202, {**headers, **VARY})

    async def _orders(self, jobs: Any, caller: Caller) -> list[Order]:
        if not isinstance(jobs, list) or not 1 <= len(jobs) <= BATCH_JOBS_MAX:
            raise InvalidJob("jobs", f"must be a list of 1 to {BATCH_JOBS_MAX} jobs")
        orders: list[Order] = []
        errors: list[tuple[str, str]] = []
        for index, raw in enumerate(jobs):
            try:
                orders.append(self.intake.order(raw, caller))
            except (InvalidJob, Problem) as error:
                errors += _of_job(index, error)
                if len(errors) >= _ERRORS_MAX:
                    break
            if index % _TURN == _TURN - 1:
                await asyncio.sleep(0)
        if errors:
            words = "; ".join(f"{field}: {detail}" for field, detail in errors[:3])
            raise Problem(Kind.INVALID_JOB, f"nothing was accepted: {words}", errors=errors)
        return orders

    async def _cancel(self, batch: Batch) -> None:
        done = set(await self.queue.batch_done(batch.batch_id, 0, BATCH_JOBS_MAX))
        ids = await self.queue.batch_jobs(batch.batch_id, 0, BATCH_JOBS_MAX)
        left = [job_id for job_id in ids if job_id not in done]
        for start in range(0, len(left), _AT_ONCE):
            await asyncio.gather(*(self._cancel_one(job_id) for job_id in left[start : start + _AT_ONCE]))

    async def _cancel_one(self, job_id: str) -> None:
        job = await self.queue.get(job_id)
        if job is not None and job.state is not JobState.DONE:
            await self.endings.cancel(job)

    async def _named(self, request: Request) -> Batch:
        return await lookup.batch_named(self.queue, request.path_params["batchId"], caller_of(request))

    async def _waited(self, batch: Batch, request: Request) -> tuple[Batch, dict[str, str]]:
        """The batch once it is done, if the client would wait for that, and the header that says so."""
        wishes = self._wishes(request)
        if batch.finished_at_ms is not None or not wishes.wait_s:
            return batch, {}
        with self.endings.waiters.waiting(batch.batch_id, progress=True) as waiter:
            if waiter is None:
                return batch, {}
            waiter.wake()  # it may have ended before we listened: look once more
            return await self.endings.batch_done(batch, waiter, request, wishes.wait_s), wishes.applied

    def _wishes(self, request: Request) -> Preferences:
        return Preferences.read(request.headers.getlist("prefer"), self.wait_s_max).without_cancel()


def _of_job(index: int, error: InvalidJob | Problem) -> Sequence[tuple[str, str]]:
    """What is wrong with one job of a batch, its fields named from the top."""
    job = f"jobs[{index}]"
    if isinstance(error, InvalidJob):
        return [(f"{job}.{error.field}" if error.field else job, error.detail)]
    return [(f"{job}.{field}", detail) for field, detail in error.errors]
