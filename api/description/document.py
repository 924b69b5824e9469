"""The whole document, and what of it is made elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.description.parts import REF
from api.options import Terms
from api.problems import Kind
from api.schemas import answers, judge0, piston, requests
from fleet.limits import Bounds

# Shapes that descriptions name, and no handler does.
_NAMED = (
    requests.SubmitRequest,
    requests.BatchRequest,
    requests.DefinitionRequest,
    answers.ProblemDetails,
    piston.PistonRequest,
    judge0.Judge0Submission,
    judge0.Judge0Batch,
)


def openapi(app: FastAPI, bounds: Bounds, terms: Terms) -> dict[str, Any]:
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
        [(shape, "validation") for shape in _NAMED],
        ref_template=REF,
    )
    shapes.update(described["$defs"])
    for name, most in bounds.ceiling.to_json().items():
        shapes["LimitsRequest"]["properties"][name]["anyOf"][0]["maximum"] = most
    _say_bounds(shapes, bounds)
    _say_terms(shapes, terms)
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


def _say_terms(shapes: dict[str, Any], terms: Terms) -> None:
    submit = shapes["SubmitRequest"]["properties"]
    submit["delaySeconds"]["anyOf"][0]["maximum"] = terms.delay_s_max
    submit["runAt"]["description"] += f"; within the next {terms.delay_s_max} seconds"
    submit["ttlSeconds"]["anyOf"][0] |= {"minimum": terms.ttl_s_min, "maximum": terms.ttl_s_max}


def problem_table() -> str:
    """Every problem type as a Markdown table."""
    rows = [f"| `{kind.type}` | {kind.status} | {kind.title} |" for kind in Kind]
    return "\n".join(["| type | status | meaning |", "|---|---|---|", *rows])
