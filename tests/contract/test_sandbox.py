"""What every sandbox promises, whoever makes its boxes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fleet.errors import ImageMissing, SandboxError
from tests.contract.sandbox_harness import (
    ENDLESS,
    HELLO,
    NOWHERE,
    PYTHON,
    REAL,
    SEVEN,
    TALK,
    Harness,
    box_spec,
    harness,
    stage,
)


@pytest.fixture(params=["fake", *REAL])
async def made(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async with harness(request.param) as found:
        yield found


async def test_a_box_is_there_until_it_is_destroyed(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())

    assert box.spec == box_spec()
    assert box.image == await made.sandbox.image(PYTHON)
    assert not box.ended
    assert made.exists(box)
    await box.destroy()
    assert not made.exists(box)
    await box.destroy()  # again changes nothing


async def test_a_run_tells_output_and_exit_code(made: Harness) -> None:
    hello, seven = await asyncio.gather(made.sandbox.start(box_spec()), made.sandbox.start(box_spec()))

    said, left = await asyncio.gather(hello.run(stage(HELLO)), seven.run(stage(SEVEN)))

    assert (said.exit_code, said.stdout, said.stdout_bytes) == (0, b"hello\n", 6)
    assert (left.exit_code, left.signal, left.limit) == (7, None, None)
    await asyncio.gather(hello.destroy(), seven.destroy())


async def test_output_is_heard_in_order_and_is_what_the_outcome_has(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    heard: list[tuple[str, bytes]] = []

    raw = await box.run(stage(HELLO), lambda stream, data: heard.append((stream, data)))

    assert raw.stdout == b"".join(data for stream, data in heard if stream == "stdout") == b"hello\n"
    await box.destroy()


async def test_output_is_heard_while_the_program_runs(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    said = {"stdout": b"", "stderr": b""}
    both = asyncio.Event()

    def hear(stream: str, data: bytes) -> None:
        said[stream] += data
        if all(said.values()):
            both.set()

    running = asyncio.create_task(box.run(stage(TALK, cpu_s=60, wall_s=60), hear))
    async with asyncio.timeout(30):
        await both.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await box.destroy()

    assert said == {"stdout": b"first\n", "stderr": b"second\n"}


async def test_a_box_runs_one_stage_after_the_other_and_two_never(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    outcomes = [await box.run(stage(code)) for code in (HELLO, SEVEN, HELLO)]
    running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=60, wall_s=60)))
    await asyncio.sleep(0)

    with pytest.raises(SandboxError):
        await box.run(stage(HELLO))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(SandboxError):  # it was given up
        await box.run(stage(HELLO))
    await box.destroy()
    assert [(raw.exit_code, raw.stdout) for raw in outcomes] == [(0, b"hello\n"), (7, b""), (0, b"hello\n")]


async def test_a_run_can_be_cancelled(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=60, wall_s=60)))
    await asyncio.sleep(0)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await box.destroy()

    assert not made.exists(box)


async def test_a_start_can_be_cancelled(made: Harness) -> None:
    starting = asyncio.create_task(made.sandbox.start(box_spec()))
    await asyncio.sleep(0)

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await made.sandbox.sweep(frozenset())


async def test_a_language_without_an_image_is_named(made: Harness) -> None:
    with pytest.raises(ImageMissing, match="nowhere"):
        await made.sandbox.image(NOWHERE)
    with pytest.raises(ImageMissing, match="nowhere"):
        await made.sandbox.start(box_spec(NOWHERE))


async def test_a_sweep_leaves_the_boxes_of_this_worker_alone(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())

    assert await made.sandbox.sweep(frozenset()) == 0
    assert (await box.run(stage(HELLO))).stdout == b"hello\n"
    await box.destroy()


async def test_it_answers(made: Harness) -> None:
    await made.sandbox.ping()

    assert made.sandbox.runtime
