"""The worker's settings fit together, or the worker does not start."""

from __future__ import annotations

import os

import pytest

from fleet.errors import SettingsError
from fleet.settings import load
from worker.settings import WorkerSettings


def test_the_defaults_fit_together() -> None:
    settings = load(WorkerSettings)

    assert settings.slots == os.cpu_count()
    assert settings.spares_per_language == settings.slots
    assert settings.drain_s > settings.wall_s_max
    assert settings.worker_name


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("DRAIN_S", "10", "SANDFLEET_DRAIN_S is 10"),
        ("WALL_S_MAX", "60", "SANDFLEET_DRAIN_S"),
        ("SPARE_MAX_AGE_S", "1", "SANDFLEET_SPARE_MAX_AGE_S is below"),
        ("RUNTIME", "magic", "SANDFLEET_RUNTIME"),
        ("DOCKER_HOST", "tcp://10.0.0.1:2375", "SANDFLEET_DOCKER_HOST"),
        ("OCI_RUNTIME", "runc; rm", "SANDFLEET_OCI_RUNTIME"),
        ("SLOTS", "0", "SANDFLEET_SLOTS"),
        ("FLEET", "a b", "SANDFLEET_FLEET"),
        ("SLOT", "2", "unknown setting SANDFLEET_SLOT"),
    ],
)
def test_what_cannot_work_is_named(
    name: str, value: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SANDFLEET_{name}", value)

    with pytest.raises(SettingsError, match=complaint):
        load(WorkerSettings)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in WorkerSettings.model_fields.values())
