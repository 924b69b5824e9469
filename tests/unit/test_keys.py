"""The keys of Redis: one slot on a cluster, and nothing in them that a user wrote."""

from __future__ import annotations

import binascii

import pytest

from fleet import keys

PARTS = [keys.inbox, keys.job, keys.seen, keys.acked, keys.worker, keys.claimed, keys.api_key, keys.delivery]
FIXED = (
    *("PUBLIC", "CLOCKS", "LEASES", "LATER", "DEAD", "EVENTS", "WORKERS", "LANGUAGES", "PROBLEMS"),
    *("COUNT", "API_KEYS"),
)
SLOTS = 16384


def slot(key: str) -> int:
    """The cluster slot of a key: CRC16 (XMODEM) of its hash tag, or of the whole key without one."""
    start = key.find("{")
    end = key.find("}", start + 1)
    tag = key[start + 1 : end] if start >= 0 and end > start + 1 else key
    return binascii.crc_hqx(tag.encode(), 0) % SLOTS


def test_every_key_lies_in_the_slot_of_the_public_list() -> None:
    made = [part("x1") for part in PARTS]
    made += [keys.ready("high", "c++"), keys.turns("high", "c++")]
    made += [make("p", owner) for make in (keys.by_problem, keys.problem) for owner in ("", "key1")]
    fixed = [getattr(keys, name) for name in FIXED]
    assert {slot(key) for key in (*made, *fixed)} == {slot(keys.PUBLIC)}


def test_no_two_keys_are_the_same() -> None:
    made = [part("x") for part in PARTS]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("part", ["", " ", "a b", "a:b", "{a}", "a\n", "é", "a/b", "x" * 129])
def test_a_part_that_could_change_a_key_is_refused(part: str) -> None:
    for make in PARTS:
        with pytest.raises(ValueError, match="cannot be part of a key"):
            make(part)
    with pytest.raises(ValueError, match="cannot be part of a key"):
        keys.ready("normal", part)
    with pytest.raises(ValueError, match="cannot be part of a key"):
        keys.by_problem("p", part or " ")


@pytest.mark.parametrize("problem_id", ["p", ":*?[]{}", "\n\x00", "\U0001f600", "\ud800", "x" * 10_000])
def test_a_problem_enters_as_a_digest(problem_id: str) -> None:
    prefix, _, digest = keys.by_problem(problem_id).rpartition(":")
    assert prefix == keys.by_problem("other").rpartition(":")[0]
    assert len(digest) == 40
    assert set(digest) <= set("0123456789abcdef")


def test_the_docstring_names_every_key() -> None:
    table = keys.__doc__ or ""
    for name in ("DONE_CHANNEL", *FIXED):
        assert f"``{getattr(keys, name)}``" in table
    for make in (*PARTS, keys.by_problem):
        prefix = make("x").rpartition(":")[0]
        assert f"``{prefix}:<" in table
    for made in (keys.ready("x", "y"), keys.turns("x", "y")):
        assert f"``{made.removesuffix('x:y')}<lane>:<language>``" in table


def test_the_table_of_the_scripts_has_every_key() -> None:
    table = keys.lua_table()
    for key in (keys.DONE_CHANNEL, *(getattr(keys, name) for name in FIXED)):
        assert f"'{key}'" in table
    for make in PARTS:
        assert f"'{make('x').removesuffix('x')}'" in table


def test_no_pattern_of_a_room_reaches_an_api_key() -> None:
    everything = keys.COUNT.removesuffix("count")
    assert not keys.api_key("x").startswith(everything)
    assert not keys.API_KEYS.startswith(everything)


def test_a_problem_of_an_owner_is_no_problem_of_another() -> None:
    owners = ("", "key1", "key2")
    assert len({make("p", owner) for make in (keys.by_problem, keys.problem) for owner in owners}) == 6
    assert keys.problem("p", "key1") == keys.problem("p").replace("problem:", "problem:key1:")
