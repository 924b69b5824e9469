"""The profile as an OCI runtime configuration: what ``crun`` is given instead of an engine's create call.

There is one truth, ``worker.profile.PROFILE``. Every one of its lines has a translation here, and a
line without one, or with a value that has no counterpart, stops the start of a box: a flag added to
the profile cannot silently be missing from this runtime.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fleet.errors import SandboxError
from worker.profile import PROFILE, EngineFacts
from worker.sandbox import BoxSpec

_CPU_PERIOD_US = 100_000
_NAMESPACES = ("pid", "ipc", "uts", "mount", "network", "cgroup")
_CAPABILITY_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")
_HIDDEN = ["nosuid", "noexec", "nodev"]
# When the host itself runs out of memory, boxes go before the worker and Redis do.
_OOM_SCORE_ADJ = 500


@dataclass(frozen=True, slots=True)
class OciFacts:
    """What this host can do; asked once, at start."""

    swap_limit: bool = True  # the kernel can limit swap
    apparmor: bool = False  # the engine's profile is loaded


@dataclass(frozen=True, slots=True)
class Place:
    """Where one box runs: its file system, its cgroup, its users on the host."""

    rootfs: str
    entrypoint: tuple[str, ...]
    environment: tuple[str, ...]
    cgroup: str
    host_id: int | None  # host's user id of root inside; None: no user namespace


def oci_config(spec: BoxSpec, place: Place, facts: OciFacts) -> dict[str, Any]:
    """The ``config.json`` of one box. Raises ``SandboxError`` for a line it cannot express."""
    config = _frame(place, facts)
    engine = EngineFacts(apparmor=facts.apparmor)
    for line in PROFILE:
        translate = _TRANSLATIONS.get(line.key)
        if translate is None:
            raise SandboxError(f"the profile's {line.key} has no counterpart in an OCI configuration")
        translate(config, line.of(spec, engine))
    if not facts.swap_limit:
        del config["linux"]["resources"]["memory"]["swap"]
    return config


def _frame(place: Place, facts: OciFacts) -> dict[str, Any]:
    """What is no line of the profile: an engine does all this by itself."""
    linux: dict[str, Any] = {
        "namespaces": [{"type": kind} for kind in _NAMESPACES],
        "cgroupsPath": place.cgroup,
        "rootfsPropagation": "private",
        "resources": {"devices": [{"allow": False, "access": "rwm"}], "memory": {}, "cpu": {}, "pids": {}},
    }
    if place.host_id is not None:
        linux["namespaces"].append({"type": "user"})
        mapping = [{"containerID": 0, "hostID": place.host_id, "size": 65536}]
        linux["uidMappings"] = linux["gidMappings"] = mapping
    return {
        "ociVersion": "1.0.2",
        "root": {"path": place.rootfs},
        "process": {
            "cwd": "/work",
            "args": list(place.entrypoint),
            "env": list(place.environment),
            "oomScoreAdj": _OOM_SCORE_ADJ,
        },
        "mounts": [
            _mount("/proc", "proc", *_HIDDEN),
            _mount("/dev", "tmpfs", "nosuid", "noexec", "mode=755", "size=64k"),
            _mount("/dev/mqueue", "mqueue", *_HIDDEN),  # no devpts: no program here has a use for terminals
            _mount("/sys", "sysfs", *_HIDDEN, "ro"),
            _mount("/sys/fs/cgroup", "cgroup", *_HIDDEN, "ro"),
        ],
        "linux": linux,
    }


def _mount(destination: str, kind: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}


# One translation a line of the profile: each changes the configuration for the line's value.
_Translate = Callable[[dict[str, Any], Any], None]


def _at(*path: str) -> _Translate:
    """The value as it is, at this path."""

    def put(config: dict[str, Any], value: Any) -> None:
        for name in path[:-1]:
            config = config[name]
        config[path[-1]] = value

    return put


def _only(*possible: Any) -> _Translate:
    """A line that holds by itself when no engine is there, as long as it says what it says now."""

    def check(_config: dict[str, Any], value: Any) -> None:
        if value not in possible:
            raise SandboxError(f"the profile asks for {value!r}, which this runtime cannot give")

    return check


def _user(config: dict[str, Any], value: str) -> None:
    uid, gid = value.split(":")
    config["process"]["user"] = {"uid": int(uid), "gid": int(gid)}


def _arguments(config: dict[str, Any], value: list[str]) -> None:
    config["process"]["args"] += value


def _no_capabilities(config: dict[str, Any], value: list[str]) -> None:
    _only(["ALL"])(config, value)
    config["process"]["capabilities"] = {name: [] for name in _CAPABILITY_SETS}


def _security(config: dict[str, Any], value: list[str]) -> None:
    for option in value:
        name, _, text = option.partition("=")
        match name:
            case "no-new-privileges":
                config["process"]["noNewPrivileges"] = True
            case "seccomp":
                config["linux"]["seccomp"] = _seccomp_here(text)
            case "apparmor":
                config["process"]["apparmorProfile"] = text
            case _:
                raise SandboxError(f"the profile's security option {name!r} has no counterpart")


def _tmpfs(config: dict[str, Any], value: Mapping[str, str]) -> None:
    config["mounts"] += [_mount(path, "tmpfs", *options.split(",")) for path, options in value.items()]


def _read_only(config: dict[str, Any], value: list[str]) -> None:
    # On v1 crun mounts a tmpfs that anybody may write to, below which the groups are.
    config["linux"]["readonlyPaths"] = [*value, "/sys/fs/cgroup"]


def _shm(config: dict[str, Any], value: int) -> None:
    if all(mount["destination"] != "/dev/shm" for mount in config["mounts"]):  # noqa: S108 - in the box
        config["mounts"].append(_mount("/dev/shm", "tmpfs", *_HIDDEN, "mode=1777", f"size={value}"))  # noqa: S108


def _cpus(config: dict[str, Any], value: int) -> None:
    quota_us = value * _CPU_PERIOD_US // 1_000_000_000
    config["linux"]["resources"]["cpu"] = {"quota": quota_us, "period": _CPU_PERIOD_US}


def _ulimits(config: dict[str, Any], value: list[dict[str, Any]]) -> None:
    config["process"]["rlimits"] = [
        {"type": f"RLIMIT_{limit['Name'].upper()}", "soft": limit["Soft"], "hard": limit["Hard"]}
        for limit in value
    ]


_TRANSLATIONS: dict[str, _Translate] = {
    "User": _user,
    "Cmd": _arguments,
    "Hostname": _at("hostname"),
    "HostConfig.Privileged": _only(False),
    "HostConfig.CapDrop": _no_capabilities,
    "HostConfig.SecurityOpt": _security,
    "HostConfig.ReadonlyRootfs": _at("root", "readonly"),
    "HostConfig.NetworkMode": _only("none"),  # a network namespace of its own; crun brings lo up
    "HostConfig.IpcMode": _only("private"),
    "HostConfig.CgroupnsMode": _only("private"),
    "HostConfig.PidMode": _only(""),
    "HostConfig.UTSMode": _only(""),
    "HostConfig.Binds": _only(None),
    "HostConfig.Devices": _only([]),
    "HostConfig.Tmpfs": _tmpfs,
    "HostConfig.ShmSize": _shm,
    "HostConfig.MaskedPaths": _at("linux", "maskedPaths"),
    "HostConfig.ReadonlyPaths": _read_only,
    "HostConfig.Memory": _at("linux", "resources", "memory", "limit"),
    "HostConfig.MemorySwap": _at("linux", "resources", "memory", "swap"),  # with memory, as an engine's
    "HostConfig.OomKillDisable": _only(False),
    "HostConfig.PidsLimit": _at("linux", "resources", "pids", "limit"),
    "HostConfig.NanoCpus": _cpus,
    "HostConfig.Ulimits": _ulimits,
    "Tty": _at("process", "terminal"),
    "OpenStdin": _only(True),
    "StdinOnce": _only(True),
    "Healthcheck": _only({"Test": ["NONE"]}),
    "StopTimeout": _only(0),
    "HostConfig.LogConfig": _only({"Type": "none", "Config": {}}),
    "HostConfig.RestartPolicy": _only({"Name": "no", "MaximumRetryCount": 0}),
    "HostConfig.AutoRemove": _only(False),
    "HostConfig.Init": _only(False),
    "HostConfig.Runtime": lambda _config, _value: None,  # it is us
}


@functools.cache
def _seccomp_here(text: str) -> dict[str, Any]:
    return seccomp(json.loads(text), os.uname().machine)


def seccomp(profile: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """An engine's seccomp profile as the section of an OCI configuration, for one kind of machine.

    Only what our profile uses is known; anything else raises ``SandboxError`` instead of being lost.
    """
    if unknown := set(profile) - {"defaultAction", "defaultErrnoRet", "archMap", "syscalls"}:
        raise SandboxError(f"seccomp profile: {sorted(unknown)} cannot be translated")
    native = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}.get(machine)
    architectures = [
        name
        for entry in profile["archMap"]
        if entry["architecture"] == native
        for name in (entry["architecture"], *(entry.get("subArchitectures") or ()))
    ]
    if not architectures:
        raise SandboxError(f"the seccomp profile does not cover machines of kind {machine}")
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": architectures,
        "syscalls": [_rule(rule) for rule in profile["syscalls"]],
    }


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"names", "action", "args", "errnoRet"}
    if unknown := set(rule) - kept - {"comment"}:
        raise SandboxError(f"seccomp rule for {rule.get('names')}: {sorted(unknown)} cannot be translated")
    return {key: value for key, value in rule.items() if key in kept}
