"""What only an engine can do to us: hang, lose containers, keep those of the dead."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.errors import EngineUnavailable, SandboxError
from fleet.limits import MIB
from tests.contract.sandbox_harness import ENDLESS, GREEDY, HELLO, box_spec, docker_sandbox, inspect, stage
from worker.docker_sandbox import DockerBox, DockerSandbox
from worker.profile import EngineFacts, Owner


def abandoned(box: DockerBox) -> DockerBox:
    """Do to the box what the kernel does when a worker is killed: its connection closes."""
    box._stream.close()
    return box


def docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, timeout=30, check=True, text=True
    ).stdout.strip()


async def until_cpu_is_used(container: str) -> None:
    """Return when the program in a container spins."""
    async with asyncio.timeout(15):
        while " R " not in docker("top", container, "-eo", "pid,stat,args").replace("Rs", "R").replace(
            "Rl", "R"
        ):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("act", ["kill", "rm --force", "pause"])
async def test_a_box_that_somebody_took_away_is_never_the_programs_fault(act: str) -> None:
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=3, wall_s=3)))
        await until_cpu_is_used(box.id)
        docker(*act.split(), box.id)

        with pytest.raises(SandboxError):
            await running
        await box.destroy()


async def test_a_box_that_somebody_took_away_is_not_blamed_on_an_earlier_stage() -> None:
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec(memory_bytes=32 * MIB))
        assert (await box.run(stage(GREEDY))).oom_kills >= 1
        running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=10, wall_s=10)))
        await until_cpu_is_used(box.id)
        docker("kill", box.id)

        with pytest.raises(SandboxError, match="fell silent"):
            await running
        await box.destroy()


async def test_a_box_that_is_paused_between_stages_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.box._BETWEEN_S", 0.5)
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        await box.run(stage(HELLO))
        docker("pause", box.id)

        with pytest.raises(SandboxError, match="did not answer WIPE"):
            await box.wipe()
        await box.destroy()
        assert not inspect(box.id)


async def test_the_engine_knows_the_size_of_a_box() -> None:
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        sizes = []
        for memory_bytes, processes in ((64 * MIB, 7), (256 * MIB, 70)):
            assert await box.resize(memory_bytes, processes)
            limits = inspect(box.id)["HostConfig"]
            sizes.append([limits[name] for name in ("Memory", "MemorySwap", "PidsLimit")])
        await box.destroy()

    assert sizes == [[64 * MIB, 64 * MIB, 8], [256 * MIB, 256 * MIB, 71]]


async def test_a_spare_that_was_taken_away_is_known_to_have_ended() -> None:
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        assert not box.ended
        docker("kill", box.id)

        async with asyncio.timeout(10):
            while not box.ended:
                await asyncio.sleep(0.02)
        with pytest.raises(SandboxError):
            await box.run(stage(HELLO))
        await box.destroy()


async def test_when_the_worker_goes_away_init_ends_the_box() -> None:
    async with docker_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=60, wall_s=60)))
        await until_cpu_is_used(box.id)
        running.cancel()
        abandoned(box)

        async with asyncio.timeout(10):
            while inspect(box.id)["State"]["Running"]:
                await asyncio.sleep(0.05)
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_boxes_of_dead_workers_are_swept_after_a_time_of_grace() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with docker_sandbox(fleet, "dead") as dead, docker_sandbox(fleet, "w2", grace_s=-2) as strict:
        orphan = abandoned(await dead.start(box_spec()))
        patient = DockerSandbox(
            dead._engine, EngineFacts(), Owner(fleet, "w3"), start_timeout_s=15, lifetime_s=60
        )

        assert await patient.sweep(frozenset({"w3"})) == 0  # its worker may only just have started
        assert await strict.sweep(frozenset({"dead", "w2"})) == 0
        assert inspect(orphan.id)
        assert await strict.sweep(frozenset({"w2"})) == 1
        assert not inspect(orphan.id)


async def test_a_box_past_its_deadline_is_swept_even_if_its_worker_lives() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with (
        docker_sandbox(fleet, "forgetful", lifetime_s=-10) as forgetful,
        docker_sandbox(fleet, "w2") as other,
    ):
        box = abandoned(await forgetful.start(box_spec()))

        assert await other.sweep(frozenset({"forgetful", "w2"})) == 1
        assert not inspect(box.id)


async def test_a_container_of_ours_that_we_do_not_remember_is_swept() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with docker_sandbox(fleet, "w1") as before, docker_sandbox(fleet, "w1") as after:
        box = abandoned(await before.start(box_spec()))  # as if a create had timed out and still made it

        assert await after.sweep(frozenset({"w1"})) == 1
        assert not inspect(box.id)


async def test_the_containers_of_another_fleet_are_none_of_our_business() -> None:
    async with (
        docker_sandbox(worker_id="theirs") as theirs,
        docker_sandbox(worker_id="w1", grace_s=0) as ours,
    ):
        box = abandoned(await theirs.start(box_spec()))

        assert await ours.sweep(frozenset({"w1"})) == 0
        assert inspect(box.id)


# docker-py leaves a socket whose connect failed to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
async def test_an_engine_that_is_not_there_is_named() -> None:
    async with docker_sandbox(socket="unix:///nonexistent/docker.sock") as sandbox:
        with pytest.raises(EngineUnavailable):
            await sandbox.ping()
        with pytest.raises(EngineUnavailable):
            await sandbox.start(box_spec())
    gc.collect()


@contextlib.asynccontextmanager
async def silent_engine(folder: Path) -> AsyncIterator[str]:
    """A socket that accepts and never answers."""
    path = folder / "engine.sock"
    taken: list[asyncio.StreamWriter] = []
    server = await asyncio.start_unix_server(lambda _reader, writer: taken.append(writer), path)
    try:
        yield f"unix://{path}"
    finally:
        server.close()
        for writer in taken:
            writer.close()


async def test_an_engine_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    async with silent_engine(tmp_path) as socket, docker_sandbox(socket=socket, timeout_s=0.5) as sandbox:
        async with asyncio.timeout(10):
            with pytest.raises(EngineUnavailable):
                await sandbox.start(box_spec())
            with pytest.raises(EngineUnavailable):
                await sandbox.resize("container", box_spec())
