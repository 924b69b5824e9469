"""A worker serves a language as soon as its image is there, and tells the fleet of every change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fleet.errors import QueueUnavailable
from fleet.limits import Bounds
from tests.unit.worker_harness import LANGUAGES, until
from worker import catalog as module
from worker.assembly import ask_served
from worker.catalog import Catalog
from worker.metrics import Metrics
from worker.sandbox import BoxSpec, RawOutcome, Stage
from worker.spares import Spares, Stock
from worker.testing import FakeSandbox

BOUNDS = Bounds()


class NotedSpares(Spares):
    """Spares that are never kept: what they were told."""

    def __init__(self, sandbox: FakeSandbox) -> None:
        super().__init__(sandbox, {}, Stock(0, 0, 300), lambda: True, Metrics())
        self.added: list[BoxSpec] = []
        self.images: list[tuple[str, str | None]] = []

    def add(self, spec: BoxSpec) -> None:
        self.added.append(spec)

    def seen(self, language: str, image: str | None) -> None:
        if (language, image) not in self.images:
            self.images.append((language, image))


class Watched:
    """A catalog being watched, and what came of it."""

    def __init__(self, sandbox: FakeSandbox, catalog: Catalog) -> None:
        self.sandbox, self.catalog = sandbox, catalog
        self.spares = NotedSpares(sandbox)
        self.told: list[list[Any]] = []
        self.queue_away = False

    async def tell(self) -> None:
        if self.queue_away:
            raise QueueUnavailable("away")
        self.told.append([(entry["name"], entry["image"]) for entry in self.catalog.told])


@contextlib.asynccontextmanager
async def watching(sandbox: FakeSandbox) -> AsyncIterator[Watched]:
    served = await ask_served(sandbox, LANGUAGES, BOUNDS)
    watched = Watched(sandbox, Catalog(sandbox, LANGUAGES, BOUNDS, served))
    stop = asyncio.Event()
    task = asyncio.create_task(watched.catalog.watch(stop, watched.spares, watched.tell))
    try:
        yield watched
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.005)


async def test_an_image_that_appears_is_served_and_told() -> None:
    sandbox = FakeSandbox()
    sandbox.images["lingo"] = ""
    async with watching(sandbox) as watched:
        assert set(watched.catalog.served) == {"tongue"}
        sandbox.images["lingo"] = "image-7"
        await until(lambda: bool(watched.told))
        assert [spec.language.name for spec in watched.spares.added] == ["lingo"]
        assert set(watched.catalog.served) == {"lingo", "tongue"}
    assert watched.told == [[("tongue", "image-1"), ("lingo", "image-7")]]
    assert sandbox.boxes == {}


async def test_an_image_built_anew_is_asked_for_its_version_again() -> None:
    async def version(stage: Stage) -> RawOutcome:
        text = f"{stage.argv[0]} of {sandbox.images.get('lingo', 'image-1')}".encode()
        return RawOutcome(exit_code=0, stdout=text, stdout_bytes=len(text))

    sandbox = FakeSandbox(version)
    async with watching(sandbox) as watched:
        sandbox.images["lingo"] = "image-2"
        await until(lambda: bool(watched.told))
        assert watched.catalog.served["lingo"].version == "lingo of image-2"
        assert watched.spares.added == []
        assert watched.spares.images == [("tongue", "image-1"), ("lingo", "image-2")]


async def test_an_image_that_goes_is_no_longer_told_but_its_jobs_are_still_read() -> None:
    sandbox = FakeSandbox()
    async with watching(sandbox) as watched:
        sandbox.images["lingo"] = ""
        await until(lambda: bool(watched.told))
        assert set(watched.catalog.served) == {"lingo", "tongue"}
        assert watched.spares.images == [("tongue", "image-1"), ("lingo", None)]
    assert watched.told == [[("tongue", "image-1")]]


async def test_what_could_not_be_told_is_told_later() -> None:
    sandbox = FakeSandbox()
    sandbox.images["lingo"] = ""
    async with watching(sandbox) as watched:
        watched.queue_away = True
        sandbox.images["lingo"] = "image-2"
        await until(lambda: "lingo" in watched.catalog.served)
        watched.queue_away = False
        await until(lambda: bool(watched.told))
    assert watched.told == [[("tongue", "image-1"), ("lingo", "image-2")]]


async def test_an_engine_that_is_away_changes_nothing() -> None:
    sandbox = FakeSandbox()
    sandbox.images["lingo"] = ""
    async with watching(sandbox) as watched:
        sandbox.away = True
        sandbox.images["lingo"] = "image-2"
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert [entry["name"] for entry in watched.catalog.told] == ["tongue"]
        assert watched.spares.images == []
        sandbox.away = False
        await until(lambda: bool(watched.told))
    assert len(watched.told) == 1


async def test_one_image_that_cannot_tell_its_version_does_not_hide_the_next() -> None:
    async def version(stage: Stage) -> RawOutcome:
        broken = stage.argv[0] == "tongue" and sandbox.images["tongue"] == "image-2"
        return RawOutcome(exit_code=int(broken), stdout=b"1.0", stdout_bytes=3)

    sandbox = FakeSandbox(version)
    sandbox.images |= {"lingo": "", "tongue": "image-1"}
    async with watching(sandbox) as watched:
        sandbox.images |= {"lingo": "image-1", "tongue": "image-2"}
        await until(lambda: bool(watched.told))
    assert watched.told == [[("tongue", "image-1"), ("lingo", "image-1")]]
