"""What one process of a shared run keeps together, and that nothing it names is gone."""

from __future__ import annotations

import pytest

from tests import schedule
from tests.house.source import ROOT

CASES = "tests/abuse/test_cases.py"


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        (f"{CASES}::test_case[docker-time/a1_spin.py]", f"{CASES} docker"),
        (f"{CASES}::test_case[crun-time/docker.py]", f"{CASES} crun"),
        (f"{CASES}::test_all_together_leave_nothing[crun]", f"{CASES} crun"),
        ("tests/acceptance/test_cluster.py::test_up_again_changes_nothing", "tests/acceptance"),
        ("tests/acceptance/test_jobs.py::test_hello[one]", "tests/acceptance"),
        ("tests/acceptance/test_keys.py::test_it", "tests/acceptance"),
        ("tests/acceptance/test_dev.py::test_it[docker]", "tests/acceptance/test_dev.py"),
        ("tests/unit/test_keys.py::test_names[docker-a::b]", "tests/unit/test_keys.py"),
    ],
)
def test_the_unit_of_a_test(test: str, unit: str) -> None:
    assert schedule.unit_of(test) == unit


@pytest.mark.parametrize("unit", schedule.FIRST)
def test_what_comes_first_is_there(unit: str) -> None:
    assert (ROOT / unit.partition(" ")[0]).exists()
