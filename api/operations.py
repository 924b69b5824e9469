"""What operators and their tools ask: is it alive, is it ready, what does it measure."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from api import answers
from api.description import fleet as described
from api.directory import Directory
from api.metrics import CONTENT_TYPE, ApiMetrics
from api.problems import Kind, Problem
from fleet.errors import QueueUnavailable
from fleet.limits import Bounds
from fleet.queue import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRoutes:
    """The handlers of all addresses that speak of the fleet itself."""

    queue: Queue
    directory: Directory
    metrics: ApiMetrics
    bounds: Bounds

    def router(self) -> APIRouter:
        """The addresses, with their description."""
        router = APIRouter(tags=["fleet"])
        router.add_api_route("/languages", self.languages, methods=["GET"], **described.LANGUAGES)
        router.add_api_route("/healthz", self.healthz, methods=["GET"], **described.HEALTHZ)
        router.add_api_route("/readyz", self.readyz, methods=["GET"], **described.READYZ)
        router.add_api_route("/metrics", self.scrape, methods=["GET"], **described.METRICS)
        return router

    async def languages(self) -> Response:
        """All languages a job may name, as of about a second ago."""
        return answers.json_response(
            {"languages": self.directory.listing, "ceiling": self.bounds.ceiling.to_json()}
        )

    async def healthz(self) -> Response:
        """The process answers; nothing else is checked."""
        return answers.json_response({"status": "ok"})

    async def readyz(self) -> Response:
        """Redis answers and a live worker serves some language."""
        try:
            workers = await self.queue.workers()
        except QueueUnavailable:
            raise _not_ready("Redis cannot be reached or does not answer; is it running?") from None
        languages = sorted({str(served.get("name")) for worker in workers for served in worker.languages})
        if not workers:
            raise _not_ready("Redis answers, but no worker is alive; start one")
        if not languages:
            raise _not_ready("workers are alive, but none serves a language; are the images built?")
        return answers.json_response({"status": "ok", "workers": len(workers), "languages": languages})

    async def scrape(self) -> Response:
        """The series of this process, and the depth of the queue at this moment."""
        try:
            depth = await self.queue.depth()
        except QueueUnavailable:
            depth = None
        return Response(self.metrics.render(depth), media_type=CONTENT_TYPE)


def _not_ready(detail: str) -> Problem:
    return Problem(Kind.NOT_READY, detail, headers={"Retry-After": "2"})
