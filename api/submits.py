"""Submit a job. It is one round trip to Redis, and the job is safe there when the answer is on its way.

Bodies and answers bypass the models of ``schemas``, which describe them.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.auth import caller_of
from api.body import BodyReader
from api.description import jobs as described
from api.endings import Endings
from api.intake import Intake
from api.once import REPLAYED, once_of
from api.places import Places
from api.prefer import Preferences
from api.problems import key_reused
from api.waiters import Waiter
from fleet.errors import QueueUnavailable
from fleet.fields import read_object
from fleet.job import JobState
from fleet.queue import Enqueued, Order, Queue, Record

VARY = {"Vary": "Prefer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRoutes:
    """The handler of ``POST /submit``."""

    intake: Intake
    endings: Endings
    queue: Queue
    places: Places
    bodies: BodyReader
    wait_s_max: int

    def router(self) -> APIRouter:
        """The address, with its description."""
        router = APIRouter(tags=["jobs"])
        router.add_api_route("/submit", self.submit, methods=["POST"], **described.SUBMIT)
        return router

    async def submit(self, request: Request) -> Response:
        """Accept a job; wait for its result if that is preferred."""
        caller = caller_of(request)
        with self.intake.refusals_counted(caller):
            body = await self.bodies.read(request)
            once = once_of(request.headers, "/submit", body)
            order = self.intake.order(read_object(body), caller)
        wishes = Preferences.read(request.headers.getlist("prefer"), self.wait_s_max)
        with self.endings.waiters.waiting(order.job_id) if wishes.wait_s else nullcontext() as waiter:
            enqueued = await self.intake.enqueue(order, caller, once)
            if not enqueued.repeated:
                answer = await self._accepted(order, enqueued, waiter, request, wishes)
        if enqueued.repeated:
            answer = await self._repeated(enqueued, request, wishes)
        answer.headers.update(caller.rate_limit(enqueued.allowance))
        return answer

    async def _accepted(
        self, order: Order, enqueued: Enqueued, waiter: Waiter | None, request: Request, wishes: Preferences
    ) -> Response:
        """The answer about a job that was just accepted: its result, if it is done while ``waiter`` waits."""
        state, place = JobState.QUEUED, self.places.of_order(order, enqueued)
        headers = {"Location": answers.job_path(order.job_id), **VARY}
        if waiter is not None:
            try:
                job = await self._outcome(order.job_id, waiter, request, wishes)
                if job is not None and job.result is not None:
                    return answers.json_response(job.result, headers={**VARY, **wishes.applied})
                if job is not None:
                    state, place = job.state, await self.places.of_job(job)
            except QueueUnavailable:
                pass  # the job is accepted all the same; its result can be asked for later
            headers |= wishes.applied
        said = answers.summary(order.job_id, order.problem_id, state)
        return answers.json_response({**said, **place, "waiting": enqueued.waiting}, 202, headers)

    async def _repeated(self, enqueued: Enqueued, request: Request, wishes: Preferences) -> Response:
        """The answer to a request that was sent before: about the job that came of it."""
        job = await self.queue.get(enqueued.job_id)
        headers = {**VARY, **REPLAYED}
        if job is not None and job.result is None and wishes.wait_s:
            with self.endings.waiters.waiting(job.job_id) as waiter:
                if waiter is not None:
                    waiter.wake()  # it may have ended before we listened: look once more
                    job = await self._outcome(job.job_id, waiter, request, wishes)
                    headers |= wishes.applied
        if job is None:
            raise key_reused("its job is no longer kept; take a new one to run it again")
        if job.result is not None and wishes.wait_s:
            return answers.json_response(job.result, headers=headers)
        headers["Location"] = answers.job_path(job.job_id)
        said = answers.summary(job.job_id, job.problem_id, job.state)
        place = {**await self.places.of_job(job), "waiting": enqueued.waiting, "repeated": True}
        return answers.json_response({**said, **place}, 202, headers)

    async def _outcome(
        self, job_id: str, waiter: Waiter, request: Request, wishes: Preferences
    ) -> Record | None:
        """The job when it is done or the wait is over; cancelled if its client left and wanted that."""
        job = await self.endings.done(job_id, waiter, request, wishes.wait_s)
        if waiter.left and wishes.cancel_on_close and job is not None and job.result is None:
            await self.endings.cancel(job)
        return job
