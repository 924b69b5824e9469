"""Waiting ends with news, with time, with the client, or with the API: never by polling."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Request

from api.body import BodyReader
from api.problems import Problem
from api.waiters import Waiter, Waiters, ends_with_client


def _soon() -> float:
    return asyncio.get_running_loop().time() + 30


def request_of(*messages: dict[str, Any], **headers: str) -> Request:
    """A request whose client sends ``messages``, then nothing, then nothing more."""
    to_come = list(messages)

    async def receive() -> dict[str, Any]:
        if to_come:
            return to_come.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_wake_that_came_first_counts() -> None:
    waiter = Waiter()
    waiter.wake()
    assert await waiter.woken(_soon())
    assert not await waiter.woken(asyncio.get_running_loop().time())


async def test_waiters_of_one_job_are_woken_together_and_forgotten() -> None:
    waiters = Waiters(3)
    with waiters.waiting("a") as one, waiters.waiting("a") as two, waiters.waiting("b") as other:
        assert one
        assert two
        assert other
        assert len(waiters) == 3
        with waiters.waiting("c") as too_many:
            assert too_many is None
        waiters.close()
        assert [await waiter.woken(_soon()) for waiter in (one, two, other)] == [False] * 3
    assert len(waiters) == 0


async def test_a_client_that_leaves_ends_the_wait() -> None:
    waiter = Waiter()
    async with ends_with_client(waiter, request_of(piece(b"rest", more=False), {"type": "http.disconnect"})):
        assert not await waiter.woken(_soon())


async def test_a_client_that_stays_ends_nothing() -> None:
    waiter = Waiter()
    async with ends_with_client(waiter, request_of()):
        waiter.wake()
        assert await waiter.woken(_soon())


async def test_a_body_that_stops_coming_is_408_and_what_was_held_is_free_again() -> None:
    bodies = BodyReader(100, 0.01, 100)
    request = request_of(piece(b"{"), content_type="application/json")
    with pytest.raises(Problem) as refused:
        await bodies.read(request)
    assert (refused.value.kind.status, refused.value.headers) == (408, {"Connection": "close"})
    assert bodies.held_bytes == 0


async def test_a_body_is_cut_off_where_it_passes_the_bound() -> None:
    bodies = BodyReader(100, 30, 1000)
    request = request_of(piece(b"x" * 60), piece(b"x" * 60), content_type="application/json")
    with pytest.raises(Problem) as refused:
        await bodies.read(request)
    assert refused.value.kind.status == 413
    assert bodies.held_bytes == 0


@pytest.mark.parametrize("length", ["101", "9" * 30])
async def test_a_length_that_is_announced_is_believed_before_a_byte_is_read(length: str) -> None:
    request = request_of(content_type="application/json", content_length=length)
    with pytest.raises(Problem) as refused:
        await BodyReader(100, 30, 1000).read(request)
    assert refused.value.kind.status == 413


async def test_bodies_are_bounded_in_sum() -> None:
    bodies = BodyReader(100, 30, 150)
    first = asyncio.create_task(bodies.read(request_of(piece(b"x" * 90), content_type="application/json")))
    async with asyncio.timeout(5):
        while bodies.held_bytes != 90:
            await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await bodies.read(request_of(piece(b"x" * 90, more=False), content_type="application/json"))
    assert refused.value.kind.slug == "busy"
    first.cancel()
    await asyncio.wait([first])
    assert bodies.held_bytes == 0
