"""Checks of this host, each with its remedy: what ``make doctor`` prints and a worker runs at start."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from fleet.errors import FleetError, ImageMissing, SandboxError
from fleet.languages import Language
from fleet.limits import Bounds
from worker.assembly import ask_served
from worker.sandbox import Sandbox

_API_OLDEST = (1, 41)  # private cgroup namespaces; Docker 20.10
_DISK_FREE_MIN_BYTES = 1024**3
_CLOCK_SKEW_MAX_S = 2.0


class Grade(StrEnum):
    """How a check came out. Only FAIL keeps a worker from starting."""

    PASS = "PASS"  # noqa: S105 - a grade, not a password
    CAUTION = "CAUTION"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    grade: Grade
    what: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.grade:<7} {self.what}: {self.found}"
        return line if not self.remedy else f"{line}\n        -> {self.remedy}"


def engine_checks(version: Mapping[str, Any], info: Mapping[str, Any], oci_runtime: str) -> list[Check]:
    """What the engine says of itself and of its host."""
    return [
        _api(version),
        _cgroups(info),
        *_controllers(info),
        swap_check(bool(info.get("SwapLimit"))),
        _security(info, "seccomp", Grade.FAIL, "use a kernel with CONFIG_SECCOMP_FILTER"),
        _security(info, "apparmor", Grade.CAUTION, "enable AppArmor for a further layer"),
        _user_namespaces(info),
        _runtime(info, oci_runtime),
        _disk(info),
        _clock("engine's clock", _engine_clock_s(info)),
    ]


async def image_checks(sandbox: Sandbox, languages: Iterable[Language]) -> list[Check]:
    """Is there an image for each language; without any, nothing could be run."""
    checks, missing = [], []
    for language in languages:
        try:
            image = await sandbox.image(language)
        except ImageMissing:
            missing.append(language.name)
        except SandboxError as error:
            checks.append(Check(Grade.FAIL, f"image of {language.name}", str(error), "see the engine's log"))
        else:
            checks.append(Check(Grade.PASS, f"image of {language.name}", image[:19]))
    if not any(check.grade is Grade.PASS for check in checks):
        checks.append(Check(Grade.FAIL, "images", "there is none, so no job could run", "make images"))
    elif missing:
        found = f"not built, so their languages are not served here: {', '.join(missing)}"
        checks.append(Check(Grade.PASS, "further images", found, f'make images LANGS="{" ".join(missing)}"'))
    return checks


def redis_checks(findings: Iterable[tuple[str, str, str]], server_s: float) -> list[Check]:
    """Findings about the Redis server, as (level, detail, remedy), and its clock."""
    grades = {"refuse": Grade.FAIL, "warn": Grade.CAUTION}
    found = [Check(grades[level], "Redis", detail, remedy) for level, detail, remedy in findings]
    return [
        *(found or [Check(Grade.PASS, "Redis", "settings are sound")]),
        _clock("clock of Redis", server_s),
    ]


def unreachable(what: str, error: FleetError, remedy: str) -> Check:
    """A check that could not even ask."""
    return Check(Grade.FAIL, what, str(error), remedy)


def failed(checks: Iterable[Check]) -> list[Check]:
    """Those that keep a worker from starting."""
    return [check for check in checks if check.grade is Grade.FAIL]


def _api(version: Mapping[str, Any]) -> Check:
    found = f"{version.get('Version', '?')}, API {version.get('ApiVersion', '?')}"
    parts = tuple(int(part) for part in str(version.get("ApiVersion", "0.0")).split("."))
    if parts < _API_OLDEST:
        return Check(Grade.FAIL, "engine", found, "use Docker 20.10 or newer")
    return Check(Grade.PASS, "engine", found)


def _cgroups(info: Mapping[str, Any]) -> Check:
    found = f"version {info.get('CgroupVersion', '?')}, driver {info.get('CgroupDriver', '?')}"
    if info.get("CgroupDriver") == "none":
        return Check(Grade.FAIL, "cgroups", found, "give the engine cgroups: no limit would hold")
    return Check(Grade.PASS, "cgroups", found)


def _controllers(info: Mapping[str, Any]) -> list[Check]:
    missing = [
        name
        for name, flag in (("memory", "MemoryLimit"), ("pids", "PidsLimit"), ("cpu", "CpuCfsQuota"))
        if not info.get(flag)
    ]
    if missing:
        found = f"no limits on {', '.join(missing)}"
        return [Check(Grade.FAIL, "controllers", found, "enable these cgroup controllers in the kernel")]
    return [Check(Grade.PASS, "controllers", "memory, pids, cpu")]


def swap_check(limited: bool) -> Check:
    """Can swap be kept from the programs, or is there none."""
    if limited:
        return Check(Grade.PASS, "swap accounting", "on")
    if _host_has_swap():
        return Check(
            Grade.FAIL,
            "swap accounting",
            "off, and the host has swap: programs could use more memory than their limit",
            "boot with swapaccount=1, or turn swap off",
        )
    return Check(Grade.PASS, "swap accounting", "off, but the host has no swap")


def _host_has_swap() -> bool:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return True
    return any(line.startswith("SwapTotal:") and int(line.split()[1]) > 0 for line in lines)


def _security(info: Mapping[str, Any], name: str, grade: Grade, remedy: str) -> Check:
    if has_security(info, name):
        return Check(Grade.PASS, name, "on")
    return Check(grade, name, "the engine does not have it", remedy)


def has_security(info: Mapping[str, Any], name: str) -> bool:
    """Does the engine list this security option."""
    return any(f"name={name}" in str(option).split(",") for option in info.get("SecurityOptions") or ())


def _user_namespaces(info: Mapping[str, Any]) -> Check:
    if has_security(info, "userns") or has_security(info, "rootless"):
        return Check(Grade.PASS, "user namespaces", "root in a container is nobody on the host")
    return Check(
        Grade.CAUTION,
        "user namespaces",
        "not used by the engine; programs are not root inside, this would be a further layer",
        'set "userns-remap": "default" in the engine\'s daemon.json, or run it rootless',
    )


def _runtime(info: Mapping[str, Any], oci_runtime: str) -> Check:
    wanted = oci_runtime or info.get("DefaultRuntime", "?")
    known = sorted(info.get("Runtimes") or {})
    if wanted not in known:
        found = f"{wanted} is unknown to the engine, which has {', '.join(known)}"
        return Check(Grade.FAIL, "OCI runtime", found, "install it, or change SANDFLEET_OCI_RUNTIME")
    return Check(Grade.PASS, "OCI runtime", str(wanted))


def _disk(info: Mapping[str, Any]) -> Check:
    root = Path(str(info.get("DockerRootDir", "")))
    if not root.is_dir():
        return Check(Grade.PASS, "free disk", "the engine's directory cannot be seen from here")
    free = shutil.disk_usage(root).free
    found = f"{free / 1024**3:.1f} GiB at {root}"
    if free < _DISK_FREE_MIN_BYTES:
        return Check(Grade.CAUTION, "free disk", found, "docker system prune, or a larger disk")
    return Check(Grade.PASS, "free disk", found)


def _engine_clock_s(info: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(info.get("SystemTime"))).timestamp()
    except ValueError:
        return time.time()


def _clock(what: str, there_s: float) -> Check:
    skew_s = there_s - time.time()
    if abs(skew_s) > _CLOCK_SKEW_MAX_S:
        found = f"{skew_s:+.1f} s from this process; leases do not depend on it, times in logs do"
        return Check(Grade.CAUTION, what, found, "run an NTP client on both")
    return Check(Grade.PASS, what, f"{skew_s:+.1f} s from this process")


async def run_checks(sandbox: Sandbox, languages: Mapping[str, Language], bounds: Bounds) -> list[Check]:
    """Really run something in a sandbox of each language."""
    checks = []
    for name, language in languages.items():
        began_s = time.monotonic()
        try:
            served = await ask_served(sandbox, {name: language}, bounds)
        except SandboxError as error:
            checks.append(Check(Grade.FAIL, f"run in {name}", str(error), "see the engine's log"))
            continue
        if name in served:
            took_ms = (time.monotonic() - began_s) * 1000
            checks.append(Check(Grade.PASS, f"run in {name}", f"{served[name].version}, {took_ms:.0f} ms"))
    return checks
