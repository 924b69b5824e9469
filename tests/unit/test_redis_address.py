"""The address of Redis: what is understood, and that a refusal never repeats a password."""

from __future__ import annotations

import pytest

from fleet.errors import SettingsError
from fleet.redis_address import SentinelAddress, check_address, sentinel_address
from fleet.settings import FleetSettings, load


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://u:p@h", "unix:///run/redis.sock?db=1"])
def test_the_address_of_a_server_is_left_to_the_library(url: str) -> None:
    check_address(url)
    assert sentinel_address(url) is None


def test_every_part_of_an_address_of_sentinels_is_read() -> None:
    url = (
        "redis+sentinel://u:p%40ss@a:1,b.example,[::1]:3/jobs-1/2?sentinel_username=s&sentinel_password=t%2Fu"
    )
    assert sentinel_address(url) == SentinelAddress(
        master="jobs-1",
        sentinels=(("a", 1), ("b.example", 26379), ("::1", 3)),
        db=2,
        username="u",
        password="p@ss",
        sentinel_username="s",
        sentinel_password="t/u",
    )


def test_what_may_be_left_out_has_a_default() -> None:
    assert sentinel_address("redis+sentinel://a/jobs") == SentinelAddress("jobs", (("a", 26379),))
    only_password = sentinel_address("redis+sentinel://:secret@a/jobs/")
    assert only_password is not None
    assert (only_password.username, only_password.password, only_password.db) == (None, "secret", 0)


def test_passwords_are_not_in_its_text() -> None:
    found = sentinel_address("redis+sentinel://:secret@a/jobs?sentinel_password=secret")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("secret", "begins with none of redis://"),
        ("http://secret", "begins with none of redis://"),
        ("sentinel://secret", "redis\\+sentinel://"),
        ("redis+sentinel://:secret@a", "names no master"),
        ("redis+sentinel://:secret@a/", "names no master"),
        ("redis+sentinel://:secret@a/jo%20bs", "names no master"),
        ("redis+sentinel://:secret@a/jobs/secret", "a database that is not a number"),
        ("redis+sentinel://:secret@a/jobs/0/secret", "a database that is not a number"),
        ("redis+sentinel:///jobs", "no usable host or port at sentinel 1"),
        ("redis+sentinel://a,,b/jobs", "no usable host or port at sentinel 2"),
        ("redis+sentinel://a,b:secret/jobs", "no usable host or port at sentinel 2"),
        ("redis+sentinel://a:0/jobs", "no usable host or port at sentinel 1"),
        ("redis+sentinel://a:65536/jobs", "no usable host or port at sentinel 1"),
        ("redis+sentinel://[::1/jobs", "is not of the form"),
        ("redis+sentinel://a/jobs?secret", "is not of the form"),
        ("redis+sentinel://a/jobs?socket_timeout=secret", "an unknown option"),
    ],
)
def test_what_cannot_work_stops_the_start(url: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_REDIS_URL", url)
    with pytest.raises(SettingsError, match=complaint) as refused:
        load(FleetSettings)
    assert "SANDFLEET_REDIS_URL" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_replicas_cannot_be_fewer_than_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_REDIS_REPLICAS", "-1")
    with pytest.raises(SettingsError, match="SANDFLEET_REDIS_REPLICAS"):
        load(FleetSettings)
