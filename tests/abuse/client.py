"""What a client, and a judge of the case it sent, do with a queue on a real Redis of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from fleet import keys
from fleet.events import Completion
from fleet.languages import Language
from fleet.queue import Order
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.testing import a_job_id
from setup.hello import examples
from tests.contract.conftest import RedisServer
from tests.contract.queue_harness import result_of
from tests.contract.sandbox_harness import LANGUAGES

LEASE_S = 60.0
HELLO = {example.language: example for example in examples()}
_EVENTS_LOOKED_AT = 200  # the newest: far more than end while one case is looked at


def canary_of(language: Language) -> Language:
    """What a canary beside a case of ``language`` is written in: the same, unless it had to be compiled."""
    return language if language.starter else LANGUAGES["python"]


@dataclass(frozen=True, slots=True)
class Canary:
    """A job that says hello in its language, and was accepted."""

    language: Language
    job_id: str


@contextlib.asynccontextmanager
async def open_client() -> AsyncIterator[Client]:
    """A client of a server of its own, for as long as the context lasts."""
    server = await asyncio.to_thread(RedisServer().start)
    clients = RedisClients(server.url)
    try:
        yield Client(server.url, clients)
    finally:
        await clients.aclose()
        await asyncio.to_thread(server.stop)


class Client:
    """Submits jobs, waits for results, and looks at what is stored of them."""

    def __init__(self, url: str, clients: RedisClients) -> None:
        self.url, self.clients = url, clients
        self._options = QueueOptions(lease_s=LEASE_S)
        self.queue = RedisQueue(clients, self._options)

    @contextlib.asynccontextmanager
    async def another(self) -> AsyncIterator[RedisQueue]:
        """The queue on a connection of its own, as a worker's heartbeat wants it."""
        clients = RedisClients(self.url)
        try:
            yield RedisQueue(clients, self._options)
        finally:
            await clients.aclose()

    async def submit(self, item: Mapping[str, Any]) -> str:
        """The id of a job that was accepted."""
        order = Order(
            job_id=a_job_id(),
            spec=json.dumps(item),
            problem_id=item["problemId"],
            language=item["language"],
        )
        return (await self.queue.enqueue(order)).job_id

    async def send_canary(self, language: Language) -> Canary:
        """A canary that was accepted just now."""
        item = {"problemId": f"canary-{secrets.token_hex(4)}", "code": HELLO[language.name].code}
        return Canary(language, await self.submit({**item, "language": language.name}))

    async def result(self, job_id: str) -> Mapping[str, Any]:
        """The result of a job, once there is one."""
        return await result_of(self.queue, job_id)

    async def stored_bytes(self, job_id: str) -> int:
        """Size of everything that is kept of a job's result."""
        return int(await self.clients.call("HSTRLEN", keys.job(job_id), "result"))

    async def events(self, job_id: str) -> int:
        """How often the end of a job was announced, among the newest announcements."""
        rows = await self.clients.call("XREVRANGE", keys.EVENTS, "+", "-", "COUNT", _EVENTS_LOOKED_AT)
        return sum(Completion.from_json(fields[b"e"]).job_id == job_id for _, fields in rows)
