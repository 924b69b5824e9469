"""Starts the subscriber: reads the settings, builds its parts, joins them, ends on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from fleet import log, settings
from fleet.errors import SettingsError
from fleet.events import Completions
from fleet.redis_client import RedisClients
from subscriber.completions import follow
from subscriber.metrics import Metrics, served
from subscriber.settings import SubscriberSettings


async def run(options: SubscriberSettings) -> None:
    """Follow the fleet's completions until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = Metrics()
    clients = RedisClients(options.redis_url.get_secret_value(), replicas=options.redis_replicas)
    source = Completions(clients, options.group, options.consumer, takeover_s=options.takeover_s)
    serving = (
        served(metrics, options.metrics_host, options.metrics_port)
        if options.metrics_port
        else contextlib.nullcontext()
    )
    with serving:
        log.get("subscriber").info("subscriber_started", group=options.group, consumer=options.consumer)
        try:
            await follow(source, metrics, stop)
        finally:
            await clients.aclose()
    log.get("subscriber").info("subscriber_stopped")


def main() -> int:
    """The whole process; its exit status."""
    try:
        options = settings.load(SubscriberSettings)
    except SettingsError as error:
        print(f"subscriber: {error}", file=sys.stderr)  # noqa: T201 - logging is not set up yet
        return 2
    # Its lines are what this service is for, so no level silences them.
    log.configure("subscriber", options.log_format, "debug" if options.log_level == "debug" else "info")
    asyncio.run(run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
