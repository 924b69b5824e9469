"""Errors as clients see them: RFC 9457 ``application/problem+json`` with a stable ``type``.

Every error of a request becomes a ``Problem`` here, whichever layer raised it. A detail says what
the client can do; it never carries internals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from fleet.errors import (
    DeliveriesFull,
    FleetError,
    InvalidJob,
    JobTooLarge,
    KeyReused,
    ProblemsFull,
    QueueFull,
    QueueMemoryFull,
    QueueUnavailable,
)

MEDIA_TYPE = "application/problem+json"
_URN = "urn:sandfleet:problem:"
_RETRY_S = 2  # how soon to come back when Redis is away: a restart takes about as long


class Kind(Enum):
    """The closed set of problems: slug of the ``type``, HTTP status, title."""

    MALFORMED_JSON = "malformed-json", 422, "The body is not a JSON object"
    INVALID_JOB = "invalid-job", 422, "A field of the job or problem is not acceptable"
    UNKNOWN_LANGUAGE = "unknown-language", 422, "No such language"
    LANGUAGE_NOT_SERVED = "language-not-served", 422, "No worker serves this language"
    INVALID_PARAMETER = "invalid-parameter", 422, "A parameter of the request is not acceptable"
    TOO_LARGE = "too-large", 413, "The job or problem is too large"
    SLOW_BODY = "slow-body", 408, "The body took too long to arrive"
    MEDIA_TYPE = "unsupported-media-type", 415, "The body must be plain JSON"
    UNKNOWN_JOB = "unknown-job", 404, "No such job"
    UNKNOWN_BATCH = "unknown-batch", 404, "No such batch"
    NO_SOURCE = "no-source", 404, "The source of this job is not kept"
    UNKNOWN_PROBLEM = "unknown-problem", 404, "No such problem"
    UNKNOWN_DELIVERY = "unknown-delivery", 404, "No such delivery"
    NOT_FOUND = "not-found", 404, "No such page"
    METHOD = "method-not-allowed", 405, "The page does not take this method"
    KEY_REQUIRED = "key-required", 401, "A key is required"
    SCOPE = "scope", 403, "The key may not do this"
    QUOTA_EXCEEDED = "quota-exceeded", 429, "The key has used up its quota"
    NOT_DONE = "not-done", 409, "The job is not done"
    KEY_REUSED = "key-reused", 409, "The Idempotency-Key stands for another request"
    BAD_REQUEST = "bad-request", 400, "The request cannot be answered"
    QUEUE_FULL = "queue-full", 503, "The queue is full"
    DELIVERIES_FULL = "deliveries-full", 503, "Too many deliveries wait"
    PROBLEMS_FULL = "problems-full", 503, "No more problems are stored"
    TOO_MANY_STREAMS = "too-many-streams", 503, "Too many requests wait already"
    QUEUE_UNAVAILABLE = "queue-unavailable", 503, "The queue is away"
    QUEUE_MEMORY_FULL = "queue-memory-full", 503, "The queue is out of memory"
    BUSY = "busy", 503, "Too many large requests at once"
    KEYS_BUSY = "keys-busy", 503, "Too many wrong keys are sent"
    NOT_READY = "not-ready", 503, "The fleet cannot run jobs yet"
    INTERNAL = "internal", 500, "The server failed"

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def type(self) -> str:
        """The URI that names this problem for good."""
        return _URN + self.slug


class Problem(Exception):
    """An answer that is an error. ``errors`` pairs a field's JSON name with what is wrong with it."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def to_json(self) -> dict[str, Any]:
        """The problem details object of RFC 9457."""
        details: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.errors:
            details["errors"] = [{"field": field, "detail": detail} for field, detail in self.errors]
        return details

    def response(self) -> Response:
        """The problem as a response."""
        # Escaped to ASCII: a field name that a client made up may hold a lone surrogate.
        return Response(
            json.dumps(self.to_json(), separators=(",", ":")).encode("ascii"),
            status_code=self.kind.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


Tell = Callable[[Problem], Response]
Handler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


def as_problem(error: Exception) -> Problem:
    """The problem that ``error`` is to a client; ``internal`` for what no client can cause."""
    match error:
        case Problem():
            return error
        case InvalidJob():
            return _refused(error)
        case KeyReused():
            return key_reused("was sent with another request within 24 hours; take a new one")
        case QueueFull() | ProblemsFull() | DeliveriesFull() | QueueUnavailable():
            return _not_now(error)
        case _:
            return Problem(Kind.INTERNAL, "the server failed; the operator's log has the reason")


def key_reused(detail: str) -> Problem:
    """The answer to an Idempotency-Key that stands for something else than what was sent."""
    header = "Idempotency-Key"
    return Problem(Kind.KEY_REUSED, f"{header}: {detail}", errors=[(header, detail)])


def install(app: FastAPI, forms: Mapping[str, Tell]) -> None:
    """Answer every error of ``app`` with a problem. Errors nobody expects are left to the edge.

    Below each base path of ``forms`` problems are told as its function does.
    """

    def answered(understood: Callable[[Request, Exception], Problem]) -> Handler:
        async def answer(request: Request, error: Exception) -> Response:
            problem = understood(request, error)
            path = request.scope["path"]
            tell = next(
                (tell for base, tell in forms.items() if path.startswith(f"{base}/")), Problem.response
            )
            return tell(problem)

        return answer

    app.add_exception_handler(Problem, answered(_raised))
    app.add_exception_handler(FleetError, answered(_raised))
    app.add_exception_handler(HTTPException, answered(_of_router))
    app.add_exception_handler(RequestValidationError, answered(_of_parameters))
    app.add_exception_handler(ClientDisconnect, _answer_nobody)


def _refused(error: InvalidJob) -> Problem:
    if isinstance(error, JobTooLarge):
        return Problem(Kind.TOO_LARGE, str(error), errors=[(error.field, error.detail)])
    kind = Kind.INVALID_JOB if error.field else Kind.MALFORMED_JSON
    return Problem(kind, str(error), errors=[(error.field, error.detail)])


def _not_now(error: QueueFull | ProblemsFull | DeliveriesFull | QueueUnavailable) -> Problem:
    match error:
        case QueueFull():
            return _come_back(
                Kind.QUEUE_FULL,
                f"{error.waiting} jobs wait and the queue takes no more than {error.bound}; try again later",
                error.retry_after_s,
            )
        case ProblemsFull():
            return _come_back(Kind.PROBLEMS_FULL, f"{error}; DELETE problems that are no longer used", 60)
        case DeliveriesFull():
            return _come_back(Kind.DELIVERIES_FULL, f"{error}; try again later", error.retry_after_s)
        case QueueMemoryFull():
            return _come_back(
                Kind.QUEUE_MEMORY_FULL,
                "the queue has no memory left for anything new until running jobs finish; try again later",
            )
        case _:
            return _come_back(
                Kind.QUEUE_UNAVAILABLE, "the queue cannot be reached or does not answer; try again soon"
            )


def _come_back(kind: Kind, detail: str, after_s: int = _RETRY_S) -> Problem:
    return Problem(kind, detail, headers={"Retry-After": str(max(1, after_s))})


def _raised(_request: Request, error: Exception) -> Problem:
    problem = as_problem(error)
    if problem.kind is Kind.INTERNAL:
        raise error  # the edge logs it
    return problem


def _of_router(request: Request, error: Exception) -> Problem:
    # Raised by the router alone: our own code raises Problem.
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return Problem(Kind.NOT_FOUND, "there is nothing at this address; /docs lists what there is")
    if status == 405:
        headers = error.headers if isinstance(error, HTTPException) else None
        return Problem(Kind.METHOD, f"{request.method} is not for this address", headers=headers)
    return Problem(Kind.BAD_REQUEST, "the request cannot be answered as it is")


def _of_parameters(_request: Request, error: Exception) -> Problem:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [(str(fault["loc"][-1]), str(fault["msg"])) for fault in faults]
    detail = "; ".join(f"{name}: {message}" for name, message in errors)
    return Problem(Kind.INVALID_PARAMETER, detail, errors=errors)


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # the client has left: nobody reads this
