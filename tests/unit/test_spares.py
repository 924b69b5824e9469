"""Spares: who gets one, when they are filled, and which are replaced."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleet.errors import SandboxError
from fleet.languages import Language
from fleet.limits import MIB
from tests.unit.worker_harness import LANGUAGES, until
from worker.metrics import Metrics
from worker.sandbox import BoxSpec
from worker.spares import Spares, Stock, memory_for
from worker.testing import FakeBox, FakeSandbox

TONGUE = BoxSpec(LANGUAGES["tongue"], 128 * MIB, 64)
LINGO = BoxSpec(LANGUAGES["lingo"], 128 * MIB, 64)
TWO = Stock(floor=2, ceiling=2, max_age_s=300)


@contextlib.asynccontextmanager
async def spares(
    sandbox: FakeSandbox,
    *specs: BoxSpec,
    stock: Stock = TWO,
    room: Callable[[], bool] = lambda: True,
    full: bool = True,
) -> AsyncIterator[Spares]:
    pool = Spares(sandbox, {spec.language.name: spec for spec in specs}, stock, room, Metrics())
    pool.open()
    try:
        if full:
            async with asyncio.timeout(5):
                await pool.full()
        yield pool
    finally:
        await pool.close()


async def test_the_floor_is_filled_for_each_language_and_again_after_a_take() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE, LINGO) as pool:
        assert len(sandbox.boxes) == 4
        box = await pool.take(TONGUE)
        await until(lambda: sandbox.started == 5)
        assert box.spec == TONGUE
        assert box.id in sandbox.boxes

    assert list(sandbox.boxes) == [box.id]  # a taken box belongs to its job


async def test_a_language_that_is_no_starter_has_a_floor_of_one() -> None:
    sandbox = FakeSandbox()
    rare = replace(LINGO, language=replace(LINGO.language, starter=False))

    async with spares(sandbox, TONGUE, rare):
        assert Counter(box.spec.language.name for box in sandbox.boxes.values()) == {"tongue": 2, "lingo": 1}


async def test_a_box_of_other_limits_is_started_for_its_job() -> None:
    sandbox = FakeSandbox()
    other = BoxSpec(TONGUE.language, 64 * MIB, 64)

    async with spares(sandbox, TONGUE) as pool:
        box = await pool.take(other)

    assert box.spec == other
    assert sandbox.started == 3


async def test_a_job_never_waits_for_the_refill_of_another_language() -> None:
    class OnlyTongueIsStuck(FakeSandbox):
        async def start(self, spec: BoxSpec) -> FakeBox:
            if spec == TONGUE:
                await asyncio.Event().wait()
            return await super().start(spec)

    sandbox = OnlyTongueIsStuck()
    async with spares(sandbox, TONGUE, LINGO, stock=Stock(1, 1, 300), full=False) as pool, asyncio.timeout(5):
        box = await pool.take(LINGO)

    assert box.spec == LINGO


async def test_a_language_that_cannot_start_does_not_starve_the_others() -> None:
    class TongueFails(FakeSandbox):
        async def start(self, spec: BoxSpec) -> FakeBox:
            if spec == TONGUE:
                raise SandboxError("broken image")
            return await super().start(spec)

    sandbox = TongueFails()
    async with spares(sandbox, TONGUE, LINGO, full=False) as pool:
        await until(lambda: len(sandbox.boxes) == 2)
        with pytest.raises(SandboxError):
            await pool.take(TONGUE)


@pytest.mark.parametrize("change", ["ended", "image", "age"])
async def test_a_spare_that_is_dead_outdated_or_old_is_replaced(change: str) -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE, stock=Stock(2, 2, 0.01 if change == "age" else 300)) as pool:
        first = set(sandbox.boxes)
        if change == "ended":
            for box in sandbox.boxes.values():
                box.ended = True
        if change == "image":
            sandbox.images["tongue"] = "image-2"
            pool.seen("tongue", "image-2")
        await until(lambda: len(sandbox.boxes) == 2 and not first & set(sandbox.boxes))


async def test_without_an_image_no_spare_is_started_until_there_is_one() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE, LINGO) as pool:
        pool.seen("tongue", None)
        assert (pool.serves("tongue"), pool.serves("lingo")) == (False, True)
        await pool.take(TONGUE)
        await pool.take(LINGO)
        await until(lambda: sandbox.started == 5)  # one for lingo alone
        pool.seen("tongue", "image-1")
        assert pool.serves("tongue")
        await until(lambda: sandbox.started == 6)


async def test_the_keeper_asks_for_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.spares._LOOK_S", 0.005)
    sandbox, asked = FakeSandbox(), []

    async def image(language: Language) -> str:
        asked.append(language.name)
        return "image-1"

    async def start(spec: BoxSpec) -> FakeBox:
        raise SandboxError("none can be started")

    async with spares(sandbox, TONGUE):
        monkeypatch.setattr(sandbox, "image", image)
        monkeypatch.setattr(sandbox, "start", start)
        for box in sandbox.boxes.values():
            box.ended = True
        await until(lambda: not sandbox.boxes)  # it has looked

    assert asked == []


async def test_a_dead_spare_is_never_handed_out() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE) as pool:
        dead = next(iter(sandbox.boxes.values()))
        dead.ended = True
        box = await pool.take(TONGUE)

    assert box.id != dead.id


async def test_a_refill_gives_way_to_a_job_that_waits_for_its_box() -> None:
    sandbox = FakeSandbox()
    other = BoxSpec(TONGUE.language, 64 * MIB, 64)

    async with spares(sandbox, TONGUE, stock=Stock(1, 1, 300)) as pool:
        sandbox.gate = asyncio.Event()
        waiting = asyncio.create_task(pool.take(other))
        await until(lambda: pool._starting == 1)
        await pool.take(TONGUE)  # empties the pool while a job waits for its box
        await asyncio.sleep(0)
        order: list[Any] = []
        start = sandbox.start

        async def noted(spec: BoxSpec) -> FakeBox:
            order.append(spec)
            return await start(spec)

        sandbox.start = noted  # type: ignore[method-assign]
        sandbox.gate.set()
        await waiting
        await until(lambda: order == [TONGUE])


async def test_a_language_in_demand_has_as_many_as_were_taken_up_to_the_ceiling() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE, LINGO, stock=Stock(1, 3, 300)) as pool:
        taken = [(await pool.take(TONGUE)).id for _ in range(7)]
        await until(lambda: len(sandbox.boxes) == 7 + 3 + 1)
        await asyncio.sleep(0.05)
        waiting = [box.spec for name, box in sandbox.boxes.items() if name not in taken]

    assert sorted(spec.language.name for spec in waiting) == ["lingo", *["tongue"] * 3]


async def test_what_demand_has_left_is_given_up_down_to_the_floor() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE, stock=Stock(1, 4, 300, demand_s=0.2)) as pool:
        for box in [await pool.take(TONGUE) for _ in range(4)]:
            pool.discard(box)
        await until(lambda: len(sandbox.boxes) == 4)
        await until(lambda: len(sandbox.boxes) == 1)


async def test_without_memory_no_spare_is_started_but_the_box_of_a_job_is() -> None:
    sandbox, room = FakeSandbox(), [False]

    async with spares(sandbox, TONGUE, room=lambda: room[0], full=False) as pool:
        box = await pool.take(TONGUE)
        assert list(sandbox.boxes) == [box.id]
        room[0] = True
        await pool.take(TONGUE)
        await until(lambda: len(sandbox.boxes) == 4)


def test_the_memory_of_the_host_decides(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  9000 kB\nMemAvailable:  2048 kB\nBuffers: 1 kB\n")

    assert memory_for(2048 * 1024, meminfo)()
    assert not memory_for(2048 * 1024 + 1, meminfo)()
    assert memory_for(1 << 60, tmp_path / "none")()
    assert memory_for(1, Path("/proc/meminfo"))()


async def test_a_refill_waits_for_the_end_of_the_job_that_took_the_spare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.spares._JOB_S", 3600.0)
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE) as pool:
        box = await pool.take(TONGUE)
        await asyncio.sleep(0.05)
        assert sandbox.started == 2
        pool.discard(box)
        await until(lambda: sandbox.started == 3)


async def test_a_box_goes_after_the_result_of_its_job_unless_that_was_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.spares._RESULT_S", 0.2)
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE) as pool:
        done, lost = await pool.take(TONGUE), await pool.take(TONGUE)
        pool.discard(done, result_first=True)
        pool.discard(lost)
        await until(lambda: lost.id not in sandbox.boxes)
        assert done.id in sandbox.boxes
        await until(lambda: done.id not in sandbox.boxes)


async def test_the_boxes_that_are_to_go_have_gone_when_all_is_closed() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE) as pool:
        pool.discard(await pool.take(TONGUE), result_first=True)

    assert not sandbox.boxes


async def test_a_long_job_does_not_hold_up_the_refill() -> None:
    sandbox = FakeSandbox()

    async with spares(sandbox, TONGUE) as pool:
        await pool.take(TONGUE)
        await until(lambda: sandbox.started == 3)
