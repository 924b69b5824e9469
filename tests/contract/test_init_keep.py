"""Init between two stages: what it keeps, removes and hands out, whatever a program left there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.contract.init_box import PYTHON, InitBox
from worker.frames import encode_file

pytest_plugins = ("tests.contract.init_fixtures",)

# Prints all there is below /work, and whether anything is left elsewhere; changes nothing for good.
LOOK = f"""
import hashlib, os, stat
def look(path, mode):
    if stat.S_ISLNK(mode): return os.readlink(path)
    if stat.S_ISREG(mode):
        os.chmod(path, 0o600)
        with open(path, 'rb') as file: digest = hashlib.sha256(file.read()).hexdigest()
        os.chmod(path, stat.S_IMODE(mode))
        return digest
todo, seen = [b'/work'], []
while todo:
    folder = todo.pop()
    for name in os.listdir(folder):
        path = folder + b'/' + name
        if path == b'/work/{PYTHON.file}': continue
        mode = os.lstat(path).st_mode
        seen.append((path, oct(mode), look(path, mode)))
        if stat.S_ISDIR(mode):
            os.chmod(path, 0o700)
            todo.append(path)
for line in sorted(seen): print(*line)
for top in ('/work', '/tmp', '/dev/shm'): print(top, oct(os.stat(top).st_mode))
print(os.listdir('/tmp'), os.listdir('/dev/shm'))
"""
# Something of every kind that is kept.
MAKE = r"""
import os
os.makedirs('a/b/c'); os.makedirs(b'odd \xff\n/\xfe')
open('a/text', 'w').write('text'); open(b'odd \xff\n/\n', 'w').write('odd'); open('empty', 'w').close()
open('a/b/program', 'wb').write(os.urandom(300_000)); os.chmod('a/b/program', 0o4711)
os.symlink('../a/text', 'a/link'); os.symlink('/no' + 'where' * 600, 'dangling')
os.symlink('a', 'folder link')
open('hard', 'w').write('hard' * 1000); os.link('hard', 'a/hard')
open('closed file', 'w').write('x'); os.chmod('closed file', 0)
os.mkdir('closed'); open('closed/in', 'w').write('in'); os.mkdir('closed/on'); os.chmod('closed', 0)
with open('sparse', 'wb') as file: file.truncate(100 << 20); file.seek(50 << 20); file.write(b'middle')
os.mkdir('shared'); os.chmod('shared', 0o2777)
"""
# What a program that means no good leaves behind.
HAVOC = r"""
import os, shutil, signal, socket, time
for name in os.listdir('/work'):
    if os.path.isdir(name) and not os.path.islink(name): os.chmod(name, 0o700); shutil.rmtree(name)
    elif name != 'hard': os.remove(name)
open('hard', 'w').write('changed'); open('dangling', 'w').write('no link')
for top in ('/work', '/tmp', '/dev/shm'):
    os.chdir(top)
    os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket'); os.symlink('/etc', 'etc')
    for number in range(300):
        os.makedirs(f'{number}/{number}'); open(f'{number}/file', 'w').close()
        open(f'file{number}', 'w').close()
    for number in range(1000):
        os.mkdir('down'); os.chdir('down')
    for number in range(1000):
        os.chdir('..'); os.chmod('down', 0)
    if os.stat('.').st_uid == os.getuid(): os.chmod('.', 0)
if os.fork() == 0:
    os.setsid()
    while True:
        try: open('/tmp/late', 'w').close()
        except OSError: pass
"""


@pytest.fixture
def clean(new_box: Callable[..., InitBox]) -> InitBox:
    """A box in which no test has been before."""
    return new_box()


def test_what_was_kept_is_there_again(clean: InitBox) -> None:
    assert clean.run(MAKE).stderr == b""
    kept = clean.keep()
    before = clean.run(LOOK).stdout
    clean.wipe()
    for _ in range(2):
        ran = clean.run(HAVOC, wall_ms=60_000)
        assert (ran.end.exit_code, ran.stderr) == (0, b"")
        clean.wipe()
        assert clean.run(LOOK).stdout == before
        clean.wipe()

    assert (kept.whole, kept.entries) == (True, 21)  # the source, and what it made
    assert 300_000 < kept.content_bytes < 1_000_000  # without the holes of the sparse file
    assert clean.run("import os; print(os.stat('sparse').st_blocks)").stdout == b"8\n"


def test_keeping_changes_nothing(clean: InitBox) -> None:
    modes = (
        "import os; print(*(oct(os.lstat(name).st_mode) for name in ('closed', 'closed file', 'fifo', '.')))"
    )
    clean.run(f"{MAKE}os.mkfifo('fifo', 0o644); os.chmod('/work', 0o711)")
    assert clean.keep().whole
    assert clean.run(modes).stdout.split() == [b"0o40000", b"0o100000", b"0o10644", b"0o40711"]


def test_nothing_is_kept_of_fifos_and_sockets(clean: InitBox) -> None:
    clean.run("import os, socket; os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket')")
    assert clean.keep().entries == 1  # the source
    clean.wipe()
    assert clean.run("import os; print(os.listdir())").stdout == b"['main.py']\n"


def test_without_a_keep_a_wipe_leaves_nothing(clean: InitBox) -> None:
    look = "import os; print(os.stat('.').st_mode, os.listdir(), os.listdir('/tmp'))"
    before = clean.run(look).stdout
    clean.run(f"{MAKE}os.chmod('.', 0); open('/tmp/file', 'w').close(); os.chmod('/tmp', 0)")
    clean.wipe()
    assert clean.run(look).stdout == before


def test_a_keep_replaces_the_one_before(clean: InitBox) -> None:
    clean.send(encode_file("first", b"1"))
    assert clean.keep().entries == 1
    clean.send(encode_file("second", b"2"))
    assert clean.keep().entries == 2
    clean.wipe()
    assert [clean.fetch(name)[1] for name in ("first", "second")] == [b"1", b"2"]


def test_files_may_be_sent_after_a_wipe(clean: InitBox) -> None:
    clean.send(encode_file("deep/kept", b"1"))
    clean.keep()
    clean.run("import shutil; shutil.rmtree('deep'); open('deep', 'w').close()")
    clean.wipe()
    clean.send(encode_file("deep/new", b"2"))
    assert [clean.fetch(f"deep/{name}")[1] for name in ("kept", "new")] == [b"1", b"2"]


def test_four_thousand_levels_are_kept_and_removed(clean: InitBox) -> None:
    down = "import os\nfor level in range(4000): os.mkdir('d' * 100); os.chdir('d' * 100)\n"
    up = "for level in range(4000): os.chdir('..'); os.chmod('d' * 100, 0o500)\n"
    read = "import os\nfor level in range(4000): os.chdir('d' * 100)\nprint(open('bottom').read())\n"
    clean.run(f"{down}open('bottom', 'w').write('deep')\n{up}", wall_ms=60_000)
    assert clean.keep().entries == 4002
    clean.run(f"import os; os.chmod('d' * 100, 0); os.chdir('/tmp')\n{down}", wall_ms=60_000)
    clean.wipe()
    ran = clean.run(f"{read}print(os.listdir('/tmp'))")
    assert (ran.stdout, ran.stderr) == (b"deep\n[]\n", b"")


def test_four_thousand_files_are_kept_and_removed(clean: InitBox) -> None:
    make = "import os\nfor n in range(4000): open(f'{n:0200}', 'w').write(str(n))"
    spoil = (
        "import os\nfor n in range(4000): os.remove(f'{n:0200}'); open(f'{n}', 'w'); open(f'/tmp/{n}', 'w')"
    )
    read = "import os; os.remove('main.py'); print(sum(int(open(n).read()) for n in os.listdir()))"
    clean.run(make, wall_ms=60_000)
    kept = clean.keep()
    clean.run(spoil, wall_ms=60_000)
    clean.wipe()
    assert (kept.whole, kept.entries) == (True, 4001)
    assert clean.run(f"{read}; print(os.listdir('/tmp'))").stdout == f"{sum(range(4000))}\n[]\n".encode()


WRITE = "import os\nwith open('big', 'wb') as file:\n  for _ in range({}): file.write(bytes(1 << 20))\n"


@pytest.mark.parametrize(
    ("code", "size", "memory"),
    [
        ("import os\nfor n in range(4096): open(str(n), 'w').close()\n", "16m", "128m"),
        (WRITE.format(65), "80m", "300m"),
        (WRITE.format(9) + "os.link('big', 'same')\n", "16m", "128m"),
        (WRITE.format(40), "80m", "80m"),
    ],
    ids=["entries", "bytes", "hard links", "memory for the copy"],
)
def test_what_is_too_much_is_not_kept(
    new_box: Callable[..., InitBox], code: str, size: str, memory: str
) -> None:
    work = f"--tmpfs=/work:rw,nosuid,nodev,noexec,uid=65534,gid=65534,size={size}"
    box = new_box(memory=memory, options=[work])
    box.send(encode_file("before", b"1"))
    assert box.keep().whole

    assert box.run(f"{code}os.mkdir('shut'); os.chmod('shut', 0)").stderr == b""
    kept = box.keep()
    assert (kept.whole, kept.entries, kept.content_bytes) == (False, 0, 0)
    assert box.run("import os; print(oct(os.stat('shut').st_mode))").stdout == b"0o40000\n"
    box.wipe()
    assert box.fetch("before")[0] == "missing"


def test_what_is_kept_is_out_of_reach(clean: InitBox) -> None:
    clean.send(encode_file("secret", b"kept" * 10_000))
    clean.keep()
    code = """
import os
os.remove('secret')
for look in (os.listdir, open):
    for name in ('mem', 'maps', 'map_files', 'fd', 'root'):
        try: print(name, look(f'/proc/1/{name}'))
        except (PermissionError, NotADirectoryError): pass
print([entry for entry in os.listdir('/proc') if entry.isdigit() and int(entry) not in (1, os.getpid())])
"""
    ran = clean.run(code)
    assert (ran.stdout, ran.stderr) == (b"[]\n", b"")
    clean.wipe()
    assert clean.fetch("secret") == ("whole", b"kept" * 10_000, 40_000)


# ---- files that are handed out


FETCHED = r"""
import os, socket
os.makedirs('a/b'); open('a/b/file', 'wb').write(b'x' * 200_000); open('empty', 'w').close()
os.symlink('a/b/file', 'link'); os.symlink('a', 'folder')
os.symlink('/etc/passwd', 'passwd'); os.symlink('/etc', 'etc')
os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket')
open('closed', 'w').write('x'); os.chmod('closed', 0)
os.mkdir('shut'); open('shut/in', 'w').write('x'); os.chmod('shut', 0)
with open('sparse', 'wb') as file: file.write(b's'); file.truncate(1 << 29)
"""


@pytest.mark.parametrize(
    ("path", "most", "how", "came", "size"),
    [
        ("a/b/file", 1 << 20, "whole", 200_000, 200_000),
        ("a/b/file", 200_000, "whole", 200_000, 200_000),
        ("a/b/file", 199_999, "cut", 199_999, 200_000),
        ("a/b/file", 0, "cut", 0, 200_000),
        ("empty", 0, "whole", 0, 0),
        ("sparse", 10, "cut", 10, 1 << 29),
        ("gone", 9, "missing", 0, 0),
        ("a/gone", 9, "missing", 0, 0),
        ("gone/file", 9, "missing", 0, 0),
        ("a", 9, "irregular", 0, 0),
        ("a/b/file/x", 9, "irregular", 0, 0),
        ("link", 9, "irregular", 0, 0),
        ("folder/b/file", 9, "irregular", 0, 0),
        ("passwd", 9, "irregular", 0, 0),
        ("etc/passwd", 9, "irregular", 0, 0),
        ("fifo", 9, "irregular", 0, 0),
        ("socket", 9, "irregular", 0, 0),
        ("closed", 9, "irregular", 0, 0),
        ("shut/in", 9, "irregular", 0, 0),
        ("x" * 300, 9, "irregular", 0, 0),
    ],
)
def test_only_plain_files_are_handed_out(
    fetched: InitBox, path: str, most: int, how: str, came: int, size: int
) -> None:
    told, content, told_size = fetched.fetch(path, most)
    assert (told, len(content), told_size) == (how, came, size)
    if path == "a/b/file":
        assert set(content) <= {ord("x")}


@pytest.fixture(scope="module")
def fetched() -> Iterator[InitBox]:
    """A box with files to be fetched."""
    box = InitBox()
    assert box.run(FETCHED).stderr == b""
    yield box
    box.destroy()


def test_a_large_file_comes_whole(clean: InitBox) -> None:
    clean.run("open('big', 'wb').write(b'0123456789abcdef' * (10 << 16))")
    how, content, size = clean.fetch("big", (1 << 32) - 1)
    assert (how, size) == ("whole", 10 << 20)
    assert content == b"0123456789abcdef" * (10 << 16)
