"""The order of all tests, and what each gets: an environment without settings of whoever runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from xdist.remote import Producer

from tests.schedule import Schedule, in_order


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first."""
    items[:] = in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Schedule:
    """Who runs what, where several processes share the run."""
    return Schedule(config, log)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test starts without ``SANDFLEET_*``: a developer's settings must not decide its outcome."""
    for name in [name for name in os.environ if name.startswith("SANDFLEET_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_logging_of_others() -> Iterator[None]:
    """What a test configured of logging, such as a captured stdout, ends with it."""
    yield
    structlog.reset_defaults()
