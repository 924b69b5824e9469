"""Addresses that speak of the fleet itself."""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse

from api.description import examples
from api.description.parts import problems, says
from api.problems import Kind
from api.schemas import answers

LANGUAGES: dict[str, Any] = {
    "summary": "Languages a job may name",
    "response_model": answers.Languages,
    "responses": {
        200: says("As of about a second ago", {"languages": [examples.LANGUAGE], "ceiling": examples.LIMITS}),
        **problems(),
    },
}
HEALTHZ: dict[str, Any] = {
    "summary": "Is the process alive",
    "response_model": answers.Alive,
    "responses": {200: says("It is", {"status": "ok"}), **problems()},
}
READYZ: dict[str, Any] = {
    "summary": "Can jobs be run",
    "response_model": answers.Ready,
    "responses": {
        200: says(
            "Redis answers and a worker serves a language",
            {"status": "ok", "workers": 2, "languages": ["NAME"]},
        ),
        **problems(Kind.NOT_READY),
    },
}
METRICS: dict[str, Any] = {
    "summary": "Series for Prometheus",
    "response_class": PlainTextResponse,
    "responses": {200: {"description": "Text format of Prometheus"}, **problems()},
}
