"""API keys as values: the form of a token, what proves it, and what shows it to nobody."""

from __future__ import annotations

import dataclasses

import pytest

from fleet.api_keys import ApiKey, Scope, Token, is_key_id, is_name

TOKEN = Token("0123456789ab", "f" * 64)


def a_key(token: Token = TOKEN, **changes: object) -> ApiKey:
    key = ApiKey(
        key_id=token.key_id, name="judge", scopes=frozenset({Scope.SUBMIT, Scope.READ}), digest=token.digest
    )
    return dataclasses.replace(key, **changes)  # type: ignore[arg-type]


def test_a_new_token_is_read_back() -> None:
    token = Token.mint()
    assert Token.read(token.text) == token
    assert is_key_id(token.key_id)
    assert len(bytes.fromhex(token.secret)) == 32


def test_no_two_tokens_are_the_same() -> None:
    minted = [Token.mint() for _ in range(100)]
    assert len({token.key_id for token in minted}) == len({token.secret for token in minted}) == 100
    again = Token.mint(TOKEN.key_id)
    assert again.key_id == TOKEN.key_id
    assert again.secret != TOKEN.secret


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sfk_",
        TOKEN.text + "\n",
        " " + TOKEN.text,
        TOKEN.text[:-1],
        TOKEN.text + "0",
        TOKEN.text.upper(),
        TOKEN.text.replace("sfk", "SFK"),
        TOKEN.text.replace("_", "-"),
        f"sfk_{TOKEN.key_id}:*_{TOKEN.secret}",
        "sfk_" + "\u0660" * 12 + "_" + TOKEN.secret,
        "x" * 100_000,
    ],
)
def test_what_has_not_the_form_of_a_token_is_none(text: str) -> None:
    assert Token.read(text) is None


def test_a_secret_shows_in_no_representation() -> None:
    key = a_key()
    for shown in (repr(TOKEN), str(TOKEN), f"{TOKEN}", repr(key), str(key)):
        assert TOKEN.secret not in shown
        assert TOKEN.digest not in shown


def test_a_key_is_proven_by_its_secret_alone() -> None:
    key = a_key()
    assert key.is_proven_by(TOKEN)
    assert not key.is_proven_by(dataclasses.replace(TOKEN, secret="0" * 64))
    assert not key.is_proven_by(dataclasses.replace(TOKEN, key_id="000000000000"))


def test_the_secret_before_a_rotation_proves_it_while_it_is_known() -> None:
    new = Token.mint(TOKEN.key_id)
    rotated = a_key(new, previous=TOKEN.digest)
    assert rotated.is_proven_by(new)
    assert rotated.is_proven_by(TOKEN)
    assert not dataclasses.replace(rotated, previous="").is_proven_by(TOKEN)


@pytest.mark.parametrize("name", ["judge", "a", "Site 2 (no)"[:6], "a.b_c@d+e-f", "x" * 64])
def test_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", " judge", "-judge", "x" * 65, "a\nb", "a\x1b[2J", "é", "a|b", "judge\n"]
)
def test_no_name(name: str) -> None:
    assert not is_name(name)
