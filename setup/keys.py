"""API keys from outside: what ``make key`` and its kin ask of ``python -m api.keys``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from setup import accounts
from setup.engine import ROOT, SetupError

VERBS = ("key-create", "key-list", "key-rotate", "key-revoke")
_ASK_S = 60
_TEMPORARY_S = 900  # so that one whose maker was killed ends all the same
_LEFT = "keys.json"
# What make is given, and what the command calls it.
_CREATE = {
    "NAME": "--name",
    "SCOPES": "--scopes",
    "JOBS_PER_MINUTE": "--jobs-per-minute",
    "OPEN_MAX": "--open-max",
    "EXPIRES": "--expires",
}
_ROTATE = {"GRACE": "--grace"}


@dataclass(frozen=True, slots=True)
class Command:
    """What runs ``python -m api.keys``: its arguments follow, and no secret is in these."""

    argv: list[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def whole_environment(self) -> dict[str, str]:
        """Its environment: no setting of whoever runs it, since it refuses those it does not know."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SANDFLEET_")}
        return {**kept, **self.environment}


class Fleet(Protocol):
    """Something whose keys these are, such as a cluster."""

    def key_command(self) -> Command: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was made, and what is never shown again."""

    key_id: str
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)  # what its webhooks are signed with


def create(
    fleet: Fleet,
    name: str,
    scopes: Sequence[str] = ("submit", "read"),
    *,
    jobs_per_minute: int = 0,
    open_max: int = 0,
    lasts_s: int = 0,
) -> Made:
    """Make a key of a running fleet. Raises ``SetupError``."""
    values = (name, ",".join(scopes), *map(str, (jobs_per_minute, open_max, lasts_s)))
    return _create(fleet.key_command(), dict(zip(_CREATE, values, strict=True)))


def revoke(fleet: Fleet, key_id: str) -> None:
    """End a key for good. Raises ``SetupError``."""
    _said(fleet.key_command(), words("key-revoke", {"ID": key_id}))


@contextmanager
def temporary(command: Command, name: str) -> Iterator[Made]:
    """A key that may submit and read, and is revoked at the end. Raises ``SetupError``."""
    made = _create(command, {"NAME": name, "EXPIRES": str(_TEMPORARY_S)})
    try:
        yield made
    finally:
        _said(command, words("key-revoke", {"ID": made.key_id}))


def words(verb: str, given: Mapping[str, str]) -> list[str]:
    """The arguments of the command, from the variables make was given. Raises ``SetupError``."""
    _, _, asked = verb.partition("-")
    if asked == "create":
        if not given.get("NAME"):
            raise SetupError("whom is the key for?  make key NAME=judge SCOPES=submit,read")
        return [asked, *_options(_CREATE, given)]
    if asked == "list":
        return [asked]
    if not given.get("ID"):
        raise SetupError(f"which key?  make {verb} ID=...  (make keys lists them)")
    options = _options(_ROTATE, given) if asked == "rotate" else []
    return [asked, *options, "--", given["ID"]]


def leave(home: Path, command: Command) -> None:
    """Write down, for its owner alone, how keys are made while the services of ``home`` run."""
    left = {"argv": command.argv, "environment": dict(command.environment)}
    accounts.write(home / _LEFT, json.dumps(left), 0o600)


def withdraw(home: Path) -> None:
    """The services of ``home`` run no more."""
    (home / _LEFT).unlink(missing_ok=True)


def left_by(home: Path, otherwise: str) -> Command:
    """What ``leave`` wrote. Raises ``SetupError`` with the words ``otherwise`` if there is nothing."""
    try:
        return Command(**json.loads((home / _LEFT).read_text()))
    except FileNotFoundError:
        raise SetupError(otherwise) from None


def _options(names: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    # With "=", since a value that begins with a dash would be taken for an option.
    return [f"{option}={given[name]}" for name, option in names.items() if given.get(name)]


def _create(command: Command, given: Mapping[str, str]) -> Made:
    made = json.loads(_said(command, [*words("key-create", given), "--json"]))
    return Made(made["id"], made["token"], made["webhookSecret"])


def _said(command: Command, asked: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            [*command.argv, *asked],
            env=command.whole_environment(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"no answer within {_ASK_S} s: {asked[0]} of an API key") from None
    if done.returncode:
        raise SetupError(done.stderr.strip())
    return done.stdout
