"""Which system calls a sandbox lets through, measured from inside, against a list that was reviewed."""

from __future__ import annotations

import asyncio
import json
import platform
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sandbox_harness import REAL, box_spec, real_sandbox, stage
from worker.profile import SECCOMP

HERE = Path(__file__).parent
MACHINE = platform.machine()
REVIEWED = HERE / f"syscalls.{MACHINE}"
EPERM, ENOSYS = 11, 12  # as sweep.py tells them
X32 = 0x40000000
# uretprobe and uprobe: newer kernels take them past every seccomp filter. They serve only code that a
# tracer planted; anybody else gets SIGILL or ENXIO.
PROBES = {335, 336}

pytestmark = pytest.mark.skipif(not REVIEWED.exists(), reason=f"no list was reviewed for {MACHINE}")


def reviewed() -> dict[int, str]:
    lines = [line for line in REVIEWED.read_text("ascii").splitlines() if not line.startswith("#")]
    return {int(number): name for number, name in (line.split() for line in lines)}


async def sweep(kind: str) -> dict[str, Any]:
    async with real_sandbox(kind) as sandbox:
        box = await sandbox.start(box_spec())
        raw = await box.run(stage((HERE / "cases/sweep.py").read_text("ascii"), cpu_s=15, wall_s=30))
        await box.destroy()
    assert raw.exit_code == 0, raw.stderr.decode()
    found: dict[str, Any] = json.loads(raw.stdout)
    return found


@pytest.fixture(scope="module", params=REAL)
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    return asyncio.run(sweep(request.param))


@pytest.fixture
def swept(told: dict[str, Any]) -> dict[int, int]:
    return {int(number): answer for number, answer in told["calls"].items()}


def test_sockets_are_local_or_internet_ones_of_plain_protocols(told: dict[str, Any]) -> None:
    assert told["filtered"]["socket"] == [[1, 0], [2, 0], [2, 6], [2, 17], [10, 0], [10, 6], [10, 17]]
    assert told["filtered"]["socketpair"] == [[1, 0]]


def test_no_terminal_is_controlled_and_no_personality_is_taken(told: dict[str, Any]) -> None:
    # TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    assert told["filtered"]["ioctl"] == [0x5401, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451]
    assert told["filtered"]["personality"] == [0xFFFFFFFF]


def test_the_calls_let_through_are_those_reviewed(swept: dict[int, int]) -> None:
    through = {number for number, answer in swept.items() if answer not in {EPERM, ENOSYS} and number < X32}

    assert through - PROBES == set(reviewed())


def test_calls_of_the_x32_abi_end_their_caller(swept: dict[int, int]) -> None:
    assert {answer for number, answer in swept.items() if number >= X32} <= {-signal.SIGSYS, EPERM, ENOSYS}


def test_the_list_agrees_with_the_profile() -> None:
    rules = json.loads(SECCOMP)["syscalls"]
    allowed = {name for rule in rules if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}

    assert set(reviewed().values()) <= allowed
    # What is allowed and not on the list is filtered by argument, or refused by the kernel itself.
    filtered = {"ioctl", "personality", "prctl", "socket", "socketpair", "fchmod", "fchown"}
    assert allowed - set(reviewed().values()) == filtered
