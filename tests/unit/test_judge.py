"""What a judge does in a box, and what it makes of it: every way a stage can end."""

from __future__ import annotations

import base64
import errno
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from fleet.errors import SandboxError
from fleet.limits import MIB, Bounds, Limits
from tests.unit.judge_harness import Clock, a_reader, a_run, judge, wrote
from worker.frames import KEPT_BYTES_MAX
from worker.judge import Judge
from worker.results import Results
from worker.sandbox import Hear, RawOutcome, Stage
from worker.testing import FakeSandbox


def doubler(stage: Stage) -> RawOutcome:
    """A program that doubles the number it reads; ``compiled`` needs no word to be translated."""
    return wrote(b"%d\n" % (2 * int(stage.stdin))) if stage.stdin else wrote()


def is_compile(stage: Stage) -> bool:
    return stage.argv[0] == "translate"


TESTS_TO_RUN = [{"stdin": "1"}, {"stdin": "2"}, {"stdin": "3"}]
TESTS = [{"stdin": "1", "expected": "2"}, {"stdin": "2", "expected": "4"}, {"stdin": "3", "expected": "6"}]


class Cut(Exception):
    """Stands for the cancellation of a judge."""


async def cut_off(**spec: Any) -> Mapping[str, Any]:
    """The result of a job that is cancelled in the stage whose program raises ``Cut``."""
    said = {"stdout": bytearray(), "stderr": bytearray()}
    clock, bounds = Clock(), Bounds()

    async def speak(stage: Stage, hear: Hear) -> None:
        if not is_compile(stage):
            hear("stdout", "so far €".encode()[:-1])
            hear("stderr", b"oops")

    async def script(stage: Stage) -> RawOutcome:
        clock.now_s += 2
        if stage.stdin == b"hang" or (is_compile(stage) and b"hang" in stage.files[0][1]):
            raise Cut
        return wrote(b"fine", stdout_bytes=4)

    sandbox = FakeSandbox(script)
    sandbox.speak = speak
    run = a_run(**spec)
    job = await a_reader().read(run)
    box = await sandbox.start(job.box)
    judge = Judge(job, box, bounds, lambda _: None, clock)
    with pytest.raises(Cut):
        await judge.outcome(lambda stream, data: said[stream].extend(data))
    return Results("w", "fake", bounds).ran(run, job, judge.cut(said), box.image).to_json()


async def test_of_a_program_that_is_cut_off_its_output_and_its_time_are_known() -> None:
    said = await cut_off(stdin="hang")

    assert said["verdict"] == "cancelled"
    assert said["evidence"] == {
        "limit": None, "allowed": None, "used": None, "how": "cancelled on request, while it ran",
    }  # fmt: skip
    assert (said["stdout"], said["stderr"], said["stdoutTruncated"]) == ("so far ", "oops", True)
    assert (said["exitCode"], said["signal"], said["cpuMs"], said["memoryBytes"]) == (None,) * 4
    assert said["wallMs"] == 2000
    assert said["compile"] is None


async def test_of_a_compile_that_is_cut_off_nothing_is_known() -> None:
    said = await cut_off(language="compiled", code="hang", outputFiles=["out.txt"])

    assert (said["verdict"], said["compile"], said["stdout"], said["wallMs"]) == ("cancelled", None, "", None)
    assert [file["how"] for file in said["files"]] == ["missing"]


async def test_of_a_compiled_program_that_is_cut_off_the_compile_is_known() -> None:
    said = await cut_off(language="compiled", stdin="hang")

    assert (said["verdict"], said["compile"]["exitCode"], said["stdout"]) == ("cancelled", 0, "so far ")
    assert said["wallMs"] == 2000  # that of the program alone


async def test_of_cases_that_are_cut_off_those_that_ended_are_known() -> None:
    tests = [{"stdin": "1", "expected": "fine"}, {"stdin": "2", "expected": "other"}, {"stdin": "hang"}, {}]
    said = await cut_off(tests=tests)

    assert said["verdict"] == "cancelled"
    assert [case["verdict"] for case in said["cases"]] == ["accepted", "wrong_answer"]
    assert said["tests"] == {"total": 4, "passed": 1, "failed": 1, "skipped": 2}
    assert (said["stdout"], said["cpuMs"]) == ("", 2.0)


async def test_the_output_of_a_program_is_heard_and_that_of_cases_and_compilers_is_not() -> None:
    async def heard(**spec: Any) -> list[bytes]:
        found: list[bytes] = []

        async def script(_stage: Stage) -> RawOutcome:
            return wrote(b"said", stderr=b"", stdout_bytes=4)

        sandbox = FakeSandbox(script)
        run = a_run(**spec)
        job = await a_reader().read(run)
        judge = Judge(job, await sandbox.start(job.box), Bounds(), lambda _: None)
        await judge.outcome(lambda _stream, data: found.append(data))
        return found

    assert await heard() == [b"said"]
    assert await heard(language="compiled") == [b"said"]
    assert await heard(tests=[{"expected": "secret", "hidden": True}, {}]) == []


async def test_a_plain_job_is_one_run_and_nothing_else() -> None:
    seen = await judge(doubler, stdin="21", args=["-v", "x y"])

    assert seen.sandbox.calls == ["run"]
    assert (seen.verdict, seen.result.stdout, seen.result.exit_code) == ("ok", b"42\n", 0)
    (stage,) = seen.sandbox.stages
    assert stage.argv == ("tongue", "main.tongue", "-v", "x y")
    said = seen.result.to_json()
    assert said["compile"] is None
    assert not {"cases", "tests", "files"} & said.keys()


async def test_files_and_variables_reach_the_program() -> None:
    seen = await judge(
        doubler,
        bounds=Bounds(env_allowed=frozenset({"MODE"})),
        files=[{"path": "lib/a.txt", "content": "é"}],
        env={"MODE": "fast"},
    )

    (stage,) = seen.sandbox.stages
    assert stage.files == (("main.tongue", b"source"), ("lib/a.txt", "é".encode()))
    assert stage.env == (("MODE", "fast"),)


async def test_every_case_is_a_run_of_its_own_in_a_wiped_box() -> None:
    seen = await judge(doubler, tests=TESTS)

    assert seen.sandbox.calls == ["run", "wipe", "run", "wipe", "run"]
    assert seen.cases == ["accepted"] * 3
    assert seen.verdict == "accepted"
    assert seen.result.tests == {"total": 3, "passed": 3, "failed": 0, "skipped": 0}
    assert [stage.stdin for stage in seen.sandbox.stages] == [b"1", b"2", b"3"]
    assert all(stage.files == (("main.tongue", b"source"),) for stage in seen.sandbox.stages)
    assert seen.told == list(seen.result.cases or ())


async def test_a_judged_job_sums_its_cases_up() -> None:
    def program(stage: Stage) -> RawOutcome:
        return wrote(b"2", memory_peak_bytes=int(stage.stdin) * 1000)

    said = (await judge(program, tests=[{"stdin": "5"}, {"stdin": "7"}, {"stdin": "6"}])).result.to_json()

    assert (said["verdict"], said["evidence"]["how"]) == ("ok", "all 3 cases passed")
    assert (said["cpuMs"], said["wallMs"], said["memoryBytes"]) == (3.0, 6.0, 7000)
    assert (said["stdout"], said["stderr"], said["exitCode"], said["signal"]) == ("", "", None, None)
    assert [case["memoryBytes"] for case in said["cases"]] == [5000, 7000, 6000]
    assert said["cases"][0] == {
        "index": 0,
        "verdict": "ok",
        "evidence": {"limit": None, "allowed": None, "used": None, "how": "the program exited with 0"},
        "exitCode": 0,
        "signal": None,
        "stdout": "2",
        "stderr": "",
        "stdoutTruncated": False,
        "stderrTruncated": False,
        "encoding": "utf-8",
        "cpuMs": 1.0,
        "wallMs": 2.0,
        "memoryBytes": 5000,
        "diff": None,
    }


async def test_the_first_case_that_fails_decides_and_the_others_still_run() -> None:
    tests = [{"stdin": "1"}, {"stdin": "2", "expected": "5"}, {"stdin": "3", "expected": "7"}]
    seen = await judge(doubler, tests=tests)

    assert seen.cases == ["ok", "wrong_answer", "wrong_answer"]
    assert seen.verdict == "wrong_answer"
    assert seen.result.evidence.how == (
        "tests[1]: the output is not as expected at line 1 (trailing_whitespace)"
    )
    assert seen.result.tests == {"total": 3, "passed": 1, "failed": 2, "skipped": 0}
    assert (seen.result.cases or ())[1]["diff"] == {"where": "line 1", "expected": "5", "actual": "4"}


async def test_the_first_failure_ends_it_on_request() -> None:
    tests = [{"stdin": "1", "expected": "2"}, {"stdin": "2", "expected": "5"}, {"stdin": "3"}]
    seen = await judge(doubler, tests=tests, stopOnFailure=True)

    assert seen.cases == ["accepted", "wrong_answer"]
    assert seen.result.tests == {"total": 3, "passed": 1, "failed": 1, "skipped": 1}


@pytest.mark.parametrize(
    ("facts", "verdict", "limit"),
    [
        ({"limit": "cpu", "exit_code": None, "signal": 9}, "time_limit", "cpu"),
        ({"oom_kills": 1, "exit_code": 0}, "memory_limit", "memory"),
        ({"limit": "stdout", "exit_code": None}, "output_limit", "stdout"),
        ({"exit_code": 3}, "runtime_error", None),
        ({"exit_code": None, "signal": signal.SIGSEGV}, "runtime_error", None),
    ],
)
async def test_a_limit_comes_before_a_right_answer(facts: dict[str, Any], verdict: str, limit: str) -> None:
    seen = await judge(lambda _: wrote(b"2", **facts), tests=[{"expected": "2"}, {"expected": "2"}])

    assert seen.cases == [verdict, verdict]
    assert (seen.verdict, seen.result.evidence.limit) == (verdict, limit)
    assert seen.result.evidence.how.startswith("tests[0]: ")


async def test_cases_have_their_own_arguments_limits_and_checkers() -> None:
    tests: list[dict[str, Any]] = [
        {"stdin": "1", "expected": "2.0", "checker": "float"},
        {"stdin": "1", "expected": "2", "args": ["a"], "checker": "exact"},
        {"stdin": "1", "expected": "  2", "args": [], "limits": {"cpuSeconds": 1, "memoryBytes": 64 * MIB}},
    ]
    limits = {"cpuSeconds": 2, "wallSeconds": 3}
    seen = await judge(doubler, tests=tests, checker="tokens", args=["job"], limits=limits)

    assert seen.cases == ["accepted", "wrong_answer", "accepted"]
    argv = ("tongue", "main.tongue")
    assert [stage.argv for stage in seen.sandbox.stages] == [(*argv, "job"), (*argv, "a"), argv]
    first, _, last = (stage.limits for stage in seen.sandbox.stages)
    assert (first.cpu_s, first.wall_s, first.memory_bytes) == (2.0, 3.0, 128 * MIB)
    assert (last.cpu_s, last.wall_s, last.memory_bytes) == (1.0, 3.0, 64 * MIB)
    assert seen.sandbox.calls == ["run", "wipe", "run", "wipe", f"resize {64 * MIB} 64", "run"]


async def test_a_hidden_case_gives_nothing_away() -> None:
    def program(stage: Stage) -> RawOutcome:
        return wrote(b"secret", stderr=stage.stdin, stderr_bytes=len(stage.stdin))

    tests = [{"stdin": "secret", "expected": "secret of mine", "hidden": True}]
    seen = await judge(program, tests=tests)

    (case,) = seen.result.cases or ()
    assert case["verdict"] == "wrong_answer"
    assert (case["stdout"], case["stderr"], case["diff"]) == ("", "", None)
    assert (case["stdoutTruncated"], case["stderrTruncated"]) == (False, False)
    assert "secret" not in str(seen.result.to_json()) + str(seen.told)
    assert "line" not in seen.result.evidence.how


async def test_outputs_are_compared_whole_and_kept_short() -> None:
    text = "€" * 20_000

    def program(stage: Stage) -> RawOutcome:
        return wrote(text.encode() + stage.stdin)

    seen = await judge(program, tests=[{"expected": text}, {"stdin": "x", "expected": text}])

    assert seen.cases == ["accepted", "wrong_answer"]
    for case in seen.result.cases or ():
        assert case["stdout"] == "€" * (1024 // 3)  # whole characters
        assert case["stdoutTruncated"]
    assert (seen.result.cases or ())[1]["diff"]["actual"].endswith("€x")


async def test_the_only_case_of_a_job_is_its_run_unless_it_is_hidden() -> None:
    def program(stage: Stage) -> RawOutcome:
        return wrote(stage.stdin * 5000, exit_code=3)

    only: dict[str, Any] = {"stdin": "x", "expected": "y"}
    for tests in ([only], [{**only, "hidden": True}], [only, only]):
        said = (await judge(program, tests=tests)).result.to_json()
        alone = tests == [only]
        assert said["verdict"] == "runtime_error"
        assert (said["stdout"], said["exitCode"]) == (("x" * 5000, 3) if alone else ("", None))
        assert said["cpuMs"] == len(tests)
        assert {case["stdout"] for case in said["cases"]} == {"" if "hidden" in tests[0] else "x" * 1024}


async def test_what_is_no_text_is_kept_as_base64_case_by_case() -> None:
    tests = [{"stdin": "1", "expected": "\x00"}, {"stdin": "2"}]
    seen = await judge(lambda stage: wrote(b"\xff" if stage.stdin == b"1" else b"ok"), tests=tests)

    binary, text = seen.result.cases or ()
    assert (binary["encoding"], base64.b64decode(binary["stdout"])) == ("base64", b"\xff")
    assert binary["diff"] == {"where": "line 1", "expected": "\\x00", "actual": "\\xff"}
    assert (text["encoding"], text["stdout"]) == ("utf-8", "ok")


async def test_compile_once_and_run_each_case_from_what_that_left() -> None:
    seen = await judge(doubler, language="compiled", tests=TESTS)

    compiling, *cases = seen.sandbox.stages
    assert (compiling.argv, compiling.stdin) == (("translate", "main.compiled"), b"")
    assert compiling.files == (("main.compiled", b"source"),)
    assert (compiling.limits.memory_bytes, compiling.limits.wall_s) == (256 * MIB, 20.0)
    assert all(stage.files == () and stage.argv == ("./main",) for stage in cases)
    resized = f"resize {128 * MIB} 64"
    assert seen.sandbox.calls == ["run", "keep", "wipe", resized, "run", "wipe", "run", "wipe", "run"]
    assert seen.cases == ["accepted"] * 3
    assert seen.result.compile is not None
    assert (seen.result.compile["exitCode"], seen.result.compile["cpuMs"]) == (0, 1.0)


@pytest.mark.parametrize("tests", [None, [{"stdin": "1", "expected": "2"}]])
async def test_one_run_finds_a_wiped_box_as_well(tests: Any) -> None:
    seen = await judge(doubler, language="compiled", tests=tests)

    assert seen.sandbox.calls == ["run", "keep", "wipe", f"resize {128 * MIB} 64", "run"]
    assert seen.verdict == ("accepted" if tests else "ok")


@pytest.mark.parametrize(
    ("raw", "verdict", "limit", "how"),
    [
        (wrote(exit_code=1), "compile_error", None, "compile: the compiler exited with 1"),
        (
            wrote(exit_code=None, signal=signal.SIGSEGV),
            "compile_error",
            None,
            "compile: SIGSEGV ended the compiler",
        ),
        (wrote(exit_code=None, limit="wall"), "time_limit", "wall", "compile: ended by"),
        (wrote(exit_code=None, limit="cpu"), "time_limit", "cpu", "compile: ended by"),
        (wrote(oom_kills=1), "memory_limit", "memory", "compile: the kernel's OOM counter"),
        (wrote(exit_code=None, limit="stderr"), "output_limit", "stderr", "compile: ended by"),
        (RawOutcome(not_started=errno.ENOENT), "system_error", "system", "compile: the sandbox could not"),
        (RawOutcome(overdue=True), "time_limit", "wall", "compile: ended by the worker"),
    ],
)
@pytest.mark.parametrize("spec", [{}, {"tests": TESTS}, {"outputFiles": ["out.txt"]}])
async def test_a_compile_that_fails_is_the_end(
    raw: RawOutcome, verdict: str, limit: str, how: str, spec: dict[str, Any]
) -> None:
    seen = await judge(lambda _: raw, language="compiled", **spec)

    assert seen.sandbox.calls == ["run"]
    said = seen.result.to_json()
    assert (said["verdict"], said["evidence"]["limit"]) == (verdict, limit)
    assert said["evidence"]["how"].startswith(how)
    assert (said["exitCode"], said["signal"], said["cpuMs"], said["stdout"]) == (None, None, None, "")
    assert said["compile"]["exitCode"] == raw.exit_code
    if "tests" in spec:
        assert said["cases"] == []
        assert said["tests"] == {"total": 3, "passed": 0, "failed": 0, "skipped": 3}
    if "outputFiles" in spec:
        assert [file["how"] for file in said["files"]] == ["missing"]


async def test_what_the_compiler_says_is_in_its_own_place() -> None:
    def program(stage: Stage) -> RawOutcome:
        words = b"warning" if is_compile(stage) else b""
        return wrote(b"out", stderr=words, stderr_bytes=len(words))

    seen = await judge(program, language="compiled")

    assert (seen.result.compile or {})["stderr"] == "warning"
    assert (seen.result.stdout, seen.result.stderr) == (b"out", b"")


@pytest.mark.parametrize("tests", [None, TESTS])
async def test_a_compile_that_leaves_too_much_to_be_kept_is_an_error_of_its_own(tests: Any) -> None:
    seen = await judge(
        doubler, language="compiled", tests=tests, leaves=lambda _: {"main": bytes(KEPT_BYTES_MAX)}
    )

    assert seen.sandbox.calls == ["run", "keep"]
    assert seen.verdict == "compile_error"
    assert "too much to be kept" in seen.result.evidence.how


@pytest.mark.parametrize("tests", [None, TESTS])
async def test_a_compile_that_leaves_no_room_to_run_is_a_memory_limit(tests: Any) -> None:
    seen = await judge(
        doubler,
        language="compiled",
        limits={"memoryBytes": 16 * MIB},
        tests=tests,
        leaves=lambda _: {"main": bytes(20 * MIB)},
    )

    assert (seen.verdict, seen.result.evidence.limit) == ("memory_limit", "memory")
    assert seen.result.evidence.allowed == 16 * MIB
    assert [stage for stage in seen.sandbox.stages if not is_compile(stage)] == []


@pytest.mark.parametrize(
    ("language", "verdict"),
    [("compiled", "runtime_error"), ("managed", "system_error"), ("tongue", "system_error")],
)
async def test_only_an_image_can_be_to_blame_for_an_interpreter_that_is_missing(
    language: str, verdict: str
) -> None:
    def program(stage: Stage) -> RawOutcome:
        return wrote() if is_compile(stage) else RawOutcome(not_started=errno.ENOENT)

    alone = await judge(program, language=language)
    judged = await judge(program, language=language, tests=TESTS)

    assert alone.verdict == judged.verdict == verdict
    assert f"errno {errno.ENOENT}" in alone.result.evidence.how
    assert len(judged.cases) == (3 if language == "compiled" else 1)  # ours would only come again


@pytest.mark.parametrize("facts", [{"overdue": True}, {"box_oom": True}])
async def test_no_case_is_run_in_a_box_that_ended_with_the_case_before(facts: dict[str, Any]) -> None:
    def program(stage: Stage) -> RawOutcome:
        return RawOutcome(**facts) if stage.stdin == b"2" else doubler(stage)

    seen = await judge(program, tests=TESTS)

    assert seen.cases[0] == "accepted"
    assert seen.verdict in {"time_limit", "memory_limit"}
    assert seen.result.tests == {"total": 3, "passed": 1, "failed": 1, "skipped": 1}


async def test_the_time_of_the_job_ends_the_case_that_runs() -> None:
    clock = Clock()

    def program(stage: Stage) -> RawOutcome:
        clock.now_s += 8
        return wrote() if stage.limits.wall_s > 8 else wrote(exit_code=None, limit="wall")

    seen = await judge(program, bounds=Bounds(job_s=15), clock=clock, tests=TESTS_TO_RUN)

    assert [stage.limits.wall_s for stage in seen.sandbox.stages] == [10, 7]
    assert seen.cases == ["ok", "time_limit"]
    evidence = {"limit": "job", "allowed": 15, "used": 16.0, "how": "ended by the sandbox's init"}
    assert (seen.result.cases or ())[1]["evidence"] == evidence
    assert (seen.verdict, seen.result.evidence.limit) == ("time_limit", "job")
    assert seen.result.tests == {"total": 3, "passed": 1, "failed": 1, "skipped": 1}


@pytest.mark.parametrize(
    ("expected", "verdict", "how"),
    [
        (None, "time_limit", "the time of the job was over before tests[1] was run"),
        ("", "time_limit", "the time of the job was over before tests[1] was run"),
        ("x", "wrong_answer", "tests[0]: the output is not as expected"),  # a failure before it decides
    ],
)
async def test_the_time_of_the_job_skips_the_cases_that_are_left(
    expected: str | None, verdict: str, how: str
) -> None:
    clock = Clock()

    def program(_: Stage) -> RawOutcome:
        clock.now_s += 9.99
        return wrote()

    first = {} if expected is None else {"expected": expected}
    tests = [first, {"stdin": "1"}]
    seen = await judge(program, bounds=Bounds(job_s=10), clock=clock, tests=tests)

    assert len(seen.cases) == 1
    assert seen.verdict == verdict
    assert seen.result.evidence.how.startswith(how)
    assert (seen.result.tests or {})["skipped"] == 1


async def test_a_compile_that_takes_all_the_time_leaves_none_to_run() -> None:
    clock = Clock()

    def program(_: Stage) -> RawOutcome:
        clock.now_s += 10
        return wrote()

    bounds = Bounds(job_s=10)
    seen = await judge(program, bounds=bounds, clock=clock, language="compiled", outputFiles=["a"])

    assert (seen.verdict, seen.result.evidence.limit) == ("time_limit", "job")
    assert len(seen.sandbox.stages) == 1
    assert seen.result.exit_code is None


async def test_a_wall_limit_of_its_own_is_no_matter_of_the_job() -> None:
    seen = await judge(
        lambda _: wrote(exit_code=None, limit="wall"), limits={"wallSeconds": 1}, tests=[{"stdin": "1"}]
    )

    assert (seen.verdict, seen.result.evidence.limit) == ("time_limit", "wall")


async def test_output_files_come_with_the_result() -> None:
    bounds = Bounds(output_files_bytes_max=8)
    left = {"a.txt": "é".encode(), "b.bin": b"\xff\x00", "dir/c": b"x", "d.txt": "12€45".encode(), "e": b"x"}
    seen = await judge(
        lambda _: wrote(exit_code=1),
        bounds=bounds,
        leaves=lambda _: left,
        outputFiles=["a.txt", "nope", "b.bin", "dir", "d.txt", "e"],
    )

    assert seen.verdict == "runtime_error"  # what was written is given whatever the end
    assert seen.result.files == [
        {"path": "a.txt", "how": "whole", "content": "é", "encoding": "utf-8", "bytes": 2},
        {"path": "nope", "how": "missing", "content": "", "encoding": "utf-8", "bytes": 0},
        {"path": "b.bin", "how": "whole", "content": "/wA=", "encoding": "base64", "bytes": 2},
        {"path": "dir", "how": "irregular", "content": "", "encoding": "utf-8", "bytes": 0},
        {"path": "d.txt", "how": "cut", "content": "12", "encoding": "utf-8", "bytes": 7},
        {"path": "e", "how": "cut", "content": "", "encoding": "utf-8", "bytes": 1},
    ]


async def test_a_box_that_ended_has_no_files() -> None:
    seen = await judge(lambda _: RawOutcome(box_oom=True), outputFiles=["a.txt"])

    assert seen.verdict == "memory_limit"
    assert [file["how"] for file in seen.result.files or ()] == ["missing"]


async def test_what_the_box_cannot_do_fails_the_attempt() -> None:
    def program(stage: Stage) -> RawOutcome:
        if stage.stdin == b"2":
            raise SandboxError("the box fell over")
        return doubler(stage)

    with pytest.raises(SandboxError, match="fell over"):
        await judge(program, tests=TESTS)


async def test_a_language_cannot_raise_the_limits_of_its_compile_stage() -> None:
    bounds = Bounds(compile=Limits(memory_bytes=100 * MIB, wall_s=7.0))
    seen = await judge(doubler, bounds=bounds, language="compiled")

    limits = seen.sandbox.stages[0].limits
    assert (limits.memory_bytes, limits.wall_s, limits.processes) == (100 * MIB, 7.0, 32)
