"""The mutants of queue and deliveries are of the scripts as they are: a line that is gone breaks nothing."""

from __future__ import annotations

from collections import Counter

from tests.contract import delivery_mutants, queue_mutants
from tests.contract.queue_mutants import ROOT

MUTANTS = [*queue_mutants.MUTANTS, *delivery_mutants.MUTANTS]
SUITE = [*queue_mutants.SUITE, *delivery_mutants.SUITE]


def test_every_mutant_has_its_line() -> None:
    texts = {mutant.path: (ROOT / "fleet" / mutant.path).read_text() for mutant in MUTANTS}
    stale = [mutant.name for mutant in MUTANTS if texts[mutant.path].count(mutant.line) != 1]
    assert stale == []


def test_every_mutant_is_a_change_of_its_own() -> None:
    assert [mutant.name for mutant in MUTANTS if mutant.line == mutant.becomes] == []
    assert [name for name, count in Counter(mutant.name for mutant in MUTANTS).items() if count > 1] == []


def test_the_suite_that_must_notice_is_there() -> None:
    assert [name for name in SUITE if not (ROOT / "tests/contract" / name).is_file()] == []
