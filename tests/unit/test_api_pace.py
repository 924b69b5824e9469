"""Where a job waits, and when it may start: an estimate of the pace of the last minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import AsyncMock

import pytest

from api import pace as pace_module
from api.directory import Directory
from api.pace import Pace
from api.testing import BODY, TONGUE, ApiOfTest, api_of_test
from fleet.errors import QueueUnavailable
from fleet.job import iso_utc
from fleet.limits import Bounds
from fleet.queue import WorkerInfo
from fleet.testing import FakeQueue, a_worker

NOW_MS = 1_700_000_000_000


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory() -> Directory:
    made = Directory({TONGUE.name: TONGUE}, Bounds())
    made.update([a_worker("w1", slots=2), a_worker("w2", slots=3), a_worker("w3", "other", slots=5)])
    return made


@pytest.fixture
def pace(directory: Directory, clock: Clock) -> Pace:
    return Pace(directory, clock)


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


def test_the_slots_of_a_language_are_those_of_its_workers(directory: Directory) -> None:
    assert [directory.slots_of(name) for name in ("tongue", "other", "unheard-of")] == [5, 5, 0]
    languages = ({"name": "tongue"}, {"name": "tongue", "version": "2"})
    directory.update([WorkerInfo("w1", 2, "fake", languages)])
    assert directory.slots_of("tongue") == 2


def test_nothing_is_told_where_nothing_is_known(pace: Pace) -> None:
    assert pace.start_ms("tongue", 1, NOW_MS) is None


def test_a_free_slot_is_now(pace: Pace) -> None:
    pace.update(running=3)
    assert [pace.start_ms("tongue", position, NOW_MS) for position in (1, 2, 3)] == [NOW_MS, NOW_MS, None]
    pace.update(running=None)
    assert pace.start_ms("tongue", 1, NOW_MS) is None


def test_the_pace_is_that_of_the_last_minute(pace: Pace, clock: Clock) -> None:
    pace.update(running=5)
    clock.now += 1000
    for _ in range(120):
        pace.count("tongue")
        clock.now += 0.25
    # 120 ends in the last minute, though all of them in its second half
    assert pace.start_ms("tongue", 10, NOW_MS) == NOW_MS + 5000
    assert pace.start_ms("other", 1, NOW_MS) is None
    clock.now += 45
    assert pace.start_ms("tongue", 10, NOW_MS) == NOW_MS + 1000 * 10 * 60 / 56
    clock.now += 60
    assert pace.start_ms("tongue", 10, NOW_MS) is None


def test_who_listens_since_a_moment_knows_the_pace_of_that_moment(pace: Pace, clock: Clock) -> None:
    pace.update(running=5)
    for _ in range(20):
        pace.count("tongue")
    clock.now += 2
    assert pace.start_ms("tongue", 10, NOW_MS) == NOW_MS + 1000


def test_words_that_anyone_may_push_take_no_room(pace: Pace, clock: Clock) -> None:
    for number in range(1000):
        pace.count(f"made-up-{number}")
        clock.now += 1
    assert not pace._seconds
    for _ in range(1000):
        pace.count("tongue")
        clock.now += 1
    assert len(pace._seconds) <= pace_module.WINDOW_S


async def test_it_follows_how_many_run_and_forgets_it_while_redis_is_away(
    pace: Pace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace_module, "REFRESH_S", 0.001)
    queue = FakeQueue()
    following = asyncio.create_task(pace.keep_fresh(queue))
    async with asyncio.timeout(5):
        while pace.start_ms("tongue", 5, NOW_MS) is None:
            await asyncio.sleep(0)
        monkeypatch.setattr(queue, "depth", AsyncMock(side_effect=QueueUnavailable("away")))
        while pace.start_ms("tongue", 5, NOW_MS) is not None:
            await asyncio.sleep(0)
    following.cancel()
    await asyncio.wait([following])


async def test_a_submit_says_where_the_job_waits(api: ApiOfTest) -> None:
    api.pace.update(running=2)  # of the four slots of its worker
    accepted = [(await api.client.post("/submit", json=BODY)).json() for _ in range(3)]
    assert [(job["position"], job["waiting"]) for job in accepted] == [(1, 1), (2, 2), (3, 3)]
    queued_at = (await api.client.get(f"/jobs/{accepted[0]['jobId']}")).json()["queuedAt"]
    assert [job["estimatedStart"] for job in accepted] == [queued_at, queued_at, None]


async def test_ends_that_are_announced_make_the_pace(api: ApiOfTest) -> None:
    api.pace.update(running=4)
    await api.submit()
    assert (await api.client.post("/submit", json=BODY)).json()["estimatedStart"] is None
    await api.run_next()
    async with asyncio.timeout(5):
        while not api.pace._seconds:
            await asyncio.sleep(0)
    job = (await api.client.post("/submit", json=BODY)).json()
    assert job["position"] == 2
    assert job["estimatedStart"] > iso_utc(NOW_MS)


async def test_a_place_changes_as_others_go(api: ApiOfTest) -> None:
    ids = [await api.submit() for _ in range(3)]
    await api.run_next()
    positions = [(await api.client.get(f"/jobs/{job_id}")).json()["position"] for job_id in ids]
    assert positions == [0, 1, 2]
    assert (await api.client.get(f"/result/{ids[2]}")).json()["position"] == 2
    await api.client.delete(f"/jobs/{ids[1]}")
    assert (await api.client.get(f"/jobs/{ids[2]}")).json()["position"] == 1
