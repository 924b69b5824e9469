"""What all language folders have in common."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleet.job import Verdict
from fleet.languages import read_languages
from fleet.limits import Bounds, read_limits
from setup.engine import SetupError
from setup.images import known, read_bases, wanted
from tests.house.source import ROOT

FOLDER = ROOT / "sandbox-images"
LANGUAGES = read_languages(FOLDER)
SHARED = "# No setuid programs, no package manager state"
BESIDE = {".out", ".in", ".exit", ".verdict", ".limits", ".files"}


def dockerfile(name: str) -> str:
    return (FOLDER / name / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_image_begins_and_ends_the_same(name: str) -> None:
    text, pattern = dockerfile(name), dockerfile(min(LANGUAGES))
    begin, end = "ARG BASE\nARG INIT\nFROM ${INIT} AS init\nFROM ${BASE}\nUSER root\n", text.index(SHARED)
    assert text[end:] == pattern[pattern.index(SHARED) :]
    assert begin in text[:end]
    assert "apt" not in text[:end]


@pytest.mark.parametrize("name", LANGUAGES)
def test_everything_beside_an_example_belongs_to_one(name: str) -> None:
    suffix = Path(LANGUAGES[name].file).suffix
    paths = sorted((FOLDER / name / "examples").iterdir())
    sources = {path.stem for path in paths if path.suffix == suffix}
    assert [path.name for path in paths if path.stem not in sources] == []
    assert {path.suffix for path in paths} <= {suffix, *BESIDE}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/examples/*.limits")), ids=str)
def test_limits_of_examples_are_those_of_a_submit(path: Path) -> None:
    assert read_limits("limits", json.loads(path.read_text("utf-8")), Bounds())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/examples/*.verdict")), ids=str)
def test_verdicts_of_examples_are_verdicts(path: Path) -> None:
    assert path.read_text("utf-8").strip() in set(Verdict)
    assert not path.with_suffix(".out").exists()  # nobody would compare it


def test_a_first_start_builds_the_starters_and_keeps_what_is_there_current() -> None:
    starters = [name for name, language in LANGUAGES.items() if language.starter]
    others = [name for name in LANGUAGES if name not in starters]
    assert wanted(read_bases(), ()) == starters
    assert others
    assert set(wanted(read_bases(), {others[0]})) == {*starters, others[0]}
    assert wanted(read_bases(), set(LANGUAGES)) == list(LANGUAGES)


def test_a_part_can_be_asked_for() -> None:
    first, *_, last = LANGUAGES
    assert known(LANGUAGES, [last, first, last]) == [first, last]
    assert known(LANGUAGES, []) == []
    with pytest.raises(SetupError, match="there is no language nothing; there are"):
        known(LANGUAGES, [first, "nothing"])
