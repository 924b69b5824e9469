"""What an address names: the exact id in a path, and the jobs it stands for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote_to_bytes

from fastapi import Request

from api.auth import Caller
from api.problems import Kind, Problem
from fleet.fields import PROBLEM_ID_CHARS_MAX
from fleet.job import JOB_ID_PATTERN
from fleet.queue import Batch, Queue, Record


def name_in_path(request: Request, parameter: str) -> str:
    """A jobId or problemId out of the path, exactly as it was sent; slashes may be part of it."""
    name = text_in_path(request, parameter)
    if not 1 <= len(name) <= PROBLEM_ID_CHARS_MAX:
        raise unknown_job()
    return name


def text_in_path(request: Request, parameter: str) -> str:
    """A part of the path of any length."""
    # The server decodes the path leniently; bytes that are not UTF-8 must not turn into somebody's id.
    try:
        sent = unquote_to_bytes(_raw_path(request)).decode()
    except UnicodeDecodeError:
        raise unknown_job() from None
    if sent.endswith("\n"):
        raise unknown_job()  # the router would drop it, and mean another id
    text: str = request.path_params[parameter]
    return text


def ends_with(request: Request, end: str) -> bool:
    """Whether the path as it was sent, still encoded, ends so: an encoded slash belongs to an id."""
    return not _raw_path(request) or _raw_path(request).endswith(end.encode())


async def job_named(queue: Queue, job_id: str, caller: Caller) -> Record:
    """The job of this id. Raises ``Problem`` if it is unknown, or not the caller's to know."""
    job = await queue.get(job_id) if JOB_ID_PATTERN.fullmatch(job_id) else None
    if job is None or not caller.may_see(job.owner):
        raise unknown_job()
    return job


async def jobs_of(queue: Queue, problem_id: str, caller: Caller, count: int) -> AsyncIterator[Record]:
    """The newest of the caller's jobs of a problem that are kept, one after the other."""
    for job_id in await queue.newest(problem_id, count, owner=caller.owner):
        job = await queue.get(job_id)
        if job is not None and job.problem_id == problem_id and job.owner == caller.owner:
            yield job


async def batch_named(queue: Queue, batch_id: str, caller: Caller) -> Batch:
    """The batch of this id. Raises ``Problem`` if it is unknown, or not the caller's to know."""
    batch = await queue.batch(batch_id) if JOB_ID_PATTERN.fullmatch(batch_id) else None
    if batch is None or not caller.may_see(batch.owner):
        raise Problem(Kind.UNKNOWN_BATCH, "no batch of this id is known; batches are kept for a limited time")
    return batch


def unknown_job() -> Problem:
    """The answer to an id that names nothing."""
    return Problem(
        Kind.UNKNOWN_JOB, "no job or problem of this id is known; results are kept for a limited time"
    )


def _raw_path(request: Request) -> bytes:
    raw: bytes = request.scope.get("raw_path") or b""
    return raw
