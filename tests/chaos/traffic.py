"""Those who send jobs: clients of the API, and producers that push onto the public list.

Both do what an honest program does when an answer stays away: a client looks its job up by the
problemId and submits again if it is not there; a producer pushes the same text again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from fleet import keys
from fleet.errors import QueueUnavailable
from fleet.redis_client import RedisClients, Timing
from tests.chaos import control, snippets
from tests.chaos.fleet_under_test import FleetUnderTest
from tests.chaos.plan import Plan

_HTTP_S = 15.0
_AGAIN_S = 0.1
_BURST_MAX = 8
_WAIT_SHARE = 0.3  # of submits that wait for their result
_TEXTS_MAX = 2_000  # most recent texts a repeated push is chosen from


@dataclass
class Ledger:
    """What was promised to the senders. Tokens are problemIds."""

    by_api: dict[str, str] = field(default_factory=dict)  # job id -> token
    by_push: set[str] = field(default_factory=set)
    by_push_to_control: set[str] = field(default_factory=set)
    resubmitted: set[str] = field(default_factory=set)  # after an answer that said too little
    wrong_answers: list[str] = field(default_factory=list)  # over HTTP: somebody else's output
    answers: Counter[str] = field(default_factory=Counter)
    texts: list[tuple[str, bool]] = field(default_factory=list)  # pushed items; to the control as well?
    repeats: int = 0  # pushed again though acknowledged
    repeats_to_control: int = 0

    @property
    def acknowledged(self) -> set[str]:
        """Tokens of all jobs that somebody was promised."""
        return self.by_push | set(self.by_api.values())

    def remember(self, text: str, *, to_control: bool = False) -> None:
        """Keep an item that may be pushed again."""
        self.texts.append((text, to_control))
        del self.texts[:-_TEXTS_MAX]


class Traffic:
    """Sends until told to stop, and no faster than the fleet keeps up."""

    def __init__(self, plan: Plan, fleet: FleetUnderTest, ledger: Ledger, rng: random.Random) -> None:
        self._plan, self._fleet, self._ledger, self._rng = plan, fleet, ledger, rng
        self._room = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Send; returns once stopped and everything begun is acknowledged."""
        address = f"redis://127.0.0.1:{self._fleet.producers.port}/0"
        clients = RedisClients(address, Timing(connect_s=1.0, answer_s=1.0, resends=0))
        api = f"http://127.0.0.1:{self._fleet.api_port}"
        try:
            async with (
                httpx2.AsyncClient(base_url=api, timeout=_HTTP_S) as http,
                asyncio.TaskGroup() as tasks,
            ):
                for _ in range(self._plan.http_clients):
                    tasks.create_task(self._submit_all(http))
                for _ in range(self._plan.producers):
                    tasks.create_task(self._push_all(clients))
                tasks.create_task(self._watch_backlog())
        finally:
            await clients.aclose()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        self._room.set()

    async def repeat(self, count: int) -> int:
        """Push texts again that were acknowledged already; how many that were."""
        texts = self._rng.sample(self._ledger.texts, min(count, len(self._ledger.texts)))
        for text, to_control in texts:
            with contextlib.suppress(QueueUnavailable):
                await self._fleet.clients.call("LPUSH", keys.PUBLIC, text)
                self._ledger.repeats += 1
                if to_control:
                    await self._fleet.clients.call("LPUSH", control.QUEUE, text)
                    self._ledger.repeats_to_control += 1
        return len(texts)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not beyond the stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _watch_backlog(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(QueueUnavailable):
                depth = await self._fleet.queue.depth()
                waiting = depth.public + sum(depth.ready.values())
                (self._room.set if waiting < self._plan.backlog_max else self._room.clear)()
            await self._pause(0.1)

    # --- over HTTP ---

    async def _submit_all(self, http: httpx2.AsyncClient) -> None:
        pace_s = self._plan.http_clients / self._plan.submits_per_s
        while not self._stopping.is_set():
            await self._room.wait()
            await self._submit(http, snippets.new_token())
            await self._pause(self._rng.uniform(0, 2 * pace_s))

    async def _submit(self, http: httpx2.AsyncClient, token: str) -> None:
        job = {
            "problemId": token,
            "code": snippets.snippet(token, snippets.duration_s(self._rng)),
            "language": snippets.LANGUAGE,
        }
        headers = {"Prefer": "wait=5"} if self._rng.random() < _WAIT_SHARE else {}
        job_id = ""
        while not job_id:
            job_id = await self._submit_once(http, job, headers) or await self._look_up(http, token)
            if not job_id:
                self._ledger.resubmitted.add(token)
        self._ledger.by_api[job_id] = token

    async def _submit_once(
        self, http: httpx2.AsyncClient, job: Mapping[str, Any], headers: Mapping[str, str]
    ) -> str:
        """The job's id; empty if there was no clear answer."""
        try:
            answer = await http.post("/submit", json=job, headers=dict(headers))
        except httpx2.TransportError as error:
            self._ledger.answers[type(error).__name__] += 1
            await asyncio.sleep(_AGAIN_S)
            return ""
        self._ledger.answers[str(answer.status_code)] += 1
        if answer.status_code not in (200, 202):
            await asyncio.sleep(_AGAIN_S)
            return ""
        said = answer.json()
        if answer.status_code == 200:
            self._check(said, job["problemId"])
        return str(said["jobId"])

    async def _look_up(self, http: httpx2.AsyncClient, token: str) -> str:
        """The id of the problem's job; empty if there is none."""
        while True:
            try:
                answer = await http.get(f"/problems/{token}/results")
            except httpx2.TransportError:
                await asyncio.sleep(_AGAIN_S)
                continue
            if answer.status_code == 200:
                return str(answer.json()["jobs"][0]["jobId"])
            if answer.status_code == 404:
                return ""
            await asyncio.sleep(_AGAIN_S)

    def _check(self, result: Mapping[str, Any], token: str) -> None:
        if (result["problemId"], result["stdout"]) != (token, f"{token}\n") and result["verdict"] == "ok":
            self._ledger.wrong_answers.append(f"{token} was answered {result['stdout']!r}")

    # --- straight onto the list ---

    async def _push_all(self, clients: RedisClients) -> None:
        pace_s = self._plan.producers / self._plan.pushes_per_s
        while not self._stopping.is_set():
            await self._room.wait()
            began_s, burst = time.monotonic(), self._rng.randint(1, _BURST_MAX)
            for _ in range(burst):
                await self._push(clients, snippets.new_token())
            await self._pause(max(0.001, burst * pace_s - (time.monotonic() - began_s)))

    async def _push(self, clients: RedisClients, token: str) -> None:
        text = json.dumps(
            {
                "jobId": token,  # its own name for it: a text with one runs once however often it comes
                "problemId": token,
                "code": snippets.snippet(token, snippets.duration_s(self._rng)),
                "language": snippets.LANGUAGE,
            }
        )
        to_control = self._rng.random() < self._plan.control_share
        await _until_taken(clients, keys.PUBLIC, text)
        self._ledger.by_push.add(token)
        if to_control:
            await _until_taken(clients, control.QUEUE, text)
            self._ledger.by_push_to_control.add(token)
        self._ledger.remember(text, to_control=to_control)


async def _until_taken(clients: RedisClients, key: str, text: str) -> None:
    while True:
        with contextlib.suppress(QueueUnavailable):
            await clients.call("LPUSH", key, text)
            return
        await asyncio.sleep(_AGAIN_S)
