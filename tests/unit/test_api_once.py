"""``Idempotency-Key``: what is sent twice is run once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest
from starlette.datastructures import Headers

from api.once import once_of
from api.problems import Problem
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import QueueUnavailable
from fleet.queue import Once
from tests.unit.test_api_submit import check_problem

KEY = {"Idempotency-Key": "order-1"}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


async def submit(api: ApiOfTest, headers: Mapping[str, str] = KEY, **changes: Any) -> httpx2.Response:
    return await api.client.post("/submit", json={**BODY, **changes}, headers=headers)


async def test_a_request_that_comes_again_is_about_the_same_job(api: ApiOfTest) -> None:
    first, again = await submit(api), await submit(api)
    assert "repeated" not in first.json()
    assert "idempotency-replayed" not in first.headers
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == {**first.json(), "repeated": True}
    assert again.headers["location"] == first.headers["location"]
    assert (await api.queue.audit()).accepted == 1


async def test_a_key_with_another_body_is_409(api: ApiOfTest) -> None:
    await submit(api)
    problem = check_problem(await submit(api, code="2"), 409, "key-reused")
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    check_problem(
        await api.client.post("/submit/batch", json={"jobs": [BODY]}, headers=KEY), 409, "key-reused"
    )
    assert (await api.queue.audit()).accepted == 1


async def test_other_keys_are_other_jobs(api: ApiOfTest) -> None:
    for key in ("a", "b", "A"):
        assert "repeated" not in (await submit(api, {"Idempotency-Key": key})).json()
    assert (await api.queue.audit()).accepted == 3


async def test_a_key_is_free_again_after_a_day(api: ApiOfTest) -> None:
    first = (await submit(api)).json()["jobId"]
    api.queue.advance(86_401)
    assert (await submit(api, code="2")).json()["jobId"] != first


async def test_a_refused_request_uses_no_key(api: ApiOfTest) -> None:
    check_problem(await submit(api, language="unheard-of"), 422, "unknown-language")
    assert (await submit(api)).status_code == 202


async def test_the_answer_is_of_the_job_as_it_is_now(api: ApiOfTest) -> None:
    await submit(api)
    stored = await api.run_next()
    plain = await submit(api)
    assert (plain.status_code, plain.json()["state"], plain.json()["position"]) == (202, "done", 0)
    waited = await submit(api, {**KEY, "Prefer": "wait=30"})
    assert (waited.status_code, waited.json()) == (200, stored)
    assert waited.headers["idempotency-replayed"] == "true"


async def test_the_job_of_the_first_time_can_be_waited_for(api: ApiOfTest) -> None:
    await submit(api)
    asked = asyncio.create_task(submit(api, {**KEY, "Prefer": "wait=30"}))
    await api.until_waiting()
    stored = await api.run_next()
    answer = await asyncio.wait_for(asked, 5)
    assert (answer.status_code, answer.json()) == (200, stored)
    assert answer.headers["preference-applied"] == "wait=30"
    assert len(api.waiters) == 0


async def test_a_key_whose_job_is_gone_is_409(api: ApiOfTest) -> None:
    job_id = (await submit(api)).json()["jobId"]
    await api.run_next()
    await api.client.delete(f"/result/{job_id}")
    for headers in (KEY, {**KEY, "Prefer": "wait=30"}):
        check_problem(await submit(api, headers), 409, "key-reused")


async def test_a_repeat_that_cannot_be_looked_up_is_503(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(api)
    monkeypatch.setattr(api.queue, "get", AsyncMock(side_effect=QueueUnavailable("away")))
    check_problem(await submit(api), 503, "queue-unavailable")


def once(*values: bytes) -> Once | None:
    return once_of(Headers(raw=[(b"idempotency-key", value) for value in values]), "/submit", b"body")


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"a", "a"),
        (b"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (b'"8e03978e"', "8e03978e"),
        (b'"a b"', "a b"),
        (rb'"a\"b\\"', 'a"b\\'),
        (b"x" * 255, "x" * 255),
        (b'"' + b"x" * 255 + b'"', "x" * 255),
        (b'a"b', 'a"b'),
    ],
)
def test_a_key_may_be_bare_or_quoted(sent: bytes, key: str) -> None:
    said = once(sent)
    assert said
    assert said.key == key
    assert len(said.digest) == 40


@pytest.mark.parametrize(
    "sent",
    [(b"",), (b'""',), (b"a b",), (b"x" * 256,), (b"\xc3\xa9",), (b"a\x00",), (b'"\xe9"',), (b"a", b"a")],
)
def test_what_cannot_be_a_key_is_refused(sent: tuple[bytes, ...]) -> None:
    with pytest.raises(Problem) as refused:
        once(*sent)
    assert (refused.value.kind.status, refused.value.errors[0][0]) == (422, "Idempotency-Key")


def test_no_key_is_none() -> None:
    assert once() is None


async def test_a_bad_key_is_named(api: ApiOfTest) -> None:
    problem = check_problem(await submit(api, {"Idempotency-Key": "a b"}), 422, "invalid-parameter")
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    assert (await api.queue.audit()).accepted == 0
