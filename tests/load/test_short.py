"""A short run of both campaigns, with empty sandboxes, on every run of the tests."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from api.problems import Kind, Problem
from tests.chaos.fleet_under_test import redis_server
from tests.load import overload, report, soak
from tests.load.generator import Order, arrivals
from tests.load.http_client import Client, parsed
from tests.load.programs import languages, programs

_OVERLOAD = overload.Plan(
    runtime="noop",
    seconds=2,
    sustained_s=0.5,
    queue_s=1,
    probes=4,
    pause_s=0.02,
    # Beside other tests a machine may be slow; that is for a campaign to judge, not for a test.
    refusal_p99_ms=10_000,
    back_s=60,
)
_SOAK = soak.Plan(runtime="noop", seconds=2, jobs=5, sustained_s=0.5, sample_s=0.25, rate_share=0.5)


@pytest.fixture(autouse=True)
def _redis_server() -> None:
    """A real Redis is needed; the error names the package."""
    redis_server()


async def test_an_overload_is_borne(tmp_path: Path) -> None:
    came = await overload.run(_OVERLOAD)
    assert came.sound, report.table(came)
    assert came.figures["accepted"] > 0
    report.write_json(came, tmp_path / "figures.json")
    report.write_json(replace(came, plan=replace(came.plan, runtime="crun")), tmp_path / "figures.json")
    assert set(json.loads((tmp_path / "figures.json").read_text())["runs"]) == {"noop", "crun"}


async def test_a_soak_leaves_nothing(tmp_path: Path) -> None:
    came = await soak.run(_SOAK)
    wrong = [line for line in came.lines if not line.holds and not line.what.startswith("nothing grows")]
    assert not wrong, report.table(came)
    names = {one.name for one in came.series}
    assert {"worker, RSS", "api, descriptors", "redis keys", "mounts of the fleet"} <= names
    report.write_json(came, tmp_path / "figures.json")
    assert "worker, RSS" in report.table(came)


def test_arrivals_are_planned_before_the_first() -> None:
    order = Order(port=1, runtime="noop", seconds=100, rate=50, seed=3)
    due = arrivals(order)
    assert due == arrivals(order)
    assert due != arrivals(replace(order, seed=4))
    assert due == sorted(due)
    assert len(due) == pytest.approx(5000, rel=0.1)
    assert due[-1] < 100


@pytest.mark.parametrize("runtime", ["docker", "noop"])
def test_every_starter_has_its_program(runtime: str) -> None:
    found = programs(runtime)
    assert [one.language for one in found] == [language.name for language in languages()]
    assert all(one.is_answered_by({"verdict": "ok", "stdout": one.stdout}) for one in found)
    assert not found[0].is_answered_by({"verdict": "ok", "stdout": "else"})


async def test_an_answer_in_pieces_is_read_whole() -> None:
    body = bytes(Problem(Kind.QUEUE_FULL, "words").response().body)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        answer = b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\nRetry-After: 1\r\n\r\n%b" % (len(body), body)
        for at in range(0, len(answer), 7):
            writer.write(answer[at : at + 7])
            await writer.drain()
        await reader.read(2)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        client = Client(server.sockets[0].getsockname()[1])
        answer = parsed((await client.submit(b"{}"))[0])
        client.close()
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "1", body)


async def test_a_connection_that_is_cut_is_no_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        client = Client(server.sockets[0].getsockname()[1])
        with pytest.raises(ConnectionError):
            await client.submit(b"{}")
        client.close()
