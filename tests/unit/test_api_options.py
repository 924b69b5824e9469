"""Fields of a submit beside the job itself: when it runs, how long what is kept, whom to tell."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.options import NO_OPTIONS, OPTION_FIELDS, Options, Terms
from api.schemas.requests import SubmitRequest
from api.testing import BODY, ApiOfTest, api_of_test
from fleet.errors import InvalidJob
from fleet.job import iso_utc
from fleet.queue import Order
from fleet.webhooks import Policy
from tests.unit.test_api_submit import _JSON, check_problem

TERMS = Terms(webhooks=Policy())
SECRET = "s" * 32


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test(webhook_secret=SECRET) as made:
        yield made


def soon(seconds: float) -> str:
    return iso_utc((time.time() + seconds) * 1000)


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        ({}, NO_OPTIONS),
        (dict.fromkeys(OPTION_FIELDS), NO_OPTIONS),
        ({"runAt": "2020-01-02T03:04:05Z"}, Options(run_at_ms=1_577_934_245_000)),
        ({"runAt": "2020-01-02t05:04:05.0679+02:00"}, Options(run_at_ms=1_577_934_245_067)),
        ({"runAt": "0001-01-01T00:00:00+14:00"}, NO_OPTIONS),
        ({"delaySeconds": 0}, NO_OPTIONS),
        ({"delaySeconds": 1.5}, Options(delay_ms=1500)),
        ({"delaySeconds": 604_800}, Options(delay_ms=604_800_000)),
        ({"ttlSeconds": 60}, Options(ttl_s=60)),
        ({"ttlSeconds": 86_400}, Options(ttl_s=86_400)),
        ({"store": "none"}, NO_OPTIONS),
        ({"store": "source"}, Options(keep_source=True)),
        ({"callbackUrl": "https://example.com"}, Options(callback="https://example.com")),
        ({"callbackUrl": "http://a.example:8080/a?b=c"}, Options(callback="http://a.example:8080/a?b=c")),
    ],
)
def test_what_options_mean(raw: dict[str, Any], options: Options) -> None:
    assert Options.read(raw, TERMS) == options


BAD: list[tuple[dict[str, Any], str]] = [
    ({"runAt": 7}, "runAt"),
    ({"runAt": ""}, "runAt"),
    ({"runAt": "now"}, "runAt"),
    ({"runAt": "2020-01-02"}, "runAt"),
    ({"runAt": "2020-01-02T03:04:05"}, "runAt"),
    ({"runAt": "2020-W01-1T03:04:05Z"}, "runAt"),
    ({"runAt": "2020-01-02T03:04:05Z\n"}, "runAt"),
    ({"runAt": "٢٠٢٠-01-02T03:04:05Z"}, "runAt"),
    ({"delaySeconds": "1"}, "delaySeconds"),
    ({"delaySeconds": True}, "delaySeconds"),
    ({"delaySeconds": -0.001}, "delaySeconds"),
    ({"ttlSeconds": 60.5}, "ttlSeconds"),
    ({"ttlSeconds": "60"}, "ttlSeconds"),
    ({"ttlSeconds": False}, "ttlSeconds"),
    ({"store": "all"}, "store"),
    ({"store": True}, "store"),
    ({"store": ["source"]}, "store"),
    ({"callbackUrl": 7}, "callbackUrl"),
    ({"callbackUrl": ""}, "callbackUrl"),
    ({"callbackUrl": "example.com"}, "callbackUrl"),
    ({"callbackUrl": "ftp://example.com"}, "callbackUrl"),
    ({"callbackUrl": "javascript:alert(1)"}, "callbackUrl"),
    ({"callbackUrl": "file:///etc/passwd"}, "callbackUrl"),
    ({"callbackUrl": "http://"}, "callbackUrl"),
    ({"callbackUrl": "http://a b"}, "callbackUrl"),
    ({"callbackUrl": "http://a\r\nX: y"}, "callbackUrl"),
    ({"callbackUrl": "http://bücher.example"}, "callbackUrl"),
    ({"callbackUrl": "http://example.com/" + "a" * 2048}, "callbackUrl"),
]
# What the description cannot say.
BAD_TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({"runAt": "2020-13-02T03:04:05Z"}, "runAt"),
    ({"runAt": "2020-01-02T24:04:05Z"}, "runAt"),
    ({"runAt": "2020-01-02T03:04:05+24:00"}, "runAt"),
    ({"runAt": soon(700_000)}, "runAt"),
    ({"runAt": "9999-12-31T23:59:59-23:59"}, "runAt"),
    ({"runAt": "2020-01-02T03:04:05Z", "delaySeconds": 0}, "delaySeconds"),
    ({"delaySeconds": 604_800.5}, "delaySeconds"),
    ({"delaySeconds": 10**400}, "delaySeconds"),
    ({"ttlSeconds": 59}, "ttlSeconds"),
    ({"ttlSeconds": 86_401}, "ttlSeconds"),
    ({"ttlSeconds": 10**400}, "ttlSeconds"),
    ({"callbackUrl": "http://:80/"}, "callbackUrl"),
    ({"callbackUrl": "http://[::1"}, "callbackUrl"),
    ({"callbackUrl": "http://a:99999/"}, "callbackUrl"),
    ({"callbackUrl": "http://a:0/"}, "callbackUrl"),
    ({"callbackUrl": "http://a:x/"}, "callbackUrl"),
    ({"callbackUrl": "http://user@example.com/"}, "callbackUrl"),
    ({"callbackUrl": "https://:secret@example.com/"}, "callbackUrl"),
    ({"callbackUrl": "https://@example.com/"}, "callbackUrl"),
    ({"callbackUrl": "http://169.254.169.254/latest"}, "callbackUrl"),
    ({"callbackUrl": "http://127.0.0.1:8080/"}, "callbackUrl"),
    ({"callbackUrl": "http://localhost:8080/"}, "callbackUrl"),
]


@pytest.mark.parametrize(("changes", "field"), BAD + BAD_TOGETHER)
async def test_a_bad_option_is_named(api: ApiOfTest, changes: dict[str, Any], field: str) -> None:
    problem = check_problem(await api.client.post("/submit", json={**BODY, **changes}), 422, "invalid-job")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert field in problem["detail"]
    assert (await api.queue.audit()).accepted == 0


async def test_a_secret_in_a_refused_url_is_not_told(api: ApiOfTest) -> None:
    answer = await api.client.post("/submit", json={**BODY, "callbackUrl": "https://me:secret@example.com"})
    assert "secret" not in answer.text


@pytest.mark.parametrize("changes", [changes for changes, _ in BAD])
def test_the_described_shape_refuses_what_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SubmitRequest.model_validate({**BODY, **changes})


_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "runAt": st.datetimes().map(lambda at: at.isoformat() + "Z") | _JSON,
        "delaySeconds": st.floats(-1, 700_000) | st.integers(-1, 700_000) | _JSON,
        "ttlSeconds": st.integers(50, 90_000) | _JSON,
        "store": st.sampled_from(["source", "none", "all"]) | _JSON,
        "callbackUrl": st.from_regex(r"https?://[a-z@:\[\]0-9./]+") | _JSON,
    },
)


@settings(max_examples=400, deadline=None)
@given(_OPTIONS)
def test_the_described_shape_takes_all_that_is_accepted(raw: dict[str, Any]) -> None:
    try:
        options = Options.read(raw, TERMS)
    except InvalidJob:
        return
    SubmitRequest.model_validate({**BODY, **raw})
    assert 0 <= options.run_at_ms < 2**53
    assert 0 <= options.delay_ms <= TERMS.delay_s_max * 1000


async def test_options_arrive_with_the_order(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Order] = []
    enqueue = api.queue.enqueue

    async def noted(order: Order, **options: Any) -> Any:
        orders.append(order)
        return await enqueue(order, **options)

    monkeypatch.setattr(api.queue, "enqueue", noted)
    url = "https://example.com/done"
    await api.submit(delaySeconds=2, ttlSeconds=600, store="source", callbackUrl=url, priority="low")
    (order,) = orders
    assert (order.delay_ms, order.ttl_s, order.keep_source, order.callback) == (2000, 600, True, url)
    assert (str(order.lane), order.owner) == ("low", "")
    assert "callbackUrl" not in order.spec


async def test_a_job_with_a_time_of_its_own_says_when(api: ApiOfTest) -> None:
    at = soon(3600)
    accepted = (await api.client.post("/submit", json={**BODY, "runAt": at})).json()
    assert (accepted["position"], accepted["estimatedStart"], accepted["waiting"]) == (0, at, 0)
    record = (await api.client.get(accepted["links"]["self"])).json()
    assert (record["state"], record["runAt"], record["estimatedStart"]) == ("queued", at, at)
    assert await api.queue.claim("w1", ["tongue"], 1) == []


async def test_a_delay_counts_from_the_acceptance(api: ApiOfTest) -> None:
    accepted = (await api.client.post("/submit", json={**BODY, "delaySeconds": 90.5})).json()
    record = (await api.client.get(accepted["links"]["self"])).json()
    queued_at = (await api.queue.get(accepted["jobId"])).queued_at_ms  # type: ignore[union-attr]
    assert accepted["estimatedStart"] == record["runAt"] == iso_utc(queued_at + 90_500)
    api.queue.advance(91)
    assert len(await api.queue.claim("w1", ["tongue"], 1)) == 1


async def test_a_result_is_kept_as_long_as_was_asked(api: ApiOfTest) -> None:
    job_id = await api.submit(ttlSeconds=120)
    await api.run_next()
    api.queue.advance(119)
    assert (await api.client.get(f"/result/{job_id}")).status_code == 200
    api.queue.advance(2)
    assert (await api.client.get(f"/result/{job_id}")).status_code == 404


async def test_the_bounds_are_the_operators() -> None:
    async with api_of_test(retention_s=30, delay_s_max=10) as api:
        for changes in ({"ttlSeconds": 31}, {"ttlSeconds": 29}, {"delaySeconds": 11}, {"runAt": soon(20)}):
            answer = await api.client.post("/submit", json={**BODY, **changes})
            check_problem(answer, 422, "invalid-job")
        await api.submit(ttlSeconds=30, delaySeconds=10)
        shapes = (await api.client.get("/openapi.json")).json()["components"]["schemas"]
        submit = shapes["SubmitRequest"]["properties"]
        assert submit["ttlSeconds"]["anyOf"][0] == {"type": "integer", "minimum": 30, "maximum": 30}
        assert submit["delaySeconds"]["anyOf"][0]["maximum"] == 10


async def test_where_webhooks_are_off_none_is_accepted() -> None:
    async with api_of_test() as api:
        for path, body in (("/submit", BODY), ("/submit/batch", {"jobs": [BODY]})):
            answer = await api.client.post(path, json={**body, "callbackUrl": "https://example.com"})
            problem = check_problem(answer, 422, "invalid-job")
            assert problem["errors"][0]["field"] == "callbackUrl"


async def test_the_operator_may_allow_what_is_not_public() -> None:
    async with api_of_test(webhook_secret=SECRET, webhook_allow="10.1.0.0/16,receiver") as api:
        for host in ("10.1.2.3", "receiver:8000"):
            await api.submit(callbackUrl=f"http://{host}/hook")
        answer = await api.client.post("/submit", json={**BODY, "callbackUrl": "http://10.2.0.1/"})
        check_problem(answer, 422, "invalid-job")
