"""A short campaign of each kind on every run of the tests, and proof that the judges judge."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from api.problems import MEDIA_TYPE, Kind, Problem
from fleet.languages import read_languages
from tests.chaos.processes import ROOT
from tests.fuzz import frames_campaign, http_campaign, http_judge, init_campaign, items_campaign, outcome
from tests.fuzz.frames_target import READERS, Reader, close, one_input
from tests.fuzz.http_wire import Answer
from tests.fuzz.items import Items

LANGUAGE = read_languages(ROOT / "sandbox-images").popitem()[1]


# ---- init


@pytest.mark.skipif(
    init_campaign.compiler() is None, reason="gcc is not installed; the image of init compiles it"
)
def test_init_bears_whatever_was_ever_found() -> None:
    status, said = init_campaign.replay(init_campaign.compiler() or "")
    assert status == 0, said[-3000:]
    assert said.splitlines()[-1].endswith(" inputs")


def test_the_corpus_stays_small() -> None:
    inputs = [*init_campaign.CORPUS.iterdir(), *init_campaign.FOUND.iterdir()]
    assert 0 < len(inputs) < 200
    assert sum(path.stat().st_size for path in inputs) < 1 << 20


# ---- what a sandbox says


def test_readers_bear_any_bytes() -> None:
    seen = set()
    try:
        for recipe in frames_campaign.recipes(random.Random(17), 4000):  # noqa: S311
            one_input(recipe)
            seen.add(Reader(recipe).which)
    finally:
        close()
    assert seen == set(READERS)


# ---- the public list


async def test_every_text_on_the_public_list_comes_to_its_end() -> None:
    came = await items_campaign.campaign(400, seed=17)
    assert not came.findings, outcome.table([came])


def test_what_must_come_of_a_text() -> None:
    job = {"problemId": "p", "code": "1", "language": LANGUAGE.name}
    valid, named = json.dumps(job).encode(), json.dumps({**job, "jobId": "x"}).encode()
    texts = [valid, valid, named, named, b"{", b'{"v":1,"wake":3}', b'{"v":1,"wake":123456}']
    came = items_campaign.expect(texts, [], LANGUAGE)
    assert (came.jobs, came.repeats, came.tokens, came.runs.total()) == (5, 1, 1, 3)


def test_texts_are_those_of_their_seed() -> None:
    def texts(seed: int) -> list[bytes]:
        items = Items(random.Random(seed), LANGUAGE.name)  # noqa: S311
        return [items.next() for _ in range(300)]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)


# ---- HTTP


async def test_every_request_is_answered_as_it_should_be() -> None:
    came = await http_campaign.campaign(400, seed=17)
    assert not came.findings, outcome.table([came])


def answer(kind: Kind, **headers: str) -> Answer:
    body = Problem(kind, "words").response().body
    return Answer(kind.status, {"content-type": MEDIA_TYPE, **headers}, bytes(body))


def test_a_documented_problem_is_no_fault() -> None:
    assert not http_judge.fault(answer(Kind.INVALID_JOB), {422})
    assert not http_judge.fault(answer(Kind.QUEUE_FULL, **{"retry-after": "1"}), {202})
    assert not http_judge.fault(Answer(431, {}, b""), is_http=False)


@pytest.mark.parametrize(
    "wrong",
    [
        answer(Kind.INTERNAL),
        answer(Kind.QUEUE_FULL),
        answer(Kind.UNKNOWN_JOB),
        replace(answer(Kind.INVALID_JOB), status=413),
        replace(answer(Kind.INVALID_JOB), body=b"{}"),
        replace(answer(Kind.INVALID_JOB), headers={"content-type": "text/plain"}),
        Answer(500, {"content-type": "text/plain"}, b"Internal Server Error"),
        Answer(202, {"content-type": "application/json"}, b"{"),
        Answer(431, {}, b""),
    ],
)
def test_anything_else_is(wrong: Answer) -> None:
    assert http_judge.fault(wrong, {202, 413, 422})
