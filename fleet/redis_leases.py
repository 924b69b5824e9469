"""The queue on Redis as workers see it: who is there, what each holds, and how it ends."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from fleet import keys
from fleet import redis_forms as forms
from fleet.errors import QueueMemoryFull
from fleet.queue import Claim, Fail, Finish, Renewal, WorkerInfo
from fleet.redis_client import RedisClients
from fleet.redis_options import QueueOptions

_INTAKE_AHEAD = 8  # public items taken in beyond those wanted, so that a high lane is seen in time
_REASON_CHARS_MAX = 500
_FULL_PAUSE_S = 0.2  # between two looks at a full server, which lets nobody block on a list
_FULL_RESULT_BYTES = 16_384  # on a full server a larger result is stored with less of its output


class RedisLeases:
    """The part of ``RedisQueue`` that workers ask."""

    _redis: RedisClients
    _options: QueueOptions

    def __init__(self) -> None:
        self._announced: dict[str, WorkerInfo] = {}
        self._unanswered: dict[str, str] = {}  # worker -> nonce of a claim whose answer never came

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

    async def progress(self, claim: Claim, events: Sequence[str]) -> bool:
        """Tell what has come of a claimed job, one JSON text each; False if the lease is lost."""
        texts = [event.encode("utf-8", "replace") for event in events]
        return bool(await self._redis.run("progress", claim.job_id, claim.fence, *texts))

    async def renew(self, worker_id: str, held: Mapping[str, str], started: Sequence[str] = ()) -> Renewal:
        """Heartbeat; extend the leases of ``held`` (job id -> fence); mark ``started`` as running."""
        pairs = [part for pair in held.items() for part in pair]
        answer = await self._redis.run(
            "renew", keys.plain(worker_id), self._options.lease_ms, len(started), *started, *pairs
        )
        server_ms, registered, stale, cancelled = answer
        if not registered and worker_id in self._announced:
            await self.register(self._announced[worker_id])
        return Renewal(
            frozenset(map(forms.text, stale)), server_ms, cancelled=frozenset(map(forms.text, cancelled))
        )

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
            *(claim.job_id, claim.fence),
            *forms.ending(claim.job_id, result, self._options.retention_s),
            *(int(dead), full_bytes_max),
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
            *forms.ending(claim.job_id, last_result, self._options.retention_s),
        )
        return Fail(forms.text(answer))

    async def release(self, worker_id: str, claims: Sequence[Claim]) -> int:
        """Put claims back at the front without penalty; how many were still ours.

        The worker's inbox goes back too: with no claims it says "I take nothing more".
        """
        pairs = [part for claim in claims for part in (claim.job_id, claim.fence)]
        return int(await self._redis.run("release", keys.plain(worker_id), *pairs))
