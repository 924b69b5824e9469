"""The examples of every language come out as their folders say."""

from __future__ import annotations

import pytest

from fleet.languages import read_languages
from tests.contract.sandbox_harness import REAL
from tests.languages.side_by_side import ROOT, Program, Seen, boxed, programs_in

LANGUAGES = read_languages(ROOT / "sandbox-images")
EXAMPLES = [
    example
    for language in LANGUAGES.values()
    for example in programs_in(ROOT / "sandbox-images" / language.name / "examples", language)
]


def _expected(example: Program) -> Seen:
    status = example.path.with_suffix(".exit")
    return Seen(
        int(status.read_text()) if status.exists() else 0,
        example.path.with_suffix(".out").read_bytes(),
        b"",
    )


@pytest.mark.parametrize("kind", REAL)
@pytest.mark.parametrize("name", LANGUAGES)
def test_examples_of(name: str, kind: str) -> None:
    examples = [example for example in EXAMPLES if example.language.name == name]
    assert {"hello"} <= {example.name for example in examples}
    assert boxed(kind, examples) == {example.name: _expected(example) for example in examples}
