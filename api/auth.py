"""Who asks: the caller of each request, and the guard who lets it in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers

from api.access import NEEDS, OPEN
from api.key_ring import KeyRing
from api.problems import Kind, Problem
from fleet.api_keys import Scope, Token
from fleet.errors import QuotaExceeded
from fleet.queue import Allowance, Quota

_PREFIX = "sfk_"
_CALLER = "sandfleet.caller"
_BEARER = 'Bearer realm="sandfleet"'
_UNBOUNDED = Quota()
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_NOT_FROM_HERE = (
    "without a key this API answers its own machine alone, by the name localhost, and this request came "
    "through a proxy or by another name (SANDFLEET_KEYS=off allows it): "
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. ``owner`` is the id of its key, empty for somebody without one."""

    owner: str = ""
    scopes: frozenset[Scope] = frozenset({Scope.SUBMIT, Scope.READ})
    quota: Quota = _UNBOUNDED

    @property
    def admin(self) -> bool:
        """Whether it may do everything, to everybody's jobs."""
        return Scope.ADMIN in self.scopes

    def may_see(self, owner: str) -> bool:
        """Whether what belongs to ``owner`` is there for this caller; to all others it is unknown."""
        return self.admin or owner == self.owner

    def rate_limit(self, allowance: Allowance | None) -> dict[str, str]:
        """Headers that say what is left of its rate (draft-ietf-httpapi-ratelimit-headers)."""
        if allowance is None:
            return {}
        return {
            "RateLimit-Policy": f'"jobs";q={self.quota.jobs_per_minute};w=60',
            "RateLimit": f'"jobs";r={allowance.remaining};t={allowance.reset_s}',
        }

    def over_quota(self, error: QuotaExceeded) -> Problem:
        """The answer to a submit beyond its quota."""
        headers = {"Retry-After": str(max(1, error.retry_after_s)), **self.rate_limit(error.allowance)}
        return Problem(Kind.QUOTA_EXCEEDED, str(error), headers=headers)


def caller_of(request: Request) -> Caller:
    """The caller of a request that the guard has let in."""
    caller: Caller = request.scope[_CALLER]
    return caller


class Guard:
    """Lets a request in, or not. ``required``: nobody is let in without a key.

    A key that is sent is held to, also where none is required: its jobs are its own. Unless
    ``by_any_name``, one is required of a request that did not come from this machine itself.
    """

    def __init__(self, ring: KeyRing, *, required: bool, by_any_name: bool = False) -> None:
        self._ring = ring
        self._by_any_name = by_any_name
        self.required = required

    async def admit(self, request: Request) -> None:
        """Find out who asks, before a handler runs. Raises ``Problem``, and ``QueueUnavailable``."""
        scope = NEEDS[f"{request.method} {request.scope['route'].path_format}"]
        caller = Caller()
        if scope is not OPEN:
            # The body of a request that is not let in is not wanted.
            ends = {} if request.method in ("GET", "DELETE") else {"Connection": "close"}
            caller = await self._caller(request.headers, ends)
            if scope not in caller.scopes and not caller.admin:
                raise _out_of_scope(scope, caller, ends)
        request.scope[_CALLER] = caller

    async def _caller(self, headers: Headers, ends: dict[str, str]) -> Caller:
        sent = set(_tokens(headers))
        if not sent:
            if self.required:
                raise _none("", ends)
            if not (self._by_any_name or _is_from_here(headers)):
                raise _none(_NOT_FROM_HERE, ends)
            return Caller()
        if len(sent) > 1:
            raise _wrong("several keys are sent, and they differ; send one", ends)
        token = Token.read(sent.pop())
        key = await self._ring.proven_by(token) if token else None
        if key is None:
            raise _wrong("the key that was sent is mistyped, or was revoked or rotated", ends)
        return Caller(key.key_id, key.scopes, Quota(key.jobs_per_minute, key.open_max))


def _tokens(headers: Headers) -> Iterator[str]:
    """What is sent as a key of ours. Other credentials are for somebody else, a proxy on the way say."""
    for value in headers.getlist("authorization"):
        scheme, _, credentials = value.partition(" ")
        text = credentials.strip() if scheme.lower() == "bearer" else value.strip()
        if text.startswith(_PREFIX):
            yield text
    for text in headers.getlist("x-auth-token"):
        if text.startswith(_PREFIX):
            yield text


def _is_from_here(headers: Headers) -> bool:
    """Whether a request that reached a loopback address was meant for one.

    Another name in ``Host``: a web page has its name point at this machine for a moment, to read what
    the browser of whoever sits here can reach (DNS rebinding), or a proxy hands on what comes from
    elsewhere. Most proxies say so themselves; of one that does not the operator must tell.
    """
    return _is_own_name(headers.get("host", "")) and not any(name in headers for name in _OF_PROXIES)


@lru_cache(maxsize=64)
def _is_own_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
        return name in (None, "localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _none(reason: str, ends: dict[str, str]) -> Problem:
    detail = (
        f"{reason}send a key of this API, Authorization: Bearer sfk_...; its operator has them (make key)"
    )
    return Problem(Kind.KEY_REQUIRED, detail, headers={"WWW-Authenticate": _BEARER, **ends})


def _wrong(detail: str, ends: dict[str, str]) -> Problem:
    challenge = f'{_BEARER}, error="invalid_token"'
    return Problem(Kind.KEY_REQUIRED, detail, headers={"WWW-Authenticate": challenge, **ends})


def _out_of_scope(scope: Scope, caller: Caller, ends: dict[str, str]) -> Problem:
    has = ", ".join(sorted(caller.scopes)) or "none"
    challenge = f'{_BEARER}, error="insufficient_scope", scope="{scope}"'
    return Problem(
        Kind.SCOPE,
        f"this needs a key with the scope {scope}; the one that was sent has {has}",
        headers={"WWW-Authenticate": challenge, **ends},
    )
