"""The path of a job: over HTTP or straight into Redis, down to the line that the subscriber logs."""

from __future__ import annotations

import asyncio
import json
import secrets

import httpx2
import pytest

from fleet.limits import MIB
from setup.hello import Example, examples
from tests.acceptance.harness import SERVICES, Fleet, described, until

PROGRAMS: dict[str, tuple[str, set[str], set[str | None]]] = {
    "infinite loop": ("while True: pass", {"time_limit"}, {"cpu", "wall"}),
    "memory bomb": ("x = []\nwhile True: x.append(bytearray(1 << 20))", {"memory_limit"}, {"memory"}),
    "output flood": ("while True: print('x' * 4096)", {"output_limit"}, {"stdout"}),
    "fork bomb": (
        "import os\nwhile True: os.fork()",
        {"runtime_error", "time_limit", "memory_limit"},
        {None, "cpu", "wall", "memory"},
    ),
}
GARBAGE = {
    "not JSON": b"no json at all",
    "not UTF-8": b'{"problemId": "\xff\xfe"}',
    "an array": b'["problemId"]',
    "a string": b'"problemId"',
    "empty": b"",
    "nested": b"[" * 100_000,
    "no code": b'{"problemId": "garbage", "language": "python"}',
    "no such language": b'{"problemId": "garbage", "code": "", "language": "../python"}',
    "duplicate keys": b'{"problemId": "a", "problemId": "b", "code": "", "language": "python"}',
    "not a number": b'{"problemId": "garbage", "code": NaN, "language": "python"}',
    "control characters": b'{"problemId": "a\\nb", "code": "", "language": "python"}',
}


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.language)
def test_hello_in_every_language(fleet: Fleet, example: Example) -> None:
    result = fleet.submit(example.code, example.language, wait_s=30)
    assert (result["verdict"], result["stdout"], result["exitCode"]) == ("ok", example.expected, 0)
    line = fleet.completion(jobId=result["jobId"])
    assert (line["problemId"], line["language"], line["verdict"]) == ("acceptance", example.language, "ok")
    assert line["n"] >= 1


def test_every_language_has_a_hello_and_is_served(fleet: Fleet) -> None:
    served = {
        entry["name"] for entry in fleet.http.get("/languages").json()["languages"] if entry["available"]
    }
    assert served == {example.language for example in examples()}


def test_a_raw_push_by_a_producer_is_a_job_like_any_other(fleet: Fleet) -> None:
    problem = f"raw-{secrets.token_hex(8)}"
    fleet.push(json.dumps({"problemId": problem, "code": "print(6 * 7)", "language": "py"}).encode())
    line = fleet.completion(problemId=problem)
    assert fleet.result(problem)["stdout"] == "42\n"
    assert fleet.result(line["jobId"])["verdict"] == line["verdict"] == "ok"


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_hostile_program_gets_its_verdict_with_evidence_and_the_next_one_runs(
    fleet: Fleet, what: str
) -> None:
    code, verdicts, limits = PROGRAMS[what]
    result = fleet.run(f"print('begun', flush=True)\n{code}", limits={"cpuSeconds": 2, "wallSeconds": 4})
    assert result["verdict"] in verdicts, result
    evidence = result["evidence"]
    assert evidence["limit"] in limits
    assert evidence["how"]
    if evidence["limit"]:
        assert evidence["used"] >= evidence["allowed"] > 0
    assert result["stdout"].startswith("begun\n")
    assert result["stdoutTruncated"] == (what == "output flood")
    assert fleet.run("print('next')")["stdout"] == "next\n"


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_on_the_public_list_is_rejected_and_announced(fleet: Fleet, what: str) -> None:
    before = len([line for line in fleet.completions() if line["verdict"] == "rejected"])
    workers = sorted(fleet.cluster.containers("worker"))
    fleet.push(GARBAGE[what])
    lines = fleet.rejected(more_than=before)
    assert len(lines) == before + 1
    result = fleet.result(lines[-1]["jobId"])
    assert result["verdict"] == "rejected"
    assert result["evidence"]["how"]
    assert fleet.run("print('alive')")["stdout"] == "alive\n"
    assert sorted(fleet.cluster.containers("worker")) == workers


def test_an_item_beyond_all_measure_does_not_get_in(fleet: Fleet) -> None:
    with pytest.raises(AssertionError, match=r"[Rr]eset|[Pp]rotocol|[Bb]roken|closed"):
        fleet.push(b"x" * (65 * MIB))
    assert fleet.run("print('alive')")["stdout"] == "alive\n"


@pytest.mark.timeout(300)
async def test_two_hundred_jobs_at_once_each_get_their_own_output(fleet: Fleet) -> None:
    programs = {
        "python": "import sys; print('{0}'); print('{0}', file=sys.stderr)",
        "javascript": "console.log('{0}'); console.error('{0}')",
    }
    languages = sorted(programs)
    tokens = [secrets.token_hex(8) for _ in range(200)]
    async with httpx2.AsyncClient(
        base_url=fleet.cluster.url, timeout=150, limits=httpx2.Limits(max_connections=250)
    ) as http:

        async def run(at: int, token: str) -> tuple[str, str, str]:
            language = languages[at % len(languages)]
            body = {
                "problemId": f"many-{token}",
                "code": programs[language].format(token),
                "language": language,
            }
            while (answer := await http.post("/submit", json=body)).status_code == 503:
                await asyncio.sleep(float(answer.headers["Retry-After"]))  # as a client is told to
            assert answer.status_code == 202, answer.text
            name = answer.json()["jobId"]
            while (
                answer := await http.get(f"/result/{name}", headers={"Prefer": "wait=60"})
            ).status_code != 200:
                assert answer.status_code == 202, answer.text
            result = answer.json()
            return result["verdict"], result["stdout"], result["stderr"]

        async with asyncio.timeout(280):
            results = await asyncio.gather(*(run(at, token) for at, token in enumerate(tokens)))
    assert results == [("ok", f"{token}\n", f"{token}\n") for token in tokens]


def test_the_reference_works_without_the_internet(fleet: Fleet) -> None:
    page = fleet.http.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_after_all_this_every_service_is_healthy(fleet: Fleet) -> None:
    """Comes last, for a worker is asked how it does only every half minute."""

    def health() -> set[str]:
        containers = [found for service in SERVICES for found in fleet.cluster.containers(service)]
        return {described(container)["State"]["Health"]["Status"] for container in containers}

    until(lambda: health() == {"healthy"}, "healthy services", 90)
