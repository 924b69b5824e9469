"""The protocol against a model: any order of any verbs, on the real scripts and a real server.

The model knows which jobs exist, who holds which, and by which fence. After every step the server's
own audit must find every job exactly once, and the events must be numbered without gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fleet import keys
from fleet.errors import QueueFull
from fleet.job import JobState, Lane
from fleet.judging import digest_of
from fleet.queue import CRASHES_MAX, Claim, Fail, Finish
from fleet.redis_client import RedisClients
from fleet.testing import a_job_id, a_result, a_submission, a_worker
from tests.contract.conftest import RedisServer
from tests.contract.queue_harness import LEASE_S, WAITING_MAX, RedisHarness

_T = TypeVar("_T")
WORKERS = {"w1": ["tongue", "tg"], "w2": ["tongue", "other"], "w3": ["other"]}
SERVED = {"w1": {"tongue"}, "w2": {"tongue", "other"}, "w3": {"other"}}
FOREIGN = [
    b'{"problemId":"p","code":"1","language":"tongue"}',
    b'{"problemId":"p","code":"1","language":"other","priority":"high"}',
    b'{"problemId":"p","code":"1","language":"unheard"}',
    b"garbage \xff\x00",
    b"[1,2",
    b'{"jobId":{},"language":[]}',
]
NAMED = [b'{"jobId":"a","code":"1","language":"tg"}', b'{"jobId":"b","code":"1","language":"other"}']
# Every place a job may be in, against what its hash says.
_MISPLACED = """
local wrong = {}
local function check(ids, place)
  for _, id in ipairs(ids) do
    local found = redis.call('HGET', ARGV[1] .. id, 'place')
    if found ~= place then wrong[#wrong + 1] = id .. ' ' .. place .. ' ' .. tostring(found) end
  end
end
check(redis.call('ZRANGE', KEYS[1], 0, -1), 'leased')
check(redis.call('ZRANGE', KEYS[2], 0, -1), 'retry')
for _, name in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  check(redis.call('LRANGE', ARGV[2] .. name, 0, -1), 'ready')
end
return wrong
"""


@dataclass
class Job:
    """What the model knows of a job."""

    language: str | None = None  # None: taken in from outside, the model did not look into it
    holder: Claim | None = None
    lease_end_s: float = 0.0
    running: bool = False
    fails: int = 0
    crashes: int = 0
    done: bool = False
    past: dict[str, str] = field(default_factory=dict)  # fence -> how its lease ended, the last only
    problem: str | None = None  # None: taken in from outside
    told: list[str] = field(default_factory=list)
    told_last: tuple[str, ...] = ()  # fence and events


class QueueMachine(RuleBasedStateMachine):
    """Drives one ``RedisQueue`` and keeps the model beside it."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clients = RedisClients(self.url)
        self.harness = RedisHarness(self.clients)
        self.queue = self.harness.queue
        self.jobs: dict[str, Job] = {}
        self.claims: list[tuple[str, Claim]] = []  # every claim there ever was, with its worker
        self.items: list[bytes] = []  # public texts of enqueued jobs
        self.clock_s = 0.0
        self.foreign_pushed = 0
        self.named_pushed: set[bytes] = set()
        self.done = 0
        self.definitions: dict[str, str] = {}

    def teardown(self) -> None:
        self.run(self.clients.aclose())
        self.runner.close()

    def run(self, call: Coroutine[Any, Any, _T]) -> _T:
        return self.runner.run(call)

    def result(self, claim: Claim) -> dict[str, Any]:
        return a_result(job_id=claim.job_id).to_json()

    # --- rules ---

    @initialize()
    def begin(self) -> None:
        self.run(self.clients.call("FLUSHALL"))
        for worker in WORKERS:
            self.register(worker)

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def register(self, worker: str) -> None:
        languages = [{"name": name, "aliases": ["tg"] * (name == "tongue")} for name in SERVED[worker]]
        info = a_worker(worker)
        self.run(self.queue.register(type(info)(worker, 4, "fake", languages)))

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def unregister(self, worker: str) -> None:
        self.run(self.queue.unregister(worker))

    @rule(
        language=st.sampled_from(["tongue", "tg", "other", "nobody"]),
        lane=st.sampled_from(list(Lane)),
        problem=st.sampled_from(["p", "q"]),
    )
    def enqueue(self, language: str, lane: Lane, problem: str) -> None:
        job_id = a_job_id()
        depth = self.run(self.queue.depth())
        waiting = depth.public + sum(depth.ready.values()) + depth.retry
        spec = a_submission(language=language).to_spec()
        for _ in range(2):  # every second sending changes nothing
            try:
                accepted = self.run(self.queue.enqueue(job_id, spec, problem, language, lane))
            except QueueFull:
                assert waiting >= WAITING_MAX
                return
            assert waiting < WAITING_MAX
            assert accepted.waiting == waiting + 1
        self.jobs[job_id] = Job({"tg": "tongue"}.get(language, language), problem=problem)
        self.items.append(self.run(self.clients.call("LINDEX", keys.PUBLIC, 0)))

    @rule(item=st.sampled_from(FOREIGN), count=st.integers(1, 12))
    def push_foreign(self, item: bytes, count: int) -> None:
        self.run(self.harness.push(*[item] * count))
        self.foreign_pushed += count

    @rule(item=st.sampled_from(NAMED))
    def push_named(self, item: bytes) -> None:
        self.run(self.harness.push(item))
        self.named_pushed.add(item)

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def push_again(self, data: st.DataObject) -> None:
        self.run(self.harness.push(data.draw(st.sampled_from(self.items))))

    @rule(hops=st.integers(0, 99_999))
    def push_token(self, hops: int) -> None:
        self.run(self.harness.push(b'{"v":1,"wake":%d}' % hops))

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def wait(self, worker: str) -> None:
        self.run(self.queue.wait(worker, 0.001))

    @rule(worker=st.sampled_from(sorted(WORKERS)), want=st.integers(1, 6))
    def claim(self, worker: str, want: int) -> None:
        claims = self.run(self.queue.claim(worker, WORKERS[worker], want))
        assert len(claims) <= want
        for claim in claims:
            job = self.jobs.setdefault(claim.job_id, Job())
            assert not job.done
            assert job.holder is None
            assert claim.crashes == job.crashes
            assert claim.attempt == job.fails + job.crashes + 1
            problem = job.problem or ("p" if b'"p"' in claim.spec else "")
            text = self.definitions.get(problem)
            assert claim.definition == (digest_of(text) if text else "")
            assert job.language in {None, *SERVED[worker]} or job.crashes >= CRASHES_MAX
            job.holder, job.lease_end_s, job.running = claim, self.clock_s + LEASE_S, False
            self.claims.append((worker, claim))
        if claims and any(
            self.run(self.clients.call("LLEN", keys.ready(lane, language)))
            for lane in Lane
            for language in (*SERVED[worker], "*")
        ):
            self.assert_someone_is_woken()

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), started=st.booleans())
    def renew(self, data: st.DataObject, started: bool) -> None:
        worker, claim = data.draw(st.sampled_from(self.claims))
        renewal = self.run(
            self.queue.renew(worker, {claim.job_id: claim.fence}, [claim.job_id] if started else [])
        )
        job = self.jobs[claim.job_id]
        assert renewal.stale == (set() if job.holder == claim else {claim.job_id})
        if job.holder == claim:
            job.lease_end_s = self.clock_s + LEASE_S
            job.running |= started

    @rule(problem=st.sampled_from(["p", "q", "r"]), text=st.sampled_from(["{}", '{"tests":[]}']))
    def define(self, problem: str, text: str) -> None:
        defined = self.run(self.queue.define(problem, text))
        assert defined.new == (problem not in self.definitions)
        self.definitions[problem] = text
        self.assert_what_is_stored()

    @rule(problem=st.sampled_from(["p", "q", "r"]))
    def undefine(self, problem: str) -> None:
        assert self.run(self.queue.undefine(problem)) == (self.definitions.pop(problem, None) is not None)
        self.assert_what_is_stored()

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), events=st.lists(st.sampled_from("abc"), max_size=2))
    def progress(self, data: st.DataObject, events: list[str]) -> None:
        _, claim = data.draw(st.sampled_from(self.claims))
        job = self.jobs[claim.job_id]
        assert self.run(self.queue.progress(claim, events)) == (job.holder == claim)
        if job.holder == claim and events and job.told_last != (claim.fence, *events):
            job.told += events
            job.told_last = (claim.fence, *events)
        assert [text for _, text in self.run(self.queue.told(claim.job_id))] == job.told[:64]

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), dead=st.booleans())
    def finish(self, data: st.DataObject, dead: bool) -> None:
        _, claim = data.draw(st.sampled_from(self.claims))
        job = self.jobs[claim.job_id]
        answer = self.run(self.queue.finish(claim, self.result(claim), dead=dead))
        if job.holder == claim:
            assert answer is Finish.OK
            self.end(job, claim)
        else:
            assert answer is (Finish.ALREADY if job.past.get(claim.fence) == "done" else Finish.STALE)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        _, claim = data.draw(st.sampled_from(self.claims))
        job = self.jobs[claim.job_id]
        answer = self.run(self.queue.fail(claim, "engine", self.result(claim)))
        if job.holder != claim:
            past = {"done": Fail.DEAD, "retry": Fail.RETRY}
            assert answer is past.get(job.past.get(claim.fence, ""), Fail.STALE)
        elif job.fails + job.crashes + 1 >= 3:
            assert answer is Fail.DEAD
            self.end(job, claim)
        else:
            assert answer is Fail.RETRY
            job.fails, job.holder, job.past = job.fails + 1, None, {claim.fence: "retry"}

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        picked = data.draw(st.lists(st.sampled_from(self.claims), max_size=4, unique=True))
        expected = 0
        for _, claim in reversed(picked):  # as the script does: the last goes to the front first
            job = self.jobs[claim.job_id]
            if job.holder == claim:
                job.holder, job.past = None, {claim.fence: "released"}
            expected += job.past.get(claim.fence) == "released"
        assert self.run(self.queue.release("w1", [claim for _, claim in picked])) == expected
        if sum(self.run(self.queue.depth()).ready.values()):
            self.assert_someone_is_woken()

    @rule(seconds=st.sampled_from([10, 20, 70]))
    def time_passes(self, seconds: int) -> None:
        # Leases end 15 s after a multiple of ten: the test's own time never decides.
        self.run(self.harness.advance(seconds))
        self.clock_s += seconds

    @rule()
    def reap(self) -> None:
        reaped = self.run(self.queue.reap())
        lost = [job for job in self.jobs.values() if job.holder and job.lease_end_s <= self.clock_s]
        assert reaped.expired == len(lost)
        for job in lost:
            job.crashes += job.running
            job.holder = None
        if reaped.expired or reaped.due:
            self.assert_someone_is_woken()

    @rule()
    def flush_scripts(self) -> None:
        self.run(self.clients.call("SCRIPT", "FLUSH"))

    def assert_someone_is_woken(self) -> None:
        # Idle workers sleep on the public list alone: ready work beside an empty list has no waker.
        assert self.run(self.queue.depth()).public > 0

    def assert_what_is_stored(self) -> None:
        for problem in ("p", "q", "r"):
            text = self.definitions.get(problem)
            assert self.run(self.queue.definition(problem)) == (text and (digest_of(text), text))
        size = self.run(self.clients.call("HGET", keys.COUNT, "defined_bytes"))
        assert int(size or 0) == sum(map(len, self.definitions.values()))
        assert self.run(self.clients.call("SCARD", keys.PROBLEMS)) == len(self.definitions)

    def end(self, job: Job, claim: Claim) -> None:
        job.done, job.holder, job.past = True, None, {claim.fence: "done"}
        self.done += 1

    # --- what must be true at any moment ---

    @invariant()
    def every_job_is_in_exactly_one_place(self) -> None:
        audit = self.run(self.queue.audit())
        assert (audit.missing, audit.doubled) == (0, 0), audit
        assert audit.done == self.done
        assert audit.leased == sum(job.holder is not None for job in self.jobs.values())
        enqueued = len(self.items)
        assert enqueued <= audit.accepted <= enqueued + self.foreign_pushed + len(self.named_pushed)
        wrong = self.run(
            self.clients.call(
                *("EVAL", _MISPLACED, 3, keys.LEASES, keys.RETRY, keys.LANES),
                *(keys.job("*")[:-1], keys.ready("*", "*")[:-3]),
            )
        )
        assert wrong == []

    @invariant()
    def events_are_numbered_without_gaps(self) -> None:
        events = self.run(self.harness.events())
        assert [event.n for event in events] == list(range(1, self.done + 1))
        assert {event.job_id for event in events} == {i for i, job in self.jobs.items() if job.done}

    @invariant()
    def a_record_says_what_the_model_says(self) -> None:
        for _, claim in self.claims[-3:]:
            job, record = self.jobs[claim.job_id], self.run(self.queue.get(claim.job_id))
            assert record
            running = job.holder is not None and job.running
            assert (record.state is JobState.DONE) == job.done
            assert (record.state is JobState.RUNNING) == running


@pytest.mark.timeout(600)
def test_any_order_of_verbs_keeps_the_promise(redis_server: RedisServer) -> None:
    QueueMachine.url = redis_server.url
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=50,
            stateful_step_count=50,
            phases=[Phase.generate],  # add Phase.shrink to study a failure; it takes minutes
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
