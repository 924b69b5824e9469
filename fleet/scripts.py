"""The Lua scripts of the queue: ``fleet/lua/<verb>.lua``, put together with what they include."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources

from fleet import keys
from fleet.queue import CRASHES_MAX

_INCLUDE = "-- include:"


@dataclass(frozen=True, slots=True)
class Script:
    """One script as Redis runs it. ``sha`` is the name Redis gives it."""

    name: str
    text: str
    sha: str


@functools.cache
def script(name: str) -> Script:
    """The script of a verb, read from the package once."""
    body = _read(name)
    first = body.partition("\n")[0]
    included = first.removeprefix(_INCLUDE).split() if first.startswith(_INCLUDE) else []
    head = f"{keys.lua_table()}local CRASHES_MAX = {CRASHES_MAX}\n"
    text = "\n".join([head, *map(_read, ["_prelude", *included]), body])
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _read(name: str) -> str:
    return resources.files("fleet").joinpath(f"lua/{name}.lua").read_text("utf-8")
