"""``python -m api``: builds the API's parts, joins them, serves until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from contextlib import aclosing

import uvloop

from api.app import Deps, create_app
from api.auth import Guard
from api.directory import Directory
from api.key_ring import KeyRing
from api.pace import Pace
from api.server import make_server, on_stop_signal
from api.settings import ApiSettings
from api.waiters import Waiters
from fleet import log
from fleet.api_keys import ApiKeys
from fleet.deliveries import RedisDeliveries
from fleet.errors import FleetError, QueueUnavailable, SettingsError
from fleet.events import Announcements
from fleet.languages import read_languages
from fleet.redis_client import RedisClients, check_server, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.settings import load

_log = log.get("api")


def main() -> None:
    """Run the API; the exit status is 0 after a stop that was asked for, 1 when it cannot run."""
    try:
        settings = load(ApiSettings)
    except SettingsError as error:
        sys.exit(f"sandfleet api: {error}")
    log.configure("api", settings.log_format, settings.log_level)
    try:
        uvloop.run(_run(settings))
    except* FleetError as errors:
        _log.error("api_failed", reason="; ".join(str(error) for error in errors.exceptions))
        sys.exit(1)


async def _run(settings: ApiSettings) -> None:
    stop = asyncio.Event()
    with on_stop_signal(stop.set):
        await serve(settings, stop)


async def serve(
    settings: ApiSettings, stop: asyncio.Event, sockets: list[socket.socket] | None = None
) -> None:
    """Serve until ``stop``; then answer who waits, let requests end, close Redis.

    Listens on ``sockets`` if given, else where the settings say.
    """
    bounds = settings.bounds
    clients = RedisClients(settings.redis_url.get_secret_value(), replicas=settings.redis_replicas)
    queue = RedisQueue(
        clients,
        QueueOptions(
            waiting_max=settings.queue_max,
            lease_s=settings.lease_s,
            retention_s=settings.retention_s,
            item_bytes_max=bounds.raw_item_bytes_max,
            problems_max=settings.problems_max,
            problems_bytes_max=settings.problems_bytes_max,
        ),
    )
    directory = Directory(read_languages(settings.languages_dir), bounds)
    waiters = Waiters(settings.waiters_max)
    ring = KeyRing(ApiKeys(clients).find)
    guard = Guard(ring, required=settings.keys_required, by_any_name=settings.keys != "auto")
    pace = Pace(directory)
    parts = Deps(
        settings=settings,
        queue=queue,
        directory=directory,
        waiters=waiters,
        pace=pace,
        guard=guard,
        deliveries=RedisDeliveries(clients),
    )
    app = create_app(parts)
    server = make_server(app, settings)

    async def stop_when_told() -> None:
        await stop.wait()
        waiters.close()  # first: who waits for a result is told to ask again, not kept to the end
        server.should_exit = True

    _say_who_is_let_in(settings)
    try:
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(directory.keep_fresh(queue)),
                tasks.create_task(pace.keep_fresh(queue)),
                tasks.create_task(_follow(waiters, pace, clients)),
                tasks.create_task(_check_redis(clients)),
                tasks.create_task(stop_when_told()),
            ]
            await server.serve(sockets)
            for task in background:
                task.cancel()
    finally:
        await clients.aclose()
    _log.info("api_stopped")


async def _follow(waiters: Waiters, pace: Pace, clients: RedisClients) -> None:
    async with aclosing(Announcements(clients).news()) as announcements:
        await waiters.follow(pace.heard(announcements))


async def _check_redis(clients: RedisClients) -> None:
    """Look at the server once it is there; until then the API answers, and says so."""
    while True:
        await wait_for_redis(clients)
        with contextlib.suppress(QueueUnavailable):  # it went away again at once
            findings = await check_server(clients)
            break
    for finding in findings:
        if finding.level == "refuse":
            raise SettingsError(f"{finding.detail}; {finding.remedy}")
        _log.warning("redis_setting", found=finding.detail, remedy=finding.remedy)


def _say_who_is_let_in(settings: ApiSettings) -> None:
    if settings.keys_required:
        _log.info("api_keys_required")
    elif not settings.is_on_loopback:
        _log.warning(
            "api_open_to_all",
            host=settings.published or settings.host,
            remedy="whoever reaches it runs code and reads results: set SANDFLEET_KEYS=auto, make keys",
        )


if __name__ == "__main__":
    main()
