"""The subscriber as a process: what it was sending when it was killed is sent again, under the same id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from fleet.deliveries import DeliveryState
from fleet.redis_client import RedisClients
from fleet.testing import a_job_id, a_result, a_worker, an_order
from fleet.webhooks import secret_of
from tests.chaos.processes import Process, environment, python, until
from tests.contract.conftest import RedisServer
from tests.contract.deliveries_harness import RedisDeliveriesHarness
from tests.contract.queue_harness import RedisHarness
from tests.contract.receiver import receiving, says, waits
from tests.contract.test_api_http import BODY, languages_dir, served

__all__ = ["languages_dir"]  # a fixture

MASTER = "m" * 32
PATIENCE_S = 60.0


class Subscribers:
    """Makes subscribers, and kills those that are left."""

    def __init__(self, redis: RedisServer, folder: Path) -> None:
        self._folder = folder
        self._settings = {
            "redis_url": redis.url,
            "metrics_port": 0,
            "log_format": "json",
            "webhook_secret": MASTER,
            "webhook_allow": "127.0.0.1",
            "webhook_retry_s": "1 1",
        }
        self.made: list[Process] = []

    def __call__(self, **settings: object) -> Process:
        values = environment("none", self._folder, {**self._settings, **settings})
        log = self._folder / f"{len(self.made)}.log"
        made = Process("subscriber", python("subscriber"), values, log)
        self.made.append(made)
        return made


@pytest.fixture
async def subscribers(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Subscribers]:
    made = Subscribers(redis_server, tmp_path)
    yield made
    for process in made.made:
        await process.kill()


async def settled(here: RedisDeliveriesHarness, delivery_id: str) -> DeliveryState:
    """How a delivery ends."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await here.deliveries.get(delivery_id)
            assert found
            if found.state is not DeliveryState.PENDING:
                return found.state
            await asyncio.sleep(0.05)


async def test_what_a_killed_sender_was_sending_is_sent_again(
    clients: RedisClients, subscribers: Subscribers
) -> None:
    here, never = RedisDeliveriesHarness(clients), asyncio.Event()
    async with receiving() as receiver, asyncio.timeout(PATIENCE_S):
        receiver.answers.append(waits(never))
        made = await here.add(f"http://127.0.0.1:{receiver.port}/hook", owner="a")
        first = subscribers()
        one = await receiver.arrivals.get()
        await first.kill()
        never.set()
        second = subscribers()
        await here.advance(31)
        two = await receiver.arrivals.get()
        assert await settled(here, made) is DeliveryState.DELIVERED
        await second.stop(PATIENCE_S)
    assert second.status == 0
    assert [said.headers["webhook-id"] for said in (one, two)] == [made, made]
    assert [said.headers["sandfleet-attempt"] for said in (one, two)] == ["1", "2"]
    assert one.body == two.body
    for said in (one, two):
        assert Webhook(secret_of(MASTER, "a")).verify(said.body, dict(said.headers))["type"] == "job.done"
    lines = second.log.read_text()
    assert '"event": "webhook_sent"' in lines
    assert MASTER not in lines


async def test_a_failed_attempt_is_made_again_by_itself(
    clients: RedisClients, subscribers: Subscribers
) -> None:
    here = RedisDeliveriesHarness(clients)
    async with receiving() as receiver, asyncio.timeout(PATIENCE_S):
        subscribers()
        receiver.answers += [says(500), says(302, Location="http://169.254.169.254/latest/meta-data/")]
        made = await here.add(f"http://127.0.0.1:{receiver.port}/")
        assert await settled(here, made) is DeliveryState.DELIVERED
        assert len(receiver.received) == 3
        receiver.answers += [says(500)] * 3
        made = await here.add(f"http://127.0.0.1:{receiver.port}/")
        assert await settled(here, made) is DeliveryState.DEAD
        assert await here.deliveries.redeliver(made)
        assert await settled(here, made) is DeliveryState.DELIVERED


@pytest.mark.parametrize("allow", ["", "10.0.0.0/8"])
async def test_without_the_operators_leave_nothing_reaches_this_machine(
    clients: RedisClients, subscribers: Subscribers, allow: str
) -> None:
    here = RedisDeliveriesHarness(clients)
    async with receiving() as receiver:
        subscribers(webhook_allow=allow, webhook_retry_s="")
        made = [await here.add(f"http://{host}:{receiver.port}/") for host in ("127.0.0.1", "localhost")]
        assert [await settled(here, delivery_id) for delivery_id in made] == [DeliveryState.DEAD] * 2
        assert receiver.received == []


async def test_without_a_secret_nothing_is_sent(clients: RedisClients, subscribers: Subscribers) -> None:
    here = RedisDeliveriesHarness(clients)
    made = await here.add("http://127.0.0.1:9/")
    process = subscribers(webhook_secret="")
    await until(lambda: "subscriber_started" in process.log.read_text(), "its start", PATIENCE_S)
    await process.stop(PATIENCE_S)
    found = await here.deliveries.get(made)
    assert found
    assert (found.state, found.attempts) == (DeliveryState.PENDING, 0)


async def test_the_end_of_a_job_and_of_its_batch_reach_their_receiver(
    redis_harness: RedisHarness, clients: RedisClients, subscribers: Subscribers
) -> None:
    queue, batch_id = redis_harness.queue, a_job_id()
    await queue.register(a_worker("w1"))
    async with receiving() as receiver, asyncio.timeout(PATIENCE_S):
        url = f"http://127.0.0.1:{receiver.port}/"
        subscribers()
        await queue.enqueue_batch(
            batch_id, [an_order(owner="a", callback=f"{url}job")], callback=f"{url}batch"
        )
        (claim,) = await queue.claim("w1", ["tongue"], 1)
        await queue.finish(claim, a_result(job_id=claim.job_id).to_json())
        received = {said.line.split()[1]: said for said in [await receiver.arrivals.get() for _ in range(2)]}
    verify = Webhook(secret_of(MASTER, "a")).verify
    job, batch = (verify(received[path].body, dict(received[path].headers)) for path in ("/job", "/batch"))
    assert (job["type"], job["data"]["jobId"], job["data"]["verdict"]) == ("job.done", claim.job_id, "ok")
    assert (batch["type"], batch["data"]["batchId"]) == ("batch.done", batch_id)
    assert batch["data"]["verdicts"] == {"ok": 1}


async def test_from_a_request_to_its_receiver_and_once_more(
    redis_server: RedisServer,
    redis_harness: RedisHarness,
    subscribers: Subscribers,
    languages_dir: Path,
) -> None:
    queue = redis_harness.queue
    await queue.register(a_worker("w1"))
    subscribers()
    settings = {"webhook_secret": MASTER, "webhook_allow": "127.0.0.1", "languages_dir": languages_dir}
    async with (
        receiving() as receiver,
        served(redis_url=redis_server.url, **settings) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        asyncio.timeout(PATIENCE_S),
    ):
        refused = await client.post("/submit", json={**BODY, "callbackUrl": "http://10.0.0.1/"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "callbackUrl"
        url = f"http://127.0.0.1:{receiver.port}/hook"
        job_id = (await client.post("/submit", json={**BODY, "callbackUrl": url})).json()["jobId"]
        (claim,) = await queue.claim("w1", ["tongue"], 1)
        await queue.finish(claim, a_result(job_id=job_id).to_json())
        first = await receiver.arrivals.get()
        delivery_id = first.headers["webhook-id"]
        assert (
            await settled(RedisDeliveriesHarness(redis_harness.clients), delivery_id)
            is DeliveryState.DELIVERED
        )
        (listed,) = (await client.get("/deliveries?state=delivered")).json()["deliveries"]
        assert (listed["deliveryId"], listed["jobId"], listed["url"]) == (delivery_id, job_id, url)
        assert listed["lastAttempt"]["status"] == 204
        assert (await client.post(f"/deliveries/{delivery_id}/redeliver")).status_code == 202
        again = await receiver.arrivals.get()
    assert (again.headers["webhook-id"], again.body) == (delivery_id, first.body)
