"""The subscriber's settings; each description is that setting's line in the README table."""

from __future__ import annotations

import socket

from pydantic import Field, field_validator

from fleet.settings import WebhookSettings

_NAME = r"^[A-Za-z0-9_.-]{1,64}$"
_ATTEMPTS_MAX = 20
_PAUSES_S_MAX = 5 * 86_400  # in sum: what waits is forgotten after a week


class SubscriberSettings(WebhookSettings):
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
    webhook_retry_s: str = Field(
        "10 60 300 1800 7200 21600 43200",
        description="pauses before each further attempt to deliver a webhook, in seconds, give or take "
        "a fifth; after the last it is dead",
    )
    webhook_attempt_s: float = Field(
        10.0,
        gt=0,
        le=60,
        description="seconds an attempt to deliver a webhook may take, half of them to connect",
    )
    webhook_sends_max: int = Field(
        64, ge=2, le=1000, description="webhooks that are sent at once; one key may have half of them"
    )
    webhook_sends_per_host: int = Field(
        8, ge=1, le=1000, description="webhooks that are sent at once to a host of one key"
    )

    @field_validator("webhook_retry_s")
    @classmethod
    def _webhook_retry_s_are_pauses(cls, words: str) -> str:
        found = words.split()
        if not all(word.isdecimal() and len(word) <= 6 for word in found) or len(found) >= _ATTEMPTS_MAX:
            raise ValueError(f"must be fewer than {_ATTEMPTS_MAX} whole numbers of seconds")
        if sum(map(int, found)) > _PAUSES_S_MAX:
            raise ValueError(f"must be at most {_PAUSES_S_MAX} seconds in sum")
        return words

    @property
    def webhook_pauses_s(self) -> tuple[int, ...]:
        """The pauses before each further attempt."""
        return tuple(map(int, self.webhook_retry_s.split()))
