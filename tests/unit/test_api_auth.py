"""Who is let in: every way to send a key, right ones, wrong ones, and those of others."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import redirect_stdout

import pytest
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.auth import Caller, caller_of
from api.key_ring import FRESH_S, GUESSES_AT_ONCE, KeyRing
from api.problems import Kind, Problem
from api.testing import BODY, ApiOfTest, KeysOfTest, api_of_test, bearer
from fleet import log
from fleet.api_keys import ApiKey, Scope, Token
from fleet.errors import QueueUnavailable, QuotaExceeded
from fleet.queue import Allowance, Quota

Headers = Mapping[str, str] | list[tuple[str, str]]


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test(keys="required") as made:
        yield made


@pytest.fixture
async def open_api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


@pytest.mark.parametrize(
    "sent",
    [
        {"Authorization": "Bearer {}"},
        {"authorization": "bearer   {} "},
        {"Authorization": "{}"},
        {"X-Auth-Token": "{}"},
        {"Authorization": "Bearer {}", "X-Auth-Token": "{}"},
        {"Authorization": "Basic dXNlcjpwYXNz", "X-Auth-Token": "{}"},
    ],
)
async def test_ways_to_send_a_key(api: ApiOfTest, sent: dict[str, str]) -> None:
    token = api.keys.make()
    headers = {name: value.format(token.text) for name, value in sent.items()}
    assert (await api.client.get("/languages", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic {}"},
        {"Authorization": "Bearer Bearer {}"},
        {"Authorization": "Token {}"},
        {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"},
        {"X-Api-Key": "{}"},
        {"Cookie": "token={}"},
    ],
)
async def test_what_is_no_key_is_as_none(api: ApiOfTest, sent: dict[str, str]) -> None:
    token = api.keys.make()
    headers = {name: value.format(token.text) for name, value in sent.items()}
    answer = await api.client.get(f"/languages?key={token.text}&token={token.text}", headers=headers)
    assert answer.status_code == 401
    assert "Authorization: Bearer sfk_" in answer.json()["detail"]
    assert "error=" not in answer.headers["www-authenticate"]
    assert api.keys.asked == []


async def test_wrong_keys_are_all_answered_alike(api: ApiOfTest) -> None:
    good = api.keys.make()
    answers = [
        await api.client.get("/languages", headers={"Authorization": f"Bearer {text}"})
        for text in (
            Token.mint().text,
            Token.mint(good.key_id).text,
            good.text[:-1],
            good.text + "0",
            "sfk_",
            "sfk_" + "x" * 60_000,
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {
        'Bearer realm="sandfleet", error="invalid_token"'
    }


@pytest.mark.parametrize("both", [True, False])
async def test_several_keys_that_differ_are_refused(api: ApiOfTest, both: bool) -> None:
    one, two = api.keys.make(), api.keys.make()
    headers: Headers = {**bearer(one), "X-Auth-Token": two.text}
    if both:
        headers = [("Authorization", f"Bearer {one.text}"), ("Authorization", f"Bearer {two.text}")]
    answer = await api.client.get("/languages", headers=headers)
    assert answer.status_code == 401
    assert "send one" in answer.json()["detail"]


async def test_nothing_is_done_for_who_is_not_let_in(api: ApiOfTest) -> None:
    for headers in ({}, bearer(Token.mint()), bearer(api.keys.make(Scope.READ))):
        answer = await api.client.post("/submit", json=BODY, headers=headers)
        assert answer.status_code in (401, 403)
        assert answer.headers["connection"] == "close"
    assert (await api.queue.depth()).ready == dict.fromkeys((await api.queue.depth()).ready, 0)


async def test_an_open_api_answers_without_a_key_and_holds_to_one_that_is_sent(open_api: ApiOfTest) -> None:
    api = open_api
    assert (await api.client.get("/languages")).status_code == 200
    assert (await api.client.get("/languages", headers={"Authorization": "Basic eDp5"})).status_code == 200
    assert (await api.client.get("/languages", headers=bearer(api.keys.make()))).status_code == 200
    assert (await api.client.get("/languages", headers=bearer(Token.mint()))).status_code == 401
    submits = bearer(api.keys.make(Scope.SUBMIT))
    assert (await api.client.get("/languages", headers=submits)).status_code == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "127.9.9.9", "[::1]:3000", ""]
)
async def test_an_open_api_answers_its_own_machine(open_api: ApiOfTest, host: str) -> None:
    assert (await open_api.client.get("/languages", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.test"},
        {"Host": "localhost.rebound.test"},
        {"Host": "127.0.0.1.nip.test:3000"},
        {"Host": "192.0.2.1"},
        {"Host": "0.0.0.0:3000"},
        {"Host": "[::1"},
        {"Host": "[::ffff:192.0.2.1]"},
        {"Host": "localhost@rebound.test"},
        {"Host": "\\"},
        {"X-Forwarded-For": "192.0.2.1"},
        {"X-Forwarded-Host": "api.test"},
        {"X-Real-IP": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_by_another_name_or_through_a_proxy_it_needs_a_key(
    open_api: ApiOfTest, headers: dict[str, str]
) -> None:
    answer = await open_api.client.get("/languages", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, Kind.KEY_REQUIRED.type)
    assert "SANDFLEET_KEYS=off" in answer.json()["detail"]
    with_key = {**headers, **bearer(open_api.keys.make())}
    assert (await open_api.client.get("/languages", headers=with_key)).status_code == 200
    assert (await open_api.client.get("/readyz", headers=headers)).status_code == 200


async def test_whoever_switched_keys_off_is_asked_by_any_name() -> None:
    async with api_of_test(keys="off") as api:
        headers = {"Host": "api.test", "X-Forwarded-For": "192.0.2.1"}
        assert (await api.client.get("/languages", headers=headers)).status_code == 200


async def test_while_redis_is_away_nobody_new_is_let_in(api: ApiOfTest) -> None:
    known, unknown = api.keys.make(), api.keys.make()
    assert (await api.client.get("/languages", headers=bearer(known))).status_code == 200

    api.keys.away = True
    assert (await api.client.get("/languages", headers=bearer(known))).status_code == 200
    answer = await api.client.get("/languages", headers=bearer(unknown))
    assert (answer.status_code, answer.json()["type"]) == (503, Kind.QUEUE_UNAVAILABLE.type)
    assert "password" not in answer.text
    assert answer.headers["retry-after"]


async def test_no_token_is_in_a_log_a_metric_or_an_answer(api: ApiOfTest) -> None:
    good, wrong = api.keys.make(), Token.mint()
    said = io.StringIO()
    with redirect_stdout(said):
        log.configure("api", "json", "debug")
        answers = [
            await api.client.post("/submit", json=BODY, headers=bearer(good)),
            await api.client.get("/languages", headers=bearer(wrong)),
            await api.client.get("/languages", headers=bearer(api.keys.make(Scope.SUBMIT))),
            await api.client.get("/nowhere", headers=bearer(good)),
            await api.client.get("/metrics", headers=bearer(good)),
        ]
    assert [answer.status_code for answer in answers] == [202, 401, 403, 404, 200]
    assert "job_submitted" in said.getvalue()
    seen = said.getvalue() + "".join(answer.text + str(answer.headers) for answer in answers)
    for token in (good, wrong):
        assert token.secret not in seen
        assert token.digest not in seen


def test_a_caller_sees_its_own_and_an_admin_all() -> None:
    mine, nobody = Caller("a" * 12), Caller()
    admin = Caller("b" * 12, frozenset({Scope.ADMIN}))
    assert [mine.may_see(owner) for owner in ("a" * 12, "b" * 12, "")] == [True, False, False]
    assert [nobody.may_see(owner) for owner in ("a" * 12, "")] == [False, True]
    assert all(admin.may_see(owner) for owner in ("a" * 12, "b" * 12, ""))
    assert (mine.admin, nobody.admin, admin.admin) == (False, False, True)


async def test_a_caller_has_the_quota_of_its_key(api: ApiOfTest) -> None:
    token = api.keys.make(jobs_per_minute=600, open_max=1000)
    seen: list[Caller] = []

    async def languages(request: Request) -> Response:
        seen.append(caller_of(request))
        return Response()

    route = APIRoute("/languages", languages, dependencies=api.app.router.dependencies)
    api.app.router.routes.insert(0, route)
    await api.client.get("/languages", headers=bearer(token))
    assert seen == [Caller(token.key_id, frozenset({Scope.SUBMIT, Scope.READ}), Quota(600, 1000))]


def test_what_is_left_of_a_rate_is_said_in_headers() -> None:
    caller = Caller("a" * 12, quota=Quota(jobs_per_minute=600, open_max=1000))
    said = caller.rate_limit(Allowance(remaining=599, reset_s=1))
    assert said == {"RateLimit-Policy": '"jobs";q=600;w=60', "RateLimit": '"jobs";r=599;t=1'}
    assert caller.rate_limit(None) == {}


def test_beyond_the_quota_it_is_told_when_to_come_back() -> None:
    caller = Caller("a" * 12, quota=Quota(jobs_per_minute=600, open_max=1000))
    error = QuotaExceeded("600 jobs a minute", 3, Allowance(0, 60))
    problem = caller.over_quota(error)
    assert (problem.kind.status, problem.to_json()["detail"]) == (
        429,
        "600 jobs a minute",
    )
    assert problem.headers == {
        "Retry-After": "3",
        "RateLimit-Policy": '"jobs";q=600;w=60',
        "RateLimit": '"jobs";r=0;t=60',
    }
    assert caller.over_quota(QuotaExceeded("1000 are open", 0)).headers == {"Retry-After": "1"}


# --- the keys that one process knows -------------------------------------------------------------


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys() -> KeysOfTest:
    return KeysOfTest()


@pytest.fixture
def ring(keys: KeysOfTest, clock: Clock) -> KeyRing:
    return KeyRing(keys.find, clock)


async def test_a_key_in_use_is_asked_for_once_in_a_while(
    ring: KeyRing, keys: KeysOfTest, clock: Clock
) -> None:
    token = keys.make()
    for _ in range(8):
        assert await ring.proven_by(token) == keys.stored[token.key_id]
        clock.now_s += FRESH_S / 8
    assert len(keys.asked) == 1
    await ring.proven_by(token)
    assert len(keys.asked) == 2


async def test_a_revoked_key_is_known_for_five_seconds_at_most(
    ring: KeyRing, keys: KeysOfTest, clock: Clock
) -> None:
    token = keys.make()
    assert await ring.proven_by(token)
    del keys.stored[token.key_id]
    clock.now_s += FRESH_S - 0.1
    assert await ring.proven_by(token)
    clock.now_s += 0.1
    assert await ring.proven_by(token) is None
    assert FRESH_S == 5


async def test_a_rotated_key_is_known_by_its_new_token_at_once(ring: KeyRing, keys: KeysOfTest) -> None:
    old = keys.make()
    assert await ring.proven_by(old)
    new = keys.rotate(old.key_id)
    assert await ring.proven_by(new)
    assert await ring.proven_by(old) is None


async def test_who_asks_for_one_key_at_one_time_shares_a_question(keys: KeysOfTest, clock: Clock) -> None:
    token, gate = keys.make(), asyncio.Event()

    async def find(key_id: str) -> ApiKey | None:
        await gate.wait()
        return await keys.find(key_id)

    ring = KeyRing(find, clock)
    asking = [asyncio.create_task(ring.proven_by(token)) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one of them has left
    gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [keys.stored[token.key_id]] * 49
    assert keys.asked == [token.key_id]


async def test_a_question_that_failed_is_asked_again(ring: KeyRing, keys: KeysOfTest, clock: Clock) -> None:
    token = keys.make()
    keys.away = True
    with pytest.raises(QueueUnavailable):
        await ring.proven_by(token)
    keys.away = False
    assert await ring.proven_by(token)
    clock.now_s += FRESH_S
    keys.away = True  # what is not fresh any more is not believed
    with pytest.raises(QueueUnavailable):
        await ring.proven_by(token)


async def test_those_who_guess_are_not_asked_for_without_bound(
    ring: KeyRing, keys: KeysOfTest, clock: Clock
) -> None:
    used = keys.make()
    assert await ring.proven_by(used)
    guesses = [Token.mint() for _ in range(1000)] + [Token.mint(used.key_id) for _ in range(1000)]

    async def refusals() -> list[Problem]:
        found = [await asyncio.gather(ring.proven_by(guess), return_exceptions=True) for guess in guesses]
        assert all(answer is None or isinstance(answer, Problem) for (answer,) in found)
        return [answer for (answer,) in found if isinstance(answer, Problem)]

    refused = await refusals()
    assert len(keys.asked) == 1 + GUESSES_AT_ONCE
    assert len(refused) == len(guesses) - GUESSES_AT_ONCE
    assert {problem.kind for problem in refused} == {Kind.KEYS_BUSY}
    assert refused[0].headers == {"Retry-After": "1"}
    for _ in range(3):  # who is known does not feel it, also when it is time to ask again
        assert await ring.proven_by(used)
        clock.now_s += FRESH_S
        assert await refusals()


async def test_good_keys_are_no_guesses(ring: KeyRing, keys: KeysOfTest) -> None:
    for _ in range(3 * int(GUESSES_AT_ONCE)):
        assert await ring.proven_by(keys.make())
