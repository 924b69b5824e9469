"""The subscriber: every completion one line, written before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from fleet import log
from fleet.errors import QueueUnavailable, SettingsError
from fleet.events import Batch, Completion
from fleet.job import Verdict
from fleet.settings import load
from subscriber import completions
from subscriber import metrics as metrics_module
from subscriber.completions import follow
from subscriber.metrics import Metrics, served
from subscriber.settings import SubscriberSettings

DEADLINE_S = 10.0


def a_completion(n: int, **changes: Any) -> Completion:
    values: dict[str, Any] = {
        "n": n,
        "job_id": f"{n:032x}",
        "problem_id": "two-sum",
        "language": "tongue",
        "verdict": Verdict.OK,
        "finished_at": "2026-01-02T03:04:05.678Z",
    }
    return Completion(**{**values, **changes})


def a_batch(*completions: Completion, **more: Any) -> Batch:
    entries = tuple((f"{done.n}-0", done.n) for done in completions)
    return Batch(completions=completions, entries=entries, **more)


class SourceOfTest:
    """Gives what it is told to, batches or errors, and notes what is acknowledged; then it is idle."""

    def __init__(self, *script: Batch | Exception, acks: Sequence[Exception | None] = ()) -> None:
        self._script = list(script)
        self._acks = list(acks)
        self.acked: list[Batch] = []
        self.lines_at_ack: list[int] = []
        self.idle = asyncio.Event()
        self.opened = self.closed = False
        self.capture: Lines | None = None

    async def open(self) -> None:
        self.opened = True

    async def read(self, timeout_s: float = 5.0) -> Batch:
        if not self._script:
            self.idle.set()
            await asyncio.sleep(0)
            return Batch()
        said = self._script.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    async def ack(self, batch: Batch) -> None:
        if self._acks and (error := self._acks.pop(0)):
            raise error
        self.acked.append(batch)
        if self.capture:
            self.lines_at_ack.append(len(self.capture.read()))

    async def close(self) -> None:
        self.closed = True


class Lines:
    """What was logged, read from the process's own standard output."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.text = ""

    def read(self) -> list[dict[str, Any]]:
        self.text += self._capture.readouterr().out
        # A line ends at a newline only: whatever else breaks lines must be escaped.
        return [json.loads(line) for line in self.text.split("\n") if line]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.read() if line["event"] == event]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return Lines(capsys)


@contextmanager
def logging_here() -> Iterator[None]:
    """Log as the process does, to the output of this very test: a logger keeps the one it began with."""
    log.configure("subscriber", "json")
    with patch.object(completions, "_log", log.get("subscriber")):
        yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@asynccontextmanager
async def following(source: SourceOfTest, metrics: Metrics | None = None) -> AsyncIterator[None]:
    """The loop at work until the source has nothing more, then stopped."""
    stop = asyncio.Event()
    with logging_here():
        async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(follow(source, metrics or Metrics(), stop))
            await source.idle.wait()
            yield
            stop.set()


async def test_every_completion_is_one_line_with_what_the_event_said(lines: Lines) -> None:
    source = SourceOfTest(a_batch(a_completion(1), a_completion(2, verdict=Verdict.TIME_LIMIT)))
    async with following(source):
        pass
    found = [
        {name: line[name] for name in ("n", "jobId", "problemId", "language", "verdict", "finishedAt")}
        for line in lines.of("problem_done")
    ]
    assert found == [
        {
            "n": n,
            "jobId": f"{n:032x}",
            "problemId": "two-sum",
            "language": "tongue",
            "verdict": verdict,
            "finishedAt": "2026-01-02T03:04:05.678Z",
        }
        for n, verdict in ((1, "ok"), (2, "time_limit"))
    ]
    assert (source.opened, source.closed) == (True, True)


async def test_a_batch_is_acknowledged_after_its_lines_are_out(lines: Lines) -> None:
    source = SourceOfTest(a_batch(a_completion(1)), a_batch(a_completion(2), a_completion(3)))
    source.capture = lines
    async with following(source):
        pass
    assert [len(batch.completions) for batch in source.acked[:2]] == [1, 2]
    assert source.lines_at_ack[:2] == [1, 3]


@pytest.mark.parametrize(
    "hostile",
    [
        'p\n{"event": "problem_done", "n": 99}',
        "\r\x1b[2K\x1b]0;title\x07",
        "\u2028\u2029\x85\x0b\x0c",
        "\u202egnirts",
        '"},{"n":99,"event":"problem_done"',
        "{}%s%n{0}",
        "é😀",
    ],
)
async def test_no_problem_id_can_break_out_of_its_line(lines: Lines, hostile: str) -> None:
    source = SourceOfTest(a_batch(a_completion(1, problem_id=hostile, language=hostile)))
    async with following(source):
        pass
    (line,) = lines.of("problem_done")
    assert line["n"] == 1
    assert lines.text.isascii()
    assert len(lines.text.splitlines()) == len(lines.read())
    assert "\x1b" not in lines.text


async def test_a_gap_is_logged_and_counted_and_acknowledged(lines: Lines) -> None:
    metrics = Metrics()
    source = SourceOfTest(a_batch(a_completion(8), gaps=((3, 5), (7, 7))))
    async with following(source, metrics):
        pass
    found = [(line["first"], line["last"], line["count"]) for line in lines.of("events_missing")]
    assert found == [(3, 5, 3), (7, 7, 1)]
    assert all(line["level"] == "warning" for line in lines.of("events_missing"))
    assert source.acked[0].gaps == ((3, 5), (7, 7))
    assert metrics.registry.get_sample_value("sandfleet_subscriber_missing_total") == 4


async def test_what_is_dropped_is_counted(lines: Lines) -> None:
    metrics = Metrics()
    async with following(SourceOfTest(a_batch(a_completion(4), repeats=2, malformed=1)), metrics):
        pass
    sample = metrics.registry.get_sample_value
    assert sample("sandfleet_subscriber_repeats_total") == 2
    assert sample("sandfleet_subscriber_malformed_total") == 1
    assert sample("sandfleet_subscriber_completions_total", {"verdict": "ok"}) == 1
    assert sample("sandfleet_subscriber_last_number") == 4
    assert len(lines.of("events_malformed")) == 1


async def test_redis_away_is_said_once_and_then_reading_goes_on(lines: Lines) -> None:
    away = QueueUnavailable("refused")
    metrics = Metrics()
    async with following(SourceOfTest(away, away, a_batch(a_completion(1))), metrics):
        pass
    events = [line["event"] for line in lines.read()]
    assert events == ["redis_away", "redis_back", "problem_done"]
    assert metrics.registry.get_sample_value("sandfleet_subscriber_queue_up") == 1


async def test_an_acknowledgement_is_sent_again_and_the_lines_are_not(lines: Lines) -> None:
    source = SourceOfTest(a_batch(a_completion(1)), acks=[QueueUnavailable("reset"), None])
    async with following(source):
        pass
    assert source.acked[0].completions == (a_completion(1),)
    assert len(lines.of("problem_done")) == 1


async def test_it_stops_while_redis_is_away() -> None:
    class Away(SourceOfTest):
        async def read(self, timeout_s: float = 5.0) -> Batch:
            self.idle.set()
            raise QueueUnavailable("away")

        async def close(self) -> None:
            raise QueueUnavailable("away")

    async with following(Away()):
        pass


async def test_a_fault_of_the_source_ends_the_process_instead_of_being_passed_over() -> None:
    source = SourceOfTest(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await follow(source, Metrics(), asyncio.Event())
    assert source.closed


def answer(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_and_health_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()
    with served(metrics, "127.0.0.1", 0) as port:
        status, text = answer(port, "/metrics")
        assert status == 200
        assert "sandfleet_subscriber_missing_total 0.0" in text
        assert answer(port, "/healthz") == (200, "ok\n")
        assert answer(port, "/elsewhere")[0] == 404
        monkeypatch.setattr(metrics_module, "HANGING_S", 0.0)
        assert answer(port, "/healthz") == (503, "hanging: completions\n")
        monkeypatch.undo()
        metrics.turned(completions.LOOP)
        assert answer(port, "/healthz") == (200, "ok\n")


def test_settings_are_read_and_a_misspelt_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_GROUP", "audit")
    assert load(SubscriberSettings).group == "audit"
    monkeypatch.setenv("SANDFLEET_GROUPS", "audit")
    with pytest.raises(SettingsError, match="unknown setting SANDFLEET_GROUPS"):
        load(SubscriberSettings)


@pytest.mark.parametrize(
    ("name", "value"), [("GROUP", "a b"), ("CONSUMER", "a:b"), ("TAKEOVER_S", "0"), ("METRICS_PORT", "65536")]
)
def test_a_setting_out_of_bounds_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SANDFLEET_{name}", value)
    with pytest.raises(SettingsError, match=f"SANDFLEET_{name}"):
        load(SubscriberSettings)
