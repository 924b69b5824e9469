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


EVERYWHERE = "0.0.0.0"


@pytest.mark.parametrize(
    ("values", "required"),
    [
        ({}, False),
        ({"host": "127.0.0.9"}, False),
        ({"host": "::1"}, False),
        ({"host": "localhost"}, False),
        ({"host": EVERYWHERE}, True),
        ({"host": "::"}, True),
        ({"host": ""}, True),
        ({"host": "192.0.2.1"}, True),
        ({"host": "api.test"}, True),
        ({"host": "127.0.0.1.nip.test"}, True),
        ({"host": EVERYWHERE, "published": "127.0.0.1"}, False),
        ({"host": EVERYWHERE, "published": "[::1]"}, False),
        ({"host": EVERYWHERE, "published": EVERYWHERE}, True),
        ({"host": "127.0.0.1", "published": EVERYWHERE}, True),
        ({"keys": "required"}, True),
        ({"keys": "off"}, False),
        ({"keys": "off", "host": EVERYWHERE, "published": "127.0.0.1"}, False),
        ({"keys": "off-everywhere", "host": EVERYWHERE}, False),
    ],
)
def test_keys_are_required_beyond_loopback(values: dict[str, str], required: bool) -> None:
    assert ApiSettings.model_validate(values).keys_required is required


@pytest.mark.parametrize("reach", [{"host": EVERYWHERE}, {"published": "192.0.2.1"}, {"host": ""}])
def test_an_api_without_keys_beyond_loopback_must_be_meant(reach: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="SANDFLEET_KEYS=off-everywhere"):
        ApiSettings.model_validate({"keys": "off", **reach})


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
