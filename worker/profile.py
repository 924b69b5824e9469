"""The profile of every sandbox container: one table, one line a flag, each with the attack it stops.

``PROFILE`` is the whole truth: ``container_config`` turns it into the body of the engine's create
call and adds only the image, the name and the labels. Every line is asserted by inspect of a real
container and from inside one (``tests/contract/test_profile.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from fleet.limits import MIB
from worker.sandbox import BoxSpec

UID = GID = 65534
TMP_BYTES = 16 * MIB
SHM_BYTES = 4 * MIB
INODES = 4096
# One file of this size fits in no sandbox's memory, so a program meets its memory limit first.
FILE_BYTES_MAX = 1024 * MIB
LABEL = "sandfleet"
SECCOMP = json.dumps(json.loads(resources.files("worker").joinpath("seccomp.json").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine of this host can do; asked once, at start."""

    apparmor: bool = False
    oci_runtime: str = "runc"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose container it is: what ``sweep`` finds it by."""

    fleet: str
    worker_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """One flag of the profile. ``value`` is fixed, or worked out from the box and the engine."""

    key: str  # dotted path in the engine's create call
    value: Any
    stops: str

    def of(self, spec: BoxSpec, engine: EngineFacts) -> Any:
        """The value for one box."""
        return self.value(spec, engine) if callable(self.value) else self.value


def _security(_spec: BoxSpec, engine: EngineFacts) -> list[str]:
    apparmor = ["apparmor=docker-default"] if engine.apparmor else []
    return ["no-new-privileges", f"seccomp={SECCOMP}", *apparmor]


def _tmpfs(spec: BoxSpec, _engine: EngineFacts) -> dict[str, str]:
    def options(size_bytes: int, mode: str, exec_flag: str = "noexec") -> str:
        size = f"size={size_bytes},nr_inodes={INODES}"
        return f"rw,nosuid,nodev,{exec_flag},{size},mode={mode},uid={UID},gid={GID}"

    return {
        "/work": options(spec.language.work_bytes, "0700", "exec" if spec.language.exec else "noexec"),
        "/tmp": options(TMP_BYTES, "1777"),  # noqa: S108 - a mount point in the sandbox, not on the host
        "/dev/shm": options(SHM_BYTES, "1777"),  # noqa: S108
    }


def _warm(spec: BoxSpec, _engine: EngineFacts) -> list[str]:
    environment = [f"{name}={value}" for name, value in spec.language.warm_env.items()]
    return [*environment, "--", *spec.language.warm] if spec.language.warm else []


def _of_box(choose: Callable[[BoxSpec], Any]) -> Callable[[BoxSpec, EngineFacts], Any]:
    return lambda spec, _engine: choose(spec)


PROFILE: tuple[Line, ...] = (
    # who the program is
    Line("User", f"{UID}:{GID}", "root inside, and every kernel bug that needs it"),
    Line("Cmd", _warm, "nothing: what init starts before the job is known"),
    Line("Hostname", "sandbox", "a name that tells one host, worker or job from another"),
    Line("HostConfig.Privileged", False, "all of the below being switched off"),
    Line("HostConfig.CapDrop", ["ALL"], "mounts, raw sockets, tracing, devices: whatever asks a capability"),
    Line(
        "HostConfig.SecurityOpt",
        _security,
        "setuid programs (no-new-privileges); io_uring, bpf, ptrace, keyrings, netlink, namespaces, 32-bit "
        "calls (seccomp); writes to /proc and mounts (AppArmor, where the engine has it)",
    ),
    # what it sees
    Line(
        "HostConfig.ReadonlyRootfs",
        True,
        "filling the host's disk, planting files, changing the interpreter",
    ),
    Line("HostConfig.NetworkMode", "none", "reaching the fleet, the host, the metadata service, the world"),
    Line("HostConfig.IpcMode", "private", "shared memory and semaphores of a neighbour"),
    Line("HostConfig.CgroupnsMode", "private", "reading the names of the engine's other cgroups"),
    Line("HostConfig.PidMode", "", "seeing or signalling processes outside (own pid namespace)"),
    Line("HostConfig.UTSMode", "", "the host's name (own uts namespace)"),
    Line("HostConfig.Binds", None, "host paths a guest could write and host code then follow"),
    Line("HostConfig.Devices", [], "raw disks, kvm, fuse"),
    Line("HostConfig.Tmpfs", _tmpfs, "setuid copies, device nodes, dropped programs, a million empty files"),
    Line("HostConfig.ShmSize", SHM_BYTES, "64 MiB of default /dev/shm, should its tmpfs line be lost"),
    Line(
        "HostConfig.MaskedPaths",
        [
            "/proc/acpi",
            "/proc/asound",
            "/proc/cmdline",
            "/proc/config.gz",
            "/proc/diskstats",
            "/proc/interrupts",
            "/proc/iomem",
            "/proc/ioports",
            "/proc/kallsyms",
            "/proc/kcore",
            "/proc/key-users",
            "/proc/keys",
            "/proc/kmsg",
            "/proc/latency_stats",
            "/proc/modules",
            "/proc/partitions",
            "/proc/sched_debug",
            "/proc/schedstat",
            "/proc/scsi",
            "/proc/slabinfo",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/vmallocinfo",
            "/sys/block",
            "/sys/bus",
            "/sys/class",
            "/sys/dev",
            "/sys/devices/virtual",
            "/sys/firmware",
            "/sys/kernel",
            "/sys/module",
        ],
        "kernel memory and addresses, keys, power counters, the host's disks and hardware",
    ),
    Line(
        "HostConfig.ReadonlyPaths",
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "core_pattern and other sysctls, sysrq, interrupt affinity",
    ),
    # how much it may use
    Line("HostConfig.Memory", _of_box(lambda spec: spec.memory_bytes), "taking the host's memory"),
    Line("HostConfig.MemorySwap", _of_box(lambda spec: spec.memory_bytes), "swap beyond it, and a slow host"),
    Line("HostConfig.OomKillDisable", False, "a program stuck at its limit for ever"),
    Line(
        "HostConfig.PidsLimit", _of_box(lambda spec: spec.processes + 1), "fork and thread bombs (1 is init)"
    ),
    Line("HostConfig.NanoCpus", 1_000_000_000, "32 spinning threads starving the neighbours: one CPU a box"),
    Line(
        "HostConfig.Ulimits",
        [
            {"Name": "core", "Soft": 0, "Hard": 0},  # core dumps, and a host's core_pattern program
            {"Name": "nofile", "Soft": 1024, "Hard": 1024},  # the host's table of open files
            {"Name": "fsize", "Soft": FILE_BYTES_MAX, "Hard": FILE_BYTES_MAX},  # 1 PiB sparse files
            {"Name": "msgqueue", "Soft": 0, "Hard": 0},  # counted per user, across containers
        ],
        "core dumps, open files, sparse giants, message queues. Never nproc: it counts across containers",
    ),
    # how it is kept
    Line("Tty", False, "a terminal, its escape sequences and its ioctls"),
    Line("OpenStdin", True, "nothing: the job comes in over stdin, so no file is shared"),
    Line("StdinOnce", True, "outliving its worker: when that goes away, init reads end of file and exits"),
    Line("Healthcheck", {"Test": ["NONE"]}, "a health check of the image starting processes inside"),
    Line("StopTimeout", 0, "a polite wait before SIGKILL"),
    Line("HostConfig.LogConfig", {"Type": "none", "Config": {}}, "a flood of output filling the host's disk"),
    Line("HostConfig.RestartPolicy", {"Name": "no", "MaximumRetryCount": 0}, "running a second time"),
    Line("HostConfig.AutoRemove", False, "vanishing before its end could be looked at"),
    Line("HostConfig.Init", False, "a second init in front of ours"),
    Line("HostConfig.Runtime", lambda _spec, engine: engine.oci_runtime, "nothing: who starts it"),
)


# The lines that a box's size decides: what can be changed while it runs.
_SIZE = ("HostConfig.Memory", "HostConfig.MemorySwap", "HostConfig.PidsLimit")


def container_limits(spec: BoxSpec) -> dict[str, int]:
    """The body of the engine's update call for a box that shall be as large as ``spec`` says."""
    engine = EngineFacts()
    return {line.key.split(".")[1]: line.of(spec, engine) for line in PROFILE if line.key in _SIZE}


def container_config(
    spec: BoxSpec, image_id: str, owner: Owner, deadline_epoch_s: int, engine: EngineFacts
) -> dict[str, Any]:
    """The body of the engine's create call for one box, which may live until the deadline.

    It has no environment but the image's.
    """
    config: dict[str, Any] = {
        "Image": image_id,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Labels": {
            f"{LABEL}.fleet": owner.fleet,
            f"{LABEL}.worker": owner.worker_id,
            f"{LABEL}.language": spec.language.name,
            f"{LABEL}.deadline": str(deadline_epoch_s),
        },
        "HostConfig": {},
    }
    for line in PROFILE:
        *section, name = line.key.split(".")
        (config[section[0]] if section else config)[name] = line.of(spec, engine)
    return config
