"""How a job is delivered and kept: fields of a submit that are no part of the job itself.

A raw push has none of them. The job's own fields are read by ``fleet.job.Submission``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fleet.errors import InvalidJob
from fleet.webhooks import Policy, callback_url

OPTION_FIELDS = frozenset({"runAt", "delaySeconds", "ttlSeconds", "store", "callbackUrl"})
TTL_S_MIN = 60
STORES = ("source", "none")
# RFC 3339: a time without a zone would be somebody else's.
_DATE, _CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
TIME = rf"^{_DATE}[Tt]{_CLOCK}:[0-9]{{2}}(\.[0-9]{{1,9}})?([Zz]|[+-]{_CLOCK})$"
_TIME = re.compile(TIME)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's bounds on options. Seconds; ``webhooks``: None where there are none."""

    delay_s_max: int = 7 * 86_400
    ttl_s_max: int = 86_400
    webhooks: Policy | None = None

    @property
    def ttl_s_min(self) -> int:
        """The shortest time to keep a result that may be asked for."""
        return min(TTL_S_MIN, self.ttl_s_max)


@dataclass(frozen=True, slots=True)
class Options:
    """What ``fleet.queue.Order`` has beside the job: when to run it, how long to keep what, whom to tell."""

    run_at_ms: int = 0
    delay_ms: int = 0
    ttl_s: int = 0
    keep_source: bool = False
    callback: str = ""

    @classmethod
    def read(cls, raw: Mapping[str, Any], terms: Terms) -> Options:
        """The options in a decoded submit; an absent one or null is the default. Raises ``InvalidJob``."""
        if OPTION_FIELDS.isdisjoint(raw):
            return NO_OPTIONS
        if raw.get("runAt") is not None and raw.get("delaySeconds") is not None:
            raise InvalidJob("delaySeconds", "cannot be asked for beside runAt")
        return cls(
            run_at_ms=_run_at_ms(raw.get("runAt"), terms),
            delay_ms=_delay_ms(raw.get("delaySeconds"), terms),
            ttl_s=_ttl_s(raw.get("ttlSeconds"), terms),
            keep_source=_keep_source(raw.get("store")),
            callback=callback(raw.get("callbackUrl"), terms),
        )


NO_OPTIONS = Options()


def callback(value: Any, terms: Terms) -> str:
    """The address to tell of an end; empty if absent. Raises ``InvalidJob``."""
    return "" if value is None else callback_url("callbackUrl", value, terms.webhooks)


def _run_at_ms(value: Any, terms: Terms) -> int:
    if value is None:
        return 0
    said = value.upper() if isinstance(value, str) and _TIME.fullmatch(value) else "no time"
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        raise InvalidJob("runAt", "must be a time with its zone, such as 2026-01-02T03:04:05Z") from None
    at_ms = (instant - _EPOCH) // timedelta(milliseconds=1)
    if at_ms > (time.time() + terms.delay_s_max) * 1000:
        raise InvalidJob("runAt", f"must be within the next {terms.delay_s_max} seconds")
    return max(at_ms, 0)


def _delay_ms(value: Any, terms: Terms) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidJob("delaySeconds", "must be a number")
    if not 0 <= value <= terms.delay_s_max:
        raise InvalidJob("delaySeconds", f"must be from 0 to {terms.delay_s_max}")
    return round(value * 1000)


def _ttl_s(value: Any, terms: Terms) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidJob("ttlSeconds", "must be a whole number")
    if not terms.ttl_s_min <= value <= terms.ttl_s_max:
        raise InvalidJob("ttlSeconds", f"must be from {terms.ttl_s_min} to {terms.ttl_s_max}")
    return value


def _keep_source(value: Any) -> bool:
    if value is not None and value not in STORES:
        raise InvalidJob("store", f"must be one of {', '.join(STORES)}")
    return bool(value == "source")
