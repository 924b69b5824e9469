"""Where cgroups are, read from the kernel's table, and what is done in a tree like v2's."""

from __future__ import annotations

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
