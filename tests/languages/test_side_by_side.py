"""A program in a box does, byte for byte, what it does when its interpreter is simply started.

The programs are ``programs/<language>/NAME.<suffix>``, with ``NAME.in`` for those that read. They
print no times and no process numbers; where an interpreter prints an address or its process number
by itself, that alone is left out of the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

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
Outside = dict[str, Future[dict[str, Seen]]]
Inside = dict[str, dict[str, Seen | BaseException]]


@pytest.fixture(scope="module")
def selected(request: pytest.FixtureRequest) -> dict[str, list[Program]]:
    """The programs this run is about, by language."""
    chosen: dict[str, list[Program]] = {}
    for item in request.session.items:
        program = getattr(item, "callspec", None) and item.callspec.params.get("program")  # type: ignore[attr-defined]
        if isinstance(program, Program) and program not in chosen.setdefault(program.language.name, []):
            chosen[program.language.name].append(program)
    return chosen


@pytest.fixture(scope="module")
def outside(selected: dict[str, list[Program]]) -> Iterator[Outside]:
    """What they do plainly: once for all runtimes, one language after the other beside the boxes."""
    with ThreadPoolExecutor(1) as thread:
        yield {name: thread.submit(plain, LANGUAGES[name], chosen) for name, chosen in selected.items()}


@pytest.fixture(scope="module", params=REAL)
def inside(request: pytest.FixtureRequest, selected: dict[str, list[Program]], outside: Outside) -> Inside:
    """What they do in a box."""
    return {name: boxed(request.param, chosen) for name, chosen in selected.items()}


@pytest.mark.timeout(300)  # the first test runs all programs
@pytest.mark.parametrize(
    "program", PROGRAMS, ids=lambda program: f"{program.language.name}/{program.path.name}"
)
def test_a_box_changes_nothing(outside: Outside, inside: Inside, program: Program) -> None:
    seen = inside[program.language.name][program.name]
    assert isinstance(seen, Seen), seen
    plainly = outside[program.language.name].result()
    assert seen.comparable() == plainly[program.name].comparable()


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_has_programs(name: str) -> None:
    assert sum(program.language.name == name for program in PROGRAMS) >= 65
