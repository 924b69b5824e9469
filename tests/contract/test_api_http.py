"""The API as it is shipped: uvicorn on a loopback socket, a real Redis behind it, real bytes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import key_ring, server
from api.__main__ import serve
from api.settings import ApiSettings
from fleet import keys
from fleet.api_keys import ApiKey, ApiKeys, Scope, Token
from fleet.job import Verdict
from fleet.queue import Claim
from fleet.redis_client import RedisClients
from fleet.redis_queue import RedisQueue
from fleet.testing import a_result, a_worker
from tests.contract.conftest import RedisServer

BODY = {"problemId": "two-sum", "code": "1", "language": "tongue"}
WAIT = {"Prefer": "wait=30"}
LANGUAGE_FILE = """
aliases = ["tg"]
file = "main.tg"
run = ["tongue", "main.tg"]
version = ["tongue", "--version"]

[base]
upstream = "tongue:1"
debian = ["tongue"]
"""


@pytest.fixture
def languages_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "tongue"
    folder.mkdir()
    (folder / "language.toml").write_text(LANGUAGE_FILE)
    return tmp_path


@asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[int]:
    """The port of a running API."""
    stop = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        running = asyncio.create_task(serve(ApiSettings(**settings), stop, [listening]))
        yield port
        stop.set()
        await asyncio.wait_for(running, 20)


@pytest.fixture
async def port(redis_server: RedisServer, clients: RedisClients, languages_dir: Path) -> AsyncIterator[int]:
    async with served(redis_url=redis_server.url, languages_dir=languages_dir, body_s=0.3) as made:
        yield made


@pytest.fixture
async def client(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=200)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=30) as made:
        yield made


@pytest.fixture
async def queue(clients: RedisClients) -> RedisQueue:
    """The queue as a worker has it, with that worker registered."""
    made = RedisQueue(clients)
    await made.register(a_worker())
    return made


async def claim(queue: RedisQueue, want: int = 1) -> list[Claim]:
    """Claim exactly ``want`` jobs, waiting for them to arrive."""
    found: list[Claim] = []
    async with asyncio.timeout(10):
        while len(found) < want:
            found += await queue.claim("w1", ["tongue"], want - len(found))
            if len(found) < want:
                await queue.wait("w1", 1.0)
    return found


async def finish(queue: RedisQueue, claimed: Claim, **result: Any) -> dict[str, Any]:
    """Store a result that repeats the job's code as its output."""
    spec = json.loads(claimed.spec)
    stored = a_result(
        job_id=claimed.job_id, problem_id=spec["problemId"], stdout=spec["code"].encode(), **result
    ).to_json()
    await queue.finish(claimed, stored)
    return stored


async def until_metric(client: httpx2.AsyncClient, line: str) -> None:
    async with asyncio.timeout(10):
        while line not in (await client.get("/metrics")).text:
            pass


async def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes and read until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    received = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return received


def head(*lines: str) -> bytes:
    return "\r\n".join(
        ["POST /submit HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines, "", ""]
    ).encode()


async def test_from_submit_to_result(client: httpx2.AsyncClient, queue: RedisQueue) -> None:
    accepted = (await client.post("/submit", json=BODY)).json()
    assert (await client.get(accepted["links"]["result"])).json()["state"] == "queued"
    (claimed,) = await claim(queue)
    assert claimed.job_id == accepted["jobId"]
    await queue.renew("w1", {claimed.job_id: claimed.fence}, [claimed.job_id])
    assert (await client.get(accepted["links"]["result"])).json()["state"] == "running"
    stored = await finish(queue, claimed)
    for path in (accepted["links"]["result"], "/result/two-sum"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, stored)
    record = (await client.get(accepted["links"]["self"])).json()
    assert (record["state"], record["worker"], record["result"]) == ("done", "w1", stored)
    listed = (await client.get(accepted["links"]["problem"])).json()
    assert [job["jobId"] for job in listed["jobs"]] == [accepted["jobId"]]


async def test_a_hundred_who_wait_get_each_their_own_result(
    client: httpx2.AsyncClient, queue: RedisQueue
) -> None:
    async def ask(token: int) -> None:
        answer = await client.post("/submit", json={**BODY, "code": f"token {token}"}, headers=WAIT)
        assert (answer.status_code, answer.json()["stdout"]) == (200, f"token {token}")

    asking = asyncio.gather(*(ask(token) for token in range(100)))
    for claimed in await claim(queue, 100):
        await finish(queue, claimed)
    await asyncio.wait_for(asking, 20)
    await until_metric(client, "sandfleet_api_waiters 0.0")


@pytest.mark.parametrize("problem_id", ["a/b", "/a/../b/", "é😀 %2F%", "?q#f", "\ufffd"])
async def test_problem_ids_survive_the_wire(
    client: httpx2.AsyncClient, port: int, queue: RedisQueue, problem_id: str
) -> None:
    accepted = (await client.post("/submit", json={**BODY, "problemId": problem_id})).json()
    path = accepted["links"]["problem"]
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answer = await exchange(port, request)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert accepted["jobId"].encode() in answer


async def test_a_path_that_is_not_utf_8_names_nothing(client: httpx2.AsyncClient, port: int) -> None:
    await client.post("/submit", json={**BODY, "problemId": "\ufffd"})
    for path in (b"/result/%FF", b"/result/\xff", b"/result/%ED%A0%80"):
        answer = await exchange(
            port, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert answer[9:12] in {b"404", b"400"}


async def test_a_client_that_leaves_frees_its_place(client: httpx2.AsyncClient, port: int) -> None:
    body = json.dumps(BODY).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("Prefer: wait=30", f"Content-Length: {len(body)}") + body)
    await until_metric(client, "sandfleet_api_waiters 1.0")
    writer.close()
    await until_metric(client, "sandfleet_api_waiters 0.0")


async def follow(port: int, job_id: str, last: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the events of a job arrive."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    resume = f"Last-Event-ID: {last}\r\n" if last else ""
    writer.write(f"GET /jobs/{job_id}/events HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n".encode())
    return reader, writer


async def until(reader: asyncio.StreamReader, line: str) -> list[str]:
    """What arrives, line by line, up to the one that begins so."""
    seen: list[str] = []
    async with asyncio.timeout(20):
        while not seen or not seen[-1].startswith(line):
            text = await reader.readline()
            assert text, seen
            seen.append(text.decode().rstrip("\n"))
    return seen


async def test_events_of_a_job_arrive_as_it_goes_on_and_resume_where_they_broke(
    client: httpx2.AsyncClient, port: int, queue: RedisQueue
) -> None:
    job_id = (await client.post("/submit", json=BODY)).json()["jobId"]
    reader, writer = await follow(port, job_id)
    head_lines = await until(reader, "event: state")
    assert head_lines[0] == "HTTP/1.1 200 OK\r"
    assert "content-type: text/event-stream; charset=utf-8\r" in head_lines
    (claimed,) = await claim(queue)
    await queue.renew("w1", {claimed.job_id: claimed.fence}, [claimed.job_id])
    await until(reader, 'data: {"state":"running"')
    await queue.progress(claimed, ['{"index":0}', '{"index":1}'])
    seen = await until(reader, 'data: {"index":0}')
    writer.transport.abort()
    await until_metric(client, "sandfleet_api_waiters 0.0")
    last = next(line for line in reversed(seen) if line.startswith("id: ")).removeprefix("id: ")

    reader, writer = await follow(port, job_id, last)
    seen = await until(reader, 'data: {"index":')
    assert seen[-1] == 'data: {"index":1}'
    await queue.progress(claimed, ['{"index":2}'])
    await until(reader, 'data: {"index":2}')
    await finish(queue, claimed)
    await until(reader, "event: done")
    assert f'"result":"/result/{job_id}"' in (await reader.readline()).decode()
    writer.close()
    await until_metric(client, "sandfleet_api_waiters 0.0")
    answer = await client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": "done"})
    assert answer.status_code == 204


async def test_a_reader_that_reads_nothing_holds_nobody_up(
    client: httpx2.AsyncClient, port: int, queue: RedisQueue
) -> None:
    job_id = (await client.post("/submit", json=BODY)).json()["jobId"]
    _, stuck = await follow(port, job_id)
    stuck.transport.pause_reading()  # type: ignore[attr-defined]
    reader, writer = await follow(port, job_id)
    await until(reader, "event: state")
    (claimed,) = await claim(queue)
    padding = "x" * 12_000
    for first in range(0, 1000, 50):  # far more than the buffers of a connection hold
        events = [json.dumps({"index": n, "stdout": padding}) for n in range(first, first + 50)]
        await queue.progress(claimed, events)
    await until(reader, 'data: {"index": 999')
    await finish(queue, claimed)
    await until(reader, "event: done")
    assert (await client.get("/healthz")).status_code == 200
    stuck.transport.abort()
    writer.close()
    await until_metric(client, "sandfleet_api_waiters 0.0")


async def test_a_batch_from_submit_to_its_last_line(client: httpx2.AsyncClient, queue: RedisQueue) -> None:
    jobs = [{**BODY, "problemId": f"p{number}", "code": f"{number}"} for number in range(5)]
    accepted = (await client.post("/submit/batch", json={"jobs": jobs})).json()
    path = accepted["links"]["self"]
    results = asyncio.create_task(client.get(accepted["links"]["results"], headers=WAIT))
    events = asyncio.create_task(client.get(accepted["links"]["events"]))
    await until_metric(client, "sandfleet_api_waiters 2.0")
    first, *others = await claim(queue, 4)
    await finish(queue, first)
    assert (await client.get(path)).json()["verdicts"] == {"ok": 1}
    for claimed in others:
        await finish(queue, claimed)
    cancelled = (await client.delete(path)).json()
    assert (cancelled["done"], cancelled["verdicts"]) == (5, {"ok": 4, "cancelled": 1})
    lines = [json.loads(line) for line in (await asyncio.wait_for(results, 20)).text.splitlines()]
    assert [line["verdict"] for line in lines] == ["ok"] * 4 + ["cancelled"]
    assert {line["jobId"] for line in lines} == set(accepted["jobs"])
    told = (await asyncio.wait_for(events, 20)).text
    assert told.count("event: job") == 5
    assert told.endswith("\n\n")
    assert "id: done" in told
    await until_metric(client, "sandfleet_api_waiters 0.0")


async def test_a_running_job_is_cancelled_and_its_end_waited_for(
    client: httpx2.AsyncClient, queue: RedisQueue
) -> None:
    job_id = (await client.post("/submit", json=BODY)).json()["jobId"]
    (claimed,) = await claim(queue)
    held = {claimed.job_id: claimed.fence}
    await queue.renew("w1", held, [job_id])
    assert (await client.delete(f"/jobs/{job_id}")).status_code == 202
    asked = asyncio.create_task(client.delete(f"/jobs/{job_id}", headers=WAIT))
    await until_metric(client, "sandfleet_api_waiters 1.0")
    assert (await queue.renew("w1", held)).cancelled == {job_id}
    await finish(queue, claimed, verdict=Verdict.CANCELLED)
    record = (await asyncio.wait_for(asked, 20)).json()
    assert (record["state"], record["result"]["verdict"], record["cancelAsked"]) == (
        "done",
        "cancelled",
        True,
    )
    assert (await client.delete(f"/result/{job_id}")).status_code == 204
    assert (await client.get(f"/jobs/{job_id}")).status_code == 404


async def test_a_client_that_leaves_takes_its_job_with_it(
    client: httpx2.AsyncClient, port: int, queue: RedisQueue
) -> None:
    body = json.dumps(BODY).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("Prefer: wait=30, cancel-on-close", f"Content-Length: {len(body)}") + body)
    await until_metric(client, "sandfleet_api_waiters 1.0")
    writer.close()
    async with asyncio.timeout(20):
        while (answer := await client.get("/result/two-sum")).status_code != 200:
            pass
    assert answer.json()["verdict"] == "cancelled"
    assert await queue.claim("w1", ["tongue"], 1) == []


async def test_sent_twice_is_run_once_and_its_source_is_kept(
    client: httpx2.AsyncClient, queue: RedisQueue
) -> None:
    key = {"Idempotency-Key": '"a key"'}
    body = {**BODY, "store": "source", "ttlSeconds": 600, "delaySeconds": 0}
    sent = [client.post("/submit", json=body, headers=key) for _ in range(8)]
    ids = {answer.json()["jobId"] for answer in await asyncio.gather(*sent)}
    (job_id,) = ids
    assert (await client.post("/submit", json=BODY, headers=key)).status_code == 409
    (claimed,) = await claim(queue)
    assert await queue.claim("w1", ["tongue"], 1) == []
    stored = await finish(queue, claimed)
    again = await client.post("/submit", json=body, headers={**key, **WAIT})
    assert (again.status_code, again.json()) == (200, stored)
    assert (await client.get(f"/jobs/{job_id}/source")).json() == BODY


async def test_a_place_in_the_queue_is_told_as_it_changes(
    client: httpx2.AsyncClient, port: int, queue: RedisQueue
) -> None:
    ids = [(await client.post("/submit", json=BODY)).json()["jobId"] for _ in range(3)]
    reader, writer = await follow(port, ids[2])
    await until(reader, 'data: {"state":"queued","attempt":0,"position":3')
    for claimed in await claim(queue, 2):
        await queue.renew("w1", {claimed.job_id: claimed.fence}, [claimed.job_id])
    await until(reader, 'data: {"state":"queued","attempt":0,"position":1')
    writer.transport.abort()
    await until_metric(client, "sandfleet_api_waiters 0.0")


async def test_a_problem_is_stored_and_its_jobs_say_so(client: httpx2.AsyncClient, queue: RedisQueue) -> None:
    tests = {"tests": [{"stdin": "1", "expected": "é😀"}]}
    path = "/problems/a%2Fb%20%25/results%2F"
    stored = await client.put(path, json=tests)
    assert stored.status_code == 201
    assert (await client.get(path)).json()["definition"] == tests
    await client.post("/submit", json={**BODY, "problemId": "a/b %/results/"})
    (claimed,) = await claim(queue)
    assert claimed.definition == stored.json()["digest"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_body_announced_too_large_is_refused_unread(port: int) -> None:
    answer = await exchange(port, head(f"Content-Length: {100 * 1024 * 1024}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"urn:sandfleet:problem:too-large" in answer


async def test_an_endless_body_is_cut_off(redis_server: RedisServer, languages_dir: Path) -> None:
    async with served(redis_url=redis_server.url, languages_dir=languages_dir, body_s=60) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head("Transfer-Encoding: chunked"))
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        answer = asyncio.create_task(reader.read())
        async with asyncio.timeout(30):
            while not answer.done():
                writer.write(piece)
                try:
                    await writer.drain()
                except ConnectionError:
                    break
            # Whole, though we still send: the server's end does not reset the connection before it.
            assert (await answer).startswith(b"HTTP/1.1 413 ")
        assert b"urn:sandfleet:problem:too-large" in await answer
        writer.close()


async def test_a_body_that_stops_coming_is_408(port: int) -> None:
    answer = await exchange(port, head("Content-Length: 100") + b"{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:sandfleet:problem:slow-body" in answer


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /healthz HTTP/1.1\r\nX-Slow: ", b"POST /healthz HTTP/1.1\r\nContent-Length: 9\r\n\r\n"],
)
async def test_a_request_that_never_becomes_whole_ends_its_connection(
    redis_server: RedisServer, languages_dir: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.1)
    async with served(redis_url=redis_server.url, languages_dir=languages_dir, body_s=0.1) as port:
        await exchange(port, sent)


async def test_a_head_of_any_length_is_not_taken(port: int) -> None:
    answer = await exchange(port, b"GET /healthz HTTP/1.1\r\nX-Long: " + b"x" * (server.HEAD_BYTES_MAX + 1))
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"GET /healthz HTTP/1.1\r\nHost: ::1\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
            b"200",
        ),
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
    ],
)
async def test_odd_http(port: int, sent: bytes, status: bytes) -> None:
    assert (await exchange(port, sent))[9:12] == status


async def test_without_redis_it_says_so_and_lives(languages_dir: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        async with (
            served(redis_url=url, languages_dir=languages_dir) as port,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            statuses = [
                (await client.post("/submit", json=BODY)).status_code,
                (await client.get("/readyz")).status_code,
                (await client.get("/result/two-sum")).status_code,
                (await client.put("/problems/p", json={"tests": [{}]})).status_code,
                (await client.get(f"/jobs/{'0' * 32}/events")).status_code,
                (await client.get("/healthz")).status_code,
                (await client.get("/languages")).status_code,
                (await client.get("/metrics")).status_code,
            ]
    assert statuses == [503, 503, 503, 503, 503, 200, 200, 200]


async def test_it_listens_alone_and_stops_when_told(
    redis_server: RedisServer, clients: RedisClients, languages_dir: Path
) -> None:
    settings = {
        "SANDFLEET_REDIS_URL": redis_server.url,
        "SANDFLEET_LANGUAGES_DIR": str(languages_dir),
        "SANDFLEET_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api"), env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(30):
        line: dict[str, Any] = {}
        while line.get("event") != "api_listening":
            line = json.loads(await process.stdout.readline())
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{line['port']}", timeout=30) as client:
            waiting = asyncio.create_task(client.post("/submit", json=BODY, headers=WAIT))
            await until_metric(client, "sandfleet_api_waiters 1.0")
            process.send_signal(signal.SIGTERM)
            answer = await waiting
        output, _ = await process.communicate()
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert process.returncode == 0
    logged = [json.loads(text) for text in output.splitlines()]
    submitted = [entry for entry in logged if entry["event"] == "job_submitted"]
    assert [entry["job_id"] for entry in submitted] == [answer.json()["jobId"]]
    assert logged[-1]["event"] == "api_stopped"


async def test_a_setting_it_does_not_know_stops_the_start() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api"),
        env={**os.environ, "SANDFLEET_PROT": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"SANDFLEET_PROT" in errors


# --- keys ----------------------------------------------------------------------------------------

EVERYWHERE = "0.0.0.0"


async def made(clients: RedisClients, *scopes: Scope) -> dict[str, str]:
    """The header of a key that the operator has just made."""
    token = Token.mint()
    key = ApiKey(key_id=token.key_id, name="of test", scopes=frozenset(scopes))
    await ApiKeys(clients).create(key, token)
    return {"Authorization": f"Bearer {token.text}"}


async def test_beyond_loopback_every_request_needs_a_key(
    redis_server: RedisServer, clients: RedisClients, queue: RedisQueue, languages_dir: Path
) -> None:
    async with (
        served(redis_url=redis_server.url, languages_dir=languages_dir, host=EVERYWHERE) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        assert (await client.post("/submit", json=BODY)).status_code == 401
        assert (await client.get("/readyz")).status_code == 200
        # Without a key a body of any size is not read.
        answer = await exchange(port, head(f"Content-Length: {100 * 1024 * 1024}"))
        assert answer.startswith(b"HTTP/1.1 401 ")
        submits, reads = await made(clients, Scope.SUBMIT), await made(clients, Scope.READ)
        assert (await client.post("/submit", json=BODY, headers=reads)).status_code == 403
        accepted = await client.post("/submit", json=BODY, headers=submits)
        assert accepted.status_code == 202
        (claimed,) = await claim(queue)
        assert claimed.job_id == accepted.json()["jobId"]


async def test_a_key_is_rotated_and_revoked_while_the_api_runs(
    redis_server: RedisServer, clients: RedisClients, languages_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "FRESH_S", 0.0)  # what it knows is asked for again at once
    store = ApiKeys(clients)
    async with (
        served(redis_url=redis_server.url, languages_dir=languages_dir, keys="required") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):

        async def status(token: Token) -> int:
            headers = {"Authorization": f"Bearer {token.text}"}
            return (await client.get("/languages", headers=headers)).status_code

        old, new = Token.mint(), None
        await store.create(ApiKey(key_id=old.key_id, name="j", scopes=frozenset({Scope.READ})), old)
        new = Token.mint(old.key_id)
        assert (await status(old), await status(new)) == (200, 401)
        await store.rotate(new, 60)
        assert (await status(old), await status(new)) == (200, 200)
        await store.rotate(new, 60)  # once more changes nothing
        await clients.call("HSET", keys.api_key(old.key_id), "previous_until_ms", 1)
        assert (await status(old), await status(new)) == (401, 200)
        await store.revoke(new.key_id)
        assert (await status(old), await status(new)) == (401, 401)
