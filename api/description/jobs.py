"""Addresses that speak of jobs."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.description import examples
from api.description.parts import OF_A_BODY, PREFER, body, path, problems, says
from api.problems import Kind
from api.schemas import answers, requests

_LINKS = {
    operation: {"operationId": operation, "parameters": {parameter: f"$response.body#/{field}"}}
    for operation, parameter, field in (
        ("job", "jobId", "jobId"),
        ("result", "id", "jobId"),
        ("events", "jobId", "jobId"),
        ("results", "problemId", "problemId"),
    )
}

SUBMIT: dict[str, Any] = {
    "summary": "Run a snippet",
    "status_code": 202,
    "response_model": answers.JobSummary,
    "responses": {
        200: says(
            "The result: it was waited for, and done in time",
            examples.RESULT,
            "Preference-Applied",
            model=answers.Result,
        ),
        202: {
            **says("The job is safe in the queue", examples.SUMMARY, "Location", "Preference-Applied"),
            "links": _LINKS,
        },
        **problems(
            *OF_A_BODY,
            Kind.UNKNOWN_LANGUAGE,
            Kind.LANGUAGE_NOT_SERVED,
            Kind.QUEUE_FULL,
            Kind.QUEUE_UNAVAILABLE,
            Kind.QUEUE_MEMORY_FULL,
        ),
    },
    "openapi_extra": {
        "parameters": [PREFER],
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
            {**examples.SUMMARY, "state": "running"},
            "Retry-After",
            "Preference-Applied",
            model=answers.JobSummary,
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
_JOB_PATH = path("jobId", "as the submit gave it", examples.JOB_ID, pattern="^[0-9a-f]{32}$")
JOB: dict[str, Any] = {
    "summary": "The whole record of a job",
    "response_model": answers.Job,
    "responses": {
        200: says("What is known of the job, but its code", examples.RECORD),
        **problems(Kind.UNKNOWN_JOB, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_JOB_PATH]},
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "schema": {"type": "string"},
    "example": "0-0/queued",
    "description": "the id of the last event that arrived: what comes after it is sent",
}
EVENTS: dict[str, Any] = {
    "summary": "A job as it goes on: states, cases, its end",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Server-Sent Events: `state` (queued, running), `case` for each case that ended, "
            "as the result will have it, and `done` with the verdict; then the stream ends. A comment every "
            "15 s keeps it open. Of a job that is done it has what was told while it ran",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": examples.EVENTS}},
        },
        204: {"description": "`Last-Event-ID` was that of `done`: there is nothing more"},
        **problems(Kind.UNKNOWN_JOB, Kind.INVALID_PARAMETER, Kind.TOO_MANY_STREAMS, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {
        "parameters": [
            _JOB_PATH,
            _LAST_EVENT_ID,
        ]
    },
}
