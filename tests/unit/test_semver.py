"""Versions out of languages' own words, and the ranges that clients of Piston select them by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.compat.semver import Version, satisfies, version_in, written

NUMBERS = st.tuples(*[st.integers(0, 30)] * 3)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Python 3.11.2", (3, 11, 2)),
        ("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", (5, 2, 15)),
        ("openjdk 17.0.12 2024-07-16", (17, 0, 12)),
        ("openjdk 21 2023-09-19", (21, 0, 0)),
        ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", (12, 2, 0)),
        ("go version go1.19.8 linux/amd64", (1, 19, 8)),
        ("v18.19", (18, 19, 0)),
        ("no number at all", None),
        ("", None),
    ],
)
def test_a_language_says_its_version_in_its_own_words(text: str, version: Version | None) -> None:
    assert version_in(text) == version


@pytest.mark.parametrize(
    ("wanted", "taken", "refused"),
    [
        ("*", "0.0.0 99.0.0", ""),
        ("x", "3.1.4", ""),
        ("3", "3.0.0 3.99.1", "2.9.9 4.0.0"),
        ("3.11", "3.11.0 3.11.9", "3.10.9 3.12.0"),
        ("3.x.7", "3.0.0 3.9.9", "4.0.0"),
        ("=3.11.2", "3.11.2", "3.11.3 3.11.1"),
        ("v3.11.2", "3.11.2", "3.11.3"),
        (">=3.10 <3.12", "3.10.0 3.11.9", "3.9.9 3.12.0"),
        (">= 3.10", "3.10.0", "3.9.9"),
        (">3.10", "3.11.0", "3.10.9"),
        (">3.10.1", "3.10.2", "3.10.1"),
        ("<=3.10", "3.10.9", "3.11.0"),
        ("<3.10", "3.9.9", "3.10.0"),
        ("~3.10.1", "3.10.1 3.10.9", "3.10.0 3.11.0"),
        ("~3", "3.0.0 3.9.9", "4.0.0"),
        ("~>3.10", "3.10.9", "3.11.0"),
        ("^3.10.1", "3.10.1 3.99.0", "3.10.0 4.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 1.0.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("^0", "0.9.9", "1.0.0"),
        ("3.10.0 - 3.11", "3.10.0 3.11.9", "3.9.9 3.12.0"),
        ("2 || 3.11", "2.7.1 3.11.0", "3.10.0"),
        ("", "3.1.4", ""),
        (">*", "", "3.1.4"),
        ("<*", "", "0.0.0 3.1.4"),
        ("latest", "", "3.1.4"),
        ("3.11.2-beta", "", "3.11.2"),
        ("3.11.2.1", "", "3.11.2"),
        ("9" * 300, "", "9.0.0"),
    ],
)
def test_a_range_takes_what_semver_of_npm_takes(wanted: str, taken: str, refused: str) -> None:
    for texts, expected in ((taken, True), (refused, False)):
        for text in texts.split():
            version = version_in(text)
            assert version is not None
            assert satisfies(version, wanted) is expected, text


@given(NUMBERS, NUMBERS)
def test_operators_agree_with_the_order_of_versions(one: Version, other: Version) -> None:
    text = written(other)
    assert satisfies(one, f">={text}") == (one >= other)
    assert satisfies(one, f">{text}") == (one > other)
    assert satisfies(one, f"<={text}") == (one <= other)
    assert satisfies(one, f"<{text}") == (one < other)
    assert satisfies(one, text) == (one == other)
    if satisfies(one, f"^{text}"):
        assert one >= other
        assert one[0] == other[0]


@given(st.text(max_size=40))
def test_no_text_is_too_odd_for_a_range(text: str) -> None:
    assert satisfies((3, 11, 2), text) in (True, False)
