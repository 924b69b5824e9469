"""What every box promises between its stages: files kept, wiped and fetched, other limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fleet.errors import SandboxError
from fleet.limits import MIB
from tests.contract.sandbox_harness import (
    CHANGE,
    HELLO,
    MAKE,
    REAL,
    Harness,
    box_spec,
    harness,
    real_sandbox,
    stage,
)
from worker.sandbox import Box, Fetched

# One program that fills every place it can write to, hides it, and stays.
HAVOC = """
import os, socket
for name in os.listdir('/work'): os.remove(name)
for top in ('/work', '/tmp', '/dev/shm'):
    os.chdir(top)
    os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket'); os.symlink('/', 'root')
    open(os.fsencode(top)[1:2] + b'\\xff\\n', 'w').close()
    for _ in range(1000):
        os.mkdir('down'); os.chdir('down'); open('file', 'w').close(); os.link('file', 'same')
    for _ in range(1000):
        os.chdir('..'); os.chmod('down', 0)
    os.chmod('.', 0)
if os.fork() == 0:
    os.setsid()
    while True: pass
"""
LOOK = """
import json, os
tops = ('/work', '/tmp', '/dev/shm')
print(json.dumps({
    "files": {top: sorted(os.listdir(top)) for top in tops},
    "modes": {top: oct(os.stat(top).st_mode) for top in tops},
    "others": [pid for pid in os.listdir('/proc') if pid.isdigit() and int(pid) not in (1, os.getpid())],
}))
"""
TAKE = "block = bytearray({} << 20)\nfor at in range(0, len(block), 4096): block[at] = 1\nprint('had it')"
FORK = """
import os, time
children = 0
try:
    for _ in range(40):
        if os.fork() == 0: time.sleep(60)
        children += 1
except OSError: pass
print(children)
"""


@pytest.fixture(params=["fake", *REAL])
async def made(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async with harness(request.param) as found:
        yield found


@pytest.fixture(params=REAL)
async def real(request: pytest.FixtureRequest) -> AsyncIterator[Box]:
    """A started box of each runtime."""
    async with real_sandbox(request.param) as sandbox:
        box = await sandbox.start(box_spec())
        yield box
        await box.destroy()


async def test_files_stay_from_stage_to_stage_and_come_back_as_they_were_kept(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    await box.run(stage(MAKE))
    assert await box.keep()
    await box.run(stage(CHANGE))
    changed = [await box.fetch(path, 100) for path in ("made", "added")]

    for _ in range(2):
        await box.wipe()
        assert [await box.fetch(path, 100) for path in ("made", "added")] == [
            Fetched("whole", b"first", 5),
            Fetched("missing"),
        ]
        await box.run(stage(CHANGE))
    assert changed == [Fetched("whole", b"second", 6), Fetched("whole", b"new", 3)]
    await box.destroy()


async def test_a_wipe_without_a_keep_leaves_nothing(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    await box.run(stage(MAKE))
    await box.wipe()

    assert await box.fetch("made", 100) == Fetched("missing")
    assert (await box.run(stage(HELLO))).stdout == b"hello\n"
    await box.destroy()


async def test_a_file_is_fetched_up_to_the_most(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    await box.run(stage(MAKE))

    assert [await box.fetch("made", most) for most in (6, 5, 4, 0)] == [
        Fetched("whole", b"first", 5),
        Fetched("whole", b"first", 5),
        Fetched("cut", b"firs", 5),
        Fetched("cut", b"", 5),
    ]
    with pytest.raises(SandboxError):
        await box.fetch("../made", 5)
    await box.destroy()


async def test_a_box_is_resized_and_runs_on(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    await box.run(stage(MAKE))
    for memory_bytes, processes in ((64 * MIB, 16), (64 * MIB, 16), (128 * MIB, 64)):
        assert await box.resize(memory_bytes, processes)
        assert (await box.run(stage(HELLO))).stdout == b"hello\n"

    assert box.spec == box_spec()  # what it was started with
    await box.destroy()


async def test_nothing_can_be_asked_of_a_destroyed_box(made: Harness) -> None:
    box = await made.sandbox.start(box_spec())
    await box.destroy()

    for call in (box.keep(), box.wipe(), box.fetch("made", 1), box.resize(64 * MIB, 1)):
        with pytest.raises(SandboxError):
            await call


# ---- what only a real one can show


async def test_a_program_leaves_nothing_to_the_next(real: Box) -> None:
    await real.run(stage(MAKE))
    fresh = json.loads((await real.run(stage(LOOK))).stdout)
    await real.keep()
    for _ in range(2):
        raw = await real.run(stage(HAVOC, wall_s=60, cpu_s=30))
        assert (raw.exit_code, raw.stderr) == (0, b"")
        await real.wipe()
        assert json.loads((await real.run(stage(LOOK))).stdout) == fresh

    assert fresh["others"] == []
    assert fresh["files"] == {"/work": ["made", "main.py"], "/tmp": [], "/dev/shm": []}
    assert (await real.fetch("made", 9)).content == b"first"


async def test_as_many_files_as_there_can_be_are_kept_and_removed(real: Box) -> None:
    fill = "n = 0\nwhile True:\n  try: open(str(n), 'w').close()\n  except OSError: break\n  n += 1\nprint(n)"
    raw = await real.run(stage(fill, wall_s=60))
    assert int(raw.stdout) > 4000
    assert await real.keep()
    await real.wipe()
    left = "import os; print(len([n for n in os.listdir() if n.isdigit()]))"
    assert (await real.run(stage(left))).stdout == raw.stdout


async def test_more_than_there_may_be_is_not_kept(real: Box) -> None:
    fill = "import os; open('big', 'wb').write(bytes(12 << 20)); os.link('big', 'same')"
    assert (await real.run(stage(fill))).exit_code == 0
    assert not await real.keep()
    await real.wipe()
    assert (await real.fetch("big", 1)).how == "missing"


async def test_only_plain_files_are_fetched(real: Box) -> None:
    code = """
import os
os.mkdir('folder'); open('folder/file', 'wb').write(b'x' * 200_000)
os.symlink('folder', 'link'); os.symlink('/etc/passwd', 'passwd'); os.mkfifo('fifo')
open('closed', 'w').close(); os.chmod('closed', 0)
"""
    await real.run(stage(code))
    names = ("folder", "link/file", "passwd", "fifo", "closed", "gone", "folder/gone")
    assert [(await real.fetch(name, 99)).how for name in names] == ["irregular"] * 5 + ["missing"] * 2
    whole, cut = await real.fetch("folder/file", 200_000), await real.fetch("folder/file", 199_999)
    assert whole == Fetched("whole", b"x" * 200_000, 200_000)
    assert cut == Fetched("cut", b"x" * 199_999, 200_000)


async def test_the_next_stage_meets_the_limits_it_was_resized_to(real: Box) -> None:
    before = await real.run(stage(TAKE.format(80)))
    assert await real.resize(48 * MIB, 5)
    lower, few = await real.run(stage(TAKE.format(80))), await real.run(stage(FORK))
    assert await real.resize(256 * MIB, 20)
    higher, many = await real.run(stage(TAKE.format(200))), await real.run(stage(FORK))

    assert (before.stdout, before.oom_kills) == (b"had it\n", 0)
    assert lower.oom_kills >= 1
    assert lower.stdout == b""
    assert (higher.stdout, higher.oom_kills) == (b"had it\n", 0)
    assert (few.stdout, many.stdout) == (b"4\n", b"19\n")  # the program is one of them
    assert few.pids_limit_hits > 0


async def test_the_memory_of_a_stage_is_its_own(real: Box) -> None:
    large, small = await real.run(stage(TAKE.format(80))), await real.run(stage(HELLO))

    assert large.memory_peak_bytes > 80 * MIB
    assert 1 * MIB < small.memory_peak_bytes < 60 * MIB


@pytest.mark.parametrize("asked", ["kernel", "init"])
async def test_a_limit_below_what_is_in_use_is_refused_and_the_box_runs_on(real: Box, asked: str) -> None:
    fill = "with open('big', 'wb') as file:\n  for _ in range(14): file.write(bytes(1 << 20))"
    assert (await real.run(stage(fill))).exit_code == 0
    if asked == "init":
        assert await real.keep()
        await real.wipe()

    async with asyncio.timeout(30):
        assert not await real.resize(8 * MIB, 8)
    again = await real.run(stage(TAKE.format(60)))
    assert (again.stdout, again.oom_kills) == (b"had it\n", 0)
    assert (await real.fetch("big", 0)).size_bytes == 14 * MIB


async def test_a_variable_of_a_stage_reaches_the_program(real: Box) -> None:
    code = "import os; print(os.environ['NAME'], os.environ['HOME'])"
    raw = await real.run(replace(stage(code), env=(("NAME", "a=b"), ("HOME", "/tmp"))))
    assert raw.stdout == b"a=b /tmp\n"


async def test_a_memory_full_of_files_does_not_take_init(real: Box) -> None:
    code = """
import itertools
chunk = bytes(64 << 10)
for size in (64 << 10, 4096, 1):
    for top in ('/work', '/tmp', '/dev/shm'):
        try:
            with open(f'{top}/{size}', 'wb', buffering=0) as file:
                for _ in itertools.repeat(None): file.write(chunk[:size])
        except OSError: pass
while True: pass
"""
    assert await real.resize(32 * MIB, 8)
    for _ in range(3):
        raw = await real.run(stage(code, cpu_s=2, wall_s=20))
        assert raw.oom_kills >= 1
        assert not await real.keep()  # there is no memory for a copy
        await real.wipe()
        assert (await real.run(stage(HELLO))).stdout == b"hello\n"
