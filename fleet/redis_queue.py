"""The queue on Redis. Each verb is one Lua script (``fleet/lua``), so each is all or nothing.

Theory of operation:

- A job is a hash; where it waits is one of: the public list, one worker's inbox, a ready lane, the
  retry set, the leases. A script moves it from one to the next, never two commands.
- The API's public item is small and names the job; the body lies in the hash beside the SHA-1 of
  the item, so a text that merely names a job of another is a foreign item like any other.
- An idle worker blocks in BLMOVE from the public list to its own inbox: one push wakes one worker,
  and an item whose delivery never arrived lies in an inbox that outlives the connection. The next
  claim takes the inbox first; the inbox of a silent worker is put back by whoever reaps.
- A lease is time, by the server's clock; a fence is proof. Whoever is late holds a fence that no
  longer matches and is told ``stale``; nothing it says is stored.
- What leaves the fleet is settled (``fleet/redis_client.py``): that a job was accepted, and what
  became of it. A claim or a finish that a failover takes back only runs its job again.
- Every verb may arrive twice. A call remembers its nonce or fence in Redis, and its second sending
  is answered as the first was.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleet import keys
from fleet import redis_forms as forms
from fleet.errors import ProblemsFull, QueueFull, QueueMemoryFull
from fleet.job import JOB_ID_PATTERN, Lane
from fleet.judging import digest_of
from fleet.limits import MIB, Bounds
from fleet.queue import (
    Audit,
    Claim,
    Defined,
    Depth,
    Enqueued,
    Fail,
    Finish,
    Reaped,
    Record,
    Renewal,
    WorkerInfo,
)
from fleet.redis_client import RedisClients

_INTAKE_AHEAD = 8  # public items taken in beyond those wanted, so that a high lane is seen in time
_REASON_CHARS_MAX = 500
_FULL_PAUSE_S = 0.2  # between two looks at a full server, which lets nobody block on a list
_FULL_RESULT_BYTES = 16_384  # on a full server a larger result is stored with less of its output
# What an answer may well have, so that few large ones share a trip.
_RESULT_BYTES, _TOLD_BYTES, _DEFINITION_BYTES = 65_536, 262_144, 1_048_576
_TOLD_PAGE = 64  # events of at most 16 KiB each


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """What every service that uses the queue must agree on. Seconds, bytes, counts."""

    waiting_max: int = 10_000
    lease_s: float = 15.0
    retention_s: int = 86_400
    item_bytes_max: int = Bounds().raw_item_bytes_max  # of what anyone pushes
    retry_pause_s: float = 1.0  # before the second attempt; doubles, with jitter
    retry_pause_s_max: float = 60.0
    problems_max: int = 10_000  # that may have a definition
    problems_bytes_max: int = 128 * MIB  # of all definitions together

    @property
    def lease_ms(self) -> int:
        """The lease in milliseconds."""
        return int(self.lease_s * 1000)


class RedisQueue:
    """``fleet.queue.Queue`` on Redis. Belongs to one event loop; closing ``clients`` closes it.

    A thread that renews has its own instance; ``register`` with it too, so that it can announce
    the worker again when Redis has forgotten it.
    """

    def __init__(self, clients: RedisClients, options: QueueOptions = QueueOptions()) -> None:
        self._redis = clients
        self._options = options
        self._announced: dict[str, WorkerInfo] = {}
        self._unanswered: dict[str, str] = {}  # worker -> nonce of a claim whose answer never came

    async def enqueue(self, job_id: str, spec: str, problem_id: str, language: str, lane: Lane) -> Enqueued:
        """Accept a job. Raises ``QueueFull``. Sending the same job again changes nothing."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            raise ValueError("a job id is 32 hexadecimal digits")
        item = json.dumps({"v": 1, "jobId": job_id, "problemId": problem_id}, separators=(",", ":"))
        index = keys.by_problem(problem_id)
        accepted, queued_at_ms, waiting = await self._redis.run(
            "enqueue",
            *(job_id, spec, problem_id, index, keys.plain(language), lane, item),
            *(self._options.waiting_max, self._options.retention_s),
            settled=True,
        )
        if not accepted:
            raise QueueFull(waiting, self._options.waiting_max, retry_after_s=random.randint(1, 5))  # noqa: S311
        return Enqueued(job_id, queued_at_ms, waiting)

    async def get(self, job_id: str) -> Record | None:
        """The job, or None if it is unknown or no longer kept."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            return None
        values = await self._redis.call(
            "HMGET", keys.job(job_id), *forms.RECORD_FIELDS, settled=True, answer_bytes=_RESULT_BYTES
        )
        return forms.record_of(job_id, values)

    async def newest(self, problem_id: str, count: int = 100) -> list[str]:
        """Ids of the jobs of a problem, newest first; some may no longer be kept."""
        ids = await self._redis.call("LRANGE", keys.by_problem(problem_id), 0, max(count, 1) - 1)
        return [forms.text(job_id) for job_id in ids]

    async def define(self, problem_id: str, definition: str) -> Defined:
        """Store what the jobs of a problem are judged by, in place of what was stored before.

        Raises ``ProblemsFull``.
        """
        digest, options = digest_of(definition), self._options
        stored, problems, size = await self._redis.run(
            "define",
            *(keys.problem(problem_id), secrets.token_hex(8), digest, definition),
            *(options.problems_max, options.problems_bytes_max),
            settled=True,
        )
        if not stored and problems > options.problems_max:
            raise ProblemsFull(f"{options.problems_max} problems are stored, and no more may be")
        if not stored:
            most = options.problems_bytes_max
            raise ProblemsFull(f"all problems together would have {size} bytes; at most {most} are stored")
        return Defined(digest, new=stored == 1)

    async def definition(self, problem_id: str) -> tuple[str, str] | None:
        """Digest and text of what is stored for a problem, or None."""
        key = keys.problem(problem_id)
        # Not settled: workers read it too, and what they run must not wait for a replica.
        digest, definition = await self._redis.call(
            "HMGET", key, "digest", "definition", answer_bytes=_DEFINITION_BYTES
        )
        return (forms.text(digest), forms.text(definition)) if digest and definition else None

    async def undefine(self, problem_id: str) -> bool:
        """Forget what is stored for a problem; whether there was anything."""
        key, nonce = keys.problem(problem_id), secrets.token_hex(8)
        return bool(await self._redis.run("undefine", key, nonce, settled=True))

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        """Tell what has come of a claimed job, one JSON text each; False if the lease is lost."""
        texts = [event.encode("utf-8", "replace") for event in events]
        return bool(await self._redis.run("progress", claim.job_id, claim.fence, *texts))

    async def told(self, job_id: str, after: str = "") -> list[tuple[str, str]]:
        """What was told of a job after the event of that id: (event id, JSON), oldest first."""
        first = f"({after}" if after else "-"
        rows = await self._redis.call(
            "XRANGE", keys.told(job_id), first, "+", "COUNT", _TOLD_PAGE, answer_bytes=_TOLD_BYTES
        )
        return [(forms.text(event_id), forms.text(said[b"e"])) for event_id, said in rows]

    async def languages(self) -> dict[str, str]:
        """Every word that any worker ever announced, and the name of the language it means."""
        found = await self._redis.call("HGETALL", keys.LANGUAGES)
        return {forms.text(word): forms.text(name) for word, name in found.items()}

    async def register(self, info: WorkerInfo) -> None:
        """Announce a worker; its heartbeat starts."""
        meanings: list[str] = []
        for language in info.languages:
            for word in (language["name"], *language.get("aliases", ())):
                meanings += [keys.plain(word), keys.plain(language["name"])]
        announced = {
            "v": 1,
            "workerId": keys.plain(info.worker_id),
            "slots": info.slots,
            "runtime": info.runtime,
            "languages": [dict(language) for language in info.languages],
        }
        self._announced[info.worker_id] = info
        await self._redis.run("register", info.worker_id, json.dumps(announced), *meanings)

    async def workers(self) -> list[WorkerInfo]:
        """The workers whose heartbeat is fresh."""
        found = [json.loads(info) for info in await self._redis.run("workers", self._options.lease_ms)]
        return [WorkerInfo(w["workerId"], w["slots"], w["runtime"], w["languages"]) for w in found]

    async def unregister(self, worker_id: str) -> None:
        """Withdraw a worker; what is in its inbox goes back."""
        self._announced.pop(worker_id, None)
        await self._redis.run("unregister", keys.plain(worker_id))

    async def wait(self, worker_id: str, timeout_s: float) -> None:
        """Return when there may be something to claim, or after ``timeout_s`` seconds.

        Call it only after a claim that gave less than it wanted. It may be cancelled: what was
        delivered meanwhile lies in the inbox, for the next ``claim``, ``release`` or ``unregister``.
        """
        inbox = keys.inbox(worker_id)
        try:
            await self._redis.block("BLMOVE", keys.PUBLIC, inbox, "RIGHT", "LEFT", block_s=timeout_s)
        except QueueMemoryFull:
            await asyncio.sleep(min(timeout_s, _FULL_PAUSE_S))

    async def claim(self, worker_id: str, languages: Sequence[str], want: int) -> list[Claim]:
        """Lease up to ``want`` jobs in these languages (names and aliases). May be empty.

        When the answer to an earlier call never came, its nonce is used once more, and the jobs
        which that call leased are given now instead of being idle until their lease ends.
        """
        if want < 1:
            return []
        nonce = self._unanswered.setdefault(worker_id, secrets.token_hex(8))
        options = self._options
        answer = await self._redis.run(
            "claim",
            *(keys.plain(worker_id), nonce, want, options.lease_ms, want + _INTAKE_AHEAD),
            *(options.item_bytes_max, options.retention_s),
            *map(keys.plain, languages),
        )
        del self._unanswered[worker_id]
        claimed_at_ms, fields = answer[0], answer[1:]
        each = forms.CLAIM_FIELDS
        return [forms.claim_of(fields[i : i + each], claimed_at_ms) for i in range(0, len(fields), each)]

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()) -> Renewal:
        """Heartbeat; extend the leases of ``held`` (job id -> fence); mark ``started`` as running."""
        pairs = [part for pair in held.items() for part in pair]
        answer = await self._redis.run(
            "renew", keys.plain(worker_id), self._options.lease_ms, len(started), *started, *pairs
        )
        server_ms, registered, *stale = answer
        if not registered and worker_id in self._announced:
            await self.register(self._announced[worker_id])
        return Renewal(frozenset(map(forms.text, stale)), server_ms)

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        """Store the result, free the job and announce it, in one step.

        On a full server a large result is stored with the beginning of its output only, and says so.
        """
        answer = await self._finish(claim, result, dead, _FULL_RESULT_BYTES)
        if answer == b"full":
            shorter = forms.with_less_output(result)
            answer = await self._finish(claim, shorter, dead, len(forms.to_bytes(shorter)))
        return Finish(forms.text(answer))

    async def _finish(
        self, claim: Claim, result: Mapping[str, Any], dead: bool, full_bytes_max: int
    ) -> bytes:
        answer: bytes = await self._redis.run(
            "finish",
            *(claim.job_id, claim.fence, forms.to_bytes(result), forms.event_of(claim, result)),
            *(self._options.retention_s, int(dead), full_bytes_max),
        )
        return answer

    async def fail(
        self, claim: Claim, reason: str, last_result: Mapping[str, Any], *, attempts_max: int = 3
    ) -> Fail:
        """Report a failure of ours: the job runs again after a pause with jitter, or, when it was
        attempt ``attempts_max``, ends with ``last_result`` and a dead letter."""
        pause_ms, pause_ms_max = (
            int(s * 1000) for s in (self._options.retry_pause_s, self._options.retry_pause_s_max)
        )
        reason_bytes = reason[:_REASON_CHARS_MAX].encode("utf-8", "replace")
        answer = await self._redis.run(
            "fail",
            *(claim.job_id, claim.fence, reason_bytes, attempts_max),
            *(pause_ms, pause_ms_max, random.randint(500, 1500)),  # noqa: S311 - jitter is no secret
            *(forms.to_bytes(last_result), forms.event_of(claim, last_result), self._options.retention_s),
        )
        return Fail(forms.text(answer))

    async def release(self, worker_id: str, claims: Sequence[Claim]) -> int:
        """Put claims back at the front without penalty; how many were still ours.

        The worker's inbox goes back too: with no claims it says "I take nothing more".
        """
        pairs = [part for claim in claims for part in (claim.job_id, claim.fence)]
        return int(await self._redis.run("release", keys.plain(worker_id), *pairs))

    async def reap(self) -> Reaped:
        """Expired leases, due retries and inboxes of dead workers go back to where they are claimed."""
        return Reaped(*await self._redis.run("reap", self._options.lease_ms))

    async def audit(self) -> Audit:
        """Count everything in one atomic step. Slow on a long queue; for operators and tests."""
        return Audit(*await self._redis.run("audit", slow=True))

    async def depth(self) -> Depth:
        """How many jobs are where. A wake token may count as a public item."""
        public, high, normal, low, retry, leased, dead = await self._redis.run("depth")
        ready = {Lane.HIGH: high, Lane.NORMAL: normal, Lane.LOW: low}
        return Depth(public, ready, retry, leased, dead)
