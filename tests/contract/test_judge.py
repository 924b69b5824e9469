"""Judged jobs in real sandboxes: what programs do to a case must stay in it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from fleet.job import Result
from fleet.languages import Language
from fleet.limits import MIB, Bounds
from fleet.testing import FakeQueue, a_claim
from tests.contract.sandbox_harness import GREEDY, PYTHON, REAL, real_sandbox
from worker.judge import Judge
from worker.reader import Definitions, Job, Reader
from worker.results import Results
from worker.run import Loss, Run
from worker.sandbox import Box, Sandbox, Served

BOUNDS = Bounds()
# A language whose compiler is known to be there. What it makes is no source, and runs without one.
TRANSLATED = replace(
    PYTHON,
    name="python",  # that of the image
    file="main.src",
    compile=("python3", "-c", "import py_compile; py_compile.compile('main.src', 'main.pyc', doraise=True)"),
    run=("python3", "main.pyc"),
    warm=(),
    work_bytes=128 * MIB,
)
# One whose compiler does what the source says, which is what a hostile source makes of any compiler.
HOSTILE = replace(TRANSLATED, compile=("python3", "main.src"), run=("./main",), exec=True)


@pytest.fixture(params=REAL)
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    async with real_sandbox(request.param) as made:
        yield made


@asynccontextmanager
async def opened(
    sandbox: Sandbox, language: Language, bounds: Bounds, spec: Mapping[str, Any]
) -> AsyncIterator[tuple[Run, Job, Box]]:
    """A job and a box for it."""
    item = json.dumps({"problemId": "p", "language": language.name, **spec}).encode()
    run = Run(a_claim(spec=item), time.monotonic())
    served = {language.name: Served(language, "1.0", "image")}
    job = await Reader(bounds, served, Definitions(FakeQueue(), bounds)).read(run)
    box = await sandbox.start(job.box)
    try:
        yield run, job, box
    finally:
        await box.destroy()


async def judged(
    sandbox: Sandbox, code: str, language: Language = PYTHON, bounds: Bounds = BOUNDS, **spec: Any
) -> Result:
    """The result of a job."""
    async with opened(sandbox, language, bounds, {"code": code, **spec}) as (run, job, box):
        outcome = await Judge(job, box, bounds, lambda _: None).outcome()
        return Results("w", sandbox.runtime, bounds).ran(run, job, outcome, box.image)


def verdicts(result: Result) -> list[str]:
    return [case["verdict"] for case in result.cases or ()]


EVERY_END = """
import sys
word = sys.stdin.read()
if word == 'crash': raise SystemExit(3)
while word == 'hang': pass
print(word)
"""


async def test_each_case_comes_to_its_own_end(sandbox: Sandbox) -> None:
    result = await judged(
        sandbox,
        EVERY_END,
        tests=[
            {"stdin": "right", "expected": "right"},
            {"stdin": "wrong", "expected": "right"},
            {"stdin": "hang", "expected": "", "limits": {"cpuSeconds": 0.2}},
            {"stdin": "crash", "expected": ""},
            {"stdin": "secret", "expected": "other", "hidden": True},
            {"stdin": "right", "expected": "right"},
        ],
    )

    failures = ["wrong_answer", "time_limit", "runtime_error", "wrong_answer"]
    assert verdicts(result) == ["accepted", *failures, "accepted"]
    assert (result.verdict, result.tests) == (
        "wrong_answer",
        {"total": 6, "passed": 2, "failed": 4, "skipped": 0},
    )
    cases = result.cases or ()
    assert cases[1]["diff"] == {"where": "line 1", "expected": "right", "actual": "wrong"}
    assert cases[2]["evidence"]["limit"] == "cpu"
    assert cases[3]["exitCode"] == 3
    assert "secret" not in str(result.to_json())


async def test_the_first_failure_ends_it_on_request(sandbox: Sandbox) -> None:
    tests = [{"stdin": "1", "expected": "1"}, {"stdin": "crash"}, {"stdin": "hang"}]
    result = await judged(sandbox, EVERY_END, tests=tests, stopOnFailure=True)

    assert verdicts(result) == ["accepted", "runtime_error"]
    assert (result.tests or {})["skipped"] == 1


TRESPASS = """
import os, sys, time
seen = []
for top in ('/work', '/tmp', '/dev/shm'):
    seen += [name for name in os.listdir(top) if name not in {kept!r}]
    with open(top + '/left', 'w') as file: file.write(sys.stdin.read())
seen += [pid for pid in os.listdir('/proc') if pid.isdigit() and int(pid) not in (1, os.getpid())]
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
print(seen)
"""


@pytest.mark.parametrize(
    ("language", "kept"), [(PYTHON, [PYTHON.file]), (TRANSLATED, [TRANSLATED.file, "main.pyc"])]
)
async def test_nothing_of_a_case_reaches_the_next(
    sandbox: Sandbox, language: Language, kept: list[str]
) -> None:
    code = TRESPASS.replace("{kept!r}", repr(kept))
    result = await judged(sandbox, code, language, tests=[{"expected": "[]"}] * 3)

    assert verdicts(result) == ["accepted"] * 3, result.cases


async def test_a_case_that_spoils_its_program_spoils_it_for_itself(sandbox: Sandbox) -> None:
    code = "import os; print('here'); os.remove('main.pyc'); os.mkdir('main.pyc', 0)"
    result = await judged(sandbox, code, TRANSLATED, tests=[{"expected": "here"}] * 3)

    assert verdicts(result) == ["accepted"] * 3, result.cases


async def test_compile_once_and_run_all(sandbox: Sandbox) -> None:
    tests = [{"stdin": str(number), "expected": str(number * 2)} for number in range(10)]
    result = await judged(sandbox, "print(2 * int(input()))", TRANSLATED, tests=tests)

    assert (result.verdict, verdicts(result)) == ("accepted", ["accepted"] * 10)
    assert result.compile is not None
    assert result.compile["exitCode"] == 0
    assert result.compile["cpuMs"] > 0


async def test_a_compile_error_is_told_in_its_own_place(sandbox: Sandbox) -> None:
    result = await judged(sandbox, "print(1", TRANSLATED, tests=[{}])

    assert result.verdict == "compile_error"
    assert result.evidence.how == "compile: the compiler exited with 1"
    assert "SyntaxError" in (result.compile or {})["stderr"]
    assert (result.cases, result.stderr) == ([], b"")


@pytest.mark.parametrize(
    ("code", "verdict", "how"),
    [
        ("while True: pass", "time_limit", "compile: ended by the sandbox's init"),
        (GREEDY, "memory_limit", "compile: the kernel's OOM counter"),
        ("while True: print('x' * 1000)", "output_limit", "compile: ended by the sandbox's init"),
        ("import os; os.abort()", "compile_error", "compile: SIGABRT ended the compiler"),
        ("pass", "runtime_error", "the compiled program could not be started"),
        ("open('main', 'w').write('no program')", "runtime_error", "the compiled program could not"),
        ("import os; os.mkdir('main')", "runtime_error", "the compiled program could not be started"),
    ],
)
async def test_a_hostile_compile_gets_the_verdict_of_what_it_did(
    sandbox: Sandbox, code: str, verdict: str, how: str
) -> None:
    bounds = replace(BOUNDS, compile=replace(BOUNDS.compile, cpu_s=0.5, memory_bytes=128 * MIB))
    result = await judged(sandbox, code, HOSTILE, bounds)

    assert result.verdict == verdict, result
    assert result.evidence.how.startswith(how)


@pytest.mark.parametrize(
    ("mebibytes", "memory_mib", "verdict", "how"),
    [
        (70, 128, "compile_error", "compile: what it left in the work directory is too much to be kept"),
        (40, 32, "memory_limit", "tests[0]: compile: what it left uses more memory"),
    ],
)
async def test_what_a_compile_leaves_is_bounded(
    sandbox: Sandbox, mebibytes: int, memory_mib: int, verdict: str, how: str
) -> None:
    code = f"open('main', 'wb').write(bytes({mebibytes} << 20))"
    limits = {"memoryBytes": memory_mib * MIB}
    result = await judged(sandbox, code, HOSTILE, tests=[{}, {}], limits=limits)

    assert (result.verdict, result.evidence.how[: len(how)]) == (verdict, how)


async def test_a_compile_that_leaves_no_room_for_its_only_run(sandbox: Sandbox) -> None:
    code = "open('main', 'wb').write(bytes(40 << 20))"
    result = await judged(sandbox, code, HOSTILE, limits={"memoryBytes": 32 * MIB})

    assert (result.verdict, result.evidence.limit) == ("memory_limit", "memory"), result


LEAVES = """
import os
for top in ('/work', '/tmp', '/dev/shm'):
    with open(top + '/left', 'wb') as file: file.write(bytes(3 << 20))
with open('main', 'w') as file: file.write('''#!/usr/bin/env python3
import os
print(sorted(os.listdir('/work')), os.listdir('/tmp'), os.listdir('/dev/shm'))
''')
os.chmod('main', 0o700)
"""


async def test_the_only_run_finds_what_its_compiler_left_in_the_work_directory_alone(
    sandbox: Sandbox,
) -> None:
    result = await judged(sandbox, LEAVES, HOSTILE, limits={"memoryBytes": 32 * MIB})

    assert (result.verdict, result.stdout) == ("ok", b"['left', 'main', 'main.src'] [] []\n"), result


async def test_a_run_has_its_own_limits_and_not_those_of_the_compiler(sandbox: Sandbox) -> None:
    code = "block = bytearray(300 << 20)\nfor at in range(0, len(block), 4096): block[at] = 1"
    wide = {"memoryBytes": 400 * MIB}
    tests: list[dict[str, Any]] = [{}, {"limits": wide}, {}]
    result = await judged(sandbox, code, TRANSLATED, tests=tests)

    assert verdicts(result) == ["memory_limit", "ok", "memory_limit"], result.cases
    assert (result.cases or ())[2]["evidence"]["allowed"] == 128 * MIB


async def test_files_arguments_and_variables_come_in_and_files_go_out(sandbox: Sandbox) -> None:
    code = """
import os, sys
from lib.words import WORD
os.makedirs('out')
print(WORD, os.environ['MODE'], sys.argv[1:], file=open('out/text', 'w'))
open('out/bytes', 'wb').write(bytes(range(255, -1, -1)))
os.symlink('/etc/passwd', 'out/link')
"""
    result = await judged(
        sandbox,
        code,
        bounds=replace(BOUNDS, env_allowed=frozenset({"MODE"}), output_files_bytes_max=100),
        files=[{"path": "lib/words.py", "content": "WORD = 'è'"}],
        args=["a b", ""],
        env={"MODE": "fast"},
        outputFiles=["out/text", "out/bytes", "out/link", "out/none"],
    )

    assert result.verdict == "ok", result
    text, binary, link, none = result.files or ()
    assert (text["how"], text["content"]) == ("whole", "è fast ['a b', '']\n")
    assert (binary["how"], binary["encoding"], binary["bytes"]) == ("cut", "base64", 256)
    assert (link["how"], link["content"], none["how"]) == ("irregular", "", "missing")


async def test_a_run_that_is_lost_in_a_case_ends_the_box_at_once(sandbox: Sandbox) -> None:
    code = "import sys\nwhile sys.stdin.read() == 'hang': pass"
    spec = {"code": code, "tests": [{}, {"stdin": "hang"}, {}]}
    told = asyncio.Event()
    async with opened(sandbox, PYTHON, BOUNDS, spec) as (run, job, box):
        judge = Judge(job, box, BOUNDS, lambda _: told.set())
        running = asyncio.create_task(run.unless_stopped(judge.outcome()))
        await told.wait()
        run.lose(Loss.STALE)

        assert await running is None  # the program, which has no end, was not waited for
