"""The ``Idempotency-Key`` header: a request that is sent again is answered as the first was."""

from __future__ import annotations

import hashlib
import re

from starlette.datastructures import Headers

from api.problems import Kind, Problem
from fleet.queue import Once

HEADER = "Idempotency-Key"
KEY_CHARS_MAX = 255
REPLAYED = {"Idempotency-Replayed": "true"}
# As the draft of the IETF has it, a string in quotes; most clients send the bare word.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!-~]+")


def once_of(headers: Headers, address: str, body: bytes) -> Once | None:
    """The key of a request and the digest of what was sent to ``address``; None if it has no key.

    Raises ``Problem`` for a key that cannot be one.
    """
    sent = headers.getlist(HEADER)
    if not sent:
        return None
    if len(sent) > 1:
        raise _refused("is there more than once")
    quoted = _QUOTED.fullmatch(sent[0])
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else sent[0]
    if not key or not (quoted or _BARE.fullmatch(key)):
        raise _refused(f"must be 1 to {KEY_CHARS_MAX} visible characters of ASCII, in quotes or bare")
    if len(key) > KEY_CHARS_MAX:
        raise _refused(f"has {len(key)} characters; at most {KEY_CHARS_MAX} are allowed")
    digest = hashlib.sha1(address.encode() + b"\0" + body, usedforsecurity=False).hexdigest()
    return Once(key, digest)


def _refused(detail: str) -> Problem:
    return Problem(Kind.INVALID_PARAMETER, f"{HEADER}: {detail}", errors=[(HEADER, detail)])
