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
from fleet.job import Verdict
from fleet.judging import digest_of
from fleet.queue import Cancel, Claim, Fail, Finish, Forget, Once, Quota
from fleet.redis_client import RedisClients, Timing
from fleet.redis_queue import RedisQueue
from fleet.testing import a_job_id, a_result, a_worker, an_order
from setup import accounts
from tests.contract.conftest import RedisServer
from tests.contract.deliveries_harness import RedisDeliveriesHarness
from tests.contract.queue_harness import WORDS, cancel, cancelled_result, put, result

BATCH_ID = "b" * 32
URL = "https://one.example/hook"
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


async def test_api_and_worker_may_do_all_that_becomes_of_a_batch(rooms: Rooms) -> None:
    api, worker = RedisQueue(rooms["api"]), RedisQueue(rooms["worker"])
    await worker.register(a_worker("w1"))
    orders = [an_order(owner="a", callback=URL, keep_source=True, delay_ms=60_000 * n) for n in range(3)]
    quota, once = Quota(600, 600), Once("key", "0a")
    first = await api.enqueue(an_order(owner="a", callback=URL), quota=quota, once=Once("other", "0a"))
    sent = await api.enqueue_batch(BATCH_ID, orders, callback=URL, quota=quota, once=once)
    assert (await api.enqueue_batch("c" * 32, orders, quota=quota, once=once)).batch_id == sent.batch_id
    assert await api.position(orders[0].job_id) == 2
    assert await cancel(api, orders[1].job_id) is Cancel.CANCELLED

    channel = rooms["worker"].channel()
    await channel.subscribe(keys.CANCEL_CHANNEL)
    await channel.get_message(timeout=10)
    claims = {claim.job_id: claim for claim in await worker.claim("w1", WORDS, 2)}
    held = claims[first.job_id]
    assert await cancel(api, first.job_id) is Cancel.ASKED
    message = await channel.get_message(timeout=10)
    await channel.aclose()
    assert message
    assert message["data"] == first.job_id.encode()
    assert (await worker.renew("w1", {held.job_id: held.fence})).cancelled == {held.job_id}
    await worker.progress(held, ["1"])
    assert await worker.finish(held, cancelled_result(held.job_id)) is Finish.OK
    last = claims[orders[0].job_id]
    assert await worker.fail(last, "engine", result(last), attempts_max=1) is Fail.DEAD
    assert await cancel(api, orders[2].job_id) is Cancel.CANCELLED

    batch = await api.batch(BATCH_ID)
    assert batch
    assert batch.verdicts == {"cancelled": 2, "ok": 1}
    assert await api.batch_jobs(BATCH_ID) == [order.job_id for order in orders]
    assert len(await api.batch_done(BATCH_ID)) == 3
    assert await api.source(orders[0].job_id) == orders[0].spec.encode()
    for job_id in (first.job_id, orders[0].job_id):
        assert await api.forget(job_id) is Forget.FORGOTTEN
        assert await api.told(job_id) == []
    told = await RedisDeliveries(rooms["api"]).listed("a", [*DeliveryState])
    assert {each.subject_id for each in told} == {BATCH_ID, first.job_id, *(o.job_id for o in orders)}


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
        rooms[room].call("PUBLISH", keys.CANCEL_CHANNEL, claim.job_id),
        cancel(stranger, claim.job_id),
        stranger.forget(claim.job_id),
        stranger.source(claim.job_id),
        stranger.get(claim.job_id),
        stranger.enqueue(an_order()),
        stranger.enqueue_batch(BATCH_ID, [an_order()]),
        stranger.batch(BATCH_ID),
        stranger.batch_jobs(BATCH_ID),
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


async def test_each_room_may_do_its_part_of_a_delivery(rooms: Rooms) -> None:
    worker = RedisQueue(rooms["worker"])
    await worker.register(a_worker("w1"))
    orders = [an_order(owner="a", callback="https://example.com/") for _ in range(2)]
    for order in orders:
        await RedisQueue(rooms["api"]).enqueue(order)
    (claim,) = await worker.claim("w1", WORDS, 1)
    assert await worker.finish(claim, result(claim)) is Finish.OK
    api, subscriber = RedisDeliveries(rooms["api"]), RedisDeliveries(rooms["subscriber"])
    async with aclosing(Announcements(rooms["subscriber"]).due()) as turns, asyncio.timeout(20):
        await anext(turns)
        (sending,) = (await subscriber.claim(1, Share(), {})).sendings
        assert await subscriber.settle(sending, Attempted(DeliveryState.DEAD, "no"))
        (waits,) = (order for order in orders if order.job_id != claim.job_id)
        cancelled = a_result(job_id=waits.job_id, verdict=Verdict.CANCELLED).to_json()
        assert await RedisQueue(rooms["api"]).cancel(waits.job_id, cancelled) is Cancel.CANCELLED
        assert len(await api.listed("a", [DeliveryState.PENDING])) == 1
        await anext(turns)
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
