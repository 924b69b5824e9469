"""What the checks of a host for crun find on this one, and what they say when something is amiss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.crun_harness import hierarchies, needs_crun
from worker import crun_doctor
from worker.crun_doctor import survey
from worker.doctor import Check, Grade, failed
from worker.settings import WorkerSettings

pytestmark = needs_crun


def settings(tmp_path: Path, **more: Any) -> WorkerSettings:
    return WorkerSettings(state_dir=tmp_path / "state", run_dir=tmp_path, **more)


def grades(checks: list[Check]) -> dict[str, Grade]:
    return {check.what: check.grade for check in checks}


async def test_this_host_can_run_boxes(tmp_path: Path) -> None:
    host, checks = await survey(settings(tmp_path))

    assert failed(checks) == []
    assert {"crun", "root", "cgroups", "swap accounting", "seccomp", "user namespaces"} < set(grades(checks))
    assert host.hierarchies == hierarchies()
    assert host.user_namespaces == (grades(checks)["user namespaces"] is Grade.PASS)
    assert all(check.remedy for check in checks if check.grade is not Grade.PASS)


async def test_user_namespaces_turned_off_are_a_caution(tmp_path: Path) -> None:
    host, checks = await survey(settings(tmp_path, user_namespaces="off"))

    assert not host.user_namespaces
    assert grades(checks)["user namespaces"] is Grade.CAUTION


@pytest.mark.parametrize(("wanted", "grade"), [("auto", Grade.CAUTION), ("on", Grade.FAIL)])
async def test_user_namespaces_that_do_not_work_are_told(
    wanted: str, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crun_doctor, "_TRIAL", ["false"])
    host, checks = await survey(settings(tmp_path, user_namespaces=wanted))

    assert not host.user_namespaces
    assert grades(checks)["user namespaces"] is grade


@pytest.mark.parametrize(
    ("script", "grade"),
    [
        ("exit 1", Grade.FAIL),
        ("echo crun version 0.17", Grade.FAIL),
        ("echo crun version 1.8.1; echo +CAP", Grade.FAIL),
        ("echo crun version 1.8.1; echo +CAP +SECCOMP", Grade.PASS),
    ],
)
async def test_a_crun_that_cannot_do_it_is_told(
    script: str, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "crun"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(crun_doctor, "CRUN", str(program))
    _, checks = await survey(settings(tmp_path))

    assert grades(checks)["crun"] is grade


async def test_without_crun_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crun_doctor, "CRUN", str(tmp_path / "nothing"))
    _, checks = await survey(settings(tmp_path))

    (crun,) = [check for check in checks if check.what == "crun"]
    assert crun.grade is Grade.FAIL
    assert "package crun" in crun.remedy
