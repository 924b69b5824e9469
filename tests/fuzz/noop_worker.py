"""A worker whose boxes are empty: ``python -m tests.fuzz.noop_worker``.

Queue, heartbeat, slots, spares, reaper, reader and pipeline are the real ones. A program is not run;
its output is a digest of its text, so that a result can be told from any other's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import signal
from collections.abc import AsyncIterator

from fleet import log
from fleet.languages import read_languages
from fleet.queue import Queue
from fleet.redis_client import RedisClients, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.settings import load
from worker.assembly import ask_served, assemble
from worker.sandbox import RawOutcome, Stage
from worker.settings import WorkerSettings
from worker.testing import FakeSandbox, announcement


def output(code: str) -> str:
    """What a program "prints"."""
    return hashlib.sha256(code.encode()).hexdigest()


async def _pretend(stage: Stage) -> RawOutcome:
    text = output(stage.files[0][1].decode()) if stage.files else "0.0"
    return RawOutcome(exit_code=0, stdout=text.encode(), stdout_bytes=len(text))


async def _serve(settings: WorkerSettings) -> None:
    stop, hasten = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sandbox = FakeSandbox(_pretend)
    worker_id = f"{settings.worker_name}-{secrets.token_hex(4)}"
    served = await ask_served(sandbox, read_languages(settings.languages_dir), settings.bounds)
    options = QueueOptions(lease_s=settings.lease_s, item_bytes_max=settings.bounds.raw_item_bytes_max)
    clients = RedisClients(settings.redis_url.get_secret_value())
    await wait_for_redis(clients)

    @contextlib.asynccontextmanager
    async def heartbeat_queue() -> AsyncIterator[Queue]:
        own = RedisClients(settings.redis_url.get_secret_value())
        yield RedisQueue(own, options)
        await own.aclose()

    queue = RedisQueue(clients, options)
    await queue.register(announcement(worker_id, settings, sandbox.runtime, served))
    await assemble(settings, worker_id, queue, heartbeat_queue, sandbox, served).run(stop, hasten)
    await clients.aclose()


if __name__ == "__main__":
    chosen = load(WorkerSettings)
    log.configure("worker", chosen.log_format, chosen.log_level)
    asyncio.run(_serve(chosen))
