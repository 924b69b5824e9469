"""For tests: the API in memory, on a ``FakeQueue``, with workers that do what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
from fastapi import FastAPI

from api.app import Deps, create_app
from api.auth import Guard
from api.directory import Directory
from api.key_ring import KeyRing
from api.pace import Pace
from api.settings import ApiSettings
from api.waiters import Waiters
from fleet.api_keys import ApiKey, Scope, Token
from fleet.errors import QueueUnavailable
from fleet.events import Completion
from fleet.languages import Language
from fleet.testing import FakeQueue, a_result, a_worker
from fleet.testing_deliveries import FakeDeliveries

TONGUE = Language(
    name="tongue",
    aliases=("tg",),
    file="main",
    run=("run",),
    version=("run", "--version"),
    base_upstream="base",
    base_debian=("base",),
    title="Tongue",
    judge0=(7, 8),
)
BODY: Mapping[str, Any] = {"problemId": "two-sum", "code": "1", "language": "tongue"}


class AnnouncementsOfTest:
    """What a test announces, as the stream that ``Waiters.follow`` reads."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[Completion | str | None] = asyncio.Queue()

    def say(self, said: Completion | str | None) -> None:
        """Announce; None is a new subscription."""
        self._said.put_nowait(said)

    async def listen(self) -> AsyncIterator[Completion | str | None]:
        """All that is said, for ever."""
        while True:
            yield await self._said.get()


class KeysOfTest:
    """API keys in memory, as ``KeyRing`` finds them, unless they are ``away``."""

    def __init__(self) -> None:
        self.stored: dict[str, ApiKey] = {}
        self.asked: list[str] = []
        self.away = False

    def make(self, *scopes: Scope, **more: Any) -> Token:
        """The token of a new key with these scopes, by default to submit and to read."""
        token = Token.mint()
        scopes = scopes or (Scope.SUBMIT, Scope.READ)
        self.stored[token.key_id] = ApiKey(
            key_id=token.key_id, name="of test", scopes=frozenset(scopes), digest=token.digest, **more
        )
        return token

    def rotate(self, key_id: str) -> Token:
        """A new token of a key; the one before is not good any more."""
        token = Token.mint(key_id)
        self.stored[key_id] = replace(self.stored[key_id], digest=token.digest)
        return token

    async def find(self, key_id: str) -> ApiKey | None:
        """The key of this id."""
        self.asked.append(key_id)
        if self.away:
            raise QueueUnavailable("redis://user:password@host is away")
        return self.stored.get(key_id)


def bearer(token: Token) -> dict[str, str]:
    """The header that sends a token."""
    return {"Authorization": f"Bearer {token.text}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOfTest:
    """An API and all that a test needs to hold of it."""

    app: FastAPI
    settings: ApiSettings
    client: httpx2.AsyncClient
    queue: FakeQueue
    waiters: Waiters
    directory: Directory
    announcements: AnnouncementsOfTest
    keys: KeysOfTest
    deliveries: FakeDeliveries
    pace: Pace

    async def submit(self, **changes: Any) -> str:
        """Submit a good job; its id."""
        answer = await self.client.post("/submit", json={**BODY, **changes})
        answer.raise_for_status()
        job_id: str = answer.json()["jobId"]
        return job_id

    async def run_next(self, *, announce: bool = True, **result: Any) -> Mapping[str, Any]:
        """Do what a worker does with the next job; the result it stored."""
        (claim,) = await self.queue.claim("w1", ["tongue"], 1)
        await self.queue.renew("w1", {claim.job_id: claim.fence}, [claim.job_id])
        problem_id = json.loads(claim.spec)["problemId"]
        stored = a_result(job_id=claim.job_id, problem_id=problem_id, **result).to_json()
        await self.queue.finish(claim, stored)
        if announce:
            self.announcements.say(self.queue.events[-1])
        return stored

    async def leave_while_waiting(self, path: str, body: Mapping[str, Any], prefer: str = "") -> None:
        """Post, wait for the answer, and close the connection before it is there."""
        sent = [{"type": "http.request", "body": json.dumps(body).encode()}]
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if sent:
                return sent.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            pass

        headers = [(b"content-type", b"application/json"), (b"prefer", prefer.encode())]
        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path, "headers": headers}
        scope |= {"query_string": b"", "scheme": "http", "root_path": ""}
        answering = asyncio.ensure_future(self.app(scope, receive, send))
        await self.until_waiting()
        gone.set()
        await asyncio.wait_for(answering, 5)

    async def until_waiting(self, count: int = 1) -> None:
        """Return when so many requests wait."""
        async with asyncio.timeout(5):
            while len(self.waiters) != count:  # noqa: ASYNC110 - the product has no use for such an event
                await asyncio.sleep(0)


@asynccontextmanager
async def api_of_test(queue: FakeQueue | None = None, **settings: Any) -> AsyncIterator[ApiOfTest]:
    """The API with one language, ``tongue``, and one worker that serves it."""
    queue = queue or FakeQueue()
    await queue.register(a_worker())
    values = ApiSettings(**settings)
    directory = Directory({TONGUE.name: TONGUE}, values.bounds)
    directory.update(await queue.workers())
    waiters = Waiters(values.waiters_max)
    announcements = AnnouncementsOfTest()
    keys = KeysOfTest()
    guard = Guard(KeyRing(keys.find), required=values.keys_required, by_any_name=values.keys != "auto")
    deliveries = FakeDeliveries()
    pace = Pace(directory)
    parts = Deps(
        settings=values,
        queue=queue,
        directory=directory,
        waiters=waiters,
        pace=pace,
        guard=guard,
        deliveries=deliveries,
    )
    app = create_app(parts)
    follower = asyncio.create_task(waiters.follow(pace.heard(announcements.listen())))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield ApiOfTest(
            app=app,
            settings=values,
            client=client,
            queue=queue,
            waiters=waiters,
            directory=directory,
            announcements=announcements,
            keys=keys,
            deliveries=deliveries,
            pace=pace,
        )
    follower.cancel()
    await asyncio.wait([follower])
