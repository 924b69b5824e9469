"""Addresses that speak of jobs."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.description import examples
from api.description.parts import (
    IDEMPOTENCY_KEY,
    LAST_EVENT_ID,
    OF_A_BODY,
    PREFER,
    PREFER_CANCEL,
    RATE_LIMIT,
    as_events,
    body,
    path,
    problems,
    says,
)
from api.problems import Kind
from api.schemas import answers, requests

_LINKS = {
    operation: {"operationId": operation, "parameters": {parameter: f"$response.body#/{field}"}}
    for operation, parameter, field in (
        ("job", "jobId", "jobId"),
        ("result", "id", "jobId"),
        ("events", "jobId", "jobId"),
        ("cancel", "jobId", "jobId"),
        ("results", "problemId", "problemId"),
    )
}

SUBMIT: dict[str, Any] = {
    "summary": "Run a snippet",
    "status_code": 202,
    "response_model": answers.Accepted,
    "responses": {
        200: says(
            "The result: it was waited for, and done in time",
            examples.RESULT,
            "Preference-Applied",
            "Idempotency-Replayed",
            model=answers.Result,
        ),
        202: {
            **says(
                "The job is safe in the queue",
                examples.ACCEPTED,
                "Location",
                "Preference-Applied",
                "Idempotency-Replayed",
                *RATE_LIMIT,
            ),
            "links": _LINKS,
        },
        **problems(
            *OF_A_BODY,
            Kind.INVALID_PARAMETER,
            Kind.KEY_REUSED,
            Kind.QUOTA_EXCEEDED,
            Kind.UNKNOWN_LANGUAGE,
            Kind.LANGUAGE_NOT_SERVED,
            Kind.QUEUE_FULL,
            Kind.QUEUE_UNAVAILABLE,
            Kind.QUEUE_MEMORY_FULL,
        ),
    },
    "openapi_extra": {
        "parameters": [PREFER_CANCEL, IDEMPOTENCY_KEY],
        "requestBody": body(requests.SubmitRequest, **examples.SUBMIT),
    },
}
RESULT: dict[str, Any] = {
    "summary": "The result of a job, or of a problem's newest job",
    "response_model": answers.Result,
    "responses": {
        200: says("The job is done", examples.RESULT, "Preference-Applied"),
        202: says(
            "The job is queued or running",
            {**examples.SUMMARY, **examples.PLACE},
            "Retry-After",
            "Preference-Applied",
            model=answers.Unfinished,
        ),
        **problems(Kind.UNKNOWN_JOB, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {
        "parameters": [
            path("id", "a jobId or a problemId; percent-encode what is special", examples.JOB_ID),
            PREFER,
        ]
    },
}
FORGET: dict[str, Any] = {
    "summary": "Forget a job that is done: its result, its source, its events",
    "status_code": 204,
    "response_class": Response,
    "responses": {
        204: {"description": "Nothing of it is kept"},
        **problems(Kind.UNKNOWN_JOB, Kind.NOT_DONE, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [path("id", "a jobId; a problemId names none", examples.JOB_ID)]},
}
_JOB_PATH = path("jobId", "as the submit gave it", examples.JOB_ID, pattern="^[0-9a-f]{32}$")
JOB: dict[str, Any] = {
    "summary": "The whole record of a job",
    "response_model": answers.Job,
    "responses": {
        200: says("What is known of the job, but its code", examples.JOB),
        **problems(Kind.UNKNOWN_JOB, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_JOB_PATH]},
}
CANCEL: dict[str, Any] = {
    "summary": "Cancel a job that waits or runs",
    "response_model": answers.Job,
    "responses": {
        200: says(
            "The job is done: it waited and was cancelled, or it ended before and is unchanged",
            examples.CANCELLED,
            "Preference-Applied",
        ),
        202: says(
            "It runs, and its worker was told to stop it; its verdict is `cancelled` soon",
            {**examples.JOB, "state": "running", "cancelAsked": True, "finishedAt": None, "result": None},
            "Retry-After",
            "Preference-Applied",
            model=answers.Job,
        ),
        **problems(Kind.UNKNOWN_JOB, Kind.QUEUE_UNAVAILABLE, Kind.QUEUE_MEMORY_FULL),
    },
    "openapi_extra": {"parameters": [_JOB_PATH, PREFER]},
}
SOURCE: dict[str, Any] = {
    "summary": "What was submitted, as a body that may be submitted again",
    "response_model": requests.SubmitRequest,
    "responses": {
        200: says("The job's own fields, those of its delivery left out", examples.SUBMIT["a snippet"]),
        **problems(Kind.UNKNOWN_JOB, Kind.NO_SOURCE, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_JOB_PATH]},
}
EVENTS: dict[str, Any] = {
    "summary": "A job as it goes on: states, output, cases, its end",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Server-Sent Events: `state` (queued with its place, again when that changes, at "
            "most once a second; running), `output` with what the program printed, `case` for each case that "
            "ended, as the result will have it, and `done` with the verdict; then the stream ends. A comment "
            "every 15 s keeps it open. Of a job that is done it has what was told while it ran",
            "content": as_events(examples.EVENTS),
        },
        204: {"description": "`Last-Event-ID` was that of `done`: there is nothing more"},
        **problems(Kind.UNKNOWN_JOB, Kind.INVALID_PARAMETER, Kind.TOO_MANY_STREAMS, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_JOB_PATH, {**LAST_EVENT_ID, "example": "0-0/queued1"}]},
}
