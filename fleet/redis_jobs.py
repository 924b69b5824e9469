"""The queue on Redis as clients of the fleet see it: what becomes of their jobs and problems."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from fleet import keys
from fleet import redis_forms as forms
from fleet.errors import ProblemsFull
from fleet.job import JOB_ID_PATTERN
from fleet.judging import digest_of
from fleet.queue import Cancel, Defined, Forget, Record
from fleet.redis_client import RedisClients
from fleet.redis_options import QueueOptions

# What an answer may well have, so that few large ones share a trip.
_RESULT_BYTES, _TOLD_BYTES, _DEFINITION_BYTES = 65_536, 262_144, 1_048_576
_TOLD_PAGE = 64  # events of at most 16 KiB each


class RedisJobs:
    """The part of ``RedisQueue`` that the API asks."""

    _redis: RedisClients
    _options: QueueOptions

    async def cancel(self, job_id: str, result: Mapping[str, Any]) -> Cancel:
        """End a job that nobody runs with this result, or ask its worker to stop it."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            return Cancel.UNKNOWN
        how = forms.ending(job_id, result, self._options.retention_s)
        answer = await self._redis.run("cancel", job_id, secrets.token_hex(8), *how, settled=True)
        return Cancel(forms.text(answer))

    async def forget(self, job_id: str) -> Forget:
        """Remove a job that is done, with its result and everything told of it."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            return Forget.UNKNOWN
        answer = await self._redis.run("forget", job_id, secrets.token_hex(8), settled=True)
        return Forget(forms.text(answer))

    async def position(self, job_id: str) -> int:
        """Where it waits: 1 is the next of its language and lane; 0: it does not wait, or is unknown."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            return 0
        return int(await self._redis.run("position", job_id))

    async def source(self, job_id: str) -> bytes | None:
        """The spec of a job, as it was accepted; None if it is unknown or was erased."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            return None
        spec: bytes | None = await self._redis.call(
            "HGET", keys.job(job_id), "spec", answer_bytes=_RESULT_BYTES
        )
        return spec or None  # what is empty was too large to be kept

    async def get(self, job_id: str) -> Record | None:
        """The job, or None if it is unknown or no longer kept."""
        if not JOB_ID_PATTERN.fullmatch(job_id):
            return None
        values = await self._redis.call(
            "HMGET", keys.job(job_id), *forms.RECORD_FIELDS, settled=True, answer_bytes=_RESULT_BYTES
        )
        return forms.record_of(job_id, values)

    async def newest(self, problem_id: str, count: int = 100, *, owner: str = "") -> list[str]:
        """Ids of the jobs of an owner's problem, newest first; some may no longer be kept."""
        ids = await self._redis.call("LRANGE", keys.by_problem(problem_id, owner), 0, max(count, 1) - 1)
        return [forms.text(job_id) for job_id in ids]

    async def define(self, problem_id: str, definition: str, *, owner: str = "") -> Defined:
        """Store what the jobs of an owner's problem are judged by, in place of what was stored before.

        Raises ``ProblemsFull``.
        """
        digest, options = digest_of(definition), self._options
        stored, problems, size = await self._redis.run(
            "define",
            *(keys.problem(problem_id, owner), secrets.token_hex(8), digest, definition),
            *(options.problems_max, options.problems_bytes_max),
            settled=True,
        )
        if not stored and problems > options.problems_max:
            raise ProblemsFull(f"{options.problems_max} problems are stored, and no more may be")
        if not stored:
            most = options.problems_bytes_max
            raise ProblemsFull(f"all problems together would have {size} bytes; at most {most} are stored")
        return Defined(digest, new=stored == 1)

    async def definition(self, problem_id: str, *, owner: str = "") -> tuple[str, str] | None:
        """Digest and text of what is stored for a problem, or None."""
        key = keys.problem(problem_id, owner)
        # Not settled: workers read it too, and what they run must not wait for a replica.
        digest, definition = await self._redis.call(
            "HMGET", key, "digest", "definition", answer_bytes=_DEFINITION_BYTES
        )
        return (forms.text(digest), forms.text(definition)) if digest and definition else None

    async def undefine(self, problem_id: str, *, owner: str = "") -> bool:
        """Forget what is stored for a problem; whether there was anything."""
        key, nonce = keys.problem(problem_id, owner), secrets.token_hex(8)
        return bool(await self._redis.run("undefine", key, nonce, settled=True))

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
