"""Completions: what ``problem_done`` says, and how to hear of every finished job.

``Announcements`` is for those who want to know soon and may miss some: the channel, which Redis
delivers at most once. ``Completions`` is for those who must not miss any: the stream, read through
a consumer group, where the channel only wakes the reader.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fleet import keys, log
from fleet.errors import QueueUnavailable
from fleet.job import JOB_ID_PATTERN, Verdict
from fleet.redis_client import Channel, RedisClients, redis_errors

_EVENT_BYTES_MAX = 16 * 1024
_PROBLEM_CHARS_MAX = 512  # of a rejected job: a valid problemId is shorter
_LANGUAGE_CHARS_MAX = 64
_BACKOFF_S_MAX = 2.0
# After an announcement: what ends meanwhile is read with it, and whoever was woken by the same
# announcement for the result itself is not kept waiting by this reading's write to the disk.
_GATHER_S = 0.02


@dataclass(frozen=True, slots=True)
class Completion:
    """One finished job. ``n`` counts all of the fleet's without gaps; ``finished_at`` is ISO 8601."""

    n: int
    job_id: str
    problem_id: str
    language: str
    verdict: Verdict
    finished_at: str

    def to_json(self) -> str:
        """The payload of ``problem_done``, in ASCII."""
        return _dump(
            {
                "v": 1,
                "n": self.n,
                "jobId": self.job_id,
                "problemId": self.problem_id,
                "language": self.language,
                "verdict": self.verdict,
                "finishedAt": self.finished_at,
            }
        )

    @classmethod
    def from_json(cls, payload: bytes) -> Completion:
        """The completion in a payload. Raises ``ValueError``: anyone may publish anything."""
        if len(payload) > _EVENT_BYTES_MAX:
            raise ValueError(f"an event of {len(payload)} bytes")
        try:
            said = json.loads(payload)
        except RecursionError:
            raise ValueError("an event nested too deep") from None
        if not isinstance(said, dict) or said.get("v") != 1:
            raise ValueError("not an event of version 1")
        n = said.get("n")
        if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n < 2**53:
            raise ValueError("n is not a number of an event")
        job_id = _string(said, "jobId", 32)
        if not JOB_ID_PATTERN.fullmatch(job_id):
            raise ValueError("jobId is not an id")
        return cls(
            n=n,
            job_id=job_id,
            problem_id=_string(said, "problemId", _PROBLEM_CHARS_MAX),
            language=_string(said, "language", _LANGUAGE_CHARS_MAX),
            verdict=Verdict(_string(said, "verdict", 32)),
            finished_at=_string(said, "finishedAt", 40),
        )


def announcement(job_id: str, result: Mapping[str, Any]) -> str:
    """The payload of ``problem_done`` for a result, still without its number.

    The script that finishes a job gives the number and puts it behind the leading ``{"v":1,``.
    """
    return _dump(
        {
            "v": 1,
            "jobId": job_id,
            "problemId": str(result["problemId"])[:_PROBLEM_CHARS_MAX],
            "language": str(result["language"])[:_LANGUAGE_CHARS_MAX],
            "verdict": Verdict(result["verdict"]),
            "finishedAt": str(result["finishedAt"])[:40],
        }
    )


class Announcements:
    """Completions as they are announced. At most once: what is said while nobody listens is lost."""

    def __init__(self, clients: RedisClients, *, silence_s: float = 10.0, answer_s: float = 2.0) -> None:
        self._clients = clients
        self._silence_s = silence_s  # after which the server is asked whether it is still there
        self._answer_s = answer_s

    async def listen(self) -> AsyncGenerator[Completion | None, None]:
        """Each completion, for ever; None whenever the subscription begins (again): any number of
        announcements may have been missed before it. Close the generator (``aclosing``)."""
        async with aclosing(self._messages(keys.DONE_CHANNEL)) as messages:
            async for message in messages:
                completion = _believe(message["data"]) if message else None
                if completion or message is None:
                    yield completion

    async def news(self) -> AsyncGenerator[Completion | str | None, None]:
        """As ``listen``, and between completions the id of each job that started, waits again, or of
        which its worker told something."""
        async with aclosing(self._messages(keys.DONE_CHANNEL, keys.PROGRESS_CHANNEL)) as messages:
            async for message in messages:
                if message is None:
                    yield None
                elif message["channel"] == keys.PROGRESS_CHANNEL.encode():
                    job_id = message["data"].decode("ascii", "replace")
                    if JOB_ID_PATTERN.fullmatch(job_id):
                        yield job_id
                elif completion := _believe(message["data"]):
                    yield completion

    async def cancels(self) -> AsyncGenerator[str | None, None]:
        """The id of each leased job as somebody asks to cancel it; None whenever the subscription begins
        (again): some may have been missed, and renewals tell of all."""
        async with aclosing(self._messages(keys.CANCEL_CHANNEL)) as messages:
            async for message in messages:
                job_id = message["data"].decode("ascii", "replace") if message else ""
                if message is None or JOB_ID_PATTERN.fullmatch(job_id):
                    yield job_id or None

    async def due(self) -> AsyncGenerator[None, None]:
        """One turn whenever a delivery may be sent at once, and whenever the subscription begins."""
        async with aclosing(self._messages(keys.DELIVERY_CHANNEL)) as messages:
            async for _ in messages:
                yield

    async def _messages(self, *channels: str) -> AsyncGenerator[Mapping[str, Any] | None, None]:
        logger = log.get(__name__)
        backoff_s = 0.0
        while True:
            channel = self._clients.channel()
            try:
                with redis_errors("SUBSCRIBE"):
                    async with asyncio.timeout(self._answer_s):
                        await channel.subscribe(*channels)
                    while True:
                        message = await self._message(channel)
                        if message["type"] == "subscribe":
                            if message["data"] < len(channels):
                                continue  # not yet to all of them
                            if backoff_s:
                                logger.info("announcements_back")
                            backoff_s = 0.0
                            yield None
                        elif message["type"] == "message":
                            yield message
            except QueueUnavailable as error:
                if not backoff_s:
                    logger.warning("announcements_lost", reason=str(error))
                backoff_s = min(max(2 * backoff_s, 0.1), _BACKOFF_S_MAX)
            finally:
                await channel.aclose()
            await asyncio.sleep(backoff_s)

    async def _message(self, channel: Channel) -> Mapping[str, Any]:
        # A connection can die without a word (a lost peer, a firewall that forgot it). Silence is
        # therefore questioned, and no answer is the end of the connection.
        message = await channel.get_message(timeout=self._silence_s)
        if message is None:
            await channel.ping()
            message = await channel.get_message(timeout=self._answer_s)
        if message is None:
            raise QueueUnavailable("the subscription does not answer")
        return message


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read gave. ``gaps``: ranges (first, last) of numbers that can never come any more."""

    completions: tuple[Completion, ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()
    repeats: int = 0  # deliveries of what this group acknowledged before; dropped
    malformed: int = 0  # entries that are no events; dropped
    entries: tuple[tuple[str, int], ...] = ()  # (stream id, n), for the acknowledgement

    def __bool__(self) -> bool:
        """Whether there was anything: then read again at once, there may be more."""
        return bool(self.entries or self.gaps or self.repeats)


class Completions:
    """Every finished job for one consumer of a group, each until it is acknowledged.

    Consumers of a group share the work. What a consumer took and did not acknowledge goes to
    another after ``takeover_s``, or to itself when it opens again under the same name.
    """

    def __init__(
        self,
        clients: RedisClients,
        group: str,
        consumer: str,
        *,
        entries_max: int = 100,
        takeover_s: float = 30.0,
    ) -> None:
        self._clients = clients
        self._group = keys.plain(group)
        self._consumer = keys.plain(consumer)
        self._entries_max = entries_max
        self._takeover_ms = int(takeover_s * 1000)
        self._resume = True
        self._woken = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start to listen for what wakes the reader. The group is made by the first read."""
        self._resume = True
        self._listener = asyncio.create_task(self._listen())

    async def read(self, timeout_s: float = 5.0) -> Batch:
        """The next completions, at once or when announced; an empty batch after ``timeout_s``, or when
        the subscription that announces them begins (again).

        Write them, then ``ack`` the batch, then read again. Raises ``QueueUnavailable``.
        """
        self._woken.clear()
        batch = await self._take()
        if not batch and await self._sleep(timeout_s):
            await asyncio.sleep(_GATHER_S)
            batch = await self._take()
        return batch

    async def ack(self, batch: Batch) -> None:
        """Tell that the lines of this batch are written and flushed. May be sent again."""
        gap_end = batch.gaps[-1][1] if batch.gaps else 0
        parts = [part for entry in batch.entries for part in entry]
        if batch:
            await self._clients.run("events_ack", self._group, gap_end, *parts)

    async def close(self) -> None:
        """Stop listening and leave the group if nothing taken is left unacknowledged."""
        if self._listener:
            self._listener.cancel()
            await asyncio.wait([self._listener])
            self._listener = None
        await self._clients.run("events_leave", self._group, self._consumer)

    async def _take(self) -> Batch:
        resume, self._resume = self._resume, True  # should no answer come, they are mine all the same
        rows, repeats, gaps = await self._clients.run(
            "events_read",
            *(self._group, self._consumer, self._entries_max, self._takeover_ms, int(resume)),
            settled=True,  # a line that is written cannot be taken back by a failover
        )
        self._resume = resume and bool(rows)
        believed = [_believe(event) for _, _, event in rows]
        return Batch(
            completions=tuple(completion for completion in believed if completion),
            gaps=tuple((first, last) for first, last in gaps),
            repeats=repeats,
            malformed=believed.count(None),
            entries=tuple((stream_id.decode(), n) for stream_id, n, _ in rows),
        )

    async def _sleep(self, timeout_s: float) -> bool:
        try:
            await asyncio.wait_for(self._woken.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def _listen(self) -> None:
        async with aclosing(Announcements(self._clients).listen()) as announcements:
            async for _ in announcements:
                self._woken.set()


def _believe(payload: Any) -> Completion | None:
    try:
        return Completion.from_json(payload)
    except (ValueError, TypeError):
        return None


def _string(said: Mapping[str, Any], name: str, chars_max: int) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > chars_max:
        raise ValueError(f"{name} is not a string of at most {chars_max} characters")
    return value


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
