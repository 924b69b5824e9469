"""Addresses that speak of a problem."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.description import examples
from api.description.parts import OF_A_BODY, body, path, problems, says
from api.problems import Kind
from api.schemas import answers, requests

RESULTS: dict[str, Any] = {
    "summary": "All jobs of a problem that are kept, newest first",
    "response_model": answers.ProblemJobs,
    "responses": {
        200: says("At least one job", {"problemId": "two-sum", "jobs": [examples.RECORD]}),
        **problems(Kind.UNKNOWN_JOB, Kind.INVALID_PARAMETER, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [path("problemId", "percent-encode what is special", "two-sum")]},
}
_PROBLEM_PATH = path("problemId", "percent-encode what is special, slashes too", "two-sum")
DEFINE: dict[str, Any] = {
    "summary": "Store the tests and limits that a problem's jobs are judged by",
    "response_model": answers.Defined,
    "responses": {
        200: says("They replace what was stored", examples.DEFINED),
        201: says("They are stored", examples.DEFINED, model=answers.Defined),
        **problems(
            *OF_A_BODY, Kind.UNKNOWN_JOB, Kind.PROBLEMS_FULL, Kind.QUEUE_UNAVAILABLE, Kind.QUEUE_MEMORY_FULL
        ),
    },
    "openapi_extra": {
        "parameters": [_PROBLEM_PATH],
        "requestBody": body(requests.DefinitionRequest, **{"three tests": examples.DEFINITION}),
    },
}
DEFINITION: dict[str, Any] = {
    "summary": "The tests and limits that are stored for a problem",
    "response_model": answers.Problem,
    "responses": {
        200: says(
            "`definition` may be put again as it is",
            {
                "problemId": "two-sum",
                "digest": examples.DEFINED["digest"],
                "definition": examples.DEFINITION,
            },
        ),
        **problems(Kind.UNKNOWN_PROBLEM, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PROBLEM_PATH]},
}
UNDEFINE: dict[str, Any] = {
    "summary": "Forget the tests and limits of a problem",
    "status_code": 204,
    "response_class": Response,
    "responses": {
        204: {"description": "They are forgotten; its jobs are kept"},
        **problems(Kind.UNKNOWN_PROBLEM, Kind.QUEUE_UNAVAILABLE),
    },
    "openapi_extra": {"parameters": [_PROBLEM_PATH]},
}
