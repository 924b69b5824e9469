"""Definitions of problems, and what is told of a running job, on every implementation of the queue."""

from __future__ import annotations

import json

import pytest

from fleet.errors import ProblemsFull
from fleet.judging import digest_of
from fleet.queue import Claim, Fail, Finish, Queue
from fleet.testing import a_job_id, a_worker
from tests.contract.queue_harness import (
    LEASE_S,
    PROBLEMS_BYTES_MAX,
    PROBLEMS_MAX,
    WORDS,
    Harness,
    put,
    result,
    take,
)

DEFINITION = '{"tests":[{"expected":"é😀\\n"}]}'
HOSTILE_IDS = ["p", "a/b", ":*?[]{}", "é\U0001f600", "x" * 128, "problems", "0" * 32]


pytestmark = pytest.mark.usefixtures("conserved")


async def all_told(queue: Queue, job_id: str, after: str = "") -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    while page := await queue.told(job_id, after):
        told += page
        after = page[-1][0]
    return told


async def texts_told(queue: Queue, claim: Claim) -> list[str]:
    return [text for _, text in await all_told(queue, claim.job_id)]


# --- definitions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("problem_id", HOSTILE_IDS)
async def test_a_definition_is_stored_replaced_and_forgotten(queue: Queue, problem_id: str) -> None:
    assert await queue.definition(problem_id) is None
    assert await queue.undefine(problem_id) is False
    for text, new in ((DEFINITION, True), ("{}", False), (DEFINITION, False)):
        defined = await queue.define(problem_id, text)
        assert (defined.digest, defined.new) == (digest_of(text), new)
        assert await queue.definition(problem_id) == (digest_of(text), text)
    assert await queue.definition(problem_id + "x") is None
    assert await queue.undefine(problem_id) is True
    assert await queue.undefine(problem_id) is False
    assert await queue.definition(problem_id) is None
    assert (await queue.define(problem_id, DEFINITION)).new is True


async def test_a_claim_says_what_its_problem_is_judged_by_at_that_moment(
    harness: Harness, queue: Queue
) -> None:
    foreign = json.dumps({"problemId": "é", "code": "1", "language": "tongue"}).encode()
    await put(queue, problem_id="é")
    await put(queue, problem_id="other")
    assert [claim.definition for claim in await queue.claim("w1", WORDS, 2)] == ["", ""]

    await queue.define("é", DEFINITION)
    await harness.push(foreign, b"garbage")
    await put(queue, problem_id="é")
    await put(queue, problem_id="other")
    claims = await queue.claim("w1", WORDS, 9)
    assert len(claims) == 4
    assert sorted(claim.definition for claim in claims) == ["", "", *[digest_of(DEFINITION)] * 2]

    judged = next(claim for claim in claims if claim.definition)
    await queue.define("é", "{}")
    await queue.release("w1", [judged])
    assert (await take(queue)).definition == digest_of("{}")
    await queue.undefine("é")
    await put(queue, problem_id="é")
    assert (await take(queue)).definition == ""


async def test_no_more_problems_are_stored_than_the_bound(queue: Queue) -> None:
    for number in range(PROBLEMS_MAX):
        await queue.define(f"p{number}", DEFINITION)
    with pytest.raises(ProblemsFull):
        await queue.define("one more", DEFINITION)
    assert await queue.definition("one more") is None
    assert (await queue.define("p0", "{}")).new is False  # there is room for what replaces another
    assert await queue.undefine("p1") is True
    assert (await queue.define("one more", DEFINITION)).new is True


async def test_no_more_bytes_of_them_are_stored_than_the_bound(queue: Queue) -> None:
    half = "é" * (PROBLEMS_BYTES_MAX // 4)
    await queue.define("a", half)
    await queue.define("b", half)
    with pytest.raises(ProblemsFull):
        await queue.define("c", "x")
    with pytest.raises(ProblemsFull):
        await queue.define("a", half + "x")
    assert await queue.definition("a") == (digest_of(half), half)
    await queue.define("a", half[:-1])
    await queue.define("c", "xx")
    await queue.undefine("b")
    await queue.define("d", half)
    with pytest.raises(ProblemsFull):
        await queue.define("e", "x")


# --- what is told of a running job ---------------------------------------------------------------


async def test_what_is_told_is_read_in_its_order_and_from_anywhere(queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    assert await queue.told(claim.job_id) == []
    assert await queue.progress(claim, ['{"index":0}', '{"index":1}'])
    assert await queue.progress(claim, ['{"index":2,"stdout":"é😀"}'])
    rows = await queue.told(claim.job_id)
    assert [text for _, text in rows] == ['{"index":0}', '{"index":1}', '{"index":2,"stdout":"é😀"}']
    assert len({event_id for event_id, _ in rows}) == 3
    for number, (event_id, _) in enumerate(rows):
        assert await queue.told(claim.job_id, event_id) == rows[number + 1 :]
    assert await queue.told(a_job_id()) == []


async def test_the_same_call_again_tells_nothing_twice(queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    for events in (["1", "2"], ["1", "2"], ["3"], ["3"], ["1", "2"]):
        assert await queue.progress(claim, events)
    assert await texts_told(queue, claim) == ["1", "2", "3", "1", "2"]


async def test_telling_nothing_only_asks_whether_the_lease_holds(queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    assert await queue.progress(claim, []) is True
    await queue.release("w1", [claim])
    assert await queue.progress(claim, []) is False
    assert await queue.told(claim.job_id) == []


async def test_who_lost_the_lease_tells_nothing(harness: Harness, queue: Queue) -> None:
    await put(queue)
    late = await take(queue)
    assert await queue.progress(late, ["early"])
    await harness.advance(LEASE_S + 1)
    await queue.reap()
    assert not await queue.progress(late, ["late"])
    current = await take(queue)
    assert current.job_id == late.job_id
    assert not await queue.progress(late, ["later"])
    assert await queue.progress(current, ["early"])  # another run says the same: it is told again
    assert await texts_told(queue, current) == ["early", "early"]


@pytest.mark.parametrize("way", ["finish", "fail", "last fail", "release"])
async def test_a_lease_that_ended_tells_nothing_more(queue: Queue, way: str) -> None:
    await put(queue)
    claim = await take(queue)
    assert await queue.progress(claim, ["1"])
    if way == "finish":
        assert await queue.finish(claim, result(claim)) is Finish.OK
    elif way == "release":
        assert await queue.release("w1", [claim]) == 1
    else:
        most = 1 if way == "last fail" else 3
        assert await queue.fail(claim, "engine", result(claim), attempts_max=most) is not Fail.STALE
    assert not await queue.progress(claim, ["2"])
    assert await texts_told(queue, claim) == ["1"]  # and what was told can still be read


async def test_of_a_job_only_about_the_last_thousand_are_kept(queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    for first in range(0, 3_000, 300):
        assert await queue.progress(claim, [str(number) for number in range(first, first + 300)])
    texts = await texts_told(queue, claim)
    assert 1024 <= len(texts) <= 1200
    assert texts == [str(number) for number in range(3_000 - len(texts), 3_000)]


async def test_an_event_that_is_too_large_is_left_out(queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    fits = "x" * 16_384
    assert await queue.progress(claim, ["1", fits + "x", fits, "é" * 8_193, "2"])
    assert await texts_told(queue, claim) == ["1", fits, "2"]


async def test_a_page_is_bounded(queue: Queue) -> None:
    await put(queue)
    claim = await take(queue)
    await queue.progress(claim, [str(number) for number in range(150)])
    assert len(await queue.told(claim.job_id)) == 64
    assert await texts_told(queue, claim) == [str(number) for number in range(150)]


# --- languages -----------------------------------------------------------------------------------


async def test_a_word_that_was_announced_stays_known(queue: Queue) -> None:
    await queue.register(a_worker("w2", "other"))
    known = {"tongue": "tongue", "tg": "tongue", "other": "other"}
    assert await queue.languages() == known
    await queue.unregister("w2")
    await queue.unregister("w1")
    assert await queue.languages() == known
