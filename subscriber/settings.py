"""The subscriber's settings; each description is that setting's line in the README table."""

from __future__ import annotations

import socket

from pydantic import Field

from fleet.settings import FleetSettings

_NAME = r"^[A-Za-z0-9_.-]{1,64}$"


class SubscriberSettings(FleetSettings):
    """What the subscriber reads from ``SANDFLEET_*``."""

    group: str = Field(
        "subscriber",
        pattern=_NAME,
        description="consumer group; subscribers of one group share the completions, another group gets all",
    )
    consumer: str = Field(
        default_factory=socket.gethostname,
        pattern=_NAME,
        description="name of this subscriber in its group; default: the host's name",
    )
    takeover_s: float = Field(
        30.0, ge=1, description="seconds after which what a silent peer has not acknowledged is taken over"
    )
    metrics_host: str = Field("127.0.0.1", description="address that metrics and health are served on")
    metrics_port: int = Field(
        9102, ge=0, le=65_535, description="port that metrics and health are served on; 0: not at all"
    )
