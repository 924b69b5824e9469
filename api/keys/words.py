"""What the command is asked, and what it answers, in words of a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence

from fleet.api_keys import BOUND_MAX, ApiKey, Listed, Scope, Token, is_key_id, is_name
from fleet.job import iso_utc

LASTS_S_MAX = 10 * 365 * 86_400
GRACE_S = 86_400
_HEADS = ("ID", "NAME", "SCOPES", "JOBS/MIN", "OPEN", "CREATED", "NOTE")


def parser() -> argparse.ArgumentParser:
    """The arguments of ``python -m api.keys``; a fault ends the process with its remedy."""
    made = argparse.ArgumentParser(prog="python -m api.keys", description="API keys of this fleet.")
    verbs = made.add_subparsers(dest="verb", required=True, metavar="create|list|rotate|revoke")
    create = verbs.add_parser("create", help="make a key; its token is shown this once")
    create.add_argument("--name", type=_name, required=True, help="whom the key is for")
    create.add_argument("--scopes", type=_scopes, default=_scopes("submit,read"), help="submit,read,admin")
    bound = _number("a number of jobs", BOUND_MAX)
    create.add_argument("--jobs-per-minute", type=bound, default=0, help="0: as many as it likes")
    create.add_argument("--open-max", type=bound, default=0, help="jobs not done, at once; 0: no bound")
    lasts = _number("a number of seconds", LASTS_S_MAX)
    create.add_argument("--expires", type=lasts, default=0, help="seconds it lasts; 0: until it is revoked")
    verbs.add_parser("list", help="show all keys, without their secrets")
    rotate = verbs.add_parser("rotate", help="give a key another token; the old one is good for a while")
    rotate.add_argument("id", type=_key_id)
    rotate.add_argument("--grace", type=lasts, default=GRACE_S, help="seconds the old token stays good")
    revoke = verbs.add_parser("revoke", help="end a key for good")
    revoke.add_argument("id", type=_key_id)
    for verb in (create, rotate):
        verb.add_argument("--json", action="store_true", help="answer in JSON, for programs")
    return made


def created(key: ApiKey, token: Token, signing: str) -> str:
    """What to tell of a new key. The one place its token is ever shown.

    ``signing``: the secret its webhooks are signed with; empty if there are none.
    """
    bounds = [
        f"{key.jobs_per_minute} jobs a minute" if key.jobs_per_minute else "",
        f"{key.open_max} open jobs" if key.open_max else "",
    ]
    rows = (
        ("key", f"{key.key_id} ({key.name})"),
        ("may", ", ".join(sorted(key.scopes))),
        ("quota", ", ".join(filter(None, bounds)) or "none"),
    )
    signed = (("webhooks", f"{signing} (signed with; it stays the same)"),) if signing else ()
    return _card((*rows, *signed, ("token", token.text)))


def rotated(token: Token, grace_s: int) -> str:
    """What to tell of a rotation."""
    old = f"good for {grace_s} s more" if grace_s else "not good any more"
    return _card((("key", token.key_id), ("old token", old), ("token", token.text)))


def table(rows: Iterable[Listed], now_ms: int) -> str:
    """All keys, one a line."""
    lines = [_HEADS, *(_row(listed, now_ms) for listed in rows)]
    if len(lines) == 1:
        return "There is no key yet; make key NAME=... makes one.\n"
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "".join(f"{line}\n" for line in padded)


def _row(listed: Listed, now_ms: int) -> Sequence[str]:
    key, notes = listed.key, []
    if listed.previous_until_ms:
        notes.append(f"old token good for {(listed.previous_until_ms - now_ms) // 1000} s")
    if listed.expires_in_s >= 0:
        notes.append(f"expires in {listed.expires_in_s} s")
    return (
        key.key_id,
        key.name,
        ",".join(sorted(key.scopes)),
        str(key.jobs_per_minute or "-"),
        str(key.open_max or "-"),
        iso_utc(key.created_ms),
        ", ".join(notes),
    )


def _card(rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"  {name:<10} {value}\n" for name, value in rows)
    return f"{lines}\n  The token is shown this once. Send it as  Authorization: Bearer TOKEN\n"


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError("1 to 64 letters, digits, blanks and ._@+-, please: NAME=judge")
    return text


def _key_id(text: str) -> str:
    if not is_key_id(text):
        raise argparse.ArgumentTypeError(
            "the id of a key has 12 of the characters 0-9a-f; make keys lists them"
        )
    return text


def _scopes(text: str) -> frozenset[Scope]:
    words = [word.strip() for word in text.split(",")]
    try:
        return frozenset(map(Scope, words))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"there are {', '.join(Scope)}, with commas between them: SCOPES=submit,read"
        ) from None


def _number(what: str, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
            raise argparse.ArgumentTypeError(f"{what} from 0 to {most}, please")
        return int(text)

    return read
