"""Problems over HTTP: what their jobs are judged by, and the jobs there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api import answers, lookup
from api.auth import Caller, caller_of
from api.body import BodyReader
from api.description import problems as described
from api.problems import Kind, Problem
from fleet import fields, log
from fleet.judging import Definition
from fleet.limits import Bounds
from fleet.queue import Queue, Record

_log = log.get("api.definitions")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRoutes:
    """The handlers of all addresses that speak of a problem."""

    queue: Queue
    bodies: BodyReader
    bounds: Bounds

    def router(self) -> APIRouter:
        """The addresses, with their description."""
        router = APIRouter(tags=["problems"])
        results, problem = "/problems/{problemId:path}/results", "/problems/{problemId:path}"
        router.add_api_route(results, self.results, methods=["GET"], **described.RESULTS)
        router.add_api_route(problem, self.define, methods=["PUT"], **described.DEFINE)
        router.add_api_route(problem, self.definition, methods=["GET"], **described.DEFINITION)
        router.add_api_route(problem, self.undefine, methods=["DELETE"], **described.UNDEFINE)
        return router

    async def define(self, request: Request) -> Response:
        """Store what the problem's jobs are judged by. It is safe in Redis when the answer is on its way."""
        caller = caller_of(request)
        problem_id = fields.problem_id(lookup.text_in_path(request, "problemId"))
        raw = fields.read_object(await self.bodies.read(request))
        definition = Definition.from_mapping(raw, self.bounds)
        text, tests = definition.to_text(), len(definition.judging.cases)
        defined = await self.queue.define(problem_id, text, owner=caller.owner)
        _log.info("problem_defined", problem_id=problem_id, digest=defined.digest, tests=tests)
        answer = {"problemId": problem_id, "digest": defined.digest, "tests": tests}
        return answers.json_response(answer, 201 if defined.new else 200)

    async def definition(self, request: Request) -> Response:
        """What is stored, as a body that may be put again."""
        return await self._definition(lookup.text_in_path(request, "problemId"), caller_of(request))

    async def undefine(self, request: Request) -> Response:
        """Forget what is stored; jobs that a worker has begun with are judged by it all the same."""
        problem_id = lookup.text_in_path(request, "problemId")
        if not await self.queue.undefine(problem_id, owner=caller_of(request).owner):
            raise _undefined()
        _log.info("problem_undefined", problem_id=problem_id)
        return Response(status_code=204)

    async def results(self, request: Request, count: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
        """The jobs of a problem that are kept, newest first."""
        caller = caller_of(request)
        if not lookup.ends_with(request, "/results"):  # it is the end of a problemId
            return await self._definition(f"{lookup.text_in_path(request, 'problemId')}/results", caller)
        problem_id = lookup.name_in_path(request, "problemId")
        jobs = lookup.jobs_of(self.queue, problem_id, caller, count)
        newest = await anext(jobs, None)
        if newest is None:
            raise lookup.unknown_job()
        return StreamingResponse(_listing(problem_id, newest, jobs), media_type="application/json")

    async def _definition(self, problem_id: str, caller: Caller) -> Response:
        found = await self.queue.definition(problem_id, owner=caller.owner)
        if found is None:
            raise _undefined()
        digest, text = found
        head = answers.encode({"problemId": problem_id, "digest": digest})
        # The text is JSON already, and may be large.
        whole = b"".join((head[:-1], b',"definition":', text.encode(), b"}"))
        return Response(whole, media_type="application/json")


async def _listing(problem_id: str, newest: Record, others: AsyncIterator[Record]) -> AsyncIterator[bytes]:
    # One job at a time, in memory and in the turn of the event loop: results may be large.
    yield (
        answers.encode({"problemId": problem_id})[:-1] + b',"jobs":[' + answers.encode(answers.record(newest))
    )
    async for job in others:
        yield b"," + answers.encode(answers.record(job))
        await asyncio.sleep(0)
    yield b"]}"


def _undefined() -> Problem:
    return Problem(Kind.UNKNOWN_PROBLEM, "no tests are stored for this problem; PUT stores them")
