"""The sender of webhooks: when it sends, what it makes of an answer, and whom a slow receiver holds up."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from fleet import log
from fleet.deliveries import Attempted, Claimed, DeliveryState, Sending, Share
from fleet.errors import QueueUnavailable, SettingsError
from fleet.settings import load
from fleet.testing_deliveries import FakeDeliveries
from fleet.webhooks import secret_of
from subscriber import webhooks
from subscriber.metrics import Metrics
from subscriber.outbound import Answer, How
from subscriber.patience import kept_going
from subscriber.settings import SubscriberSettings
from subscriber.webhooks import Plan, Sender

MASTER = "m" * 32
PLAN = Plan(pauses_s=(10, 60), sends_max=4, per_host_max=2)
URL = "https://one.example/hook?token=s3cret"
GOOD = Answer(How.ANSWERED, "it answered 200", 200)
BAD = Answer(How.ANSWERED, "it answered 500", 500)
PENDING, DELIVERED, DEAD = DeliveryState


class PostOfTest:
    """Answers as it is told by URL, holds back what it is told to hold, and notes every request."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer | Exception]] = defaultdict(list)
        self.held: dict[str, asyncio.Event] = {}
        self.requests: list[tuple[str, Mapping[str, str], bytes]] = []

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.requests.append((url, headers, body))
        if url in self.held:
            await self.held[url].wait()
        answer = self.answers[url].pop(0) if self.answers[url] else GOOD
        if isinstance(answer, Exception):
            raise answer
        return answer


class Bench:
    """A sender at work, and all that a test needs to hold of it."""

    def __init__(self, deliveries: FakeDeliveries, plan: Plan) -> None:
        self.deliveries, self.post, self.metrics = deliveries, PostOfTest(), Metrics()
        self.stop = asyncio.Event()
        self._wakes: asyncio.Queue[None] = asyncio.Queue()
        self.sender = Sender(deliveries, self.post, MASTER, plan, self.metrics)

    async def wakes(self) -> AsyncGenerator[None, None]:
        while True:
            await self._wakes.get()
            yield

    def wake(self) -> None:
        self._wakes.put_nowait(None)

    async def until(self, delivery_id: str, state: DeliveryState, attempts: int = 1) -> None:
        """Return when a delivery is so, and its last attempt is settled."""
        while True:
            found = await self.deliveries.get(delivery_id)
            assert found
            if found.state is state and len(found.history) == attempts:
                return
            await asyncio.sleep(0)

    def count(self, outcome: str) -> float | None:
        sample = self.metrics.registry.get_sample_value
        return sample("sandfleet_subscriber_webhook_attempts_total", {"outcome": outcome})


@asynccontextmanager
async def sending(deliveries: FakeDeliveries | None = None, plan: Plan = PLAN) -> AsyncIterator[Bench]:
    bench = Bench(deliveries or FakeDeliveries(), plan)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.sender.run(bench.wakes(), bench.stop))
        yield bench
        bench.stop.set()


async def test_what_is_due_is_sent_signed_and_settled() -> None:
    async with sending() as bench:
        made = bench.deliveries.add(URL, owner="a", body='{"type":"job.done"}')
        bench.wake()
        await bench.until(made, DELIVERED)
    ((url, headers, body),) = bench.post.requests
    assert url == URL
    assert Webhook(secret_of(MASTER, "a")).verify(body, dict(headers)) == {"type": "job.done"}
    assert headers["webhook-id"] == made
    assert (headers["Sandfleet-Event"], headers["Sandfleet-Attempt"]) == ("job.done", "1")
    assert headers["Content-Type"] == "application/json"
    assert bench.count("delivered") == 1


async def test_it_sends_again_after_pauses_and_gives_up() -> None:
    async with sending() as bench:
        bench.post.answers[URL] = [BAD, Answer(How.UNREACHABLE, "no"), Answer(How.LATE, "late")]
        made = bench.deliveries.add(URL)
        bench.wake()
        for attempt, pause_s in ((1, 10), (2, 60)):
            await bench.until(made, PENDING, attempt)
            found = await bench.deliveries.get(made)
            assert found
            assert found.due_at_ms
            due_s = (found.due_at_ms - found.history[-1].at_ms) / 1000
            assert 0.8 * pause_s <= due_s <= 1.2 * pause_s
            bench.deliveries.advance(due_s)
            bench.wake()
        await bench.until(made, DEAD, 3)
    attempts = [headers["Sandfleet-Attempt"] for _, headers, _ in bench.post.requests]
    assert attempts == ["1", "2", "3"]
    assert len({headers["webhook-id"] for _, headers, _ in bench.post.requests}) == 1
    assert [bench.count(outcome) for outcome in ("answered", "unreachable", "late")] == [1, 1, 1]


async def test_a_receiver_may_say_never_again() -> None:
    async with sending() as bench:
        bench.post.answers[URL] = [Answer(How.ANSWERED, "it answered 410", 410)]
        made = bench.deliveries.add(URL)
        bench.wake()
        await bench.until(made, DEAD)
    assert len(bench.post.requests) == 1


@pytest.mark.parametrize(
    ("answer", "attempt", "state"),
    [
        (Answer(How.ANSWERED, "", 199), 1, PENDING),
        (Answer(How.ANSWERED, "", 299), 1, DELIVERED),
        (Answer(How.ANSWERED, "", 300), 1, PENDING),
        (Answer(How.ANSWERED, "", 404), 2, PENDING),
        (Answer(How.ANSWERED, "", 404), 3, DEAD),
        (Answer(How.REFUSED, ""), 1, PENDING),
        (Answer(How.REFUSED, ""), 3, DEAD),
        (Answer(How.ANSWERED, "", 204), 3, DELIVERED),
    ],
)
def test_what_an_answer_means(answer: Answer, attempt: int, state: DeliveryState) -> None:
    assert PLAN.next_of(attempt, answer, 5).state is state


def test_a_receiver_may_ask_for_a_longer_pause() -> None:
    busy = Answer(How.ANSWERED, "", 503, retry_after_s=500)
    assert PLAN.next_of(1, busy, 5).pause_s == 500
    assert PLAN.next_of(1, Answer(How.ANSWERED, "", 503, retry_after_s=1), 5).pause_s >= 8


async def test_a_slow_receiver_holds_nobody_else_up() -> None:
    slow = "https://slow.example/"
    async with sending() as bench:
        bench.post.held[slow] = asyncio.Event()
        waiting = [bench.deliveries.add(slow) for _ in range(9)]
        for _ in range(3):
            quick = [bench.deliveries.add(URL, owner="b") for _ in range(5)]
            bench.wake()
            for made in quick:
                await bench.until(made, DELIVERED)
        assert [url for url, _, _ in bench.post.requests].count(slow) == PLAN.per_host_max
        bench.post.held[slow].set()
        for made in waiting:
            await bench.until(made, DELIVERED)


async def test_no_more_are_under_way_than_may_be() -> None:
    async with sending() as bench:
        urls = [f"https://h{host}.example/" for host in range(9)]
        for number, url in enumerate(urls):
            bench.post.held[url] = asyncio.Event()
            bench.deliveries.add(url, owner=f"o{number}")
        bench.wake()
        while len(bench.post.requests) < PLAN.sends_max:
            await asyncio.sleep(0)
        bench.wake()
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(bench.post.requests) == PLAN.sends_max
        for event in bench.post.held.values():
            event.set()
        while len(bench.post.requests) < len(urls):
            await asyncio.sleep(0)


async def test_a_fault_of_ours_ends_one_attempt_and_nothing_else() -> None:
    other = "https://other.example/"
    async with sending() as bench:
        bench.post.answers[URL] = [ZeroDivisionError("s3cret")]
        broken, fine = bench.deliveries.add(URL), bench.deliveries.add(other)
        bench.wake()
        await bench.until(fine, DELIVERED)
        await bench.until(broken, PENDING)
    assert bench.count("failed") == 1


async def test_what_is_under_way_is_ended_before_it_stops() -> None:
    async with sending() as bench:
        bench.post.held[URL] = asyncio.Event()
        made = bench.deliveries.add(URL)
        bench.wake()
        while not bench.post.requests:
            await asyncio.sleep(0)
        bench.deliveries.add("https://other.example/")
        bench.stop.set()
        bench.wake()
        for _ in range(20):
            await asyncio.sleep(0)
        bench.post.held[URL].set()
    found = await bench.deliveries.get(made)
    assert found
    assert found.state is DELIVERED
    assert len(bench.post.requests) == 1


async def test_redis_away_loses_nothing() -> None:
    class Away(FakeDeliveries):
        claims = settles = 0

        async def claim(self, want: int, share: Share, busy: Mapping[str, int]) -> Claimed:
            self.claims += 1
            if self.claims == 1:
                raise QueueUnavailable("away")
            return await super().claim(want, share, busy)

        async def settle(self, sending: Sending, attempted: Attempted) -> bool:
            self.settles += 1
            if self.settles == 1:
                raise QueueUnavailable("away")
            return await super().settle(sending, attempted)

    deliveries = Away()
    made = deliveries.add(URL)
    async with sending(deliveries) as bench:
        await bench.until(made, DELIVERED)
    assert len(bench.post.requests) == 1


async def test_it_stops_while_redis_is_away() -> None:
    class Away(FakeDeliveries):
        async def claim(self, want: int, share: Share, busy: Mapping[str, int]) -> Claimed:
            raise QueueUnavailable("away")

    async with sending(Away()):
        pass


async def test_what_waits_is_measured() -> None:
    async with sending() as bench:
        bench.post.answers[URL] = [BAD]
        made = bench.deliveries.add(URL)
        bench.wake()
        await bench.until(made, PENDING)
        bench.deliveries.advance(5)
        sample = bench.metrics.registry.get_sample_value
        bench.wake()
        while sample("sandfleet_subscriber_webhook_oldest_seconds") != 5:
            await asyncio.sleep(0)
        assert sample("sandfleet_subscriber_webhook_pending") == 1
        assert sample("sandfleet_subscriber_webhook_dead") == 0


async def test_its_lines_have_no_secret_and_no_body(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.configure("subscriber", "json")
    monkeypatch.setattr(webhooks, "_log", log.get("webhooks"))
    async with sending() as bench:
        bench.post.answers[URL] = [ZeroDivisionError("s3cret"), GOOD]
        made = bench.deliveries.add(URL, owner="a", body='{"data":"private"}')
        bench.wake()
        await bench.until(made, PENDING)
        await bench.deliveries.redeliver(made)
        bench.wake()
        await bench.until(made, DELIVERED, 2)
    text = capsys.readouterr().out
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines] == ["webhook_failed", "webhook_sent", "webhook_sent"]
    assert lines[0]["fault"].startswith("ZeroDivisionError at test_webhook_sender.py:")
    assert (lines[2]["delivery_id"], lines[2]["host"], lines[2]["status"]) == (made, "one.example", 200)
    for secret in ("s3cret", "private", MASTER, "whsec_", secret_of(MASTER, "a")[6:]):
        assert secret not in text


# --- beside the other loop -----------------------------------------------------------------------


async def test_a_crash_of_one_loop_is_none_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriber.patience._CRASH_PAUSE_S", 0.0)
    metrics, stop, crashes = Metrics(), asyncio.Event(), 0

    async def crashing() -> None:
        nonlocal crashes
        crashes += 1
        if crashes == 3:
            stop.set()
        raise ZeroDivisionError

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(kept_going("one", crashing, metrics, stop))
        other = tasks.create_task(kept_going("other", stop.wait, metrics, stop))  # type: ignore[arg-type]
    assert not other.exception()
    assert metrics.registry.get_sample_value("sandfleet_subscriber_crashes_total", {"loop": "one"}) == 3


def test_the_settings_are_those_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(SubscriberSettings).webhook_pauses_s == (10, 60, 300, 1800, 7200, 21600, 43200)
    monkeypatch.setenv("SANDFLEET_WEBHOOK_RETRY_S", "1 2")
    assert load(SubscriberSettings).webhook_pauses_s == (1, 2)
    share = PLAN.share
    assert (share.attempts_max, share.receiver_max, share.owner_max) == (3, 2, 2)
    assert share.lease_s > PLAN.attempt_s


@pytest.mark.parametrize("words", ["-1", "x", "1,2", "1.5", "9999999", " ".join("1" * 20), "400000 400000"])
def test_pauses_that_are_none_stop_the_start(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_WEBHOOK_RETRY_S", words)
    with pytest.raises(SettingsError, match="SANDFLEET_WEBHOOK_RETRY_S"):
        load(SubscriberSettings)
