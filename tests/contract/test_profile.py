"""Each line of the container profile, by inspect of a real container and from inside one, per runtime."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fleet.limits import MIB
from tests.contract.sandbox_harness import PYTHON, REAL, box_spec, inspect, real_sandbox, stage
from worker.profile import FILE_BYTES_MAX, INODES, PROFILE, SHM_BYTES, TMP_BYTES, UID, EngineFacts, Line
from worker.sandbox import Stage

SPEC = box_spec(memory_bytes=96 * MIB, processes=32)
LOOK = Path("tests/abuse/cases/look.py").read_text("ascii")

Seen = tuple[dict[str, Any], dict[str, Any]]


async def look(kind: str) -> Seen:
    masked = next(line.value for line in PROFILE if line.key == "HostConfig.MaskedPaths")
    async with real_sandbox(kind) as sandbox:
        box = await sandbox.start(SPEC)
        found = inspect(box.id) if kind == "docker" else {}
        raw = await box.run(stage(f"MASKED = {masked!r}\n{LOOK}"))
        await box.destroy()
    assert raw.exit_code == 0, raw.stderr.decode()
    return found, json.loads(raw.stdout)


@pytest.fixture(scope="module", params=REAL)
def seen(request: pytest.FixtureRequest) -> Seen:
    """One box, as the engine describes it (if there is one) and as a program in it sees it."""
    return asyncio.run(look(request.param))


@pytest.fixture
def inspected(seen: Seen) -> dict[str, Any]:
    return seen[0]


@pytest.fixture
def inside(seen: Seen) -> dict[str, Any]:
    return seen[1]


engine_only = pytest.mark.parametrize("seen", ["docker"], indirect=True)


@engine_only
@pytest.mark.parametrize("line", PROFILE, ids=lambda line: line.key)
def test_the_engine_took_every_line(line: Line, inspected: dict[str, Any]) -> None:
    found: Any = inspected if line.key.startswith("HostConfig.") else inspected["Config"]
    for part in line.key.split("."):
        found = found[part]
    expected = line.of(SPEC, EngineFacts())

    assert line.stops
    if line.key == "HostConfig.Ulimits":
        assert sorted(found, key=str) == sorted(expected, key=str)
    else:
        assert (found or None) == (expected or None)


@engine_only
def test_the_image_is_named_by_id_and_the_labels_tell_whose_it_is(inspected: dict[str, Any]) -> None:
    assert inspected["Config"]["Image"].startswith("sha256:")
    labels = inspected["Config"]["Labels"]
    assert labels["sandfleet.worker"] == "w1"
    assert labels["sandfleet.language"] == PYTHON.name
    assert labels["sandfleet.fleet"].startswith("test-")
    assert labels["sandfleet.deadline"].isdecimal()


@engine_only
def test_nothing_of_the_host_is_bound(inspected: dict[str, Any]) -> None:
    assert inspected["Mounts"] == []


def test_nothing_of_the_host_is_mounted_but_to_read(inside: dict[str, Any]) -> None:
    # An engine's own three files, or the unpacked image; all else is made for the container.
    backed = [row for row in inside["mounts"] if row[row.index("-") + 1] in {"ext4", "xfs", "btrfs"}]
    assert {row[4] for row in backed} <= {"/", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"}
    assert all("ro" in row[5].split(",") for row in backed if row[4] == "/")


def test_the_program_is_nobody(inside: dict[str, Any]) -> None:
    assert set(inside["ids"]) == {UID}


def test_it_has_no_capability_and_can_gain_none(inside: dict[str, Any]) -> None:
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(inside["status"][name], 16) == 0
    assert inside["status"]["NoNewPrivs"] == "1"
    assert inside["status"]["Seccomp"] == "2"


def test_its_environment_is_three_words(inside: dict[str, Any]) -> None:
    assert set(inside["environ"]) - {"LC_CTYPE"} == {"PATH", "HOME", "LANG"}
    assert inside["hostname"] == "sandbox"


def test_it_sees_no_process_but_init_and_itself(inside: dict[str, Any]) -> None:
    assert len(inside["pids"]) == 2
    assert inside["pids"][0] == 1


def test_it_has_a_loopback_interface_and_nothing_else(inside: dict[str, Any]) -> None:
    assert inside["interfaces"] == ["lo"]


def test_the_root_is_read_only(inside: dict[str, Any]) -> None:
    # Not every kernel has a sysrq-trigger.
    refused = {"Read-only file system", "Permission denied", "No such file or directory"}
    assert set(inside["write"].values()) <= refused


def test_work_tmp_and_shm_are_small(inside: dict[str, Any]) -> None:
    assert inside["statvfs"] == {
        "/work": [PYTHON.work_bytes, INODES],
        "/tmp": [TMP_BYTES, INODES],
        "/dev/shm": [SHM_BYTES, INODES],
    }


def test_nothing_else_can_be_written(inside: dict[str, Any]) -> None:
    assert inside["writable"] == ["/dev/mqueue", "/dev/shm", "/tmp", "/work"]


@pytest.mark.parametrize("path", ["/work", "/tmp", "/dev/shm"])
def test_what_can_be_written_cannot_be_executed(path: str, inside: dict[str, Any]) -> None:
    (options,) = [row[5].split(",") for row in inside["mounts"] if row[4] == path]
    assert {"nosuid", "nodev", "noexec"} <= set(options)


def test_masked_paths_are_empty(inside: dict[str, Any]) -> None:
    assert inside["masked"]
    assert not any(inside["masked"].values())


def test_the_devices_are_the_harmless_ones(inside: dict[str, Any]) -> None:
    harmless = {"core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"}
    assert set(inside["devices"]) <= harmless | {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}
    assert inside["tty"] is False


def test_the_resource_limits(inside: dict[str, Any]) -> None:
    assert inside["limits"] == {
        "CORE": [0, 0],
        "NOFILE": [1024, 1024],
        "FSIZE": [FILE_BYTES_MAX, FILE_BYTES_MAX],
        "MSGQUEUE": [0, 0],
    }


def test_every_namespace_is_its_own(inside: dict[str, Any]) -> None:
    for name, link in inside["namespaces"].items():
        assert link != str(Path(f"/proc/self/ns/{name}").readlink())


def test_the_cgroup_has_no_name(inside: dict[str, Any]) -> None:
    assert {line.split(":", 2)[2] for line in inside["cgroup"].splitlines()} == {"/"}


def test_init_is_process_one(inside: dict[str, Any]) -> None:
    # It is not dumpable, but its command line may be read; it names nothing of the worker.
    assert inside["first"] in {"/sandfleet/init", ""}


@pytest.mark.parametrize("kind", REAL)
async def test_a_version_needs_no_file(kind: str) -> None:
    async with real_sandbox(kind) as sandbox:
        box = await sandbox.start(SPEC)
        raw = await box.run(Stage(PYTHON.version, stage("").limits))
        await box.destroy()

    assert raw.stdout.startswith(b"Python 3.")
