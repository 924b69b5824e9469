"""API keys of the cluster on this machine: ``make key`` and its kin run ``python -m setup.keys VERB``.

The command itself is ``python -m api.keys``. It runs in a container of its own, since the account of
Redis that may make keys is nothing a service should ever have seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from setup import engine
from setup.cluster import Cluster
from setup.engine import ROOT, SetupError

_ASK_S = 60
_IMAGE = "sandfleet/api:latest"
_CLOSED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
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
class Made:
    """A key that was made, and what is never shown again."""

    key_id: str
    token: str = field(repr=False)


def create(
    cluster: Cluster,
    name: str,
    scopes: Sequence[str] = ("submit", "read"),
    *,
    jobs_per_minute: int = 0,
    open_max: int = 0,
    lasts_s: int = 0,
) -> Made:
    """Make a key of a running cluster. Raises ``SetupError``."""
    values = (name, ",".join(scopes), *map(str, (jobs_per_minute, open_max, lasts_s)))
    asked = words("create", dict(zip(_CREATE, values, strict=True)))
    made = json.loads(_said(cluster, [*asked, "--json"]))
    return Made(made["id"], made["token"])


def revoke(cluster: Cluster, key_id: str) -> None:
    """End a key for good. Raises ``SetupError``."""
    _said(cluster, words("revoke", {"ID": key_id}))


def argv(cluster: Cluster, asked: Sequence[str]) -> list[str]:
    """The command line that runs ``python -m api.keys`` beside the cluster's Redis."""
    if not cluster.containers("redis"):
        raise SetupError("no cluster runs here whose keys these could be:  make up")
    settings = cluster.state / "keys.env"
    if not settings.exists():
        raise SetupError("this cluster was started before there were API keys; bring it up to date:  make up")
    place = ("--network", f"{cluster.project}_queue", "--env-file", str(settings))
    return ["docker", "run", "--rm", *_CLOSED, *place, _IMAGE, "python", "-m", "api.keys", *asked]


def words(verb: str, given: Mapping[str, str]) -> list[str]:
    """The arguments of the command, from the variables make was given. Raises ``SetupError``."""
    if verb == "create":
        if not given.get("NAME"):
            raise SetupError("whom is the key for?  make key NAME=judge SCOPES=submit,read")
        return [verb, *_options(_CREATE, given)]
    if verb == "list":
        return [verb]
    if verb not in ("rotate", "revoke"):
        raise SetupError(f"{verb} is none of create, list, rotate, revoke")
    if not given.get("ID"):
        raise SetupError(f"which key?  make key-{verb} ID=...  (make keys lists them)")
    options = _options(_ROTATE, given) if verb == "rotate" else []
    return [verb, *options, "--", given["ID"]]


def _options(names: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    # With "=", since a value that begins with a dash would be taken for an option.
    return [f"{option}={given[name]}" for name, option in names.items() if given.get(name)]


def _said(cluster: Cluster, asked: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            argv(cluster, asked), cwd=ROOT, capture_output=True, text=True, timeout=_ASK_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"no answer within {_ASK_S} s: {asked[0]} of an API key") from None
    if done.returncode:
        raise SetupError(done.stderr.strip())
    return done.stdout


def main(verb: str) -> None:
    """Carry out one verb: its words go to the terminal."""
    cluster = Cluster.from_environment(os.environ)
    command = argv(cluster, words(verb, os.environ))
    os.chdir(ROOT)
    os.execvp(command[0], command)  # noqa: S606 - its words are arguments, checked by the command


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except SetupError as failure:
        sys.exit(engine.complain(failure))
