"""What belongs to one key is unknown to every other; and what a key may use up is bounded."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from api.access import NEEDS
from api.testing import BODY, ApiOfTest, api_of_test, bearer
from fleet.api_keys import Scope
from tests.unit.test_api_submit import check_problem

# Each address that speaks of a job, a batch or a problem; those that end what they speak of come last.
OF_SOMEBODY = [
    ("GET", "/result/{job}"),
    ("GET", "/result/{problem}"),
    ("GET", "/jobs/{job}"),
    ("GET", "/jobs/{job}/source"),
    ("GET", "/jobs/{done}/events"),
    ("GET", "/problems/{problem}/results"),
    ("GET", "/problems/{problem}"),
    ("GET", "/batches/{batch}"),
    ("GET", "/batches/{batch}/results"),
    ("GET", "/batches/{ended}/events"),
    ("DELETE", "/jobs/{job}"),
    ("DELETE", "/batches/{batch}"),
    ("DELETE", "/result/{done}"),
    ("DELETE", "/problems/{problem}"),
]
BY_NAME = {("GET", "/result/{problem}"), ("GET", "/problems/{problem}/results")}
BY_NAME |= {("GET", "/problems/{problem}"), ("DELETE", "/problems/{problem}")}
UNKNOWN = {"job": "0" * 32, "done": "1" * 32, "batch": "2" * 32, "ended": "3" * 32, "problem": "unheard-of"}


class Client:
    """What one key's client does."""

    def __init__(self, api: ApiOfTest, *scopes: Scope, **key: Any) -> None:
        self._api = api
        self._headers = bearer(api.keys.make(*scopes, **key))

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self._api.client.request(method, path, json=body, headers={**self._headers, **headers})

    async def made(self) -> dict[str, str]:
        """One of each: their ids."""
        done = (await self.ask("POST", "/submit", BODY)).json()["jobId"]
        await self.ask("DELETE", f"/jobs/{done}")
        ended = (await self.ask("POST", "/submit/batch", {"jobs": [BODY]})).json()["batchId"]
        await self.ask("DELETE", f"/batches/{ended}")
        batch = (await self.ask("POST", "/submit/batch", {"jobs": [BODY]})).json()["batchId"]
        await self.ask("PUT", "/problems/two-sum", {"tests": [{"expected": "1"}]})
        job = (await self.ask("POST", "/submit", BODY)).json()["jobId"]
        return {"job": job, "done": done, "batch": batch, "ended": ended, "problem": "two-sum"}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test(keys="required") as made:
        yield made


def test_every_address_that_speaks_of_somebodys_is_here() -> None:
    of_nobody = {address for address in NEEDS if "{" not in address or "/docs/" in address}
    of_nobody |= {address for address in NEEDS if "deliver" in address}  # of somebody, in test_api_webhooks
    of_nobody |= {address for address in NEEDS if "/judge0/" in address}  # of somebody, in test_judge0
    here = {f"{method} {re.sub('{.*?}', '{}', path)}" for method, path in OF_SOMEBODY}
    assert here == {re.sub("{.*?}", "{}", address) for address in set(NEEDS) - of_nobody} - {
        "PUT /problems/{}"
    }


@pytest.mark.parametrize(("method", "path"), OF_SOMEBODY)
async def test_what_is_anothers_is_as_unknown(api: ApiOfTest, method: str, path: str) -> None:
    alice, bob, admin = Client(api), Client(api), Client(api, Scope.ADMIN)
    ids = await alice.made()
    foreign = await bob.ask(method, path.format(**ids))
    unknown = await bob.ask(method, path.format(**UNKNOWN))
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert dict(foreign.headers) == dict(unknown.headers)
    by_name = (method, path) in BY_NAME  # a name is one of a key's own, an admin's too
    last = alice if by_name else admin
    assert (await last.ask(method, path.format(**ids))).status_code < 300


async def test_a_foreign_cancel_or_forget_changes_nothing(api: ApiOfTest) -> None:
    alice, bob = Client(api), Client(api)
    ids = await alice.made()
    for method, path in OF_SOMEBODY:
        if method == "DELETE":
            check = await bob.ask(method, path.format(**ids))
            assert check.status_code == 404
    assert (await alice.ask("GET", f"/jobs/{ids['job']}")).json()["state"] == "queued"
    assert (await alice.ask("GET", f"/batches/{ids['batch']}")).json()["done"] == 0
    assert (await alice.ask("GET", f"/result/{ids['done']}")).status_code == 200
    assert (await alice.ask("GET", "/problems/two-sum")).status_code == 200


async def test_a_name_of_a_problem_is_each_keys_own(api: ApiOfTest) -> None:
    alice, bob = Client(api), Client(api)
    await alice.made()
    theirs = (await bob.ask("POST", "/submit", BODY)).json()["jobId"]
    assert (await bob.ask("GET", "/result/two-sum")).json()["jobId"] == theirs
    listed = (await bob.ask("GET", "/problems/two-sum/results")).json()["jobs"]
    assert [job["jobId"] for job in listed] == [theirs]
    assert (await bob.ask("PUT", "/problems/two-sum", {"tests": [{}]})).status_code == 201
    assert (await alice.ask("GET", "/problems/two-sum")).json()["definition"] == {
        "tests": [{"expected": "1"}]
    }


async def test_an_idempotency_key_is_each_keys_own(api: ApiOfTest) -> None:
    alice, bob = Client(api), Client(api)
    key = {"Idempotency-Key": "1"}
    first = (await alice.ask("POST", "/submit", BODY, **key)).json()
    assert "repeated" not in (await bob.ask("POST", "/submit", {**BODY, "code": "2"}, **key)).json()
    assert (await alice.ask("POST", "/submit", BODY, **key)).json()["jobId"] == first["jobId"]


async def test_a_key_without_the_scope_may_not(api: ApiOfTest) -> None:
    reader, sender = Client(api, Scope.READ), Client(api, Scope.SUBMIT)
    ids = await sender.made()
    for method, path in OF_SOMEBODY:
        other = sender if method == "GET" else reader
        check_problem(await other.ask(method, path.format(**ids)), 403, "scope")
    for path, body in (("/submit", BODY), ("/submit/batch", {"jobs": [BODY]})):
        check_problem(await reader.ask("POST", path, body), 403, "scope")


async def test_the_jobs_of_one_key_do_not_hold_up_anothers(api: ApiOfTest) -> None:
    alice, bob = Client(api), Client(api)
    await alice.ask("POST", "/submit/batch", {"jobs": [BODY] * 100})
    accepted = (await bob.ask("POST", "/submit", BODY)).json()
    assert (accepted["position"], accepted["waiting"]) == (2, 101)


async def test_a_rate_is_bounded_and_said(api: ApiOfTest) -> None:
    client = Client(api, jobs_per_minute=3)
    first = await client.ask("POST", "/submit", BODY)
    assert first.headers["ratelimit-policy"] == '"jobs";q=3;w=60'
    assert first.headers["ratelimit"] == '"jobs";r=2;t=20'
    second = await client.ask("POST", "/submit/batch", {"jobs": [BODY] * 2})
    assert second.headers["ratelimit"] == '"jobs";r=0;t=60'
    for path, body in (("/submit", BODY), ("/submit/batch", {"jobs": [BODY]})):
        refused = await client.ask("POST", path, body)
        problem = check_problem(refused, 429, "quota-exceeded")
        assert "3 jobs a minute" in problem["detail"]
        assert refused.headers["retry-after"] == "20"
        assert refused.headers["ratelimit"] == '"jobs";r=0;t=60'
    assert (await api.queue.audit()).accepted == 3


async def test_open_jobs_are_bounded(api: ApiOfTest) -> None:
    client = Client(api, open_max=2)
    job_id = (await client.ask("POST", "/submit", BODY)).json()["jobId"]
    check_problem(await client.ask("POST", "/submit/batch", {"jobs": [BODY] * 2}), 429, "quota-exceeded")
    assert (await client.ask("POST", "/submit", BODY)).status_code == 202
    refused = await client.ask("POST", "/submit", BODY)
    check_problem(refused, 429, "quota-exceeded")
    assert "ratelimit" not in refused.headers
    await client.ask("DELETE", f"/jobs/{job_id}")
    assert (await client.ask("POST", "/submit", BODY)).status_code == 202


async def test_a_repeat_costs_nothing(api: ApiOfTest) -> None:
    client, key = Client(api, jobs_per_minute=1), {"Idempotency-Key": "1"}
    first = await client.ask("POST", "/submit", BODY, **key)
    again = await client.ask("POST", "/submit", BODY, **key)
    assert (again.status_code, again.json()["jobId"]) == (202, first.json()["jobId"])
    check_problem(await client.ask("POST", "/submit", BODY), 429, "quota-exceeded")
