"""The frames init takes from the worker: which it obeys, which it refuses, and what it does with them."""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Callable

import pytest

from fleet.languages import Language
from tests.contract.init_box import (
    BURN,
    FORK_BOMB,
    LANGUAGES,
    MS,
    OTHERS,
    PATIENCE_S,
    PYTHON,
    WARM,
    InitBox,
    warm_words,
)
from worker.frames import (
    PAYLOAD_BYTES_MAX,
    encode_close,
    encode_fetch,
    encode_file,
    encode_keep,
    encode_stage,
    encode_wipe,
)

pytest_plugins = ("tests.contract.init_fixtures",)


# ---- from the worker's side


def _frame(
    kind: int, payload: bytes = b"", *, version: int = 1, zero: int = 0, size: int | None = None
) -> bytes:
    return struct.pack("!BBHI", version, kind, zero, len(payload) if size is None else size) + payload


def _file(path: bytes) -> bytes:
    return _frame(1, struct.pack("!H", len(path)) + path + b"content")


def _fetch(path: bytes, more: bytes = b"") -> bytes:
    return _frame(6, struct.pack("!IH", 1 << 20, len(path)) + path + more)


def _stage(**changed: int) -> bytes:
    fields = {
        "flags": 0,
        "zero": 0,
        "zeros": 0,
        "cpu": 1,
        "wall": 1,
        "out": 1,
        "err": 1,
        "argc": 1,
        "envc": 0,
        "word": 4,
    }
    fields |= changed
    *head, word = fields.values()
    return _frame(2, struct.pack("!BBHIIIIHH", *head) + struct.pack("!I", word) + b"true")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 4096,
        _frame(3, version=2),
        _frame(3, zero=1),
        _frame(3, b"x"),
        _frame(0),
        _frame(7),
        _frame(16, b"\0" * 4),
        _frame(4, b"x"),
        _frame(5, b"x"),
        _frame(6),
        _frame(6, b"\0\0\0"),
        _frame(6, b"\0\0\0\1"),
        _frame(6, size=4 + 2 + 1025),
        _fetch(b"name", b"more"),
        _frame(1, size=PAYLOAD_BYTES_MAX + 1),
        _frame(2, size=0xFFFFFFFF),
        _frame(1),
        _frame(1, b"\0"),
        _frame(1, b"\xff\xffname"),
        *map(
            _file,
            (b"", b"/etc/x", b"../x", b"a/../x", b".", b"..", b"a//b", b"a/", b"./x", b"a\0b", b"x" * 1025),
        ),
        *map(_fetch, (b"", b"/etc/x", b"../x", b"a/../x", b".", b"..", b"a//b", b"a/", b"./x", b"a\0b")),
        _frame(2),
        _frame(2, b"\0" * 23),
        _stage(flags=2),
        _stage(zero=1),
        _stage(zeros=1),
        _stage(argc=0),
        _stage(argc=2),
        _stage(argc=0xFFFF),
        _stage(envc=1),
        _stage(argc=0, envc=1),
        _stage(word=5),
        _stage(word=0xFFFFFFFF),
        _stage(word=0xFFFFFFF0),
        encode_stage(["true"], cpu_ms=1, wall_ms=1, caps_bytes=(0, 0), env=["NAME=x"]).replace(
            b"NAME=", b"NAME_"
        ),
        encode_stage(["true"], cpu_ms=1, wall_ms=1, caps_bytes=(0, 0), env=["NAME=x"]).replace(
            b"NAME=", b"=AME="
        ),
        encode_stage(["tr_e"], cpu_ms=1, wall_ms=1, caps_bytes=(0, 0)).replace(b"_", b"\0"),
    ],
)
def test_bytes_that_are_no_frame_in_its_place_are_answered(
    new_box: Callable[..., InitBox], data: bytes
) -> None:
    box = new_box()
    box.send(data)
    assert box.fault()


def test_a_truncated_frame_is_answered(new_box: Callable[..., InitBox]) -> None:
    box = new_box()
    box.send(encode_file("main.py", b"x" * 1000)[:-1])
    box.half_close()
    assert "inside a frame" in box.fault()


@pytest.mark.parametrize(
    "frame",
    [encode_file("x", b""), _stage(), encode_keep(), encode_wipe(), encode_fetch("x", 1), b"junkjunk"],
    ids=["FILE", "STAGE", "KEEP", "WIPE", "FETCH", "junk"],
)
def test_a_frame_out_of_order_ends_the_stage_and_init(new_box: Callable[..., InitBox], frame: bytes) -> None:
    box = new_box()
    box.begin("print('on', flush=True)\nwhile True: pass")
    box.until_output(b"on\n")
    box.send(frame)
    assert box.fault()


@pytest.mark.parametrize(
    "leave", [lambda box: box.send(encode_close()), InitBox.half_close], ids=["close", "gone"]
)
@pytest.mark.parametrize("running", [False, True])
def test_init_leaves_with_the_worker(
    new_box: Callable[..., InitBox], leave: Callable[[InitBox], None], *, running: bool
) -> None:
    box = new_box()
    if running:
        box.begin(f"print('on', flush=True)\n{FORK_BOMB}")
        box.until_output(b"on\n")
    leave(box)
    assert box.exit_status() == 0


def test_a_frame_may_come_byte_by_byte(box: InitBox) -> None:
    stage = encode_stage(["echo", "hello"], cpu_ms=9999, wall_ms=9999, caps_bytes=(99, 99))
    box.reader.begin_stage((99, 99))
    for i in range(len(stage)):
        box.send(stage[i : i + 1])
    assert box.until_end().stdout == b"hello\n"


def test_the_engine_can_end_an_idle_init(new_box: Callable[..., InitBox]) -> None:
    box = new_box(*WARM)
    subprocess.run(
        ["docker", "kill", "--signal=TERM", box.name], check=True, capture_output=True, timeout=PATIENCE_S
    )
    assert box.exit_status() == 0


def test_refuses_to_be_anything_but_pid_1() -> None:
    command = ["docker", "run", "--rm", "--network=none", "--entrypoint=sh", "sandfleet/sandbox-python"]
    ran = subprocess.run(
        [*command, "-c", "/sandfleet/init & wait $!"], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"PID 1" in ran.stderr


# ---- files and several stages


def test_files_are_written_below_work(box: InitBox) -> None:
    box.send(encode_file("deep/er/data.bin", bytes(range(256))) + encode_file("empty", b""))
    ran = box.run("print(len(open('deep/er/data.bin', 'rb').read()), open('empty').read() == '')")
    assert ran.stdout == b"256 True\n"


def test_a_file_replaces_whatever_has_its_name(box: InitBox) -> None:
    for plant in ("os.symlink('/tmp/target', 'name')", "os.mkfifo('name')", "os.link('other', 'name')"):
        box.run(f"import os; open('other', 'w').close(); open('/tmp/target', 'w').close(); {plant}")
        box.send(encode_file("name", b"content"))
        ran = box.run("print(open('name').read(), [open(f).read() for f in ('other', '/tmp/target')])")
        assert ran.stdout == b"content ['', '']\n", plant
        box.run("import os; os.unlink('name')")


@pytest.mark.parametrize(
    "plant", ["os.symlink('/tmp', 'folder')", "os.mkfifo('folder')", "os.mkdir('folder', 0)"]
)
def test_a_planted_folder_is_not_followed(new_box: Callable[..., InitBox], plant: str) -> None:
    box = new_box()
    box.run(f"import os; {plant}")
    box.send(encode_file("folder/name", b"content"))
    assert box.fault()


def test_a_full_work_directory_is_our_misfortune(new_box: Callable[..., InitBox]) -> None:
    box = new_box()
    box.run(
        "f = open('big', 'wb')\ntry:\n  while True: f.write(b'x' * 65536); f.flush()\nexcept OSError: pass"
    )
    box.send(encode_file("name", b"x" * 1_000_000))
    assert "No space" in box.fault()


def test_stages_start_from_zero(box: InitBox) -> None:
    for _ in range(3):
        ran = box.run(f"{BURN}print('x')", cpu_ms=900)
        assert (ran.end.limit, ran.stdout, ran.end.stdout_bytes) == (None, b"x\n", 2)
        assert 200 * MS <= ran.end.cpu_us < 900 * MS


# ---- warm start


def test_a_warm_process_waits_and_runs_the_stage(new_box: Callable[..., InitBox]) -> None:
    box = new_box(*WARM)
    assert box.ready.warm
    code = "import os; print(os.getpid(), sorted(os.environ), sorted(os.listdir('/proc/self/fd')))"
    warm, again, cold = box.run(code, warm=True), box.run(code, warm=True), box.run(code)
    tail = b" ['HOME', 'LANG', 'PATH'] ['0', '1', '2', '3']\n"
    assert all(ran.stdout.endswith(tail) for ran in (warm, again, cold)), (warm, again, cold)
    assert int(warm.stdout.split()[0]) < int(again.stdout.split()[0]) < int(cold.stdout.split()[0])


@pytest.mark.parametrize(
    "language", [one for one in LANGUAGES.values() if one.warm], ids=lambda one: one.name
)
def test_every_warm_command_gets_ready(language: Language) -> None:
    box = InitBox(*warm_words(language), image=language.image)
    try:
        assert box.ready.warm
        assert box.ready.cgroup in (1, 2)
    finally:
        box.destroy()


@pytest.mark.parametrize(
    "stage", [{"argv": ["python3", "-c", "print(1)"]}, {"env": ["A=1"]}, {"warm": False}]
)
def test_a_stage_that_is_not_its_own_ends_the_warm_process(
    new_box: Callable[..., InitBox], stage: dict[str, object]
) -> None:
    box = new_box(*WARM)
    ran = box.run(f"import os; print({OTHERS})", **({"warm": True} | stage))
    assert ran.stdout in (b"[]\n", b"1\n")


@pytest.mark.parametrize("argv", [["false"], ["no-such-program"], ["cat"]])
def test_without_a_working_warm_process_stages_start_cold(
    new_box: Callable[..., InitBox], argv: list[str]
) -> None:
    box = new_box("--", *argv)
    assert not box.ready.warm
    assert box.run("print('cold')", warm=True).stdout == b"cold\n"


def test_a_warm_process_that_died_is_replaced(new_box: Callable[..., InitBox]) -> None:
    box = new_box(*WARM)
    (pid,) = _waiting(box)
    subprocess.run(["kill", "-9", pid], check=True)
    deadline = time.monotonic() + PATIENCE_S
    while _waiting(box) and time.monotonic() < deadline:
        pass
    assert box.run("print('cold')", warm=True).stdout == b"cold\n"


def _waiting(box: InitBox) -> list[str]:
    """The warm process by its number on the host, if it is there."""
    top = ["docker", "top", box.name, "-o", "pid,args"]
    lines = subprocess.run(top, capture_output=True, check=True, text=True).stdout.splitlines()
    return [line.split()[0] for line in lines if line.split()[1:] == [*PYTHON.warm]]
