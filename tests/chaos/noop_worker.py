"""A worker whose boxes are empty: ``python -m tests.chaos.noop_worker [sabotage]``.

Queue, heartbeat, slots, spares, reaper and pipeline are the real ones; only what would run a program
reads the program's token out of its text. So the queue's protocol is met with a volume that no
container engine would allow.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
from collections.abc import AsyncIterator

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.languages import read_languages
from fleet.queue import Queue, WorkerInfo
from fleet.redis_client import RedisClients, Timing, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.settings import load
from tests.chaos import sabotage, snippets
from worker.assembly import ask_served, assemble
from worker.sandbox import RawOutcome, Stage
from worker.settings import WorkerSettings
from worker.testing import FakeSandbox, announcement


async def pretend(stage: Stage) -> RawOutcome:
    """What the program would have printed, after as long as it would have taken."""
    if not stage.files:
        return _printed(b"0.0\n")  # asked for its version
    takes_s, token = snippets.read(stage.files[0][1].decode())
    await asyncio.sleep(takes_s)
    return _printed(f"{token}\n".encode())


def _printed(stdout: bytes) -> RawOutcome:
    return RawOutcome(exit_code=0, stdout=stdout, stdout_bytes=len(stdout))


async def serve(settings: WorkerSettings, sabotaged: str) -> None:
    """Work until SIGTERM."""
    stop, hasten = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sandbox = FakeSandbox(sabotage.script(sabotaged, pretend))
    worker_id = f"{settings.worker_name}-{secrets.token_hex(4)}"
    served = await ask_served(sandbox, read_languages(settings.languages_dir), settings.bounds)
    info = announcement(worker_id, settings, sandbox.runtime, served)
    options = QueueOptions(lease_s=settings.lease_s, item_bytes_max=settings.bounds.raw_item_bytes_max)
    clients = RedisClients(settings.redis_url.get_secret_value())
    queue = sabotage.queue(sabotaged, clients, options)
    try:
        await _register(clients, queue, info)
        worker = assemble(
            settings, worker_id, queue, lambda: _heartbeat_queue(settings, options, info), sandbox, served
        )
        await worker.run(stop, hasten)
    finally:
        await clients.aclose()


async def _register(clients: RedisClients, queue: RedisQueue, info: WorkerInfo) -> None:
    while True:
        await wait_for_redis(clients)
        with contextlib.suppress(QueueUnavailable):
            return await queue.register(info)


@contextlib.asynccontextmanager
async def _heartbeat_queue(
    settings: WorkerSettings, options: QueueOptions, info: WorkerInfo
) -> AsyncIterator[Queue]:
    """The heartbeat's own connection, as impatient as that of the real worker."""
    patience_s = settings.lease_s / 8
    clients = RedisClients(settings.redis_url.get_secret_value(), Timing(patience_s, patience_s, resends=1))
    queue = RedisQueue(clients, options)
    try:
        with contextlib.suppress(QueueUnavailable):
            await queue.register(info)
        yield queue
    finally:
        await clients.aclose()


if __name__ == "__main__":
    options = load(WorkerSettings)
    log.configure("worker", options.log_format, options.log_level)
    sabotaged = sys.argv[1] if len(sys.argv) > 1 else ""
    with sabotage.edited(sabotaged):
        asyncio.run(serve(options, sabotaged))
