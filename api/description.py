"""The API described for OpenAPI: shapes, examples and every error of each address."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import PlainTextResponse, Response

from api import examples, schemas
from api.problems import MEDIA_TYPE, Kind, Problem
from fleet.limits import Bounds

_REF = "#/components/schemas/{model}"
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "example": "wait=10",
    "description": "`wait=SECONDS` (RFC 7240): answer when the job is done, or after that time. "
    "`Preference-Applied` in the answer says for how long it was honoured.",
}
_QUEUE_AWAY = (Kind.QUEUE_UNAVAILABLE,)
_HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"schema": {"type": "string"}, "description": "address of the job's record"},
    "Retry-After": {"schema": {"type": "integer"}, "description": "seconds after which to ask again"},
    "Preference-Applied": {"schema": {"type": "string"}, "description": "the wait that was honoured"},
}


def _says(text: str, example: Any, *headers: str, model: type | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": text,
        "content": {"application/json": {"example": example}},
        "headers": {name: _HEADERS[name] for name in headers},
    }
    return {**answer, "model": model} if model else answer


def _problems(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int | str, list[Kind]] = {}
    for kind in (*kinds, Kind.INTERNAL):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _problem(*alike) for status, alike in by_status.items()}


def _problem(*kinds: Kind) -> dict[str, Any]:
    named = {kind.slug: {"value": Problem(kind, "what to do about it, in words").to_json()} for kind in kinds}
    headers = ("Retry-After",) if kinds[0].status == 503 else ()
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "headers": {name: _HEADERS[name] for name in headers},
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDetails")}, "examples": named}},
    }


def _path(name: str, text: str, example: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string", **schema},
        "example": example,
    }


_LINKS = {
    operation: {"operationId": operation, "parameters": {parameter: f"$response.body#/{field}"}}
    for operation, parameter, field in (
        ("job", "jobId", "jobId"),
        ("result", "id", "jobId"),
        ("events", "jobId", "jobId"),
        ("results", "problemId", "problemId"),
    )
}
_ID_SCHEMA = {"minLength": 1, "maxLength": 128}

SUBMIT: dict[str, Any] = {
    "summary": "Run a snippet",
    "status_code": 202,
    "response_model": schemas.JobSummary,
    "responses": {
        200: _says(
            "The result: it was waited for, and done in time",
            examples.RESULT,
            "Preference-Applied",
            model=schemas.Result,
        ),
        202: {
            **_says("The job is safe in the queue", examples.SUMMARY, "Location", "Preference-Applied"),
            "links": _LINKS,
        },
        **_problems(
            Kind.SLOW_BODY,
            Kind.TOO_LARGE,
            Kind.MEDIA_TYPE,
            Kind.MALFORMED_JSON,
            Kind.INVALID_JOB,
            Kind.UNKNOWN_LANGUAGE,
            Kind.LANGUAGE_NOT_SERVED,
            Kind.QUEUE_FULL,
            Kind.QUEUE_UNAVAILABLE,
            Kind.QUEUE_MEMORY_FULL,
            Kind.BUSY,
        ),
    },
    "openapi_extra": {
        "parameters": [_PREFER],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REF.format(model="SubmitRequest")},
                    "examples": {name: {"value": body} for name, body in examples.SUBMIT.items()},
                }
            },
        },
    },
}
RESULT: dict[str, Any] = {
    "summary": "The result of a job, or of a problem's newest job",
    "response_model": schemas.Result,
    "responses": {
        200: _says("The job is done", examples.RESULT, "Preference-Applied"),
        202: _says(
            "The job is queued or running",
            {**examples.SUMMARY, "state": "running"},
            "Retry-After",
            "Preference-Applied",
            model=schemas.JobSummary,
        ),
        **_problems(Kind.UNKNOWN_JOB, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [
            _path(
                "id", "a jobId or a problemId; percent-encode what is special", examples.JOB_ID, _ID_SCHEMA
            ),
            _PREFER,
        ]
    },
}
RESULTS: dict[str, Any] = {
    "summary": "All jobs of a problem that are kept, newest first",
    "response_model": schemas.ProblemJobs,
    "responses": {
        200: _says("At least one job", {"problemId": "two-sum", "jobs": [examples.RECORD]}),
        **_problems(Kind.UNKNOWN_JOB, Kind.INVALID_PARAMETER, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [_path("problemId", "percent-encode what is special", "two-sum", _ID_SCHEMA)]
    },
}
_PROBLEM_PATH = _path("problemId", "percent-encode what is special, slashes too", "two-sum", _ID_SCHEMA)
DEFINE: dict[str, Any] = {
    "summary": "Store the tests and limits that a problem's jobs are judged by",
    "response_model": schemas.Defined,
    "responses": {
        200: _says("They replace what was stored", examples.DEFINED),
        201: _says("They are stored", examples.DEFINED, model=schemas.Defined),
        **_problems(
            Kind.SLOW_BODY,
            Kind.TOO_LARGE,
            Kind.MEDIA_TYPE,
            Kind.MALFORMED_JSON,
            Kind.INVALID_JOB,
            Kind.UNKNOWN_JOB,
            Kind.PROBLEMS_FULL,
            Kind.QUEUE_UNAVAILABLE,
            Kind.QUEUE_MEMORY_FULL,
            Kind.BUSY,
        ),
    },
    "openapi_extra": {
        "parameters": [_PROBLEM_PATH],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REF.format(model="DefinitionRequest")},
                    "example": examples.DEFINITION,
                }
            },
        },
    },
}
DEFINITION: dict[str, Any] = {
    "summary": "The tests and limits that are stored for a problem",
    "response_model": schemas.Problem,
    "responses": {
        200: _says(
            "`definition` may be put again as it is",
            {
                "problemId": "two-sum",
                "digest": examples.DEFINED["digest"],
                "definition": examples.DEFINITION,
            },
        ),
        **_problems(Kind.UNKNOWN_PROBLEM, *_QUEUE_AWAY),
    },
    "openapi_extra": {"parameters": [_PROBLEM_PATH]},
}
UNDEFINE: dict[str, Any] = {
    "summary": "Forget the tests and limits of a problem",
    "status_code": 204,
    "response_class": Response,
    "responses": {
        204: {"description": "They are forgotten; its jobs are kept"},
        **_problems(Kind.UNKNOWN_PROBLEM, *_QUEUE_AWAY),
    },
    "openapi_extra": {"parameters": [_PROBLEM_PATH]},
}
JOB: dict[str, Any] = {
    "summary": "The whole record of a job",
    "response_model": schemas.Job,
    "responses": {
        200: _says("What is known of the job, but its code", examples.RECORD),
        **_problems(Kind.UNKNOWN_JOB, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [
            _path("jobId", "as the submit gave it", examples.JOB_ID, {"pattern": "^[0-9a-f]{32}$"})
        ]
    },
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
        **_problems(Kind.UNKNOWN_JOB, Kind.INVALID_PARAMETER, Kind.TOO_MANY_STREAMS, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [
            _path("jobId", "as the submit gave it", examples.JOB_ID, {"pattern": "^[0-9a-f]{32}$"}),
            _LAST_EVENT_ID,
        ]
    },
}
LANGUAGES: dict[str, Any] = {
    "summary": "Languages a job may name",
    "response_model": schemas.Languages,
    "responses": {
        200: _says(
            "As of about a second ago", {"languages": [examples.LANGUAGE], "ceiling": examples.LIMITS}
        ),
        **_problems(),
    },
}
HEALTHZ: dict[str, Any] = {
    "summary": "Is the process alive",
    "response_model": schemas.Alive,
    "responses": {200: _says("It is", {"status": "ok"}), **_problems()},
}
READYZ: dict[str, Any] = {
    "summary": "Can jobs be run",
    "response_model": schemas.Ready,
    "responses": {
        200: _says(
            "Redis answers and a worker serves a language",
            {"status": "ok", "workers": 2, "languages": ["NAME"]},
        ),
        **_problems(Kind.NOT_READY),
    },
}
METRICS: dict[str, Any] = {
    "summary": "Series for Prometheus",
    "response_class": PlainTextResponse,
    "responses": {200: {"description": "Text format of Prometheus"}, **_problems()},
}


def openapi(app: FastAPI, bounds: Bounds) -> dict[str, Any]:
    """The OpenAPI document of ``app``, with this fleet's own ceilings in it."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    shapes = document["components"]["schemas"]
    _, described = models_json_schema(
        [
            (schemas.SubmitRequest, "validation"),
            (schemas.DefinitionRequest, "validation"),
            (schemas.ProblemDetails, "validation"),
        ],
        ref_template=_REF,
    )
    shapes.update(described["$defs"])
    for name, most in bounds.ceiling.to_json().items():
        shapes["LimitsRequest"]["properties"][name]["anyOf"][0]["maximum"] = most
    _say_bounds(shapes, bounds)
    # FastAPI describes its own validation error, which never leaves this API.
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    return document


def _say_bounds(shapes: dict[str, Any], bounds: Bounds) -> None:
    submit, definition = (shapes[name]["properties"] for name in ("SubmitRequest", "DefinitionRequest"))
    said = {
        "code": f"at most {bounds.code_bytes_max} bytes of UTF-8",
        "stdin": f"at most {bounds.stdin_bytes_max} bytes of UTF-8",
        "files": f"at most {bounds.files_bytes_max} bytes in sum",
        "args": f"at most {bounds.args_bytes_max} bytes in sum",
        "env": f"allowed here: {', '.join(sorted(bounds.env_allowed)) or 'none'}",
        "outputFiles": f"at most {bounds.output_files_bytes_max} bytes in sum are given back",
        "tests": f"at most {bounds.tests_bytes_max} bytes of stdin, expected output and arguments in sum",
    }
    for name, words in said.items():
        submit[name]["description"] += f"; {words}"
    counts = {"files": bounds.files_max, "args": bounds.args_max, "outputFiles": bounds.output_files_max}
    for name, most in {**counts, "tests": bounds.tests_max}.items():
        submit[name]["anyOf"][0]["maxItems"] = most
    definition["tests"] |= {"description": said["tests"], "maxItems": bounds.tests_max}
    shapes["CaseRequest"]["properties"]["args"]["anyOf"][0]["maxItems"] = bounds.args_max


def problem_table() -> str:
    """Every problem type as a Markdown table."""
    rows = [f"| `{kind.type}` | {kind.status} | {kind.title} |" for kind in Kind]
    return "\n".join(["| type | status | meaning |", "|---|---|---|", *rows])
