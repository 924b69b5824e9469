"""Tests of jobs and problems as values: what is read is written again, and what is bad is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet import fields
from fleet.errors import InvalidJob, JobTooLarge
from fleet.job import SourceFile, Submission
from fleet.judging import NO_TESTS, Case, Checker, CheckerKind, Definition, Judging, digest_of
from fleet.limits import MIB, Bounds

BOUNDS = Bounds(env_allowed=frozenset({"LANG", "SEED"}))
JOB: dict[str, Any] = {"problemId": "p", "code": "1", "language": "tongue"}

# --- what may be written, in every shape ---------------------------------------------------------

_text = st.text(st.characters(codec="utf-8"), max_size=8)
_word = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
_limits = st.none() | st.dictionaries(
    st.sampled_from(["cpu_s", "wall_s"]), st.floats(0.05, 15), min_size=1, max_size=2
)
_checkers = st.sampled_from([Checker(kind) for kind in CheckerKind]) | st.builds(
    Checker, st.just(CheckerKind.FLOAT), st.floats(0, 1)
)
_cases = st.builds(
    Case,
    stdin=_text,
    expected=st.none() | _text,
    args=st.none() | st.lists(_word, max_size=3).map(tuple),
    limits=_limits,
    checker=st.none() | _checkers,
    hidden=st.booleans(),
)
_judgings = st.builds(
    Judging,
    cases=st.lists(_cases, min_size=1, max_size=4).map(tuple),
    checker=_checkers,
    stop_on_failure=st.booleans(),
)
_paths = st.lists(st.text("abcé .-", min_size=1, max_size=4), min_size=1, max_size=3).filter(
    lambda parts: not {".", ".."} & set(parts)
)


@st.composite
def _submissions(draw: st.DrawFn) -> Submission:
    # A folder of its own for each, so that none lies below another.
    files = [
        SourceFile(f"{number}/{'/'.join(parts)}", content)
        for number, (parts, content) in enumerate(draw(st.lists(st.tuples(_paths, _text), max_size=3)))
    ]
    judging = draw(st.just(NO_TESTS) | _judgings)
    outputs = [] if judging.cases else draw(st.lists(_paths, max_size=3))
    return Submission(
        problem_id="p",
        code=draw(_text),
        language="tongue",
        stdin="" if judging.cases else draw(_text),
        limits=draw(_limits),
        files=tuple(files),
        args=tuple(draw(st.lists(_word, max_size=3))),
        env=tuple(draw(st.dictionaries(st.sampled_from(["LANG", "SEED"]), _word)).items()),
        output_files=tuple(f"{number}/{'/'.join(parts)}" for number, parts in enumerate(outputs)),
        judging=judging,
    )


@settings(max_examples=200, deadline=None)
@given(_submissions())
def test_a_submission_is_read_as_it_was_written(submission: Submission) -> None:
    assert Submission.from_item(submission.to_spec().encode(), BOUNDS) == submission


@settings(max_examples=200, deadline=None)
@given(st.builds(Definition, _judgings, _limits))
def test_a_definition_is_read_as_it_was_written(definition: Definition) -> None:
    text = definition.to_text()
    again = Definition.from_mapping(json.loads(text), BOUNDS)
    assert again == definition
    assert digest_of(again.to_text()) == digest_of(text)


@settings(max_examples=100, deadline=None)
@given(_submissions())
def test_the_largest_item_is_larger_than_any_job(submission: Submission) -> None:
    escaped = json.dumps(json.loads(submission.to_spec()))
    assert len(escaped) < Bounds().item_bytes_max


def test_items_of_the_largest_jobs_are_looked_at() -> None:
    tight = replace(BOUNDS, tests_bytes_max=40_000, files_bytes_max=20_000, code_bytes_max=10_000)
    submission = Submission(
        "p",
        "\x01" * 10_000,
        "tongue",
        files=tuple(SourceFile(f"{n:02}" + "é" * 126, "\x01" * 312) for n in range(64)),
        args=("\x01" * 255,) * 64,
        judging=Judging(
            tuple(Case("\x01" * 100, "\x01" * 100, hidden=True, checker=Checker()) for _ in range(200))
        ),
    )
    item = json.dumps(json.loads(submission.to_spec())).encode()  # every byte that can be, is escaped
    assert Submission.from_item(item, tight) == submission


def test_what_is_absent_has_its_default() -> None:
    submission = Submission.from_mapping({**JOB, "tests": [{}]}, BOUNDS)
    assert submission.judging == Judging((Case(),))
    assert submission.judging.checker_of(Case()) == Checker(CheckerKind.TRAILING_WHITESPACE)
    assert submission.judging.checker_of(Case(checker=Checker(CheckerKind.EXACT))).kind is CheckerKind.EXACT
    nothing = dict.fromkeys(("files", "args", "env", "outputFiles", "tests", "checker", "stopOnFailure"))
    assert Submission.from_mapping({**JOB, **nothing}, BOUNDS) == Submission.from_mapping(JOB, BOUNDS)


def test_no_arguments_are_not_the_arguments_of_the_job() -> None:
    none, empty = Submission.from_mapping({**JOB, "tests": [{}, {"args": []}]}, BOUNDS).judging.cases
    assert (none.args, empty.args) == (None, ())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("float", Checker(CheckerKind.FLOAT, 1e-6)),
        ({"kind": "float"}, Checker(CheckerKind.FLOAT, 1e-6)),
        ({"kind": "float", "tolerance": 0}, Checker(CheckerKind.FLOAT, 0.0)),
        ({"kind": "float", "tolerance": 1}, Checker(CheckerKind.FLOAT, 1.0)),
        ({"kind": "tokens", "tolerance": None}, Checker(CheckerKind.TOKENS)),
    ],
)
def test_a_checker_is_a_name_or_an_object(said: Any, meant: Checker) -> None:
    assert Checker.read("checker", said) == meant
    assert Checker.read("checker", meant.to_json()) == meant


# --- what may not --------------------------------------------------------------------------------

_F = {"path": "a", "content": ""}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"tests": "7"}, "tests"),
    ({"tests": [{}] * 201}, "tests"),
    ({"tests": [{}, []]}, "tests[1]"),
    ({"tests": [{"input": "x"}]}, "tests[0].input"),
    ({"tests": [{"stdin": None, "expected": 9}]}, "tests[0].expected"),
    ({"tests": [{"stdin": "\ud800"}]}, "tests[0].stdin"),
    ({"tests": [{"args": "x"}]}, "tests[0].args"),
    ({"tests": [{"args": ["a\0"]}]}, "tests[0].args[0]"),
    ({"tests": [{"limits": {"wallSeconds": 31}}]}, "tests[0].limits.wallSeconds"),
    ({"tests": [{"hidden": "no"}]}, "tests[0].hidden"),
    ({"tests": [{"checker": ""}]}, "tests[0].checker"),
    ({"tests": [{"checker": "FLOAT"}]}, "tests[0].checker"),
    ({"tests": [{"checker": 7}]}, "tests[0].checker"),
    ({"tests": [{"checker": []}]}, "tests[0].checker"),
    ({"tests": [{"checker": {}}]}, "tests[0].checker"),
    ({"tests": [{"checker": {"kind": []}}]}, "tests[0].checker"),
    ({"tests": [{"checker": {"kind": "exact", "x": 1}}]}, "tests[0].checker.x"),
    *[
        ({"tests": [{}], "checker": {"kind": "float", "tolerance": bad}}, "checker.tolerance")
        for bad in (-1e-300, 1.1, float("inf"), float("nan"), True, "1", 10**400)
    ],
    ({"tests": [{}], "stopOnFailure": 0}, "stopOnFailure"),
    ({"checker": "exact"}, "checker"),
    ({"stopOnFailure": False}, "stopOnFailure"),
    ({"tests": [{}], "stdin": "x"}, "stdin"),
    ({"tests": [{}], "outputFiles": ["x"]}, "outputFiles"),
    ({"files": {"a": ""}}, "files"),
    ({"files": [_F] * 65}, "files"),
    ({"files": [_F, _F]}, "files[1].path"),
    ({"files": [_F, {"path": "a/b", "content": ""}]}, "files[1].path"),
    ({"files": [{"path": "a/b", "content": ""}, _F]}, "files[0].path"),
    ({"files": [{"path": "a", "content": None}]}, "files[0].content"),
    ({"files": [{"content": ""}]}, "files[0].path"),
    *[
        ({"files": [{"path": bad, "content": ""}]}, "files[0].path")
        for bad in (
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/.",
            "a\0b",
            "a\nb",
            "a\u202eb",
        )
    ],
    *[({"outputFiles": [bad]}, "outputFiles[0]") for bad in ("", "/etc/passwd", "../x", "a//b", "\x1b", 7)],
    ({"outputFiles": ["a", "b", "a"]}, "outputFiles[2]"),
    ({"outputFiles": [str(n) for n in range(17)]}, "outputFiles"),
    ({"args": [7]}, "args[0]"),
    ({"args": ["x"] * 65}, "args"),
    ({"env": []}, "env"),
    ({"env": {"LANG": 7}}, "env.LANG"),
    ({"env": {"LANG": "a\0b"}}, "env.LANG"),
    *[
        ({"env": {bad: "x"}}, f"env.{bad}")
        for bad in ("PATH", "LD_PRELOAD", "lang", "", "A=B", "LANG ", "\0")
    ],
]


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        Submission.from_mapping({**JOB, **changes}, BOUNDS)
    assert refused.value.field == field
    assert not isinstance(refused.value, JobTooLarge)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"files": [{"path": name, "content": "é" * 70_000} for name in "ab"]}, "files"),
        ({"files": [{"path": "x" * 256, "content": ""}]}, "files[0].path"),
        ({"args": ["é" * 4_000] * 3}, "args"),
        ({"env": {"LANG": "x" * 9_000, "SEED": "x" * 9_000}}, "env"),
        ({"tests": [{"stdin": "x" * MIB}] * 5}, "tests"),
        ({"tests": [{"expected": "x" * (4 * MIB + 1)}]}, "tests[0].expected"),
        ({"tests": [{"args": ["x" * 9_000] * 2}]}, "tests[0].args"),
    ],
)
def test_what_is_too_large_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(JobTooLarge) as refused:
        Submission.from_mapping({**JOB, **changes}, BOUNDS)
    assert refused.value.field == field


@pytest.mark.parametrize("key", ["code", "stdin", "files", "problemId", "Tests", "__proto__"])
def test_a_definition_has_no_other_fields(key: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        Definition.from_mapping({"tests": [{}], key: ""}, BOUNDS)
    assert refused.value.field == key


@pytest.mark.parametrize("raw", [{}, {"tests": []}, {"tests": None}, {"limits": {}}])
def test_a_definition_has_a_case(raw: dict[str, Any]) -> None:
    with pytest.raises(InvalidJob) as refused:
        Definition.from_mapping(raw, BOUNDS)
    assert refused.value.field == "tests"


def test_no_file_takes_the_place_of_the_code() -> None:
    files = [{"path": path, "content": ""} for path in ("main.x.y", "lib/main.x", "main")]
    Submission.from_mapping({**JOB, "files": files}, BOUNDS).check_beside("main.x")
    for path in ("main.x", "main.x/y"):
        job = Submission.from_mapping({**JOB, "files": [*files, {"path": path, "content": ""}]}, BOUNDS)
        with pytest.raises(InvalidJob) as refused:
            job.check_beside("main.x")
        assert refused.value.field == "files[3].path"


@pytest.mark.parametrize("filler", ["{}", "[]", "0", '""', '{"a":0}'])
def test_millions_of_values_are_refused_before_they_are_read(filler: str) -> None:
    with pytest.raises(InvalidJob, match="too many values"):
        fields.read_object(f'{{"x":[{",".join([filler] * (fields.VALUES_MAX + 1))}]}}'.encode())


def test_text_that_looks_like_values_is_none() -> None:
    text = ",[{" * fields.VALUES_MAX + '\\"'
    assert fields.read_object(json.dumps({"x": text}).encode()) == {"x": text}
    with pytest.raises(InvalidJob, match="not JSON"):
        fields.read_object(b'{"x":"' + b",[{" * fields.VALUES_MAX)


def test_a_path_has_few_parts() -> None:
    deep = "/".join(["a"] * fields.PATH_PARTS_MAX)
    assert fields.path("p", deep) == deep
    with pytest.raises(InvalidJob, match="parts"):
        fields.path("p", f"{deep}/a")
