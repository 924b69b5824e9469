"""The scripts as they are put together: whole, documented, and known by the name Redis gives them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import fleet
from fleet import keys
from fleet.queue import CRASHES_MAX
from fleet.scripts import script

FOLDER = Path(fleet.__file__).parent / "lua"
VERBS = sorted(path.stem for path in FOLDER.glob("*.lua") if not path.stem.startswith("_"))


@pytest.mark.parametrize("verb", VERBS)
def test_a_script_holds_the_keys_and_what_it_includes(verb: str) -> None:
    found = script(verb)
    assert found.text.startswith(keys.lua_table())
    assert f"local CRASHES_MAX = {CRASHES_MAX}\n" in found.text
    assert found.sha == hashlib.sha1(found.text.encode(), usedforsecurity=False).hexdigest()
    assert (FOLDER / f"{verb}.lua").read_text() in found.text
    for called in re.findall(r"\b(requeue|wake_someone|ready_total|end_job|standing|take_in)\(", found.text):
        assert f"local function {called}(" in found.text, called


@pytest.mark.parametrize("verb", VERBS)
def test_a_script_says_what_it_does_takes_and_returns(verb: str) -> None:
    lines = (FOLDER / f"{verb}.lua").read_text().splitlines()
    head = [line for line in lines if not line.startswith("-- include:")]
    assert head[0].startswith(f"-- {verb}: ")
    comment = "\n".join(line for line in head if line.startswith("--"))
    body = "\n".join(line for line in head if not line.startswith("--"))
    assert ("ARGV" in body) == ("-- ARGV" in comment)
    assert ("KEYS[1]" in body) == ("-- KEYS" in comment)
    assert "-- Returns" in comment


@pytest.mark.parametrize("path", sorted(FOLDER.glob("_*.lua")), ids=lambda path: path.name)
def test_what_is_included_is_used(path: Path) -> None:
    heads = [file.read_text().splitlines()[0] for file in FOLDER.glob("*.lua")]
    assert path.stem == "_prelude" or any(path.stem in head.split() for head in heads)


def test_an_unknown_verb_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        script("no-such-verb")
