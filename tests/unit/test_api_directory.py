"""Which words name a language, from files and from live workers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from unittest.mock import AsyncMock

import pytest

from api import directory as module
from api.directory import Directory
from fleet.errors import QueueUnavailable
from fleet.languages import Language
from fleet.limits import Bounds
from fleet.queue import Queue, WorkerInfo


def _language(name: str, *aliases: str, **limits: float) -> Language:
    return Language(
        name=name,
        aliases=aliases,
        file="main",
        run=("run",),
        version=("run", "--version"),
        base_upstream="base",
        base_debian=("base",),
        limits=limits,
    )


def _directory() -> Directory:
    known = {"alpha": _language("alpha", "a", wall_s=20.0), "beta": _language("beta", "b")}
    return Directory(known, Bounds())


def _worker(worker_id: str, *served: Mapping[str, Any]) -> WorkerInfo:
    return WorkerInfo(worker_id, 2, "test", served)


def test_a_known_language_is_accepted_before_any_worker_serves_it() -> None:
    directory = _directory()
    assert [directory.resolve(word) for word in ("alpha", "a", "A", "gamma", "")] == [
        "alpha",
        "alpha",
        None,
        None,
        None,
    ]
    alpha = directory.listing[0]
    assert (alpha["name"], alpha["available"], alpha["workers"], alpha["version"]) == (
        "alpha",
        False,
        0,
        None,
    )
    assert alpha["limits"]["wallSeconds"] == 20.0


def test_workers_make_it_available_and_tell_its_version() -> None:
    directory = _directory()
    announced = {"name": "alpha", "aliases": ["a"], "version": "alpha 1.2", "image": "sha256:1"}
    directory.update([_worker("w1", announced), _worker("w2", announced)])
    alpha = directory.listing[0]
    assert (alpha["available"], alpha["workers"]) == (True, 2)
    assert (alpha["version"], alpha["image"]) == ("alpha 1.2", "sha256:1")
    directory.update([])
    assert directory.listing[0]["available"] is False


def test_a_language_is_served_from_its_first_announcement_on() -> None:
    directory = _directory()
    assert [directory.is_served(name) for name in ("alpha", "beta")] == [True, True]  # nobody came yet
    directory.update([_worker("w1", {"name": "alpha"})])
    assert [directory.is_served(name) for name in ("alpha", "beta")] == [True, False]
    assert directory.served == ["alpha"]
    directory.update([], {"alpha": "alpha", "a": "alpha"})  # it left; the queue keeps its word
    assert [directory.is_served(name) for name in ("alpha", "beta")] == [True, False]
    assert directory.served == []
    directory.update([_worker("w2", {"name": "beta"})], {"alpha": "alpha", "a": "alpha"})
    assert [directory.is_served(name) for name in ("alpha", "beta")] == [True, True]
    directory.update([], {})  # the queue was emptied: nothing is known once more
    assert [directory.is_served(name) for name in ("alpha", "beta")] == [True, True]


def test_the_file_of_a_language_only_workers_know_is_theirs_to_check() -> None:
    assert [_directory().file_of(name) for name in ("alpha", "gamma")] == ["main", ""]


def test_a_language_only_workers_know_is_there_while_they_live() -> None:
    directory = _directory()
    directory.update([_worker("w1", {"name": "gamma", "aliases": ["g"], "limits": {"cpuSeconds": 1}})])
    assert (directory.resolve("gamma"), directory.resolve("g")) == ("gamma", "gamma")
    assert directory.names == ["alpha", "beta", "gamma"]
    assert directory.listing[2]["limits"] == {"cpuSeconds": 1}
    directory.update([])
    assert directory.resolve("gamma") is None


def test_a_worker_cannot_take_over_words_of_another_language() -> None:
    directory = _directory()
    directory.update(
        [
            _worker("w1", {"name": "evil", "aliases": ["a", "alpha", "delta"]}),
            _worker("w2", {"name": "b", "aliases": ["c"]}, {"name": "delta"}),
        ]
    )
    meant = {word: directory.resolve(word) for word in ("a", "alpha", "b", "c", "delta")}
    assert meant == {"a": "alpha", "alpha": "alpha", "b": "beta", "c": None, "delta": "delta"}


@pytest.mark.parametrize(
    "served",
    [
        {},
        {"name": None},
        {"name": 7},
        {"name": ""},
        {"name": "*"},
        {"name": "x\ny"},
        {"name": "x" * 65},
        {"name": ["alpha"]},
    ],
)
def test_what_workers_say_is_checked(served: dict[str, Any]) -> None:
    directory = _directory()
    directory.update([_worker("w1", served)])
    assert directory.names == ["alpha", "beta"]


@pytest.mark.parametrize("aliases", [None, "abc", 7, [None, 7, "", "x y"], {"x": 1}])
def test_aliases_that_are_none_are_left_out(aliases: object) -> None:
    directory = _directory()
    directory.update([_worker("w1", {"name": "gamma", "aliases": aliases, "version": 7})])
    assert (directory.listing[2]["aliases"], directory.listing[2]["version"]) == ([], None)


async def test_it_follows_the_workers_and_keeps_what_it_knew_while_redis_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REFRESH_S", 0)
    directory = _directory()
    back = asyncio.Event()
    answers: list[Any] = [
        [_worker("w1", {"name": "gamma"})],
        QueueUnavailable("away"),
        QueueUnavailable("still away"),
        [_worker("w1", {"name": "delta"})],
    ]
    seen: list[list[str]] = []

    async def workers() -> list[WorkerInfo]:
        seen.append(directory.names)
        if not answers:
            back.set()
            return []
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, list)
        return answer

    queue = AsyncMock(spec=Queue, workers=workers, languages=AsyncMock(return_value={}))
    task = asyncio.create_task(directory.keep_fresh(queue))
    await asyncio.wait_for(back.wait(), 5)
    task.cancel()
    own = ["alpha", "beta"]
    assert seen[:4] == [own, [*own, "gamma"], [*own, "gamma"], [*own, "gamma"]]
    assert seen[4] == [*own, "delta"]
