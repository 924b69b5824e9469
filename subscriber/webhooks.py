"""The sender of webhooks: every delivery that is due, at least once, none held up by a slow receiver.

A delivery is leased, posted and settled. Whoever is killed between the last two has it posted again:
its id tells the receiver that it is the same. So many are under way at once, fewer of one owner, and
fewer still to one host of an owner; what is beyond these bounds waits in Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Protocol

from fleet import log
from fleet.deliveries import Attempted, Claimed, Deliveries, DeliveryState, Sending, Share
from fleet.webhooks import Target, secret_of, signed
from subscriber.metrics import Metrics
from subscriber.outbound import Answer, How
from subscriber.patience import until_answered

LOOP = "webhooks"
_LOOK_S = 5.0  # at most so long between two claims: the word that something is due may be lost
_LOOK_S_MIN = 0.05
_LEASE_BEYOND_S = 20.0  # the lease outlasts an attempt and the word about it
_JITTER = 0.2
_GONE = 410  # the receiver says: never again
_log = log.get(LOOP)


class Post(Protocol):
    """What posts: ``subscriber.outbound.Outbound``, or a list in a test."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is sent at once, and when it is sent again."""

    pauses_s: tuple[int, ...]  # before each further attempt
    sends_max: int = 64
    per_host_max: int = 8
    attempt_s: float = 10.0

    @property
    def share(self) -> Share:
        """The plan as a claim wants it."""
        return Share(
            lease_s=self.attempt_s + _LEASE_BEYOND_S,
            receiver_max=self.per_host_max,
            owner_max=max(1, self.sends_max // 2),
            attempts_max=len(self.pauses_s) + 1,
        )

    def next_of(self, attempt: int, answer: Answer, took_ms: int) -> Attempted:
        """What a delivery is after this attempt."""
        told = partial(Attempted, reason=answer.reason, status=answer.status, took_ms=took_ms)
        if answer.status is not None and 200 <= answer.status <= 299:
            return told(DeliveryState.DELIVERED)
        if answer.status == _GONE or attempt > len(self.pauses_s):
            return told(DeliveryState.DEAD)
        pause_s = self.pauses_s[attempt - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        return told(DeliveryState.PENDING, pause_s=max(pause_s, answer.retry_after_s))


class Sender:
    """Sends what is due. ``master``: what the signing secrets of owners are made from."""

    def __init__(
        self, deliveries: Deliveries, outbound: Post, master: str, plan: Plan, metrics: Metrics
    ) -> None:
        self._deliveries = deliveries
        self._outbound = outbound
        self._master = master
        self._plan = plan
        self._metrics = metrics
        self._busy = Counter[str]()  # of each receiver, how many are under way
        self._woken = asyncio.Event()

    async def run(self, wakes: AsyncGenerator[None, None], stop: asyncio.Event) -> None:
        """Send until ``stop``; what is under way then is ended. Each of ``wakes`` says: look at once."""
        self._busy.clear()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(wakes))
            stopping = tasks.create_task(self._wake_at(stop))
            await self._send(tasks, stop)
            listening.cancel()
            stopping.cancel()

    async def _send(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            want = self._plan.sends_max - self._busy.total()
            claim = partial(self._deliveries.claim, want, self._plan.share, dict(self._busy))
            claimed = await until_answered(claim, self._metrics, stop, LOOP)
            if claimed is None:
                break
            self._measure(claimed)
            for sending in claimed.sendings:
                self._busy[sending.receiver] += 1
                tasks.create_task(self._deliver(sending, stop))
            await self._idle(claimed)

    async def _idle(self, claimed: Claimed) -> None:
        """Until something may be due, a place is free, or somebody says so."""
        pause_s = _LOOK_S if claimed.next_s is None else min(max(claimed.next_s, _LOOK_S_MIN), _LOOK_S)
        if self._busy and claimed.next_s == 0:
            pause_s = _LOOK_S  # what is due waits for a place
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), pause_s)

    async def _deliver(self, sending: Sending, stop: asyncio.Event) -> None:
        begun_s = time.monotonic()
        try:
            answer = await self._post(sending)
            took_s = time.monotonic() - begun_s
            attempted = self._plan.next_of(sending.attempt, answer, int(took_s * 1000))
            self._note(sending, answer, attempted, took_s)
            settle = partial(self._deliveries.settle, sending, attempted)
            if await until_answered(settle, self._metrics, stop, LOOP) is False:
                _log.warning("webhook_lease_lost", delivery_id=sending.delivery_id, attempt=sending.attempt)
        finally:
            self._busy[sending.receiver] -= 1
            self._busy += Counter()  # drops what is not above 0
            self._woken.set()

    async def _post(self, sending: Sending) -> Answer:
        secret = secret_of(self._master, sending.owner)
        headers = {
            "Content-Type": "application/json",
            **signed(secret, sending.delivery_id, int(time.time()), sending.body),
            "Sandfleet-Event": sending.event,
            "Sandfleet-Attempt": str(sending.attempt),
        }
        try:
            return await self._outbound.post(sending.url, headers, sending.body)
        except Exception as error:  # one delivery must not end all others
            # Without its words and its frames: a URL or a body may be in them.
            _log.error("webhook_failed", delivery_id=sending.delivery_id, fault=_place_of(error))
            return Answer(How.FAILED, "a fault of this service; its log has the reason")

    def _note(self, sending: Sending, answer: Answer, attempted: Attempted, took_s: float) -> None:
        outcome = "delivered" if attempted.state is DeliveryState.DELIVERED else str(answer.how)
        self._metrics.attempts.labels(outcome).inc()
        self._metrics.attempt_s.observe(took_s)
        _log.info(
            "webhook_sent",
            delivery_id=sending.delivery_id,
            owner=sending.owner,
            webhook=sending.event,
            subject_id=sending.subject_id,
            host=_host(sending.url),
            attempt=sending.attempt,
            state=str(attempted.state),
            status=answer.status,
            took_ms=attempted.took_ms,
            reason=answer.reason,
        )

    def _measure(self, claimed: Claimed) -> None:
        self._metrics.pending.set(claimed.pending)
        self._metrics.dead.set(claimed.dead)
        self._metrics.oldest_s.set(claimed.oldest_s)

    async def _listen(self, wakes: AsyncGenerator[None, None]) -> None:
        async with aclosing(wakes) as turns:
            async for _ in turns:
                self._woken.set()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._woken.set()


def _place_of(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {PurePath(last.filename).name}:{last.lineno}"


def _host(url: str) -> str:
    try:
        return Target.read(url).host
    except ValueError:
        return ""
