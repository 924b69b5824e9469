"""Piston's v2 API as its clients know it: recorded requests, and what must come of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.compat import piston
from api.compat.outcome import Outcome
from api.schemas.piston import PistonAnswer
from api.testing import ApiOfTest, api_of_test, bearer
from fleet.job import Evidence, Verdict
from fleet.queue import WorkerInfo
from fleet.testing import FakeQueue, a_result

BASE = "/piston/api/v2"
FILE = {"name": "my_cool_code.tg", "content": "print(1)"}
BODY: Mapping[str, Any] = {"language": "tg", "version": "1.2.3", "files": [FILE]}
# The request of Piston's own documentation, but for the language.
DOCUMENTED = {
    **BODY,
    "stdin": "",
    "args": ["1", "2", "3"],
    "compile_timeout": 10000,
    "run_timeout": 3000,
    "compile_memory_limit": -1,
    "run_memory_limit": -1,
}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        serve(made, "Tongue 1.2.3 (for tests)")
        yield made


@pytest.fixture
async def hasty() -> AsyncIterator[ApiOfTest]:
    """One that waits for nothing."""
    async with api_of_test(wait_s_max=0) as made:
        serve(made, "Tongue 1.2.3")
        yield made


def serve(api: ApiOfTest, version: str | None) -> None:
    tongue = {"name": "tongue", "aliases": ["tg"], "version": version}
    api.directory.update([WorkerInfo("w1", 1, "fake", [tongue])])


async def executed(
    api: ApiOfTest, body: Mapping[str, Any], **result: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer to a request whose job came to ``result``, and the job as the worker saw it."""
    asking = asyncio.create_task(api.client.post(f"{BASE}/execute", json=body))
    await api.until_waiting()
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    stored = a_result(job_id=claim.job_id, problem_id="piston", language_version="Tongue 1.2.3", **result)
    await api.queue.finish(claim, {"cpuMs": 1.0, **_known(stored.to_json())})
    api.announcements.say(api.queue.events[-1])
    answer = await asking
    assert answer.status_code == 200, answer.text
    PistonAnswer.model_validate(answer.json(), strict=True, extra="forbid")
    return answer.json(), json.loads(claim.spec)


def _known(result: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if value is not None or key != "cpuMs"}


async def refused(api: ApiOfTest, body: Any, status: int = 400) -> str:
    answer = await api.client.post(f"{BASE}/execute", json=body)
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["message"]
    message: str = answer.json()["message"]
    return message


async def test_runtimes_are_the_languages_that_live_workers_serve(api: ApiOfTest) -> None:
    for path in ("/runtimes", "/runtimes/"):
        answer = await api.client.get(BASE + path)
        assert answer.json() == [{"language": "tongue", "version": "1.2.3", "aliases": ["tg"]}]
    serve(api, None)
    assert (await api.client.get(f"{BASE}/runtimes")).json() == []


async def test_the_documented_request(api: ApiOfTest) -> None:
    said, spec = await executed(
        api, DOCUMENTED, stdout=b"[1, 2, 3]\n", cpu_ms=11.4, wall_ms=15.6, memory_bytes=4096
    )
    assert said == {
        "language": "tongue",
        "version": "1.2.3",
        "run": {
            "stdout": "[1, 2, 3]\n",
            "stderr": "",
            "output": "[1, 2, 3]\n",
            "code": 0,
            "signal": None,
            "message": None,
            "status": None,
            "cpu_time": 11,
            "wall_time": 16,
            "memory": 4096,
        },
    }
    assert spec == {
        "v": 1,
        "problemId": "piston",
        "code": "print(1)",
        "language": "tongue",
        "limits": {"memoryBytes": 512 * 1024**2, "wallSeconds": 3.0},
        "args": ["1", "2", "3"],
    }


@pytest.mark.parametrize("version", ["*", "1", "1.x", "1.2", "^1.0.0", "~1.2.0", ">=1 <2", "0 || 1.2.3"])
async def test_a_range_selects_the_version_there_is(api: ApiOfTest, version: str) -> None:
    said, _ = await executed(api, {**BODY, "version": version})
    assert said["version"] == "1.2.3"


async def test_files_of_every_encoding_arrive(api: ApiOfTest) -> None:
    files = [
        {"name": "data/words.txt", "content": "d8OkcnRlcgo=", "encoding": "base64"},
        {"content": "main", "encoding": "utf8"},
        {"name": "./x.hex", "content": "68 69", "encoding": "hex"},
        {"content": ""},
    ]
    _, spec = await executed(api, {**BODY, "files": files, "stdin": "in", "run_cpu_time": 1500.5})
    assert (spec["code"], spec["stdin"], spec["limits"]) == ("main", "in", {"cpuSeconds": 1.5005})
    assert spec["files"] == [
        {"path": "data/words.txt", "content": "wärter\n"},
        {"path": "x.hex", "content": "hi"},
        {"path": "file3.code", "content": ""},
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"language": None}, "language is required as a string"),
        ({"language": 5}, "language is required as a string"),
        ({"version": ""}, "version is required as a string"),
        ({"files": "nope"}, "files is required as an array"),
        ({"files": []}, "files must include at least one utf8 encoded file"),
        ({"files": [{"name": "a"}]}, "files[0].content is required as a string"),
        ({"files": [FILE, None]}, "files[1].content is required as a string"),
        (
            {"files": [{"content": "aGk=", "encoding": "base64"}]},
            "files must include at least one utf8 encoded file",
        ),
        ({"language": "brainfuck", "version": "*"}, "brainfuck-* runtime is unknown"),
        ({"version": "2.x"}, "tg-2.x runtime is unknown"),
        ({"version": "latest"}, "tg-latest runtime is unknown"),
        ({"run_timeout": "soon"}, "If specified, run_timeout must be a number"),
        ({"run_timeout": True}, "If specified, run_timeout must be a number"),
        ({"run_timeout": 999_999}, "run_timeout cannot exceed the configured limit of 30000"),
        ({"run_cpu_time": 15_001}, "run_cpu_time cannot exceed the configured limit of 15000"),
        ({"compile_timeout": 10**30}, "compile_timeout cannot exceed the configured limit of 30000"),
        (
            {"run_memory_limit": 2**40},
            "run_memory_limit cannot exceed the configured limit of 536870912",
        ),
        ({"run_timeout": -5}, "run_timeout must be non-negative"),
        ({"run_timeout": 1}, "run_timeout must be at least 50: no program can start with less"),
        ({"files": [FILE, {**FILE, "name": 7}]}, "files[1].name must be a string"),
        ({"files": [{**FILE, "encoding": "utf-16"}]}, "files[0].encoding must be one of base64, hex, utf8"),
        ({"files": [FILE, {"content": "é", "encoding": "base64"}]}, "files[1].content is not base64"),
        ({"files": [FILE, {"content": "zz", "encoding": "hex"}]}, "files[1].content is not hex"),
        (
            {"files": [FILE, {"content": "/w==", "encoding": "base64"}]},
            "files[1].content is not text in UTF-8; other files are not taken",
        ),
        ({"args": "1 2"}, "args: must be a list"),
        ({"args": ["1", 2]}, "args[1]: must be a string"),
        ({"stdin": ["x"]}, "stdin: must be a string"),
    ],
)
async def test_what_is_wrong_is_said_in_its_words(
    api: ApiOfTest, changes: Mapping[str, Any], message: str
) -> None:
    assert await refused(api, {**BODY, **changes}) == message


@pytest.mark.parametrize(
    ("files", "begins"),
    [
        ([FILE, {"name": "../up", "content": ""}], "files[1].name: must be a relative path"),
        (
            [{"content": "61", "encoding": "hex"}, FILE, {"name": "main", "content": ""}],
            "files[2].name: 'main'",
        ),
        ([{"content": "\ud800"}], "files[0].content: contains a lone surrogate"),
    ],
)
async def test_a_field_of_ours_has_the_name_its_client_knows(
    api: ApiOfTest, files: list[Any], begins: str
) -> None:
    # Escaped, as httpx2 would not send a lone surrogate.
    body = json.dumps({**BODY, "files": files}).encode("ascii")
    answer = await api.client.post(
        f"{BASE}/execute", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(begins)


async def test_a_zero_is_as_good_as_no_limit(api: ApiOfTest) -> None:
    _, spec = await executed(api, {**BODY, "run_timeout": 0, "run_memory_limit": 0, "compile_timeout": None})
    assert "limits" not in spec


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            {"verdict": Verdict.RUNTIME_ERROR, "exit_code": 3, "stderr": b"e\n"},
            {
                "status": "RE",
                "code": 3,
                "signal": None,
                "message": "Exited with error status 3",
                "output": "1\ne\n",
            },
        ),
        (
            {"verdict": Verdict.RUNTIME_ERROR, "exit_code": None, "signal": "SIGSEGV"},
            {"status": "SG", "code": None, "signal": "SIGSEGV", "message": "Caught fatal signal 11"},
        ),
        (
            {"verdict": Verdict.RUNTIME_ERROR, "exit_code": None, "signal": "SIG60"},
            {"status": "SG", "signal": "SIG60", "message": "Caught fatal signal 60"},
        ),
        (
            {"verdict": Verdict.TIME_LIMIT, "exit_code": None, "evidence": Evidence("wall")},
            {
                "status": "TO",
                "code": None,
                "signal": "SIGKILL",
                "message": "Time limit exceeded (wall clock)",
            },
        ),
        (
            {"verdict": Verdict.TIME_LIMIT, "signal": "SIGKILL", "evidence": Evidence("cpu")},
            {"status": "TO", "code": None, "signal": "SIGKILL", "message": "Time limit exceeded"},
        ),
        (
            {"verdict": Verdict.MEMORY_LIMIT, "exit_code": None, "evidence": Evidence("memory", how="OOM")},
            {"status": "SG", "signal": "SIGKILL", "message": "Memory limit exceeded: OOM"},
        ),
        (
            {"verdict": Verdict.OUTPUT_LIMIT, "exit_code": None, "evidence": Evidence("stdout")},
            {"status": "OL", "signal": "SIGKILL", "message": "stdout length exceeded"},
        ),
        (
            {"verdict": Verdict.OUTPUT_LIMIT, "exit_code": None, "evidence": Evidence("stderr")},
            {"status": "EL", "message": "stderr length exceeded"},
        ),
        (
            {"verdict": Verdict.SYSTEM_ERROR, "exit_code": None, "evidence": Evidence("system", how="why")},
            {"status": "XX", "code": None, "signal": None, "message": "why"},
        ),
        ({"stdout": b"\xff", "stderr": b"ok"}, {"stdout": "\ufffd", "stderr": "ok", "output": "\ufffdok"}),
    ],
)
async def test_every_end_has_its_letters(
    api: ApiOfTest, result: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    said, _ = await executed(api, BODY, **result)
    assert {key: said["run"][key] for key in expected} == expected


COMPILE = {"exitCode": 1, "stdout": "", "stderr": "no such thing\n", "cpuMs": 5.0, "wallMs": 6.0}


def test_a_compile_stage_stands_beside_the_run() -> None:
    result = a_result(cpu_ms=1.0, compile={**COMPILE, "exitCode": 0}, language_version="7").to_json()
    said = piston.answer("tongue", Outcome.read(result))
    assert (said["compile"]["code"], said["compile"]["status"], said["compile"]["cpu_time"]) == (0, None, 5)
    assert (said["run"]["stdout"], said["version"]) == ("1\n", "7.0.0")


def test_without_a_run_the_compile_stage_is_there_twice() -> None:
    result = a_result(
        verdict=Verdict.COMPILE_ERROR, exit_code=None, stdout=b"", compile=COMPILE, language_version="odd"
    ).to_json()
    said = piston.answer("tongue", Outcome.read(result))
    assert said["run"] == said["compile"]
    assert (said["run"]["code"], said["run"]["status"], said["run"]["stderr"]) == (1, "RE", "no such thing\n")
    assert said["version"] == "odd"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(list(Verdict)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(COMPILE)), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(a_result().to_json())), VALUES))
def test_no_stored_result_is_too_odd_to_tell(changes: dict[str, Any]) -> None:
    said = piston.answer("tongue", Outcome.read({**a_result(cpu_ms=1.0).to_json(), **changes}))
    assert set(said["run"]) >= {"stdout", "code", "status"}


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ODD = st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=8)
ODDER = ODD | st.lists(
    ODD | st.dictionaries(st.sampled_from(["name", "content", "encoding"]), ODD), max_size=3
)


@given(body=st.dictionaries(st.sampled_from(sorted(DOCUMENTED)), ODDER))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
async def test_nothing_odd_is_a_server_error(hasty: ApiOfTest, body: dict[str, Any]) -> None:
    sound = {key: value for key, value in BODY.items() if key not in body}
    answer = await hasty.client.post(
        f"{BASE}/execute",
        content=json.dumps({**sound, **body}).encode("ascii"),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 503), answer.text


async def test_other_refusals_are_told_in_the_same_form(api: ApiOfTest) -> None:
    execute = f"{BASE}/execute"
    kinds = {"Content-Type": "application/json"}
    for answer, status in (
        (await api.client.post(execute, content=b"{not", headers=kinds), 400),
        (await api.client.post(execute, content=b"{}", headers={"Content-Type": "text/plain"}), 415),
        (await api.client.post(execute, json={**BODY, "stdin": "x" * 2_000_000}), 413),
        (await api.client.get(execute), 405),
        (await api.client.delete(f"{BASE}/packages"), 404),
    ):
        assert (answer.status_code, list(answer.json())) == (status, ["message"])
        assert answer.headers["content-type"] == "application/json"


async def test_a_key_is_taken_as_its_clients_send_it() -> None:
    async with api_of_test(keys="required") as api:
        serve(api, "1.2.3")
        token = api.keys.make()
        for headers, status in (({}, 401), ({"Authorization": token.text}, 200), (bearer(token), 200)):
            answer = await api.client.get(f"{BASE}/runtimes", headers=headers)
            assert answer.status_code == status
            assert status == 200 or list(answer.json()) == ["message"]


async def test_what_is_beyond_a_quota_is_refused_with_when_to_come_back() -> None:
    async with api_of_test(wait_s_max=0) as api:
        serve(api, "1.2.3")
        token = api.keys.make(jobs_per_minute=1)
        answers = [
            await api.client.post(f"{BASE}/execute", json=BODY, headers=bearer(token)) for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [503, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    assert "1 jobs a minute" in answers[1].json()["message"]


async def test_a_full_queue_says_when_to_come_back() -> None:
    async with api_of_test(FakeQueue(waiting_max=0)) as api:
        serve(api, "1.2.3")
        answer = await api.client.post(f"{BASE}/execute", json=BODY)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "0 jobs wait" in answer.json()["message"]


async def test_a_program_that_takes_too_long_is_cancelled(hasty: ApiOfTest) -> None:
    message = await refused(hasty, BODY, 503)
    assert message.startswith("the program did not end within 0 s")
    assert await hasty.queue.claim("w1", ["tongue"], 1) == []
    (event,) = hasty.queue.events
    assert event.verdict is Verdict.CANCELLED


async def test_a_client_that_leaves_cancels_its_program(api: ApiOfTest) -> None:
    await api.leave_while_waiting(f"{BASE}/execute", BODY)
    (event,) = api.queue.events
    assert event.verdict is Verdict.CANCELLED


async def test_nobody_is_made_to_wait_where_too_many_do() -> None:
    async with api_of_test(waiters_max=0) as api:
        serve(api, "1.2.3")
        await refused(api, BODY, 503)
        assert (await api.queue.depth()).public == 0
        assert await api.queue.claim("w1", ["tongue"], 1) == []


async def test_while_workers_restart_any_version_will_do_and_no_other(api: ApiOfTest) -> None:
    api.directory.update([], {"tongue": "tongue", "tg": "tongue"})
    assert await refused(api, BODY, 503) == (
        "no worker that serves tg is alive now; try again soon, or take version *"
    )
    said, _ = await executed(api, {**BODY, "version": "*"})
    assert said["version"] == "1.2.3"


async def test_a_language_that_nobody_has_is_unknown(api: ApiOfTest) -> None:
    other = {"name": "other", "aliases": [], "version": "1"}
    api.directory.update([WorkerInfo("w1", 1, "fake", [other])])
    assert await refused(api, BODY) == "tg-1.2.3 runtime is unknown"
