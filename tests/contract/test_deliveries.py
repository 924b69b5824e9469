"""What deliveries promise, held by the fake and by Redis alike."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fleet.deliveries import Attempted, Delivery, DeliveryState, Sending, Share
from fleet.redis_client import RedisClients
from tests.contract.deliveries_harness import (
    KEEP_S,
    DeliveriesHarness,
    FakeDeliveriesHarness,
    RedisDeliveriesHarness,
)

SHARE = Share(lease_s=30, receiver_max=2, owner_max=4, attempts_max=3)
ONE, OTHER = "https://one.example/hook", "https://other.example/hook"
PENDING, DELIVERED, DEAD = DeliveryState
GOOD = Attempted(DELIVERED, "it answered 204", 204, 12)
LATER = Attempted(PENDING, "it answered 500", 500, 7, pause_s=60)
NEVER = Attempted(DEAD, "it answered 410", 410, 3)


@pytest.fixture(params=["fake", "redis"])
def here(request: pytest.FixtureRequest) -> DeliveriesHarness:
    """Each implementation in turn."""
    if request.param == "fake":
        return FakeDeliveriesHarness()
    clients: RedisClients = request.getfixturevalue("clients")
    return RedisDeliveriesHarness(clients)


async def claim(
    here: DeliveriesHarness, want: int = 10, busy: Mapping[str, int] | None = None
) -> list[Sending]:
    return list((await here.deliveries.claim(want, SHARE, busy or {})).sendings)


async def known(here: DeliveriesHarness, delivery_id: str) -> Delivery:
    found = await here.deliveries.get(delivery_id)
    assert found
    return found


async def ids(here: DeliveriesHarness, owner: str | None, *states: DeliveryState, **page: int) -> list[str]:
    found = await here.deliveries.listed(owner, states or tuple(DeliveryState), **page)
    return [delivery.delivery_id for delivery in found]


async def test_what_is_to_be_told_is_leased_once(here: DeliveriesHarness) -> None:
    made = await here.add(ONE, owner="a")
    (sending,) = await claim(here)
    assert (sending.delivery_id, sending.owner, sending.url, sending.attempt) == (made, "a", ONE, 1)
    assert sending.event == "job.done"
    assert sending.body == (await known(here, made)).body.encode()
    assert await claim(here) == []
    waiting = await known(here, made)
    assert (waiting.state, waiting.attempts, waiting.history) == (PENDING, 1, ())


async def test_a_delivered_one_is_sent_no_more(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    (sending,) = await claim(here)
    assert await here.deliveries.settle(sending, GOOD)
    await here.advance(KEEP_S / 2)
    assert await claim(here) == []
    found = await known(here, made)
    assert (found.state, found.attempts, found.due_at_ms) == (DELIVERED, 1, None)
    (attempt,) = found.history
    assert (attempt.number, attempt.status, attempt.took_ms, attempt.reason) == (1, 204, 12, GOOD.reason)


async def test_a_failed_attempt_is_made_again_after_its_pause(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    (sending,) = await claim(here)
    assert await here.deliveries.settle(sending, LATER)
    assert await claim(here) == []
    await here.advance(59)
    assert await claim(here) == []
    await here.advance(1)
    (again,) = await claim(here)
    assert (again.delivery_id, again.attempt, again.body) == (made, 2, sending.body)
    assert await here.deliveries.settle(again, NEVER)
    found = await known(here, made)
    assert found.state is DEAD
    assert [(attempt.number, attempt.status) for attempt in found.history] == [(1, 500), (2, 410)]


async def test_no_answer_is_told_from_an_answer(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    (sending,) = await claim(here)
    await here.deliveries.settle(sending, Attempted(PENDING, "it refuses connections", pause_s=1))
    (attempt,) = (await known(here, made)).history
    assert attempt.status is None


async def test_a_sender_that_is_gone_has_its_delivery_sent_again(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    (gone,) = await claim(here)
    await here.advance(29)
    assert await claim(here) == []
    await here.advance(1)
    (again,) = await claim(here)
    assert (again.delivery_id, again.attempt) == (made, 2)
    assert again.fence != gone.fence
    assert not await here.deliveries.settle(gone, GOOD)
    assert (await known(here, made)).state is PENDING
    assert await here.deliveries.settle(again, GOOD)
    assert (await known(here, made)).state is DELIVERED


async def test_a_late_word_counts_while_nobody_else_has_the_lease(here: DeliveriesHarness) -> None:
    await here.add(ONE)
    (sending,) = await claim(here)
    await here.advance(31)
    assert await here.deliveries.settle(sending, GOOD)
    assert await claim(here) == []


async def test_the_word_may_come_twice(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    (sending,) = await claim(here)
    assert await here.deliveries.settle(sending, LATER)
    assert await here.deliveries.settle(sending, LATER)
    assert len((await known(here, made)).history) == 1


async def test_what_kills_its_senders_ends_dead(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    for attempt in (1, 2, 3):
        (sending,) = await claim(here)
        assert sending.attempt == attempt
        await here.advance(30)
    assert await claim(here) == []
    found = await known(here, made)
    assert (found.state, found.attempts) == (DEAD, 3)
    assert "gone" in found.history[-1].reason


async def test_a_receiver_and_an_owner_have_their_share(here: DeliveriesHarness) -> None:
    for _ in range(5):
        await here.add(ONE, owner="a")
    await here.add("https://ONE.example:443/", owner="b")
    quick = await here.add(OTHER, owner="b")
    first = await claim(here)
    assert [s.owner for s in first].count("a") == SHARE.receiver_max
    assert quick in {sending.delivery_id for sending in first}
    busy = {sending.receiver: SHARE.receiver_max for sending in first if sending.owner == "a"}
    assert len(busy) == 1
    assert await claim(here, busy=busy) == []
    assert len(await claim(here, busy=dict.fromkeys(busy, 1))) == 1


async def test_an_owner_with_many_hosts_leaves_room_for_others(here: DeliveriesHarness) -> None:
    for host in range(9):
        await here.add(f"https://h{host}.example/", owner="a")
    lone = await here.add(ONE, owner="b")
    taken = await claim(here)
    assert [sending.owner for sending in taken].count("a") == SHARE.owner_max
    assert lone in {sending.delivery_id for sending in taken}


async def test_who_has_their_share_hides_nobody_behind_them(here: DeliveriesHarness) -> None:
    for host in range(SHARE.owner_max + 3):
        await here.add(f"https://h{host}.example/", owner="a")
    await here.advance(1)
    lone = await here.add(ONE, owner="b")
    busy = {sending.receiver: 1 for sending in await claim(here, SHARE.owner_max)}
    assert len(busy) == SHARE.owner_max
    (sending,) = await claim(here, 1, busy)
    assert sending.delivery_id == lone


async def test_a_full_receiver_hides_no_other_of_its_owner(here: DeliveriesHarness) -> None:
    for _ in range(SHARE.receiver_max + 1):
        await here.add(ONE, owner="a")
    await here.advance(1)
    other = await here.add(OTHER, owner="a")
    full = await claim(here, SHARE.receiver_max)
    busy = {full[0].receiver: SHARE.receiver_max}
    (sending,) = await claim(here, 1, busy)
    assert sending.delivery_id == other


async def test_no_more_are_leased_than_wanted(here: DeliveriesHarness) -> None:
    for _ in range(4):
        await here.add(ONE)
    assert len(await claim(here, 1)) == 1
    assert len(await claim(here, 1)) == 1


async def test_a_claim_tells_what_waits(here: DeliveriesHarness) -> None:
    nothing = await here.deliveries.claim(1, SHARE, {})
    assert (nothing.next_s, nothing.pending, nothing.dead, nothing.oldest_s) == (None, 0, 0, 0)
    await here.add(ONE)
    await here.add(ONE)
    (one, two) = await claim(here)
    await here.deliveries.settle(one, NEVER)
    await here.deliveries.settle(two, LATER)
    await here.advance(20)
    told = await here.deliveries.claim(1, SHARE, {})
    assert (told.pending, told.dead) == (1, 1)
    assert told.next_s is not None
    assert 35 < told.next_s <= 40
    assert 20 <= told.oldest_s < 25


async def test_they_are_listed_by_owner_and_state_the_latest_first(here: DeliveriesHarness) -> None:
    mine = []
    for url in (ONE, OTHER, ONE):
        mine.append(await here.add(url, owner="a"))
        await here.advance(1)
    theirs = await here.add(ONE, owner="b")
    await here.advance(1)
    assert await ids(here, "a") == mine[::-1]
    assert await ids(here, "b") == [theirs]
    assert await ids(here, None) == [theirs, *mine[::-1]]
    assert await ids(here, "") == []
    for sending in await claim(here):
        if sending.delivery_id == mine[0]:
            await here.deliveries.settle(sending, GOOD)
        if sending.delivery_id == mine[1]:
            await here.advance(1)
            await here.deliveries.settle(sending, NEVER)
    assert await ids(here, "a", PENDING) == [mine[2]]
    assert await ids(here, "a", DELIVERED) == [mine[0]]
    assert set(await ids(here, "a", DEAD, DELIVERED)) == {mine[1], mine[0]}
    assert await ids(here, "b", DEAD) == []
    every = await ids(here, None)
    assert await ids(here, None, first=1, count=2) == every[1:3]
    assert await ids(here, None, first=9) == []


@pytest.mark.parametrize("word", [GOOD, NEVER])
async def test_an_ended_one_can_be_sent_anew(here: DeliveriesHarness, word: Attempted) -> None:
    made = await here.add(ONE)
    (sending,) = await claim(here)
    await here.deliveries.settle(sending, word)
    assert await here.deliveries.redeliver(made)
    waiting = await known(here, made)
    assert (waiting.state, waiting.attempts, waiting.history) == (PENDING, 0, ())
    assert await ids(here, "", word.state) == []
    assert await ids(here, "", PENDING) == [made]
    (again,) = await claim(here)
    assert (again.delivery_id, again.attempt, again.body) == (made, 1, sending.body)
    assert await here.deliveries.redeliver(made)  # a sender has it: nothing changes
    assert await claim(here) == []
    assert await here.deliveries.settle(again, GOOD)


async def test_sent_anew_it_has_no_past(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    for word in (LATER, NEVER):
        (sending,) = await claim(here)
        await here.deliveries.settle(sending, word)
        await here.advance(60)
    await here.deliveries.redeliver(made)
    (sending,) = await claim(here)
    await here.deliveries.settle(sending, LATER)
    await here.advance(60)
    await claim(here)
    found = await known(here, made)
    assert (found.attempts, [attempt.number for attempt in found.history]) == (2, [1])


async def test_one_that_pauses_can_be_sent_at_once(here: DeliveriesHarness) -> None:
    made = await here.add(ONE)
    (sending,) = await claim(here)
    await here.deliveries.settle(sending, LATER)
    assert await here.deliveries.redeliver(made)
    (again,) = await claim(here)
    assert (again.delivery_id, again.attempt) == (made, 2)


@pytest.mark.parametrize("unknown", ["0" * 32, "", "x", "../..", "*", "a" * 33, "\n"])
async def test_an_unknown_one_is_unknown(here: DeliveriesHarness, unknown: str) -> None:
    assert await here.deliveries.get(unknown) is None
    assert not await here.deliveries.redeliver(unknown)
