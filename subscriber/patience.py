"""Asking Redis until it answers, and running what must not end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fleet import log
from fleet.errors import QueueUnavailable
from subscriber.metrics import Metrics

_PAUSE_S, _PAUSE_S_MAX = 0.1, 2.0
_CRASH_PAUSE_S, _CRASH_PAUSE_S_MAX = 1.0, 30.0
_T = TypeVar("_T")
_log = log.get("subscriber")


async def until_answered(
    ask: Callable[[], Awaitable[_T]], metrics: Metrics, stop: asyncio.Event, loop: str
) -> _T | None:
    """What ``ask`` gives, asked again while Redis is away; None if ``stop`` came first.

    ``loop`` is who asks: each time round, it shows that it is not hanging.
    """
    pause_s = 0.0
    while True:
        metrics.turned(loop)
        try:
            answer = await ask()
        except QueueUnavailable as error:
            if not pause_s:
                _log.warning("redis_away", loop=loop, reason=str(error))
            metrics.queue_up.set(0)
            pause_s = min(max(2 * pause_s, _PAUSE_S), _PAUSE_S_MAX)
        else:
            if pause_s:
                _log.info("redis_back", loop=loop)
            metrics.queue_up.set(1)
            return answer
        if await slept(pause_s, stop):
            return None


async def kept_going(
    loop: str, run: Callable[[], Awaitable[None]], metrics: Metrics, stop: asyncio.Event
) -> None:
    """Run a loop until ``stop``, and again when it crashes: that is loud, and ends nothing beside it."""
    pause_s = 0.0
    while not stop.is_set():
        try:
            await run()
            break
        except Exception as error:  # a fault of ours, whatever it is
            _log.error("loop_crashed", loop=loop, exc_info=error)
            metrics.crashes.labels(loop).inc()
        pause_s = min(max(2 * pause_s, _CRASH_PAUSE_S), _CRASH_PAUSE_S_MAX)
        metrics.turned(loop)
        await slept(pause_s, stop)


async def slept(pause_s: float, stop: asyncio.Event) -> bool:
    """Wait ``pause_s`` seconds, or until ``stop``; whether it came."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), pause_s)
    return stop.is_set()
