"""Each check of the doctor, on what engines and hosts say of themselves."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fleet.limits import Bounds
from tests.unit.worker_harness import LANGUAGES
from worker.doctor import Grade, engine_checks, failed, image_checks, redis_checks, run_checks
from worker.sandbox import RawOutcome, Stage
from worker.testing import FakeSandbox

VERSION = {"Version": "20.10.24", "ApiVersion": "1.41"}
INFO: dict[str, Any] = {
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "MemoryLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SwapLimit": True,
    "SecurityOptions": ["name=seccomp,profile=default", "name=apparmor", "name=userns"],
    "DefaultRuntime": "runc",
    "Runtimes": {"runc": {}},
    "DockerRootDir": "/nowhere",
}


def grades(version: dict[str, Any], info: dict[str, Any], oci_runtime: str = "") -> dict[str, Grade]:
    return {check.what: check.grade for check in engine_checks(version, info, oci_runtime)}


def test_a_sound_engine_passes_every_check() -> None:
    assert set(grades(VERSION, INFO).values()) == {Grade.PASS}


@pytest.mark.parametrize(
    ("change", "what", "grade"),
    [
        ({"CgroupDriver": "none"}, "cgroups", Grade.FAIL),
        ({"PidsLimit": False}, "controllers", Grade.FAIL),
        ({"SecurityOptions": ["name=apparmor"]}, "seccomp", Grade.FAIL),
        ({"SecurityOptions": ["name=seccomp,profile=default"]}, "apparmor", Grade.CAUTION),
        ({"SecurityOptions": ["name=seccomp"]}, "user namespaces", Grade.CAUTION),
        ({"Runtimes": {"crun": {}}}, "OCI runtime", Grade.FAIL),
        ({"SystemTime": "2001-01-01T00:00:00.123456789Z"}, "engine's clock", Grade.CAUTION),
    ],
)
def test_what_is_amiss_is_graded(change: dict[str, Any], what: str, grade: Grade) -> None:
    assert grades(VERSION, {**INFO, **change})[what] is grade


def test_an_engine_that_is_too_old_fails() -> None:
    assert grades({"Version": "19.03", "ApiVersion": "1.40"}, INFO)["engine"] is Grade.FAIL


def test_swap_without_accounting_fails_only_where_there_is_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    info = {**INFO, "SwapLimit": False}
    monkeypatch.setattr("worker.doctor._host_has_swap", lambda: True)
    assert grades(VERSION, info)["swap accounting"] is Grade.FAIL
    monkeypatch.setattr("worker.doctor._host_has_swap", lambda: False)
    assert grades(VERSION, info)["swap accounting"] is Grade.PASS


def test_a_setting_names_the_runtime_that_must_be_there() -> None:
    assert grades(VERSION, INFO, "runsc")["OCI runtime"] is Grade.FAIL


async def test_a_missing_image_is_a_caution_and_no_image_at_all_a_failure() -> None:
    sandbox = FakeSandbox()
    sandbox.images["lingo"] = ""
    assert not failed(await image_checks(sandbox, LANGUAGES.values()))

    sandbox.images["tongue"] = ""
    (check,) = failed(await image_checks(sandbox, LANGUAGES.values()))
    assert check.remedy == "make images"
    assert "make images" in str(check)


async def test_something_is_really_run_in_each_language() -> None:
    async def broken(stage: Stage) -> RawOutcome:
        ok = stage.argv[0] == "tongue"
        return RawOutcome(exit_code=0 if ok else 1, stdout=b"tongue 1.2\n", stdout_bytes=11)

    checks = await run_checks(FakeSandbox(broken), LANGUAGES, Bounds())

    assert [(check.what, check.grade) for check in checks] == [
        ("run in tongue", Grade.PASS),
        ("run in lingo", Grade.FAIL),
    ]
    assert "tongue 1.2" in checks[0].found


def test_findings_about_redis_are_graded() -> None:
    found = redis_checks([("refuse", "evicts", "do not"), ("warn", "forgets", "remember")], time.time())

    assert [check.grade for check in found] == [Grade.FAIL, Grade.CAUTION, Grade.PASS]
    assert [check.grade for check in redis_checks([], time.time() - 60)] == [Grade.PASS, Grade.CAUTION]
