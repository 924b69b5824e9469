"""What the suite of deliveries needs beside them: ends of jobs that are to be told, and a clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, Protocol

from fleet import keys
from fleet.deliveries import Deliveries, RedisDeliveries
from fleet.redis_client import RedisClients
from fleet.redis_forms import to_bytes
from fleet.testing import a_job_id, a_result
from fleet.testing_deliveries import FakeDeliveries

KEEP_S = 3600
# What a script that ends a job or a batch does with these functions.
_CALLS = """
if ARGV[1] == 'job' then
  deliver_job(ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]))
else
  deliver_batch(ARGV[2], cjson.decode(ARGV[3]), ARGV[4], tonumber(ARGV[5]))
end
"""
# All times a script compares are scores, so time passes by moving them back.
_ADVANCE = """
redis.call('ZREM', KEYS[1], '')
for _, key in ipairs(KEYS) do
  local rows = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #rows, 2 do
    redis.call('ZADD', key, rows[i + 1] - ARGV[1], rows[i])
  end
end
"""


class DeliveriesHarness(Protocol):
    """Deliveries under test and their surroundings."""

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries."""

    async def add(self, url: str, *, owner: str = "") -> str:
        """End a job that was sent with this callback URL; the id of its delivery."""

    async def advance(self, seconds: float) -> None:
        """Let time pass for what is due, leased and kept."""


class FakeDeliveriesHarness:
    """``FakeDeliveries``."""

    def __init__(self) -> None:
        self.deliveries = FakeDeliveries(keep_s=KEEP_S)

    async def add(self, url: str, *, owner: str = "") -> str:
        return self.deliveries.add(url, owner=owner)

    async def advance(self, seconds: float) -> None:
        self.deliveries.advance(seconds)


class RedisDeliveriesHarness:
    """``RedisDeliveries`` on a real server, where the scripts of a job's end make them."""

    def __init__(self, clients: RedisClients) -> None:
        self.clients = clients
        self.deliveries = RedisDeliveries(clients)

    async def add(self, url: str, *, owner: str = "") -> str:
        before = set(await self._ids())
        await self.end_job(a_job_id(), url, owner=owner)
        (made,) = set(await self._ids()) - before
        return made

    async def end_job(
        self, job_id: str, url: str, *, owner: str = "", keep_s: int = KEEP_S, **result: Any
    ) -> None:
        """Do what the script that ends a job does about its callback URL."""
        stored = a_result(job_id=job_id, **result).to_json()
        names = ("jobId", "problemId", "language", "verdict", "finishedAt")
        said = {"v": 1, "n": 7, **{name: stored[name] for name in names}}
        event = json.dumps(said, separators=(",", ":"))
        await self._run("job", job_id, owner, url, event, to_bytes(stored), keep_s)

    async def end_batch(self, batch_id: str, fields: Mapping[str, str], finished_at: str) -> None:
        """Do what the script that ends a batch does about its callback URL."""
        flat = json.dumps([part for pair in fields.items() for part in pair])
        await self._run("batch", batch_id, flat, f'{{"v":1,"finishedAt":"{finished_at}"}}', KEEP_S)

    async def advance(self, seconds: float) -> None:
        places = [key for key in await self.keys() if await self.clients.call("TYPE", key) == b"zset"]
        if places:
            await self.clients.call("EVAL", _ADVANCE, len(places), *places, int(seconds * 1000))

    async def keys(self) -> list[str]:
        """Every key of deliveries."""
        found = await self.clients.call("KEYS", keys.DELIVERIES)
        return sorted(key.decode() for key in found)

    async def _ids(self) -> list[str]:
        prefix = keys.delivery("x").removesuffix("x")
        return [key.removeprefix(prefix) for key in await self.keys() if key.startswith(prefix)]

    async def _run(self, *args: str | bytes | int) -> None:
        texts = [
            resources.files("fleet").joinpath(f"lua/{n}.lua").read_text() for n in ("_prelude", "_deliveries")
        ]
        await self.clients.call("EVAL", "\n".join([keys.lua_table(), *texts, _CALLS]), 1, keys.PUBLIC, *args)
