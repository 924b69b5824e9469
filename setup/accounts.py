"""The accounts of Redis: one a room, each with the least it needs, and their passwords.

A script runs with the rights of its caller, so a room is granted the commands of the scripts it
calls; those are read from the scripts themselves and cannot drift from them.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet import keys
from setup.engine import ROOT

ROOMS = ("api", "worker", "subscriber")
OF_WEBHOOKS = ("api", "subscriber")  # the rooms that take part in webhooks and know what signs them
KEYS = "keys"  # who makes API keys: neither a room nor anyone else
USERS = ("operator", "producer", *ROOMS, KEYS)
# The command of a call in a script; one may be chosen: call(back and 'LPUSH' or 'RPUSH', ...).
_CALL = re.compile(r"\bp?call\(([^,()]*)")
_COMMAND = re.compile(r"'([A-Z]+)'")
_INCLUDE = "-- include:"
# What a client library says when it connects, and what tells it whom it talks to.
_CONNECT = "+auth +hello +ping +quit +reset +select +echo +client|setname +client|id +role"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one account may do: the scripts it calls, its other commands, keys and channels."""

    verbs: tuple[str, ...] = ()
    commands: str = ""
    keys: str = ""
    channels: str = ""


def _like(key: str) -> str:
    """The pattern of all keys of one kind."""
    return key.rpartition(":")[0] + ":*"


# Every key but the public list, API keys and theirs, as a pattern.
_OWNED = _like(keys.COUNT)
# What the API writes: jobs and where they wait, problems, what is counted of owners and batches, and
# what the end of a job touches that waited.
_SUBMITTED = (
    *(keys.PUBLIC, keys.COUNT, keys.job("*"), keys.ready("*", "*"), keys.turns("*", "*"), keys.CLOCKS),
    *(keys.LATER, _like(keys.by_problem("")), _like(keys.problem("")), keys.PROBLEMS, keys.OPEN),
    *(keys.rate("*"), _like(keys.once("", "")), keys.batch("*"), keys.batch_jobs("*"), keys.batch_done("*")),
    *(keys.LEASES, keys.EVENTS, keys.DEAD, keys.DELIVERIES),
)
_API_KEY = keys.api_key("*")
# Every script names the public list as its key; the selector in parentheses allows just that, and no
# command that could touch what is on it.
_SCRIPTS_ALONE = f"(+eval +evalsha ~{keys.PUBLIC})"

GRANTS: Mapping[str, Grant] = {
    # Any program that hands in work: it can neither read a job nor learn who else is there.
    "producer": Grant(commands="+lpush", keys=f"%W~{keys.PUBLIC}"),
    "api": Grant(
        verbs=(
            *("cancel", "define", "deliveries_list", "deliveries_redeliver", "depth", "enqueue"),
            *("enqueue_batch", "forget", "key_find", "position", "undefine", "workers"),
        ),
        # What a worker told of a job goes with it, and is nothing the API could tell.
        commands="+hget +hgetall +hmget +lrange +xrange +wait +info +subscribe +unsubscribe "
        f"(+expire ~{keys.told('*')})",
        keys=f"{' '.join(f'~{key}' for key in _SUBMITTED)} %R~{_OWNED} %R~{_API_KEY}",
        channels=f"&{keys.DONE_CHANNEL} &{keys.PROGRESS_CHANNEL} &{keys.CANCEL_CHANNEL} "
        f"&{keys.DELIVERY_CHANNEL}",
    ),
    # It reads definitions; that it could write them makes no difference, as it writes their results.
    "worker": Grant(
        verbs=(
            *("claim", "fail", "finish", "progress", "reap", "register", "release", "renew"),
            *("unregister", "workers"),
        ),
        commands="+blmove +hmget +info +subscribe +unsubscribe",
        keys=f"~{keys.PUBLIC} ~{_OWNED}",
        channels=f"&{keys.DONE_CHANNEL} &{keys.PROGRESS_CHANNEL} &{keys.CANCEL_CHANNEL} "
        f"&{keys.DELIVERY_CHANNEL}",
    ),
    # It reads no job: a delivery has all that is sent.
    "subscriber": Grant(
        verbs=("deliveries_claim", "deliveries_settle", "events_ack", "events_leave", "events_read"),
        commands=f"+wait +info +subscribe +unsubscribe {_SCRIPTS_ALONE}",
        keys=f"~{keys.EVENTS} ~{keys.seen('*')} ~{keys.acked('*')} ~{keys.COUNT} ~{keys.DELIVERIES}",
        channels=f"&{keys.DONE_CHANNEL} &{keys.DELIVERY_CHANNEL}",
    ),
    # No room may make a key or change one; the API alone reads them.
    KEYS: Grant(
        verbs=("key_create", "key_list", "key_revoke", "key_rotate"),
        commands=f"+wait {_SCRIPTS_ALONE}",
        keys=f"~{keys.API_KEYS} ~{_API_KEY}",
    ),
}


def ensure(state: Path) -> dict[str, str]:
    """The passwords by user, made once and kept in ``state``; the account file is brought up to date."""
    kept = state / "passwords.json"
    passwords: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    if set(passwords) != set(USERS):
        passwords = {user: passwords.get(user) or secrets.token_hex(32) for user in USERS}
        write(kept, json.dumps(passwords, indent=2) + "\n", 0o600)
    # Read by the user of Redis inside its container, so not by its owner alone; the folder is closed
    # to everybody else, and of the passwords it has only digests.
    write(state / "accounts.acl", account_file(passwords), 0o644)
    return passwords


def webhook_secret(state: Path) -> str:
    """What the signing secret of every key is made from; made once and kept in ``state``."""
    kept = state / "webhook-secret"
    if not kept.exists():
        write(kept, secrets.token_hex(32), 0o600)
    return kept.read_text()


def account_file(passwords: Mapping[str, str]) -> str:
    """The text of Redis's account file."""
    lines = [
        # Off and without a password, so nobody is ever this user; but Redis replays its append-only
        # file as it, and drops every transaction this user might not make: a start would lose all jobs.
        "user default off resetpass allkeys allchannels +@all",
        "user health on nopass resetkeys resetchannels -@all +ping",
        f"user operator on {_hashed(passwords['operator'])} allkeys allchannels +@all",
    ]
    lines += [_line(user, passwords[user], GRANTS[user]) for user in GRANTS]
    return "\n".join(lines) + "\n"


def commands_of(verbs: tuple[str, ...], folder: Path = ROOT / "fleet/lua") -> list[str]:
    """Every command that the scripts of ``verbs`` call, with what they include, in lower case."""
    found: set[str] = set()
    for verb in verbs:
        body = (folder / f"{verb}.lua").read_text()
        first = body.partition("\n")[0]
        included = first.removeprefix(_INCLUDE).split() if first.startswith(_INCLUDE) else []
        for text in (body, *((folder / f"{name}.lua").read_text() for name in ("_prelude", *included))):
            for chosen in _CALL.findall(text):
                found.update(command.lower() for command in _COMMAND.findall(chosen))
    return sorted(found)


def write(path: Path, text: str, mode: int) -> None:
    """Give ``path`` this content and mode, unless it has the content already."""
    if path.exists() and path.read_text() == text:
        return
    # In place: a running Redis has the file mounted, and a new one would be invisible to it.
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)


def fingerprint(path: Path) -> str:
    """A short digest of a file, so that compose notices when its content has changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


def _line(user: str, password: str, grant: Grant) -> str:
    scripts = " ".join(f"+{command}" for command in ("eval", "evalsha", *commands_of(grant.verbs)))
    parts = ["user", user, "on", _hashed(password), "resetkeys", grant.keys, "resetchannels", grant.channels]
    parts += ["-@all", _CONNECT, scripts if grant.verbs else "", grant.commands]
    return " ".join(part for part in parts if part)


def _hashed(password: str) -> str:
    return f"#{hashlib.sha256(password.encode()).hexdigest()}"
