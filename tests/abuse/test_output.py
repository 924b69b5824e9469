"""Floods of output: who holds them back, and what the engine keeps of them."""

from __future__ import annotations

import asyncio

import pytest

from fleet.limits import MIB
from tests.contract.sandbox_harness import REAL, box_spec, docker_sandbox, inspect, real_sandbox, stage
from worker.crun_sandbox import CrunBox
from worker.docker_sandbox import DockerBox
from worker.sandbox import Box

FLOOD = "import os\nwhile True: os.write(1, b'x' * 65536)"

# Ends by itself once nobody has taken a byte for a second; its exit code is the MiB that were taken.
UNTIL_HELD_BACK = """
import os, select
os.set_blocking(1, False)
written = 0
while written < 200 << 20 and select.select([], [1], [], 1.0)[1]:
    written += os.write(1, b'x' * 4096)
os._exit(written >> 20)
"""
BUFFERS_MIB = 8  # pipes, the engine's and the socket's buffers: far below what the program would write


def hold_reading(box: Box, until: asyncio.Event) -> None:
    """Let the worker read nothing of what the box sends before the event."""
    assert isinstance(box, DockerBox | CrunBox)
    stream = box._stream
    assert stream is not None
    receive = stream.receive

    async def slowly() -> bytes:
        await until.wait()
        return await receive()

    stream.receive = slowly  # type: ignore[method-assign]


@pytest.mark.parametrize("kind", REAL)
async def test_a_worker_that_does_not_read_holds_the_program_back(kind: str) -> None:
    async with real_sandbox(kind) as sandbox:
        box = await sandbox.start(box_spec())
        reads = asyncio.Event()
        hold_reading(box, reads)
        running = asyncio.create_task(box.run(stage(UNTIL_HELD_BACK, stdout_bytes=512 * MIB, wall_s=20)))
        done, _ = await asyncio.wait([running], timeout=2.5)  # the program has given up by now
        reads.set()
        raw = await running
        await box.destroy()

    assert not done
    assert raw.exit_code is not None, raw
    assert raw.exit_code < BUFFERS_MIB


async def test_the_engine_keeps_no_log_of_a_flood() -> None:
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        raw = await box.run(stage(FLOOD))
        kept = inspect(box.id)
        await box.destroy()

    assert raw.limit == "stdout"
    assert (kept["LogPath"], kept["HostConfig"]["LogConfig"]["Type"]) == ("", "none")
