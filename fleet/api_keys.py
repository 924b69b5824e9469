"""API keys: who may ask the API for what, and how much.

A key is told by its token, ``sfk_<id>_<secret>``. The id is no secret: it owns jobs and stands in
logs. The secret is 32 random bytes, so one pass of SHA-256 hides it for good (there is nothing to
guess from a list), and only that digest is ever stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fleet import keys
from fleet.errors import ApiKeysFull
from fleet.redis_client import RedisClients

KEYS_MAX = 10_000
BOUND_MAX = 1_000_000  # of jobs a minute, and of open jobs
_TOKEN = re.compile(r"sfk_([0-9a-f]{12})_([0-9a-f]{64})")
_ID = re.compile(r"[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NOBODYS = "0" * 64  # no secret has this digest


class Scope(StrEnum):
    """What a key may do. ``admin`` may do all of it, to the jobs of every key."""

    SUBMIT = "submit"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """What a client sends. Its secret is in no representation of it: ask for ``text``."""

    key_id: str
    secret: str = field(repr=False)

    @classmethod
    def mint(cls, key_id: str = "") -> Token:
        """A new secret, for this key or for a new one."""
        return cls(key_id or secrets.token_hex(6), secrets.token_hex(32))

    @classmethod
    def read(cls, text: str) -> Token | None:
        """The token in ``text``; None if it has not the form of one."""
        found = _TOKEN.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        """The token as it is sent."""
        return f"sfk_{self.key_id}_{self.secret}"

    @property
    def digest(self) -> str:
        """What is stored of the secret: its SHA-256 in hexadecimal."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as the API knows it. ``previous`` is empty, or the digest of a secret that is still good."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    jobs_per_minute: int = 0  # 0: no bound
    open_max: int = 0  # jobs that are not done, at once; 0: no bound
    created_ms: int = 0
    digest: str = field(repr=False, default=_NOBODYS)
    previous: str = field(repr=False, default="")

    def is_proven_by(self, token: Token) -> bool:
        """Whether the token is of this key. Takes as long for a wrong one."""
        digest = token.digest
        good = hmac.compare_digest(digest, self.digest)
        before = hmac.compare_digest(digest, self.previous or _NOBODYS)
        return token.key_id == self.key_id and (good or before)


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as it is listed."""

    key: ApiKey
    previous_until_ms: int  # until when the secret before the last rotation is good; 0: it is not
    expires_in_s: int  # -1: never


class ApiKeys:
    """The keys in Redis. An account that may only read them can call ``find`` alone."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients

    async def create(self, key: ApiKey, token: Token, lasts_s: int = 0) -> None:
        """Store a key that ``token`` proves. Raises ``ApiKeysFull``.

        It ends by itself after ``lasts_s`` seconds; 0 keeps it until it is revoked.
        """
        stored = await self._redis.run(
            "key_create",
            *(keys.plain(key.key_id), key.name, _words(key.scopes), key.jobs_per_minute, key.open_max),
            *(token.digest, lasts_s, KEYS_MAX),
            settled=True,
        )
        if stored == 0:
            raise ApiKeysFull(f"{KEYS_MAX} keys are stored, and no more may be; revoke some")
        if stored < 0:
            raise ValueError(f"another key has the id {key.key_id}")

    async def find(self, key_id: str) -> ApiKey | None:
        """The key of this id, or None."""
        found = await self._redis.run("key_find", keys.plain(key_id))
        return _key_of(key_id, found) if found else None

    async def list(self) -> list[Listed]:
        """All keys, by age."""
        rows = [
            Listed(key, int(row[6]), int(row[7]))
            for row in await self._redis.run("key_list", slow=True)
            if (key := _key_of(row[0].decode(), row[1:6]))
        ]
        return sorted(rows, key=lambda row: (row.key.created_ms, row.key.key_id))

    async def rotate(self, token: Token, grace_s: int) -> bool:
        """Make ``token`` the proof of its key; that before is good for ``grace_s`` seconds more.

        False if there is no such key.
        """
        args = (keys.plain(token.key_id), token.digest, grace_s)
        return bool(await self._redis.run("key_rotate", *args, settled=True))

    async def revoke(self, key_id: str) -> bool:
        """Forget a key; whether there was one. Its jobs stay, and only an admin sees them."""
        args = (keys.plain(key_id), secrets.token_hex(8))
        return bool(await self._redis.run("key_revoke", *args, settled=True))


def is_key_id(text: str) -> bool:
    """Whether ``text`` has the form of the id of a key."""
    return _ID.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a key may be called ``text``: 1 to 64 letters, digits, blanks and ``._@+-``."""
    return _NAME.fullmatch(text) is not None


def _words(scopes: Iterable[Scope]) -> str:
    return " ".join(sorted(scopes))


def _key_of(key_id: str, fields: Sequence[bytes]) -> ApiKey | None:
    """The key in these fields; None, so that it opens nothing, if they have not the form of one."""
    try:
        name, scopes, jobs_per_minute, open_max, created_ms, *digests = (part.decode() for part in fields)
        digest, previous = digests or (_NOBODYS, "")
        if not (is_name(name) and _DIGEST.fullmatch(digest) and _DIGEST.fullmatch(previous or _NOBODYS)):
            return None
        return ApiKey(
            key_id=key_id,
            name=name,
            scopes=frozenset(map(Scope, scopes.split())),
            jobs_per_minute=int(jobs_per_minute),
            open_max=int(open_max),
            created_ms=int(created_ms),
            digest=digest,
            previous=previous,
        )
    except (ValueError, AttributeError):  # a field is of another form, or missing
        return None
