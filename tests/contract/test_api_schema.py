"""The running API held to its own OpenAPI description, by requests made from that description."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.__main__ import serve
from api.settings import ApiSettings
from tests.contract.conftest import RedisServer

# What fails is told as it is: to make it smaller would take minutes of a real API.
ASKING = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
LANGUAGE_FILE = """
judge0 = [7]
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


def known_ids(address: str) -> dict[str, list[str]]:
    """Ids that name something, by the parameter they are for: jobs that wait, are done, or have a time of
    their own; batches; problems."""
    job = {"problemId": "two-sum", "code": "1", "language": "tongue", "store": "source"}
    jobs = [submitted(address, "/submit", {**job, "delaySeconds": later})["jobId"] for later in (0, 600, 0)]
    batches = [submitted(address, "/submit/batch", {"jobs": [job] * 3})["batchId"] for _ in range(2)]
    for path in (f"/jobs/{jobs[2]}", f"/batches/{batches[1]}"):
        assert httpx2.delete(address + path, timeout=30).status_code == 200
    stored = httpx2.put(f"{address}/problems/two-sum", json={"tests": [{"expected": "1"}]}, timeout=30)
    assert stored.is_success, stored.text
    return {
        "jobId": jobs,
        "id": [*jobs, "two-sum"],
        "batchId": batches,
        "problemId": ["two-sum"],
        "token": [str(UUID(job)) for job in jobs],
        "languageId": ["7"],
    }


def submitted(address: str, path: str, body: Any) -> Any:
    answer = httpx2.post(address + path, json=body, timeout=30)
    assert answer.status_code == 202, answer.text
    return answer.json()


def answered_about_known_ids(operation: APIOperation[Any, Any, Any, Any], address: str) -> set[int]:
    """Ask an address about what is there; with which statuses it was answered, each as described."""
    statuses: set[int] = set()
    ids = known_ids(address)

    @ASKING
    @given(operation.as_strategy(), st.data())
    def ask(case: schemathesis.Case[Any], data: st.DataObject) -> None:
        for name in case.path_parameters:
            case.path_parameters[name] = data.draw(st.sampled_from(ids[name]))
        answer = case.call()
        statuses.add(answer.status_code)
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    ask()
    return statuses


def test_every_answer_about_what_is_there_is_as_described(schema: OpenApiSchema) -> None:
    address = str(schema.location).removesuffix("/openapi.json")
    met: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        # A stream of events ends with its job, and these have no worker.
        # Deliveries there are none of: tests/unit/test_api_webhooks.py asks about those.
        events = operation.path.endswith("/events")
        if operation.path_parameters and not events and "deliveryId" not in operation.path:
            name = f"{operation.method.upper()} {operation.path}"
            met[name] = answered_about_known_ids(operation, address)
    assert met.pop("PUT /problems/{problemId}") <= {200, 413, 422}
    assert met.pop("DELETE /result/{id}") <= {204, 404, 409}
    assert met.pop("GET /result/{id}") == {200, 202}
    assert met.pop("DELETE /problems/{problemId}") <= {204, 404}
    assert {200} <= met.pop("GET /judge0/submissions/{token}") <= {200, 400}
    assert met.pop("DELETE /judge0/submissions/{token}") <= {200, 400, 404}
    assert set().union(*met.values()) <= {200, 422}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_described(schema: OpenApiSchema, mode: GenerationMode) -> None:
    asked: set[str] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.path_parameters or operation.body):
            continue  # nothing in it can be wrong

        @ASKING
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
    assert {"/submit/batch", "/batches/{batchId}", "/batches/{batchId}/results"} <= asked
