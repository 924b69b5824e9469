"""Starts the subscriber: reads the settings, builds its parts, joins them, ends on SIGTERM.

Its loops have connections of their own, and a crash of one is none of the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from fleet import log, settings
from fleet.deliveries import RedisDeliveries
from fleet.errors import SettingsError
from fleet.events import Announcements, Completions
from fleet.redis_client import RedisClients
from fleet.webhooks import Policy
from subscriber import completions, webhooks
from subscriber.metrics import Metrics, served
from subscriber.outbound import Outbound, Resolver
from subscriber.patience import kept_going
from subscriber.settings import SubscriberSettings


async def run(options: SubscriberSettings) -> None:
    """Follow the fleet's completions, and send its webhooks, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = Metrics()
    serving = (
        served(metrics, options.metrics_host, options.metrics_port)
        if options.metrics_port
        else contextlib.nullcontext()
    )
    with serving:
        log.get("subscriber").info("subscriber_started", group=options.group, consumer=options.consumer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                kept_going(completions.LOOP, lambda: _follow(options, metrics, stop), metrics, stop)
            )
            if options.webhook_policy:
                tasks.create_task(
                    kept_going(webhooks.LOOP, lambda: _send(options, metrics, stop), metrics, stop)
                )
    log.get("subscriber").info("subscriber_stopped")


async def _follow(options: SubscriberSettings, metrics: Metrics, stop: asyncio.Event) -> None:
    clients = RedisClients(options.redis_url.get_secret_value(), replicas=options.redis_replicas)
    source = Completions(clients, options.group, options.consumer, takeover_s=options.takeover_s)
    try:
        await completions.follow(source, metrics, stop)
    finally:
        await clients.aclose()


async def _send(options: SubscriberSettings, metrics: Metrics, stop: asyncio.Event) -> None:
    clients = RedisClients(options.redis_url.get_secret_value())
    resolver = Resolver(options.webhook_sends_max)
    outbound = Outbound(options.webhook_policy or Policy(), resolver, total_s=options.webhook_attempt_s)
    plan = webhooks.Plan(
        pauses_s=options.webhook_pauses_s,
        sends_max=options.webhook_sends_max,
        per_host_max=options.webhook_sends_per_host,
        attempt_s=options.webhook_attempt_s,
    )
    master = options.webhook_secret.get_secret_value()
    sender = webhooks.Sender(RedisDeliveries(clients), outbound, master, plan, metrics)
    try:
        await sender.run(Announcements(clients).due(), stop)
    finally:
        resolver.close()
        await clients.aclose()


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
