"""A program in a box does, byte for byte, what it does when its interpreter is simply started.

The programs are ``programs/<language>/NAME.<suffix>``, with ``NAME.in`` for those that read. They
print no times and no process numbers; where an interpreter prints an address or its process number
by itself, that alone is left out of the comparison.

All of them run on crun. An engine starts the same init from the same image and differs in the stream
between; it gets those that read, and every second of the others.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from fleet.languages import read_languages
from tests.contract.crun_harness import needs_crun
from tests.languages.side_by_side import ROOT, Program, Seen, boxed, plain, programs_in

FOLDER = ROOT / "tests" / "languages" / "programs"
LANGUAGES = read_languages(ROOT / "sandbox-images")
COMPARED = sorted(folder.name for folder in FOLDER.iterdir())
PROGRAMS = {name: programs_in(FOLDER / name, LANGUAGES[name]) for name in COMPARED}
CRUN_IS_HERE = not needs_crun.args[0]
AT_LEAST = 60  # programs of a language
Outside = dict[str, Future[dict[str, Seen]]]
Inside = Callable[[str], dict[str, dict[str, Seen | BaseException]]]


def for_an_engine(name: str) -> list[Program]:
    """The programs of a language that run on docker as well; where crun cannot be had, all of them."""
    every = 2 if CRUN_IS_HERE else 1
    return [program for at, program in enumerate(PROGRAMS[name]) if at % every == 0 or program.stdin]


RUNS = [
    pytest.param(kind, program, id=f"{kind}-{name}/{program.path.name}", marks=marks)
    for kind, chosen, marks in (("docker", for_an_engine, ()), ("crun", PROGRAMS.__getitem__, needs_crun))
    for name in COMPARED
    for program in chosen(name)
]


@pytest.fixture(scope="module")
def selected(request: pytest.FixtureRequest) -> dict[str, dict[str, list[Program]]]:
    """The programs this run is about, by runtime and language."""
    chosen: dict[str, dict[str, list[Program]]] = {}
    for item in request.session.items:
        params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
        if isinstance(program := params.get("program"), Program):
            chosen.setdefault(params["kind"], {}).setdefault(program.language.name, []).append(program)
    return chosen


@pytest.fixture(scope="module")
def outside(selected: dict[str, dict[str, list[Program]]]) -> Iterator[Outside]:
    """What they do plainly: once for all runtimes, one language after the other beside the boxes."""
    programs = {
        name: {program.name: program for chosen in selected.values() for program in chosen.get(name, ())}
        for name in COMPARED
    }
    with ThreadPoolExecutor(1) as thread:
        yield {
            name: thread.submit(plain, LANGUAGES[name], list(chosen.values()))
            for name, chosen in programs.items()
            if chosen
        }


@pytest.fixture(scope="module")
def inside(selected: dict[str, dict[str, list[Program]]], outside: Outside) -> Inside:
    """What they do in a box, by runtime: all are run when the first of them is asked for."""

    @functools.cache
    def seen(kind: str) -> dict[str, dict[str, Seen | BaseException]]:
        return {name: boxed(kind, chosen) for name, chosen in selected[kind].items()}

    return seen


@pytest.mark.timeout(300)  # the first test runs all programs
@pytest.mark.parametrize(("kind", "program"), RUNS)
def test_a_box_changes_nothing(outside: Outside, inside: Inside, kind: str, program: Program) -> None:
    seen = inside(kind)[program.language.name][program.name]
    assert isinstance(seen, Seen), seen
    plainly = outside[program.language.name].result()
    assert seen.comparable() == plainly[program.name].comparable()


@pytest.mark.parametrize("name", COMPARED)
def test_every_language_has_programs(name: str) -> None:
    assert len(PROGRAMS[name]) >= AT_LEAST
    assert len(for_an_engine(name)) >= AT_LEAST
