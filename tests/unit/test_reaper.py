"""The reaper: what it counts, whom it takes for dead, and that nothing ends it."""

from __future__ import annotations

from fleet.queue import WorkerInfo
from fleet.testing import a_worker
from tests.unit.worker_harness import Queue, until
from worker.metrics import Metrics
from worker.reaper import Reaper
from worker.testing import FakeSandbox


class Swept(FakeSandbox):
    """Remembers who was said to be alive."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[frozenset[str]] = []

    async def sweep(self, live_workers: frozenset[str]) -> int:
        self.live.append(live_workers)
        return 2


def reaper(queue: Queue, sandbox: FakeSandbox) -> tuple[Reaper, Metrics]:
    metrics = Metrics()
    return Reaper("w1", queue, sandbox, sweep_s=0.01, metrics=metrics), metrics


async def test_what_is_put_back_is_counted() -> None:
    queue = Queue(lease_s=15)
    made, metrics = reaper(queue, FakeSandbox())
    await queue.submit()
    await queue.claim("lost", ["tongue"], 1)
    queue.advance(16)

    await made.reap()

    assert metrics.registry.get_sample_value("sandfleet_worker_reaped_total", {"what": "expired"}) == 1


async def test_only_who_is_missing_twice_is_taken_for_dead() -> None:
    queue, sandbox = Queue(), Swept()
    made, metrics = reaper(queue, sandbox)
    await queue.register(a_worker("w2"))

    await made.sweep()
    assert sandbox.live == []  # nobody is known yet
    await queue.unregister("w2")
    await made.sweep()
    await made.sweep()

    assert sandbox.live == [frozenset({"w1", "w2"}), frozenset({"w1"})]
    assert metrics.registry.get_sample_value("sandfleet_worker_swept_total") == 4


async def test_nothing_ends_it() -> None:
    class Broken(Queue):
        async def workers(self) -> list[WorkerInfo]:
            self.asked.append("workers")
            raise RuntimeError("nobody thought of this")

    queue = Broken()
    queue.away = True
    made, _ = reaper(queue, FakeSandbox())
    made.open()
    await until(lambda: queue.asked.count("workers") >= 3)
    await until(lambda: "reap" in queue.asked)
    await made.close()
