"""``Prefer: wait`` as RFC 7240 has it."""

from __future__ import annotations

import pytest

from api.prefer import Preferences


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0),
        (["wait=5"], 5),
        (["Wait=5"], 5),
        (["wait = 5"], 5),
        (['wait="5"'], 5),
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5"], 5),
        (["wait=5; foo=bar, respond-async"], 5),
        (['foo="a, wait=9", wait=5'], 5),
        (['foo; x="a, wait=9", wait=5'], 5),
        (['foo="a\\", wait=9", wait=5'], 5),
        (["wait=5, wait=7"], 5),
        (["wait=0"], 0),
        (["wait=60"], 60),
        (["wait=61"], 60),
        (["wait=" + "9" * 500], 60),
        (["wait=-1"], 0),
        (["wait=1.5"], 0),
        (["wait=1e3"], 0),
        (["wait=٣"], 0),
        (["wait="], 0),
        (["wait"], 0),
        (["await=5"], 0),
        (["wait:5"], 0),
        (["", ",,;=", '"'], 0),
    ],
)
def test_wait(headers: list[str], seconds: int) -> None:
    assert Preferences.read(headers, 60).wait_s == seconds


def test_a_long_header_is_not_read_to_its_end() -> None:
    # Matching an unclosed quote takes the square of its length; 64 KiB of them would stop the server.
    assert Preferences.read(['a"\\' * 20_000 + ", wait=5"], 60).wait_s == 0
