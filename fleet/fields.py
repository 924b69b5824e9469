"""Checks of single fields of a job, as they come out of strictly read JSON.

Each returns the value in its place or raises ``InvalidJob`` (``JobTooLarge`` for sizes) naming the
field. What is written here is the whole of what any part of a job may look like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fleet.errors import InvalidJob, JobTooLarge

PROBLEM_ID_CHARS_MAX = 128
LANGUAGE_CHARS_MAX = 64
PATH_BYTES_MAX = 255
PATH_PARTS_MAX = 16  # 64 files below so many folders each fit into the inodes of a work directory
T = TypeVar("T")
VALUES_MAX = 200_000  # of one JSON text: more than the largest job within every bound has
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
# C0, DEL and C1 controls, line and paragraph separators, and bidi overrides: none of them belongs
# in an identifier that ends up in logs and terminals.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def read_object(text: bytes) -> dict[str, Any]:
    """The JSON object in ``text``, read strictly. Raises ``InvalidJob``, and nothing else.

    Strictly: UTF-8, no key twice, no NaN or infinity, and an object at the top.
    """
    if len(text) > VALUES_MAX:  # else it cannot have as many
        # Millions of empty objects take seconds and gigabytes to read, whatever they are in.
        bare = _STRING.sub(b"", text)
        if sum(map(bare.count, (b",", b"[", b"{"))) > VALUES_MAX:
            raise InvalidJob("", f"the JSON has too many values; at most {VALUES_MAX} are read")
    try:
        raw = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_finite)
    except UnicodeDecodeError as error:
        raise InvalidJob("", f"the JSON is not UTF-8: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidJob("", f"this is not JSON: {str(error)[:200]}") from None
    if not isinstance(raw, dict):
        raise InvalidJob("", "the JSON must be an object")
    return raw


def problem_id(value: Any) -> str:
    """A problemId: 1 to 128 characters that can be printed."""
    if not isinstance(value, str):
        raise InvalidJob("problemId", "must be a string of 1 to 128 characters")
    if not 1 <= len(value) <= PROBLEM_ID_CHARS_MAX:
        raise InvalidJob("problemId", f"has {len(value)} characters; 1 to 128 are allowed")
    if _CONTROL.search(value):
        raise InvalidJob("problemId", "must not contain control or text-direction characters")
    return encodable("problemId", value)


def language(value: Any) -> str:
    """What may be the name or alias of a language; whether it is one, the fleet knows."""
    if not isinstance(value, str) or not value:
        raise InvalidJob("language", "must be the name or an alias of a language")
    if len(value) > LANGUAGE_CHARS_MAX or _CONTROL.search(value):
        raise InvalidJob("language", "is not the name or an alias of a language")
    return encodable("language", value)


def text(field: str, value: Any, bytes_max: int) -> str:
    """Text of at most ``bytes_max`` bytes in UTF-8."""
    if not isinstance(value, str):
        raise InvalidJob(field, "must be a string")
    size = len(encodable(field, value).encode())
    if size > bytes_max:
        raise JobTooLarge(field, f"has {size} bytes; at most {bytes_max} are allowed")
    return value


def check_sum(field: str, size: int, bytes_max: int, has: str = "have") -> None:
    """Raise ``JobTooLarge`` if what a field holds has more than ``bytes_max`` bytes in sum."""
    if size > bytes_max:
        raise JobTooLarge(field, f"{has} {size} bytes in sum; at most {bytes_max} are allowed")


def word(field: str, value: Any, bytes_max: int) -> str:
    """Text that can be an argument of a program: without NUL."""
    if "\0" in text(field, value, bytes_max):
        raise InvalidJob(field, "must not contain NUL")
    return str(value)


def flag(field: str, value: Any) -> bool:
    """True or false; false if absent."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidJob(field, "must be true or false")
    return value


def path(field: str, value: Any) -> str:
    """A path below the work directory: relative, in plain parts, at most 255 bytes."""
    found = word(field, value, PATH_BYTES_MAX)
    if _CONTROL.search(found):
        raise InvalidJob(field, "must not contain control or text-direction characters")
    if {"", ".", ".."} & set(found.split("/")):
        raise InvalidJob(
            field, "must be a relative path below the work directory, without empty, '.' or '..' parts"
        )
    if found.count("/") >= PATH_PARTS_MAX:
        raise InvalidJob(field, f"has more than {PATH_PARTS_MAX} parts")
    return found


def items(field: str, value: Any, count_max: int, read: Callable[[str, Any], T]) -> tuple[T, ...]:
    """A list of at most ``count_max``, each read by ``read``; empty if absent."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidJob(field, "must be a list")
    if len(value) > count_max:
        raise InvalidJob(field, f"has {len(value)} entries; at most {count_max} are allowed")
    return tuple(read(f"{field}[{index}]", entry) for index, entry in enumerate(value))


def table(field: str, value: Any, keys: Sequence[str]) -> Mapping[str, Any]:
    """An object with no other keys than these: a misspelt one must not change what is judged."""
    if not isinstance(value, dict):
        raise InvalidJob(field, "must be an object")
    for key in value:
        if key not in keys:
            raise InvalidJob(f"{field}.{key[:64]}", f"is not a field; there are {', '.join(keys)}")
    return value


def encodable(field: str, value: str) -> str:
    """Text that UTF-8 can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidJob(field, "contains a lone surrogate, which is no character") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:64]!r} is there twice")
        found[key] = value
    return found


def _finite(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")
