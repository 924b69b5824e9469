"""What is peculiar to boxes without an engine: users, cgroups, and the remains of the dead."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleet.errors import EngineUnavailable, ImageMissing, SandboxError
from fleet.limits import MIB
from tests.contract.crun_harness import crun_sandbox, hierarchies, init_pid, mounts, needs_crun, state, traces
from tests.contract.sandbox_harness import ENDLESS, GREEDY, HELLO, PYTHON, box_spec, stage
from worker.crun_sandbox import CrunBox, CrunSandbox, Times
from worker.sandbox import RawOutcome

pytestmark = needs_crun

COUNTERS = """
import glob, json
def read(*names):
    for name in names:
        for path in glob.glob("/sys/fs/cgroup/" + name):
            return open(path).read().split()
print(json.dumps({
    "memory": read("memory/memory.limit_in_bytes", "memory.max"),
    "swap": read("memory/memory.memsw.limit_in_bytes", "memory.swap.max"),
    "pids": read("pids/pids.max", "pids.max"),
    "cpu": read("cpu*/cpu.cfs_quota_us", "cpu.max"),
    "users": open("/proc/self/uid_map").read().split(),
    "score": int(open("/proc/self/oom_score_adj").read()),
}))
"""
LOOPBACK = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname(), 2):
        print(socket.gethostbyname("localhost"))
"""


TAKE_DEVICES = """
import json, os
NAMES = ["null", "zero", "full", "random", "urandom", "tty"]
done = []
for name in NAMES:
    for act in (lambda path: os.chmod(path, 0), lambda path: os.chown(path, os.getuid(), os.getgid())):
        try:
            act("/dev/" + name)
            done.append(name)
        except OSError:
            pass
for descriptor in range(3):
    os.fchmod(descriptor, 0o600)
print(json.dumps({"done": done, "file_systems": {name: os.stat("/dev/" + name).st_dev for name in NAMES}}))
"""


def devices() -> dict[str, tuple[int, int, int]]:
    """Mode and owner of the host's devices."""
    found = {path.name: path.lstat() for path in Path("/dev").iterdir()}
    return {name: (of.st_mode, of.st_uid, of.st_gid) for name, of in found.items()}


async def run_once(sandbox: CrunSandbox, code: str) -> RawOutcome:
    box = await sandbox.start(box_spec())
    try:
        return await box.run(stage(code))
    finally:
        await box.destroy()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)


def abandoned(box: CrunBox) -> CrunBox:
    """Do to the box what the kernel does when a worker is killed: its connection closes."""
    assert box._stream is not None
    box._stream.close()
    return box


async def test_the_kernel_has_the_limits_of_the_box() -> None:
    async with crun_sandbox() as sandbox:
        told = json.loads((await run_once(sandbox, COUNTERS)).stdout)

    assert told["memory"] == [str(128 * MIB)]
    if hierarchies().swap_limit:
        assert told["swap"] in ([str(128 * MIB)], ["0"])  # with memory on v1, without it on v2
    assert told["pids"] == ["65"]
    assert told["cpu"][0] == "100000"
    assert told["score"] == 1000  # the program goes before init


@pytest.mark.parametrize("own_users", [True, False])
async def test_user_namespaces_are_a_choice(own_users: bool) -> None:
    async with crun_sandbox(user_namespaces=own_users) as sandbox:
        first, second = await asyncio.gather(*(sandbox.start(box_spec()) for _ in range(2)))
        owners = {Path(f"/proc/{init_pid(sandbox, box)}").stat().st_uid for box in (first, second)}
        outcomes = [await box.run(stage(HELLO)) for box in (first, second)]
        await asyncio.gather(first.destroy(), second.destroy())

    assert [raw.stdout for raw in outcomes] == [b"hello\n", b"hello\n"]
    if own_users:
        assert all(owner > 2**30 for owner in owners)
    else:
        assert owners <= {0, 65534}  # /proc shows what is not dumpable as root's


@pytest.mark.parametrize("own_users", [True, False])
async def test_a_program_cannot_get_at_the_hosts_devices(own_users: bool) -> None:
    """crun gives a container's user what it has as stdio, and lends it the devices it finds."""
    before = devices()
    async with crun_sandbox(user_namespaces=own_users) as sandbox:
        raw = await run_once(sandbox, TAKE_DEVICES)

    told = json.loads(raw.stdout)
    assert devices() == before
    assert told["done"] == []
    for name, file_system in told["file_systems"].items():
        assert file_system != Path("/dev", name).stat().st_dev


async def test_a_box_can_talk_to_itself() -> None:
    async with crun_sandbox() as sandbox:
        raw = await run_once(sandbox, LOOPBACK)

    assert (raw.stdout, raw.stderr) == (b"127.0.0.1\n", b"")


async def test_nothing_of_the_workers_environment_gets_near_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_REDIS_URL", "redis://user:password@host")
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        of_init = Path(f"/proc/{init_pid(sandbox, box)}/environ").read_bytes()
        raw = await box.run(stage("import os; print(sorted(os.environ))"))
        await box.destroy()

    assert b"SANDFLEET" not in of_init
    assert set(json.loads(raw.stdout.replace(b"'", b'"'))) - {"LC_CTYPE"} == {"HOME", "LANG", "PATH"}


async def test_a_box_leaves_nothing_behind() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    before = mounts()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    async with crun_sandbox(fleet) as sandbox:
        box = await sandbox.start(box_spec())
        pid = init_pid(sandbox, box)
        raw = await box.run(stage("import os\nif os.fork() == 0:\n  while True: pass"))
        await box.destroy()
        assert raw.exit_code == 0
        await until(lambda: not Path(f"/proc/{pid}").exists())  # the host's init has reaped it
        assert not sandbox.cgroup(box.id).exists

    assert traces(fleet) == []
    assert mounts() == before
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors + 2  # the event loop's own


@pytest.mark.skipif(hierarchies().hybrid is None, reason="no idle v2 tree here")
async def test_a_box_leaves_nothing_where_the_idle_v2_tree_is(tmp_path: Path) -> None:
    # Below the mount of that tree, where nobody looks: crun makes a folder for each container there.
    subprocess.run(["mount", "--bind", "/sys/fs/cgroup", tmp_path], check=True, timeout=10)
    try:
        async with crun_sandbox() as sandbox:
            box = await sandbox.start(box_spec())
            idle = Path(f"/proc/self/fd/{sandbox._crun._idle}")
            assert list(idle.rglob(box.id))
            await box.destroy()
            assert not list(idle.rglob(box.id))
        assert not list(tmp_path.rglob(box.id))
    finally:
        subprocess.run(["umount", tmp_path], check=True, timeout=10)


async def test_a_box_that_was_killed_is_never_the_programs_fault() -> None:
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=5, wall_s=5)))
        await asyncio.sleep(0)
        os.kill(init_pid(sandbox, box), signal.SIGKILL)

        with pytest.raises(SandboxError):
            await running
        await box.destroy()


async def test_a_box_that_was_frozen_is_never_the_programs_fault_and_can_be_removed() -> None:
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        cgroup = sandbox.cgroup(box.id)
        running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=0.2, wall_s=0.2)))
        await asyncio.sleep(0)
        file, _ = cgroup._freezer()
        file.write_text("1" if hierarchies().version == 2 else "FROZEN")

        with pytest.raises(SandboxError, match="frozen"):
            await running
        await box.destroy()
        assert not cgroup.exists


async def test_a_box_that_is_frozen_between_stages_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.box._BETWEEN_S", 0.5)
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        await box.run(stage(HELLO))
        file, _ = sandbox.cgroup(box.id)._freezer()
        file.write_text("1" if hierarchies().version == 2 else "FROZEN")

        with pytest.raises(SandboxError, match="did not answer KEEP"):
            await box.keep()
        await box.destroy()
        assert not sandbox.cgroup(box.id).exists


async def test_the_kernel_knows_the_new_limits_of_a_box() -> None:
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        told = []
        for memory_bytes, processes in ((64 * MIB, 7), (256 * MIB, 70)):
            assert await box.resize(memory_bytes, processes)
            told.append(json.loads((await box.run(stage(COUNTERS))).stdout))
        await box.destroy()

    assert [one["memory"] for one in told] == [[str(64 * MIB)], [str(256 * MIB)]]
    assert [one["pids"] for one in told] == [["8"], ["71"]]
    if hierarchies().swap_limit and hierarchies().version == 1:
        assert [one["swap"] for one in told] == [one["memory"] for one in told]


async def test_a_box_that_died_as_a_whole_for_want_of_memory_says_so() -> None:
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec(memory_bytes=6 * MIB))

        raw = await box.run(stage(HELLO, stdin=b"x" * (7 * MIB)))  # init itself has to hold it

        assert raw.box_oom
        await box.destroy()


async def test_a_box_that_was_killed_is_not_blamed_on_an_earlier_stage() -> None:
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec(memory_bytes=32 * MIB))
        assert (await box.run(stage(GREEDY))).oom_kills >= 1
        running = asyncio.create_task(box.run(stage(ENDLESS, cpu_s=10, wall_s=10)))
        await until(lambda: len(sandbox.cgroup(box.id).pids()) > 1)
        os.kill(init_pid(sandbox, box), signal.SIGKILL)

        with pytest.raises(SandboxError, match="fell silent"):
            await running
        await box.destroy()


async def test_a_spare_that_was_killed_is_known_to_have_ended() -> None:
    async with crun_sandbox() as sandbox:
        box = await sandbox.start(box_spec())
        assert not box.ended
        os.kill(init_pid(sandbox, box), signal.SIGKILL)

        await until(lambda: box.ended)
        await box.destroy()


async def test_a_start_that_fails_says_why_and_leaves_nothing() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with crun_sandbox(fleet) as sandbox:
        await sandbox.image(PYTHON)
        with pytest.raises(SandboxError, match="crun ended with status"):
            await sandbox.start(box_spec(processes=-7))

    assert traces(fleet) == []


async def test_a_start_that_takes_too_long_is_given_up() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with crun_sandbox(fleet, times=Times(0.001, 60)) as sandbox:
        await sandbox.image(PYTHON)
        with pytest.raises(EngineUnavailable, match="overloaded"):
            await sandbox.start(box_spec())

    assert traces(fleet) == []


async def test_without_crun_that_is_what_is_said() -> None:
    async with crun_sandbox(crun="no-such-crun") as sandbox:
        with pytest.raises(EngineUnavailable, match="no-such-crun"):
            await sandbox.ping()


# docker-py leaves a socket whose connect failed to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
async def test_without_an_engine_an_image_that_is_not_unpacked_is_missing() -> None:
    async with crun_sandbox(socket="unix:///nonexistent/docker.sock") as sandbox:
        with pytest.raises(ImageMissing, match="not unpacked"):
            await sandbox.image(PYTHON)
    gc.collect()


async def test_boxes_of_workers_gone_from_the_fleet_are_swept_after_a_time_of_grace() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with (
        crun_sandbox(fleet, "gone") as gone,
        crun_sandbox(fleet, "w2", times=Times(15, 60, grace_s=-2)) as strict,
        crun_sandbox(fleet, "w3") as patient,
    ):
        box = await gone.start(box_spec())

        assert await patient.sweep(frozenset({"w3"})) == 0  # its worker may only just have started
        assert await strict.sweep(frozenset({"gone", "w2"})) == 0
        assert gone.cgroup(box.id).pids()
        assert await strict.sweep(frozenset({"w2"})) == 1
        assert not gone.cgroup(box.id).exists
        await box.destroy()


async def test_a_box_past_its_deadline_is_swept_even_if_its_worker_lives() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with (
        crun_sandbox(fleet, "forgetful", times=Times(15, -10)) as forgetful,
        crun_sandbox(fleet) as other,
    ):
        box = await forgetful.start(box_spec())

        assert await other.sweep(frozenset({"forgetful", "w1"})) == 1
        assert not forgetful.cgroup(box.id).exists
        await box.destroy()


async def test_a_box_of_ours_that_we_do_not_remember_is_swept() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with crun_sandbox(fleet) as before, crun_sandbox(fleet) as after:
        box = abandoned(await before.start(box_spec()))

        assert await after.sweep(frozenset({"w1"})) == 1
        assert not before.cgroup(box.id).exists
        await box.destroy()


async def test_a_cgroup_without_a_folder_is_nobodys() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with crun_sandbox(fleet, "other") as other, crun_sandbox(fleet) as sandbox:
        await other.ping()
        for folder in other.cgroup("box-left")._folders:
            folder.mkdir()

        assert await sandbox.sweep(frozenset({"other", "w1"})) == 1
        assert not other.cgroup("box-left").exists


async def test_the_boxes_of_another_fleet_are_none_of_our_business() -> None:
    async with crun_sandbox(worker_id="theirs") as theirs, crun_sandbox() as ours:
        box = await theirs.start(box_spec())

        assert await ours.sweep(frozenset({"w1"})) == 0
        assert (await box.run(stage(HELLO))).stdout == b"hello\n"
        await box.destroy()


WORKER = """
import asyncio, sys
from pathlib import Path
from tests.contract import crun_harness
from tests.contract.sandbox_harness import ENDLESS, box_spec, stage
crun_harness.state = lambda: Path(sys.argv[1])
async def main():
    async with crun_harness.crun_sandbox(sys.argv[2], "doomed") as sandbox:
        boxes = [await sandbox.start(box_spec()) for _ in range(3)]
        running = asyncio.create_task(boxes[0].run(stage(ENDLESS, cpu_s=60, wall_s=60)))
        await asyncio.sleep(0)
        print(*(pid for box in boxes for pid in sandbox.cgroup(box.id).pids()), flush=True)
        await running
asyncio.run(main())
"""


async def test_nothing_is_left_of_a_worker_that_was_killed() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    before = mounts()
    async with crun_sandbox(fleet) as sandbox:
        await sandbox.image(PYTHON)
        doomed = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, str(state()), fleet, stdout=subprocess.PIPE
        )
        assert doomed.stdout is not None
        pids = [int(pid) for pid in (await asyncio.wait_for(doomed.stdout.readline(), 30)).split()]
        assert len(pids) >= 3
        doomed.kill()
        await doomed.wait()

        # Every init sees the end of its stdin; the rest is the sweep's, without a time of grace.
        await until(lambda: not any(Path(f"/proc/{pid}/root").exists() for pid in pids))
        assert await sandbox.sweep(frozenset({"w1", "doomed"})) == 3
        assert not (state() / "run" / fleet / "doomed").exists()

    assert traces(fleet) == []
    assert mounts() == before


async def test_a_start_cancelled_at_any_moment_leaves_nothing() -> None:
    fleet = f"test-{secrets.token_hex(4)}"
    async with crun_sandbox(fleet) as sandbox:
        await sandbox.image(PYTHON)
        for turns in (1, 2, 3, 5, 8, 13):
            starting = asyncio.create_task(sandbox.start(box_spec()))
            for _ in range(turns):
                await asyncio.sleep(0)
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await (await starting).destroy()

    assert traces(fleet) == []
