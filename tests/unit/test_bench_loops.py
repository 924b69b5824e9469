"""The loops of the benchmark: arrivals fixed in advance, latencies from where they should count."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from bench import marks, trace
from bench.http_client import Client
from bench.schedule import closed_loop, even, open_loop, poisson


def test_even_arrivals_keep_their_distance() -> None:
    assert even(4, 1) == [0.0, 0.25, 0.5, 0.75]
    assert even(2, 0.1) == []


def test_poisson_arrivals_are_the_same_for_a_seed_and_as_many_as_asked() -> None:
    arrivals = poisson(100, 20, seed=1)
    assert arrivals == poisson(100, 20, seed=1)
    assert arrivals != poisson(100, 20, seed=2)
    assert arrivals == sorted(arrivals)
    assert 1_700 < len(arrivals) < 2_300
    assert arrivals[0] > 0
    assert arrivals[-1] < 20


async def test_an_open_loop_sends_though_nothing_is_answered() -> None:
    waiting, all_sent = 0, asyncio.Event()

    async def fire() -> bool:
        nonlocal waiting
        waiting += 1
        if waiting == 5:
            all_sent.set()
        await all_sent.wait()
        return True

    async with asyncio.timeout(10):
        loop = await open_loop([0.0] * 5, fire)
    assert len(loop.latencies_s) == 5
    assert loop.wrong == 0


async def test_a_stall_is_felt_by_everyone_who_would_have_met_it() -> None:
    async def fire() -> bool:
        until_s = time.monotonic() + 0.02
        while time.monotonic() < until_s:  # as a client that cannot keep up
            pass
        return True

    loop = await open_loop([0.0, 0.0, 0.0], fire)
    assert sorted(loop.latencies_s)[1] >= 0.04
    assert max(loop.latencies_s) >= 0.06


async def test_wrong_answers_are_counted_apart() -> None:
    answers = itertools.cycle([True, False])

    async def fire() -> bool:
        return next(answers)

    loop = await open_loop([0.0] * 6, fire)
    assert (len(loop.latencies_s), loop.wrong) == (3, 3)


async def test_a_closed_loop_keeps_so_many_in_flight() -> None:
    in_flight = most = 0

    async def fire() -> bool:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0)
        in_flight -= 1
        return True

    loop = await closed_loop(3, 0.0, 0.05, fire)
    assert most == 3
    assert loop.per_s == len(loop.latencies_s) / 0.05
    assert loop.latencies_s


async def test_the_client_keeps_its_connections_and_reads_answers_whole() -> None:
    connections = 0
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            size = int(head.lower().split(b"content-length:")[1].split()[0])
            seen.append(head + await reader.readexactly(size))
            writer.write(b'HTTP/1.1 202 Accepted\r\nX: y\r\nContent-Length: 9\r\n\r\n{"a": 12}')
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname()[1])
    for _ in range(3):
        assert await client.post("/submit", {"b": "ü"}, "wait=3") == (202, {"a": 12})
    await client.aclose()
    server.close()
    await server.wait_closed()
    assert connections == 1
    assert b"Prefer: wait=3\r\n" in seen[0]
    assert seen[0].endswith(b'{"b": "\\u00fc"}')


async def test_the_client_leaves_a_connection_that_the_server_has_closed() -> None:
    connections, closed = 0, asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()
        closed.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname()[1])
    for _ in range(2):
        closed.clear()
        assert await client.post("/", {}) == (200, {})
        await closed.wait()
        while not client._idle[-1][0].at_eof():
            await asyncio.sleep(0)
    await client.aclose()
    server.close()
    await server.wait_closed()
    assert connections == 2


async def test_marks_are_read_as_they_were_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "_marks", [])

    class Queue:
        async def get(self, job_id: str) -> str:
            return f"result of {job_id}"

    marks.around(Queue, "get", "get", lambda args, _answer: str(args[1]))
    assert await Queue().get("a") == "result of a"
    marks.mark("a", "event", 7)
    marks.mark("a", "event", 9)
    marks.write(tmp_path / "marks")
    found = marks.read(tmp_path / "marks")
    assert set(found) == {"a"}
    assert found["a"]["event"] == 7
    assert found["a"]["get"] <= found["a"]["get.end"]


JOB = {
    "sent": 0, "arrived": 1, "enqueue": 2, "enqueue.end": 5, "woken": 4, "claim": 6, "claim.end": 8,
    "started": 9, "started.end": 11, "box": 12, "wall": 3, "box.end": 17, "finish": 18, "finish.end": 21,
    "event": 20, "get": 22, "get.end": 24, "answer": 25, "received": 30,
}  # fmt: skip


def test_the_steps_of_a_job_add_up_to_its_whole() -> None:
    in_ms = {point: at * 1_000_000 for point, at in JOB.items()}
    *steps, whole = trace.steps([in_ms])
    assert whole.name == "whole"
    assert whole.spread.p50 == 30
    assert sum(step.spread.p50 for step in steps) == 30
    known = {step.name: step.spread.p50 for step in steps}
    assert known["enqueue: script, disk, reply"] == 2  # until the worker was woken, before the reply came
    assert known["run: by init's clock"] == 3
    assert known["hand-over: frames to init and back"] == 2
    assert known["wait for the mark that it started"] == 0
    assert known["finish: script, disk"] == 2  # until the API heard of it


def test_a_program_shorter_than_its_mark_waits_for_it() -> None:
    *steps, whole = trace.steps([{point: at * 1_000_000 for point, at in {**JOB, "started.end": 18}.items()}])
    known = {step.name: step.spread.p50 for step in steps}
    assert known["wait for the mark that it started"] == 1
    assert known["classify"] == 0
    assert whole.spread.p50 == 30


def test_a_job_with_a_mark_missing_is_left_out() -> None:
    assert trace.steps([{point: at for point, at in JOB.items() if point != "event"}]) == []
    assert trace.steps([]) == []
