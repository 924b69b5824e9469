"""The walk of ``make demo``: each service of the API in one or two requests, checked as it goes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from setup.demo_client import Client, brief, claim, show, title

_SLOW = "import time\nfor i in range(60):\n    print(i, flush=True)\n    time.sleep(0.25)"
_FLOOD = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """Who takes part: two keys' clients, one with a quota, one without a key, and a receiver of webhooks."""

    alice: Client
    bob: Client
    small: Client  # two jobs a minute
    nobody: Client
    receiver_url: str
    received: Callable[[int], list[dict[str, Any]]]  # waits until so many came; headers, body, verified


def walk(scene: Scene) -> None:
    """Do all of it. Raises ``SetupError`` at the first thing that does not happen as told."""
    numbers = count(1)
    for words, part in (
        ("Submit: a place in the queue, and the result", _submit),
        ("A batch: many jobs in one acknowledged step, results as they end", _batch),
        ("Events: what a program prints while it runs, resumed after a break", _events),
        ("Cancel: a job that waits, one that runs, and one whose client left", _cancel),
        ("Fair share: one key's flood beside another's single job", _fair),
        ("Later: a job with a time of its own", _later),
        ("Idempotency-Key: sent twice, run once", _idempotency),
        ("Webhooks: signed, listed, sent again", _webhooks),
        ("Keys: scopes, quotas, and nobody else's jobs", _keys),
        ("Retention: the source on request, and nothing kept longer than wanted", _retention),
        ("Piston and Judge0 clients: another base URL is all", _drop_in),
    ):
        title(next(numbers), words)
        part(scene)


def a_job(code: str, **more: Any) -> dict[str, Any]:
    """The body of a submit."""
    return {"problemId": "demo", "language": "python", "code": code, **more}


def _submit(scene: Scene) -> None:
    job = scene.alice.ask("POST /submit", a_job("print(6 * 7)"), 202).json
    show("POST /submit", f"202 {brief(job, 'jobId', 'state', 'position', 'waiting', 'estimatedStart')}")
    waiting = scene.alice.with_headers(Prefer="wait=10")
    result = waiting.ask(f"GET /result/{job['jobId']}").json
    show("GET /result/{jobId}", f"200 {brief(result, 'verdict', 'stdout', 'cpuMs', 'wallMs', 'queueMs')}")
    claim(result["stdout"] == "42\n", "the program prints 42")


def _batch(scene: Scene) -> None:
    jobs = [a_job(f"print({n} ** 2)") for n in range(20)]
    batch = scene.alice.ask("POST /submit/batch", {"jobs": jobs}, 202).json
    show(f"POST /submit/batch, {len(jobs)} jobs", f"202 {brief(batch, 'batchId')}")
    waiting = scene.alice.with_headers(Prefer="wait=60")
    results = waiting.ask(f"GET /batches/{batch['batchId']}/results").lines
    for result in results[:2]:
        show("GET /batches/{batchId}/results", brief(result, "jobId", "verdict", "stdout"))
    show(f"… {len(results)} lines in all")
    claim(len(results) == len(jobs), "each job of the batch has its line")
    totals = scene.alice.ask(f"GET /batches/{batch['batchId']}").json
    show("GET /batches/{batchId}", f"200 {brief(totals, 'total', 'done', 'verdicts')}")
    code = {"code": "print(1)", "problemId": "demo", "language": "klingon"}
    refused = scene.alice.ask("POST /submit/batch", {"jobs": [*jobs[:1], code]}, 422).json
    show("one bad job among them: nothing is accepted", f"422 {json.dumps(refused['errors'])}")


def _events(scene: Scene) -> None:
    code = "import time\nfor i in range(8):\n    print('line', i, flush=True)\n    time.sleep(0.15)"
    path = f"/jobs/{_submitted(scene.alice, code)}/events"
    last = ""
    for event_id, name, data in scene.alice.events(path):
        show(f"event {name}", json.dumps(data))
        last = event_id
        if name == "output":
            break
    show("… the connection is cut here", f"Last-Event-ID: {last}")
    heard = []
    for _, name, data in scene.alice.events(path, last):
        show(f"event {name}", json.dumps(data))
        heard.append(name)
    claim(heard[-1:] == ["done"] and "output" in heard, "the stream goes on where it broke, and ends")


def _cancel(scene: Scene) -> None:
    job_id = _submitted(scene.alice, _SLOW, delaySeconds=600)
    waits = scene.alice.ask(f"DELETE /jobs/{job_id}").json
    show("DELETE /jobs/{jobId}, while it waits", f"200 {brief(waits, 'state')} {waits['result']['verdict']}")
    job_id = _submitted(scene.alice, _SLOW)
    _until_running(scene.alice, job_id)
    began_s = time.monotonic()
    ended = scene.alice.with_headers(Prefer="wait=10").ask(f"DELETE /jobs/{job_id}").json
    took_ms = (time.monotonic() - began_s) * 1000
    said = brief(ended["result"], "verdict", "stdout")
    show("DELETE /jobs/{jobId}, while it runs", f"200 in {took_ms:.0f} ms {said}")
    claim(ended["result"]["verdict"] == "cancelled", "a running job is cancelled")
    result = scene.alice.with_headers(Prefer="wait=10").ask(f"DELETE /jobs/{job_id}").json["result"]
    claim(result == ended["result"], "once more changes nothing")
    left = a_job(_SLOW, problemId="left")
    scene.alice.with_headers(Prefer="wait=30, cancel-on-close").leave("POST /submit", left, after_s=1.0)
    gone = scene.alice.with_headers(Prefer="wait=10").ask("GET /result/left").json
    show("POST /submit, Prefer: cancel-on-close, and left", f"200 {brief(gone, 'verdict', 'stdout')}")
    claim(gone["verdict"] == "cancelled", "a job whose client left is cancelled")


def _fair(scene: Scene) -> None:
    flood = [a_job("import time; time.sleep(0.1)") for _ in range(_FLOOD)]
    batch = scene.alice.ask("POST /submit/batch", {"jobs": flood}, 202).json
    show(f"alice: POST /submit/batch, {_FLOOD} jobs", f"202 {brief(batch, 'batchId')}")
    began_s = time.monotonic()
    job = scene.bob.ask("POST /submit", a_job("print('bob')"), 202).json
    show("bob: POST /submit", f"202 {brief(job, 'position', 'waiting', 'estimatedStart')}")
    scene.bob.with_headers(Prefer="wait=60").ask(f"GET /result/{job['jobId']}")
    took_s = time.monotonic() - began_s
    done = scene.alice.ask(f"GET /batches/{batch['batchId']}").json["done"]
    show("bob has his result", f"after {took_s:.2f} s, with {done} of alice's {_FLOOD} done")
    claim(done < _FLOOD / 2, "bob does not wait for alice's flood")
    ended = scene.alice.with_headers(Prefer="wait=20").ask(f"DELETE /batches/{batch['batchId']}").json
    show("alice: DELETE /batches/{batchId}", f"200 {brief(ended, 'total', 'done', 'verdicts')}")


def _later(scene: Scene) -> None:
    job = scene.alice.ask("POST /submit", a_job("print('now')", delaySeconds=2, priority="high"), 202).json
    show('POST /submit, "delaySeconds": 2', f"202 {brief(job, 'position', 'estimatedStart')}")
    result = scene.alice.with_headers(Prefer="wait=20").ask(f"GET /result/{job['jobId']}").json
    show("GET /result/{jobId}", f"200 {brief(result, 'queuedAt', 'startedAt', 'verdict')}")


def _idempotency(scene: Scene) -> None:
    client = scene.alice.with_headers(Idempotency_Key=f"demo-{time.time_ns()}")
    first = client.ask("POST /submit", a_job("print(1)"), 202).json["jobId"]
    again = client.ask("POST /submit", a_job("print(1)"), 202)
    show("the same request again", f"202 the same job: {first == again.json['jobId']}")
    claim(first == again.json["jobId"], "a key and its body name one job")
    other = client.ask("POST /submit", a_job("print(2)"), 409).json
    show("the same key with another body", f"409 {other['detail']}")


def _webhooks(scene: Scene) -> None:
    inside = a_job("print(1)", callbackUrl="http://169.254.169.254/latest/meta-data")
    refused = scene.alice.ask("POST /submit", inside, 422).json
    show("callbackUrl to the cloud's metadata", f"422 {refused['detail']}")
    job_id = _submitted(scene.alice, "print('hook')", callbackUrl=scene.receiver_url)
    (came,) = scene.received(1)
    show("the receiver got", f"{came['type']} {brief(came['data'], 'jobId', 'verdict')}")
    show("its signature", f"{came['signature']} verified: {came['verified']}")
    claim(
        came["verified"] and came["data"]["jobId"] == job_id, "the delivery is signed with the key's secret"
    )
    listed = scene.alice.ask("GET /deliveries").json["deliveries"]
    show("GET /deliveries", brief(listed[0], "deliveryId", "state", "attempts"))
    scene.alice.ask(f"POST /deliveries/{listed[0]['deliveryId']}/redeliver", None, 202)
    again = scene.received(2)[1]
    show("POST /deliveries/{id}/redeliver", f"202 it came again, verified: {again['verified']}")


def _keys(scene: Scene) -> None:
    missing = scene.nobody.ask("POST /submit", a_job("print(1)"), 401)
    show("without a key", f"401 {missing.json['detail']}")
    job_id = _submitted(scene.alice, "print('secret')")
    foreign = scene.bob.ask(f"GET /result/{job_id}", None, 404).json
    show("bob asks for alice's job", f"404 {foreign['detail']}")
    scene.bob.ask(f"DELETE /jobs/{job_id}", None, 404)
    show("bob cancels alice's job", "404")
    for _ in range(2):
        accepted = scene.small.ask("POST /submit", a_job("print(1)"), 202)
    show("a key with two jobs a minute", f"202 RateLimit: {accepted.headers['ratelimit']}")
    refused = scene.small.ask("POST /submit", a_job("print(1)"), 429)
    show("its third", f"429 Retry-After: {refused.headers['retry-after']}, {refused.json['detail']}")


def _retention(scene: Scene) -> None:
    job_id = _submitted(scene.alice, "print('kept')", store="source", ttlSeconds=600)
    scene.alice.with_headers(Prefer="wait=10").ask(f"GET /result/{job_id}")
    source = scene.alice.ask(f"GET /jobs/{job_id}/source").json
    show('"store": "source", then GET /jobs/{jobId}/source', f"200 {brief(source, 'code', 'language')}")
    scene.alice.ask(f"DELETE /result/{job_id}", None, 204)
    scene.alice.ask(f"GET /jobs/{job_id}", None, 404)
    show("DELETE /result/{jobId}, then GET /jobs/{jobId}", "204, 404")


def _drop_in(scene: Scene) -> None:
    piston = {"language": "python", "version": "*", "files": [{"content": "print('piston')"}]}
    run = scene.alice.ask("POST /piston/api/v2/execute", piston).json["run"]
    show("POST /piston/api/v2/execute", f"200 {brief(run, 'stdout', 'code', 'signal')}")
    languages = scene.alice.ask("GET /judge0/languages").json
    number = next(each["id"] for each in languages if "python" in each["name"].lower())
    code = base64.b64encode(b"print(input())").decode()
    body = {"language_id": number, "source_code": code, "stdin": base64.b64encode(b"judge0").decode()}
    judged = scene.alice.ask("POST /judge0/submissions?base64_encoded=true&wait=true", body, 201).json
    out = base64.b64decode(judged["stdout"]).decode()
    show(
        "POST /judge0/submissions?wait=true", f"201 {brief(judged, 'token', 'status', 'time')} {out.strip()}"
    )


def _submitted(client: Client, code: str, **more: Any) -> str:
    job_id: str = client.ask("POST /submit", a_job(code, **more), 202).json["jobId"]
    return job_id


def _until_running(client: Client, job_id: str) -> None:
    for _, name, data in client.events(f"/jobs/{job_id}/events"):
        if name == "output" or data.get("state") == "running":
            return
