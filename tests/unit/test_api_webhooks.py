"""Deliveries over HTTP: each key sees its own, an admin all, and nobody those of another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from api.description import deliveries as described
from api.schemas import deliveries as shapes
from api.testing import ApiOfTest, api_of_test, bearer
from fleet.api_keys import Scope
from fleet.deliveries import Attempted, DeliveryState, Share
from fleet.errors import DeliveriesFull, QueueUnavailable

URL = "https://example.com/hook?token=t"
BAD = Attempted(DeliveryState.DEAD, "it answered 410", 410, 7)
LATER = Attempted(DeliveryState.PENDING, "it cannot be reached: Connection refused", None, 3, pause_s=60)


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


async def settled(api: ApiOfTest, attempted: Attempted, owner: str = "", event: str = "job.done") -> str:
    """A delivery after one attempt."""
    made = api.deliveries.add(URL, owner=owner, event=event, body='{"type":"é"}')
    (sending,) = (await api.deliveries.claim(1, Share(), {})).sendings
    await api.deliveries.settle(sending, attempted)
    return made


async def ids(api: ApiOfTest, headers: Mapping[str, str] | None = None, **query: str | int) -> list[str]:
    answer = await api.client.get("/deliveries", params=query, headers=headers)
    assert answer.status_code == 200
    shapes.Deliveries.model_validate_json(answer.content)
    return [delivery["deliveryId"] for delivery in answer.json()["deliveries"]]


async def test_without_any_the_list_is_empty(api: ApiOfTest) -> None:
    assert (await api.client.get("/deliveries")).json() == {"deliveries": []}


async def test_they_are_listed_by_state(api: ApiOfTest) -> None:
    dead = await settled(api, BAD)
    api.deliveries.advance(1)
    pending = await settled(api, LATER)
    assert await ids(api) == [pending, dead]
    assert await ids(api, state="dead") == [dead]
    assert await ids(api, state="pending") == [pending]
    assert await ids(api, state="delivered") == []
    assert await ids(api, count=1) == [pending]
    assert await ids(api, first=1) == [dead]


async def test_one_is_told_with_its_attempts_and_what_is_sent(api: ApiOfTest) -> None:
    made = await settled(api, BAD)
    answer = await api.client.get(f"/deliveries/{made}")
    assert answer.status_code == 200
    shapes.Delivery.model_validate_json(answer.content)
    said = answer.json()
    assert (said["state"], said["attempts"], said["nextAt"], said["url"]) == ("dead", 1, None, URL)
    assert said["body"] == '{"type":"é"}'
    (attempt,) = said["history"]
    assert said["lastAttempt"] == attempt
    assert (attempt["number"], attempt["status"], attempt["tookMs"]) == (1, 410, 7)
    assert set(said["links"]) == {"self", "redeliver"}


async def test_one_that_waits_tells_until_when(api: ApiOfTest) -> None:
    made = await settled(api, LATER, event="batch.done")
    said = (await api.client.get(f"/deliveries/{made}")).json()
    shapes.Delivery.model_validate(said)
    assert said["nextAt"] > said["createdAt"]
    assert said["lastAttempt"]["status"] is None
    assert "batchId" in said
    assert "jobId" not in said


async def test_one_is_sent_anew(api: ApiOfTest) -> None:
    made = await settled(api, BAD)
    answer = await api.client.post(f"/deliveries/{made}/redeliver")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/deliveries/{made}"
    shapes.Delivery.model_validate_json(answer.content)
    assert (answer.json()["state"], answer.json()["attempts"]) == ("pending", 0)
    (sending,) = (await api.deliveries.claim(1, Share(), {})).sendings
    assert sending.delivery_id == made


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=lost", "state"),
        ("state=", "state"),
        ("count=0", "count"),
        ("count=101", "count"),
        ("count=x", "count"),
        ("first=-1", "first"),
        ("first=10001", "first"),
    ],
)
async def test_a_bad_parameter_is_named(api: ApiOfTest, query: str, field: str) -> None:
    answer = await api.client.get(f"/deliveries?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("unknown", ["0" * 32, "x", "%FF", "0" * 32 + "%0A", "..%2F", "*"])
async def test_an_unknown_one_is_unknown(api: ApiOfTest, unknown: str) -> None:
    for answer in (
        await api.client.get(f"/deliveries/{unknown}"),
        await api.client.post(f"/deliveries/{unknown}/redeliver"),
    ):
        assert answer.status_code == 404
        assert answer.json()["type"].split(":")[-1] in ("unknown-delivery", "not-found")


async def test_a_key_sees_its_own_and_an_admin_all() -> None:
    async with api_of_test(keys="required") as api:
        one, other = api.keys.make(), api.keys.make()
        admin = api.keys.make(Scope.ADMIN)
        mine = await settled(api, BAD, one.key_id)
        api.deliveries.advance(1)
        theirs = await settled(api, BAD, other.key_id)
        assert await ids(api, bearer(one)) == [mine]
        assert await ids(api, bearer(other), state="dead") == [theirs]
        assert await ids(api, bearer(admin)) == [theirs, mine]
        unknown = await api.client.get(f"/deliveries/{'0' * 32}", headers=bearer(one))
        foreign = await api.client.get(f"/deliveries/{theirs}", headers=bearer(one))
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
        answer = await api.client.post(f"/deliveries/{theirs}/redeliver", headers=bearer(one))
        assert (answer.status_code, answer.content) == (404, unknown.content)
        found = await api.deliveries.get(theirs)
        assert found
        assert found.state is DeliveryState.DEAD
        answer = await api.client.post(f"/deliveries/{theirs}/redeliver", headers=bearer(admin))
        assert answer.status_code == 202


async def test_who_may_only_read_redelivers_nothing() -> None:
    async with api_of_test(keys="required") as api:
        reader = api.keys.make(Scope.READ)
        made = await settled(api, BAD, reader.key_id)
        assert await ids(api, bearer(reader)) == [made]
        answer = await api.client.post(f"/deliveries/{made}/redeliver", headers=bearer(reader))
        assert answer.status_code == 403
        assert (await api.client.get("/deliveries")).status_code == 401


@pytest.mark.parametrize(
    ("error", "kind"), [(DeliveriesFull(60), "deliveries-full"), (QueueUnavailable("x"), "queue-unavailable")]
)
async def test_not_now_says_when_to_come_back(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    async def refuse(_delivery_id: str) -> bool:
        raise error

    made = await settled(api, BAD)
    monkeypatch.setattr(api.deliveries, "redeliver", refuse)
    answer = await api.client.post(f"/deliveries/{made}/redeliver")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith(kind)
    assert int(answer.headers["Retry-After"]) > 0


def test_the_examples_are_what_is_answered() -> None:
    listed = described.DELIVERIES["responses"][200]["content"]["application/json"]["example"]
    shapes.Deliveries.model_validate(listed)
    for description, status in ((described.DELIVERY, 200), (described.REDELIVER, 202)):
        shapes.Delivery.model_validate(
            description["responses"][status]["content"]["application/json"]["example"]
        )
