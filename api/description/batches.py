"""Addresses that speak of a batch."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.description import examples
from api.description.parts import (
    IDEMPOTENCY_KEY,
    LAST_EVENT_ID,
    OF_A_BODY,
    PREFER,
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
    operation: {"operationId": operation, "parameters": {"batchId": "$response.body#/batchId"}}
    for operation in ("batch", "batch_results", "batch_events", "cancel_batch")
}
_PATH = path("batchId", "as the submit gave it", examples.BATCH_ID, pattern="^[0-9a-f]{32}$")
SUBMIT: dict[str, Any] = {
    "name": "submit_batch",
    "summary": "Run up to 1,000 snippets, accepted together or not at all",
    "status_code": 202,
    "response_model": answers.AcceptedBatch,
    "responses": {
        202: {
            **says(
                "All jobs are safe in the queue",
                examples.ACCEPTED_BATCH,
                "Location",
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
            Kind.QUEUE_FULL,
            Kind.QUEUE_UNAVAILABLE,
            Kind.QUEUE_MEMORY_FULL,
        ),
    },
    "openapi_extra": {
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(requests.BatchRequest, **{"two jobs": examples.BATCH_REQUEST}),
    },
}
BATCH: dict[str, Any] = {
    "name": "batch",
    "summary": "How far a batch has come, by verdict",
    "response_model": answers.Batch,
    "responses": {
        200: says("`finishedAt` is null until all of it is done", examples.BATCH, "Preference-Applied"),
        **problems(Kind.UNKNOWN_BATCH, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PATH, PREFER]},
}
CANCEL: dict[str, Any] = {
    "name": "cancel_batch",
    "summary": "Cancel what is not done of a batch",
    "response_model": answers.Batch,
    "responses": {
        200: says("All of it is done", examples.BATCH, "Preference-Applied"),
        202: says(
            "Workers were told to stop what still runs",
            examples.BATCH,
            "Retry-After",
            "Preference-Applied",
            model=answers.Batch,
        ),
        **problems(Kind.UNKNOWN_BATCH, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PATH, PREFER]},
}
RESULTS: dict[str, Any] = {
    "name": "batch_results",
    "summary": "The results of a batch, one JSON object a line, in the order its jobs end",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Those there are; with `Prefer: wait` each as it comes, until all are there or "
            "the time is over. A job whose result is no longer kept has no line",
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                    "example": '{"jobId":"' + examples.JOB_ID + '","verdict":"ok","stdout":"1\\n"}\n',
                }
            },
        },
        **problems(Kind.UNKNOWN_BATCH, Kind.INVALID_PARAMETER, Kind.TOO_MANY_STREAMS, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PATH, PREFER]},
}
EVENTS: dict[str, Any] = {
    "name": "batch_events",
    "summary": "A batch as it goes on: each job that ends, then its own end",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Server-Sent Events: `job` for each job that is done, in the order they end, and "
            "`done` with the counts; then the stream ends. A comment every 15 s keeps it open",
            "content": as_events(examples.BATCH_EVENTS),
        },
        204: {"description": "`Last-Event-ID` was that of `done`: there is nothing more"},
        **problems(Kind.UNKNOWN_BATCH, Kind.INVALID_PARAMETER, Kind.TOO_MANY_STREAMS, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PATH, {**LAST_EVENT_ID, "example": "17"}]},
}
