"""Cases are told while a job runs: in order, all of them, one call at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from fleet.errors import QueueMemoryFull, QueueUnavailable
from fleet.queue import Claim
from tests.unit.judge_harness import a_run
from tests.unit.worker_harness import Queue, until
from worker.progress import Progress
from worker.run import Loss


class Heard(Queue):
    """A queue that takes what is told when its gate opens, unless something else is to happen."""

    def __init__(self, *misfortunes: Exception | bool) -> None:
        super().__init__()
        self.calls: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_once = self.most_at_once = 0
        self._misfortunes = list(misfortunes)

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        self.calls.append([json.loads(event)["index"] for event in events])
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.gate.wait()
        self.at_once -= 1
        happens = self._misfortunes.pop(0) if self._misfortunes else True
        if isinstance(happens, Exception):
            raise happens
        return happens


def case(index: int) -> dict[str, int]:
    return {"index": index}


async def test_what_comes_together_is_told_together() -> None:
    queue = Heard()
    progress = Progress(a_run(), queue)
    for index in range(3):
        progress.tell(case(index))
    await until(lambda: bool(queue.calls))
    progress.tell(case(3))
    await progress.close()

    assert queue.calls == [[0, 1, 2], [3]]


async def test_one_call_at_a_time() -> None:
    queue = Heard()
    queue.gate.clear()
    progress = Progress(a_run(), queue)
    progress.tell(case(0))
    await until(lambda: bool(queue.calls))
    for index in range(1, 100):
        progress.tell(case(index))
    closing = asyncio.create_task(progress.close())
    queue.gate.set()
    await closing

    assert [len(call) for call in queue.calls] == [1, 64, 35]
    assert [index for call in queue.calls for index in call] == list(range(100))
    assert queue.most_at_once == 1


async def test_an_event_is_the_case_and_the_attempt_it_belongs_to() -> None:
    queue = Queue()
    job_id = await queue.submit()
    (claim,) = await queue.claim("w1", ["tongue"], 1)
    run = a_run()
    run.claim = claim
    progress = Progress(run, queue)
    progress.tell({"index": 0, "stdout": "é"})
    await progress.close()

    ((_, event),) = await queue.told(job_id)
    assert json.loads(event) == {"index": 0, "stdout": "é", "attempt": 1}


async def test_while_redis_is_away_the_same_is_told_again() -> None:
    queue = Heard(QueueUnavailable("away"), QueueUnavailable("away"))
    progress = Progress(a_run(), queue)
    progress.tell(case(0))
    await until(lambda: bool(queue.calls))
    progress.tell(case(1))
    await progress.close()

    assert queue.calls == [[0], [0], [0], [1]]


async def test_a_full_redis_is_not_waited_for() -> None:
    queue = Heard(QueueMemoryFull("full"))
    progress = Progress(a_run(), queue)
    progress.tell(case(0))
    await until(lambda: bool(queue.calls))
    progress.tell(case(1))
    await progress.close()

    assert queue.calls == [[0], [1]]


async def test_a_lease_that_is_lost_ends_the_run_and_what_is_told() -> None:
    queue, run = Heard(False), a_run()
    progress = Progress(run, queue)
    progress.tell(case(0))
    await until(lambda: run.loss is not None)
    progress.tell(case(1))
    await progress.close()

    assert run.loss is Loss.STALE
    assert queue.calls == [[0]]


@pytest.mark.parametrize("told", [0, 1])
async def test_nothing_is_left_behind(told: int) -> None:
    before = asyncio.all_tasks()
    progress = Progress(a_run(), Heard())
    for index in range(told):
        progress.tell(case(index))
    await progress.close()
    await progress.close()

    assert asyncio.all_tasks() == before
