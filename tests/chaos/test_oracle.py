"""The oracle on facts that are sound, and on facts that are wrong in one way each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleet.queue import Audit
from tests.chaos.oracle import Event, Facts, JobFacts, judge, lines
from tests.chaos.traffic import Ledger

_EVENTS = (Event(1, "id-a", "ok"), Event(2, "id-b", "ok"))


def _audit(missing: int = 0, doubled: int = 0, leased: int = 0) -> Audit:
    return Audit(2, 2, 0, 0, 0, 0, leased, missing, doubled)


def _job(token: str, **more: object) -> JobFacts:
    said = {"place": "done", "verdict": "ok", "stdout": f"{token}\n", "attempt": 1, **more}
    return JobFacts(token=token, **said)  # type: ignore[arg-type]


def _sound() -> Facts:
    """One job over HTTP and one pushed; the subscriber was killed before its XACK of the first."""
    ledger = Ledger(by_api={"id-a": "a"}, by_push={"b"})
    ledger.answers.update({"202": 1, "503": 2, "ReadError": 1})
    return Facts(
        ledger=ledger,
        samples=[_audit(), _audit()],
        jobs={"id-a": _job("a", n=1), "id-b": _job("b", n=2)},
        events=list(_EVENTS),
        counters={"done": 2, "events": 2},
        lives=[[_EVENTS[0]], [_EVENTS[0], _EVENTS[1]]],
        final=_audit(),
    )


def _broken(facts: Facts) -> list[str]:
    return [line.what for line in judge(facts) if not line.holds]


def _change(**changes: object) -> Callable[[Facts], None]:
    def change(facts: Facts) -> None:
        for name, value in changes.items():
            setattr(facts, name, value)

    return change


def _job_a(**changes: object) -> Callable[[Facts], None]:
    return _change(jobs={"id-a": _job("a", **{"n": 1, **changes}), "id-b": _job("b", n=2)})


def _ledger(**changes: object) -> Callable[[Facts], None]:
    def change(facts: Facts) -> None:
        for name, value in changes.items():
            setattr(facts.ledger, name, value)

    return change


AUDIT = "audit at every sample: missing = 0, doubled = 0"
RESULT = "every acknowledged job has its result"
WAITS = "nothing waits or is leased any more"
STORED = "one stored result a job"
TEXTS = "no text became two jobs, however often it was pushed"
EVENTS = "one event a job, and one job an event"
NUMBERS = "event numbers from 1 without gap or repeat"
TOKENS = "every output is its own job's"
VERDICTS = "every verdict is ok (or system_error after three lost attempts)"
ANSWERS = "the API answered 200, 202 or 503 and nothing else"
LINES = "one line of the subscriber a completion"
MISSING = "the subscriber reported no number as missing"
DEATHS = "no process ended by itself"
LEFT = "no container, cgroup, mount, process or temporary file is left"

WRONG: dict[str, tuple[Callable[[Facts], None], set[str]]] = {
    "never sampled": (_change(samples=[]), {AUDIT}),
    "one sample misses a job": (_change(samples=[_audit(), _audit(missing=1)]), {AUDIT}),
    "more were stored than accepted": (_change(samples=[_audit(missing=-1)]), {AUDIT}),
    "a job in two places": (_change(samples=[_audit(doubled=1)]), {AUDIT}),
    "a pushed job is gone": (_ledger(by_push={"b", "c"}), {RESULT}),
    "a job of the API is another's": (_ledger(by_api={"id-b": "a"}), {RESULT}),
    "still leased": (_change(final=_audit(leased=1)), {WAITS}),
    "one never ended": (
        _job_a(place="ready", verdict=None, stdout=None, n=None),
        {RESULT, WAITS, STORED, EVENTS, VERDICTS},
    ),
    "stored twice": (_change(counters={"done": 3, "events": 2}), {STORED}),
    "an event twice": (
        _change(events=[*_EVENTS, Event(3, "id-b", "ok")], counters={"done": 2, "events": 3}),
        {EVENTS, LINES},
    ),
    "an event of no job": (
        _change(events=[*_EVENTS, Event(3, "id-c", "ok")], counters={"done": 2, "events": 3}),
        {EVENTS, LINES},
    ),
    "an event lost": (_change(events=[_EVENTS[0]]), {EVENTS, NUMBERS, LINES}),
    "a number twice": (_change(events=[_EVENTS[0], Event(1, "id-b", "ok")]), {EVENTS, NUMBERS, LINES}),
    "events out of order": (_change(events=list(reversed(_EVENTS))), {NUMBERS}),
    "another's output": (_job_a(stdout="b\n"), {TOKENS}),
    "another's output over HTTP": (_ledger(wrong_answers=["a was answered 'b'"]), {TOKENS}),
    "blamed on the program": (_job_a(verdict="runtime_error"), {VERDICTS}),
    "given up too early": (_job_a(verdict="system_error", attempt=2), {VERDICTS}),
    "a server error": (_ledger(answers={"500": 1}), {ANSWERS}),
    "a line twice by one process": (_change(lives=[[_EVENTS[0], *_EVENTS]]), {LINES}),
    "a line missing": (_change(lives=[[_EVENTS[1]]]), {LINES}),
    "a line that says something else": (_change(lives=[[_EVENTS[0], Event(2, "id-c", "ok")]]), {LINES}),
    "a number reported as missing": (_change(reported_missing=1), {MISSING}),
    "a process died": (_change(deaths=["api ended by itself"]), {DEATHS}),
    "something is left": (_change(left_behind=["file /tmp/x"]), {LEFT}),
}


def test_sound_facts_pass() -> None:
    facts = _sound()
    assert _broken(facts) == []
    assert facts.repeated_lines == 1


@pytest.mark.parametrize("way", WRONG)
def test_wrong_facts_do_not(way: str) -> None:
    change, expected = WRONG[way]
    facts = _sound()
    change(facts)
    assert set(_broken(facts)) == expected


def test_every_line_can_fail() -> None:
    seen = {line.what for line in judge(_sound())} - {TEXTS}
    assert {line for _, expected in WRONG.values() for line in expected} == seen


def test_a_text_that_became_two_jobs_is_found_unless_its_client_had_to_submit_again() -> None:
    facts = _sound()
    facts.jobs = {**facts.jobs, "id-c": _job("b", n=3)}
    facts.events = [*_EVENTS, Event(3, "id-c", "ok")]
    facts.counters = {"done": 3, "events": 3}
    facts.lives = [facts.events]
    assert _broken(facts) == [TEXTS]
    facts.ledger.resubmitted.add("b")
    assert _broken(facts) == []


def test_a_job_given_up_after_three_lost_attempts_is_counted_and_not_a_fault() -> None:
    facts = _sound()
    _job_a(verdict="system_error", stdout="", attempt=4, crashes=3)(facts)
    assert _broken(facts) == []
    assert facts.worn_out == 1


def test_a_line_cut_by_a_kill_is_no_line() -> None:
    whole = '{"event": "problem_done", "n": 1, "jobId": "id-a", "verdict": "ok"}\n'
    gap = '{"event": "events_missing", "first": 2, "last": 4, "count": 3}\n'
    lives, missing = lines([whole + whole[:20], gap])
    assert lives == [[_EVENTS[0]], []]
    assert missing == 3
