"""For tests: values with sensible defaults, and ``FakeQueue``, a queue in memory."""

from __future__ import annotations

import secrets
from typing import Any

from fleet.fake_queue import FakeQueue
from fleet.job import Evidence, Result, Submission, Verdict, iso_utc
from fleet.queue import Claim, Order, WorkerInfo

__all__ = [
    "FakeQueue",
    "a_claim",
    "a_job_id",
    "a_result",
    "a_submission",
    "a_worker",
    "an_order",
]

_EPOCH_MS = 1_700_000_000_000


def a_job_id() -> str:
    """A fresh job id."""
    return secrets.token_hex(16)


def a_submission(**changes: Any) -> Submission:
    """A valid submission."""
    return Submission(**{"problem_id": "two-sum", "code": "1", "language": "tongue", **changes})


def an_order(submission: Submission | None = None, **changes: Any) -> Order:
    """A valid submission, ready to be enqueued under a fresh id."""
    submission = submission or a_submission()
    values: dict[str, Any] = {
        "job_id": a_job_id(),
        "spec": submission.to_spec(),
        "problem_id": submission.problem_id,
        "language": submission.language,
        "lane": submission.priority,
    }
    return Order(**{**values, **changes})


def a_worker(worker_id: str = "w1", *languages: str, slots: int = 4) -> WorkerInfo:
    """What a worker announces; it serves ``tongue`` (alias ``tg``) unless told otherwise."""
    served = [{"name": name, "aliases": []} for name in languages] or [{"name": "tongue", "aliases": ["tg"]}]
    return WorkerInfo(worker_id, slots, "fake", served)


def a_claim(**changes: Any) -> Claim:
    """A claim of a first run."""
    values: dict[str, Any] = {
        "job_id": a_job_id(),
        "fence": "1:0a",
        "spec": a_submission().to_spec().encode(),
        "attempt": 1,
        "crashes": 0,
        "queued_at_ms": _EPOCH_MS,
        "claimed_at_ms": _EPOCH_MS + 5,
    }
    return Claim(**{**values, **changes})


def a_result(**changes: Any) -> Result:
    """The result of a run that went well."""
    values: dict[str, Any] = {
        "job_id": a_job_id(),
        "problem_id": "two-sum",
        "language": "tongue",
        "verdict": Verdict.OK,
        "evidence": Evidence(),
        "exit_code": 0,
        "stdout": b"1\n",
        "attempt": 1,
        "queued_at": iso_utc(_EPOCH_MS),
        "finished_at": iso_utc(_EPOCH_MS + 10),
    }
    return Result(**{**values, **changes})
