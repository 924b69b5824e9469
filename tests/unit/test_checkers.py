"""What each checker accepts, and that no bytes can hurt one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.judging import Checker, CheckerKind
from worker.checkers import SHOWN_CHARS_MAX, Mismatch, compare

EXACT, LINES, TOKENS, FLOAT = (Checker(kind) for kind in CheckerKind)
IN_ORDER = (EXACT, LINES, TOKENS, FLOAT)  # what one accepts, the next accepts
BLANKS = st.text(alphabet=" \t\n\r\v\f")
WORDS = st.text(alphabet="ab1.-+e \t\n\r\v\f").map(str.encode)
NUMBERS = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.sampled_from(["nan", "-NaN", "inf", "+Infinity", "1e999"]),
)
LINE_OF_NUMBERS = st.lists(NUMBERS).map(" ".join).map(str.encode)
ANY = st.one_of(st.binary(), WORDS, LINE_OF_NUMBERS)


@pytest.mark.parametrize(
    ("expected", "actual", "first"),
    [
        (b"a\n", b"a\n", EXACT),
        (b"", b"", EXACT),
        (b"a", b"a\n", LINES),
        (b"a\nb", b"a \t\r\nb\n\n \n", LINES),
        (b"a\r\nb\r\n", b"a\nb\n", LINES),
        (b"", b" \n\n", LINES),
        (b"a\n\nb", b"a\n \nb", LINES),
        (b"a b", b"a  b", TOKENS),
        (b"a\nb", b"a b", TOKENS),
        (b"a", b"  a", TOKENS),
        (b"a\nb", b"a\n\nb", TOKENS),
        (b"1.0", b"1", FLOAT),
        (b"0.5", b".5", FLOAT),
        (b"5", b"5.", FLOAT),
        (b"1e3", b"+1000", FLOAT),
        (b"-0", b"0", FLOAT),
        (b"007", b"7", FLOAT),
        (b"0.000001", b"0", FLOAT),
        (b"1000000", b"1000001", FLOAT),
        (b"x 1.0 y", b"x 1 y", FLOAT),
        (b"nan", b"-NaN", FLOAT),
        (b"inf", b"+Infinity", FLOAT),
        (b"1e-999", b"0", FLOAT),
    ],
)
def test_accepted_from_this_checker_on(expected: bytes, actual: bytes, first: Checker) -> None:
    accepted = [checker for checker in IN_ORDER if compare(checker, expected, actual) is None]

    assert accepted == list(IN_ORDER[IN_ORDER.index(first) :])


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (b"a", b"b"),
        (b"a", b""),
        (b"", b"a"),
        (b"a b", b"ab"),
        (b"A", b"a"),
        (b"1", b"1.1"),
        (b"0", b"0.0000011"),
        (b"nan", b"0"),
        (b"inf", b"-inf"),
        (b"inf", b"1e999"),
        (b"1e999", b"1e998"),
        (b"--nan", b"nan"),
        (b"1_0", b"10"),
        (b"0x10", b"16"),
        (b"1e5e5", b"1e5"),
        (b"1,5", b"1.5"),
        ("٣".encode(), b"3"),
        (b"1" + b"0" * 1000, b"1" + b"0" * 999 + b"1"),
        (b"a\xc2\xa0b", b"a b"),  # a space of Unicode is none here
    ],
)
def test_accepted_by_none(expected: bytes, actual: bytes) -> None:
    assert all(compare(checker, expected, actual) for checker in IN_ORDER)


@pytest.mark.parametrize(
    ("tolerance", "actual", "accepted"),
    [
        (0.0, b"100.0", True),
        (0.0, b"100.0000001", False),
        (0.01, b"101", True),  # relative to the larger
        (0.01, b"101.1", False),
        (1.0, b"-1e-300", True),
        (1.0, b"-101", False),
    ],
)
def test_a_tolerance_is_absolute_or_relative(tolerance: float, actual: bytes, accepted: bool) -> None:
    mismatch = compare(Checker(CheckerKind.FLOAT, tolerance), b"100", actual)

    assert (mismatch is None) is accepted


def test_doubles_at_their_ends_do_not_overflow() -> None:
    huge = Checker(CheckerKind.FLOAT, 1.0)

    assert compare(huge, b"1.7e308", b"-1.7e308")
    assert compare(huge, b"1.7e308", b"0.1e308") is None


@pytest.mark.parametrize(
    ("checker", "expected", "actual", "mismatch"),
    [
        (EXACT, b"a\nb\nc", b"a\nx\nc", ("line 2", "b\\n", "x\\n")),
        (EXACT, b"a\n", b"a", ("end", "a\\n", "a")),
        (EXACT, b"a", b"a\nb", ("end", "a", "a\\n")),
        (LINES, b"a\nb ", b"a\nx", ("line 2", "b", "x")),
        (LINES, b"a", b"a\n\nb", ("end", "", "b")),
        (LINES, b"a\nb", b"", ("end", "a", "")),
        (TOKENS, b"1 2 3", b"1 2 4", ("token 3", "3", "4")),
        (TOKENS, b"1 2 3", b"1 2", ("end", "3", "")),
        (FLOAT, b"1 2", b"1.0 3", ("token 2", "2", "3")),
        (LINES, b"\x00\x1b[31m\xff", b"\xe2\x80\xae\\", ("line 1", "\\x00\\x1b[31m\\xff", "\\u202e\\")),
        (LINES, "é€😀".encode(), "é€😁".encode(), ("line 1", "é€😀", "é€😁")),
    ],
)
def test_a_difference_is_shown(
    checker: Checker, expected: bytes, actual: bytes, mismatch: tuple[str, str, str]
) -> None:
    assert compare(checker, expected, actual) == Mismatch(*mismatch)


def test_a_long_line_is_shown_where_it_differs() -> None:
    line = "é" * 500
    mismatch = compare(LINES, f"{line}x{line}".encode(), f"{line}y{line}".encode())

    assert mismatch is not None
    assert mismatch.expected.startswith("…é")
    assert "éxé" in mismatch.expected
    assert mismatch.expected.endswith("é…")
    assert mismatch.actual == mismatch.expected.replace("x", "y")


@pytest.mark.parametrize("checker", IN_ORDER, ids=lambda checker: str(checker.kind))
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"9" * 1_000_000, b"9" * 999_999 + b"8"),
        (b"0." + b"3" * 1_000_000, b"0." + b"3" * 999_999 + b"4"),
        (b"1e" + b"9" * 1_000_000, b"1e" + b"9" * 1_000_001),
        (b"1 " * 500_000 + b"x", b"1 " * 500_000 + b"y"),
        (b" " * 1_000_000 + b"x", b" " * 1_000_000 + b"y"),
        (b"\n" * 1_000_000 + b"x", b"\n" * 1_000_000 + b"y"),
        (b"\xff" * 1_000_000, b"\xff" * 999_999),
    ],
    ids=["digits", "fraction", "exponent", "tokens", "blanks", "lines", "no text"],
)
def test_large_outputs_are_compared_to_their_end(checker: Checker, one: bytes, other: bytes) -> None:
    mismatch = compare(checker, one, other)

    assert mismatch is not None
    assert max(len(mismatch.expected), len(mismatch.actual)) <= SHOWN_CHARS_MAX


@given(ANY, ANY)
def test_what_one_accepts_the_next_accepts(expected: bytes, actual: bytes) -> None:
    accepted = [compare(checker, expected, actual) is None for checker in IN_ORDER]

    assert all(later for earlier, later in itertools.pairwise(accepted) if earlier)


@given(ANY, ANY, st.sampled_from(IN_ORDER))
def test_both_ways_round_the_same(one: bytes, other: bytes, checker: Checker) -> None:
    there, back = compare(checker, one, other), compare(checker, other, one)

    if there is None or back is None:
        assert there is back
    else:
        assert (there.where, there.expected, there.actual) == (back.where, back.actual, back.expected)


@given(ANY, st.sampled_from(IN_ORDER))
def test_everything_is_equal_to_itself(data: bytes, checker: Checker) -> None:
    assert compare(checker, data, bytes(bytearray(data))) is None


@given(ANY, ANY, st.sampled_from(IN_ORDER))
def test_what_is_shown_is_short_and_printable(one: bytes, other: bytes, checker: Checker) -> None:
    mismatch = compare(checker, one, other)

    if mismatch is not None:
        for text in (mismatch.expected, mismatch.actual):
            assert len(text) <= SHOWN_CHARS_MAX
            assert text.isprintable()


@given(st.lists(st.text(alphabet="ab")), BLANKS, BLANKS)
def test_blanks_at_the_ends_do_not_count(lines: list[str], at_lines: str, at_end: str) -> None:
    at_lines = at_lines.replace("\n", "")
    plain, padded = "\n".join(lines), "".join(f"{line}{at_lines}\n" for line in lines) + at_end

    assert compare(LINES, plain.encode(), padded.encode()) is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)), BLANKS)
def test_numbers_are_equal_however_they_are_written(numbers: list[float], blanks: str) -> None:
    one = " ".join(map(repr, numbers))
    other = blanks + "\n".join(f"{number:+.20e}" for number in numbers)

    assert compare(Checker(CheckerKind.FLOAT, 1e-15), one.encode(), other.encode()) is None
