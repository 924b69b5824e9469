"""Errors of addresses that speak as another API does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from api.description.parts import problems

TAGS = frozenset({"piston", "judge0"})
_MEANINGS = {
    400: "The request is not acceptable",
    401: "A key is needed, or the one that was sent is not known",
    403: "The key may not do this",
    404: "No such thing, or not the caller's to know",
    408: "The body took too long to arrive",
    413: "The body, or a part of it, is too large",
    415: "The body must be JSON",
    422: "A field is not acceptable",
    429: "The caller's quota is used up",
    503: "Not now: the queue is full or away, or too many requests wait",
}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds after which to ask again"}}
OF_ANY = (401, 403, 503)
OF_A_BODY = (400, 408, 413, 415, 429)


def errors(
    model: type[BaseModel], example: Mapping[str, Any], *statuses: int
) -> dict[int | str, dict[str, Any]]:
    """The answers of these statuses in that shape, and of those that every address may give."""
    said: dict[int | str, dict[str, Any]] = {
        status: {
            "description": _MEANINGS[status],
            "model": model,
            "content": {"application/json": {"example": example}},
            "headers": _RETRY if status in (429, 503) else {},
        }
        for status in sorted({*statuses, *OF_ANY})
    }
    return {**said, **problems()}
