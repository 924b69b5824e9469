"""What a host can do for boxes without an engine, and the checks that say so."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

from fleet.errors import SandboxError
from worker.cgroups import Hierarchies, find_hierarchies
from worker.crun_sandbox import Host
from worker.doctor import Check, Grade, swap_check
from worker.oci import OciFacts
from worker.rootfs import free_bytes
from worker.settings import WorkerSettings

CRUN = "crun"
_OLDEST = (1, 0)
_PATIENCE_S = 10.0
_DISK_FREE_MIN_BYTES = 1024**3
_APPARMOR = Path("/sys/kernel/security/apparmor/profiles")
# The kernel lets a user namespace mount /proc only where nothing covers parts of the /proc around
# it, so a trial shows more than a sysctl.
_TRIAL = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "true"]


async def survey(settings: WorkerSettings) -> tuple[Host, list[Check]]:
    """This host as boxes need to know it, and its checks. Raises ``SandboxError`` without cgroups."""
    hierarchies = await asyncio.to_thread(_hierarchies)
    facts = OciFacts(swap_limit=hierarchies.swap_limit, apparmor=_has_apparmor())
    namespaces = await asyncio.to_thread(_user_namespaces, settings.user_namespaces)
    checks = [
        await asyncio.to_thread(_crun),
        _root(),
        _cgroups(hierarchies),
        swap_check(facts.swap_limit),
        _seccomp(),
        _apparmor(facts.apparmor),
        namespaces,
        _disk(settings.state_dir),
    ]
    used = settings.user_namespaces != "off" and namespaces.grade is Grade.PASS
    return Host(CRUN, settings.run_dir, hierarchies, facts, used), checks


def _hierarchies() -> Hierarchies:
    return find_hierarchies(Path("/proc/self/mountinfo").read_text("utf-8"))


def _crun() -> Check:
    remedy = "install the package crun"
    try:
        told = _run([CRUN, "--version"])
    except (OSError, subprocess.SubprocessError, SandboxError) as error:
        return Check(Grade.FAIL, "crun", str(error), remedy)
    version = re.search(r"(\d+)\.(\d+)\S*", told)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        return Check(Grade.FAIL, "crun", told.splitlines()[0] if told else "no version", remedy)
    if "+SECCOMP" not in told:
        return Check(Grade.FAIL, "crun", f"{version[0]}, built without seccomp", remedy)
    if missing := [name for name in ("unshare", "nsenter", "umount") if shutil.which(name) is None]:
        found = f"{version[0]}, but no {', '.join(missing)}"
        return Check(Grade.FAIL, "crun", found, "install the package util-linux")
    return Check(Grade.PASS, "crun", version[0])


def _root() -> Check:
    if os.geteuid() != 0:
        found = f"the worker is user {os.geteuid()}"
        return Check(Grade.FAIL, "root", found, "run it as root, or set SANDFLEET_RUNTIME=docker")
    return Check(Grade.PASS, "root", "the worker may make containers")


def _cgroups(hierarchies: Hierarchies) -> Check:
    found = f"version {hierarchies.version}"
    if unwritable := [str(root) for root in hierarchies.roots if not os.access(root, os.W_OK)]:
        return Check(
            Grade.FAIL,
            "cgroups",
            f"{found}, but {unwritable[0]} cannot be written",
            "run the worker as root on the host, not in a container",
        )
    if hierarchies.hybrid is not None:
        found += f", hybrid; crun is kept from seeing {hierarchies.hybrid}"
    return Check(Grade.PASS, "cgroups", found)


def _seccomp() -> Check:
    if not Path("/proc/sys/kernel/seccomp/actions_avail").exists():
        return Check(Grade.FAIL, "seccomp", "not in this kernel", "use a kernel with CONFIG_SECCOMP_FILTER")
    return Check(Grade.PASS, "seccomp", "on")


def _has_apparmor() -> bool:
    try:
        return "docker-default " in _APPARMOR.read_text("utf-8")
    except OSError:
        return False


def _apparmor(there: bool) -> Check:
    if there:
        return Check(Grade.PASS, "apparmor", "docker-default")
    return Check(
        Grade.CAUTION,
        "apparmor",
        "no profile docker-default is loaded",
        "enable AppArmor and load it (an engine does at its start) for a further layer",
    )


def _user_namespaces(wanted: str) -> Check:
    what = "user namespaces"
    if wanted == "off":
        return Check(
            Grade.CAUTION, what, "turned off; they would be a further layer", "SANDFLEET_USER_NAMESPACES=auto"
        )
    try:
        _run(_TRIAL)
    except (OSError, subprocess.SubprocessError, SandboxError) as error:
        return Check(
            Grade.FAIL if wanted == "on" else Grade.CAUTION,
            what,
            f"cannot be used here: {error}",
            "raise sysctl user.max_user_namespaces, and run the worker on the host",
        )
    return Check(Grade.PASS, what, "root in a sandbox is nobody on the host")


def _disk(state: Path) -> Check:
    free = free_bytes(state)
    found = f"{free / 1024**3:.1f} GiB for {state}"
    if free < _DISK_FREE_MIN_BYTES:
        return Check(Grade.CAUTION, "free disk", found, "remove old images there, or take a larger disk")
    return Check(Grade.PASS, "free disk", found)


def _run(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 - words of our own making
        command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    if done.returncode != 0:
        raise SandboxError((done.stderr or done.stdout).strip()[:200] or f"{command[0]} failed")
    return done.stdout
