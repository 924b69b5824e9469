"""Piston's v2 API: the languages there are, and one run that is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.auth import caller_of
from api.body import BodyReader
from api.compat import piston
from api.compat.outcome import Outcome
from api.description import piston as described
from api.directory import Directory
from api.endings import Endings
from api.intake import Intake
from api.options import Options
from api.problems import Kind, Problem
from fleet.errors import InvalidJob
from fleet.fields import read_object
from fleet.job import Submission
from fleet.limits import Bounds
from fleet.queue import Record

BASE = "/piston/api/v2"
_RETRY = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PistonRoutes:
    """The handlers below Piston's base."""

    intake: Intake
    endings: Endings
    directory: Directory
    bodies: BodyReader
    bounds: Bounds
    wait_s_max: int

    def router(self) -> APIRouter:
        """The addresses, with their description; a slash at the end is as good as none."""
        router = APIRouter(prefix=BASE, tags=["piston"])
        for end, described_too in (("", True), ("/", False)):
            router.add_api_route(
                f"/runtimes{end}",
                self.runtimes,
                methods=["GET"],
                include_in_schema=described_too,
                **described.RUNTIMES,
            )
            router.add_api_route(
                f"/execute{end}",
                self.execute,
                methods=["POST"],
                include_in_schema=described_too,
                **described.EXECUTE,
            )
        return router

    async def runtimes(self) -> Response:
        """The languages that live workers serve, as of about a second ago."""
        return answers.json_response(piston.runtimes(self.directory))

    async def execute(self, request: Request) -> Response:
        """Run a program and answer when it is done; a client that leaves cancels it."""
        caller = caller_of(request)
        with self.intake.refusals_counted(caller):
            raw = read_object(await self.bodies.read(request))
            asked = piston.execution(raw, self.directory, self.bounds)
            try:
                submission = Submission.from_mapping(asked.submission, self.bounds)
                submission = self.intake.known(submission)
            except InvalidJob as error:
                raise asked.in_its_words(error) from None
        # Nobody can ask for the result again, so it is kept no longer than others at least are.
        options = Options(ttl_s=self.intake.terms.ttl_s_min)
        order = self.intake.order_of(submission, caller, options)
        with self.endings.waiters.waiting(order.job_id) as waiter:
            if waiter is None:
                detail = "too many requests wait for a job already; try again later"
                raise Problem(Kind.TOO_MANY_STREAMS, detail, headers=_RETRY)
            enqueued = await self.intake.enqueue(order, caller)
            job = await self.endings.done(order.job_id, waiter, request, self.wait_s_max)
        if job is None or job.result is None:
            raise await self._given_up(job)
        said = piston.answer(submission.language, Outcome.read(job.result))
        return answers.json_response(said, headers=caller.rate_limit(enqueued.allowance))

    async def _given_up(self, job: Record | None) -> Problem:
        """What to say when the time is up. The job is cancelled: nobody would hear of it."""
        if job is not None:
            await self.endings.cancel(job)
        detail = f"the program did not end within {self.wait_s_max} s, its time in the queue included"
        return Problem(Kind.NOT_READY, detail, headers=_RETRY)


def tell(problem: Problem) -> Response:
    """An error as Piston tells it: what is wrong with a request is a 400."""
    status = 400 if problem.kind.status == 422 else problem.kind.status
    return answers.json_response({"message": problem.detail}, status, problem.headers)
