"""What each account of Redis may do about problems and running jobs, on a server that has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from fleet import keys
from fleet.api_keys import ApiKey, ApiKeys, Scope, Token
from fleet.deliveries import Attempted, DeliveryState, RedisDeliveries, Share
from fleet.errors import QueueUnavailable
from fleet.events import Announcements
from fleet.judging import digest_of
from fleet.queue import Claim, Finish
from fleet.redis_client import RedisClients, Timing
from fleet.redis_queue import RedisQueue
from fleet.testing import a_job_id, a_worker
from setup import accounts
from tests.contract.conftest import RedisServer
from tests.contract.deliveries_harness import RedisDeliveriesHarness
from tests.contract.queue_harness import WORDS, put, result

PASSWORDS = {user: user * 3 for user in accounts.USERS}
REFUSED = r"(?i)no permissions|NoPermission|can't (access|run)"
Rooms = dict[str, RedisClients]


@pytest.fixture
async def rooms(redis_server: RedisServer, clients: RedisClients) -> AsyncIterator[Rooms]:
    """Connections to the (emptied) server as each user but the operator."""
    for line in accounts.account_file(PASSWORDS).splitlines():
        _, user, *rules = line.split()
        if user in PASSWORDS:
            await clients.call("ACL", "SETUSER", user, "reset", *_whole_selectors(rules))
    address = redis_server.url.removeprefix("redis://")
    made = {
        user: RedisClients(f"redis://{user}:{password}@{address}", Timing(resends=0))
        for user, password in PASSWORDS.items()
    }
    yield made
    for connections in made.values():
        await connections.aclose()
    await clients.call("ACL", "DELUSER", *PASSWORDS)


def _whole_selectors(rules: list[str]) -> list[str]:
    """Rules as SETUSER takes them: a selector in parentheses is one."""
    whole: list[str] = []
    for rule in rules:
        if whole and whole[-1].startswith("(") and not whole[-1].endswith(")"):
            whole[-1] += f" {rule}"
        else:
            whole.append(rule)
    return whole


async def claimed(rooms: Rooms) -> Claim:
    """A job of the problem ``two-sum``, handed in by the API and claimed by a worker."""
    worker = RedisQueue(rooms["worker"])
    await worker.register(a_worker("w1"))
    await put(RedisQueue(rooms["api"]))
    (claim,) = await worker.claim("w1", WORDS, 1)
    return claim


async def test_api_and_worker_may_do_all_they_have_to(rooms: Rooms) -> None:
    api, worker = RedisQueue(rooms["api"]), RedisQueue(rooms["worker"])
    async with aclosing(Announcements(rooms["api"]).news()) as news:
        assert await anext(news) is None
        assert (await api.define("two-sum", "{}")).new
        claim = await claimed(rooms)
        assert claim.definition == digest_of("{}")
        assert await worker.definition("two-sum") == (digest_of("{}"), "{}")
        await worker.renew("w1", {claim.job_id: claim.fence}, [claim.job_id])
        assert await anext(news) == claim.job_id
        assert await worker.progress(claim, ["1"])
        assert await anext(news) == claim.job_id
    assert [text for _, text in await api.told(claim.job_id)] == ["1"]
    assert await worker.finish(claim, result(claim)) is Finish.OK
    assert [text for _, text in await api.told(claim.job_id)] == ["1"]
    assert await api.languages() == {"tongue": "tongue", "tg": "tongue"}
    assert await api.definition("two-sum") == (digest_of("{}"), "{}")
    assert await api.undefine("two-sum")


@pytest.mark.parametrize("room", ["subscriber", "producer"])
async def test_subscriber_and_producer_may_not(rooms: Rooms, clients: RedisClients, room: str) -> None:
    await RedisQueue(rooms["api"]).define("two-sum", "{}")
    claim = await claimed(rooms)
    stranger = RedisQueue(rooms[room])
    for forbidden in (
        stranger.define("two-sum", '{"mine":1}'),
        stranger.define("another", "{}"),
        stranger.definition("two-sum"),
        stranger.undefine("two-sum"),
        stranger.progress(claim, ["forged"]),
        stranger.told(claim.job_id),
        stranger.languages(),
        rooms[room].call("PUBLISH", keys.PROGRESS_CHANNEL, claim.job_id),
        rooms[room].call("XADD", keys.told(claim.job_id), "*", "e", "forged"),
        rooms[room].call("DEL", keys.PROBLEMS),
    ):
        with pytest.raises(QueueUnavailable, match=REFUSED):
            await forbidden
    queue = RedisQueue(clients)
    assert await queue.definition("two-sum") == (digest_of("{}"), "{}")
    assert await queue.told(claim.job_id) == []


async def test_the_api_may_tell_nothing_of_a_job(rooms: Rooms) -> None:
    claim = await claimed(rooms)
    with pytest.raises(QueueUnavailable, match=REFUSED):
        await rooms["api"].call("XADD", keys.told(claim.job_id), "*", "e", "forged")
    await RedisQueue(rooms["api"]).progress(claim, ["forged"])
    assert await RedisQueue(rooms["api"]).told(claim.job_id) == []


# --- API keys ------------------------------------------------------------------------------------

TOKEN = Token.mint()
KEY = ApiKey(key_id=TOKEN.key_id, name="judge", scopes=frozenset({Scope.READ}))


async def test_an_account_of_its_own_makes_api_keys_and_the_api_finds_them(rooms: Rooms) -> None:
    maker, api = ApiKeys(rooms["keys"]), ApiKeys(rooms["api"])
    await maker.create(KEY, TOKEN)
    found = await api.find(TOKEN.key_id)
    assert found is not None
    assert found.is_proven_by(TOKEN)
    assert await maker.rotate(Token.mint(TOKEN.key_id), 60)
    assert [row.key.key_id for row in await maker.list()] == [TOKEN.key_id]
    assert await maker.revoke(TOKEN.key_id)
    assert await api.find(TOKEN.key_id) is None


@pytest.mark.parametrize("room", ["api", "worker", "subscriber", "producer"])
async def test_no_room_makes_or_changes_an_api_key(rooms: Rooms, clients: RedisClients, room: str) -> None:
    await ApiKeys(rooms["keys"]).create(KEY, TOKEN)
    stored = await clients.call("HGETALL", keys.api_key(TOKEN.key_id))
    stranger, forged = ApiKeys(rooms[room]), Token.mint()
    key = keys.api_key(TOKEN.key_id)
    for forbidden in (
        stranger.create(ApiKey(key_id=forged.key_id, name="x", scopes=frozenset(Scope)), forged),
        stranger.rotate(Token.mint(TOKEN.key_id), 0),
        stranger.revoke(TOKEN.key_id),
        stranger.list(),
        rooms[room].call("HSET", key, "scopes", "admin"),
        rooms[room].call("HSET", keys.api_key(forged.key_id), "digest", forged.digest),
        rooms[room].call("SADD", keys.API_KEYS, forged.key_id),
        rooms[room].call("DEL", key),
        rooms[room].call("EXPIRE", key, 1),
        rooms[room].call("RENAME", keys.job("x"), key),
        # Its own rights to scripts and commands, on a key that is not its own.
        rooms[room].call("EVAL", f"return redis.call('HSET', '{key}', 'scopes', 'admin')", 1, keys.PUBLIC),
    ):
        with pytest.raises(QueueUnavailable, match=REFUSED):
            await forbidden
    assert await clients.call("HGETALL", key) == stored
    assert await ApiKeys(clients).find(forged.key_id) is None


@pytest.mark.parametrize("room", ["worker", "subscriber", "producer"])
async def test_only_the_api_finds_an_api_key(rooms: Rooms, room: str) -> None:
    await ApiKeys(rooms["keys"]).create(KEY, TOKEN)
    for forbidden in (
        ApiKeys(rooms[room]).find(TOKEN.key_id),
        rooms[room].call("HGETALL", keys.api_key(TOKEN.key_id)),
        rooms[room].call("HMGET", keys.api_key(TOKEN.key_id), "digest"),
    ):
        with pytest.raises(QueueUnavailable, match=REFUSED):
            await forbidden


async def test_who_makes_api_keys_may_touch_nothing_else(rooms: Rooms, clients: RedisClients) -> None:
    claim = await claimed(rooms)
    maker = rooms["keys"]
    for forbidden in (
        RedisQueue(maker).get(claim.job_id),
        RedisQueue(maker).depth(),
        maker.call("LPUSH", keys.PUBLIC, "x"),
        maker.call("DEL", keys.PUBLIC),
        maker.call("DEL", keys.job(claim.job_id)),
        maker.call("EVAL", f"return redis.call('DEL', '{keys.PUBLIC}')", 1, keys.PUBLIC),
        maker.call("PUBLISH", keys.DONE_CHANNEL, "x"),
        maker.call("KEYS", "*"),
        maker.call("ACL", "LIST"),
    ):
        with pytest.raises(QueueUnavailable, match=REFUSED):
            await forbidden
    assert await RedisQueue(clients).get(claim.job_id) is not None


# --- deliveries ----------------------------------------------------------------------------------


async def test_each_room_may_do_its_part_of_a_delivery(rooms: Rooms, clients: RedisClients) -> None:
    await RedisDeliveriesHarness(clients).end_job(a_job_id(), "https://example.com/", owner="a")
    api, subscriber = RedisDeliveries(rooms["api"]), RedisDeliveries(rooms["subscriber"])
    async with aclosing(Announcements(rooms["subscriber"]).due()) as turns, asyncio.timeout(20):
        await anext(turns)
        (sending,) = (await subscriber.claim(1, Share(), {})).sendings
        assert await subscriber.settle(sending, Attempted(DeliveryState.DEAD, "no"))
        (dead,) = await api.listed("a", [DeliveryState.DEAD])
        assert await api.redeliver(dead.delivery_id)
        await anext(turns)
        found = await api.get(dead.delivery_id)
    assert found
    assert found.state is DeliveryState.PENDING


@pytest.mark.parametrize("room", ["api", "producer"])
async def test_who_is_no_sender_may_not_send(rooms: Rooms, clients: RedisClients, room: str) -> None:
    await RedisDeliveriesHarness(clients).add("https://example.com/")
    if room == "producer":
        for forbidden in (
            RedisDeliveries(rooms[room]).claim(1, Share(), {}),
            RedisDeliveries(rooms[room]).listed("", []),
        ):
            with pytest.raises(QueueUnavailable, match=REFUSED):
                await forbidden
    for forbidden in (
        rooms[room].call("DEL", keys.DELIVERY_DUE),
        rooms["subscriber"].call("HGETALL", keys.job(a_job_id())),
        rooms["subscriber"].call("LPUSH", keys.PUBLIC, "x"),
    ):
        with pytest.raises(QueueUnavailable, match=REFUSED):
            await forbidden
