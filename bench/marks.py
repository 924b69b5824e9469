"""Marks in the life of a job, set by processes whose code is wrapped for the benchmark alone.

``mark`` appends to a list; the list is written when the process ends. One clock serves all processes
of a host: ``time.monotonic_ns``.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_marks: list[tuple[str, str, int]] = []
job: ContextVar[str] = ContextVar("job", default="")  # the one that the present task works on


def mark(job_id: str, point: str, at_ns: int = 0) -> None:
    """Note that a job has come to a point, now unless a time is given."""
    _marks.append((job_id, point, at_ns or time.monotonic_ns()))


def write(path: Path) -> None:
    """All marks of this process, as JSON."""
    path.write_text(json.dumps(_marks))


def read(path: Path) -> dict[str, dict[str, int]]:
    """The marks of a file: job -> point -> nanoseconds. The first mark of a point counts."""
    found: dict[str, dict[str, int]] = {}
    for job_id, point, at_ns in json.loads(path.read_text()):
        found.setdefault(job_id, {}).setdefault(point, at_ns)
    return found


def around(
    owner: type, method: str, point: str, job_of: Callable[[tuple[Any, ...], Any], str] | None = None
) -> None:
    """Wrap an async method: ``point`` and ``point.end`` are marked for the job that ``job_of`` finds
    in its arguments (and, at the end, its answer), or for the present task's."""
    plain: Callable[..., Awaitable[Any]] = getattr(owner, method)

    @functools.wraps(plain)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        began_ns = time.monotonic_ns()
        answer = await plain(*args, **kwargs)
        job_id = job_of(args, answer) if job_of else job.get()
        if job_id:
            mark(job_id, point, began_ns)
            mark(job_id, f"{point}.end")
        return answer

    setattr(owner, method, wrapped)
