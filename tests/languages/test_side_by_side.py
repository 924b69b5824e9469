"""A program in a box does, byte for byte, what it does when its interpreter is simply started.

The programs are ``programs/<language>/NAME.<suffix>``, with ``NAME.in`` for those that read. They
print no times and no process numbers; where an interpreter prints an address or its process number
by itself, that alone is left out of the comparison.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet.languages import read_languages
from tests.contract.sandbox_harness import REAL
from tests.languages.side_by_side import ROOT, Program, Seen, boxed, plain, programs_in

LANGUAGES = read_languages(ROOT / "sandbox-images")
PROGRAMS = [
    program
    for language in LANGUAGES.values()
    for program in programs_in(ROOT / "tests" / "languages" / "programs" / language.name, language)
]
Sides = dict[str, tuple[dict[str, Seen], dict[str, Seen | BaseException]]]


@pytest.fixture(scope="module", params=REAL)
def sides(request: pytest.FixtureRequest) -> Sides:
    """What the selected programs of each language did, plainly and in a box."""
    selected: dict[str, list[Program]] = {}
    for item in request.session.items:
        program = getattr(item, "callspec", None) and item.callspec.params.get("program")  # type: ignore[attr-defined]
        if isinstance(program, Program) and item.module is request.module:  # type: ignore[attr-defined]
            selected.setdefault(program.language.name, []).append(program)
    with ThreadPoolExecutor(
        len(selected)
    ) as threads:  # the plain side keeps one CPU busy, the engine the other
        outside = {name: threads.submit(plain, LANGUAGES[name], chosen) for name, chosen in selected.items()}
        inside = {name: boxed(request.param, chosen) for name, chosen in selected.items()}
        return {name: (outside[name].result(), inside[name]) for name in selected}


@pytest.mark.timeout(300)  # the first test runs all programs
@pytest.mark.parametrize(
    "program", PROGRAMS, ids=lambda program: f"{program.language.name}/{program.path.name}"
)
def test_a_box_changes_nothing(sides: Sides, program: Program) -> None:
    outside, inside = sides[program.language.name]
    seen = inside[program.name]
    assert isinstance(seen, Seen), seen
    assert seen.comparable() == outside[program.name].comparable()


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_has_programs(name: str) -> None:
    assert sum(program.language.name == name for program in PROGRAMS) >= 65
