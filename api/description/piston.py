"""Piston's v2 API, described as far as it is served."""

from __future__ import annotations

from typing import Any

from api.description.foreign import OF_A_BODY, errors
from api.description.parts import body, says
from api.schemas import piston as shapes

_STAGE = {
    "stdout": "Hello, World!\n",
    "stderr": "",
    "output": "Hello, World!\n",
    "code": 0,
    "signal": None,
    "message": None,
    "status": None,
    "cpu_time": 11,
    "wall_time": 15,
    "memory": 9_437_184,
}
_REQUEST = {
    "language": "NAME",
    "version": "*",
    "files": [{"name": "main", "content": "print('Hello, World!')"}],
    "stdin": "",
    "args": ["1", "2"],
    "run_timeout": 3000,
    "run_memory_limit": -1,
}


_ERROR = {"message": "NAME-1.2 runtime is unknown"}
RUNTIMES: dict[str, Any] = {
    "name": "pistonRuntimes",
    "summary": "Piston: the languages that live workers serve",
    "response_model": list[shapes.PistonRuntime],
    "responses": {
        200: says(
            "As of about a second ago", [{"language": "NAME", "version": "1.2.3", "aliases": ["ALIAS"]}]
        ),
        **errors(shapes.PistonError, _ERROR),
    },
}
EXECUTE: dict[str, Any] = {
    "name": "pistonExecute",
    "summary": "Piston: run a program and wait for what comes of it",
    "response_model": shapes.PistonAnswer,
    "responses": {
        200: says("The program came to an end", {"language": "NAME", "version": "1.2.3", "run": _STAGE}),
        **errors(shapes.PistonError, _ERROR, *OF_A_BODY),
    },
    "openapi_extra": {"requestBody": body(shapes.PistonRequest, program=_REQUEST)},
}
