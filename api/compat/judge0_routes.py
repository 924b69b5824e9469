"""Judge0 CE's API: submissions by token, alone or a few at once, and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers, lookup
from api.auth import Caller, caller_of
from api.body import BodyReader
from api.compat import judge0_answer, judge0_request
from api.compat.judge0_catalog import BATCH_MAX, VERSION, Catalog, Status
from api.description import judge0 as described
from api.endings import Endings
from api.intake import Intake
from api.options import Options
from api.problems import Kind, Problem
from fleet.errors import InvalidJob
from fleet.fields import read_object
from fleet.job import Submission
from fleet.queue import Forget, Order, Queue, Record

BASE = "/judge0"
_NOT_TEXT = "some attributes for {} cannot be converted to UTF-8, use base64_encoded=true query parameter"
_KEEP = Options(keep_source=True)  # a submission tells what was submitted as long as its result


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge0Routes:
    """The handlers below Judge0's base."""

    queue: Queue
    intake: Intake
    endings: Endings
    catalog: Catalog
    bodies: BodyReader
    queue_max: int
    wait_s_max: int

    def router(self) -> APIRouter:
        """The addresses, with their description; a slash at the end is as good as none."""
        router = APIRouter(prefix=BASE, tags=["judge0"])
        table: Sequence[tuple[str, str, Callable[..., Any], dict[str, Any]]] = (
            ("POST", "/submissions", self.submit, described.SUBMIT),
            ("POST", "/submissions/batch", self.submit_batch, described.SUBMIT_BATCH),
            ("GET", "/submissions/batch", self.batch, described.BATCH),
            ("GET", "/submissions/{token}", self.submission, described.SUBMISSION),
            ("DELETE", "/submissions/{token}", self.delete, described.DELETE),
            ("GET", "/languages", self.languages, described.LANGUAGES),
            ("GET", "/languages/all", self.languages, described.ALL_LANGUAGES),
            ("GET", "/languages/{languageId}", self.language, described.LANGUAGE),
            ("GET", "/statuses", self.statuses, described.STATUSES),
            ("GET", "/about", self.about, described.ABOUT),
            ("GET", "/config_info", self.config, described.CONFIG),
            ("GET", "/workers", self.workers, described.WORKERS),
        )
        for end in ("", "/"):
            for method, path, handler, about in table:
                router.add_api_route(
                    path + end, handler, methods=[method], include_in_schema=not end, **about
                )
        return router

    async def submit(self, request: Request) -> Response:
        """Accept a submission; with ``wait=true`` the answer has what came of it, if that was in time."""
        caller, encoded, fields = caller_of(request), _encoded(request), _fields(request)
        with self.intake.refusals_counted(caller):
            raw = read_object(await self.bodies.read(request))
            order = self._order(raw, caller, encoded=encoded)
        token = {"token": judge0_answer.token_of(order.job_id)}
        if request.query_params.get("wait") != "true":
            enqueued = await self.intake.enqueue(order, caller)
            return answers.json_response(token, 201, caller.rate_limit(enqueued.allowance))
        with self.endings.waiters.waiting(order.job_id) as waiter:
            enqueued = await self.intake.enqueue(order, caller)
            job = (
                await self.endings.done(order.job_id, waiter, request, self.wait_s_max)
                if waiter is not None
                else await self.queue.get(order.job_id)
            )
        headers = caller.rate_limit(enqueued.allowance)
        if job is None:
            return answers.json_response(token, 201, headers)
        try:
            said = await self._attributes(job, fields, encoded=encoded)
        except judge0_answer.NotText:
            said = {**token, "error": _NOT_TEXT.format("this submission")}
        return answers.json_response(said, 201, headers)

    async def submit_batch(self, request: Request) -> Response:
        """Accept what is sound of a few submissions, in one step."""
        caller, encoded = caller_of(request), _encoded(request)
        with self.intake.refusals_counted(caller):
            raws = read_object(await self.bodies.read(request)).get("submissions")
            if not isinstance(raws, list) or not raws:
                raise _bad("there should be at least one submission in a batch")
            _check_count(len(raws))
            orders: list[Order] = []
            said: list[dict[str, Any]] = []
            for raw in raws:
                try:
                    order = self._order(raw, caller, encoded=encoded)
                except Problem as problem:
                    said.append(_by_field(problem))
                else:
                    orders.append(order)
                    said.append({"token": judge0_answer.token_of(order.job_id)})
        if not orders:
            return answers.json_response(said, 422)
        enqueued = await self.intake.enqueue_batch(orders, caller)
        return answers.json_response(said, 201, caller.rate_limit(enqueued.allowance))

    async def submission(self, request: Request) -> Response:
        """A submission, as far as it has come."""
        fields = _fields(request)
        job = await self._named(request.path_params["token"], caller_of(request))
        try:
            said = await self._attributes(job, fields, encoded=_encoded(request))
        except judge0_answer.NotText:
            raise _bad(_NOT_TEXT.format("this submission")) from None
        return answers.json_response(said)

    async def batch(self, request: Request) -> Response:
        """A few submissions, null for each that is unknown."""
        caller, fields, encoded = caller_of(request), _fields(request), _encoded(request)
        tokens = [token for token in request.query_params.get("tokens", "").strip().split(",") if token]
        if not tokens:
            raise _bad("there should be at least one submission in a batch")
        _check_count(len(tokens))
        said: list[dict[str, Any] | None] = []
        for token in tokens:
            job_id = judge0_answer.job_id_of(token)
            job = await self.queue.get(job_id) if job_id else None
            if job is None or not caller.may_see(job.owner):
                said.append(None)
                continue
            try:
                said.append(await self._attributes(job, fields, encoded=encoded))
            except judge0_answer.NotText:
                raise _bad(_NOT_TEXT.format("one or more submissions")) from None
        return answers.json_response({"submissions": said})

    async def delete(self, request: Request) -> Response:
        """Forget a submission that is done; the answer is the last that is told of it."""
        fields = _fields(request)
        job = await self._named(request.path_params["token"], caller_of(request))
        said = await self._attributes(job, fields, encoded=True)
        if await self.queue.forget(job.job_id) is Forget.NOT_DONE:
            status = judge0_answer.status_of(job).to_json()
            raise _bad(
                f"submission cannot be deleted because its status is {status['id']} ({status['description']})"
            )
        return answers.json_response(said)

    async def languages(self) -> Response:
        """The ids that mean a language that is served."""
        return answers.json_response(self.catalog.languages())

    async def language(self, request: Request) -> Response:
        """What one id means."""
        number = request.path_params["languageId"]
        found = self.catalog.language(int(number)) if number.isdecimal() and len(number) < 10 else None
        if found is None:
            raise Problem(Kind.NOT_FOUND, f"language with id {number[:20]} doesn't exist")
        return answers.json_response(found)

    async def statuses(self) -> Response:
        """All statuses a submission may have."""
        return answers.json_response([status.to_json() for status in Status])

    async def about(self) -> Response:
        """Whose words are spoken here, and who speaks them."""
        return answers.json_response(
            {
                "version": VERSION,
                "homepage": "/docs",
                "source_code": "/openapi.json",
                "maintainer": "Sandfleet",
            }
        )

    async def config(self) -> Response:
        """What a submission may ask for."""
        return answers.json_response(self.catalog.config(self.queue_max))

    async def workers(self) -> Response:
        """How many submissions wait, and how many may run at once."""
        depth, workers = await self.queue.depth(), await self.queue.workers()
        slots = sum(worker.slots for worker in workers)
        said = {
            "queue": "default",
            "size": depth.public + sum(depth.ready.values()),
            "available": slots,
            "idle": max(0, slots - depth.leased),
            "working": depth.leased,
            "paused": 0,
            "failed": depth.dead,
        }
        return answers.json_response([said])

    def _order(self, raw: Any, caller: Caller, *, encoded: bool) -> Order:
        """The order that a submission is. Raises ``Problem`` with every field at fault."""
        asked = judge0_request.asked(raw, self.catalog, encoded=encoded)
        try:
            submission = self.intake.known(Submission.from_mapping(asked.submission, self.intake.bounds))
        except InvalidJob as error:
            raise judge0_request.in_its_words(error) from None
        spec = {**json.loads(submission.to_spec()), judge0_request.KEPT: asked.kept}
        text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
        return self.intake.order_of(submission, caller, _KEEP, job_id=uuid4().hex, spec=text)

    async def _named(self, token: str, caller: Caller) -> Record:
        return await lookup.job_named(self.queue, judge0_answer.job_id_of(token), caller)

    async def _attributes(self, job: Record, fields: Sequence[str], *, encoded: bool) -> dict[str, Any]:
        wanted = any(name in judge0_answer.SUBMITTED for name in fields)
        spec = await self.queue.source(job.job_id) if wanted else None
        return judge0_answer.attributes(job, spec, self.catalog, fields, encoded=encoded)


def tell(problem: Problem) -> Response:
    """An error as Judge0 tells it: by its fields if it has any, else in words."""
    if problem.errors and problem.kind.status in (413, 422) and problem.errors[0][0]:
        return answers.json_response(_by_field(problem), 422)
    status = 400 if problem.kind.status == 422 else problem.kind.status
    return answers.json_response({"error": problem.detail}, status, problem.headers)


def _by_field(problem: Problem) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for name, words in problem.errors:
        said.setdefault(name, []).append(words)
    return said


def _encoded(request: Request) -> bool:
    return request.query_params.get("base64_encoded") == "true"


def _fields(request: Request) -> Sequence[str]:
    wanted = judge0_answer.fields_of(request.query_params.get("fields", ""))
    if wanted is None:
        return judge0_answer.DEFAULT
    unknown = [name[:64] for name in wanted if name not in judge0_answer.ALL]
    if unknown:
        raise _bad(f"invalid fields: [{', '.join(unknown)}]")
    return wanted


def _check_count(count: int) -> None:
    if count > BATCH_MAX:
        raise _bad(f"number of submissions in a batch should be less than or equal to {BATCH_MAX}")


def _bad(words: str) -> Problem:
    return Problem(Kind.BAD_REQUEST, words)
