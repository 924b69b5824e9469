"""API keys on a real Redis: made, found, rotated, revoked, and never there in the clear."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from fleet import api_keys as under_test
from fleet import keys
from fleet.api_keys import ApiKey, ApiKeys, Scope, Token
from fleet.errors import ApiKeysFull, QueueMemoryFull
from fleet.redis_client import RedisClients
from fleet.webhooks import secret_of
from tests.contract.conftest import RedisServer
from tests.contract.faulty_proxy import FaultyProxy
from tests.contract.test_redis_judging import full


@pytest.fixture
def store(clients: RedisClients) -> ApiKeys:
    return ApiKeys(clients)


async def make(store: ApiKeys, name: str = "judge", lasts_s: int = 0, **more: Any) -> Token:
    token = Token.mint()
    key = ApiKey(key_id=token.key_id, name=name, scopes=frozenset({Scope.SUBMIT, Scope.READ}), **more)
    await store.create(key, token, lasts_s)
    return token


async def proves(store: ApiKeys, token: Token) -> bool:
    key = await store.find(token.key_id)
    return key is not None and key.is_proven_by(token)


async def test_a_key_is_found_as_it_was_made(store: ApiKeys) -> None:
    token = await make(store, jobs_per_minute=600, open_max=1000)
    key = await store.find(token.key_id)
    assert key is not None
    assert (key.key_id, key.name) == (token.key_id, "judge")
    assert key.scopes == {Scope.SUBMIT, Scope.READ}
    assert (key.jobs_per_minute, key.open_max) == (600, 1000)
    assert key.created_ms > 1_600_000_000_000
    assert key.is_proven_by(token)
    assert not key.is_proven_by(Token.mint(token.key_id))
    assert await store.find("0" * 12) is None


async def test_redis_never_holds_a_secret(store: ApiKeys, clients: RedisClients) -> None:
    token = await make(store)
    await store.rotate(newer := Token.mint(token.key_id), 60)
    dumped = b"".join([await clients.call("DUMP", key) for key in await clients.call("KEYS", "*")])
    said = str(await clients.call("HGETALL", keys.api_key(token.key_id)))
    for secret in (token.secret, newer.secret):
        assert secret.encode() not in dumped
        assert secret not in said
        assert bytes.fromhex(secret) not in dumped
    assert token.digest in said


async def test_keys_are_listed_by_age(store: ApiKeys) -> None:
    made = [await make(store, name) for name in ("one", "two", "three")]
    listed = await store.list()
    assert sorted(row.key.key_id for row in listed) == sorted(token.key_id for token in made)
    assert [row.key.created_ms for row in listed] == sorted(row.key.created_ms for row in listed)
    assert {(row.previous_until_ms, row.expires_in_s) for row in listed} == {(0, -1)}


async def test_a_rotated_key_is_proven_by_both_tokens_until_the_grace_is_over(
    store: ApiKeys, clients: RedisClients
) -> None:
    old = await make(store)
    new = Token.mint(old.key_id)
    assert await store.rotate(new, 60)
    assert (await proves(store, new), await proves(store, old)) == (True, True)
    (row,) = await store.list()
    assert row.previous_until_ms > row.key.created_ms
    await clients.call("HINCRBY", keys.api_key(old.key_id), "previous_until_ms", -60_000)  # a minute goes by
    assert (await proves(store, new), await proves(store, old)) == (True, False)
    (row,) = await store.list()
    assert row.previous_until_ms == 0


async def test_without_a_grace_the_old_token_ends_at_once(store: ApiKeys) -> None:
    old = await make(store)
    assert await store.rotate(Token.mint(old.key_id), 0)
    assert not await proves(store, old)


async def test_a_second_rotation_ends_the_oldest_token(store: ApiKeys) -> None:
    tokens = [await make(store)]
    for _ in range(2):
        tokens.append(Token.mint(tokens[0].key_id))
        assert await store.rotate(tokens[-1], 60)
    assert [await proves(store, token) for token in tokens] == [False, True, True]


async def test_a_rotation_sent_again_keeps_the_old_token(store: ApiKeys) -> None:
    old = await make(store)
    new = Token.mint(old.key_id)
    assert [await store.rotate(new, 60), await store.rotate(new, 60)] == [True, True]
    assert await proves(store, old)


async def test_a_revoked_key_is_gone(store: ApiKeys, clients: RedisClients) -> None:
    token = await make(store)
    assert await store.revoke(token.key_id)
    assert await store.find(token.key_id) is None
    assert await store.list() == []
    assert not await store.revoke(token.key_id)
    assert not await store.rotate(Token.mint(token.key_id), 0)
    (left,) = await clients.call("KEYS", "*")  # the call, should it be sent again
    assert 0 < await clients.call("TTL", left) <= 60
    assert token.digest.encode() not in await clients.call("HVALS", left)


async def test_a_key_with_an_end_ends_and_leaves_nothing(store: ApiKeys, clients: RedisClients) -> None:
    token = await make(store, lasts_s=60)
    (row,) = await store.list()
    assert 0 < row.expires_in_s <= 60
    assert await store.rotate(new := Token.mint(token.key_id), 0)
    (row,) = await store.list()
    assert 0 < row.expires_in_s <= 60
    await clients.call("PEXPIRE", keys.api_key(token.key_id), 0)  # its minute goes by
    assert not await proves(store, new)
    assert await store.list() == []
    assert await clients.call("KEYS", "*") == []


async def test_there_is_a_most_of_them(
    store: ApiKeys, clients: RedisClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "KEYS_MAX", 2)
    one, _ = await make(store), await make(store)
    with pytest.raises(ApiKeysFull, match="revoke some"):
        await make(store)
    await clients.call("PEXPIRE", keys.api_key(one.key_id), 0)
    await make(store)


async def test_a_create_sent_again_makes_one_key_and_an_id_is_nobody_elses(store: ApiKeys) -> None:
    token = Token.mint()
    key = ApiKey(key_id=token.key_id, name="judge", scopes=frozenset({Scope.READ}))
    await store.create(key, token)
    await store.create(key, token)
    assert len(await store.list()) == 1
    with pytest.raises(ValueError, match=token.key_id):
        await store.create(key, Token.mint(token.key_id))
    assert await proves(store, token)


@pytest.mark.parametrize(
    "field", ["name", "scopes", "jobs_per_minute", "open_max", "created_ms", "digest", "previous"]
)
async def test_a_key_that_was_tampered_with_opens_nothing(
    store: ApiKeys, clients: RedisClients, field: str
) -> None:
    token = await make(store)
    await store.rotate(Token.mint(token.key_id), 60)
    assert await proves(store, token)
    await clients.call("HSET", keys.api_key(token.key_id), field, b"\xff\x1b[2J")
    assert await store.find(token.key_id) is None


async def test_a_full_memory_takes_no_key_but_rotates_and_revokes(
    store: ApiKeys, clients: RedisClients
) -> None:
    token = await make(store)
    async with full(clients):
        with pytest.raises(QueueMemoryFull):
            await make(store)
        assert await store.rotate(new := Token.mint(token.key_id), 0)
        assert await proves(store, new)
        assert await store.revoke(token.key_id)
    assert await store.list() == []


async def test_what_is_sent_again_is_answered_as_the_first_time(
    store: ApiKeys, proxied: RedisClients, proxy: FaultyProxy
) -> None:
    far = ApiKeys(proxied)
    for lose in range(3):
        proxy.lose_answers(lose)
        token = await make(far)
        assert len(await store.list()) == 1
        proxy.lose_answers(lose)
        assert await far.rotate(new := Token.mint(token.key_id), 60)
        assert (await proves(store, new), await proves(store, token)) == (True, True)
        proxy.lose_answers(lose)
        assert await far.revoke(token.key_id)
        assert not await far.revoke(token.key_id)


# --- the command ---------------------------------------------------------------------------------


MASTER = "m" * 64


async def command(server: RedisServer, *arguments: str, status: int = 0) -> str:
    """What ``python -m api.keys`` prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.keys", *arguments),
        env={**os.environ, "SANDFLEET_REDIS_URL": server.url, "SANDFLEET_WEBHOOK_SECRET": MASTER},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == status, complained
    return (said if status == 0 else complained).decode()


async def test_the_command_makes_lists_rotates_and_revokes(redis_server: RedisServer, store: ApiKeys) -> None:
    made = await command(redis_server, "create", "--name=judge", "--jobs-per-minute=600")
    token = next(token for word in made.split() if (token := Token.read(word)))
    assert await proves(store, token)
    assert secret_of(MASTER, token.key_id) in made
    assert MASTER not in made
    listed = await command(redis_server, "list")
    assert token.key_id in listed
    assert token.secret not in listed
    rotated = json.loads(await command(redis_server, "rotate", token.key_id, "--grace=0", "--json"))
    assert rotated["webhookSecret"] == secret_of(MASTER, token.key_id)
    new = Token.read(rotated["token"])
    assert new is not None
    assert (await proves(store, new), await proves(store, token)) == (True, False)
    assert token.key_id in await command(redis_server, "revoke", token.key_id)
    assert await store.list() == []
    for verb in ("rotate", "revoke"):
        assert "make keys lists" in await command(redis_server, verb, token.key_id, status=1)
