"""One campaign: start a fleet, send it jobs, torment it, let it come to rest, look at what is left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import QueueUnavailable
from fleet.queue import Audit
from tests.chaos import control, oracle, snippets
from tests.chaos.engine import Engine
from tests.chaos.faults import FAULTS
from tests.chaos.fleet_under_test import FleetUnderTest
from tests.chaos.plan import Plan
from tests.chaos.processes import marked, pause
from tests.chaos.recovery import Recovery
from tests.chaos.scene import Fault, Scene, Storm
from tests.chaos.traffic import Ledger, Traffic

_SAMPLE_S = 0.2
_LAST_ANSWERS_S = 60.0  # until every sender has been answered after the last fault
_CONTROL_REST_S = 20.0
_ORPHANS_S = 90.0  # a worker waits a minute before it removes boxes of a worker it does not know


@dataclass(frozen=True, kw_only=True)
class ControlFacts:
    """What became of the jobs of the plain BRPOP workers."""

    acknowledged: int
    lost: int
    doubled: int  # jobs with more than one result
    repeats: int  # pushes repeated to it on purpose


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A campaign that has ended."""

    plan: Plan
    facts: oracle.Facts
    lines: list[oracle.Line]
    faults: dict[str, int]
    recoveries_s: dict[str, float]  # by fault, the longest
    slowest_s: float  # from queued to done, whatever happened meanwhile
    stale_answers: int
    stale_claims: int
    control: ControlFacts
    redis_version: str
    debris: int  # containers that a killed engine forgot while it started them
    logs: Path | None  # kept if anything was wrong

    @property
    def sound(self) -> bool:
        """Every line of the oracle holds."""
        return all(line.holds for line in self.lines)


async def run(plan: Plan, say: Callable[[str], None] = lambda _: None, *, keep_logs: bool = True) -> Outcome:
    """Run a campaign to its end. What it started is gone when it returns or raises; the logs are kept
    if anything was wrong, unless that was the purpose."""
    home = Path(tempfile.mkdtemp(prefix=f"chaos-{secrets.token_hex(3)}-"))
    keep = keep_logs
    try:
        outcome = await _Campaign(plan, home, say).run()
        keep = keep_logs and not outcome.sound
    finally:
        for entry in home.iterdir():
            if entry.is_dir() and not (keep and entry.name == "log"):
                shutil.rmtree(entry)
        if keep:
            say(f"the logs are in {home}/log")
        else:
            home.rmdir()
    return outcome


class _Campaign:
    def __init__(self, plan: Plan, home: Path, say: Callable[[str], None]) -> None:
        self._plan, self._home, self._say = plan, home, say
        rngs = _random(plan.seed)
        self._engine = Engine(home) if plan.runner == "docker" else None
        self._fleet = FleetUnderTest(plan, home, self._engine.host if self._engine else "")
        self._ledger = Ledger()
        self._traffic = Traffic(plan, self._fleet, self._ledger, next(rngs))
        self._recovery = Recovery(self._fleet.clients)
        self._storm = Storm(self._scene, _chosen(plan), next(rngs), home / "log/faults")
        self._fault_rng = next(rngs)
        self._samples: list[Audit] = []

    async def run(self) -> Outcome:
        """All of it, in its order."""
        left: list[str] = []
        try:
            await self._open()
            async with self._sampled():
                await self._torment()
                await self._rest()
            facts = await self._collect()
            control_facts = await self._control()
            redis_version = str((await self._fleet.clients.info())["redis_version"])
            await self._orphans_gone()
            await self._fleet.close()
            left += await self._boxes_left()
        finally:
            try:
                await self._fleet.abandon()
            finally:
                left += await self._engine_left() + self._left_behind()
                if self._engine:
                    await self._engine.clear()
        facts.left_behind = left
        return self._outcome(facts, control_facts, redis_version)

    async def _open(self) -> None:
        if self._engine:
            self._say("starting an engine of its own")
            await self._engine.start()
            await self._engine.load(f"sandfleet/sandbox-{snippets.LANGUAGE}")
        self._say("starting the fleet")
        await self._fleet.open()

    async def _torment(self) -> None:
        plan = self._plan
        self._say(f"{plan.seconds:g} s of faults, seed {plan.seed}")
        sending = asyncio.create_task(self._traffic.run())
        try:
            await self._storm.rage(plan.seconds, plan.pause_s)
            self._traffic.stop()
            async with asyncio.timeout(_LAST_ANSWERS_S):
                await sending
        finally:
            sending.cancel()
            await asyncio.wait({sending})

    async def _rest(self) -> None:
        """Until every job is done and every completion logged; what is not by then is a finding."""
        self._say("letting it come to rest")
        end_s = time.monotonic() + self._plan.rest_s
        audit, unlogged = None, 0
        while time.monotonic() < end_s:
            with contextlib.suppress(QueueUnavailable):
                audit = await self._fleet.queue.audit()
                lives, _ = oracle.lines(self._fleet.texts(self._fleet.subscriber))
                logged = {line.n for life in lives for line in life}
                unlogged = (await oracle.counters(self._fleet.clients)).get("events", 0) - len(logged)
                places = audit.public + audit.inbox + audit.ready + audit.later + audit.leased
                if places == 0 and unlogged <= 0:
                    return
            await pause(_SAMPLE_S)
        self._say(f"it did not: {audit}, {unlogged} completions not logged")

    async def _collect(self) -> oracle.Facts:
        clients = self._fleet.clients
        lives, missing = oracle.lines(self._fleet.texts(self._fleet.subscriber))
        return oracle.Facts(
            ledger=self._ledger,
            samples=self._samples,
            jobs=await oracle.jobs(clients),
            events=await oracle.events(clients),
            counters=await oracle.counters(clients),
            lives=lives,
            reported_missing=missing,
            deaths=self._fleet.deaths,
            final=await self._fleet.queue.audit(),
        )

    async def _control(self) -> ControlFacts:
        """Look at the control once it has nothing to do, or has had time enough."""
        clients = self._fleet.clients
        end_s = time.monotonic() + _CONTROL_REST_S
        counts: dict[str, int] = {}
        idle = 0
        while idle < 3 and time.monotonic() < end_s:
            before = sum(counts.values())
            for token in self._ledger.by_push_to_control:
                counts[token] = int(await clients.call("LLEN", control.RESULTS + token))
            waiting = await clients.call("LLEN", control.QUEUE)
            idle = idle + 1 if not waiting and sum(counts.values()) == before else 0
            await pause(_SAMPLE_S)
        return ControlFacts(
            acknowledged=len(counts),
            lost=sum(count == 0 for count in counts.values()),
            doubled=sum(count > 1 for count in counts.values()),
            repeats=self._ledger.repeats_to_control,
        )

    @contextlib.asynccontextmanager
    async def _sampled(self) -> AsyncIterator[None]:
        """Within the block the audit is asked again and again, and deaths are noted."""

        async def sample() -> None:
            while True:
                self._fleet.note_deaths()
                with contextlib.suppress(QueueUnavailable):
                    self._samples.append(await self._fleet.queue.audit())
                await pause(_SAMPLE_S)

        sampling = asyncio.create_task(sample())
        try:
            yield
        finally:
            sampling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sampling

    async def _orphans_gone(self) -> None:
        """Wait until the workers have removed the boxes of those that were killed."""
        if self._engine is None:
            return
        self._say("waiting until the boxes of dead workers are swept")
        end_s = time.monotonic() + _ORPHANS_S
        while time.monotonic() < end_s:
            live = {worker.worker_id for worker in await self._fleet.queue.workers()}
            if all(worker in live for _, worker in await self._engine.containers()):
                return
            await pause(_SAMPLE_S)

    async def _boxes_left(self) -> list[str]:
        found = await self._engine.containers() if self._engine else []
        return [f"container {container[:12]} of {worker}" for container, worker in found]

    async def _engine_left(self) -> list[str]:
        if self._engine is None:
            return []
        await self._engine.stop()
        return self._engine.left_behind()

    def _left_behind(self) -> list[str]:
        files = [f"file {path}" for path in (self._home / "tmp").rglob("*")]
        return [*(f"process {pid} {words}" for pid, words in marked(self._home.name)), *files]

    def _scene(self, fault: str) -> Scene:
        return Scene(fault, self._fleet, self._traffic, self._recovery, self._fault_rng, self._engine)

    def _outcome(self, facts: oracle.Facts, control_facts: ControlFacts, redis_version: str) -> Outcome:
        done = [job for job in facts.jobs.values() if job.finished_ms]
        finished_ms = {job.token: job.finished_ms for job in done}
        waits_s = [(job.finished_ms - job.queued_ms) / 1000 for job in done]
        lines = oracle.judge(facts)
        return Outcome(
            plan=self._plan,
            facts=facts,
            lines=lines,
            faults=self._storm.counts,
            recoveries_s=self._recovery.longest_s(finished_ms),
            slowest_s=max(waits_s, default=0.0),
            stale_answers=sum(proxy.stale_answers for proxy in self._fleet.proxies),
            stale_claims=self._stale_claims(),
            control=control_facts,
            redis_version=redis_version,
            debris=len(self._engine.debris) if self._engine else 0,
            logs=None if all(line.holds for line in lines) else self._home / "log",
        )

    def _stale_claims(self) -> int:
        """Runs that workers gave up because the job was another's by then, by their own word."""
        texts = (text for worker in self._fleet.workers for text in self._fleet.texts(worker))
        said = (json.loads(line) for text in texts for line in text.split("\n")[:-1])
        return sum(line["event"] == "claim_lost" and line["how"] == "stale" for line in said)


def _random(seed: int) -> Iterator[random.Random]:
    """A source of chance for each who needs one, so that none disturbs another's order."""
    while True:
        yield random.Random(seed)
        seed += 1_000_003


def _chosen(plan: Plan) -> list[Fault]:
    fitting = [fault for fault in FAULTS if plan.runner == "docker" or not fault.of_engine]
    if unknown := set(plan.only) - {fault.name for fault in FAULTS}:
        raise ValueError(f"there is no fault named {', '.join(sorted(unknown))}")
    return [fault for fault in fitting if not plan.only or fault.name in plan.only]
