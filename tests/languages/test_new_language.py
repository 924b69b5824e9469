"""A folder more is a language more: a running worker serves it as soon as its image is built."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fleet.languages import Language, read_languages
from fleet.redis_client import RedisClients
from tests.chaos.fleet_under_test import Redis, redis_server
from tests.chaos.processes import Process, environment, free_port, listens, python, until
from tests.contract.sandbox_harness import remove_all
from tests.languages.examples import ROOT, examples_of

PATTERN = "bash"  # the smallest of all; the new one is its copy
PATIENCE_S = 60.0


@dataclass
class World:
    """Redis, an API and a worker, whose languages are those of a folder of their own."""

    home: Path
    new: str
    port: int = field(default_factory=free_port)
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def languages(self) -> Path:
        """One folder a language."""
        return self.home / "languages"

    @property
    def image(self) -> str:
        """Tag of the new language's image."""
        return f"sandfleet/sandbox-{self.new}"

    def add(self, name: str, aliases: list[str]) -> None:
        """A copy of the pattern, under names of its own."""
        shutil.copytree(ROOT / "sandbox-images" / PATTERN, self.languages / name)
        table = self.languages / name / "language.toml"
        text = re.sub(
            "(?m)^(title|judge0) = .*\n", "", table.read_text("utf-8")
        )  # Judge0 has no such language
        table.write_text(re.sub("(?m)^aliases = .*$", f"aliases = {json.dumps(aliases)}", text), "utf-8")

    async def start(self) -> None:
        """Start everything; the worker serves and the API answers."""
        redis = Redis(redis_server(), self.home, environment(self.home.name, self.home))
        redis.start()
        self.processes["redis"] = redis.process
        clients = RedisClients(f"redis://127.0.0.1:{redis.port}/0")
        await Redis.answers(clients)
        await clients.aclose()
        shared: dict[str, object] = {
            "redis_url": f"redis://127.0.0.1:{redis.port}/0",
            "languages_dir": self.languages,
        }
        own: dict[str, dict[str, object]] = {
            "api": {"port": self.port},
            "worker": {"fleet": self.home.name, "slots": 1, "spares": 1, "metrics_port": 0},
        }
        for name, settings in own.items():
            known = environment(self.home.name, self.home, {**shared, **settings})
            self.processes[name] = Process(name, python(name), known, self.home / f"log/{name}.log")
        while not await listens(self.port):
            assert self.processes["api"].status is None, self.processes["api"].last_words()
        await until(lambda: self.offer(PATTERN)["available"], "a worker that serves", PATIENCE_S)

    def build(self) -> None:
        """Build the image of the new language from its folder."""
        words = [
            "docker",
            "build",
            "--quiet",
            "--tag",
            self.image,
            "--build-arg",
            "INIT=sandfleet/init:latest",
        ]
        words += ["--build-arg", f"BASE=sandfleet/sandbox-{PATTERN}:latest", str(self.languages / self.new)]
        subprocess.run(words, check=True, capture_output=True, timeout=120)

    def offer(self, name: str) -> dict[str, Any]:
        """What ``/languages`` says of one."""
        listed = httpx2.get(f"http://127.0.0.1:{self.port}/languages", timeout=10).json()["languages"]
        found: dict[str, Any] = next(entry for entry in listed if entry["name"] == name)
        return found

    def submit(self, **changes: Any) -> httpx2.Response:
        """The answer to a submit in the new language, which waits for the result."""
        (hello,) = (each for each in examples_of(self.language, self.languages) if each.name == "hello")
        url, headers = f"http://127.0.0.1:{self.port}/submit", {"Prefer": "wait=30"}
        return httpx2.post(url, json={**hello.submission(), **changes}, headers=headers, timeout=60)

    @property
    def language(self) -> Language:
        """The new one, as its folder describes it."""
        return read_languages(self.languages)[self.new]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / f"new-{secrets.token_hex(4)}", f"dummy-{secrets.token_hex(4)}")
    for folder in (made.home, made.languages, made.home / "log"):
        folder.mkdir()
    made.add(PATTERN, ["shell"])
    made.add(made.new, [f"{made.new}-sh"])
    try:
        await made.start()
        yield made
    finally:
        for process in reversed(made.processes.values()):
            await process.kill()
        remove_all(made.home.name)
        words = ["docker", "image", "rm", "--force", made.image]
        subprocess.run(words, capture_output=True, timeout=60, check=False)


@pytest.mark.timeout(240)
async def test_an_image_built_while_a_worker_runs_is_served_without_a_restart(world: World) -> None:
    assert world.offer(world.new)["available"] is False
    refused = world.submit()
    assert refused.status_code == 422, refused.text
    assert "language" in refused.text

    world.build()
    await until(lambda: world.offer(world.new)["available"], "the new language", PATIENCE_S)
    offer = world.offer(world.new)
    assert offer["version"] == world.offer(PATTERN)["version"]
    assert offer["version"].startswith("GNU bash")
    assert offer["aliases"] == [f"{world.new}-sh"]

    for word in (world.new, f"{world.new}-sh"):
        result = world.submit(language=word).json()
        assert (result["verdict"], result["language"]) == ("ok", world.new), result
        assert result["stdout"] == "Hello, World!\n"
        assert result["languageVersion"] == offer["version"]
    assert world.processes["worker"].status is None
