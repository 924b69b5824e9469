"""Clients of other judges, as PyPI has them, against a whole cluster: only the base URL is another."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import judge0
import judge0_client
import judge0api
import pytest
import ultra_piston
from ultra_piston.errors import BadRequestError, NotFoundError, UnexpectedStatusError
from ultra_piston.http_clients import HTTPXClient

from setup import keys
from tests.acceptance.harness import Fleet, until

PYSTON = Path(__file__).with_name("pyston_client.py")
NO_C = "int main(void) { return no_such_thing; }"
ADDS = "a, b = map(int, input().split())\nprint(a + b)"


class Patient(HTTPXClient):  # type: ignore[misc]
    """Its own client, but one that waits for a busy machine longer than five seconds."""

    def _get_http_payload(self, endpoint: str = "") -> dict[str, Any]:
        return {**super()._get_http_payload(endpoint), "timeout": 90}


@pytest.fixture
def piston(fleet: Fleet) -> ultra_piston.PistonClient:
    base = f"{fleet.cluster.url}/piston/api/v2"
    return ultra_piston.PistonClient(base_url=base, rate_limit=0, http_client=Patient)


@pytest.fixture
def official(fleet: Fleet) -> judge0.Client:
    return judge0.Client(f"{fleet.cluster.url}/judge0")


def test_ultra_piston_runs_what_it_finds_in_the_runtimes(piston: ultra_piston.PistonClient) -> None:
    runtimes = {runtime.language: runtime for runtime in piston.get_runtimes()}
    python = runtimes["python"]
    file = ultra_piston.File(name="x.py", content="import sys\nprint(input(), sys.argv[1:])")
    for version in (python.version, python.version.partition(".")[0], "*"):
        said = piston.post_execute("py", version, file, stdin="in", args=["a", "b c"])
        assert (said.language, said.version) == ("python", python.version)
        assert (said.run.stdout, said.run.code, said.run.signal) == ("in ['a', 'b c']\n", 0, None)
        assert said.compile is None


def test_ultra_piston_sees_a_compile_fail_and_a_program_take_too_long(
    piston: ultra_piston.PistonClient,
) -> None:
    said = piston.post_execute("c", "*", ultra_piston.File(content=NO_C))
    assert said.compile is not None
    assert said.compile.code == said.run.code == 1
    assert "no_such_thing" in said.compile.stderr
    said = piston.post_execute("python", "*", ultra_piston.File(content="while True: pass"), run_timeout=500)
    assert (said.run.code, said.run.signal) == (None, "SIGKILL")


def test_ultra_piston_is_refused_in_its_own_words(piston: ultra_piston.PistonClient) -> None:
    with pytest.raises(BadRequestError):
        piston.post_execute("python", "1.x", ultra_piston.File(content=""))
    with pytest.raises(NotFoundError):
        piston.get_packages()


def test_pyston_runs_files(fleet: Fleet) -> None:
    # In a process of its own: it leaves connections to whoever collects its garbage.
    command = [sys.executable, str(PYSTON), f"{fleet.cluster.url}/piston/api/v2/"]
    done = subprocess.run(command, capture_output=True, timeout=100, check=False, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["output"] == "from beside\n"
    assert "python" in said["languages"]
    assert said["refused"] == "python-0.1 runtime is unknown"


def test_the_official_sdk_judges_test_cases(official: judge0.Client) -> None:
    cases = [judge0.TestCase("1 2", "3"), judge0.TestCase("2 2", "5"), judge0.TestCase("x", "")]
    done = judge0.run(client=official, source_code=ADDS, language=judge0.PYTHON, test_cases=cases)
    assert [submission.status for submission in done] == [
        judge0.Status.ACCEPTED,
        judge0.Status.WRONG_ANSWER,
        judge0.Status.RUNTIME_ERROR_NZEC,
    ]
    assert [submission.stdout for submission in done] == ["3\n", "4\n", None]
    assert "ValueError" in done[2].stderr
    assert done[0].source_code == ADDS
    assert all(submission.time > 0 and submission.memory > 0 for submission in done[:2])


def test_the_official_sdk_sees_every_kind_of_end(official: judge0.Client) -> None:
    abort = "#include <stdlib.h>\nint main(void) { abort(); }"
    ends: list[tuple[int, str, judge0.Status, dict[str, Any]]] = [
        (judge0.C, NO_C, judge0.Status.COMPILATION_ERROR, {}),
        (judge0.CPP, abort, judge0.Status.RUNTIME_ERROR_SIGABRT, {}),
        (judge0.PYTHON, "while True: pass", judge0.Status.TIME_LIMIT_EXCEEDED, {"cpu_time_limit": 0.3}),
        (judge0.PYTHON, "print('x' * 10**7)", judge0.Status.RUNTIME_ERROR_SIGXFSZ, {}),
    ]
    for language, code, status, more in ends:
        done = judge0.run(client=official, source_code=code, language=language, **more)
        assert done.status == status, (code, done)


def test_the_official_sdk_sends_files_and_gets_long_outputs_whole(official: judge0.Client) -> None:
    files = judge0.Filesystem(content=[judge0.File(name="beside.txt", content="x" * 5000)])
    done = judge0.run(
        client=official,
        source_code="import sys\nprint(open('beside.txt').read() + sys.argv[1])",
        language=judge0.PYTHON,
        additional_files=files,
        command_line_arguments="'y z'",
        expected_output="x" * 5000 + "y z",
    )
    assert (done.status, done.stdout) == (judge0.Status.ACCEPTED, "x" * 5000 + "y z\n")


def test_judge0_client_polls_by_the_token(fleet: Fleet) -> None:
    async def run() -> judge0_client.SubmissionDetail:
        async with judge0_client.Judge0Client(f"{fleet.cluster.url}/judge0") as client:
            assert (await client.get_about()).version
            assert (await client.get_workers())[0].available > 0
            request = judge0_client.SingleFileSubmission(
                language_id=71, source_code="print(input())", stdin="é", additional_files={"a/b.txt": "x"}
            )
            token = (await client.create_submission(request)).token
            done = judge0_client.SubmissionStatusId.ACCEPTED
            async with asyncio.timeout(60):
                while (found := await client.get_submission(token)).status.id < done:
                    await asyncio.sleep(0.05)
            return found

    found = asyncio.run(run())
    assert (found.status.description, found.stdout, found.message) == ("Accepted", "é\n", None)


def test_judge0api_waits_for_the_answer(fleet: Fleet) -> None:
    client = judge0api.Client(f"{fleet.cluster.url}/judge0")
    done = judge0api.submission.submit(client, b"print(input()[::-1])", 71, b"abc", b"cba")
    assert (done.status["id"], done.stdout) == (3, b"cba\n")
    again = judge0api.submission.get(client, done.token)
    assert (again.stdout, again.exit_code, again.status["description"]) == (b"cba\n", 0, "Accepted")
    client.session.close()


def test_keys_go_where_each_client_puts_them(fleet: Fleet) -> None:
    mine, other = (keys.create(fleet.cluster, "acceptance", lasts_s=600) for _ in range(2))
    try:
        base = f"{fleet.cluster.url}/judge0"
        official, stranger = (judge0.Client(base, {"X-Auth-Token": made.token}) for made in (mine, other))
        done = judge0.run(client=official, source_code="print(1)", language=judge0.PYTHON)
        assert done.status == judge0.Status.ACCEPTED
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            stranger.get_submission(done)
        for key, expected in ((mine.token, "1\n"), (f"{other.token}x", None)):
            piston = ultra_piston.PistonClient(
                base_url=f"{fleet.cluster.url}/piston/api/v2", rate_limit=0, http_client=Patient, api_key=key
            )
            file = ultra_piston.File(content="print(1)")
            if expected is None:
                with pytest.raises(UnexpectedStatusError):
                    piston.post_execute("python", "*", file)
            else:
                assert piston.post_execute("python", "*", file).run.stdout == expected
    finally:
        for made in (mine, other):
            keys.revoke(fleet.cluster, made.key_id)


def test_a_client_of_one_api_sees_jobs_of_the_other_by_the_same_id(fleet: Fleet) -> None:
    job = fleet.submit("print(1)", store="source")["jobId"]

    def accepted() -> dict[str, Any] | None:
        said: dict[str, Any] = fleet.http.get(
            f"/judge0/submissions/{job}?fields=status_id,source_code"
        ).json()
        return said if said["status_id"] > 2 else None

    assert until(accepted, "the submission") == {"status_id": 3, "source_code": "print(1)"}
