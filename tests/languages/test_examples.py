"""The examples of every language come out as their folders say.

All of them run on an engine. crun starts the same init from the same image, but has to unpack it first,
which takes longer than the examples: it gets those languages whose images other tests unpack as well.
"""

from __future__ import annotations

import pytest

from fleet.languages import read_languages
from tests.contract.crun_harness import needs_crun
from tests.languages.examples import ROOT, Example, examples_of, judged
from worker.results import Outcome

LANGUAGES = read_languages(ROOT / "sandbox-images")
RUNS = [
    *(pytest.param("docker", name, id=f"docker-{name}") for name in LANGUAGES),
    *(
        pytest.param("crun", name, id=f"crun-{name}", marks=needs_crun)
        for name, language in LANGUAGES.items()
        if language.starter
    ),
]
SHOWN = {"hello", "sum_of_numbers", "unicode", "exit_code", "time_limit", "memory_limit"}


def wrong(example: Example, outcome: Outcome | BaseException) -> str:
    """What is not as its folder says; empty if all is."""
    if isinstance(outcome, BaseException):
        return repr(outcome)
    run, compiled = outcome.run, outcome.compile
    if outcome.verdict != example.verdict:
        return f"{outcome.verdict} ({outcome.evidence}), {run}, {compiled}"
    if outcome.verdict == "compile_error":
        assert compiled is not None
        return "" if compiled.stdout + compiled.stderr else "the compiler does not say why"
    if outcome.verdict in ("ok", "runtime_error"):
        assert run is not None
        seen = run.exit_code, run.stdout.decode(), run.stderr.decode()
        return "" if seen == (example.exit_code, example.stdout, "") else repr(seen)
    return ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "name"), RUNS)
def test_examples_of(kind: str, name: str) -> None:
    examples = examples_of(LANGUAGES[name])
    outcomes = judged(kind, examples)
    found = {example.name: wrong(example, outcomes[example.name]) for example in examples}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_every_language_shows(name: str) -> None:
    language = LANGUAGES[name]
    wanted = SHOWN | ({"compile_error"} if language.compile else set())
    assert wanted <= {example.name for example in examples_of(language)}
