"""The heartbeat: a thread that renews what is held and says when it is lost."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

from fleet.queue import Claim
from tests.unit.worker_harness import Queue, until
from worker.heartbeat import Heartbeat
from worker.metrics import Metrics
from worker.run import Loss


async def leased(queue: Queue) -> Claim:
    await queue.submit()
    (claim,) = await queue.claim("w1", ["tongue"], 1)
    return claim


@contextlib.contextmanager
def beating(queue: Queue, lease_s: float) -> Iterator[Heartbeat]:
    @contextlib.asynccontextmanager
    async def open_queue() -> AsyncIterator[Queue]:
        yield queue

    heartbeat = Heartbeat("w1", lease_s, open_queue, Metrics())
    heartbeat.start()
    try:
        yield heartbeat
    finally:
        heartbeat.stop()


def never() -> None:
    raise AssertionError("nobody asked for a cancel")


async def test_it_beats_without_any_job() -> None:
    queue = Queue()
    with beating(queue, 1.5):
        await until(lambda: queue.asked.count("renew") >= 2)


async def test_a_held_claim_is_renewed_until_it_is_let_go() -> None:
    queue = Queue(lease_s=15)
    claim = await leased(queue)
    lost: list[Loss] = []

    with beating(queue, 1.5) as heartbeat:
        heartbeat.hold(claim, float("inf"), lost.append, never)
        for _ in range(3):
            queue.advance(10)  # 30 s in all: without a renewal in between the lease would be over
            beats = queue.asked.count("renew")
            await until(lambda: queue.asked.count("renew") >= beats + 2)  # noqa: B023 - awaited at once
        assert (await queue.reap()).expired == 0
        heartbeat.let_go(claim)
        beats = queue.asked.count("renew")
        await until(lambda: queue.asked.count("renew") >= beats + 1)
        queue.advance(16)

        assert (await queue.reap()).expired == 1
    assert not lost


async def test_a_stale_claim_is_lost_once() -> None:
    queue = Queue()
    claim = await leased(queue)
    await queue.release("w1", [claim])
    lost: list[Loss] = []

    with beating(queue, 1.5) as heartbeat:
        heartbeat.hold(claim, float("inf"), lost.append, never)
        beats = queue.asked.count("renew")
        await until(lambda: queue.asked.count("renew") >= beats + 3)

    assert lost == [Loss.STALE]


async def test_every_beat_tells_of_a_cancel_that_was_asked_for() -> None:
    queue = Queue()
    claim = await leased(queue)
    lost: list[Loss] = []
    heard: list[str] = []

    with beating(queue, 1.5) as heartbeat:
        heartbeat.hold(claim, float("inf"), lost.append, lambda: heard.append(claim.job_id))
        await until(lambda: "renew" in queue.asked)
        assert heard == []
        await queue.cancel(claim.job_id, {})
        await until(lambda: len(heard) >= 2)

    assert lost == []


async def test_claiming_a_held_job_again_means_that_the_older_lease_is_lost() -> None:
    queue = Queue()
    claim = await leased(queue)
    await queue.release("w1", [claim])
    (again,) = await queue.claim("w1", ["tongue"], 1)
    older: list[Loss] = []
    newer: list[Loss] = []

    with beating(queue, 60) as heartbeat:
        heartbeat.hold(claim, float("inf"), older.append, never)
        heartbeat.hold(again, float("inf"), newer.append, never)
        heartbeat.let_go(claim)  # the older run ends; the newer one is still held

    assert older == [Loss.STALE]
    assert not newer
    assert again.job_id in heartbeat._holds


async def test_a_queue_that_breaks_in_an_unknown_way_does_not_end_the_thread() -> None:
    class Broken(Queue):
        async def renew(self, *args, **options):  # type: ignore[no-untyped-def]
            self.asked.append("renew")
            raise RuntimeError("nobody thought of this")

    queue = Broken()
    with beating(queue, 1.5):
        await until(lambda: queue.asked.count("renew") >= 2)
