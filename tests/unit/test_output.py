"""Output while a program runs: in order, in whole characters, bounded, and at nobody's cost."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from fleet.errors import QueueMemoryFull, QueueUnavailable
from fleet.queue import Claim
from tests.unit.worker_harness import Queue, until
from worker import output as module
from worker.output import CHUNK_BYTES, EVENTS_MAX, LiveOutput, pause_s
from worker.run import Loss, Run


class Noted(Queue):
    """Notes what is told; raises what is in ``moods`` first."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[dict[str, Any]]] = []
        self.moods: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.held = True

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        if self.moods:
            raise self.moods.pop()
        await self.gate.wait()
        self.calls.append([json.loads(event) for event in events])
        assert all(len(event.encode()) <= 16 * 1024 and event.startswith('{"stream":') for event in events)
        return self.held

    @property
    def heard(self) -> list[dict[str, Any]]:
        return [event for call in self.calls for event in call]

    def text(self, stream: str = "stdout") -> bytes:
        """What was told of a stream; it must be without a hole."""
        whole = b""
        for event in self.heard:
            if event["stream"] == stream:
                assert event["offset"] == len(whole)
                text: str = event["text"]
                whole += text.encode() if event["encoding"] == "utf-8" else base64.b64decode(text)
        return whole


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_S", 0.01)
    monkeypatch.setattr(module, "_PAUSE_S", 0.001)


@pytest.fixture
def queue() -> Noted:
    return Noted()


@pytest.fixture
async def run(queue: Noted) -> Run:
    await queue.submit()
    (claim,) = await queue.claim("w1", ["tongue"], 1)
    return Run(claim, time.monotonic())


async def test_what_is_printed_is_told_in_order(queue: Noted, run: Run) -> None:
    output = LiveOutput(run, queue)
    output.hear("stdout", b"one\n")
    await until(lambda: queue.text() == b"one\n")
    output.hear("stderr", b"oops\n")
    output.hear("stdout", "zwö\n".encode())
    await until(lambda: queue.text() == "one\nzwö\n".encode() and queue.text("stderr") == b"oops\n")
    await output.close()

    assert queue.heard[0] == {
        "stream": "stdout", "offset": 0, "text": "one\n", "encoding": "utf-8", "attempt": 1,
    }  # fmt: skip
    assert output.said == {"stdout": "one\nzwö\n".encode(), "stderr": b"oops\n"}


async def test_a_short_job_tells_nothing(queue: Noted, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_S", 3600.0)
    output = LiveOutput(run, queue)
    output.hear("stdout", b"hello\n")
    await output.close()
    await LiveOutput(run, queue).close()  # that said nothing at all

    assert queue.calls == []
    assert output.said["stdout"] == b"hello\n"


async def test_once_anything_was_told_the_rest_is_told_at_the_end(queue: Noted, run: Run) -> None:
    output = LiveOutput(run, queue)
    output.hear("stdout", b"begin")
    await until(lambda: bool(queue.calls))
    output.hear("stdout", b"x" * (5 * CHUNK_BYTES) + b"end")
    await output.close()

    assert queue.text() == output.said["stdout"]


async def test_a_character_that_is_cut_waits_for_its_rest(queue: Noted, run: Run) -> None:
    output = LiveOutput(run, queue)
    euro = "€".encode()
    output.hear("stdout", b"1 " + euro[:1])
    await until(lambda: queue.text() == b"1 ")
    output.hear("stdout", euro[1:2])
    output.hear("stdout", euro[2:] + b"!")
    await until(lambda: queue.text() == "1 €!".encode())
    output.hear("stdout", euro[:2])  # and there never is a rest
    await output.close()

    assert queue.text() == output.said["stdout"]
    assert [event["encoding"] for event in queue.heard] == ["utf-8", "utf-8", "base64"]


@pytest.mark.parametrize("data", [b"\xff\xfe" * 9000, b"\0" * 20_000, "€".encode() * 9000])
async def test_every_piece_fits_into_what_the_queue_takes(queue: Noted, run: Run, data: bytes) -> None:
    output = LiveOutput(run, queue)
    output.hear("stdout", data)
    await until(lambda: len(queue.text()) >= len(data) - 3)  # what may be half a character waits
    await output.close()

    assert queue.text() == data


async def test_there_is_an_end_to_it_and_that_is_said(queue: Noted, run: Run) -> None:
    output = LiveOutput(run, queue)
    output.hear("stdout", b"x" * CHUNK_BYTES * (EVENTS_MAX + 10))
    await until(lambda: len(queue.heard) == EVENTS_MAX)
    output.hear("stderr", b"more")
    await output.close()

    *_, last = queue.heard
    assert len(queue.heard) == EVENTS_MAX
    assert last["truncated"] is True
    assert (last["text"], last["offset"]) == ("", CHUNK_BYTES * (EVENTS_MAX - 1))
    assert all("truncated" not in event for event in queue.heard[:-1])
    assert len(output.said["stdout"]) == CHUNK_BYTES * (EVENTS_MAX + 10)


async def test_a_queue_that_is_away_is_told_the_same_once_more(queue: Noted, run: Run) -> None:
    queue.moods = [QueueUnavailable("away"), QueueUnavailable("away")]
    output = LiveOutput(run, queue)
    output.hear("stdout", b"one")
    await until(lambda: bool(queue.calls))
    await output.close()

    assert queue.text() == b"one"


async def test_a_full_memory_drops_a_piece_and_no_more(queue: Noted, run: Run) -> None:
    queue.moods = [QueueMemoryFull("full")]
    output = LiveOutput(run, queue)
    output.hear("stdout", b"dropped")
    await until(lambda: not queue.moods)
    output.hear("stdout", b"told")
    await until(lambda: bool(queue.calls))
    await output.close()

    assert [(event["offset"], event["text"]) for event in queue.heard] == [(7, "told")]


async def test_a_queue_that_does_not_answer_holds_nobody_up(
    queue: Noted, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAST_S", 0.01)
    queue.gate.clear()
    output = LiveOutput(run, queue)
    output.hear("stdout", b"one")
    await until(lambda: output._events == 1)
    for _ in range(100):
        output.hear("stdout", b"x" * 1000)  # the program prints on
    async with asyncio.timeout(10):
        await output.close()
    queue.gate.set()
    assert output._telling is not None
    await asyncio.wait({output._telling}, timeout=10)

    assert [event["text"] for event in queue.heard] == ["one"]  # the call under way, and none after it


async def test_a_lost_lease_ends_it(queue: Noted, run: Run) -> None:
    queue.held = False
    output = LiveOutput(run, queue)
    output.hear("stdout", b"one")
    await until(lambda: run.loss is Loss.STALE)
    output.hear("stdout", b"two")
    await output.close()

    assert len(queue.calls) == 1


def test_it_tells_less_often_the_longer_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.15)

    pauses = [pause_s(events) for events in range(EVENTS_MAX)]

    assert (pauses[0], pauses[63], pauses[64], pauses[-1]) == (0.15, 0.15, 0.3, 1.2)
    assert sum(pauses) > 120  # a program that prints all the time is followed for two minutes
