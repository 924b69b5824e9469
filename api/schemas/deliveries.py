"""What clients are answered about deliveries."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.basis import JobId, Shape, Time
from fleet.deliveries import DeliveryState


class DeliveryAttempt(Shape):
    """How one attempt to deliver went."""

    number: int
    at: Time
    status: int | None = Field(description="of the receiver's answer; null if there was none")
    took_ms: int
    reason: str = Field(description="what came of it, in words of ours; nothing of the answer is kept")


class DeliveryLinks(Shape):
    """Where to go from here, as paths on this server."""

    self: str
    redeliver: str


class DeliverySummary(Shape):
    """Something that is told to a callback URL, and how that stands."""

    delivery_id: JobId = Field(description="the `webhook-id` that its receiver sees, at every attempt")
    state: DeliveryState = Field(strict=False)
    event: Literal["job.done", "batch.done"]
    job_id: JobId | None = Field(None, description="of `job.done`")
    batch_id: JobId | None = Field(None, description="of `batch.done`")
    url: str
    attempts: int = Field(description="begun so far")
    created_at: Time
    changed_at: Time = Field(description="when it came to be in this state")
    next_at: Time | None = Field(description="of the next attempt while it is pending")
    last_attempt: DeliveryAttempt | None
    links: DeliveryLinks


class Deliveries(Shape):
    """Deliveries; the one that came last to be in its state comes first."""

    deliveries: list[DeliverySummary]


class Delivery(DeliverySummary):
    """All that is known of a delivery."""

    history: list[DeliveryAttempt]
    body: str = Field(description="what is sent, byte for byte: what the signature is of")
