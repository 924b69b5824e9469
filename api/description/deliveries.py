"""Addresses that speak of a delivery."""

from __future__ import annotations

import json
from typing import Any

from api.description import examples
from api.description.parts import path, problems, says
from api.problems import Kind
from api.schemas import deliveries as shapes

STATE = "`pending`: waits for its next attempt; `delivered`; `dead`: given up; without it, all"
_ID = "5d41402abc4b2a76b9719d911017c592"
_ATTEMPT = {
    "number": 2,
    "at": "2026-01-02T03:04:16.310Z",
    "status": 500,
    "tookMs": 38,
    "reason": "it answered 500",
}
_SUMMARY: dict[str, Any] = {
    "deliveryId": _ID,
    "state": "pending",
    "event": "job.done",
    "jobId": examples.JOB_ID,
    "url": "https://example.com/hook",
    "attempts": 2,
    "createdAt": "2026-01-02T03:04:05.697Z",
    "changedAt": "2026-01-02T03:04:05.697Z",
    "nextAt": "2026-01-02T03:05:14.120Z",
    "lastAttempt": _ATTEMPT,
    "links": {"self": f"/deliveries/{_ID}", "redeliver": f"/deliveries/{_ID}/redeliver"},
}
_TOLD = {
    "type": "job.done",
    "timestamp": examples.RESULT["finishedAt"],
    "data": {
        "jobId": examples.JOB_ID,
        "problemId": "two-sum",
        "language": "NAME",
        "verdict": "ok",
        "finishedAt": examples.RESULT["finishedAt"],
        "links": {"self": f"/jobs/{examples.JOB_ID}", "result": f"/result/{examples.JOB_ID}"},
    },
}
_FIRST = {"number": 1, "at": "2026-01-02T03:04:05.951Z", "status": None, "tookMs": 212}
_WHOLE = {
    **_SUMMARY,
    "history": [{**_FIRST, "reason": "it cannot be reached: Connection refused"}, _ATTEMPT],
    "body": json.dumps(_TOLD, separators=(",", ":")),
}
_PATH = path("deliveryId", "id of a delivery", _ID)

DELIVERIES: dict[str, Any] = {
    "summary": "What callback URLs are told, and how that stands",
    "response_model": shapes.Deliveries,
    "responses": {
        200: says("The latest change of state comes first", {"deliveries": [_SUMMARY]}),
        **problems(Kind.INVALID_PARAMETER, Kind.QUEUE_UNAVAILABLE),
    },
}
DELIVERY: dict[str, Any] = {
    "summary": "A delivery, its attempts, and what is sent",
    "response_model": shapes.Delivery,
    "responses": {
        200: says("It is known", _WHOLE),
        **problems(Kind.UNKNOWN_DELIVERY, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PATH]},
}
REDELIVER: dict[str, Any] = {
    "summary": "Send a delivery anew, or now if it waits",
    "status_code": 202,
    "response_model": shapes.Delivery,
    "responses": {
        202: says(
            "It waits to be sent, with all its attempts", {**_WHOLE, "attempts": 0, "history": []}, "Location"
        ),
        **problems(
            Kind.UNKNOWN_DELIVERY, Kind.DELIVERIES_FULL, Kind.QUEUE_UNAVAILABLE, Kind.QUEUE_MEMORY_FULL
        ),
    },
    "openapi_extra": {"parameters": [_PATH]},
}
