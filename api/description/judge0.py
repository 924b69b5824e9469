"""Judge0 CE's API, described as far as it is served."""

from __future__ import annotations

from typing import Any

from api.description.foreign import OF_A_BODY, errors
from api.description.parts import body, says
from api.schemas import judge0 as shapes

_NAME_OF_ONE = "8531f293-1585-4d36-a34c-73726792e6c9"
_SUBMISSION = {
    "stdout": "hello, world\n",
    "time": "0.011",
    "memory": 9216,
    "stderr": None,
    "token": _NAME_OF_ONE,
    "compile_output": None,
    "message": None,
    "status": {"id": 3, "description": "Accepted"},
}
_REQUEST = {
    "source_code": "print('hello, ' + input())",
    "language_id": 7,
    "stdin": "world",
    "expected_output": "hello, world",
}
_LANGUAGE = {"id": 7, "name": "NAME (1.2.3)"}
_ERROR = {"error": "no job or problem of this id is known; results are kept for a limited time"}
_BY_FIELD = {"language_id": ["language with id 150000 doesn't exist"]}


def _query(name: str, words: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": words, "schema": schema or {"type": "string"}}


_FLAG = {"type": "string", "enum": ["true", "false"]}
_ENCODED = _query("base64_encoded", "texts are in Base64, both ways", **_FLAG)
_FIELDS = _query("fields", "names of fields with commas between them; `*` for all")
_PATH = {
    "name": "token",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "example": _NAME_OF_ONE,
}
_UNPROCESSABLE: dict[int | str, dict[str, Any]] = {
    422: {
        "description": "Fields are not acceptable: the faults of each",
        "model": dict[str, list[str]],
        "content": {"application/json": {"example": _BY_FIELD}},
    }
}


def _address(
    name: str,
    summary: str,
    shape: Any,
    example: Any,
    *statuses: int,
    parameters: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    return {
        "name": name,
        "summary": f"Judge0: {summary}",
        "response_model": shape,
        "responses": {200: says("As described", example), **errors(shapes.Judge0Error, _ERROR, *statuses)},
        "openapi_extra": {"parameters": list(parameters)},
    }


def _accepting(name: str, summary: str, shape: Any, sent: Any, answer: Any, *queries: Any) -> dict[str, Any]:
    return {
        "name": name,
        "summary": f"Judge0: {summary}",
        "status_code": 201,
        "response_model": shape,
        "responses": {
            201: says("It is safe in the queue, or has been run", answer),
            **_UNPROCESSABLE,
            **errors(shapes.Judge0Error, _ERROR, *OF_A_BODY),
        },
        "openapi_extra": {"parameters": list(queries), "requestBody": sent},
    }


SUBMIT = _accepting(
    "judge0Submit",
    "run a program",
    shapes.Judge0Accepted,
    body(shapes.Judge0Submission, program=_REQUEST),
    {"token": _NAME_OF_ONE},
    _ENCODED,
    _query("wait", "answer with what came of it, if that is in time", **_FLAG),
    _FIELDS,
)
SUBMIT_BATCH = _accepting(
    "judge0SubmitBatch",
    "run a few programs",
    list[shapes.Judge0Token | dict[str, list[str]]],
    body(shapes.Judge0Batch, programs={"submissions": [_REQUEST]}),
    [{"token": _NAME_OF_ONE}, _BY_FIELD],
    _ENCODED,
)
SUBMIT_BATCH["responses"][422] = {
    "description": "None of the submissions is acceptable, or the batch is not: the faults of each",
    "model": list[dict[str, list[str]]] | dict[str, list[str]],
    "content": {"application/json": {"example": [_BY_FIELD]}},
}
BATCH = _address(
    "judge0Batch",
    "a few submissions",
    shapes.Judge0Batched,
    {"submissions": [_SUBMISSION, None]},
    400,
    parameters=(
        {
            **_query("tokens", "at most 20, with commas between them"),
            "required": True,
            "example": _NAME_OF_ONE,
        },
        _ENCODED,
        _FIELDS,
    ),
)
SUBMISSION = _address(
    "judge0Submission",
    "a submission as far as it has come",
    shapes.Judge0Attributes,
    _SUBMISSION,
    *(400, 404),
    parameters=(_PATH, _ENCODED, _FIELDS),
)
DELETE = _address(
    "judge0Delete",
    "forget a submission that is done; texts of the answer are in Base64",
    shapes.Judge0Attributes,
    _SUBMISSION,
    *(400, 404),
    parameters=(_PATH, _FIELDS),
)
LANGUAGES = _address(
    "judge0Languages", "ids that mean a language", list[shapes.Judge0LanguageName], [_LANGUAGE]
)
ALL_LANGUAGES = {
    **LANGUAGES,
    "name": "judge0AllLanguages",
    "summary": "Judge0: the same, for none is archived",
}
LANGUAGE = _address(
    "judge0Language",
    "what an id means",
    shapes.Judge0Language,
    {**_LANGUAGE, "is_archived": False, "source_file": "main", "compile_cmd": None, "run_cmd": "NAME main"},
    404,
    parameters=(
        {"name": "languageId", "in": "path", "required": True, "schema": {"type": "integer"}, "example": 7},
    ),
)
STATUSES = _address(
    "judge0Statuses",
    "all statuses",
    list[shapes.Judge0Status],
    [{"id": 1, "description": "In Queue"}],
)
ABOUT = _address(
    "judge0About",
    "whose words are spoken here",
    shapes.Judge0About,
    {"version": "1.13.1", "homepage": "/docs", "source_code": "/openapi.json", "maintainer": "Sandfleet"},
)
CONFIG = _address(
    "judge0Config",
    "what a submission may ask for",
    dict[str, bool | int | float | list[str]],
    {"max_submission_batch_size": 20},
)
WORKERS = _address(
    "judge0Workers",
    "what waits, and what may run at once",
    list[shapes.Judge0Workers],
    [
        {
            "queue": "default",
            "size": 0,
            "available": 4,
            "idle": 4,
            "working": 0,
            "paused": 0,
            "failed": 0,
        }
    ],
)
