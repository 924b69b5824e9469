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
from fleet.errors import QueueFull, QueueMemoryFull
from fleet.events import announcement
from fleet.job import JOB_ID_PATTERN, JobState, Lane
from fleet.limits import Bounds
from fleet.queue import (
    Audit,
    Claim,
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
# On a full server a result above so many bytes is stored with so many characters of its output.
_FULL_RESULT_BYTES, _FULL_OUTPUT_CHARS = 16_384, 1024  # the latter in whole groups of base64
_FIELDS = (
    "problemId",
    "state",
    "language",
    "fails",
    "crashes",
    "place",
    "queued",
    "started",
    "finished",
    "worker",
    "result",
)
_NOT_CLAIMED = (b"public", b"ready", b"retry")


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """What every service that uses the queue must agree on. Seconds, bytes, counts."""

    waiting_max: int = 10_000
    lease_s: float = 15.0
    retention_s: int = 86_400
    item_bytes_max: int = Bounds().item_bytes_max
    retry_pause_s: float = 1.0  # before the second attempt; doubles, with jitter
    retry_pause_s_max: float = 60.0

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
        values = await self._redis.call("HMGET", keys.job(job_id), *_FIELDS, settled=True)
        return _record(job_id, values)

    async def newest(self, problem_id: str, count: int = 100) -> list[str]:
        """Ids of the jobs of a problem, newest first; some may no longer be kept."""
        ids = await self._redis.call("LRANGE", keys.by_problem(problem_id), 0, max(count, 1) - 1)
        return [_text(job_id) for job_id in ids]

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
        return [_claim(fields[i : i + 7], claimed_at_ms) for i in range(0, len(fields), 7)]

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()) -> Renewal:
        """Heartbeat; extend the leases of ``held`` (job id -> fence); mark ``started`` as running."""
        pairs = [part for pair in held.items() for part in pair]
        answer = await self._redis.run(
            "renew", keys.plain(worker_id), self._options.lease_ms, len(started), *started, *pairs
        )
        server_ms, registered, *stale = answer
        if not registered and worker_id in self._announced:
            await self.register(self._announced[worker_id])
        return Renewal(frozenset(map(_text, stale)), server_ms)

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        """Store the result, free the job and announce it, in one step.

        On a full server a large result is stored with the beginning of its output only, and says so.
        """
        answer = await self._finish(claim, result, dead, _FULL_RESULT_BYTES)
        if answer == b"full":
            shorter = _with_less_output(result)
            answer = await self._finish(claim, shorter, dead, len(_json(shorter)))
        return Finish(_text(answer))

    async def _finish(
        self, claim: Claim, result: Mapping[str, Any], dead: bool, full_bytes_max: int
    ) -> bytes:
        answer: bytes = await self._redis.run(
            "finish",
            *(claim.job_id, claim.fence, _json(result), _event(claim, result)),
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
            *(_json(last_result), _event(claim, last_result), self._options.retention_s),
        )
        return Fail(_text(answer))

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


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _json(value: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but an escaped one
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _with_less_output(result: Mapping[str, Any]) -> dict[str, Any]:
    shorter = dict(result)
    for stream in ("stdout", "stderr"):
        if len(result[stream]) > _FULL_OUTPUT_CHARS:
            shorter[stream] = result[stream][:_FULL_OUTPUT_CHARS]
            shorter[f"{stream}Truncated"] = True
    words = f"Redis was full: at most {_FULL_OUTPUT_CHARS} characters of each output were kept"
    how = result["evidence"]["how"]
    shorter["evidence"] = {**result["evidence"], "how": f"{how}; {words}" if how else words}
    return shorter


def _event(claim: Claim, result: Mapping[str, Any]) -> str:
    return announcement(claim.job_id, result)


def _claim(fields: Sequence[bytes], claimed_at_ms: int) -> Claim:
    job_id, fence, spec, fails, crashes, queued, oversize = fields
    return Claim(
        job_id=_text(job_id),
        fence=_text(fence),
        spec=spec,
        attempt=int(fails) + int(crashes) + 1,
        crashes=int(crashes),
        queued_at_ms=int(queued),
        claimed_at_ms=claimed_at_ms,
        oversize_bytes=int(oversize),
    )


def _record(job_id: str, values: Sequence[bytes | None]) -> Record | None:
    known = dict(zip(_FIELDS, values, strict=True))
    if known["state"] is None:
        return None
    begun = 0 if known["place"] in _NOT_CLAIMED else 1
    result, worker = known["result"], known["worker"]
    return Record(
        job_id=job_id,
        problem_id=_text(known["problemId"] or b""),
        state=JobState(_text(known["state"])),
        language=_text(known["language"] or b""),
        attempt=int(known["fails"] or 0) + int(known["crashes"] or 0) + begun,
        queued_at_ms=int(known["queued"] or 0),
        started_at_ms=_whole(known["started"]),
        finished_at_ms=_whole(known["finished"]),
        worker=None if worker is None else _text(worker),
        result=None if result is None else json.loads(result),
    )


def _whole(value: bytes | None) -> int | None:
    return None if value is None else int(value)
