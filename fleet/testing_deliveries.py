"""For tests: ``Deliveries`` in memory, held to the contract suite, with a clock of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from fleet.deliveries import (
    LIST_MAX,
    Attempt,
    Attempted,
    Claimed,
    Delivery,
    DeliveryState,
    Sending,
    Share,
)
from fleet.errors import DeliveriesFull
from fleet.testing import a_job_id

_EPOCH_MS = 1_700_000_000_000
_PENDING_OWNER_MAX = 10_000


@dataclass
class _Kept:
    delivery: Delivery
    fence: str = ""
    past: str = ""
    history: list[Attempt] = field(default_factory=list)

    @property
    def receiver(self) -> str:
        return f"{self.delivery.owner}-{urlsplit(self.delivery.url).hostname}"

    def become(self, state: DeliveryState, now_ms: int, due_ms: int | None, attempts: int) -> None:
        self.delivery = replace(
            self.delivery, state=state, changed_at_ms=now_ms, due_at_ms=due_ms, attempts=attempts
        )


class FakeDeliveries:
    """``fleet.deliveries.Deliveries`` in memory. ``add`` does what the end of a job does."""

    def __init__(self, *, keep_s: float = 86_400) -> None:
        self._kept: dict[str, _Kept] = {}
        self._keep_ms = int(keep_s * 1000)
        self._now_ms = _EPOCH_MS
        self._fences = 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += int(seconds * 1000)
        for kept in list(self._kept.values()):
            ended = kept.delivery.state is not DeliveryState.PENDING
            if ended and kept.delivery.changed_at_ms + self._keep_ms <= self._now_ms:
                del self._kept[kept.delivery.delivery_id]

    def add(self, url: str, *, owner: str = "", event: str = "job.done", body: str = "{}") -> str:
        """Make a delivery; its id."""
        made = Delivery(
            delivery_id=a_job_id(),
            state=DeliveryState.PENDING,
            owner=owner,
            event=event,
            subject_id=a_job_id(),
            url=url,
            attempts=0,
            created_at_ms=self._now_ms,
            changed_at_ms=self._now_ms,
            due_at_ms=self._now_ms,
            history=(),
            body=body,
        )
        self._kept[made.delivery_id] = _Kept(made)
        return made.delivery_id

    async def claim(self, want: int, share: Share, busy: Mapping[str, int]) -> Claimed:
        """See ``Deliveries``."""
        of_receiver, of_owner = Counter(busy), Counter[str]()
        for receiver, count in busy.items():
            of_owner[receiver.partition("-")[0]] += count
        sendings: list[Sending] = []
        for kept in sorted(self._pending(), key=lambda kept: kept.delivery.due_at_ms or 0):
            delivery, receiver = kept.delivery, kept.receiver
            if (delivery.due_at_ms or 0) > self._now_ms or len(sendings) >= want:
                break
            if delivery.attempts >= share.attempts_max:
                reason = "its sender was gone before it said how it went"
                kept.history.append(Attempt(delivery.attempts, self._now_ms, None, 0, reason))
                kept.become(DeliveryState.DEAD, self._now_ms, None, delivery.attempts)
            elif of_receiver[receiver] < share.receiver_max and of_owner[delivery.owner] < share.owner_max:
                of_receiver[receiver] += 1
                of_owner[delivery.owner] += 1
                sendings.append(self._lease(kept, share))
        waiting = [kept.delivery for kept in self._pending()]
        soonest = min((delivery.due_at_ms or 0 for delivery in waiting), default=None)
        oldest = min((delivery.changed_at_ms for delivery in waiting), default=self._now_ms)
        return Claimed(
            sendings,
            None if soonest is None else max(0, soonest - self._now_ms) / 1000,
            len(waiting),
            sum(kept.delivery.state is DeliveryState.DEAD for kept in self._kept.values()),
            (self._now_ms - oldest) / 1000,
        )

    async def settle(self, sending: Sending, attempted: Attempted) -> bool:
        """See ``Deliveries``."""
        kept = self._kept.get(sending.delivery_id)
        if kept is None or kept.fence != sending.fence:
            return kept is not None and kept.past == sending.fence
        kept.fence, kept.past = "", sending.fence
        number = kept.delivery.attempts
        status, reason = attempted.status, attempted.reason
        kept.history.append(Attempt(number, self._now_ms, status, attempted.took_ms, reason))
        if attempted.state is DeliveryState.PENDING:
            due_ms = self._now_ms + int(attempted.pause_s * 1000)
            kept.delivery = replace(kept.delivery, due_at_ms=due_ms)
        else:
            kept.become(attempted.state, self._now_ms, None, number)
        return True

    async def get(self, delivery_id: str) -> Delivery | None:
        """See ``Deliveries``."""
        kept = self._kept.get(delivery_id)
        return replace(kept.delivery, history=tuple(kept.history)) if kept else None

    async def listed(
        self, owner: str | None, states: Sequence[DeliveryState], *, first: int = 0, count: int = LIST_MAX
    ) -> list[Delivery]:
        """See ``Deliveries``."""
        found = [
            kept
            for kept in self._kept.values()
            if kept.delivery.state in states and owner in (None, kept.delivery.owner)
        ]
        found.sort(key=lambda kept: (kept.delivery.changed_at_ms, kept.delivery.delivery_id), reverse=True)
        some = found[first : first + min(count, LIST_MAX)]
        return [replace(kept.delivery, history=tuple(kept.history)) for kept in some]

    async def redeliver(self, delivery_id: str) -> bool:
        """See ``Deliveries``."""
        kept = self._kept.get(delivery_id)
        if kept is None:
            return False
        delivery = kept.delivery
        if delivery.state is DeliveryState.PENDING:
            if not kept.fence:
                kept.delivery = replace(delivery, due_at_ms=self._now_ms)
            return True
        if sum(other.delivery.owner == delivery.owner for other in self._pending()) >= _PENDING_OWNER_MAX:
            raise DeliveriesFull(60)
        kept.history.clear()
        kept.become(DeliveryState.PENDING, self._now_ms, self._now_ms, 0)
        return True

    def _pending(self) -> list[_Kept]:
        return [kept for kept in self._kept.values() if kept.delivery.state is DeliveryState.PENDING]

    def _lease(self, kept: _Kept, share: Share) -> Sending:
        delivery = kept.delivery
        self._fences += 1
        kept.fence = f"{self._fences}:fa"
        due_ms = self._now_ms + int(share.lease_s * 1000)
        kept.delivery = replace(delivery, attempts=delivery.attempts + 1, due_at_ms=due_ms)
        return Sending(
            delivery_id=delivery.delivery_id,
            fence=kept.fence,
            owner=delivery.owner,
            event=delivery.event,
            subject_id=delivery.subject_id,
            url=delivery.url,
            body=delivery.body.encode(),
            attempt=delivery.attempts + 1,
            receiver=kept.receiver,
        )
