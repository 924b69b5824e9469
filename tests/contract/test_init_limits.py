"""Init against programs that use too much, will not end, leave things behind, or attack it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.init_box import FORK_BOMB, MS, OTHERS, InitBox

pytest_plugins = ("tests.contract.init_fixtures",)


# ---- limits


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import os\nfor _ in range(4): os.fork()\nwhile True: pass",
        "import threading\nfor _ in range(8): threading.Thread(target=lambda: sum(iter(int, 1))).start()",
        "import signal\nfor n in (1, 2, 3, 15, 24): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        "import os\nwhile True:\n  if not os.fork(): sum(range(200000)); os._exit(0)\n  os.wait()",
    ],
    ids=["spin", "spinning family", "spinning threads", "signals ignored", "one child after the other"],
)
def test_cpu_limit_counts_everybody(box: InitBox, code: str) -> None:
    ran = box.run(code, cpu_ms=400)
    assert (ran.end.limit, ran.end.signal) == ("cpu", signal.SIGKILL)
    assert ran.end.cpu_us > 400 * MS


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(1e9)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "import signal\nfor n in {*range(1, 32)} - {9, 19}: signal.signal(n, 1)\nsignal.pause()",
        "import os, time\nos.closerange(0, 1000)\ntime.sleep(1e9)",
        "import time\nwhile True: print('.', flush=True); time.sleep(.1)",
        "import os, time\nos.setsid() if os.getpid() != os.getsid(0) else 0\nos.fork()\ntime.sleep(1e9)",
    ],
    ids=["sleep", "stopped", "signals ignored", "no descriptors", "drip", "two of them"],
)
def test_wall_limit_ends_what_does_nothing(box: InitBox, code: str) -> None:
    ran = box.run(code, wall_ms=700)
    assert (ran.end.limit, ran.end.signal) == ("wall", signal.SIGKILL)
    assert ran.end.wall_us >= 700 * MS
    assert ran.end.cpu_us < 600 * MS


def test_memory_bomb_is_counted_and_init_lives(new_box: Callable[..., InitBox]) -> None:
    box = new_box(memory="64m")
    ran = box.run("import os\nblocks = []\nwhile True: blocks.append(os.urandom(1 << 20))")
    assert ran.end.signal == signal.SIGKILL
    assert ran.end.oom_kills >= 1
    after = box.run("print('alive')")
    assert (after.stdout, after.end.oom_kills) == (b"alive\n", 0)


def test_memory_taken_by_many_does_not_take_init(new_box: Callable[..., InitBox]) -> None:
    box = new_box(memory="48m")
    ran = box.run(
        "import os\nfor _ in range(5): os.fork()\nopen('/proc/self/oom_score_adj', 'w').write('0')\n"
        "blocks = []\nwhile True: blocks.append(os.urandom(1 << 18))"
    )
    assert ran.end.oom_kills >= 1
    assert box.run("print('alive')").stdout == b"alive\n"


# ---- where the figures come from


def test_figures_of_cgroup_version_2(new_box: Callable[..., InitBox], tmp_path: Path) -> None:
    counters = {
        "cpu.stat": "usage_usec 7000\nuser_usec 1\nsystem_usec 2\n",
        "memory.peak": "12345678\n",
        "memory.current": "1\n",
        "memory.events": "low 0\nhigh 0\nmax 5\noom 2\noom_kill 3\noom_group_kill 4\n",
        "pids.events": "max 6\n",
    }
    for name, content in counters.items():
        (tmp_path / name).write_text(content)
    tmp_path.chmod(0o755)
    box = new_box(options=[f"--volume={tmp_path}:/sys/fs/cgroup:ro"])
    assert box.ready.cgroup == 2
    box.begin("print('on', flush=True)\nimport time; time.sleep(1e9)")
    box.until_output(b"on\n")
    told = {
        "memory.peak": "12345679\n",
        "memory.events": "oom 9\noom_kill 5\n",
        "pids.events": "max 16\n",
    }
    for name, content in told.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "cpu.stat").write_text("usage_usec 60007000\n")
    end = box.until_end().end
    assert (end.limit, end.cpu_us, end.memory_peak_bytes) == ("cpu", 60_000_000, 12345679)
    assert (end.oom_kills, end.pids_limit_hits) == (2, 10)


@pytest.mark.parametrize("peak", [1 << 30, 4 << 20])
def test_memory_of_a_stage_that_set_no_peak_is_what_was_seen_below_it(
    new_box: Callable[..., InitBox], tmp_path: Path, peak: int
) -> None:
    counters = {"cpu.stat": "usage_usec 1\n", "memory.peak": f"{peak}\n", "memory.current": "2000000\n"}
    for name, content in counters.items():
        (tmp_path / name).write_text(content)
    tmp_path.chmod(0o755)
    box = new_box(options=[f"--volume={tmp_path}:/sys/fs/cgroup:ro"])
    figure = box.run("block = b'x' * (30 << 20)").end.memory_peak_bytes
    assert figure == 4 << 20 if peak == 4 << 20 else 30 << 20 < figure < 128 << 20


def test_pages_of_files_are_not_the_memory_of_a_stage(
    new_box: Callable[..., InitBox], tmp_path: Path
) -> None:
    counters = {
        "cpu.stat": "usage_usec 1\n",
        "memory.peak": f"{900 << 20}\n",
        "memory.current": f"{800 << 20}\n",
        "memory.stat": f"anon 7\ninactive_file {300 << 20}\nactive_file {400 << 20}\n",
    }
    for name, content in counters.items():
        (tmp_path / name).write_text(content)
    tmp_path.chmod(0o755)
    box = new_box(options=[f"--volume={tmp_path}:/sys/fs/cgroup:ro"])
    assert box.run("pass").end.memory_peak_bytes == 100 << 20


def test_a_stage_is_not_told_the_memory_of_the_one_before(box: InitBox) -> None:
    large, small = box.run("block = b'x' * (60 << 20)"), box.run("pass")
    assert large.end.memory_peak_bytes > 60 << 20
    assert 1 << 20 < small.end.memory_peak_bytes < 40 << 20


FAMILY = "import os\nwhile True:\n  if not os.fork(): sum(range(9**6)); os._exit(0)\n  os.wait()"


@pytest.mark.parametrize("code", ["while True: pass", FAMILY], ids=["one", "one child after the other"])
def test_cpu_is_limited_without_a_cgroup(new_box: Callable[..., InitBox], code: str) -> None:
    box = new_box(options=["--tmpfs=/sys/fs/cgroup"])
    assert box.ready.cgroup == 0
    ran = box.run(code, cpu_ms=400)
    assert (ran.end.limit, ran.end.signal) == ("cpu", signal.SIGKILL)
    assert ran.end.cpu_us > 400 * MS


# ---- processes


def test_fork_bomb_is_ended_and_leaves_nothing(box: InitBox) -> None:
    ran = box.run(FORK_BOMB, cpu_ms=1000)
    assert ran.end.limit == "cpu"
    assert ran.end.pids_limit_hits > 0
    assert _others(box) == []


def test_main_process_ends_while_its_fork_bomb_goes_on(box: InitBox) -> None:
    bomb = FORK_BOMB.replace("\n", "\n  ").replace("import os\n", "")
    ran = box.run(f"import os, time\nif os.fork() == 0:\n{bomb}\nelse: time.sleep(.3); os._exit(4)")
    assert (ran.end.exit_code, ran.end.limit) == (4, None)
    assert _others(box) == []


@pytest.mark.parametrize(
    "child",
    [
        "while True: os.write(1, b'still here')",
        "time.sleep(1e9)",
        "os.setsid()\nif os.fork(): os._exit(0)\nos.closerange(0, 3); time.sleep(1e9)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nwhile True: pass",
        "os.kill(os.getpid(), signal.SIGSTOP)",
    ],
    ids=["writer", "sleeper", "daemon", "signals blocked", "stopped"],
)
def test_end_of_the_main_process_is_the_end(box: InitBox, child: str) -> None:
    child = child.replace("\n", "\n  ")
    ran = box.run(
        f"import os, signal, time\nif os.fork() == 0:\n  {child}\n  os._exit(0)\nos._exit(5)",
        caps=(1 << 20, 0),
    )
    assert (ran.end.exit_code, ran.end.limit) == (5, None)
    assert _others(box) == []


def test_orphans_are_reaped(box: InitBox) -> None:
    code = """
import os, time
for _ in range(300):  # far more than the pids limit: each orphan must be reaped before long
    while True:
        try: pid = os.fork()
        except BlockingIOError: continue
        break
    if pid == 0:
        try: os.fork()
        except BlockingIOError: pass
        os._exit(0)
    os.waitpid(pid, 0)
print('done')
"""
    assert box.run(code).stdout == b"done\n"


def test_zombies_nobody_waits_for_are_gone_afterwards(box: InitBox) -> None:
    ran = box.run("import os\nfor _ in range(40):\n  if not os.fork(): os._exit(0)\nprint('done')")
    assert ran.stdout == b"done\n"
    assert _others(box) == []


def test_no_pid_is_left_for_others_and_the_stage_still_ends(box: InitBox) -> None:
    code = """
import os, time
try:
    while os.fork(): pass
    time.sleep(1e9)
except OSError: os._exit(6)
"""
    ran = box.run(code)
    assert (ran.end.exit_code, ran.end.pids_limit_hits > 0) == (6, True)


def _others(box: InitBox) -> list[str]:
    """The processes a stage sees besides init and itself."""
    return box.run(f"import os; print(*{OTHERS})").stdout.decode().split()


# ---- against init


def test_init_is_out_of_reach(box: InitBox) -> None:
    code = """
import ctypes, os, signal
for path in ('fd', 'mem', 'environ', 'maps', 'root', 'cwd', 'exe', 'fd/1', 'oom_score_adj'):
    flags = os.O_RDWR if path in ('mem', 'fd/1', 'oom_score_adj') else os.O_RDONLY
    try: os.close(os.open('/proc/1/' + path, flags))
    except PermissionError: continue
    except OSError as error: print(path, error)
    else: print(path, 'was opened')
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, 1, 0, 0) == 0 or libc.ptrace(0x4206, 1, 0, 0) == 0: print('traced')
buffer = ctypes.create_string_buffer(64)
class Vec(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
here, there = Vec(ctypes.addressof(buffer), 64), Vec(0x400000, 64)
for call in (libc.process_vm_readv, libc.process_vm_writev):
    if call(1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) >= 0: print('memory was reached')
if libc.syscall(438, libc.syscall(434, 1, 0), 1, 0) >= 0: print('a descriptor was stolen')
for number in range(1, 65):
    if number not in (32, 33): os.kill(1, number)
for number in (9, 15, 19): os.kill(1, number)
print('done')
"""
    ran = box.run(code)
    assert (ran.stdout, ran.stderr) == (b"done\n", b"")
    assert box.run("print('alive')").stdout == b"alive\n"


def test_the_limits_and_priority_of_init_cannot_be_changed(box: InitBox) -> None:
    # Being of the same user is enough for these calls: only the seccomp profile keeps them from init.
    code = """
import ctypes, os, resource
for kind in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
    try: print('limit', kind, resource.prlimit(1, kind, (1, 1)))
    except PermissionError: pass
number = {'x86_64': 302, 'aarch64': 261}[os.uname().machine]
one, limit = ctypes.c_long((1 << 32) + 1), (ctypes.c_uint64 * 2)(1, 1)  # the kernel takes 32 bits of a pid
if ctypes.CDLL(None).syscall(number, one, 7, limit, None) == 0: print('limit by 64 bits')
for which, who in ((os.PRIO_PROCESS, 1), (os.PRIO_PGRP, 1), (os.PRIO_USER, 0), (os.PRIO_USER, os.getuid())):
    try: print('priority', which, os.setpriority(which, who, 19))
    except PermissionError: pass
for call in (lambda: os.sched_setaffinity(1, [0]), lambda: os.sched_setscheduler(1, 3, os.sched_param(0))):
    try: print('scheduling', call())
    except PermissionError: pass
os.nice(1); resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
"""
    ran = box.run(code)
    assert (ran.stdout, ran.stderr) == (b"", b"")


def test_a_flood_of_signals_to_init_changes_nothing(box: InitBox) -> None:
    ran = box.run("import os\nfor _ in range(20000): os.kill(1, 17); os.kill(1, 15)\nprint('done')")
    assert (ran.stdout, ran.end.exit_code) == (b"done\n", 0)


def test_kill_everybody_kills_only_the_program(box: InitBox) -> None:
    code = """
import os
if os.fork() == 0: os.kill(os.getppid(), 19); os.kill(-1, 9)
os.kill(1, 9)
while True: pass
"""
    ran = box.run(code)
    assert (ran.end.exit_code, ran.end.signal, ran.end.limit) == (None, signal.SIGKILL, None)
    assert box.run("print('alive')").stdout == b"alive\n"
