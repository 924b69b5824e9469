"""Deliveries over HTTP: what callback URLs were told, what failed, and to send it once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import answers, auth, lookup
from api.description import deliveries as description
from api.problems import Kind, Problem
from fleet import log
from fleet.deliveries import LIST_MAX, Attempt, Deliveries, Delivery, DeliveryState
from fleet.job import iso_utc

_FIRST_MAX = 10_000
_SUBJECTS = {"batch.done": "batchId"}  # of all other events: a job
_log = log.get("api.webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRoutes:
    """The handlers of all addresses that speak of a delivery."""

    deliveries: Deliveries

    def router(self) -> APIRouter:
        """The addresses, with their description."""
        router = APIRouter(tags=["webhooks"])
        one = "/deliveries/{deliveryId}"
        router.add_api_route("/deliveries", self.listed, methods=["GET"], **description.DELIVERIES)
        router.add_api_route(one, self.delivery, methods=["GET"], **description.DELIVERY)
        router.add_api_route(f"{one}/redeliver", self.redeliver, methods=["POST"], **description.REDELIVER)
        return router

    async def listed(
        self,
        request: Request,
        state: Annotated[DeliveryState | None, Query(description=description.STATE)] = None,
        count: Annotated[int, Query(ge=1, le=LIST_MAX, description="how many at most")] = 20,
        first: Annotated[int, Query(ge=0, le=_FIRST_MAX, description="how many to pass over")] = 0,
    ) -> Response:
        """Those of the caller, or everybody's for an admin."""
        caller = auth.caller_of(request)
        states = [state] if state else list(DeliveryState)
        owner = None if caller.admin else caller.owner
        found = await self.deliveries.listed(owner, states, first=first, count=count)
        return answers.json_response({"deliveries": [_summary(delivery) for delivery in found]})

    async def delivery(self, request: Request) -> Response:
        """All that is known of one."""
        return answers.json_response(_whole(await self._own(request)))

    async def redeliver(self, request: Request) -> Response:
        """Send it anew; it waits when the answer is on its way."""
        delivery = await self._own(request)
        if not await self.deliveries.redeliver(delivery.delivery_id):
            raise _unknown()
        _log.info("webhook_redelivered", delivery_id=delivery.delivery_id, was=str(delivery.state))
        return answers.json_response(
            _whole(await self._own(request)), 202, {"Location": _path(delivery.delivery_id)}
        )

    async def _own(self, request: Request) -> Delivery:
        try:
            delivery = await self.deliveries.get(lookup.text_in_path(request, "deliveryId"))
        except Problem:  # no text in the path is an id
            raise _unknown() from None
        if delivery is None or not auth.caller_of(request).may_see(delivery.owner):
            raise _unknown()
        return delivery


def _summary(delivery: Delivery) -> dict[str, Any]:
    subject = _SUBJECTS.get(delivery.event, "jobId")
    return {
        "deliveryId": delivery.delivery_id,
        "state": str(delivery.state),
        "event": delivery.event,
        subject: delivery.subject_id,
        "url": delivery.url,
        "attempts": delivery.attempts,
        "createdAt": iso_utc(delivery.created_at_ms),
        "changedAt": iso_utc(delivery.changed_at_ms),
        "nextAt": None if delivery.due_at_ms is None else iso_utc(delivery.due_at_ms),
        "lastAttempt": _attempt(delivery.history[-1]) if delivery.history else None,
        "links": {
            "self": _path(delivery.delivery_id),
            "redeliver": f"{_path(delivery.delivery_id)}/redeliver",
        },
    }


def _whole(delivery: Delivery) -> dict[str, Any]:
    history = [_attempt(attempt) for attempt in delivery.history]
    return {**_summary(delivery), "history": history, "body": delivery.body}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": iso_utc(attempt.at_ms),
        "status": attempt.status,
        "tookMs": attempt.took_ms,
        "reason": attempt.reason,
    }


def _path(delivery_id: str) -> str:
    return f"/deliveries/{delivery_id}"


def _unknown() -> Problem:
    return Problem(Kind.UNKNOWN_DELIVERY, "no delivery of this id is known; they are kept for a limited time")
