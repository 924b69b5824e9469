"""``python -m api.keys``: what it understands, and what it shows."""

from __future__ import annotations

import re

import pytest

from api.keys import words
from fleet.api_keys import ApiKey, Listed, Scope, Token

TOKEN = Token("0123456789ab", "f" * 64)
KEY = ApiKey(key_id=TOKEN.key_id, name="judge", scopes=frozenset({Scope.READ, Scope.SUBMIT}))


def test_a_key_has_no_bound_and_no_end_unless_asked() -> None:
    asked = words.parser().parse_args(["create", "--name", "judge"])
    assert (asked.scopes, asked.jobs_per_minute, asked.open_max, asked.expires, asked.json) == (
        {Scope.SUBMIT, Scope.READ},
        *(0, 0, 0, False),
    )


def test_all_that_may_be_asked_of_a_new_key() -> None:
    options = ["--name=a b", "--scopes=read, admin", "--jobs-per-minute=600", "--open-max=1000"]
    asked = words.parser().parse_args(["create", *options, "--expires=60", "--json"])
    assert (asked.name, asked.scopes, asked.jobs_per_minute, asked.open_max, asked.expires, asked.json) == (
        *("a b", {Scope.READ, Scope.ADMIN}),
        *(600, 1000, 60, True),
    )


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["create"], "--name"),
        (["create", "--name="], "NAME=judge"),
        (["create", "--name=a\x1b[2J"], "NAME=judge"),
        (["create", "--name=j", "--scopes=root"], "there are submit, read, admin"),
        (["create", "--name=j", "--scopes="], "SCOPES=submit,read"),
        (["create", "--name=j", "--jobs-per-minute=-1"], "from 0 to 1000000"),
        (["create", "--name=j", "--jobs-per-minute=1000001"], "from 0 to 1000000"),
        (["create", "--name=j", "--open-max=many"], "from 0 to 1000000"),
        (["create", "--name=j", "--open-max=" + "9" * 5000], "from 0 to 1000000"),
        (["create", "--name=j", "--expires=٣"], "a number of seconds"),
        (["rotate", "sfk_" + "0" * 12], "make keys lists them"),
        (["rotate", "0" * 12, "--grace=1.5"], "a number of seconds"),
        (["revoke", "*"], "make keys lists them"),
        (["revoke"], "id"),
        (["destroy"], "create"),
        ([], "create|list|rotate|revoke"),
    ],
)
def test_what_it_does_not_understand_it_names(
    capsys: pytest.CaptureFixture[str], arguments: list[str], remedy: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        words.parser().parse_args(arguments)
    assert ended.value.code == 2
    assert remedy in capsys.readouterr().err


def test_a_new_key_is_shown_with_its_token() -> None:
    shown = words.created(KEY, TOKEN, "")
    assert "webhooks" not in shown
    assert re.search(rf"token +{TOKEN.text}\n", shown)
    assert re.search(r"quota +none\n", shown)
    assert "shown this once" in shown


def test_a_new_key_is_shown_with_what_its_webhooks_are_signed_with() -> None:
    assert re.search(r"webhooks +whsec_x ", words.created(KEY, TOKEN, "whsec_x"))


def test_the_list_shows_no_secret_and_what_is_special_of_a_key() -> None:
    rows = [
        Listed(KEY, 0, -1),
        Listed(ApiKey(key_id="b" * 12, name="b", scopes=frozenset(), jobs_per_minute=9), 61_000, 30),
    ]
    lines = words.table(rows, 1_000).splitlines()
    assert lines[0].split() == ["ID", "NAME", "SCOPES", "JOBS/MIN", "OPEN", "CREATED", "NOTE"]
    assert lines[1].split() == [KEY.key_id, "judge", "read,submit", "-", "-", "1970-01-01T00:00:00.000Z"]
    assert lines[2].endswith("old token good for 60 s, expires in 30 s")
    assert TOKEN.secret not in "".join(lines)


def test_without_a_key_it_says_how_to_make_one() -> None:
    assert "make key NAME=" in words.table([], 0)
