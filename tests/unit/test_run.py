"""A run whose end is stored cannot be lost any more."""

from __future__ import annotations

import asyncio
import time

import pytest

from fleet.queue import Claim
from worker.run import Loss, Run


@pytest.fixture
def run() -> Run:
    claim = Claim("1" * 32, "1:a", b"{}", attempt=1, crashes=0, queued_at_ms=0, claimed_at_ms=0)
    return Run(claim, time.monotonic())


def test_the_first_reason_counts(run: Run) -> None:
    run.lose(Loss.DRAIN)
    run.lose(Loss.STALE)
    assert run.loss is Loss.DRAIN


@pytest.mark.parametrize("before", [True, False])
def test_a_heartbeat_that_crosses_the_last_answer_loses_nothing(run: Run, *, before: bool) -> None:
    """The job is nobody's once it is done, so a renewal on its way then is answered ``stale``."""
    if before:
        run.lose(Loss.STALE)
    run.settle()
    if not before:
        run.lose(Loss.STALE)
    assert run.loss is None


async def test_work_begins_in_the_step_that_asks_for_it(run: Run) -> None:
    began: list[str] = []

    async def work() -> int:
        began.append("here")
        await asyncio.sleep(0)
        return 7

    working = run.unless_stopped(work())
    working.send(None)
    assert began == ["here"]
    working.close()
    assert await run.unless_stopped(work()) == 7


async def test_a_loss_cancels_the_work_and_waits_for_its_end(run: Run) -> None:
    ended: list[str] = []

    async def work() -> bool:
        try:
            return await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("tidied up")

    asyncio.get_running_loop().call_soon(run.lose, Loss.STALE)
    assert await run.unless_stopped(work()) is None
    assert ended == ["tidied up"]
    run.lose(Loss.DRAIN)  # again, with nothing under way
    assert await run.unless_stopped(work()) is None
    assert ended == ["tidied up"]  # it did not even begin


async def test_a_cancel_ends_the_work_and_the_run_goes_on(run: Run) -> None:
    async def work() -> bool:
        return await asyncio.Event().wait()

    asyncio.get_running_loop().call_soon(run.cancel)
    asyncio.get_running_loop().call_soon(run.cancel)  # asked twice
    assert await run.unless_stopped(work()) is None
    assert (run.cancelled, run.loss) == (True, None)
    assert await run.unless_stopped(work()) is None  # nothing more is begun

    async def told() -> str:
        return "stored"

    assert await run.answer(told) == "stored"


async def test_a_cancel_and_a_loss_at_once_are_a_loss(run: Run) -> None:
    async def work() -> bool:
        return await asyncio.Event().wait()

    for stop in (run.cancel, lambda: run.lose(Loss.STALE), run.cancel):
        asyncio.get_running_loop().call_soon(stop)
    assert await run.unless_stopped(work()) is None
    assert run.loss is Loss.STALE


def test_what_is_stored_cannot_be_cancelled(run: Run) -> None:
    run.settle()
    run.cancel()
    assert not run.cancelled


async def test_work_that_fails_or_takes_too_long_by_itself_says_so(run: Run) -> None:
    async def slow() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    async def broken() -> None:
        raise ValueError("no")

    with pytest.raises(TimeoutError):
        await run.unless_stopped(slow())
    with pytest.raises(ValueError, match="no"):
        await run.unless_stopped(broken())


async def test_whoever_cancels_from_outside_is_heard(run: Run) -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(run.unless_stopped(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
