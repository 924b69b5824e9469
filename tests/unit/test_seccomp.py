"""What the seccomp profile must never come to allow, read from the file itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from worker.profile import SECCOMP

RULES: list[dict[str, Any]] = json.loads(SECCOMP)["syscalls"]
ALLOWED = {name for rule in RULES if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
# fmt: off
NEVER = [
    "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime", "clone3",
    "delete_module", "execveat", "fanotify_init", "fanotify_mark", "finit_module", "fsconfig",
    "fsmount", "fsopen", "fspick", "get_mempolicy", "init_module", "inotify_add_watch", "inotify_init",
    "inotify_init1", "io_cancel", "io_destroy", "io_getevents", "io_setup", "io_submit",
    "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp",
    "kexec_file_load", "kexec_load", "keyctl", "landlock_create_ruleset", "lookup_dcookie", "mbind",
    "memfd_secret", "migrate_pages", "mincore", "mlock", "mlockall", "modify_ldt", "mount",
    "mount_setattr", "move_mount", "move_pages", "mq_open", "msgget", "name_to_handle_at", "nfsservctl",
    "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "pkey_alloc",
    "process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev", "ptrace",
    "quotactl", "quotactl_fd", "reboot", "remap_file_pages", "request_key", "rt_sigqueueinfo",
    "sched_setaffinity", "sched_setattr", "sched_setscheduler", "seccomp", "semget", "set_mempolicy",
    "setdomainname", "setfsuid", "setgid", "setgroups", "sethostname", "setns", "setresuid",
    "settimeofday", "setuid", "setxattr", "shmget", "splice", "swapoff", "swapon", "sync", "syncfs",
    "syslog", "tee", "timer_create", "umount2", "unshare", "uselib", "userfaultfd", "ustat", "vhangup",
    "vmsplice",
]
# fmt: on


@pytest.mark.parametrize("name", NEVER)
def test_a_dangerous_call_is_not_allowed(name: str) -> None:
    assert name not in ALLOWED


def test_what_is_not_named_is_refused() -> None:
    profile = json.loads(SECCOMP)

    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert profile["defaultErrnoRet"] == 1  # EPERM
    assert len(ALLOWED) < 200


def test_there_are_no_32_bit_calls() -> None:
    architectures = json.loads(SECCOMP)["archMap"]

    assert [entry["architecture"] for entry in architectures] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]
    assert not any(entry["subArchitectures"] for entry in architectures)


@pytest.mark.parametrize("name", ["clone", "ioctl", "personality", "prctl", "socket", "socketpair"])
def test_a_call_with_dangerous_arguments_is_allowed_only_by_argument(name: str) -> None:
    rules = [rule for rule in RULES if name in rule["names"]]

    assert rules
    assert all(rule.get("args") for rule in rules)


def test_sockets_are_local_or_internet_ones_of_plain_protocols() -> None:
    kinds = {
        tuple((arg["index"], arg["value"]) for arg in rule["args"])
        for rule in RULES
        if "socket" in rule["names"]
    }
    internet = {((0, family), (2, protocol)) for family in (2, 10) for protocol in (0, 6, 17)}

    assert kinds == {((0, 1), (2, 0))} | internet


def test_no_new_namespace_can_be_cloned() -> None:
    (rule,) = [rule for rule in RULES if "clone" in rule["names"]]
    (arg,) = rule["args"]

    assert (arg["index"], arg["op"], arg["valueTwo"]) == (0, "SCMP_CMP_MASKED_EQ", 0)
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert arg["value"] & flag


def test_each_rule_says_why() -> None:
    assert all(rule["comment"] for rule in RULES)
