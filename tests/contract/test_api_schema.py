"""The running API held to its own OpenAPI description, by requests made from that description."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.__main__ import serve
from api.settings import ApiSettings
from tests.contract.conftest import RedisServer

LANGUAGE_FILE = """
file = "main.tg"
run = ["tongue", "main.tg"]
version = ["tongue", "--version"]

[base]
upstream = "tongue:1"
debian = ["tongue"]
"""


@pytest.fixture
def schema(redis_server: RedisServer, tmp_path: Path) -> Iterator[OpenApiSchema]:
    """The description as the API serves it, from a thread of its own: the requests are blocking."""
    (tmp_path / "tongue").mkdir()
    (tmp_path / "tongue" / "language.toml").write_text(LANGUAGE_FILE)
    values = ApiSettings(redis_url=redis_server.url, languages_dir=tmp_path, wait_s_max=0)
    with socket.create_server(("127.0.0.1", 0)) as listening, asyncio.Runner() as runner:
        stop = asyncio.Event()
        thread = threading.Thread(target=runner.run, args=(serve(values, stop, [listening]),))
        thread.start()
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{listening.getsockname()[1]}/openapi.json")
        runner.get_loop().call_soon_threadsafe(stop.set)
        thread.join(20)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_described(schema: OpenApiSchema, mode: GenerationMode) -> None:
    asked: set[str] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.path_parameters or operation.body):
            continue  # nothing in it can be wrong

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case[Any]) -> None:
            answer = case.call()
            asked.add(case.operation.path)
            assert answer.status_code != 500
            # 503 is the right answer of a fleet without workers, and which languages there are is
            # not in the description, so a name that fits it may still be refused.
            case.validate_response(answer, excluded_checks=[not_a_server_error, positive_data_acceptance])

        ask()
    assert {"/submit", "/result/{id}", "/jobs/{jobId}", "/jobs/{jobId}/events"} <= asked
    assert "/problems/{problemId}" in asked
