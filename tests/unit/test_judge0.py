"""Judge0 CE's API as its clients know it: recorded requests, and what must come of them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.compat import judge0_answer
from api.compat.judge0_catalog import Catalog, Status
from api.directory import Directory
from api.schemas.judge0 import Judge0Attributes
from api.testing import TONGUE, ApiOfTest, api_of_test
from fleet.api_keys import Scope
from fleet.job import Evidence, JobState, Verdict
from fleet.limits import Bounds
from fleet.queue import Record, WorkerInfo
from fleet.testing import FakeQueue, a_result, an_order
from tests.unit.test_piston import COMPILE, ODDER, VALUES

SUBMISSIONS = "/judge0/submissions"
# The request of Judge0's own documentation, but for the language and its program.
DOCUMENTED: Mapping[str, Any] = {
    "source_code": 'print("hello, " + input())',
    "language_id": 7,
    "number_of_runs": "1",
    "stdin": "Judge0",
    "expected_output": "hello, Judge0",
    "cpu_time_limit": "2",
    "cpu_extra_time": "0.5",
    "wall_time_limit": "5",
    "memory_limit": "128000",
    "stack_limit": "64000",
    "max_processes_and_or_threads": "60",
    "enable_per_process_and_thread_time_limit": False,
    "enable_per_process_and_thread_memory_limit": False,
    "max_file_size": "1024",
}
BODY: Mapping[str, Any] = {"source_code": "1", "language_id": 7}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        serve(made)
        yield made


def serve(api: ApiOfTest) -> None:
    tongue = {"name": "tongue", "aliases": ["tg"], "version": "Tongue 1.2.3"}
    api.directory.update([WorkerInfo("w1", 1, "fake", [tongue])])


async def submitted(api: ApiOfTest, body: Any, **query: str) -> str:
    answer = await api.client.post(SUBMISSIONS, json=body, params=query)
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


async def refused(api: ApiOfTest, body: Any, status: int = 422, **query: str) -> Any:
    answer = await api.client.post(SUBMISSIONS, json=body, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


async def run_next(api: ApiOfTest, **result: Any) -> dict[str, Any]:
    """Do what a worker does with the next job; the job as it saw it."""
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    facts = {"cpu_ms": 11.4, "wall_ms": 15.0, "memory_bytes": 376 * 1024, **result}
    await api.queue.finish(claim, a_result(job_id=claim.job_id, problem_id="judge0", **facts).to_json())
    api.announcements.say(api.queue.events[-1])
    spec: dict[str, Any] = json.loads(claim.spec)
    return spec


async def asked(api: ApiOfTest, token: str, **query: str) -> dict[str, Any]:
    answer = await api.client.get(f"{SUBMISSIONS}/{token}", params=query)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    Judge0Attributes.model_validate(said, strict=True)
    return said


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


async def test_the_documented_submission_from_token_to_accepted(api: ApiOfTest) -> None:
    token = await submitted(api, DOCUMENTED)
    assert UUID(token).version == 4
    assert (await asked(api, token))["status"] == {"id": 1, "description": "In Queue"}
    spec = await run_next(api, verdict=Verdict.ACCEPTED, stdout=b"hello, Judge0\n")
    assert spec.pop("judge0") == {
        "language_id": 7,
        "command_line_arguments": None,
        "number_of_runs": 1,
        "cpu_time_limit": 2.0,
        "cpu_extra_time": 0.5,
        "wall_time_limit": 5.0,
        "memory_limit": 128_000.0,
        "stack_limit": 64_000,
        "max_processes_and_or_threads": 60,
        "max_file_size": 1024,
    }
    assert spec == {
        "v": 1,
        "problemId": "judge0",
        "code": 'print("hello, " + input())',
        "language": "tongue",
        "limits": {"cpuSeconds": 2.0, "wallSeconds": 5.0, "memoryBytes": 131_072_000, "processes": 60},
        "tests": [{"stdin": "Judge0", "expected": "hello, Judge0"}],
    }
    assert await asked(api, token) == {
        "stdout": "hello, Judge0\n",
        "time": "0.011",
        "memory": 376,
        "stderr": None,
        "token": token,
        "compile_output": None,
        "message": None,
        "status": {"id": 3, "description": "Accepted"},
    }


async def test_all_fields_tell_what_was_submitted_as_well(api: ApiOfTest) -> None:
    token = await submitted(api, {**DOCUMENTED, "command_line_arguments": "a 'b c'"})
    await run_next(api, verdict=Verdict.ACCEPTED)
    said = await asked(api, token, fields="*")
    assert set(said) == set(judge0_answer.ALL)
    known = {
        **DOCUMENTED,
        "number_of_runs": 1,
        "cpu_time_limit": "2.0",
        "wall_time_limit": "5.0",
        "memory_limit": 128_000.0,
        "command_line_arguments": "a 'b c'",
        "language": {"id": 7, "name": "Tongue (1.2.3)"},
        "status_id": 3,
        "exit_code": 0,
        "exit_signal": None,
        "wall_time": "0.015",
        "callback_url": None,
        "additional_files": None,
    }
    for name in ("cpu_extra_time", "stack_limit", "max_processes_and_or_threads", "max_file_size"):
        known.pop(name)
    assert {name: said[name] for name in known} == known
    assert said["created_at"].endswith("Z")
    assert said["finished_at"] >= said["created_at"]
    some = await asked(api, token, fields="stdout,language_id,status_id", base64_encoded="true")
    assert some == {"stdout": encoded("1\n"), "language_id": 7, "status_id": 3}


async def test_what_is_waited_for_is_in_the_answer(api: ApiOfTest) -> None:
    body = {name: encoded(value) for name, value in DOCUMENTED.items() if name in ("source_code", "stdin")}
    asking = asyncio.create_task(
        api.client.post(
            f"{SUBMISSIONS}/",
            json={**body, "language_id": 8},
            params={"wait": "true", "base64_encoded": "true", "fields": "stdout,status,message"},
        )
    )
    await api.until_waiting()
    spec = await run_next(api, verdict=Verdict.RUNTIME_ERROR, exit_code=2, stdout=b"\xff")
    assert (spec["code"], spec["tests"]) == (DOCUMENTED["source_code"], [{"stdin": "Judge0"}])
    answer = await asking
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "stdout": encoded(b"\xff"),
            "status": {"id": 11, "description": "Runtime Error (NZEC)"},
            "message": encoded("Exited with error code 2"),
        },
    )


async def test_bytes_that_are_no_text_need_base64(api: ApiOfTest) -> None:
    asking = asyncio.create_task(api.client.post(SUBMISSIONS, json=BODY, params={"wait": "true"}))
    await api.until_waiting()
    await run_next(api, stdout=b"\xfe")
    answer = (await asking).json()
    words = (
        "some attributes for this submission cannot be converted to UTF-8, "
        "use base64_encoded=true query parameter"
    )
    assert answer == {"token": answer["token"], "error": words}
    refusal = await api.client.get(f"{SUBMISSIONS}/{answer['token']}")
    assert (refusal.status_code, refusal.json()) == (400, {"error": words})
    assert (await asked(api, answer["token"], base64_encoded="true"))["stdout"] == encoded(b"\xfe")
    assert (await asked(api, answer["token"], fields="status_id")) == {"status_id": 3}
    batch = await api.client.get(f"{SUBMISSIONS}/batch", params={"tokens": answer["token"]})
    assert batch.status_code == 400


async def test_who_may_not_wait_or_not_so_long_asks_by_the_token() -> None:
    for setting in ("wait_s_max", "waiters_max"):
        async with api_of_test(None, **{setting: 0}) as api:
            serve(api)
            answer = await api.client.post(SUBMISSIONS, json=BODY, params={"wait": "true"})
            assert (answer.status_code, answer.json()["status"]["id"]) == (201, 1)
            await run_next(api)
            assert (await asked(api, answer.json()["token"]))["status"]["id"] == 3


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"source_code": None}, {"source_code": ["can't be blank"]}),
        ({"source_code": 7}, {"source_code": ["must be a string"]}),
        ({"language_id": None}, {"language_id": ["can't be blank"]}),
        ({"language_id": 150000}, {"language_id": ["language with id 150000 doesn't exist"]}),
        ({"language_id": "²"}, {"language_id": ["language with id ² doesn't exist"]}),
        ({"language_id": True}, {"language_id": ["language with id True doesn't exist"]}),
        ({"language_id": [7]}, {"language_id": ["language with id [7] doesn't exist"]}),
        ({"wall_time_limit": 100000}, {"wall_time_limit": ["must be less than or equal to 30"]}),
        ({"cpu_time_limit": -1}, {"cpu_time_limit": ["must be greater than or equal to 0.05"]}),
        ({"cpu_time_limit": "soon"}, {"cpu_time_limit": ["is not a number"]}),
        ({"memory_limit": True}, {"memory_limit": ["is not a number"]}),
        ({"memory_limit": 2048}, {"memory_limit": ["must be greater than or equal to 16384"]}),
        ({"stack_limit": 1.5}, {"stack_limit": ["must be an integer"]}),
        ({"number_of_runs": 2}, {"number_of_runs": ["must be less than or equal to 1"]}),
        ({"enable_network": True}, {"enable_network": ["this option cannot be enabled"]}),
        (
            {"redirect_stderr_to_stdout": "true"},
            {"redirect_stderr_to_stdout": ["this option cannot be enabled"]},
        ),
        ({"compiler_options": "-O3"}, {"compiler_options": ["setting compiler options is not allowed"]}),
        ({"callback_url": "http://x"}, {"callback_url": ["callbacks are not allowed"]}),
        (
            {"command_line_arguments": "x" * 513},
            {"command_line_arguments": ["is too long (maximum is 512 characters)"]},
        ),
        ({"command_line_arguments": "'"}, {"command_line_arguments": ["has a quotation that does not end"]}),
        ({"additional_files": "!"}, {"additional_files": ["is not a zip that can be read"]}),
        ({"additional_files": "é"}, {"additional_files": ["is not Base64"]}),
        (
            {"source_code": "x" * 65_537},
            {"source_code": ["has 65537 bytes; at most 65536 are allowed"]},
        ),
        (
            {"stdin": "x" * 1_048_577},
            {"stdin": ["has 1048577 bytes; at most 1048576 are allowed"]},
        ),
        (
            {"command_line_arguments": "x " * 65},
            {"command_line_arguments": ["has 65 entries; at most 64 are allowed"]},
        ),
        (
            {"language_id": 9, "cpu_time_limit": "x", "enable_network": 1},
            {
                "language_id": ["language with id 9 doesn't exist"],
                "cpu_time_limit": ["is not a number"],
                "enable_network": ["this option cannot be enabled"],
            },
        ),
    ],
)
async def test_every_fault_is_told_by_its_field(
    api: ApiOfTest, changes: Mapping[str, Any], errors: Mapping[str, list[str]]
) -> None:
    assert await refused(api, {**BODY, **changes}) == errors
    assert (await api.queue.depth()).ready == {} or not any((await api.queue.depth()).ready.values())


async def test_base64_is_read_where_it_is_said_to_be(api: ApiOfTest) -> None:
    body = {"source_code": encoded("é"), "language_id": "7", "stdin": encoded(b"\xff")}
    assert await refused(api, body, base64_encoded="true") == {"stdin": ["is not text in UTF-8"]}
    body["stdin"] = "é"
    assert await refused(api, body, base64_encoded="true") == {"stdin": ["is not Base64"]}
    body["stdin"] = encoded("in\n") + "\n"  # as Ruby writes it
    await submitted(api, body, base64_encoded="true")
    spec = await run_next(api)
    assert (spec["code"], spec["tests"]) == ("é", [{"stdin": "in\n"}])


async def test_arguments_are_words_as_a_shell_reads_them_without_what_it_would_do(api: ApiOfTest) -> None:
    await submitted(api, {**BODY, "command_line_arguments": """ a 'b c' "d" $(x) `y` > z """})
    assert (await run_next(api))["args"] == ["a", "b c", "d", "(x)", "y", "z"]


@pytest.mark.parametrize(
    ("result", "status", "message"),
    [
        ({"verdict": Verdict.OK}, Status.ACCEPTED, None),
        ({"verdict": Verdict.ACCEPTED}, Status.ACCEPTED, None),
        ({"verdict": Verdict.WRONG_ANSWER}, Status.WRONG_ANSWER, None),
        (
            {"verdict": Verdict.TIME_LIMIT, "evidence": Evidence("cpu")},
            Status.TIME_LIMIT,
            "Time limit exceeded",
        ),
        (
            {"verdict": Verdict.TIME_LIMIT, "evidence": Evidence("wall")},
            Status.TIME_LIMIT,
            "Time limit exceeded (wall clock)",
        ),
        ({"signal": "SIGSEGV"}, Status.SIGSEGV, "Caught fatal signal 11"),
        ({"signal": "SIGXFSZ"}, Status.SIGXFSZ, "Caught fatal signal 25"),
        ({"signal": "SIGFPE"}, Status.SIGFPE, "Caught fatal signal 8"),
        ({"signal": "SIGABRT"}, Status.SIGABRT, "Caught fatal signal 6"),
        ({"signal": "SIGTERM"}, Status.OTHER, "Caught fatal signal 15"),
        ({"exit_code": 3}, Status.NZEC, "Exited with error code 3"),
        ({"evidence": Evidence(how="errno 8")}, Status.EXEC_FORMAT, "runtime_error: errno 8"),
        (
            {"verdict": Verdict.MEMORY_LIMIT, "evidence": Evidence("memory", how="OOM")},
            Status.OTHER,
            "memory_limit: OOM",
        ),
        (
            {"verdict": Verdict.OUTPUT_LIMIT, "evidence": Evidence("stdout", how="cap")},
            Status.SIGXFSZ,
            "output_limit: cap",
        ),
        (
            {"verdict": Verdict.SYSTEM_ERROR, "cpu_ms": None, "evidence": Evidence("system", how="why")},
            Status.INTERNAL,
            "system_error: why",
        ),
        (
            {"verdict": Verdict.CANCELLED, "cpu_ms": None, "evidence": Evidence(how="on request")},
            Status.INTERNAL,
            "cancelled: on request",
        ),
    ],
)
async def test_every_verdict_has_its_status(
    api: ApiOfTest, result: dict[str, Any], status: Status, message: str | None
) -> None:
    token = await submitted(api, BODY)
    await run_next(api, **{"verdict": Verdict.RUNTIME_ERROR, "exit_code": None, **result})
    said = await asked(api, token)
    assert (said["status"], said["message"]) == (status.to_json(), message)


@pytest.mark.parametrize(
    ("verdict", "limit", "output"),
    [
        (Verdict.COMPILE_ERROR, None, "no such thing\n"),
        (Verdict.TIME_LIMIT, "wall", "Compilation time limit exceeded."),
        (Verdict.MEMORY_LIMIT, "memory", "no such thing\n"),
    ],
)
async def test_a_compile_that_fails_is_a_compilation_error(
    api: ApiOfTest, verdict: Verdict, limit: str | None, output: str
) -> None:
    token = await submitted(api, BODY)
    facts = {"cpu_ms": None, "wall_ms": None, "memory_bytes": None, "exit_code": None, "stdout": b""}
    await run_next(api, verdict=verdict, compile=COMPILE, evidence=Evidence(limit), **facts)
    said = await asked(api, token, fields="status,compile_output,stdout,time,memory,exit_code,message")
    assert said.pop("status") == {"id": 6, "description": "Compilation Error"}
    assert said.pop("compile_output") == output
    assert set(said.values()) == {None}


async def test_a_batch_takes_what_is_sound(api: ApiOfTest) -> None:
    bodies = [BODY, {"language_id": 7}, "odd", {**BODY, "source_code": "2"}]
    answer = await api.client.post(f"{SUBMISSIONS}/batch", json={"submissions": bodies})
    assert answer.status_code == 201
    first, blank, odd, last = answer.json()
    assert blank == {"source_code": ["can't be blank"]}
    assert odd == {"source_code": ["can't be blank"], "language_id": ["can't be blank"]}
    await run_next(api)
    tokens = ",".join([first["token"], "00000000-0000-4000-8000-000000000000", "odd", last["token"]])
    answer = await api.client.get(
        f"{SUBMISSIONS}/batch", params={"tokens": tokens, "fields": "token,status_id"}
    )
    assert answer.json() == {
        "submissions": [
            {"token": first["token"], "status_id": 3},
            None,
            None,
            {"token": last["token"], "status_id": 1},
        ]
    }
    answer = await api.client.post(f"{SUBMISSIONS}/batch", json={"submissions": bodies[1:3]})
    assert (answer.status_code, answer.json()) == (422, [blank, odd])


@pytest.mark.parametrize(
    ("method", "body", "query", "error"),
    [
        ("POST", {}, {}, "there should be at least one submission in a batch"),
        ("POST", {"submissions": []}, {}, "there should be at least one submission in a batch"),
        (
            "POST",
            {"submissions": [BODY] * 21},
            {},
            "number of submissions in a batch should be less than or equal to 20",
        ),
        ("GET", None, {}, "there should be at least one submission in a batch"),
        (
            "GET",
            None,
            {"tokens": "x," * 21},
            "number of submissions in a batch should be less than or equal to 20",
        ),
        ("GET", None, {"tokens": "x", "fields": "a,token,b"}, "invalid fields: [a, b]"),
    ],
)
async def test_a_batch_that_is_none_is_refused(
    api: ApiOfTest, method: str, body: Any, query: Mapping[str, str], error: str
) -> None:
    answer = await api.client.request(method, f"{SUBMISSIONS}/batch", json=body, params=query)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


async def test_a_submission_that_is_done_can_be_deleted(api: ApiOfTest) -> None:
    token = await submitted(api, BODY)
    address = f"{SUBMISSIONS}/{token}"
    answer = await api.client.delete(address)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "submission cannot be deleted because its status is 1 (In Queue)"},
    )
    await run_next(api)
    answer = await api.client.delete(address, params={"fields": "stdout,source_code"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"stdout": encoded("1\n"), "source_code": encoded("1")},
    )
    for method in ("GET", "DELETE"):
        answer = await api.client.request(method, address)
        assert (answer.status_code, list(answer.json())) == (404, ["error"])


async def test_what_belongs_to_another_is_unknown(api: ApiOfTest) -> None:
    order = an_order(owner="somebody", keep_source=True)
    await api.queue.enqueue(order)
    token = judge0_answer.token_of(order.job_id)
    for method in ("GET", "DELETE"):
        assert (await api.client.request(method, f"{SUBMISSIONS}/{token}")).status_code == 404
    answer = await api.client.get(f"{SUBMISSIONS}/batch", params={"tokens": token})
    assert answer.json() == {"submissions": [None]}


async def test_each_key_sees_its_own() -> None:
    async with api_of_test(keys="required") as api:
        serve(api)
        mine, other, admin = (api.keys.make(*scopes) for scopes in ((), (), tuple(Scope)))
        send = [{"X-Auth-Token": token.text} for token in (mine, other, admin)]
        answer = await api.client.post(SUBMISSIONS, json=BODY, headers=send[0])
        address = f"{SUBMISSIONS}/{answer.json()['token']}"
        asked = [await api.client.get(address, headers=headers) for headers in send]
        assert [answer.status_code for answer in asked] == [200, 404, 200]
        assert (await api.client.get(f"{address}?X-Auth-Token={mine.text}")).status_code == 401


async def test_a_job_of_ours_can_be_asked_for_by_its_id(api: ApiOfTest) -> None:
    job_id = await api.submit(stdin="in", store="source")
    said = await asked(api, job_id, fields="token,source_code,stdin,language_id,cpu_time_limit")
    assert said == {
        "token": judge0_answer.token_of(job_id),
        "source_code": "1",
        "stdin": "in",
        "language_id": 7,
        "cpu_time_limit": "5.0",
    }


async def test_what_it_says_of_itself(api: ApiOfTest) -> None:
    async def get(path: str) -> Any:
        answer = await api.client.get(f"/judge0/{path}")
        assert answer.status_code == 200
        return answer.json()

    both = [{"id": 7, "name": "Tongue (1.2.3)"}, {"id": 8, "name": "Tongue (1.2.3)"}]
    assert await get("languages") == await get("languages/") == await get("languages/all") == both
    assert await get("languages/8") == {
        "id": 8,
        "name": "Tongue (1.2.3)",
        "is_archived": False,
        "source_file": "main",
        "compile_cmd": None,
        "run_cmd": "run",
    }
    statuses = await get("statuses")
    assert [status["id"] for status in statuses] == list(range(1, 15))
    assert (await get("about"))["version"] == "1.13.1"
    config = await get("config_info")
    assert (config["max_cpu_time_limit"], config["memory_limit"], config["max_memory_limit"]) == (
        15,
        131_072,
        524_288,
    )
    assert (config["max_max_processes_and_or_threads"], config["max_queue_size"]) == (64, 10_000)
    await submitted(api, BODY)
    assert await get("workers") == [
        {"queue": "default", "size": 1, "available": 4, "idle": 4, "working": 0, "paused": 0, "failed": 0}
    ]


async def test_a_language_that_nobody_has_is_none(api: ApiOfTest) -> None:
    other = {"name": "other", "aliases": [], "version": "1"}
    api.directory.update([WorkerInfo("w1", 1, "fake", [other])])
    assert (await api.client.get("/judge0/languages")).json() == []
    assert await refused(api, BODY) == {"language_id": ["language with id 7 doesn't exist"]}


async def test_other_refusals_are_told_in_words(api: ApiOfTest) -> None:
    kinds = {"Content-Type": "application/json"}
    for answer, status in (
        (await api.client.post(SUBMISSIONS, content=b"{not", headers=kinds), 400),
        (await api.client.post(SUBMISSIONS, content=b"[]", headers=kinds), 400),
        (await api.client.post(SUBMISSIONS, data={"source_code": "1"}), 415),
        (await api.client.get(SUBMISSIONS), 405),
        (await api.client.get(f"{SUBMISSIONS}/odd"), 404),
        (await api.client.get(f"{SUBMISSIONS}/{'0' * 30}_0"), 404),
        (await api.client.post("/judge0/authorize"), 404),
        (await api.client.get("/judge0/languages/9"), 404),
        (await api.client.get("/judge0/languages/odd"), 404),
        (await api.client.post(SUBMISSIONS, json=BODY, params={"fields": "no"}), 400),
    ):
        assert (answer.status_code, list(answer.json())) == (status, ["error"]), answer.text
        assert answer.headers["content-type"] == "application/json"


async def test_a_full_queue_says_when_to_come_back() -> None:
    async with api_of_test(FakeQueue(waiting_max=0)) as api:
        serve(api)
        for path, body in (("", BODY), ("/batch", {"submissions": [BODY]})):
            answer: httpx2.Response = await api.client.post(SUBMISSIONS + path, json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert list(answer.json()) == ["error"]


DIRECTORY = Directory({TONGUE.name: TONGUE}, Bounds())


@given(
    result=st.none() | st.dictionaries(st.sampled_from(sorted(a_result().to_json())), VALUES),
    spec=st.dictionaries(st.sampled_from(["code", "stdin", "tests", "judge0"]), VALUES),
)
def test_no_stored_job_is_too_odd_to_tell(result: dict[str, Any] | None, spec: dict[str, Any]) -> None:
    job = Record(
        job_id="0" * 32,
        problem_id="judge0",
        state=JobState.RUNNING if result is None else JobState.DONE,
        language="tongue",
        attempt=1,
        queued_at_ms=1,
        started_at_ms=None,
        finished_at_ms=None,
        worker=None,
        result=None if result is None else {**a_result(cpu_ms=1.0).to_json(), **result},
    )
    text, catalog = json.dumps(spec).encode(), Catalog(DIRECTORY, Bounds())
    said = judge0_answer.attributes(job, text, catalog, judge0_answer.ALL, encoded=True)
    assert 2 <= said["status_id"] <= 14


@given(
    body=st.dictionaries(st.sampled_from([*DOCUMENTED, "additional_files"]), ODDER),
    query=st.sampled_from(["true", ""]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
async def test_nothing_odd_is_a_server_error(api: ApiOfTest, body: dict[str, Any], query: str) -> None:
    for path, sent in (("", {**BODY, **body}), ("/batch", {"submissions": [{**BODY, **body}]})):
        answer = await api.client.post(
            SUBMISSIONS + path,
            content=json.dumps(sent).encode("ascii"),
            params={"base64_encoded": query},
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in (201, 422), answer.text
