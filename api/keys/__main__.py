"""``python -m api.keys create|list|rotate|revoke``: on a fleet, ``make key`` and its kin run it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from api.keys import words
from fleet import log
from fleet.api_keys import ApiKey, ApiKeys, Token
from fleet.errors import FleetError, QueueUnavailable, SettingsError
from fleet.redis_client import RedisClients, wait_for_redis
from fleet.settings import WebhookSettings, load
from fleet.webhooks import secret_of

_PATIENCE_S = 10.0
_UNKNOWN = "there is no key {}; make keys lists those there are"


class Refused(FleetError):
    """What was asked cannot be done."""


def main(arguments: list[str]) -> None:
    """Do what was asked; the exit status is 1 when it cannot be done, 2 when it was not understood."""
    asked = words.parser().parse_args(arguments)
    try:
        settings = load(WebhookSettings)
    except SettingsError as error:
        sys.exit(f"api.keys: {error}")
    log.configure("keys", "console", "error")  # stdout is for the answer
    try:
        answer = asyncio.run(_run(asked, settings))
    except QueueUnavailable as error:
        sys.exit(f"api.keys: Redis does not answer ({error}); does the fleet run?  make ps")
    except FleetError as error:
        sys.exit(f"api.keys: {error}")
    sys.stdout.write(answer)


async def _run(asked: argparse.Namespace, settings: WebhookSettings) -> str:
    clients = RedisClients(settings.redis_url.get_secret_value(), replicas=settings.redis_replicas)
    try:
        await wait_for_redis(clients, _PATIENCE_S)
        return await do(asked, ApiKeys(clients), settings.webhook_secret.get_secret_value())
    finally:
        await clients.aclose()


async def do(asked: argparse.Namespace, api_keys: ApiKeys, master: str) -> str:
    """Carry out one verb; what to print. ``master``: what signing secrets are made from, or empty.

    Raises ``FleetError``.
    """
    match asked.verb:
        case "create":
            token = Token.mint()
            key = ApiKey(
                key_id=token.key_id,
                name=asked.name,
                scopes=asked.scopes,
                jobs_per_minute=asked.jobs_per_minute,
                open_max=asked.open_max,
            )
            await api_keys.create(key, token, asked.expires)
            signing = secret_of(master, key.key_id) if master else ""
            return _json(token, signing) if asked.json else words.created(key, token, signing)
        case "list":
            return words.table(await api_keys.list(), int(time.time() * 1000))
        case "rotate":
            token = Token.mint(asked.id)
            if not await api_keys.rotate(token, asked.grace):
                raise Refused(_UNKNOWN.format(asked.id))
            signing = secret_of(master, asked.id) if master else ""
            return _json(token, signing) if asked.json else words.rotated(token, asked.grace)
        case _:
            if not await api_keys.revoke(asked.id):
                raise Refused(_UNKNOWN.format(asked.id))
            return f"Revoked {asked.id}. An API may know it for up to 5 s more; its jobs stay.\n"


def _json(token: Token, signing: str) -> str:
    return json.dumps({"id": token.key_id, "token": token.text, "webhookSecret": signing}) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
