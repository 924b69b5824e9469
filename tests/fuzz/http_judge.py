"""What an answer of the API may be, worked out without it."""

from __future__ import annotations

import json
from collections.abc import Collection

from api.problems import MEDIA_TYPE, Kind
from api.schemas.requests import SubmitRequest
from fleet.errors import InvalidJob, JobTooLarge
from fleet.fields import read_object
from fleet.job import Submission
from fleet.languages import Language, names_by_alias
from fleet.limits import Bounds
from tests.fuzz.http_wire import Answer

ACCEPTED = frozenset({200, 202})
_BOUNDS = Bounds()
_FIELDS = {field.alias for field in SubmitRequest.model_fields.values()}
_KINDS = {kind.type: kind for kind in Kind}
_BUSY = {
    *(Kind.QUEUE_FULL, Kind.PROBLEMS_FULL, Kind.QUEUE_UNAVAILABLE, Kind.QUEUE_MEMORY_FULL, Kind.BUSY),
    *(Kind.TOO_MANY_STREAMS, Kind.NOT_READY, Kind.KEYS_BUSY),
}
# What the server says itself of bytes that are no request: nobody's handler has seen them.
_OF_THE_SERVER = {(400, b"Invalid HTTP request received."), (431, b"")}


def statuses(body: bytes, language: Language) -> Collection[int]:
    """How a submit of ``body`` as JSON may be answered when the queue is there."""
    if len(body) > _BOUNDS.item_bytes_max:
        return {413}
    try:
        raw = read_object(body)
        if raw.keys() - _FIELDS:
            return {422}
        submission = Submission.from_mapping(raw, _BOUNDS)
        submission.check_beside(language.file)
    except JobTooLarge:
        return {413}
    except InvalidJob:
        return {422}
    return ACCEPTED if submission.language in names_by_alias([language]) else {422}


def fault(answer: Answer, expected: Collection[int] | None = None, *, is_http: bool = True) -> str:
    """What is wrong with an answer; nothing if it is empty.

    ``expected`` are the statuses that fit; a documented 503 always does.
    """
    shown = f"{answer.status} {answer.headers} {answer.body[:300]!r}"
    if not is_http and (answer.status, answer.body) in _OF_THE_SERVER:
        return ""
    if answer.status >= 400 and (wrong := _no_problem(answer)):
        return f"{wrong}: {shown}"
    if answer.status < 300 and answer.headers.get("content-type") == "application/json":
        try:
            json.loads(answer.body)
        except ValueError:
            return f"no JSON: {shown}"
    if expected is not None and answer.status not in expected and answer.status != 503:
        return f"not one of {sorted(expected)}: {shown}"
    return ""


def _no_problem(answer: Answer) -> str:
    """Whether an error is a documented problem: what is wrong if it is not."""
    if answer.headers.get("content-type") != MEDIA_TYPE:
        return "an error that is no problem"
    try:
        said = json.loads(answer.body)
        kind = _KINDS[said["type"]]
    except (ValueError, KeyError, TypeError):
        return "a problem of no known type"
    if kind.status != answer.status or said["status"] != answer.status or said["title"] != kind.title:
        return "a problem that contradicts itself"
    if answer.status >= 500 and kind not in _BUSY:
        return "the server failed"
    if kind in _BUSY and not answer.headers.get("retry-after", "").isdigit():
        return "a 503 that does not say when to come back"
    return ""
