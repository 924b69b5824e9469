"""What each address asks of a key: every one of them, tried with each key there may be."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.access import NEEDS, OPEN
from api.problems import Kind
from api.testing import ApiOfTest, api_of_test, bearer
from fleet.api_keys import Scope
from setup import openapi

# Once more, by hand: what is open, and what a key that may only read must not do.
OPEN_TO_ALL = {
    *("GET /", "GET /docs", "GET /docs/assets/{name}", "GET /favicon.ico"),
    *("GET /healthz", "GET /readyz"),
}
READING = {"GET", "HEAD"}
FILLED = {"{name}": "docs.js", "{jobId}": "0" * 32}


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test(keys="required") as made:
        yield made


def routes(app: FastAPI) -> Iterator[str]:
    """Every address of the API, whether it is described or not."""
    for included in app.routes:
        nested = getattr(included, "original_router", None)
        for route in nested.routes if nested else [included]:
            for method in getattr(route, "methods", None) or ():
                if isinstance(route, APIRoute):
                    yield f"{method} {route.path_format}"


async def ask(api: ApiOfTest, address: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    method, _, path = address.partition(" ")
    filled = re.sub(r"{\w+}", lambda found: FILLED.get(found[0], "x"), path)
    return await api.client.request(
        method, filled, headers=headers or {}, json={} if method == "PUT" else None
    )


def foreign(address: str) -> bool:
    """Whether it tells errors in the form of another API."""
    return address.partition(" ")[2].startswith(("/piston/", "/judge0/"))


def check_refused(answer: httpx2.Response, address: str, kind: Kind) -> None:
    assert answer.status_code == kind.status
    if foreign(address):
        assert list(answer.json()) in (["message"], ["error"])
    else:
        assert answer.json()["type"] == kind.type


def test_the_table_has_every_address_and_no_other(api: ApiOfTest) -> None:
    found = set(routes(api.app))
    assert "POST /submit" in found
    assert "GET /" in found
    assert found == set(NEEDS)


def test_what_is_open_is_known_and_little() -> None:
    assert {address for address, scope in NEEDS.items() if scope is OPEN} == OPEN_TO_ALL


def test_a_key_that_may_read_changes_nothing() -> None:
    writing = {address for address in NEEDS if address.split()[0] not in READING}
    assert {address for address in writing if NEEDS[address] is Scope.READ} == set()


@pytest.mark.parametrize("address", sorted(NEEDS))
async def test_without_a_key(api: ApiOfTest, address: str) -> None:
    answer = await ask(api, address)
    if NEEDS[address] is OPEN:
        assert answer.status_code == 200
        return
    check_refused(answer, address, Kind.KEY_REQUIRED)
    assert answer.headers["www-authenticate"] == 'Bearer realm="sandfleet"'
    assert api.keys.asked == []


@pytest.mark.parametrize("address", sorted(address for address in NEEDS if NEEDS[address]))
@pytest.mark.parametrize("scope", Scope)
async def test_with_a_key_of_each_scope(api: ApiOfTest, address: str, scope: Scope) -> None:
    needed = NEEDS[address]
    answer = await ask(api, address, bearer(api.keys.make(scope)))
    if scope in (needed, Scope.ADMIN):
        assert answer.status_code not in (401, 403)
        return
    check_refused(answer, address, Kind.SCOPE)
    assert f"the scope {needed}; the one that was sent has {scope}" in answer.text
    assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["www-authenticate"]


async def test_an_address_without_a_line_is_not_answered(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(NEEDS, "GET /languages")
    answer = await ask(api, "GET /languages", bearer(api.keys.make(Scope.ADMIN)))
    assert answer.status_code == 500
    assert "tongue" not in answer.text


async def test_what_there_is_not_needs_no_key(api: ApiOfTest) -> None:
    assert (await api.client.get("/nowhere")).status_code == 404
    assert (await api.client.get("/submit")).status_code == 405


async def test_every_address_is_described_with_its_scope_and_how_it_refuses(api: ApiOfTest) -> None:
    document = (await api.client.get("/openapi.json")).json()
    described = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(described) <= set(NEEDS)
    for address, operation in described.items():
        scope = NEEDS[address]
        if scope is OPEN:
            assert operation["security"] == []
            assert {"401", "403"}.isdisjoint(operation["responses"])
            continue
        assert operation["security"] == [{"apiKey": [scope]}]
        if foreign(address):
            assert {"401", "403", "503"} <= set(operation["responses"])
            continue
        for kind in (Kind.KEY_REQUIRED, Kind.SCOPE, Kind.KEYS_BUSY, Kind.QUEUE_UNAVAILABLE):
            (content,) = operation["responses"][str(kind.status)]["content"].values()
            assert content["examples"][kind.slug]["value"]["type"] == kind.type
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


async def test_an_open_api_describes_keys_as_a_choice() -> None:
    async with api_of_test() as api:
        document = (await api.client.get("/openapi.json")).json()
    assert document["paths"]["/submit"]["post"]["security"] == [{"apiKey": ["submit"]}, {}]
    kept = openapi.document()["paths"]["/submit"]["post"]
    assert kept["security"] == [{"apiKey": ["submit"]}]
