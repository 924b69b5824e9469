"""Where cgroups are, read from the kernel's table, and what is done in a tree like v2's."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from fleet.errors import SandboxError
from worker.cgroups import Cgroup, Hierarchies, find_hierarchies, make, names_below, remove_if_empty

V1 = """\
23 27 0:22 / /sys rw - sysfs sysfs rw
30 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
32 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
34 30 0:32 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices
35 40 0:30 /docker/abc /somewhere/else rw - cgroup cgroup rw,memory
"""
UNIFIED = "36 30 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
V2 = "31 23 0:29 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_v1_has_a_root_per_hierarchy_and_a_controller_may_share_one() -> None:
    found = find_hierarchies(V1)

    assert (found.version, found.hybrid, len(found.roots)) == (1, None, 4)
    assert found.controllers["cpu"] == found.controllers["cpuacct"] == Path("/sys/fs/cgroup/cpu,cpuacct")
    assert found.controllers["memory"] == Path("/sys/fs/cgroup/memory")  # not the one bound elsewhere
    assert set(found.controllers) == {"cpu", "cpuacct", "memory", "pids", "devices"}


def test_hybrid_is_v1_with_v2_beside_it() -> None:
    found = find_hierarchies(V1 + UNIFIED)

    assert (found.version, found.hybrid) == (1, Path("/sys/fs/cgroup/unified"))
    assert found.roots == find_hierarchies(V1).roots


def test_v2_has_one_root() -> None:
    found = find_hierarchies(V2)

    assert (found.version, found.roots, found.hybrid) == (2, (Path("/sys/fs/cgroup"),), None)


def test_a_path_with_a_blank_is_read() -> None:
    assert find_hierarchies(V2.replace("/sys/fs/cgroup", r"/my\040groups")).roots == (Path("/my groups"),)


@pytest.mark.parametrize("table", ["", V1.replace("pids", "blkio"), UNIFIED.replace("cgroup2", "tmpfs")])
def test_a_host_without_what_is_needed_is_refused(table: str) -> None:
    with pytest.raises(SandboxError, match="cgroup"):
        find_hierarchies(table)


@pytest.fixture
def tree(tmp_path: Path) -> Hierarchies:
    return Hierarchies((tmp_path,), {})


def test_a_v2_group_is_read(tree: Hierarchies) -> None:
    cgroup = Cgroup(tree, "/sandfleet/f/w/box")
    assert not cgroup.exists
    assert (cgroup.pids(), cgroup.oom_kills(), cgroup.frozen) == (set(), 0, False)

    make(tree, "/sandfleet/f/w/box")
    folder = tree.roots[0] / "sandfleet/f/w/box"
    (folder / "cgroup.procs").write_text("4000001\n4000002\n")
    (folder / "memory.events").write_text("low 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n")
    (folder / "cgroup.freeze").write_text("1\n")

    assert cgroup.exists
    assert (cgroup.pids(), cgroup.oom_kills(), cgroup.frozen) == ({4000001, 4000002}, 1, True)


async def test_a_group_that_does_not_become_empty_is_given_up(tree: Hierarchies) -> None:
    cgroup = Cgroup(tree, "/box")
    make(tree, "/box")
    (tree.roots[0] / "box" / "cgroup.procs").write_text("2147483000\n")  # no process has that number

    assert not await cgroup.empty(0.01)
    assert not await cgroup.destroy(0.01)
    assert cgroup.exists


async def test_an_empty_group_is_removed(tree: Hierarchies) -> None:
    make(tree, "/f/w/box")

    assert names_below(tree, "/f/w") == {"box"}
    assert await Cgroup(tree, "/f/w/box").destroy(1)
    remove_if_empty(tree, "/f/w", "/f")
    assert names_below(tree, "/") == set()


def test_swap_can_be_limited_where_the_kernel_has_a_file_for_it(tmp_path: Path) -> None:
    second = Hierarchies((tmp_path,), {})
    first = Hierarchies((tmp_path,), {"memory": tmp_path})
    assert not second.swap_limit
    assert not first.swap_limit

    (tmp_path / "init.scope").mkdir()
    (tmp_path / "init.scope" / "memory.swap.max").touch()
    (tmp_path / "memory.memsw.limit_in_bytes").touch()

    assert second.swap_limit
    assert first.swap_limit


# ---- other limits


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are written, in their order."""
    order: list[str] = []
    write_text = Path.write_text

    def noting(path: Path, text: str, encoding: str) -> int:
        order.append(path.name)
        return write_text(path, text, encoding)

    monkeypatch.setattr(Path, "write_text", noting)
    return order


MEMORY, SWAP = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"


@pytest.mark.parametrize(
    ("before", "after", "order"), [(100, 50, [MEMORY, SWAP]), (100, 200, [SWAP, MEMORY])]
)
def test_v1_memory_is_never_above_memory_with_swap(
    tmp_path: Path, before: int, after: int, order: list[str], request: pytest.FixtureRequest
) -> None:
    first = Hierarchies((tmp_path / "m", tmp_path / "p"), {"memory": tmp_path / "m", "pids": tmp_path / "p"})
    memory = written(tmp_path / "m/box", memory__limit_in_bytes=f"{before}\n")
    (memory / SWAP).write_text(f"{before}\n")
    pids = written(tmp_path / "p/box", pids__max="9\n")
    writes = request.getfixturevalue("writes")

    assert Cgroup(first, "/box").resize(after, 7)

    assert writes == [*order, "pids.max"]
    assert [(memory / name).read_text() for name in order] == [str(after)] * 2
    assert (pids / "pids.max").read_text() == "7"


def test_v1_without_swap_accounting_has_memory_alone(tmp_path: Path) -> None:
    first = Hierarchies((tmp_path,), {"memory": tmp_path, "pids": tmp_path})
    memory = written(tmp_path / "box", memory__limit_in_bytes="100", pids__max="9")

    assert Cgroup(first, "/box").resize(50, 7)

    assert (memory / MEMORY).read_text() == "50"
    assert not (memory / SWAP).exists()


V2_FILES = {"memory__max": "1000", "memory__current": "700", "pids__max": "9"}


def test_v2_has_a_file_for_each(tree: Hierarchies) -> None:
    folder = written(tree.roots[0] / "box", memory__stat="anon 5\ninactive_file 100\n", **V2_FILES)

    assert Cgroup(tree, "/box").resize(600, 7)

    assert ((folder / "memory.max").read_text(), (folder / "pids.max").read_text()) == ("600", "7")


def test_v2_is_not_asked_to_kill_for_a_lower_limit(tree: Hierarchies) -> None:
    stat = "anon 5\ninactive_file 100\nactive_file 50\n"
    folder = written(tree.roots[0] / "box", memory__stat=stat, **V2_FILES)

    assert not Cgroup(tree, "/box").resize(549, 7)
    assert (folder / "memory.max").read_text() == "1000"
    assert Cgroup(tree, "/box").resize(550, 7)


def test_what_the_kernel_calls_busy_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_words: str) -> int:
        raise OSError(errno.EBUSY, "busy")

    first = Hierarchies((tmp_path,), {"memory": tmp_path, "pids": tmp_path})
    written(tmp_path / "box", memory__limit_in_bytes="100", pids__max="9")
    monkeypatch.setattr(Path, "write_text", busy)

    assert not Cgroup(first, "/box").resize(50, 7)


@pytest.mark.parametrize("version", [1, 2])
def test_a_group_that_is_gone_or_odd_cannot_be_resized(tmp_path: Path, version: int) -> None:
    groups = Hierarchies((tmp_path,), {"memory": tmp_path, "pids": tmp_path} if version == 1 else {})
    with pytest.raises(SandboxError, match="cannot be given"):
        Cgroup(groups, "/box").resize(1, 1)
    name = "memory__limit_in_bytes" if version == 1 else "memory__current"
    written(tmp_path / "box", memory__stat="", **{name: "nonsense"})
    with pytest.raises(SandboxError, match="cannot be given"):
        Cgroup(groups, "/box").resize(1, 1)
