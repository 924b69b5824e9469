"""Examples for the API description."""

from __future__ import annotations

from typing import Any

JOB_ID = "0b1f3c5a7e9d2b4c6f8091a2b3c4d5e6"
SUMMARY = {
    "jobId": JOB_ID,
    "problemId": "two-sum",
    "state": "queued",
    "links": {
        "self": f"/jobs/{JOB_ID}",
        "result": f"/result/{JOB_ID}",
        "problem": "/problems/two-sum/results",
    },
}
PLACE = {"position": 3, "estimatedStart": "2026-01-02T03:04:06.178Z"}
ACCEPTED = {**SUMMARY, **PLACE, "waiting": 7}
RESULT: dict[str, Any] = {
    "jobId": JOB_ID,
    "problemId": "two-sum",
    "language": "NAME",
    "verdict": "ok",
    "evidence": {"limit": None, "allowed": None, "used": None, "how": "the program exited with 0"},
    "exitCode": 0,
    "signal": None,
    "stdout": "Hello, World!\n",
    "stderr": "",
    "stdoutTruncated": False,
    "stderrTruncated": False,
    "encoding": "utf-8",
    "cpuMs": 11.2,
    "wallMs": 14.8,
    "memoryBytes": 9_437_184,
    "attempt": 1,
    "worker": "host-1a2b3c",
    "runtime": "docker/runc",
    "image": "sha256:0f3a",
    "languageVersion": "NAME 1.2.3",
    "queuedAt": "2026-01-02T03:04:05.678Z",
    "startedAt": "2026-01-02T03:04:05.681Z",
    "finishedAt": "2026-01-02T03:04:05.697Z",
    "queueMs": 3.0,
    "compile": None,
}
RECORD = {
    **SUMMARY,
    "state": "done",
    "language": "NAME",
    "attempt": 1,
    "worker": "host-1a2b3c",
    "priority": "normal",
    "batchId": None,
    "runAt": None,
    "cancelAsked": False,
    "queuedAt": RESULT["queuedAt"],
    "startedAt": RESULT["startedAt"],
    "finishedAt": RESULT["finishedAt"],
    "result": RESULT,
}
JOB = {**RECORD, "position": 0, "estimatedStart": None}
CANCELLED = {
    **JOB,
    "worker": None,
    "attempt": 0,
    "startedAt": None,
    "result": {
        **RESULT,
        "verdict": "cancelled",
        "evidence": {**RESULT["evidence"], "how": "cancelled on request, before it ran"},
        "exitCode": None,
        "stdout": "",
        "attempt": 0,
        "worker": "",
        "startedAt": None,
    },
}
BATCH_ID = "9a0c2d4e6f8091a2b3c4d5e60b1f3c5a"
_BATCH_LINKS = {
    "self": f"/batches/{BATCH_ID}",
    "results": f"/batches/{BATCH_ID}/results",
    "events": f"/batches/{BATCH_ID}/events",
}
ACCEPTED_BATCH = {"batchId": BATCH_ID, "jobs": [JOB_ID], "waiting": 7, "links": _BATCH_LINKS}
BATCH = {
    "batchId": BATCH_ID,
    "total": 2,
    "done": 1,
    "verdicts": {"ok": 1},
    "queuedAt": RESULT["queuedAt"],
    "finishedAt": None,
    "links": _BATCH_LINKS,
}
BATCH_EVENTS = f"""retry: 1000

id: 1
event: job
data: {{"jobId":"{JOB_ID}","problemId":"two-sum","verdict":"ok","done":1,"total":1}}

id: done
event: done
data: {{"batchId":"{BATCH_ID}","total":1,"done":1,"verdicts":{{"ok":1}}}}

"""
LIMITS = {
    "cpuSeconds": 5.0,
    "wallSeconds": 10.0,
    "memoryBytes": 134_217_728,
    "processes": 64,
    "stdoutBytes": 262_144,
    "stderrBytes": 262_144,
}
LANGUAGE = {
    "name": "NAME",
    "aliases": ["ALIAS"],
    "available": True,
    "workers": 2,
    "version": "NAME 1.2.3",
    "image": "sha256:0f3a",
    "limits": LIMITS,
}
DEFINITION: dict[str, Any] = {
    "tests": [
        {"stdin": "2 7\n", "expected": "9\n"},
        {"stdin": "0.1 0.2\n", "expected": "0.3\n", "checker": {"kind": "float", "tolerance": 1e-9}},
        {"stdin": "", "expected": "", "hidden": True},
    ],
    "checker": "tokens",
    "stopOnFailure": True,
    "limits": {"cpuSeconds": 2},
}
DEFINED = {"problemId": "two-sum", "digest": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "tests": 3}
SUBMIT: dict[str, Any] = {
    "a snippet": {
        "problemId": "two-sum",
        "code": "print('Hello, World!')",
        "language": "NAME",
        "limits": {"wallSeconds": 5},
    },
    "tests": {
        "problemId": "two-sum",
        "code": "print(sum(map(int, input().split())))",
        "language": "NAME",
        "tests": [{"stdin": "2 7", "expected": "9"}, {"stdin": "-1 1", "expected": "0"}],
        "stopOnFailure": True,
    },
    "later, with its source kept": {
        "problemId": "nightly",
        "code": "print('Good morning')",
        "language": "NAME",
        "priority": "low",
        "delaySeconds": 3600,
        "ttlSeconds": 7200,
        "store": "source",
        "callbackUrl": "https://example.com/done",
    },
    "files and arguments": {
        "problemId": "report",
        "code": "import sys; open('out.txt', 'w').write(sys.argv[1] + open('lib/words.txt').read())",
        "language": "NAME",
        "files": [{"path": "lib/words.txt", "content": "world"}],
        "args": ["hello "],
        "outputFiles": ["out.txt"],
    },
}
BATCH_REQUEST = {"jobs": [SUBMIT["a snippet"], SUBMIT["tests"]], "callbackUrl": "https://example.com/done"}
EVENTS = f"""retry: 1000

id: 0-0/queued1
event: state
data: {{"state":"queued","attempt":0,"position":1,"estimatedStart":null}}

id: 0-0/running1
event: state
data: {{"state":"running","attempt":1}}

id: 1767323045684-0/running1
event: output
data: {{"stream":"stdout","offset":0,"text":"9\\n","encoding":"utf-8","attempt":1}}

id: 1767323045690-0/running1
event: case
data: {{"index":0,"verdict":"accepted","attempt":1}}

: waiting

id: done
event: done
data: {{"jobId":"{JOB_ID}","state":"done","verdict":"accepted","tests":{{"total":1,"passed":1}}}}

"""
