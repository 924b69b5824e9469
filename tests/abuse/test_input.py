"""Hostile input through every part that ships: API over HTTP, a real Redis, a worker; and past the API.

What each part refuses by itself is tested with that part. Here, every input is followed to its end:
one result, one event, bytes unchanged, and a good job right after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.__main__ import serve
from api.settings import ApiSettings
from fleet import keys
from fleet.events import Completion
from fleet.limits import MIB, Bounds
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from tests.abuse.host import rss_bytes
from tests.contract.conftest import RedisServer
from worker.assembly import ask_served, assemble
from worker.settings import WorkerSettings
from worker.testing import FakeSandbox, a_language, announcement

LANGUAGE_FILE = """
aliases = ["tg"]
file = "main.tongue"
run = ["tongue", "main.tongue"]
version = ["tongue", "--version"]

[base]
upstream = "tongue:1"
debian = ["tongue"]
"""
GOOD = {"problemId": "good", "code": "after all", "language": "tongue"}
BOUNDS = Bounds()
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Fleet:
    """An API with a client, a Redis, a worker whose programs print their own source."""

    http: httpx2.AsyncClient
    clients: RedisClients
    queue: RedisQueue
    sandbox: FakeSandbox

    async def run(self, **fields: Any) -> dict[str, Any]:
        """The result of a job that was submitted and must have been accepted."""
        answer = await self.http.post("/submit", json={**GOOD, **fields}, headers={"Prefer": "wait=15"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def push(self, item: bytes) -> Completion:
        """LPUSH an item as any producer may; the one event that comes of it."""
        known = {event.job_id for event in await self.events()}
        await self.clients.call("LPUSH", keys.PUBLIC, item)
        async with asyncio.timeout(PATIENCE_S):
            while not (new := [event for event in await self.events() if event.job_id not in known]):
                await asyncio.sleep(0.01)
        (event,) = new
        return event

    async def events(self) -> list[Completion]:
        """Every event there was."""
        rows = await self.clients.call("XRANGE", keys.EVENTS, "-", "+")
        return [Completion.from_json(fields[b"e"]) for _, fields in rows]

    async def result(self, job_id: str) -> dict[str, Any]:
        """A result as a client gets it."""
        answer = await self.http.get(f"/result/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def check_well(self) -> None:
        """A good job gets its answer, and no job is missing or there twice."""
        assert (await self.run())["stdout"] == GOOD["code"]
        audit = await self.queue.audit()
        assert (audit.missing, audit.doubled, audit.accepted - audit.done) == (0, 0, 0)


@pytest.fixture
async def fleet(redis_server: RedisServer, clients: RedisClients, tmp_path: Path) -> AsyncIterator[Fleet]:
    (tmp_path / "tongue").mkdir()
    (tmp_path / "tongue" / "language.toml").write_text(LANGUAGE_FILE)
    sandbox = FakeSandbox()
    async with (
        worker(redis_server.url, clients, sandbox) as queue,
        api(redis_server.url, tmp_path) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        yield Fleet(http, clients, queue, sandbox)


@contextlib.asynccontextmanager
async def api(redis_url: str, languages_dir: Path, **changes: Any) -> AsyncIterator[int]:
    """The port of a running API."""
    stop = asyncio.Event()
    settings = ApiSettings(redis_url=redis_url, languages_dir=languages_dir, **changes)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        running = asyncio.create_task(serve(settings, stop, [listening]))
        yield port
        stop.set()
        await asyncio.wait_for(running, 20)


@contextlib.asynccontextmanager
async def worker(redis_url: str, clients: RedisClients, sandbox: FakeSandbox) -> AsyncIterator[RedisQueue]:
    """The queue of a worker that runs."""
    settings = WorkerSettings(worker_name="w", slots=2, spares=1, spares_max=1, lease_s=15)
    queue = RedisQueue(clients, QueueOptions(lease_s=15))
    served = await ask_served(sandbox, {"tongue": a_language("tongue", "tg")}, settings.bounds)
    await queue.register(announcement("w1", settings, sandbox.runtime, served))

    @contextlib.asynccontextmanager
    async def another() -> AsyncIterator[RedisQueue]:
        """For the heartbeat, which has a thread and an event loop of its own."""
        own = RedisClients(redis_url)
        try:
            yield RedisQueue(own, QueueOptions(lease_s=15))
        finally:
            await own.aclose()

    made = assemble(settings, "w1", queue, another, sandbox, served)
    stop, hasten = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(made.run(stop, hasten))
    try:
        yield queue
    finally:
        stop.set()
        hasten.set()
        async with asyncio.timeout(PATIENCE_S):
            await running


def item(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


CODES = {
    "empty": "",
    "spaces": " \t \r\n \n",
    "shell": "$(id) `id` ${HOME} ; rm -rf / & | > < ' \" \\ ! ~ * ? #",
    "formats": "%s %n %(x)s {} {0} {{}} {0.__class__} \\x00 \\u0000",
    "NUL": "a\x00b",
    "byte order mark": "\ufeffa",
    "line ends": "a\rb\r\nc\nd\u2028e\u2029f\x0bg\x0ch\x85i",
    "escapes": "\x1b[2J\x1b]52;c;aGk=\x07\x9b\x08",
    "bidi": "\u202e\u2066abc\u2069",
    "combining": "a" + "\u0301" * 20_000,
    "astral": "\U0001f600\U0010ffff\ue000\ufffe\uffff",
    "largest": "x" * BOUNDS.code_bytes_max,
    "one long line of two-byte characters": "\u00e9" * (BOUNDS.code_bytes_max // 2),
    "many lines": "\n" * BOUNDS.code_bytes_max,
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
async def test_code_reaches_its_program_unchanged(fleet: Fleet, code: str) -> None:
    submitted = await fleet.run(code=code)
    pushed = await fleet.result((await fleet.push(item(code=code))).job_id)

    for result in (submitted, pushed):
        assert (result["verdict"], result["stdout"], result["stderr"]) == ("ok", code, "")
    await fleet.check_well()


PROBLEMS = [
    "/proc/self/fd/7",
    "../../etc/shadow",
    "a:b*c?[d]{problems}:",
    "%2e%2e%2f",
    "__proto__",
    "-rf",
    "é😀",
]


@pytest.mark.parametrize("problem", PROBLEMS)
async def test_a_problem_id_is_a_name_and_nothing_else(fleet: Fleet, problem: str) -> None:
    result = await fleet.run(problemId=problem)
    pushed = await fleet.push(item(problemId=problem))

    assert result["problemId"] == pushed.problem_id == problem
    stages = [stage for stage in fleet.sandbox.stages if stage.files]
    assert {(stage.argv, stage.files[0][0]) for stage in stages} == {
        (("tongue", "main.tongue"), "main.tongue")
    }
    assert not any(problem.encode() in key for key in await fleet.clients.call("KEYS", "*"))
    await fleet.check_well()


REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"$(reboot)",
    "not UTF-8": b'{"problemId":"\xff\xfe"}',
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "nested lists": b"[" * 500_000,
    "nested objects": b'{"a":' * 200_000,
    "nested in a field": b'{"problemId":"p","code":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "list": b"[1]",
    "string": b'"run me"',
    "number": b"1e999",
    "huge number": b"9" * 100_000,
    "key twice": b'{"problemId":"p","code":"1","code":"2","language":"tongue"}',
    "NaN": b'{"problemId":"p","code":"1","language":"tongue","limits":{"wallSeconds":NaN}}',
    "infinite": b'{"problemId":"p","code":"1","language":"tongue","limits":{"wallSeconds":1e999}}',
    "forged job": b'{"v":1,"jobId":"' + b"0" * 32 + b'","problemId":"good"}',
    "surrogate": b'{"problemId":"p","code":"\\ud800","language":"tongue"}',
    "no code": item(code=None),
    "code is a number": item(code=1),
    "code too large": item(code="x" * (BOUNDS.code_bytes_max + 1)),
    "item too large": item(code="x" * (BOUNDS.item_bytes_max + 1)),
    "no problem": item(problemId=None),
    "empty problem": item(problemId=""),
    "problem too long": item(problemId="x" * 10_000),
    "control characters": item(problemId='a\nproblem_done {"verdict":"ok"}\x1b]0;x\x07'),
    "bidi in problem": item(problemId="\u202eabc"),
    "no language": item(language=None),
    "language is a list": item(language=["tongue"]),
    "language too long": item(language="x" * 10_000),
    "language with newline": item(language="tongue\n"),
    "limits past the ceiling": item(limits={"wallSeconds": 1e6}),
    "limits below the floor": item(limits={"memoryBytes": 1}),
    "limits negative": item(limits={"processes": -1}),
    "limits true": item(limits={"wallSeconds": True}),
    "limits unknown": item(limits={"network": True}),
    "limits for the sandbox": item(limits={"__class__": 1}),
    "priority": item(priority="highest"),
}


@pytest.mark.parametrize("pushed", REFUSED.values(), ids=REFUSED)
async def test_what_is_pushed_past_the_api_is_rejected_once(fleet: Fleet, pushed: bytes) -> None:
    event = await fleet.push(pushed)
    result = await fleet.result(event.job_id)

    assert (result["verdict"], result["evidence"]["limit"]) == (event.verdict, "job")
    assert event.verdict == "rejected"
    assert result["evidence"]["how"].isprintable()
    assert len(json.dumps(result)) < 16_384
    assert not [stage for stage in fleet.sandbox.stages if stage.files]
    await fleet.check_well()


async def test_a_huge_item_is_rejected_and_not_kept(fleet: Fleet, redis_server: RedisServer) -> None:
    """64 MiB straight to Redis: whoever is woken with it, and is in this process, lets it go again."""
    before_bytes = rss_bytes()
    await asyncio.to_thread(push_without_holding_it, redis_server.port, 64)
    async with asyncio.timeout(PATIENCE_S):
        while not (events := await fleet.events()):
            await asyncio.sleep(0.01)

    (event,) = events
    assert event.verdict == "rejected"
    assert str(64 * MIB) in (await fleet.result(event.job_id))["evidence"]["how"]
    async with asyncio.timeout(PATIENCE_S):
        while rss_bytes() - before_bytes >= 32 * MIB:
            await asyncio.sleep(0.01)
    assert int(await fleet.clients.call("MEMORY", "USAGE", keys.job(event.job_id))) < 65_536
    await fleet.check_well()


def push_without_holding_it(port: int, mib: int) -> None:
    """LPUSH an item of so many MiB, piece by piece."""
    piece = b"x" * MIB
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as redis:
        redis.sendall(b"*3\r\n$5\r\nLPUSH\r\n$8\r\nproblems\r\n$%d\r\n" % (mib * MIB))
        for _ in range(mib):
            redis.sendall(piece)
        redis.sendall(b"\r\n")
        assert redis.recv(16).startswith(b":")


async def test_a_flood_of_raw_items_is_answered_with_503_and_drained_in_order(
    clients: RedisClients, redis_server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "tongue").mkdir()
    (tmp_path / "tongue" / "language.toml").write_text(LANGUAGE_FILE)
    flood = [item(problemId=f"p{number}") for number in range(2_000)]
    async with (
        api(redis_server.url, tmp_path, queue_max=1_000) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        sandbox = FakeSandbox()
        async with worker(redis_server.url, clients, sandbox) as queue:
            fleet = Fleet(http, clients, queue, sandbox)
            await fleet.run()  # so that the API knows of the language
        await clients.call("LPUSH", keys.PUBLIC, *flood)
        answer = await http.post("/submit", json=GOOD)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True), answer.text

        async with worker(redis_server.url, clients, sandbox), asyncio.timeout(60):
            while len(events := await fleet.events()) < len(flood) + 1:
                await asyncio.sleep(0.1)

    order = [int(event.problem_id[1:]) for event in events[1:]]
    assert sorted(order) == list(range(len(flood)))
    assert max(abs(number - place) for place, number in enumerate(order)) < 16  # two slots and their claims
