"""The profile as an OCI configuration: every line arrives, and none is lost in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleet.errors import SandboxError
from fleet.limits import MIB
from worker import oci
from worker.oci import OciFacts, Place, oci_config, seccomp
from worker.profile import PROFILE, SECCOMP, UID, EngineFacts, Line
from worker.sandbox import BoxSpec
from worker.testing import a_language

SPEC = BoxSpec(a_language(), 64 * MIB, 16)
PLACE = Place("/rootfs", ("/sandfleet/init",), ("PATH=/bin",), "/sandfleet/f/w/box", 4_000_000)


def config(place: Place = PLACE, **facts: bool) -> dict[str, Any]:
    return oci_config(SPEC, place, OciFacts(**facts))


def without(place: Place) -> Place:
    return Place(place.rootfs, place.entrypoint, place.environment, place.cgroup, None)


def another(value: Any) -> Any:
    """A value of the same kind that is not this one."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1_000_000_000
        case str():
            return "7:8" if ":" in value else "other"
        case list():
            return [] if value else ["more"]
        case dict():
            return {}
    return ["/etc:/etc"]


# The one names an engine's runtime, the other a size in case that a mount is not there.
MUTE = {"HostConfig.Runtime", "HostConfig.ShmSize"}


@pytest.mark.parametrize(
    "line", [line for line in PROFILE if line.key not in MUTE], ids=lambda line: line.key
)
def test_a_line_of_another_value_changes_the_configuration_or_is_refused(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, other = config(), another(line.of(SPEC, EngineFacts()))
    changed = tuple(Line(line.key, other, "") if one is line else one for one in PROFILE)
    monkeypatch.setattr(oci, "PROFILE", changed)

    try:
        assert config() != before
    except SandboxError as error:
        assert "profile" in str(error)  # noqa: PT017 - either answer will do, silence will not


def test_a_new_line_of_the_profile_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oci, "PROFILE", (*PROFILE, Line("HostConfig.Sysctls", {}, "")))

    with pytest.raises(SandboxError, match=r"HostConfig\.Sysctls"):
        config()


def test_who_the_program_is_and_what_it_may() -> None:
    process = config()["process"]

    assert process["user"] == {"uid": UID, "gid": UID}
    assert process["noNewPrivileges"] is True
    assert process["terminal"] is False
    assert process["capabilities"] == {
        name: [] for name in ("bounding", "effective", "inheritable", "permitted", "ambient")
    }
    assert (process["args"], process["env"]) == (["/sandfleet/init"], ["PATH=/bin"])


def test_every_namespace_is_new() -> None:
    kinds = ["cgroup", "ipc", "mount", "network", "pid", "uts"]

    assert config(without(PLACE))["linux"]["namespaces"] == [
        {"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network", "cgroup")
    ]
    assert sorted(entry["type"] for entry in config()["linux"]["namespaces"]) == sorted([*kinds, "user"])
    assert config()["linux"]["uidMappings"] == [{"containerID": 0, "hostID": 4_000_000, "size": 65536}]
    assert "uidMappings" not in config(without(PLACE))["linux"]


def test_the_limits() -> None:
    resources = config()["linux"]["resources"]

    assert resources["memory"] == {"limit": 64 * MIB, "swap": 64 * MIB}
    assert resources["pids"] == {"limit": 17}
    assert resources["cpu"] == {"quota": 100_000, "period": 100_000}
    assert resources["devices"] == [{"allow": False, "access": "rwm"}]
    assert config(swap_limit=False)["linux"]["resources"]["memory"] == {"limit": 64 * MIB}


def test_nothing_of_the_host_is_mounted_and_the_root_is_read_only() -> None:
    made = config()

    assert "/sys/fs/cgroup" in made["linux"]["readonlyPaths"]  # crun's tmpfs there is not read-only
    assert made["root"] == {"path": "/rootfs", "readonly": True}
    assert {mount["type"] for mount in made["mounts"]} == {"proc", "tmpfs", "sysfs", "cgroup", "mqueue"}
    for mount in made["mounts"]:
        if mount["type"] in {"sysfs", "cgroup"}:
            assert "ro" in mount["options"]
        assert {"nosuid", "noexec"} <= set(mount["options"])


def test_apparmor_is_used_where_it_is_there() -> None:
    assert config(apparmor=True)["process"]["apparmorProfile"] == "docker-default"
    assert "apparmorProfile" not in config()["process"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_seccomp_rules_are_the_engines_rules(machine: str) -> None:
    profile = json.loads(SECCOMP)
    made = seccomp(profile, machine)

    assert (made["defaultAction"], made["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    assert made["architectures"] == [f"SCMP_ARCH_{machine.upper()}"]
    kept = [{key: value for key, value in rule.items() if key != "comment"} for rule in profile["syscalls"]]
    assert made["syscalls"] == kept


def test_seccomp_that_cannot_be_translated_is_refused() -> None:
    profile = json.loads(SECCOMP)
    rule = {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}

    with pytest.raises(SandboxError, match="includes"):
        seccomp({**profile, "syscalls": [rule]}, "x86_64")
    with pytest.raises(SandboxError, match="flags"):
        seccomp({**profile, "flags": []}, "x86_64")
    with pytest.raises(SandboxError, match="riscv64"):
        seccomp(profile, "riscv64")
