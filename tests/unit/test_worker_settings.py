"""The worker's settings fit together, or the worker does not start."""

from __future__ import annotations

import os

import pytest
from pydantic import ValidationError

from fleet.errors import SettingsError
from fleet.settings import load
from worker.settings import WorkerSettings
from worker.spares import Stock


def test_the_defaults_fit_together() -> None:
    settings = load(WorkerSettings)

    assert settings.slots == os.cpu_count()
    assert settings.stock == Stock(min(2, settings.slots), 6 * settings.slots, 300)
    assert settings.drain_s > settings.wall_s_max
    assert settings.worker_name


@pytest.mark.parametrize(
    ("spares", "spares_max", "floor", "ceiling"),
    [
        (None, None, 2, 24),
        (None, 1, 1, 1),
        (0, None, 0, 0),
        (0, 3, 0, 3),
        (3, None, 3, 24),
        (20, None, 20, 120),
        (3, 3, 3, 3),
    ],
)
def test_spares_have_a_floor_and_a_ceiling(
    spares: int | None, spares_max: int | None, floor: int, ceiling: int
) -> None:
    settings = WorkerSettings(slots=4, spares=spares, spares_max=spares_max)

    assert settings.stock == Stock(floor, ceiling, 300)


def test_a_floor_above_the_ceiling_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="SANDFLEET_SPARES is above SANDFLEET_SPARES_MAX"):
        WorkerSettings(spares=3, spares_max=2)


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
