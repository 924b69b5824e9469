"""The control: a plain BRPOP worker, as tutorials have it, under the very same faults.

``python -m tests.chaos.control PORT`` pops a job, runs it, stores the result. It uses the library
with its defaults. Nothing in it is made worse than it has to be.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time

import redis

from tests.chaos import snippets

QUEUE = "control:problems"
RESULTS = "control:results:"  # + id: a list, so that a second result shows


def serve(port: int) -> None:
    """Work until killed."""
    client = redis.Redis(port=port)
    while True:
        try:
            popped = client.brpop([QUEUE], timeout=1)
        except redis.RedisError:
            time.sleep(0.1)
            continue
        if popped:
            job = json.loads(popped[1])
            takes_s, token = snippets.read(job["code"])
            time.sleep(takes_s)
            _store(client, job["jobId"], token)


def _store(client: redis.Redis, job_id: str, token: str) -> None:
    while True:  # it has no other place to put the result, so it tries until it can
        with contextlib.suppress(redis.RedisError):
            client.rpush(RESULTS + job_id, token)
            return
        time.sleep(0.1)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
