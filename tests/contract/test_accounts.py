"""What each account of Redis may do about problems and running jobs, on a server that has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.events import Announcements
from fleet.judging import digest_of
from fleet.queue import Claim, Finish
from fleet.redis_client import RedisClients, Timing
from fleet.redis_queue import RedisQueue
from fleet.testing import a_worker
from setup import accounts
from tests.contract.conftest import RedisServer
from tests.contract.test_redis_queue import WORDS, put, result

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
