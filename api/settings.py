"""Settings of the API, beside those it shares with the other services."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field, model_validator

from api.options import Terms
from fleet.limits import MIB
from fleet.settings import PREFIX, JobSettings, WebhookSettings


class ApiSettings(JobSettings, WebhookSettings):
    """What the API reads from ``SANDFLEET_*``."""

    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(3000, ge=0, le=65_535, description="port the API listens on; 0 takes a free one")
    published: str = Field(
        "", description="address the API is reached at, where that is not the one it listens on"
    )
    keys: Literal["auto", "required", "off", "off-everywhere"] = Field(
        "auto",
        description="whether every request needs an API key; `auto`: unless the API is on loopback alone and "
        "asked from there, by no other name and through no proxy; `off`: no; it is refused beyond loopback, "
        "`off-everywhere` is not",
    )
    queue_max: int = Field(10_000, ge=1, description="jobs that may wait before new ones are refused")
    problems_max: int = Field(10_000, ge=0, description="problems that may have stored tests")
    problems_bytes_max: int = Field(
        128 * MIB, ge=0, description="bytes that the stored tests of all problems may have together"
    )
    batch_bytes_max: int = Field(16 * MIB, ge=1, description="largest body of a batch, in bytes")
    delay_s_max: int = Field(
        604_800, ge=0, description="longest a job may ask to wait before it runs, in seconds"
    )
    wait_s_max: int = Field(60, ge=0, description="longest `Prefer: wait` that is honoured, in seconds")
    waiters_max: int = Field(
        2_000, ge=0, description="requests that may wait for a result, or follow a job, at once"
    )
    connections_max: int = Field(4_096, ge=1, description="HTTP connections that may be open at once")
    body_s: float = Field(10.0, gt=0, description="seconds a request body may take to arrive")
    bodies_bytes_max: int = Field(
        256 * MIB, ge=1, description="bytes of request bodies that may be held at once, all together"
    )
    stop_s: float = Field(10.0, gt=0, description="seconds open requests are given when the API stops")

    @model_validator(mode="after")
    def _room_for_one(self) -> ApiSettings:
        if self.waiters_max >= self.connections_max:
            raise ValueError(
                f"{PREFIX}WAITERS_MAX must stay below {PREFIX}CONNECTIONS_MAX, or requests that wait "
                "shut everyone else out"
            )
        largest = max(self.bounds.item_bytes_max, self.batch_bytes_max)
        if self.bodies_bytes_max < largest:
            raise ValueError(
                f"{PREFIX}BODIES_BYTES_MAX must be at least {largest}, the size of one largest body for "
                f"{PREFIX}CODE_BYTES_MAX, {PREFIX}STDIN_BYTES_MAX and {PREFIX}BATCH_BYTES_MAX"
            )
        return self

    @model_validator(mode="after")
    def _not_open_by_mistake(self) -> ApiSettings:
        if self.keys == "off" and not self.is_on_loopback:
            raise ValueError(
                f"{PREFIX}KEYS=off would let everybody who reaches {self.published or self.host} run code "
                f"and read all results: leave it at auto and make keys (make key NAME=...), or, if that is "
                f"what you want, say {PREFIX}KEYS=off-everywhere"
            )
        return self

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the API."""
        host = (self.published or self.host).strip("[]")
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def keys_required(self) -> bool:
        """Whether every request needs an API key."""
        return self.keys == "required" or (self.keys == "auto" and not self.is_on_loopback)

    @property
    def terms(self) -> Terms:
        """The settings as the bounds of what a job may ask beside itself."""
        return Terms(delay_s_max=self.delay_s_max, ttl_s_max=self.retention_s, webhooks=self.webhook_policy)
