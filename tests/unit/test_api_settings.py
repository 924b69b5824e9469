"""The API's settings contradict neither each other nor the HTTP contract."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.settings import ApiSettings


def test_the_defaults_listen_on_loopback_only() -> None:
    settings = ApiSettings()
    assert (settings.host, settings.port, settings.queue_max) == ("127.0.0.1", 3000, 10_000)


def test_every_setting_is_described() -> None:
    assert [name for name, field in ApiSettings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"waiters_max": 100, "connections_max": 100}, "SANDFLEET_WAITERS_MAX"),
        ({"bodies_bytes_max": 1_000_000}, "SANDFLEET_BODIES_BYTES_MAX"),
        ({"port": 65_536}, "port"),
        ({"queue_max": 0}, "queue_max"),
    ],
)
def test_what_cannot_work_is_refused(values: dict[str, int], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        ApiSettings.model_validate(values)
