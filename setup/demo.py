"""``make demo``: a fleet of its own beside yours, every service of the API shown on it, then nothing left.

The fleet asks for keys, has two workers, and may deliver webhooks to one receiver in its own network.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setup import cluster, demo_receiver, engine, keys
from setup.cluster import PREFIX, Cluster
from setup.demo_client import Client
from setup.demo_walk import Scene, walk
from setup.engine import ROOT, SetupError, step

_PROJECT = "sandfleet-demo"
_RECEIVER = "receiver"
_WORKERS = 2
_DELIVERED_S = 30


def demo() -> None:
    """Start the fleet, walk through it, and take it down whatever comes. Raises ``SetupError``."""
    fleet = Cluster(
        project=_PROJECT,
        port=engine.free_port(),
        state=ROOT / ".sandfleet/demo",
        settings={f"{PREFIX}KEYS": "required", f"{PREFIX}WEBHOOK_ALLOW": _RECEIVER},
    )
    began_s = time.monotonic()
    try:
        cluster.up(fleet, _WORKERS)
        with _receiver(fleet) as receiver:
            walk(_scene(fleet, receiver))
        print(f"\n  All of it happened as told, in {time.monotonic() - began_s:.0f} s.\n")
    finally:
        cluster.down(fleet)


def _scene(fleet: Cluster, receiver: str) -> Scene:
    with step("making three keys"):
        alice = keys.create(fleet, "alice")
        bob = keys.create(fleet, "bob")
        small = keys.create(fleet, "small", jobs_per_minute=2)

    def received(count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + _DELIVERED_S
        while len(lines := _lines_of(receiver)) < count:
            if time.monotonic() > deadline:
                raise SetupError(f"the receiver got {len(lines)} of {count} deliveries in {_DELIVERED_S} s")
            time.sleep(0.05)
        return [_checked(json.loads(line), alice.webhook_secret) for line in lines]

    return Scene(
        alice=Client(fleet.url, alice.token),
        bob=Client(fleet.url, bob.token),
        small=Client(fleet.url, small.token),
        nobody=Client(fleet.url),
        receiver_url=f"http://{_RECEIVER}:{demo_receiver.PORT}/hook",
        received=received,
    )


@contextmanager
def _receiver(fleet: Cluster) -> Iterator[str]:
    """The id of a container that receives webhooks, in the network of the subscriber."""
    program = Path(demo_receiver.__file__).read_text("utf-8")
    words = ["docker", "run", "--detach", "--network", f"{fleet.project}_out", "--network-alias", _RECEIVER]
    words += ["--read-only", "--cap-drop", "ALL", "sandfleet/subscriber:latest", "python", "-c", program]
    container = engine.ask(words)
    if container is None:
        raise SetupError("the receiver of webhooks did not start")
    try:
        yield container
    finally:
        engine.ask(["docker", "rm", "--force", "--volumes", container])


def _lines_of(container: str) -> list[str]:
    done = subprocess.run(
        ["docker", "logs", container],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=engine.QUICK_S,
        check=False,
    )
    return done.stdout.decode().splitlines()


def _checked(delivery: dict[str, Any], secret: str) -> dict[str, Any]:
    """The body of a delivery, its signature, and whether that is right: what a receiver does with it.

    The scheme is that of Standard Webhooks, for which there are libraries in many languages.
    """
    headers, body = delivery["headers"], delivery["body"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    verified = any(
        hmac.compare_digest(each, f"v1,{expected}") for each in headers["webhook-signature"].split()
    )
    return {**json.loads(body), "signature": headers["webhook-signature"], "verified": verified}


if __name__ == "__main__":
    try:
        os.chdir(ROOT)
        demo()
    except SetupError as failure:
        sys.exit(engine.complain(failure))
    except KeyboardInterrupt:
        sys.exit(130)
