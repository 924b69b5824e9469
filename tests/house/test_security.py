"""SECURITY.md agrees with the profile, and the profile with those who try it."""

from __future__ import annotations

import pytest

from setup.security_tables import CASES, INSIDE, WITNESSES, rewritten
from tests.house.source import ROOT
from worker.profile import PROFILE

SECURITY = (ROOT / "SECURITY.md").read_text()


def test_the_table_of_the_profile_is_that_of_the_code() -> None:
    assert "<!-- table:profile -->" in SECURITY
    assert rewritten(SECURITY) == SECURITY, "make docs-tables mends it"


def test_every_line_of_the_profile_is_listed() -> None:
    assert list(WITNESSES) == [line.key for line in PROFILE]


@pytest.mark.parametrize("name", sorted({name for names in WITNESSES.values() for name in names}))
def test_every_witness_is_there(name: str) -> None:
    if name.startswith("test_"):
        assert f"def {name}(" in (ROOT / INSIDE).read_text()
    else:
        assert (ROOT / CASES / name).is_file()


def test_a_table_is_written_between_its_marks_and_nowhere_else() -> None:
    text = "before\n<!-- table:profile -->\nold\n<!-- /table -->\nafter\n"
    once = rewritten(text)
    assert once.startswith("before\n<!-- table:profile -->\n| line | stops |")
    assert once.endswith("<!-- /table -->\nafter\n")
    assert "old" not in once
    assert rewritten(once) == once
