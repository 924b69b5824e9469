"""The protocol against a model: any order of any verbs, on the real scripts and a real server.

The model knows which jobs exist, who holds which, and by which fence. After every step the server's
own audit must find every job exactly once, and the events must be numbered without gaps.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
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
from fleet.errors import KeyReused, QueueFull, QuotaExceeded
from fleet.job import JobState, Lane
from fleet.judging import digest_of
from fleet.queue import CRASHES_MAX, Cancel, Claim, Fail, Finish, Forget, Once, Order, Quota
from fleet.redis_client import RedisClients
from fleet.testing import a_job_id, a_result, a_submission, a_worker, an_order
from tests.contract.conftest import RedisServer
from tests.contract.queue_harness import LEASE_S, WAITING_MAX, RedisHarness, cancelled_result

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
OWNERS = ["", "key1", "key2"]  # what key2 sends has a callback
URL = "https://one.example/hook"
TIMES = [0, 0, 0, 15_000, 65_000]  # ms; see time_passes
NAMED = [b'{"jobId":"a","code":"1","language":"tg"}', b'{"jobId":"b","code":"1","language":"other"}']
# Every place a job may be in, against what its hash says.
_MISPLACED = """
local wrong, ready = {}, 0
local function check(ids, place)
  for _, id in ipairs(ids) do
    local found = redis.call('HGET', ARGV[1] .. id, 'place')
    if found ~= place then wrong[#wrong + 1] = id .. ' ' .. place .. ' ' .. tostring(found) end
  end
end
check(redis.call('ZRANGE', KEYS[1], 0, -1), 'leased')
check(redis.call('ZRANGE', KEYS[2], 0, -1), 'later')
for _, name in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local ids, waiting = redis.call('ZRANGE', ARGV[2] .. name, 0, -1), {}
  check(ids, 'ready')
  ready = ready + #ids
  for _, id in ipairs(ids) do
    waiting[redis.call('HGET', ARGV[1] .. id, 'owner') or ''] = true
  end
  -- Turns are kept of those alone who have jobs there.
  for _, owner in ipairs(redis.call('ZRANGE', ARGV[3] .. name, 0, -1)) do
    if not waiting[owner] then wrong[#wrong + 1] = 'turn of ' .. owner .. ' in ' .. name end
  end
end
local counted = tonumber(redis.call('HGET', KEYS[4], 'ready') or 0)
if counted ~= ready then wrong[#wrong + 1] = counted .. ' are counted and ' .. ready .. ' are ready' end
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
    owner: str = ""
    due_s: float = 0.0  # not to be claimed before
    told: list[str] = field(default_factory=list)
    told_last: tuple[str, ...] = ()  # fence and events
    cancel: bool = False
    forgotten: bool = False
    batch_id: str = ""
    callback: bool = False


@dataclass
class Sent:
    """What the model knows of a batch."""

    jobs: list[str]
    callback: str
    done: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)


_JOBS = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["tongue", "tg", "other", "nobody"]),
        "lane": st.sampled_from(list(Lane)),
        "problem": st.sampled_from(["p", "q"]),
        "delay_ms": st.sampled_from(TIMES),
    }
)
# With six jobs a minute one costs ten seconds, and so does not depend on the test's own time either.
_QUOTAS = st.sampled_from([Quota(), Quota(), Quota(open_max=4), Quota(jobs_per_minute=6), Quota(6, 4)])
_ONCES = st.one_of(
    st.none(), st.none(), st.builds(Once, st.sampled_from(["one", "two"]), st.sampled_from("12"))
)


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
        self.enqueued = 0
        self.clock_s = 0.0
        self.foreign_pushed = 0
        self.named_pushed: set[bytes] = set()
        self.done = 0
        self.batches: dict[str, Sent] = {}
        self.sent: dict[tuple[str, str], tuple[str, str]] = {}  # owner and key -> digest, id
        self.paid_s: dict[str, float] = {}  # when an owner's rate is its own again
        self.definitions: dict[tuple[str, str], str] = {}  # by owner and problem

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

    @rule(job=_JOBS, owner=st.sampled_from(OWNERS), quota=_QUOTAS, once=_ONCES)
    def enqueue(self, job: dict[str, Any], owner: str, quota: Quota, once: Once | None) -> None:
        order = self.an_order(owner, **job)
        expected, depth = self.expected([order], quota, once), self.run(self.queue.depth())
        waiting = depth.public + sum(depth.ready.values())
        for _ in range(2):  # every second sending changes nothing
            if not isinstance(expected, str):
                with pytest.raises(expected):
                    self.run(self.queue.enqueue(order, quota=quota, once=once))
                return
            accepted = self.run(self.queue.enqueue(order, quota=quota, once=once))
            assert accepted.job_id == (expected or order.job_id)
            assert accepted.repeated == bool(expected)
            assert accepted.waiting == waiting + (not expected and order.delay_ms == 0)
            if not expected:
                assert (accepted.position == 0) == (order.delay_ms > 0)
        if not expected:
            self.accept([order], order.job_id, quota, once)

    @rule(
        jobs=st.lists(_JOBS, min_size=1, max_size=4),
        owner=st.sampled_from(OWNERS),
        quota=_QUOTAS,
        once=_ONCES,
        callback=st.sampled_from(["", URL]),
    )
    def enqueue_batch(
        self, jobs: list[dict[str, Any]], owner: str, quota: Quota, once: Once | None, callback: str
    ) -> None:
        orders, batch_id = [self.an_order(owner, **job) for job in jobs], a_job_id()
        expected = self.expected(orders, quota, once)
        options: dict[str, Any] = {"callback": callback, "quota": quota, "once": once}
        for _ in range(2):
            if not isinstance(expected, str):
                with pytest.raises(expected):
                    self.run(self.queue.enqueue_batch(batch_id, orders, **options))
                return
            accepted = self.run(self.queue.enqueue_batch(batch_id, orders, **options))
            assert accepted.batch_id == (expected or batch_id)
            assert accepted.repeated == bool(expected)
        if not expected:
            self.accept(orders, batch_id, quota, once)
            self.batches[batch_id] = Sent([order.job_id for order in orders], callback)
            for order in orders:
                self.jobs[order.job_id].batch_id = batch_id

    def an_order(self, owner: str, language: str, lane: Lane, problem: str, delay_ms: int) -> Order:
        submission = a_submission(language=language, problem_id=problem)
        callback = URL if owner == "key2" else ""
        return an_order(submission, lane=lane, owner=owner, delay_ms=delay_ms, callback=callback)

    def expected(self, orders: list[Order], quota: Quota, once: Once | None) -> str | type[Exception]:
        """The error of a request, or the id of the one before that it repeats, or nothing."""
        owner, count, depth = orders[0].owner, len(orders), self.run(self.queue.depth())
        if once and (owner, once.key) in self.sent:
            digest, subject = self.sent[owner, once.key]
            return subject if digest == once.digest else KeyReused
        if depth.public + sum(depth.ready.values()) + depth.later + count > WAITING_MAX:
            return QueueFull
        if owner and quota.open_max and self.open().get(owner, 0) + count > quota.open_max:
            return QuotaExceeded
        spent_s = max(self.paid_s.get(owner, 0.0) - self.clock_s, 0.0)
        if owner and quota.jobs_per_minute and spent_s + count * 60 / quota.jobs_per_minute > 60:
            return QuotaExceeded
        return ""

    def accept(self, orders: list[Order], subject: str, quota: Quota, once: Once | None) -> None:
        owner = orders[0].owner
        for order in orders:
            self.jobs[order.job_id] = Job(
                {"tg": "tongue"}.get(order.language, order.language),
                problem=order.problem_id,
                owner=owner,
                due_s=self.clock_s + order.delay_ms / 1000,
                callback=bool(order.callback),
            )
        self.enqueued += len(orders)
        if once:
            self.sent[owner, once.key] = (once.digest, subject)
        if owner and quota.jobs_per_minute:
            paid_s = max(self.paid_s.get(owner, 0.0), self.clock_s)
            self.paid_s[owner] = paid_s + len(orders) * 60 / quota.jobs_per_minute
        if not all(order.delay_ms for order in orders):
            self.assert_someone_is_woken()

    def open(self) -> dict[str, int]:
        """Jobs that are not done, by owner."""
        return Counter(job.owner for job in self.jobs.values() if job.owner and not job.done)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(list(self.jobs)))
        job = self.jobs[job_id]
        answer = self.run(self.queue.cancel(job_id, cancelled_result(job_id)))
        if job.done:
            assert answer is (Cancel.UNKNOWN if job.forgotten else Cancel.DONE)
            return
        job.cancel = True
        assert answer is (Cancel.ASKED if job.holder else Cancel.CANCELLED)
        if answer is Cancel.CANCELLED:
            self.end(job_id, {}, "cancelled")
        assert self.run(self.queue.position(job_id)) == 0

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        known = [job_id for job_id, job in self.jobs.items() if job.problem]  # else it may be pushed again
        if not known:
            return
        job_id = data.draw(st.sampled_from(known))
        job = self.jobs[job_id]
        answer = self.run(self.queue.forget(job_id))
        if job.forgotten:
            assert answer is Forget.UNKNOWN
        elif not job.done:
            assert answer is Forget.NOT_DONE
        else:
            assert answer is Forget.FORGOTTEN
            job.forgotten, job.past, job.told = True, {}, []
            assert job_id not in self.run(self.queue.newest(job.problem or "", owner=job.owner))

    @rule(item=st.sampled_from(FOREIGN), count=st.integers(1, 12))
    def push_foreign(self, item: bytes, count: int) -> None:
        self.run(self.harness.push(*[item] * count))
        self.foreign_pushed += count

    @rule(item=st.sampled_from(NAMED))
    def push_named(self, item: bytes) -> None:
        self.run(self.harness.push(item))
        self.named_pushed.add(item)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def push_what_names_another(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(list(self.jobs)))
        self.push_named(b'{"v":1,"jobId":"%b","problemId":"q"}' % job_id.encode())

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
            assert (claim.owner, claim.cancelled) == (job.owner, job.cancel)
            assert job.due_s <= self.clock_s
            problem = json.loads(claim.spec)["problemId"] if b'problemId":"' in claim.spec else ""
            text = self.definitions.get((job.owner, problem))
            assert claim.definition == (digest_of(text) if text else "")
            assert job.language in {None, *SERVED[worker]} or job.cancel or job.crashes >= CRASHES_MAX
            job.holder, job.lease_end_s, job.running = claim, self.clock_s + LEASE_S, False
            self.claims.append((worker, claim))
        if claims and any(
            self.run(self.clients.call("ZCARD", keys.ready(lane, language)))
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
        assert renewal.cancelled == ({claim.job_id} if job.holder == claim and job.cancel else set())
        if job.holder == claim:
            job.lease_end_s = self.clock_s + LEASE_S
            job.running |= started

    @rule(
        problem=st.sampled_from(["p", "q"]),
        owner=st.sampled_from(OWNERS),
        text=st.sampled_from(["{}", '{"tests":[]}']),
    )
    def define(self, problem: str, owner: str, text: str) -> None:
        defined = self.run(self.queue.define(problem, text, owner=owner))
        assert defined.new == ((owner, problem) not in self.definitions)
        self.definitions[owner, problem] = text
        self.assert_what_is_stored()

    @rule(problem=st.sampled_from(["p", "q"]), owner=st.sampled_from(OWNERS))
    def undefine(self, problem: str, owner: str) -> None:
        was = self.definitions.pop((owner, problem), None) is not None
        assert self.run(self.queue.undefine(problem, owner=owner)) == was
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
            self.end(claim.job_id, {claim.fence: "done"})
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
            self.end(claim.job_id, {claim.fence: "done"})
        else:
            assert answer is Fail.RETRY
            job.fails, job.holder, job.past = job.fails + 1, None, {claim.fence: "retry"}

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        picked = data.draw(st.lists(st.sampled_from(self.claims), max_size=4, unique=True))
        expected = 0
        for _, claim in reversed(picked):  # as the script does
            job = self.jobs[claim.job_id]
            if job.holder == claim:
                job.holder, job.past = None, {claim.fence: "released"}
            expected += job.past.get(claim.fence) == "released"
        assert self.run(self.queue.release("w1", [claim for _, claim in picked])) == expected
        if sum(self.run(self.queue.depth()).ready.values()):
            self.assert_someone_is_woken()

    @rule(seconds=st.sampled_from([10, 20, 70]))
    def time_passes(self, seconds: int) -> None:
        # All that ends does so 5 s after a multiple of ten: the test's own time never decides.
        self.run(self.harness.advance(seconds))
        self.clock_s += seconds

    @rule()
    def reap(self) -> None:
        reaped = self.run(self.queue.reap())
        lost = [job for job in self.jobs.values() if job.holder and job.lease_end_s <= self.clock_s]
        assert reaped.expired == len(lost)
        due = [job_id for job_id, job in self.jobs.items() if 0 < job.due_s <= self.clock_s]
        for job_id in due:  # it was claimed before, or is ready now
            assert (self.run(self.queue.position(job_id)) > 0) == self.is_ready(job_id)
        for job in lost:
            job.crashes += job.running
            job.holder = None
        if reaped.expired or reaped.due:
            self.assert_someone_is_woken()

    @rule()
    def flush_scripts(self) -> None:
        self.run(self.clients.call("SCRIPT", "FLUSH"))

    def is_ready(self, job_id: str) -> bool:
        return bool(self.run(self.clients.call("HGET", keys.job(job_id), "place")) == b"ready")

    def assert_someone_is_woken(self) -> None:
        # Idle workers sleep on the public list alone: ready work beside an empty list has no waker.
        assert self.run(self.clients.call("LLEN", keys.PUBLIC)) > 0

    def assert_what_is_stored(self) -> None:
        for owner in OWNERS:
            for problem in ("p", "q"):
                text = self.definitions.get((owner, problem))
                stored = self.run(self.queue.definition(problem, owner=owner))
                assert stored == (text and (digest_of(text), text))
        size = self.run(self.clients.call("HGET", keys.COUNT, "defined_bytes"))
        assert int(size or 0) == sum(map(len, self.definitions.values()))
        assert self.run(self.clients.call("SCARD", keys.PROBLEMS)) == len(self.definitions)

    def end(self, job_id: str, past: dict[str, str], verdict: str = "ok") -> None:
        job = self.jobs[job_id]
        job.done, job.holder, job.past = True, None, past
        self.done += 1
        if job.batch_id:
            batch = self.batches[job.batch_id]
            batch.done.append(job_id)
            batch.verdicts[verdict] += 1

    # --- what must be true at any moment ---

    @invariant()
    def every_job_is_in_exactly_one_place(self) -> None:
        audit = self.run(self.queue.audit())
        assert (audit.missing, audit.doubled) == (0, 0), audit
        assert audit.done == self.done
        assert audit.leased == sum(job.holder is not None for job in self.jobs.values())
        foreign = audit.accepted - self.enqueued
        assert 0 <= foreign <= self.foreign_pushed + len(self.named_pushed)
        assert audit.later >= sum(job.due_s > self.clock_s and not job.done for job in self.jobs.values())
        wrong = self.run(
            self.clients.call(
                *("EVAL", _MISPLACED, 4, keys.LEASES, keys.LATER, keys.CLOCKS, keys.COUNT),
                *(keys.job("*")[:-1], keys.ready("*", "*")[:-3], keys.turns("*", "*")[:-3]),
            )
        )
        assert wrong == []

    @invariant()
    def events_are_numbered_without_gaps(self) -> None:
        events = self.run(self.harness.events())
        assert [event.n for event in events] == list(range(1, self.done + 1))
        assert {event.job_id for event in events} == {i for i, job in self.jobs.items() if job.done}

    @invariant()
    def open_jobs_are_counted(self) -> None:
        found = self.run(self.clients.call("HGETALL", keys.OPEN))
        assert {owner.decode(): int(count) for owner, count in found.items()} == self.open()

    @invariant()
    def a_batch_is_as_far_as_its_jobs(self) -> None:
        for batch_id in list(self.batches)[-3:]:
            sent, batch = self.batches[batch_id], self.run(self.queue.batch(batch_id))
            assert batch
            assert (batch.total, batch.done) == (len(sent.jobs), len(sent.done))
            assert batch.verdicts == sent.verdicts
            assert (batch.finished_at_ms is not None) == (batch.done == batch.total)
            assert self.run(self.queue.batch_jobs(batch_id)) == sent.jobs
            assert self.run(self.queue.batch_done(batch_id)) == sent.done

    @invariant()
    def each_end_is_delivered_once(self) -> None:
        batches = [sent for sent in self.batches.values() if sent.callback and sent.done]
        expected = sum(job.callback and job.done for job in self.jobs.values())
        expected += sum(len(sent.done) == len(sent.jobs) for sent in batches)
        assert len(self.run(self.clients.call("KEYS", keys.delivery("*")))) == expected

    @invariant()
    def a_record_says_what_the_model_says(self) -> None:
        for _, claim in self.claims[-3:]:
            job, record = self.jobs[claim.job_id], self.run(self.queue.get(claim.job_id))
            if job.forgotten:
                assert record is None
                continue
            assert record
            assert record.cancel_asked == job.cancel
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
