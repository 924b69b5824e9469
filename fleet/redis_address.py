"""The address of Redis, checked before anything connects, and taken apart where it names sentinels.

``redis+sentinel://[user:password@]host[:port],host[:port],.../master[/db]``, as other projects write
it, with ``?sentinel_username=..&sentinel_password=..`` where the sentinels have accounts of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

SCHEME = "redis+sentinel"
_SERVERS = ("redis://", "rediss://", "unix://")
_PORT = 26379
_MASTER = re.compile(r"[\w.-]+", re.ASCII)  # what Sentinel accepts as a name
_OPTIONS = frozenset({"sentinel_username", "sentinel_password"})
_FORM = f"{SCHEME}://[user:password@]host[:port],host[:port],.../master[/db]"


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """A master by its name, the sentinels that know where it is, and what to say to either."""

    master: str
    sentinels: tuple[tuple[str, int], ...]
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)


def check_address(url: str) -> None:
    """Raises ``ValueError`` if ``url`` is no address of Redis; its words hold nothing of ``url``."""
    if sentinel_address(url) is None and not url.startswith(_SERVERS):
        raise ValueError(f"begins with none of {', '.join((*_SERVERS, f'{SCHEME}://'))}")


def sentinel_address(url: str) -> SentinelAddress | None:
    """The address in ``url``; None if it is that of a server.

    Raises ``ValueError``, whose words hold nothing of ``url``: a password might be in any part of it.
    """
    if not url.startswith(f"{SCHEME}:"):
        return None
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"is not of the form {_FORM}") from None
    if not options.keys() <= _OPTIONS:
        raise ValueError(f"has an unknown option after its ?; there are {', '.join(sorted(_OPTIONS))}")
    master, db = _master_and_db(parts.path)
    return SentinelAddress(
        master=master,
        sentinels=_sentinels(parts.netloc.rpartition("@")[2]),
        db=db,
        username=_unquoted(parts.username),
        password=_unquoted(parts.password),
        **{name: values[0] for name, values in options.items()},
    )


def _master_and_db(path: str) -> tuple[str, int]:
    name, _, db = path.removeprefix("/").partition("/")
    if not _MASTER.fullmatch(name):
        raise ValueError(f"names no master; its form is {_FORM}")
    if db and not (db.isascii() and db.isdecimal()):
        raise ValueError("has a database that is not a number after the name of the master")
    return name, int(db or 0)


def _sentinels(hosts: str) -> tuple[tuple[str, int], ...]:
    found = []
    for number, text in enumerate(hosts.split(","), 1):
        try:
            parts: SplitResult = urlsplit(f"//{text}")
            host, port = parts.hostname, _PORT if parts.port is None else parts.port
        except ValueError:
            host, port = None, _PORT
        if not host or not port:
            raise ValueError(f"has no usable host or port at sentinel {number}; its form is {_FORM}")
        found.append((host, port))
    return tuple(found)


def _unquoted(text: str | None) -> str | None:
    return unquote(text) if text else None
