"""What must be true of a fleet that was tormented, and whether it is.

``collect`` reads the facts from Redis and from the logs; ``judge`` is a pure function of them, so
that it can be tested with facts that are wrong in one way each.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fleet import keys
from fleet.events import Completion
from fleet.queue import CRASHES_MAX, Audit
from fleet.redis_client import RedisClients
from tests.chaos.traffic import Ledger

ATTEMPTS_MAX = 3  # a job that our side failed this often ends as a system error, as promised
_SHOWN = 3
_ANSWERS = frozenset({"200", "202", "503"})  # what a submit may be answered while faults rage


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job as Redis keeps it."""

    place: str
    token: str  # its problemId
    n: int | None = None  # the number of its event
    verdict: str | None = None
    stdout: str | None = None
    attempt: int = 0
    crashes: int = 0
    queued_ms: float = 0.0
    finished_ms: float = 0.0  # 0: it is not done


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the event stream, or one line of the subscriber."""

    n: int
    job_id: str
    verdict: str


@dataclass(kw_only=True)
class Facts:
    """All that is known at the end."""

    ledger: Ledger
    samples: Sequence[Audit]
    jobs: Mapping[str, JobFacts]
    events: Sequence[Event]  # of the stream, in its order
    counters: Mapping[str, int]
    lives: Sequence[Sequence[Event]]  # lines of the subscriber, by process
    reported_missing: int = 0  # numbers the subscriber said would never come
    deaths: Sequence[str] = ()
    left_behind: Sequence[str] = ()
    final: Audit = field(default_factory=lambda: Audit(0, 0, 0, 0, 0, 0, 0, 0, 0))

    @property
    def repeated_lines(self) -> int:
        """Lines that say what an earlier line said."""
        numbers = Counter(line.n for life in self.lives for line in life)
        return sum(count - 1 for count in numbers.values())

    @property
    def worn_out(self) -> int:
        """Jobs that ended as a system error because faults hit each of their attempts."""
        return sum(_worn_out(job) for job in self.jobs.values())


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must be true. ``found`` tells what was seen instead, or how much was looked at."""

    what: str
    holds: bool
    found: str


def judge(facts: Facts) -> list[Line]:
    """Every line of the oracle."""
    return [
        _audit(facts),
        _acknowledged(facts),
        _nothing_waits(facts),
        _one_result(facts),
        _one_job_a_push(facts),
        _one_event(facts),
        _numbers(facts),
        _tokens(facts),
        _verdicts(facts),
        _answers(facts),
        _lines(facts),
        _line("the subscriber reported no number as missing", [], facts.reported_missing),
        _line("no process ended by itself", facts.deaths),
        _line("no container, cgroup, mount, process or temporary file is left", facts.left_behind),
    ]


def _audit(facts: Facts) -> Line:
    bad = [f"{audit}" for audit in facts.samples if audit.missing or audit.doubled]
    if not facts.samples:
        bad = ["there was no sample"]
    return _line("audit at every sample: missing = 0, doubled = 0", bad, of=f"{len(facts.samples)} samples")


def _acknowledged(facts: Facts) -> Line:
    done = {job.token for job in facts.jobs.values() if job.place == "done" and job.verdict}
    ids = facts.ledger.by_api.items()
    bad = sorted(facts.ledger.acknowledged - done)
    bad += [job_id for job_id, token in ids if _token_of(facts, job_id) != token]
    return _line("every acknowledged job has its result", bad, of=f"{len(facts.ledger.acknowledged):,} jobs")


def _nothing_waits(facts: Facts) -> Line:
    waiting = [job_id for job_id, job in facts.jobs.items() if job.place != "done"]
    audit = facts.final
    places = (audit.public, audit.inbox, audit.ready, audit.later, audit.leased)
    return _line("nothing waits or is leased any more", waiting, sum(places))


def _one_result(facts: Facts) -> Line:
    done = sum(job.place == "done" for job in facts.jobs.values())
    bad = [] if facts.counters.get("done", 0) == done else [f"{facts.counters.get('done', 0)} were stored"]
    return _line("one stored result a job", bad, of=f"{done:,} jobs done")


def _one_job_a_push(facts: Facts) -> Line:
    made = Counter(job.token for job in facts.jobs.values())
    bad = [token for token, count in made.items() if count > 1 and token not in facts.ledger.resubmitted]
    return _line("no text became two jobs, however often it was pushed", bad)


def _one_event(facts: Facts) -> Line:
    counts = Counter(event.job_id for event in facts.events)
    bad = [job_id for job_id, count in counts.items() if count != 1 or job_id not in facts.jobs]
    bad += [job_id for job_id, job in facts.jobs.items() if job.place == "done" and not counts[job_id]]
    numbers = {event.job_id: event.n for event in facts.events}
    bad += [job_id for job_id, n in numbers.items() if (job := facts.jobs.get(job_id)) and job.n != n]
    return _line("one event a job, and one job an event", bad, of=f"{len(facts.events):,} events")


def _numbers(facts: Facts) -> Line:
    last = facts.counters.get("events", 0)
    expected = list(range(1, last + 1))
    seen = [event.n for event in facts.events]
    bad = [] if seen == expected else [str(n) for n in sorted(set(expected) ^ set(seen))] or ["their order"]
    return _line("event numbers from 1 without gap or repeat", bad, of=f"1..{last:,}")


def _tokens(facts: Facts) -> Line:
    bad = [
        f"{job_id} has {job.stdout!r}"
        for job_id, job in facts.jobs.items()
        if job.verdict == "ok" and job.stdout != f"{job.token}\n"
    ]
    bad += facts.ledger.wrong_answers
    return _line("every output is its own job's", bad)


def _verdicts(facts: Facts) -> Line:
    bad = [
        f"{job_id}: {job.verdict}, attempt {job.attempt}"
        for job_id, job in facts.jobs.items()
        if job.verdict != "ok" and not _worn_out(job)
    ]
    worn_out = f"{facts.worn_out} lost {ATTEMPTS_MAX} attempts to faults" if facts.worn_out else ""
    return _line("every verdict is ok (or system_error after three lost attempts)", bad, of=worn_out)


def _answers(facts: Facts) -> Line:
    odd = [
        f"{count} x {answer}"
        for answer, count in facts.ledger.answers.items()
        if answer.isdigit() and answer not in _ANSWERS
    ]
    return _line("the API answered 200, 202 or 503 and nothing else", odd)


def _lines(facts: Facts) -> Line:
    """At least once, and again only by another process than before: one that was killed between its
    line and its XACK. ``n`` tells that it is the same, and it must say the same."""
    events = {event.n: event for event in facts.events}
    bad = []
    for life in facts.lives:
        counts = Counter(line.n for line in life)
        bad += [f"{n} twice by one process" for n, count in counts.items() if count > 1]
        bad += [f"{line} is no event" for line in life if events.get(line.n) != line]
    logged = {line.n for life in facts.lives for line in life}
    bad += [f"{n} was not logged" for n in events if n not in logged]
    of = f"{len(logged):,} lines, {facts.repeated_lines} of them again after a kill"
    return _line("one line of the subscriber a completion", bad, of=of)


def _worn_out(job: JobFacts) -> bool:
    hit_often = job.attempt >= ATTEMPTS_MAX or job.crashes >= CRASHES_MAX
    return job.verdict == "system_error" and hit_often


def _token_of(facts: Facts, job_id: str) -> str | None:
    job = facts.jobs.get(job_id)
    return job.token if job else None


def _line(what: str, bad: Sequence[str], more: int = 0, *, of: str = "") -> Line:
    count = len(bad) + more
    if not count:
        return Line(what, holds=True, found=of)
    shown = "; ".join(bad[:_SHOWN]) + ("; ..." if len(bad) > _SHOWN else "")
    return Line(what, holds=False, found=f"{count}: {shown}" if shown else str(count))


# --- where the facts come from ---


async def jobs(clients: RedisClients) -> dict[str, JobFacts]:
    """Every job there is."""
    found: dict[str, JobFacts] = {}
    cursor, beginning = 0, keys.job("*").removesuffix("*")
    while True:
        answer, names = await clients.call("SCAN", cursor, "MATCH", keys.job("*"), "COUNT", 500)
        ids = [name.decode().removeprefix(beginning) for name in names]
        found |= dict(zip(ids, await asyncio.gather(*(_job(clients, job_id) for job_id in ids)), strict=True))
        cursor = int(answer)
        if not cursor:
            return found


async def _job(clients: RedisClients, job_id: str) -> JobFacts:
    fields = ("place", "problemId", "n", "result", "crashes", "queued", "finished")
    values = await clients.call("HMGET", keys.job(job_id), *fields)
    place, token, n, result, crashes, queued, finished = values
    said = json.loads(result) if result else {}
    return JobFacts(
        place=(place or b"").decode(),
        token=(token or b"").decode(),
        n=int(n) if n else None,
        verdict=said.get("verdict"),
        stdout=said.get("stdout"),
        attempt=said.get("attempt", 0),
        crashes=int(crashes or 0),
        queued_ms=float(queued or 0),
        finished_ms=float(finished or 0),
    )


async def events(clients: RedisClients) -> list[Event]:
    """Every event of the stream, in its order."""
    found: list[Event] = []
    after = "-"
    while rows := await clients.call("XRANGE", keys.EVENTS, after, "+", "COUNT", 1000):
        for _, fields in rows:
            said = Completion.from_json(fields[b"e"])
            found.append(Event(said.n, said.job_id, str(said.verdict)))
        after = f"({rows[-1][0].decode()}"
    return found


async def counters(clients: RedisClients) -> dict[str, int]:
    """The queue's own counters."""
    pairs = await clients.call("HGETALL", keys.COUNT)
    if isinstance(pairs, dict):
        pairs = [part for pair in pairs.items() for part in pair]
    words = [part.decode() for part in pairs]
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def lines(texts: Iterable[str]) -> tuple[list[list[Event]], int]:
    """The completions that each process of the subscriber logged, and how many it said were missing.

    A last line without its end was being written when the process was killed; it is written again.
    """
    lives: list[list[Event]] = []
    missing = 0
    for text in texts:
        whole = [json.loads(line) for line in text.split("\n")[:-1]]
        lives.append(
            [
                Event(line["n"], line["jobId"], line["verdict"])
                for line in whole
                if line["event"] == "problem_done"
            ]
        )
        missing += sum(line["count"] for line in whole if line["event"] == "events_missing")
    return lives, missing
