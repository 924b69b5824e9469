"""Raw texts on the public list of a real Redis, with the real queue, a worker and the subscriber.

Anyone may push anything there. Every text must end as exactly one result, or be a repeat that was
counted, or a wake token; nothing is lost, nothing raises, memory stays bounded.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fleet import keys
from fleet.errors import InvalidJob
from fleet.events import Completion
from fleet.job import JOB_ID_PATTERN, Submission
from fleet.languages import Language, names_by_alias
from fleet.limits import Bounds
from fleet.queue import Audit
from fleet.testing import an_order
from tests.chaos import oracle
from tests.fuzz.items import Items
from tests.fuzz.noop_worker import output
from tests.fuzz.outcome import Outcome
from tests.fuzz.services import Services, running

_TOKEN = re.compile(rb'\{"v":1,"wake":[0-9]{1,5}\}')
_OF_A_RUN = ("ok", "output_limit")
_BATCH = 50
_PATIENCE_S, _LOOK_S = 60.0, 0.02
_WAITING_MAX = 500  # texts that may wait before more are pushed
_KNOWN = 40  # jobs of the API that others imitate
_Run = tuple[str, str, str]  # problemId, output and verdict of a job that is to be run
_RSS_MIB_MAX = {"redis": 512.0, "worker": 384.0, "subscriber": 256.0}


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of the texts, worked out without the queue."""

    jobs: int
    repeats: int
    tokens: int
    runs: Counter[_Run]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it ended."""

    place: str
    problem_id: str
    verdict: str | None
    stdout: str


async def campaign(count: int, seed: int) -> Outcome:
    """Push ``count`` texts and see what came of them."""
    rng, began_s = random.Random(seed), time.monotonic()  # noqa: S311
    async with running("worker", "subscriber") as services:
        findings: list[str] = []
        known = await _enqueue(services, rng)
        items = Items(rng, services.language.name, list(known))
        texts = [items.next() for _ in range(count)]
        large = items.large() if count >= 100 else []
        for at, text in enumerate(large):
            texts[rng.randrange(at, count)] = text
        samples = await _push(services, texts)
        await services.drained()
        samples.append(await services.queue.audit())
        expected = expect(texts, list(known.values()), services.language)
        await _logged(services, samples[-1].done)
        findings += await _judge(services, expected, samples)
        rss = services.rss_mib()
        findings += [
            f"{name} had {rss[name]} MiB, at most {most} are allowed"
            for name, most in _RSS_MIB_MAX.items()
            if rss[name] > most
        ]
        findings += services.problems()
    return Outcome(
        name="items",
        what="raw texts pushed onto the public list",
        seed=seed,
        seconds=round(time.monotonic() - began_s, 1),
        executions=count,
        findings=findings,
        figures={
            "jobs": expected.jobs,
            "run": expected.runs.total(),
            "repeats": expected.repeats,
            "tokens": expected.tokens,
            "audits": len(samples),
            **{f"{name}_rss_mib": value for name, value in rss.items()},
        },
    )


def expect(texts: Sequence[bytes], known: Sequence[Submission], language: Language) -> Expected:
    """What must come of ``texts`` beside the jobs in ``known``."""
    words = names_by_alias([language])
    runs = Counter(map(_run, known))
    seen: set[bytes] = set()
    tokens = repeats = 0
    for text in texts:
        if _TOKEN.fullmatch(text):
            tokens += 1
            continue
        if text in seen:  # the same text again is the same job if it names one
            repeats += 1
            continue
        if _names_a_job(text):
            seen.add(text)
        try:
            job = Submission.from_item(text, Bounds())
        except InvalidJob:
            continue
        if job.language in words and len(text) <= Bounds().raw_item_bytes_max:
            runs[_run(job)] += 1
    return Expected(len(texts) - tokens - repeats + len(known), repeats, tokens, runs)


def _run(job: Submission) -> _Run:
    printed = output(job.code)
    allowed = (job.limits or {}).get("stdout_bytes", len(printed))
    return job.problem_id, printed, "ok" if len(printed) <= allowed else "output_limit"


def _names_a_job(text: bytes) -> bool:
    if len(text) > Bounds().raw_item_bytes_max:
        return False
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and isinstance(said.get("jobId"), str)


async def _enqueue(services: Services, rng: random.Random) -> dict[bytes, Submission]:
    """Jobs of the API, each by a text that names it."""
    known = {}
    for number in range(_KNOWN):
        job_id = f"{rng.getrandbits(128):032x}"
        job = Submission(f"known-{number}", f"known {number}", services.language.name)
        await services.queue.enqueue(an_order(job, job_id=job_id))
        item = json.dumps({"v": 1, "jobId": job_id, "problemId": job.problem_id}, separators=(",", ":"))
        known[item.encode()] = job
    return known


async def _push(services: Services, texts: Sequence[bytes]) -> list[Audit]:
    """Push everything, no faster than it is taken; what the audit said meanwhile."""
    samples = []
    for at in range(0, len(texts), _BATCH):
        for text in texts[at : at + _BATCH]:
            await services.clients.call("LPUSH", keys.PUBLIC, text)
        samples.append(await services.queue.audit())
        services.look()
        while (await services.queue.depth()).public > _WAITING_MAX:
            services.look()
    return samples


async def _logged(services: Services, done: int) -> None:
    """Return when the subscriber has acknowledged as many completions. Raises ``TimeoutError``."""
    async with asyncio.timeout(_PATIENCE_S):
        while int(await services.clients.call("HGET", keys.seen("subscriber"), "low") or 0) < done:
            services.look()
            await asyncio.sleep(_LOOK_S)


async def _judge(services: Services, expected: Expected, samples: Sequence[Audit]) -> list[str]:
    jobs = await _jobs(services)
    counters = await oracle.counters(services.clients)
    findings = [f"an audit said {audit}" for audit in samples if audit.missing or audit.doubled]
    findings += [f"job {job_id} is {job.place}" for job_id, job in jobs.items() if job.place != "done"]
    found = {
        "jobs": len(jobs),
        "jobs by the audit": samples[-1].accepted,
        "results": counters.get("done", 0),
        "repeats": counters.get("repeated", 0),
        "events": counters.get("events", 0),
    }
    wanted = {name: expected.repeats if name == "repeats" else expected.jobs for name in found}
    findings += [f"{found[name]} {name}, not {wanted[name]}" for name in found if found[name] != wanted[name]]
    run = Counter(
        (job.problem_id, job.stdout, job.verdict) for job in jobs.values() if job.verdict in _OF_A_RUN
    )
    findings += [f"was to run and did not: {one}" for one in (expected.runs - run)]
    findings += [f"was not to run and did: {one}" for one in (run - expected.runs)]
    odd = Counter(job.verdict for job in jobs.values() if job.verdict not in (*_OF_A_RUN, "rejected"))
    findings += [f"{count} jobs ended as {verdict}" for verdict, count in odd.items()]
    return findings + await _readable(services, list(jobs)) + _told(services, expected.jobs)


async def _jobs(services: Services) -> dict[str, Job]:
    """Every job there is; a problemId may be any bytes that somebody pushed."""
    found: dict[str, Job] = {}
    beginning = keys.job("x").removesuffix("x")
    cursor = 0
    while True:
        answer, names = await services.clients.call("SCAN", cursor, "MATCH", f"{beginning}*", "COUNT", 500)
        for name in names:
            place, result = await services.clients.call("HMGET", name, "place", "result")
            said = json.loads(result) if result else {}
            stdout, problem_id = said.get("stdout", ""), said.get("problemId", "")
            found[name.decode().removeprefix(beginning)] = Job(
                (place or b"").decode(), problem_id, said.get("verdict"), stdout
            )
        cursor = int(answer)
        if not cursor:
            return found


async def _readable(services: Services, job_ids: Sequence[str]) -> list[str]:
    """Every job can be asked for, by its id and its problem, and every event can be read."""
    findings = []
    for job_id in job_ids:
        record = await services.queue.get(job_id)
        if record is None or record.result is None or record.result["jobId"] != job_id:
            findings.append(f"job {job_id} has no result of its own: {record}")
        elif not JOB_ID_PATTERN.fullmatch(job_id):
            findings.append(f"{job_id!r} is no job id")
        elif record.problem_id:
            newest = await services.queue.newest(record.problem_id)
            if job_id not in newest and len(newest) < 100 and "\ufffd" not in record.problem_id:
                findings.append(f"job {job_id} is not among those of {record.problem_id!r}")
    after = "-"
    while rows := await services.clients.call("XRANGE", keys.EVENTS, after, "+", "COUNT", 1000):
        for _, fields in rows:
            try:
                Completion.from_json(fields[b"e"])
            except ValueError as error:
                findings.append(f"an event cannot be read: {error}: {fields[b'e'][:200]!r}")
        after = f"({rows[-1][0].decode()}"
    return findings


def _told(services: Services, jobs: int) -> list[str]:
    """One line of the subscriber a completion."""
    numbers: Counter[Any] = Counter(
        line["n"] for line in services.lines("subscriber") if line["event"] == "problem_done"
    )
    if numbers == Counter(range(1, jobs + 1)):
        return []
    return [f"the subscriber logged {len(numbers)} completions in {numbers.total()} lines, not {jobs}"]
