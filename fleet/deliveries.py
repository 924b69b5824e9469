"""Deliveries: what callback URLs are to be told, and how that stands.

The end of a job or batch that has a callback URL makes one, in the same step. Senders lease those
that are due and settle each attempt; a lease that runs out makes a delivery due again, so each is
sent at least once, and always under the same id. ``Deliveries`` is the seam; ``RedisDeliveries``
implements it, ``fleet.testing_deliveries.FakeDeliveries`` does in memory, and one contract suite
(``tests/contract/test_deliveries.py``) runs against both.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fleet import keys
from fleet.errors import DeliveriesFull
from fleet.job import JOB_ID_PATTERN
from fleet.redis_client import RedisClients
from fleet.redis_forms import text

LIST_MAX = 100  # deliveries that are listed at once
_CLAIM_HEAD, _CLAIM_FIELDS = 5, 9  # of the answer of the script: its beginning, and each delivery
_REASON_CHARS_MAX = 200
_RETRY_AFTER_S = 60


class DeliveryState(StrEnum):
    """Where a delivery is in its life; only a redelivery leads back to ``pending``."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; it may be redelivered


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went. ``status`` is that of the receiver's answer; None: there was no answer."""

    number: int
    at_ms: int
    status: int | None
    took_ms: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery as it stands. Times are of the server's clock; ``body`` is what is sent."""

    delivery_id: str
    state: DeliveryState
    owner: str
    event: str  # job.done or batch.done
    subject_id: str  # the id of that job or batch
    url: str
    attempts: int  # begun so far
    created_at_ms: int
    changed_at_ms: int  # when it came to be in this state
    due_at_ms: int | None  # while it is pending: when it is tried next, or the lease of its sender ends
    history: Sequence[Attempt]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A delivery leased to a sender. ``fence`` proves the lease: only its holder may settle it."""

    delivery_id: str
    fence: str
    owner: str
    event: str
    subject_id: str
    url: str
    body: bytes
    attempt: int  # 1 for the first
    receiver: str  # the host of the URL, of this owner; opaque


@dataclass(frozen=True, slots=True)
class Share:
    """What one sender may have under way at once, and how it leases."""

    lease_s: float = 30.0
    receiver_max: int = 8
    owner_max: int = 32
    attempts_max: int = 8


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to a claim. ``next_s``: when to ask again unless woken; None: nothing waits."""

    sendings: Sequence[Sending] = ()
    next_s: float | None = None
    pending: int = 0
    dead: int = 0
    oldest_s: float = 0.0  # how long the oldest has been pending


@dataclass(frozen=True, slots=True)
class Attempted:
    """How an attempt went: what the delivery is now, and if it is pending, after which pause."""

    state: DeliveryState
    reason: str
    status: int | None = None
    took_ms: int = 0
    pause_s: float = 0.0


class Deliveries(Protocol):
    """Every method is one round trip, may raise ``QueueUnavailable``, and may be sent again."""

    async def claim(self, want: int, share: Share, busy: Mapping[str, int]) -> Claimed:
        """Lease up to ``want`` deliveries that are due. ``busy``: how many of each receiver this sender
        has. One that was begun ``share.attempts_max`` times and never settled is dead."""

    async def settle(self, sending: Sending, attempted: Attempted) -> bool:
        """Store how an attempt went; False if the lease was lost, and then nothing is stored."""

    async def get(self, delivery_id: str) -> Delivery | None:
        """The delivery, or None if it is unknown or no longer kept."""

    async def listed(
        self, owner: str | None, states: Sequence[DeliveryState], *, first: int = 0, count: int = LIST_MAX
    ) -> list[Delivery]:
        """Deliveries of an owner (None: of all) in these states, from the ``first`` (0) on: the one that
        came last to be in its state comes first."""

    async def redeliver(self, delivery_id: str) -> bool:
        """Send it anew, with all its attempts; one that waits, now. False if it is unknown.

        Raises ``DeliveriesFull`` if as many of its owner wait as may.
        """


class RedisDeliveries:
    """``Deliveries`` on Redis. Belongs to one event loop; closing ``clients`` closes it."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients
        self._sender = secrets.token_hex(8)
        self._unanswered: str | None = None  # nonce of a claim whose answer never came

    async def claim(self, want: int, share: Share, busy: Mapping[str, int]) -> Claimed:
        """Lease up to ``want`` deliveries that are due.

        When the answer to an earlier call never came, its nonce is used once more, and what that call
        leased is given now.
        """
        self._unanswered = self._unanswered or secrets.token_hex(8)
        answer = await self._redis.run(
            "deliveries_claim",
            *(self._sender, self._unanswered, want, int(share.lease_s * 1000)),
            *(
                share.receiver_max,
                share.owner_max,
                share.attempts_max,
                *(part for pair in busy.items() for part in pair),
            ),
        )
        self._unanswered = None
        _now, next_ms, pending, dead, oldest_ms = answer[:_CLAIM_HEAD]
        fields = answer[_CLAIM_HEAD:]
        return Claimed(
            sendings=[_sending(fields[i : i + _CLAIM_FIELDS]) for i in range(0, len(fields), _CLAIM_FIELDS)],
            next_s=None if next_ms < 0 else next_ms / 1000,
            pending=pending,
            dead=dead,
            oldest_s=oldest_ms / 1000,
        )

    async def settle(self, sending: Sending, attempted: Attempted) -> bool:
        """Store how an attempt went; False if the lease was lost."""
        reason = attempted.reason[:_REASON_CHARS_MAX].encode("utf-8", "replace")
        answer = await self._redis.run(
            "deliveries_settle",
            *(sending.delivery_id, sending.fence, attempted.state, attempted.status or 0),
            *(attempted.took_ms, int(attempted.pause_s * 1000), reason),
        )
        return bool(answer == b"ok")

    async def get(self, delivery_id: str) -> Delivery | None:
        """The delivery, or None if it is unknown or no longer kept."""
        if not JOB_ID_PATTERN.fullmatch(delivery_id):
            return None
        found = await self._redis.call("HGETALL", keys.delivery(delivery_id))
        return _delivery(delivery_id, found) if found.get(b"state") else None

    async def listed(
        self, owner: str | None, states: Sequence[DeliveryState], *, first: int = 0, count: int = LIST_MAX
    ) -> list[Delivery]:
        """Deliveries of an owner (None: of all) in these states."""
        which = (0, "") if owner is None else (1, owner)
        rows = await self._redis.run("deliveries_list", *which, first, min(count, LIST_MAX), *states)
        return [
            _delivery(text(delivery_id), dict(zip(fields[::2], fields[1::2], strict=True)))
            for delivery_id, fields in rows
        ]

    async def redeliver(self, delivery_id: str) -> bool:
        """Send it anew; one that waits, now. False if it is unknown. Raises ``DeliveriesFull``."""
        if not JOB_ID_PATTERN.fullmatch(delivery_id):
            return False
        answer = await self._redis.run("deliveries_redeliver", delivery_id)
        if answer == b"full":
            raise DeliveriesFull(_RETRY_AFTER_S)
        return bool(answer == b"ok")


def _sending(fields: Sequence[bytes]) -> Sending:
    delivery_id, fence, owner, event, subject_id, url, body, attempt, receiver = fields
    return Sending(
        delivery_id=text(delivery_id),
        fence=text(fence),
        owner=text(owner),
        event=text(event),
        subject_id=text(subject_id),
        url=text(url),
        body=body,
        attempt=int(attempt),
        receiver=text(receiver),
    )


def _delivery(delivery_id: str, found: Mapping[bytes, bytes]) -> Delivery:
    attempts = int(found[b"attempts"])
    noted = [(number, found.get(b"attempt:%d" % number)) for number in range(attempts + 1)]
    return Delivery(
        delivery_id=delivery_id,
        state=DeliveryState(text(found[b"state"])),
        owner=text(found[b"owner"]),
        event=text(found[b"event"]),
        subject_id=text(found[b"subject"]),
        url=text(found[b"url"]),
        attempts=attempts,
        created_at_ms=int(found[b"created"]),
        changed_at_ms=int(found[b"updated"]),
        due_at_ms=int(found[b"due"]) if b"due" in found else None,
        history=tuple(_attempt(number, said) for number, said in noted if said),
        body=text(found[b"body"]),
    )


def _attempt(number: int, said: bytes) -> Attempt:
    at_ms, status, took_ms, reason = text(said).split(" ", 3)
    return Attempt(number, int(at_ms), int(status) or None, int(took_ms), reason)
