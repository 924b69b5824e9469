"""What an address names: the exact id in a path, and the jobs it stands for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from urllib.parse import unquote_to_bytes

from fastapi import Request

from api.problems import Kind, Problem
from fleet.fields import PROBLEM_ID_CHARS_MAX
from fleet.job import JOB_ID_PATTERN
from fleet.queue import Queue, Record


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


async def job_named(queue: Queue, job_id: str) -> Record:
    """The job of this id. Raises ``Problem`` if it is unknown."""
    job = await queue.get(job_id) if JOB_ID_PATTERN.fullmatch(job_id) else None
    if job is None:
        raise unknown_job()
    return job


async def jobs_of(queue: Queue, problem_id: str, job_ids: Iterable[str]) -> AsyncIterator[Record]:
    """The jobs among these that are kept, one after the other."""
    for job_id in job_ids:
        job = await queue.get(job_id)
        if job is not None and job.problem_id == problem_id:
            yield job


def unknown_job() -> Problem:
    """The answer to an id that names nothing."""
    return Problem(
        Kind.UNKNOWN_JOB, "no job or problem of this id is known; results are kept for a limited time"
    )


def _raw_path(request: Request) -> bytes:
    raw: bytes = request.scope.get("raw_path") or b""
    return raw
