"""The FastAPI app, put together from what it is handed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from api import access, problems
from api.auth import Guard
from api.batches import BatchRoutes
from api.body import BodyReader
from api.compat import judge0_routes, piston_routes
from api.compat.judge0_catalog import Catalog
from api.definitions import ProblemRoutes
from api.description import document
from api.directory import Directory
from api.edge import Edge
from api.endings import Endings
from api.intake import Intake
from api.metrics import ApiMetrics
from api.operations import OperationRoutes
from api.pace import Pace
from api.pages import Pages
from api.places import Places
from api.plain import PlainRoute
from api.routes import JobRoutes
from api.settings import ApiSettings
from api.submits import SubmitRoutes
from api.waiters import Waiters
from api.webhooks import WebhookRoutes
from fleet.deliveries import Deliveries
from fleet.queue import Queue

_ABOUT = """Runs snippets of code in throwaway containers.

Submit a job, then ask for its result, wait for it with `Prefer: wait=SECONDS`, or follow its events.
Errors are `application/problem+json` (RFC 9457); their `type` is one of these and never changes:

{problems}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the app is handed. ``directory``, ``waiters`` and ``pace`` are kept fresh by whoever made them."""

    settings: ApiSettings
    queue: Queue
    directory: Directory
    waiters: Waiters
    pace: Pace
    guard: Guard
    deliveries: Deliveries


def create_app(deps: Deps) -> FastAPI:
    """The API as an ASGI app. It starts nothing in the background and needs no lifespan."""
    settings, bounds, guard = deps.settings, deps.settings.bounds, deps.guard
    metrics = ApiMetrics(deps.waiters)
    app = FastAPI(
        title="Sandfleet",
        version=_version(),
        description=_ABOUT.format(problems=document.problem_table()),
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere; ours is in pages
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,  # a slash at the end may be part of a problemId
        dependencies=[Depends(guard.admit)],  # of every address, before its handler
    )
    app.openapi = cache(  # type: ignore[method-assign]
        lambda: access.describe(document.openapi(app, bounds, settings.terms), guard.required)
    )
    problems.install(app, {piston_routes.BASE: piston_routes.tell, judge0_routes.BASE: judge0_routes.tell})
    app.add_middleware(Edge, metrics=metrics)
    bodies = BodyReader(bounds.item_bytes_max, settings.body_s, settings.bodies_bytes_max)
    queue, wait_s_max = deps.queue, settings.wait_s_max
    endings = Endings(queue=queue, waiters=deps.waiters)
    places = Places(queue=queue, pace=deps.pace)
    intake = Intake(
        queue=queue, directory=deps.directory, metrics=metrics, bounds=bounds, terms=settings.terms
    )
    submits = SubmitRoutes(
        queue=queue, intake=intake, endings=endings, places=places, bodies=bodies, wait_s_max=wait_s_max
    )
    batches = BatchRoutes(
        queue=queue,
        intake=intake,
        endings=endings,
        bodies=bodies,
        bytes_max=settings.batch_bytes_max,
        wait_s_max=wait_s_max,
    )
    jobs = JobRoutes(queue=queue, endings=endings, places=places, wait_s_max=wait_s_max)
    operations = OperationRoutes(queue=deps.queue, directory=deps.directory, metrics=metrics, bounds=bounds)
    problem_routes = ProblemRoutes(queue=deps.queue, bodies=bodies, bounds=bounds)
    webhooks = WebhookRoutes(deliveries=deps.deliveries)
    piston = piston_routes.PistonRoutes(
        intake=intake,
        endings=endings,
        directory=deps.directory,
        bodies=bodies,
        bounds=bounds,
        wait_s_max=wait_s_max,
    )
    judge0 = judge0_routes.Judge0Routes(
        intake=intake,
        endings=endings,
        queue=queue,
        catalog=Catalog(deps.directory, bounds),
        bodies=bodies,
        queue_max=settings.queue_max,
        wait_s_max=wait_s_max,
    )
    for part in (submits, batches, jobs, problem_routes, webhooks, operations, piston, judge0, Pages.read()):
        app.include_router(part.router())
    # Found before the same address in FastAPI's way.
    app.router.routes[:0] = [
        PlainRoute(route, guard.admit) for route in submits.router().routes if isinstance(route, APIRoute)
    ]
    return app


def _version() -> str:
    try:
        return version("sandfleet")
    except PackageNotFoundError:
        return "0"  # run from a source tree that was not installed
