"""The API with marks: ``python -m bench.traced_api FILE``."""

from __future__ import annotations

import sys
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from api import __main__ as service
from api import answers
from api.body import BodyReader
from bench import marks
from fleet import events
from fleet.redis_queue import RedisQueue

_arrived_ns: ContextVar[int] = ContextVar("arrived_ns", default=0)


def _wrap() -> None:
    read, believe, json_response = BodyReader.read, events._believe, answers.json_response

    async def reading(reader: BodyReader, request: Any) -> bytes:
        _arrived_ns.set(time.monotonic_ns())  # its job has no id yet
        return await read(reader, request)

    def believing(payload: Any) -> events.Completion | None:
        completion = believe(payload)
        if completion:
            marks.mark(completion.job_id, "event")
        return completion

    def answering(content: Any, *args: Any, **kwargs: Any) -> Any:
        if "verdict" in content:
            marks.mark(content["jobId"], "answer")
        return json_response(content, *args, **kwargs)

    def enqueued(args: tuple[Any, ...], _answer: Any) -> str:
        job_id: str = args[1].job_id  # of its order
        marks.mark(job_id, "arrived", _arrived_ns.get())
        return job_id

    BodyReader.read = reading  # type: ignore[method-assign, assignment]
    events._believe = believing
    answers.json_response = answering
    marks.around(RedisQueue, "enqueue", "enqueue", enqueued)
    marks.around(RedisQueue, "get", "get", lambda args, _answer: str(args[1]))


if __name__ == "__main__":
    _wrap()
    try:
        service.main()
    finally:
        marks.write(Path(sys.argv[1]))
