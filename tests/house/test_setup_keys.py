"""What make asks of ``python -m api.keys``, and where the account that makes keys is known."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
import yaml

from api.keys import words as of_the_command
from setup import accounts, keys
from setup import cluster as setup_cluster
from setup.cluster import Cluster
from setup.engine import SetupError
from tests.house.source import ROOT

ID = "0123456789ab"
EVERYWHERE = "0.0.0.0"


@pytest.mark.parametrize(
    ("verb", "given", "asked"),
    [
        ("key-create", {"NAME": "judge"}, ["create", "--name=judge"]),
        ("key-create", {"NAME": "--json", "SCOPES": ""}, ["create", "--name=--json"]),
        (
            "key-create",
            {
                "NAME": "a b",
                "SCOPES": "read",
                "JOBS_PER_MINUTE": "6",
                "ID": "x",
                "GRACE": "9",
                "PATH": "/bin",
            },
            ["create", "--name=a b", "--scopes=read", "--jobs-per-minute=6"],
        ),
        ("key-list", {"NAME": "x"}, ["list"]),
        ("key-rotate", {"ID": ID}, ["rotate", "--", ID]),
        ("key-rotate", {"ID": ID, "GRACE": "0"}, ["rotate", "--grace=0", "--", ID]),
        ("key-revoke", {"ID": "-h"}, ["revoke", "--", "-h"]),
    ],
)
def test_what_make_is_given_becomes_arguments(verb: str, given: dict[str, str], asked: list[str]) -> None:
    assert keys.words(verb, given) == asked


def test_the_command_understands_all_that_make_asks() -> None:
    every = {"NAME": "j", "SCOPES": "read", "JOBS_PER_MINUTE": "6", "OPEN_MAX": "7", "EXPIRES": "8"}
    asked = of_the_command.parser().parse_args(keys.words("key-create", every))
    assert (asked.name, asked.jobs_per_minute, asked.open_max, asked.expires) == ("j", 6, 7, 8)
    assert asked.scopes == {"read"}
    asked = of_the_command.parser().parse_args(keys.words("key-rotate", {"ID": ID, "GRACE": "0"}))
    assert (asked.id, asked.grace) == (ID, 0)
    assert of_the_command.parser().parse_args(keys.words("key-revoke", {"ID": ID})).id == ID
    assert of_the_command.parser().parse_args(keys.words("key-list", {})).verb == "list"


@pytest.mark.parametrize(
    ("verb", "remedy"),
    [
        ("key-create", "make key NAME=judge"),
        ("key-rotate", "make key-rotate ID="),
        ("key-revoke", "make key-revoke ID="),
    ],
)
def test_what_is_missing_is_named(verb: str, remedy: str) -> None:
    with pytest.raises(SetupError, match=remedy):
        keys.words(verb, {})


def test_without_a_cluster_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="make up"):
        keys.create(Cluster(project="sandfleet-nobody-has", state=tmp_path), "judge")


def test_the_makefile_calls_every_verb_and_no_other() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.findall(r"setup\.cluster (key-\w+)", makefile) == list(keys.VERBS)


def test_no_service_is_told_the_password_that_makes_keys(tmp_path: Path) -> None:
    cluster = Cluster(state=tmp_path)
    setup_cluster.prepare(cluster)
    password = accounts.ensure(tmp_path)[accounts.KEYS]
    told = {path.name for path in tmp_path.iterdir() if password in path.read_text()}
    assert told == {"keys.env", "passwords.json"}
    for name in told:
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert f"SANDFLEET_REDIS_URL=redis://keys:{password}@" in (tmp_path / "keys.env").read_text()


def test_the_container_that_makes_keys_gets_no_secret_in_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(project="one", state=tmp_path)
    setup_cluster.prepare(cluster)
    monkeypatch.setattr(Cluster, "containers", lambda *_: ["redis"])
    argv = cluster.key_command().argv
    assert argv[-3:] == ["python", "-m", "api.keys"]
    assert "one_queue" in argv
    assert not [password for password in accounts.ensure(tmp_path).values() if password in " ".join(argv)]
    (tmp_path / "keys.env").unlink()
    with pytest.raises(SetupError, match="make up"):
        cluster.key_command()


def test_the_keys_of_make_dev_are_made_while_it_runs(tmp_path: Path) -> None:
    left = keys.Command(["python3", "-m", "api.keys"], {"SANDFLEET_REDIS_URL": "redis://keys:secret@host"})
    (tmp_path / "dev").mkdir()
    keys.leave(tmp_path / "dev", left)
    (written,) = (tmp_path / "dev").iterdir()
    assert written.stat().st_mode & 0o777 == 0o600
    cluster = Cluster(project="sandfleet-nobody-has", state=tmp_path)
    assert cluster.key_command() == left
    assert "secret" not in repr(left)
    keys.withdraw(tmp_path / "dev")
    keys.withdraw(tmp_path / "dev")
    with pytest.raises(SetupError, match="make up"):
        cluster.key_command()


def test_the_command_gets_no_setting_of_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_PORT", "3001")
    environment = keys.Command([], {"SANDFLEET_REDIS_URL": "redis://host"}).whole_environment()
    assert {name for name in environment if name.startswith("SANDFLEET_")} == {"SANDFLEET_REDIS_URL"}
    assert "PATH" in environment


def test_a_temporary_key_is_revoked_and_ends_by_itself_if_that_fails(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    answer = json.dumps({"id": "i", "token": "t", "webhookSecret": "w"})
    script = f"""echo "$@" >> {asked}; [ "$1" = create ] && echo '{answer}'; true"""
    command = keys.Command(["sh", "-c", script, "sh"])
    with contextlib.suppress(KeyboardInterrupt), keys.temporary(command, "hello") as made:
        assert (made.key_id, made.token, made.webhook_secret) == ("i", "t", "w")
        raise KeyboardInterrupt
    assert asked.read_text().splitlines() == ["create --name=hello --expires=900 --json", "revoke -- i"]


def test_what_webhooks_are_signed_with_is_made_once_and_kept(tmp_path: Path) -> None:
    made = accounts.webhook_secret(tmp_path)
    assert len(bytes.fromhex(made)) == 32
    assert accounts.webhook_secret(tmp_path) == made
    assert (tmp_path / "webhook-secret").stat().st_mode & 0o777 == 0o600
    assert setup_cluster.key_settings(tmp_path, {})["SANDFLEET_WEBHOOK_SECRET"] == made
    own = {"SANDFLEET_WEBHOOK_SECRET": "o" * 40, "SANDFLEET_REDIS_REPLICAS": "1", "SANDFLEET_SLOTS": "2"}
    assert setup_cluster.key_settings(tmp_path, own) == {
        "SANDFLEET_WEBHOOK_SECRET": "o" * 40,
        "SANDFLEET_REDIS_REPLICAS": "1",
    }


@pytest.mark.parametrize("bind", [EVERYWHERE, "192.0.2.1", "::", "api.test"])
def test_an_api_without_keys_is_refused_beyond_loopback(tmp_path: Path, bind: str) -> None:
    cluster = Cluster(bind=bind, state=tmp_path, settings={"SANDFLEET_KEYS": "off"})
    with pytest.raises(SetupError, match="SANDFLEET_KEYS=off-everywhere"):
        setup_cluster._refuse_to_be_open(cluster)


@pytest.mark.parametrize(
    ("bind", "kept"),
    [
        ("127.0.0.1", "off"),
        ("::1", "off"),
        ("localhost", "off"),
        (EVERYWHERE, "off-everywhere"),
        (EVERYWHERE, "auto"),
    ],
)
def test_what_is_local_or_meant_is_not_refused(tmp_path: Path, bind: str, kept: str) -> None:
    setup_cluster._refuse_to_be_open(Cluster(bind=bind, state=tmp_path, settings={"SANDFLEET_KEYS": kept}))


def test_compose_tells_the_api_where_it_is_published() -> None:
    api = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["api"]
    published = api["environment"]["SANDFLEET_PUBLISHED"]
    assert api["ports"][0].startswith(f"{published}:")
