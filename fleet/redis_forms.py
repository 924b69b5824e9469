"""What the scripts of the queue are given and answer, as bytes, and the values these are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fleet import keys
from fleet.events import announcement
from fleet.job import JOB_ID_PATTERN, JobState, Lane, Verdict
from fleet.queue import Batch, Claim, Order, Record

_FULL_OUTPUT_CHARS = 1024  # in whole groups of base64
_FULL_CASES = 16  # the counts tell of all
RECORD_FIELDS = (
    "problemId",
    "state",
    "language",
    "fails",
    "crashes",
    "queued",
    "started",
    "finished",
    "worker",
    "result",
    "owner",
    "lane",
    "due",
    "batch",
    "cancel",
)
CLAIM_FIELDS = 10  # of each job in the answer of claim


def text(value: bytes) -> str:
    """Text that anyone may have written."""
    return value.decode("utf-8", "replace")


def to_bytes(value: Mapping[str, Any]) -> bytes:
    """``value`` as JSON."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but an escaped one
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def with_less_output(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result as a full server stores it: the beginning of each output, the first cases
    without theirs, no files."""
    shorter = _cut(result, _FULL_OUTPUT_CHARS)
    if result.get("compile"):
        shorter["compile"] = _cut(result["compile"], _FULL_OUTPUT_CHARS)
    if result.get("cases"):
        shorter["cases"] = [{**_cut(case, 0), "diff": None} for case in result["cases"][:_FULL_CASES]]
    if result.get("files"):
        shorter["files"] = [{**file, "how": "cut", "content": ""} for file in result["files"]]
    kept = f"{_FULL_OUTPUT_CHARS} characters of each output and {_FULL_CASES} cases"
    words = f"Redis was full: at most {kept} were kept"
    how = result["evidence"]["how"]
    shorter["evidence"] = {**result["evidence"], "how": f"{how}; {words}" if how else words}
    return shorter


def _cut(streams: Mapping[str, Any], chars_max: int) -> dict[str, Any]:
    shorter = dict(streams)
    for stream in ("stdout", "stderr"):
        if len(streams[stream]) > chars_max:
            shorter[stream] = streams[stream][:chars_max]
            shorter[f"{stream}Truncated"] = True
    return shorter


def ending(job_id: str, result: Mapping[str, Any], retention_s: int) -> Sequence[str | bytes | int]:
    """How a job ends, as ``fleet/lua/_finish.lua`` reads it."""
    event = announcement(job_id, result)
    return to_bytes(result), event, Verdict(result["verdict"]), retention_s


def order_fields(order: Order) -> list[str | float]:
    """An order as ``fleet/lua/_accept.lua`` reads it. Raises ``ValueError`` if it cannot be stored."""
    if not JOB_ID_PATTERN.fullmatch(order.job_id):
        raise ValueError("a job id is 32 hexadecimal digits")
    return [
        *(order.job_id, order.spec, order.problem_id, keys.by_problem(order.problem_id, order.owner)),
        *(keys.plain(order.language), order.lane, order.run_at_ms, order.delay_ms),
        *(order.ttl_s or "", int(order.keep_source) or "", order.callback),
    ]


def claim_of(fields: Sequence[bytes], claimed_at_ms: int) -> Claim:
    """A claim of what the script of that name answers for one job."""
    job_id, fence, spec, fails, crashes, queued, oversize, definition, owner, cancelled = fields
    return Claim(
        job_id=text(job_id),
        fence=text(fence),
        spec=spec,
        attempt=int(fails) + int(crashes) + 1,
        crashes=int(crashes),
        queued_at_ms=int(queued),
        claimed_at_ms=claimed_at_ms,
        oversize_bytes=int(oversize),
        definition=text(definition),
        owner=text(owner),
        cancelled=cancelled == b"1",
    )


def record_of(job_id: str, values: Sequence[bytes | None]) -> Record | None:
    """The job whose hash has these values for ``RECORD_FIELDS``; None if it has none."""
    known = dict(zip(RECORD_FIELDS, values, strict=True))
    if known["state"] is None:
        return None
    result, worker = known["result"], known["worker"]
    begun = 0 if worker is None else 1  # nobody's while it waits, also when it was cancelled then
    return Record(
        job_id=job_id,
        problem_id=text(known["problemId"] or b""),
        state=JobState(text(known["state"])),
        language=text(known["language"] or b""),
        attempt=int(known["fails"] or 0) + int(known["crashes"] or 0) + begun,
        queued_at_ms=int(known["queued"] or 0),
        started_at_ms=_whole(known["started"]),
        finished_at_ms=_whole(known["finished"]),
        worker=None if worker is None else text(worker),
        result=None if result is None else json.loads(result),
        owner=text(known["owner"] or b""),
        lane=Lane(text(known["lane"] or b"normal")),
        batch_id=text(known["batch"] or b""),
        run_at_ms=_whole(known["due"]),
        cancel_asked=known["cancel"] is not None,
    )


def batch_of(batch_id: str, fields: Mapping[bytes, bytes]) -> Batch | None:
    """The batch whose hash has these fields; None if it has none."""
    known = {text(field): value for field, value in fields.items()}
    if "total" not in known:
        return None
    return Batch(
        batch_id=batch_id,
        owner=text(known["owner"]),
        total=int(known["total"]),
        done=int(known["done"]),
        verdicts={field[2:]: int(value) for field, value in known.items() if field.startswith("v:")},
        queued_at_ms=int(known["queued"]),
        finished_at_ms=_whole(known.get("finished")),
    )


def _whole(value: bytes | None) -> int | None:
    return None if value is None else int(value)
