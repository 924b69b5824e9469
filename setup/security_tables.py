"""The table of SECURITY.md, written from the profile: ``python -m setup.security_tables``.

Needs the virtual environment, as ``readme_tables`` does. A test compares what is in SECURITY.md with
what this writes, and that every line of the profile has its witnesses and every witness is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from setup.engine import ROOT
from worker.profile import PROFILE

CASES = "tests/abuse/cases"
INSIDE = "tests/contract/test_profile.py"
# Who tries each line from inside a sandbox: hostile programs below CASES, and tests of INSIDE.
WITNESSES: Mapping[str, tuple[str, ...]] = {
    "User": ("test_the_program_is_nobody", "kernel/becomes_root.py"),
    "Cmd": ("test_init_is_process_one",),
    "Hostname": ("kernel/g14_names.py",),
    "HostConfig.Privileged": ("test_it_has_no_capability_and_can_gain_none", "kernel/g16_break_out.py"),
    "HostConfig.CapDrop": ("test_it_has_no_capability_and_can_gain_none", "kernel/g15_capabilities.py"),
    "HostConfig.SecurityOpt": (
        "files/e9_setuid_copy.py",
        "kernel/g3_io_uring.py",
        "kernel/g5_privileged.py",
        "kernel/own_filter.py",
    ),
    "HostConfig.ReadonlyRootfs": ("test_the_root_is_read_only", "files/e2_fills_everything.py"),
    "HostConfig.NetworkMode": ("network/f5_bridge.py", "network/h4_guesses_the_fleet.py"),
    "HostConfig.IpcMode": ("test_every_namespace_is_its_own", "files/e11_leaves_things.py"),
    "HostConfig.CgroupnsMode": ("test_the_cgroup_has_no_name", "kernel/g8_cgroup.py"),
    "HostConfig.PidMode": ("test_it_sees_no_process_but_init_and_itself",),
    "HostConfig.UTSMode": ("test_every_namespace_is_its_own",),
    "HostConfig.Binds": ("test_nothing_of_the_host_is_mounted_but_to_read", "kernel/g13_engine_sockets.py"),
    "HostConfig.Devices": ("test_the_devices_are_the_harmless_ones",),
    "HostConfig.Tmpfs": (
        "test_work_tmp_and_shm_are_small",
        "files/e3_a_million_files.py",
        "files/e10_by_the_loader.py",
        "memory/b4_tmp.py",
    ),
    "HostConfig.ShmSize": ("memory/b3_shm.py",),
    "HostConfig.MaskedPaths": ("test_masked_paths_are_empty", "kernel/g9_proc_and_sys.py"),
    "HostConfig.ReadonlyPaths": ("kernel/g9_proc_and_sys.py",),
    "HostConfig.Memory": ("memory/b1_all_at_once.py", "memory/b5_memfd.py", "memory/page_tables.py"),
    "HostConfig.MemorySwap": ("memory/b7_swap.py",),
    "HostConfig.OomKillDisable": ("memory/b8_child_killed.py",),
    "HostConfig.PidsLimit": ("processes/c1_fork_bomb.py", "processes/c2_thread_bomb.py"),
    "HostConfig.NanoCpus": ("time/a6_spinning_threads.py",),
    "HostConfig.Ulimits": (
        "test_the_resource_limits",
        "files/e12_core_dump.py",
        "files/e4_sparse.py",
        "memory/descriptors.py",
    ),
    "Tty": ("kernel/g16_terminal.py",),
    "OpenStdin": ("output/d13_stdin_unread.py",),
    "StdinOnce": (),
    "Healthcheck": ("test_it_sees_no_process_but_init_and_itself",),
    "StopTimeout": ("time/a4_ignores_signals.py",),
    "HostConfig.LogConfig": ("output/d1_flood.py",),
    "HostConfig.RestartPolicy": ("processes/c6_kills_everything.py",),
    "HostConfig.AutoRemove": (),
    "HostConfig.Init": ("test_init_is_process_one",),
    "HostConfig.Runtime": (),
}
_MARKED = re.compile(r"(<!-- table:profile -->\n)(.*?)(<!-- /table -->)", re.DOTALL)


def rewritten(text: str) -> str:
    """``text`` with the table as the profile has it."""
    return _MARKED.sub(lambda match: f"{match[1]}{profile_table()}{match[3]}", text)


def profile_table() -> str:
    """Every line of the profile: the attack it stops, and who tries that."""
    lines = ["| line | stops | tried by |", "| --- | --- | --- |"]
    for line in PROFILE:
        key = line.key.removeprefix("HostConfig.")
        tried = ", ".join(f"`{name}`" for name in WITNESSES[line.key]) or "read from the engine"
        lines.append(f"| `{key}` | {line.stops.replace('|', '&#124;')} | {tried} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    security = ROOT / "SECURITY.md"
    security.write_text(rewritten(security.read_text()))
