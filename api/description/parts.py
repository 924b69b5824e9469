"""What descriptions are made of: answers, problems, parameters, bodies."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.once import KEY_CHARS_MAX
from api.problems import MEDIA_TYPE, Kind, Problem
from api.schemas.basis import Shape

REF = "#/components/schemas/{model}"
PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "example": "wait=10",
    "description": "`wait=SECONDS` (RFC 7240): answer when the job is done, or after that time. "
    "`Preference-Applied` in the answer says for how long it was honoured.",
}
# What any body may meet before it is looked into.
OF_A_BODY = (
    Kind.SLOW_BODY,
    Kind.TOO_LARGE,
    Kind.MEDIA_TYPE,
    Kind.MALFORMED_JSON,
    Kind.INVALID_JOB,
    Kind.BUSY,
)
PREFER_CANCEL = {
    **PREFER,
    "example": "wait=10, cancel-on-close",
    "description": f"{PREFER['description']} With `cancel-on-close` the job is cancelled if the client "
    "closes the connection meanwhile.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[!-~]+$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    "description": "the same key with the same body within 24 hours is answered with the job of the first "
    "time; with another body it is a 409",
}
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "schema": {"type": "string"},
    "description": "the id of the last event that arrived: what comes after it is sent",
}
_HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"schema": {"type": "string"}, "description": "address of what was accepted"},
    "Idempotency-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "the Idempotency-Key was known: nothing new was accepted",
    },
    "Retry-After": {"schema": {"type": "integer"}, "description": "seconds after which to ask again"},
    "Preference-Applied": {"schema": {"type": "string"}, "description": "the wait that was honoured"},
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "example": '"jobs";q=600;w=60',
        "description": "how many jobs the key may submit in how many seconds",
    },
    "RateLimit": {
        "schema": {"type": "string"},
        "example": '"jobs";r=599;t=1',
        "description": "how many are left now, and in how many seconds all of them are",
    },
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`, and what was amiss"},
}
RATE_LIMIT = ("RateLimit-Policy", "RateLimit")  # of a submit, if the key has a rate
_HEADERS_OF = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    429: ("Retry-After", *RATE_LIMIT),
    503: ("Retry-After",),
}
_ID_SCHEMA = {"minLength": 1, "maxLength": 128}


def says(text: str, example: Any, *headers: str, model: type[Shape] | None = None) -> dict[str, Any]:
    """An answer in JSON; ``model`` is its shape where that is not the one of the address."""
    answer: dict[str, Any] = {
        "description": text,
        "content": {"application/json": {"example": example}},
        "headers": {name: _HEADERS[name] for name in headers},
    }
    return {**answer, "model": model} if model else answer


def problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The answers of these kinds, and of those that every address may give."""
    return {status: _problem(*alike) for status, alike in _by_status(*kinds, Kind.INTERNAL).items()}


def add_problems(operation: dict[str, Any], *kinds: Kind) -> None:
    """Add these kinds to the answers of an address that is described already."""
    responses = operation["responses"]
    for status, alike in _by_status(*kinds).items():
        response = _problem(*alike)
        known = responses.setdefault(str(status), response)
        if known is not response:
            old, new = (answer["content"][MEDIA_TYPE]["examples"] for answer in (known, response))
            titles = [kind.title for kind in alike if kind.slug not in old]
            known["description"] = "; ".join([known["description"], *titles])
            old.update(new)


def _by_status(*kinds: Kind) -> dict[int | str, list[Kind]]:
    found: dict[int | str, list[Kind]] = {}
    for kind in kinds:
        found.setdefault(kind.status, []).append(kind)
    return found


def _problem(*kinds: Kind) -> dict[str, Any]:
    named = {kind.slug: {"value": Problem(kind, "what to do about it, in words").to_json()} for kind in kinds}
    headers = _HEADERS_OF.get(kinds[0].status, ())
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "headers": {name: _HEADERS[name] for name in headers},
        "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="ProblemDetails")}, "examples": named}},
    }


def path(name: str, text: str, example: str, **schema: Any) -> dict[str, Any]:
    """A parameter in the path; a string as ``schema`` says, by default of 1 to 128 characters."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string", **(schema or _ID_SCHEMA)},
        "example": example,
    }


def body(model: type[BaseModel], **examples: Any) -> dict[str, Any]:
    """A request's body in JSON, with an example by each name."""
    named = {name: {"value": value} for name, value in examples.items()}
    content = {"schema": {"$ref": REF.format(model=model.__name__)}, "examples": named}
    return {"required": True, "content": {"application/json": content}}


def as_events(example: str) -> dict[str, Any]:
    """The content of a stream of events."""
    return {"text/event-stream": {"schema": {"type": "string"}, "example": example}}
