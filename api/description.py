"""The API described for OpenAPI: shapes, examples and every error of each address."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import PlainTextResponse

from api import schemas
from api.problems import MEDIA_TYPE, Kind, Problem
from fleet.limits import Bounds

_REF = "#/components/schemas/{model}"
_JOB_ID = "0b1f3c5a7e9d2b4c6f8091a2b3c4d5e6"
_SUMMARY = {
    "jobId": _JOB_ID,
    "problemId": "two-sum",
    "state": "queued",
    "links": {
        "self": f"/jobs/{_JOB_ID}",
        "result": f"/result/{_JOB_ID}",
        "problem": "/problems/two-sum/results",
    },
}
_RESULT: dict[str, Any] = {
    "jobId": _JOB_ID,
    "problemId": "two-sum",
    "language": "NAME",
    "verdict": "ok",
    "evidence": {"limit": None, "allowed": None, "used": None, "how": "the program exited with 0"},
    "exitCode": 0,
    "signal": None,
    "stdout": "Hello, World!\n",
    "stderr": "",
    "stdoutTruncated": False,
    "stderrTruncated": False,
    "encoding": "utf-8",
    "cpuMs": 11.2,
    "wallMs": 14.8,
    "memoryBytes": 9_437_184,
    "attempt": 1,
    "worker": "host-1a2b3c",
    "runtime": "docker/runc",
    "image": "sha256:0f3a",
    "languageVersion": "NAME 1.2.3",
    "queuedAt": "2026-01-02T03:04:05.678Z",
    "startedAt": "2026-01-02T03:04:05.681Z",
    "finishedAt": "2026-01-02T03:04:05.697Z",
    "queueMs": 3.0,
}
_RECORD = {
    **_SUMMARY,
    "state": "done",
    "language": "NAME",
    "attempt": 1,
    "worker": "host-1a2b3c",
    "queuedAt": _RESULT["queuedAt"],
    "startedAt": _RESULT["startedAt"],
    "finishedAt": _RESULT["finishedAt"],
    "result": _RESULT,
}
_LIMITS = {
    "cpuSeconds": 5.0,
    "wallSeconds": 10.0,
    "memoryBytes": 134_217_728,
    "processes": 64,
    "stdoutBytes": 262_144,
    "stderrBytes": 262_144,
}
_LANGUAGE = {
    "name": "NAME",
    "aliases": ["ALIAS"],
    "available": True,
    "workers": 2,
    "version": "NAME 1.2.3",
    "image": "sha256:0f3a",
    "limits": _LIMITS,
}
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
    examples = {
        kind.slug: {"value": Problem(kind, "what to do about it, in words").to_json()} for kind in kinds
    }
    headers = ("Retry-After",) if kinds[0].status == 503 else ()
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "headers": {name: _HEADERS[name] for name in headers},
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDetails")}, "examples": examples}
        },
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
            _RESULT,
            "Preference-Applied",
            model=schemas.Result,
        ),
        202: {
            **_says("The job is safe in the queue", _SUMMARY, "Location", "Preference-Applied"),
            "links": _LINKS,
        },
        **_problems(
            Kind.SLOW_BODY,
            Kind.TOO_LARGE,
            Kind.MEDIA_TYPE,
            Kind.MALFORMED_JSON,
            Kind.INVALID_JOB,
            Kind.UNKNOWN_LANGUAGE,
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
                    "example": {
                        "problemId": "two-sum",
                        "code": "print('Hello, World!')",
                        "language": "NAME",
                        "limits": {"wallSeconds": 5},
                    },
                }
            },
        },
    },
}
RESULT: dict[str, Any] = {
    "summary": "The result of a job, or of a problem's newest job",
    "response_model": schemas.Result,
    "responses": {
        200: _says("The job is done", _RESULT, "Preference-Applied"),
        202: _says(
            "The job is queued or running",
            {**_SUMMARY, "state": "running"},
            "Retry-After",
            "Preference-Applied",
            model=schemas.JobSummary,
        ),
        **_problems(Kind.UNKNOWN_JOB, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [
            _path("id", "a jobId or a problemId; percent-encode what is special", _JOB_ID, _ID_SCHEMA),
            _PREFER,
        ]
    },
}
RESULTS: dict[str, Any] = {
    "summary": "All jobs of a problem that are kept, newest first",
    "response_model": schemas.ProblemJobs,
    "responses": {
        200: _says("At least one job", {"problemId": "two-sum", "jobs": [_RECORD]}),
        **_problems(Kind.UNKNOWN_JOB, Kind.INVALID_PARAMETER, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [_path("problemId", "percent-encode what is special", "two-sum", _ID_SCHEMA)]
    },
}
JOB: dict[str, Any] = {
    "summary": "The whole record of a job",
    "response_model": schemas.Job,
    "responses": {
        200: _says("What is known of the job, but its code", _RECORD),
        **_problems(Kind.UNKNOWN_JOB, *_QUEUE_AWAY),
    },
    "openapi_extra": {
        "parameters": [_path("jobId", "as the submit gave it", _JOB_ID, {"pattern": "^[0-9a-f]{32}$"})]
    },
}
LANGUAGES: dict[str, Any] = {
    "summary": "Languages a job may name",
    "response_model": schemas.Languages,
    "responses": {
        200: _says("As of about a second ago", {"languages": [_LANGUAGE], "ceiling": _LIMITS}),
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
        [(schemas.SubmitRequest, "validation"), (schemas.ProblemDetails, "validation")],
        ref_template=_REF,
    )
    shapes.update(described["$defs"])
    for name, most in bounds.ceiling.to_json().items():
        shapes["LimitsRequest"]["properties"][name]["anyOf"][0]["maximum"] = most
    fields = shapes["SubmitRequest"]["properties"]
    fields["code"]["description"] += f"; at most {bounds.code_bytes_max} bytes of UTF-8"
    fields["stdin"]["description"] += f"; at most {bounds.stdin_bytes_max} bytes of UTF-8"
    # FastAPI describes its own validation error, which never leaves this API.
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    return document


def problem_table() -> str:
    """Every problem type as a Markdown table."""
    rows = [f"| `{kind.type}` | {kind.status} | {kind.title} |" for kind in Kind]
    return "\n".join(["| type | status | meaning |", "|---|---|---|", *rows])
