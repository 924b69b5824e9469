"""Init in real containers: what a program is given, and how its output and its end are told.

Most tests are stages of one shared container. That is quicker, and every test proves that what the
one before it left behind is gone.
"""

from __future__ import annotations

import errno
import signal
import struct
import subprocess
import time

import pytest

from tests.contract.init_box import BURN, CAP_BYTES, MS, PATIENCE_S, InitBox

pytest_plugins = ("tests.contract.init_fixtures",)


# ---- how a program ends


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_code_is_that_of_the_main_process(box: InitBox, code: int) -> None:
    ran = box.run(f"import os; os._exit({code})")
    assert (ran.end.exit_code, ran.end.signal, ran.end.not_started, ran.end.limit) == (code, None, None, None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
def test_signal_is_that_of_the_main_process(box: InitBox, number: signal.Signals) -> None:
    reset = "signal.signal(13, 0)" if number == signal.SIGPIPE else "0"
    ran = box.run(f"import os, signal; {reset}; os.kill(os.getpid(), {number})")
    assert (ran.end.exit_code, ran.end.signal, ran.end.limit) == (None, number, None)


@pytest.mark.parametrize(
    ("word", "number"),
    [("no-such-program", errno.ENOENT), ("/work", errno.EACCES), ("/etc/passwd", errno.EACCES)],
)
def test_what_cannot_be_executed_is_not_started(box: InitBox, word: str, number: int) -> None:
    assert box.run(argv=[word]).end.not_started == number


def test_figures_are_measured(box: InitBox) -> None:
    ran = box.run(f"{BURN}time.sleep(.2); print('x' * 9)")
    assert ran.end.cpu_us >= 200 * MS
    assert ran.end.wall_us >= 400 * MS
    assert ran.end.memory_peak_bytes > 1 << 20
    assert (ran.end.stdout_bytes, ran.end.stderr_bytes) == (10, 0)
    assert (ran.end.oom_kills, ran.end.pids_limit_hits) == (0, 0)


# ---- what a program is given


def test_environment_is_exactly_ours(box: InitBox) -> None:
    ran = box.run("import os; print(sorted(os.environ))", env=["ONE=1=1", "TWO="])
    assert ran.stdout.decode().strip() == str(["HOME", "LANG", "ONE", "PATH", "TWO"])


def test_a_variable_of_a_stage_takes_the_place_of_one_of_ours(box: InitBox) -> None:
    words = box.run(argv=["env"], env=["PATH=/x", "LANG=", "PATHS=1"]).stdout.split()
    assert sorted(words) == [b"HOME=/work", b"LANG=", b"PATH=/x", b"PATHS=1"]


def test_process_is_clean(box: InitBox) -> None:
    code = """
import os
print(sorted(os.listdir('/proc/self/fd')), os.getcwd(), os.getsid(0) == os.getpid() == os.getpgrp())
print(open('/proc/self/oom_score_adj').read().strip(), oct(os.umask(0)))
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
print([status[name].strip() for name in ('SigBlk', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Uid')])
"""
    ran = box.run(code)
    # The fourth descriptor is the one listdir reads the directory with.
    assert ran.stdout.decode().splitlines() == [
        "['0', '1', '2', '3'] /work True",
        "1000 0o22",
        "['0000000000000000', '0000000000000000', '0000000000000000', '1', '65534\\t65534\\t65534\\t65534']",
    ], ran


def test_signals_have_their_defaults(box: InitBox) -> None:
    lines = [line.split() for line in box.run(argv=["cat", "/proc/self/status"]).stdout.splitlines()]
    wanted = (b"SigBlk:", b"SigIgn:", b"SigCgt:")
    assert [line for line in lines if line[0] in wanted] == [[name, b"0" * 16] for name in wanted]


def test_streams_are_three_pipes(box: InitBox) -> None:
    ran = box.run("import os; print([os.readlink(f'/proc/self/fd/{n}')[:5] for n in (0, 1, 2)])")
    assert ran.stdout == b"['pipe:', 'pipe:', 'pipe:']\n"


# ---- stdin and output


def test_stdin_arrives_whole_and_ends(box: InitBox) -> None:
    stdin = bytes(range(256)) * 16_000
    ran = box.run(
        "import sys, hashlib; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())", stdin=stdin
    )
    expected = subprocess.run(["sha256sum"], input=stdin, capture_output=True, check=True).stdout.split()[0]
    assert ran.stdout.strip() == expected


def test_no_stdin_is_end_of_file_at_once(box: InitBox) -> None:
    assert box.run("import sys; print(repr(sys.stdin.read()))").stdout == b"''\n"


@pytest.mark.parametrize("code", ["pass", "import os; os.close(0); print('closed')"])
def test_stdin_that_nobody_reads_holds_nothing_up(box: InitBox, code: str) -> None:
    assert box.run(code, stdin=b"x" * 1_000_000).end.exit_code == 0


def test_both_streams_arrive_whole(box: InitBox) -> None:
    code = "import os\nfor i in range(200): os.write(1, b'o' * 5000); os.write(2, b'e' * 4000)"
    ran = box.run(code, caps=(1 << 20, 1 << 20))
    assert (ran.stdout, ran.stderr) == (b"o" * 1_000_000, b"e" * 800_000)


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("cap", [0, 1, 4096, 100_000])
def test_cap_is_exact(box: InitBox, stream: int, cap: int) -> None:
    caps = (cap, CAP_BYTES) if stream == 1 else (CAP_BYTES, cap)
    write = "import os\ndata = b'x' * {}\nwhile data: data = data[os.write({}, data):]"
    exact = box.run(write.format(cap, stream), caps=caps)
    over = box.run(write.format(cap + 1, stream) + "\nimport time; time.sleep(60)", caps=caps)
    name = "stdout" if stream == 1 else "stderr"
    assert (exact.end.limit, exact.end.exit_code, len(getattr(exact, name))) == (None, 0, cap)
    assert (over.end.limit, over.end.signal, len(getattr(over, name))) == (name, signal.SIGKILL, cap)
    assert (getattr(exact.end, f"{name}_bytes"), getattr(over.end, f"{name}_bytes")) == (cap, cap + 1)


def test_endless_output_is_cut_early(box: InitBox) -> None:
    ran = box.run("import os\nwhile True: os.write(1, b'y' * 65536)")
    assert (ran.end.limit, len(ran.stdout)) == ("stdout", CAP_BYTES)
    assert ran.end.wall_us < 10_000 * MS


def test_what_was_written_right_before_the_end_is_kept(box: InitBox) -> None:
    ran = box.run("import os; os.write(1, b'a' * 60_000); os.write(2, b'b' * 60_000); os._exit(3)")
    assert (ran.end.exit_code, len(ran.stdout), len(ran.stderr)) == (3, 60_000, 60_000)


def test_forged_frames_are_plain_output(box: InitBox) -> None:
    forged = struct.pack("!BBHI", 1, 19, 0, 56) + bytes(56) + struct.pack("!BBHI", 1, 20, 0, 4) + b"oops"
    ran = box.run(f"import os; os.write(1, {forged!r}); os.write(2, {forged!r}); os._exit(9)")
    assert (ran.stdout, ran.stderr, ran.end.exit_code) == (forged, forged, 9)


def test_a_worker_that_reads_nothing_slows_the_program_and_not_the_deadline(box: InitBox) -> None:
    box.begin("import os\nwhile True: os.write(1, b'z' * 4096)", wall_ms=1500, caps=(1 << 30, 0))
    top = ["docker", "top", box.name]
    deadline = time.monotonic() + PATIENCE_S
    seen = False
    while time.monotonic() < deadline:  # nothing is read until the program is gone
        running = b"main.py" in subprocess.run(top, capture_output=True, check=True).stdout
        if seen and not running:
            break
        seen = seen or running
    ran = box.until_end()
    assert (ran.end.limit, ran.end.signal) == ("wall", signal.SIGKILL)
    assert len(ran.stdout) < 16 << 20
