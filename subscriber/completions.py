"""The log of completions: one line for every finished job of the fleet.

Each batch is read, written, flushed and only then acknowledged, in this order, so no completion is
lost to a crash; one between the last two steps writes a line again, and ``n`` tells that it is the
same. A number that will never come is logged as ``events_missing`` instead of being passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Protocol

from fleet import log
from fleet.errors import QueueUnavailable
from fleet.events import Batch
from subscriber.metrics import Metrics
from subscriber.patience import until_answered

# An idle read ends after this, so that a stop is seen; a completion wakes it at once.
READ_S = 1.0
LOOP = "completions"
_log = log.get("subscriber")


class Source(Protocol):
    """Where completions come from: ``fleet.events.Completions``, or a list in a test."""

    async def open(self) -> None: ...
    async def read(self, timeout_s: float = ...) -> Batch: ...
    async def ack(self, batch: Batch) -> None: ...
    async def close(self) -> None: ...


async def follow(source: Source, metrics: Metrics, stop: asyncio.Event) -> None:
    """Log completions until ``stop`` is set. Redis may be away meanwhile, at the start too."""
    await source.open()
    try:
        while not stop.is_set():
            batch = await until_answered(partial(source.read, READ_S), metrics, stop, LOOP)
            if batch is None:
                break
            _write(batch, metrics)
            await until_answered(partial(source.ack, batch), metrics, stop, LOOP)
    finally:
        # Redis may be away at the end as well; what was not acknowledged is then read again.
        with contextlib.suppress(QueueUnavailable):
            await source.close()


def _write(batch: Batch, metrics: Metrics) -> None:
    for first, last in batch.gaps:
        _log.warning("events_missing", first=first, last=last, count=last - first + 1)
        metrics.missing.inc(last - first + 1)
    for done in batch.completions:
        # The logger flushes every line and escapes whatever a sender put into these fields.
        _log.info(
            "problem_done",
            n=done.n,
            jobId=done.job_id,
            problemId=done.problem_id,
            language=done.language,
            verdict=str(done.verdict),
            finishedAt=done.finished_at,
        )
        metrics.completions.labels(str(done.verdict)).inc()
        metrics.last.set(done.n)
    if batch.malformed:
        _log.warning("events_malformed", count=batch.malformed)
    metrics.malformed.inc(batch.malformed)
    metrics.repeats.inc(batch.repeats)
