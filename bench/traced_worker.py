"""The worker with marks: ``python -m bench.traced_worker FILE``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from bench import marks
from fleet.redis_queue import RedisQueue
from worker import __main__ as service
from worker.crun_sandbox import CrunBox
from worker.docker_sandbox import DockerBox
from worker.loop import Pipeline
from worker.run import Run
from worker.spares import Spares


def _wrap() -> None:
    wait, claim, execute = RedisQueue.wait, RedisQueue.claim, Pipeline.execute
    woken_ns = [0]

    async def waiting(queue: RedisQueue, worker_id: str, timeout_s: float) -> None:
        await wait(queue, worker_id, timeout_s)
        woken_ns[0] = time.monotonic_ns()

    async def claiming(queue: RedisQueue, *args: Any, **kwargs: Any) -> Any:
        began_ns = time.monotonic_ns()
        claims = await claim(queue, *args, **kwargs)
        for one in claims:
            marks.mark(one.job_id, "woken", woken_ns[0])
            marks.mark(one.job_id, "claim", began_ns)
            marks.mark(one.job_id, "claim.end")
        return claims

    async def executing(pipeline: Pipeline, run: Run) -> None:
        marks.job.set(run.claim.job_id)
        await execute(pipeline, run)

    def ran(_args: tuple[Any, ...], raw: Any) -> str:
        job_id = marks.job.get()
        if job_id:
            marks.mark(job_id, "wall", raw.wall_us * 1000)  # how long, not when
        return job_id

    RedisQueue.wait = waiting  # type: ignore[method-assign, assignment]
    RedisQueue.claim = claiming  # type: ignore[method-assign, assignment]
    Pipeline.execute = executing  # type: ignore[method-assign, assignment]
    marks.around(Spares, "take", "take")
    marks.around(RedisQueue, "renew", "started")
    for box in (DockerBox, CrunBox):
        marks.around(box, "run", "box", ran)
    marks.around(RedisQueue, "finish", "finish")


if __name__ == "__main__":
    _wrap()
    try:
        status = service.main([])
    finally:
        marks.write(Path(sys.argv[1]))
    sys.exit(status)
