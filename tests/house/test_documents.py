"""README.md and docs/openapi.json agree with the code."""

from __future__ import annotations

import re

from fleet.job import Verdict
from setup import openapi, readme_tables
from tests.house.source import ROOT

README = (ROOT / "README.md").read_text()


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    assert readme_tables.rewritten(README) == README, "make docs-tables mends it"


def test_the_readme_has_every_table() -> None:
    assert set(re.findall(r"<!-- table:(\w+) -->", README)) == {"settings", "verdicts", "http", "limits"}


def test_every_verdict_is_explained() -> None:
    assert set(readme_tables.VERDICTS) == set(Verdict)


def test_a_table_is_written_between_its_marks_and_nowhere_else() -> None:
    text = "before\n<!-- table:verdicts -->\nold\n<!-- /table -->\nafter\n"
    once = readme_tables.rewritten(text)
    assert once.startswith("before\n<!-- table:verdicts -->\n| verdict |")
    assert once.endswith("<!-- /table -->\nafter\n")
    assert "old" not in once
    assert readme_tables.rewritten(once) == once


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)\b(?! it)", README)) - targets - {"up"} == set()


def test_the_description_of_the_api_is_that_of_the_code() -> None:
    assert openapi.text() == openapi.SNAPSHOT.read_text(), "make openapi mends it"
