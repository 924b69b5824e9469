"""What make asks of ``python -m api.keys``, and where the account that makes keys is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.keys import words as of_the_command
from setup import accounts, keys
from setup import cluster as setup_cluster
from setup.cluster import Cluster
from setup.engine import SetupError
from tests.house.source import ROOT

ID = "0123456789ab"


@pytest.mark.parametrize(
    ("verb", "given", "asked"),
    [
        ("create", {"NAME": "judge"}, ["create", "--name=judge"]),
        ("create", {"NAME": "--json", "SCOPES": ""}, ["create", "--name=--json"]),
        (
            "create",
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
        ("list", {"NAME": "x"}, ["list"]),
        ("rotate", {"ID": ID}, ["rotate", "--", ID]),
        ("rotate", {"ID": ID, "GRACE": "0"}, ["rotate", "--grace=0", "--", ID]),
        ("revoke", {"ID": "-h"}, ["revoke", "--", "-h"]),
    ],
)
def test_what_make_is_given_becomes_arguments(verb: str, given: dict[str, str], asked: list[str]) -> None:
    assert keys.words(verb, given) == asked


def test_the_command_understands_all_that_make_asks() -> None:
    every = {"NAME": "j", "SCOPES": "read", "JOBS_PER_MINUTE": "6", "OPEN_MAX": "7", "EXPIRES": "8"}
    asked = of_the_command.parser().parse_args(keys.words("create", every))
    assert (asked.name, asked.jobs_per_minute, asked.open_max, asked.expires) == ("j", 6, 7, 8)
    assert asked.scopes == {"read"}
    asked = of_the_command.parser().parse_args(keys.words("rotate", {"ID": ID, "GRACE": "0"}))
    assert (asked.id, asked.grace) == (ID, 0)
    assert of_the_command.parser().parse_args(keys.words("revoke", {"ID": ID})).id == ID
    assert of_the_command.parser().parse_args(keys.words("list", {})).verb == "list"


@pytest.mark.parametrize(
    ("verb", "remedy"),
    [
        ("create", "make key NAME=judge"),
        ("rotate", "make key-rotate ID="),
        ("revoke", "make key-revoke ID="),
        ("mint", "none of create, list, rotate, revoke"),
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
    assert re.findall(r"setup\.keys (\w+)", makefile) == ["create", "list", "rotate", "revoke"]


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
    argv = keys.argv(cluster, ["list"])
    assert argv[-4:] == ["python", "-m", "api.keys", "list"]
    assert "one_queue" in argv
    assert not [password for password in accounts.ensure(tmp_path).values() if password in " ".join(argv)]
    (tmp_path / "keys.env").unlink()
    with pytest.raises(SetupError, match="make up"):
        keys.argv(cluster, ["list"])
