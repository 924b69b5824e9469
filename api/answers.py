"""Answers of the API as plain JSON, built without a detour over models: this is the hot path."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from fleet.job import JobState, iso_utc
from fleet.queue import Batch, Record


def json_response(
    content: Mapping[str, Any] | Sequence[Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """``content`` as a JSON response."""
    return Response(encode(content), status_code=status, headers=headers, media_type="application/json")


def encode(content: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """``content`` as JSON in UTF-8."""
    try:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # A lone surrogate can only come from a result somebody else wrote; escaped it is still JSON.
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def summary(job_id: str, problem_id: str, state: JobState) -> dict[str, Any]:
    """Where a job is, and where to look next."""
    return {
        "jobId": job_id,
        "problemId": problem_id,
        "state": str(state),
        "links": {
            "self": job_path(job_id),
            "result": f"/result/{job_id}",
            "problem": f"/problems/{quote(problem_id, safe='', errors='replace')}/results",
        },
    }


def record(job: Record) -> dict[str, Any]:
    """All that is known of a job, but its code."""
    return {
        **summary(job.job_id, job.problem_id, job.state),
        "language": job.language,
        "attempt": job.attempt,
        "worker": job.worker,
        "priority": str(job.lane),
        "batchId": job.batch_id or None,
        "runAt": _time(job.run_at_ms),
        "cancelAsked": job.cancel_asked,
        "queuedAt": iso_utc(job.queued_at_ms),
        "startedAt": _time(job.started_at_ms),
        "finishedAt": _time(job.finished_at_ms),
        "result": job.result,
    }


def batch(found: Batch) -> dict[str, Any]:
    """How far a batch has come."""
    return {
        "batchId": found.batch_id,
        "total": found.total,
        "done": found.done,
        "verdicts": dict(found.verdicts),
        "queuedAt": iso_utc(found.queued_at_ms),
        "finishedAt": _time(found.finished_at_ms),
        "links": batch_links(found.batch_id),
    }


def batch_links(batch_id: str) -> dict[str, str]:
    """Where to look next for a batch."""
    path = batch_path(batch_id)
    return {"self": path, "results": f"{path}/results", "events": f"{path}/events"}


def batch_path(batch_id: str) -> str:
    """Address of a batch."""
    return f"/batches/{batch_id}"


def job_path(job_id: str) -> str:
    """Address of a job's record."""
    return f"/jobs/{job_id}"


def _time(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else iso_utc(epoch_ms)
