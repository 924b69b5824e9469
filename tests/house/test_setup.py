"""What setup writes down and reads: pins, compose, accounts, bases, image inputs."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from setup import accounts, images
from setup import cluster as setup_cluster
from setup.bases import base_from, choose, host_sources
from setup.cluster import Cluster
from setup.engine import SetupError
from setup.hello import examples
from tests.house.source import ROOT, SERVICES

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PASSWORDS = {user: f"password of {user}" for user in accounts.USERS}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-embedded.txt"])
def test_every_requirement_is_pinned_by_hash_and_names_no_index(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert not [line for line in lines if "://" in line]
    words = [line.strip().rstrip(" \\") for line in lines if line and not line.lstrip().startswith("#")]
    assert words
    pin = re.compile(r"([a-z0-9][a-z0-9._-]*==[^ ]+( ; .+)?|--hash=sha256:[0-9a-f]{64})")
    assert [word for word in words if not pin.fullmatch(word)] == []
    hashed = zip(words, [*words[1:], ""], strict=True)
    assert [word for word, after in hashed if "==" in word and not after.startswith("--hash=")] == []


def test_every_dependency_of_the_project_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        "requirements.txt": project["dependencies"],
        "requirements-dev.txt": project["optional-dependencies"]["test"],
        "requirements-embedded.txt": project["optional-dependencies"]["embedded"],
    }
    for name, dependencies in wanted.items():
        pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text(), re.MULTILINE))
        assert {re.split(r"[\[<>=]", dependency)[0] for dependency in dependencies} <= pinned


def test_compose_keeps_to_what_both_versions_understand() -> None:
    assert set(COMPOSE) == {"x-service", "services", "networks", "volumes"}
    allowed = {
        *("image", "command", "environment", "env_file", "volumes", "networks", "ports", "depends_on"),
        *("group_add", "stop_grace_period", *COMPOSE["x-service"]),
    }
    for name, service in COMPOSE["services"].items():
        assert set(service) <= allowed, name
        assert isinstance(service.get("depends_on", []), list), name


@pytest.mark.parametrize("name", ["redis", *SERVICES])
def test_every_service_is_closed_down(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]
    assert ("docker.sock" in str(service)) == (name == "worker")
    assert ("ports" in service) == (name == "api")


def test_a_worker_is_given_longer_than_it_needs_to_drain() -> None:
    from worker.settings import WorkerSettings

    grace = COMPOSE["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > WorkerSettings().drain_s


def test_a_subscriber_is_given_longer_than_an_attempt_to_deliver_takes() -> None:
    from subscriber.settings import SubscriberSettings

    grace = COMPOSE["services"]["subscriber"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > SubscriberSettings().webhook_attempt_s


def test_who_sends_to_strangers_has_a_way_out_and_redis_has_none() -> None:
    networks = {name: set(service["networks"]) for name, service in COMPOSE["services"].items()}
    assert networks["redis"] == {"queue"}
    assert COMPOSE["networks"]["queue"] == {"internal": True}
    assert networks["subscriber"] == {"out", "queue"}
    assert [name for name, joined in networks.items() if "out" in joined] == ["subscriber"]


def test_what_signs_webhooks_is_made_once_and_given_to_those_who_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_cluster, "_known_to_image", lambda _words, _room: ["SANDFLEET_WEBHOOK_SECRET"])
    setup_cluster.prepare(Cluster(state=tmp_path))
    setup_cluster.prepare(Cluster(state=tmp_path))
    secret = (tmp_path / "webhook-secret").read_text()
    assert len(secret) >= 32
    assert (tmp_path / "webhook-secret").stat().st_mode & 0o777 == 0o600
    line = f"SANDFLEET_WEBHOOK_SECRET={secret}\n"
    assert {room: line in (tmp_path / f"{room}.env").read_text() for room in SERVICES} == {
        "api": True,
        "worker": False,
        "subscriber": True,
    }
    own = Cluster(state=tmp_path, settings={"SANDFLEET_WEBHOOK_SECRET": "o" * 40})
    setup_cluster.prepare(own)
    assert f"SANDFLEET_WEBHOOK_SECRET={'o' * 40}\n" in (tmp_path / "api.env").read_text()


def test_the_account_file_has_digests_and_no_password() -> None:
    text = accounts.account_file(PASSWORDS)
    assert not [password for password in PASSWORDS.values() if password in text]
    assert len(re.findall(r"#[0-9a-f]{64}\b", text)) == len(accounts.USERS)


def test_only_the_operator_has_every_command() -> None:
    lines = accounts.account_file(PASSWORDS).splitlines()
    everything = {line.split()[1] for line in lines if "+@" in line}
    assert everything == {"default", "operator"}
    assert lines[0].split()[:3] == ["user", "default", "off"]
    assert "nopass" not in lines[0]
    assert [line.split()[1] for line in lines if "nopass" in line] == ["health"]


def test_a_room_is_granted_the_commands_of_its_scripts() -> None:
    granted = {
        line.split()[1]: set(re.findall(r"\+([a-z]+)", line))
        for line in accounts.account_file(PASSWORDS).splitlines()
    }
    called = {verb for grant in accounts.GRANTS.values() for verb in grant.verbs}
    there = {path.stem for path in (ROOT / "fleet/lua").glob("[a-z]*.lua")}
    # The audit is the operator's.
    assert called == there - {"audit"}
    for room, grant in accounts.GRANTS.items():
        assert set(accounts.commands_of(grant.verbs)) <= granted[room]


def test_every_command_in_a_script_is_found() -> None:
    for path in sorted((ROOT / "fleet/lua").glob("[a-z]*.lua")):
        code = re.sub(r"--.*", "", path.read_text())
        quoted = set(re.findall(r"call\([^,()]*'([A-Z]+)'", code))
        assert {command.lower() for command in quoted} <= set(accounts.commands_of((path.stem,)))


def test_passwords_are_made_once_and_kept(tmp_path: Path) -> None:
    first = accounts.ensure(tmp_path)
    inode = (tmp_path / "accounts.acl").stat().st_ino
    assert accounts.ensure(tmp_path) == first
    assert len(set(first.values())) == len(accounts.USERS)
    # A running Redis has this very file mounted.
    assert (tmp_path / "accounts.acl").stat().st_ino == inode


@pytest.mark.parametrize(
    ("asked", "have", "expected"),
    [
        ("debian", {"one", "two"}, "debian"),
        ("upstream", {"debian"}, "upstream"),
        ("auto", {"one", "two"}, "upstream"),
        ("auto", {"one", "debian"}, "debian"),
    ],
)
def test_bases_are_of_one_kind(asked: str, have: set[str], expected: str) -> None:
    assert choose(asked, ["one", "two"], frozenset(have), "debian") == expected


def test_an_unknown_choice_of_bases_is_named() -> None:
    with pytest.raises(SetupError, match="SANDFLEET_BASES=alpine is none of auto, upstream, debian"):
        choose("alpine", [], frozenset(), "debian")


@pytest.mark.parametrize("package", ["a; rm -rf /", "$(id)", "-o", "", "a b"])
def test_a_package_name_is_no_shell_text(package: str) -> None:
    with pytest.raises(SetupError, match="list of package names"):
        base_from("x", {"upstream": "x", "debian": [package]})


def test_the_hosts_own_mirror_is_used_and_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://commented.test/debian bookworm main\n"
        "deb [arch=amd64] http://mirror.test/debian bookworm main contrib\n"
        "deb http://vendor.test/linux/debian bookworm stable\n"
        "deb http://mirror.test/debian trixie main\n"
    )
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "debian.sources").write_text(
        "Types: deb\n# a comment\nURIs: http://mirror.test/security\nSuites: bookworm-security\n"
        "Components: main\n\nTypes: deb\nEnabled: no\nURIs: http://off.test/debian\nSuites: bookworm\n"
        "Components: main\n"
    )
    found = [re.sub(r"\[.*?\] ", "", line) for line in host_sources("bookworm", tmp_path)]
    assert found == [
        "deb http://mirror.test/debian bookworm main",
        "deb http://mirror.test/security bookworm-security main",
    ]


def test_every_language_has_a_base_and_a_hello() -> None:
    assert set(images.read_bases()) == {example.language for example in examples()}


def test_the_inputs_of_an_image_change_with_content_name_and_execute_bit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    seen = [images.digest_of([path], tmp_path)]
    path.write_text("two")
    seen.append(images.digest_of([path], tmp_path))
    path.chmod(0o755)
    seen.append(images.digest_of([path], tmp_path))
    path = path.rename(tmp_path / "renamed")
    seen.append(images.digest_of([path], tmp_path))
    assert len(set(seen)) == 4
    assert images.digest_of([path], tmp_path) == seen[-1]


def test_settings_come_from_the_environment_and_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("# mine\n\nSANDFLEET_SLOTS=3\nSANDFLEET_LEASE_S=9\n")
    cluster = Cluster.from_environment(
        {"SANDFLEET_HOME": str(tmp_path), "SANDFLEET_PORT": "3001", "SANDFLEET_SLOTS": "4", "PATH": "/bin"}
    )
    assert (cluster.port, cluster.state) == (3001, tmp_path)
    assert cluster.settings == {"SANDFLEET_SLOTS": "4", "SANDFLEET_LEASE_S": "9"}


@pytest.mark.parametrize(
    ("name", "value"), [("PROJECT", "Bad Name"), ("PROJECT", "../x"), ("PORT", "http"), ("PORT", "-1")]
)
def test_a_bad_setting_of_setup_is_named(name: str, value: str) -> None:
    with pytest.raises(SetupError, match=f"SANDFLEET_{name}={re.escape(value)}"):
        Cluster.from_environment({f"SANDFLEET_{name}": value})


def test_a_bad_line_of_the_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("SLOTS=3\n")
    with pytest.raises(SetupError, match="'SLOTS=3' is not SANDFLEET_NAME=value"):
        Cluster.from_environment({"SANDFLEET_HOME": str(tmp_path)})


ENGINE_CASES = {
    "no engine": ({}, "sudo apt-get install docker.io docker-compose"),
    "an engine that does not run": (
        {"docker": "exit 1", "dockerd": "exit 1"},
        "sudo systemctl start docker",
    ),
    "an engine somewhere else": (
        {"docker": "exit 1", "DOCKER_HOST": "tcp://127.0.0.1:1"},
        "unset DOCKER_HOST",
    ),
    "no compose": (
        {"docker": '[ "$1" = version ]', "docker-compose": "exit 1"},
        "sudo apt-get install docker-compose",
    ),
}


@pytest.mark.parametrize("case", ENGINE_CASES)
def test_what_a_plain_user_lacks_is_named_with_its_remedy(tmp_path: Path, case: str) -> None:
    fakes, remedy = ENGINE_CASES[case]
    for tool in ("bash", "timeout", "tail", "cat", "mkdir", "env"):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    environment = {"PATH": str(tmp_path), "SANDFLEET_HOME": str(tmp_path / "state")}
    for name, value in {"id": "echo 1000", **fakes}.items():
        if name.isupper():
            environment[name] = value
        else:
            (tmp_path / name).write_text(f"#!/bin/bash\n{value}\n")
            (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [ROOT / "setup/engine.sh", "up"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert remedy in done.stderr
    assert not (tmp_path / "state").exists()
