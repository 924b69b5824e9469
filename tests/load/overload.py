"""Five times as much as the fleet can do: are refusals quick, accepted jobs kept, and is it well after?"""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from api.problems import Kind
from fleet.queue import Audit
from tests.chaos import oracle
from tests.chaos.oracle import Line
from tests.load.generator import Generator, Order, Report
from tests.load.http_client import Client, parsed
from tests.load.programs import programs
from tests.load.rig import Rig, median, percentile, running

_RETENTION_S = 3600  # every result is looked at afterwards
_DRAIN_S = 180.0
_BACK_S_MAX = 120.0
_WAIT_S = 60
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One overload."""

    runtime: str
    seconds: float = 60.0
    factor: float = 5.0
    sustained_s: float = 10.0  # how long the sustained rate is measured
    probes: int = 10  # requests whose median is the idle latency
    pause_s: float = 0.4  # between two of them; time for an engine to start a spare
    queue_s: float = 10.0  # the queue is bounded to what the fleet does in this time
    seed: int = 1
    refusal_p99_ms: float = 50.0
    back_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    plan: Plan
    figures: dict[str, Any]
    lines: list[Line]

    @property
    def sound(self) -> bool:
        """Does every line hold."""
        return all(line.holds for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Back:
    """When idle latency was back: wall clock, and the median that showed it."""

    at_s: float
    median_ms: float


async def run(plan: Plan, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Run the campaign. Raises ``RuntimeError`` if a process of the fleet ends."""
    load_before = os.getloadavg()[0]
    async with running(plan.runtime, _RETENTION_S, say) as rig:
        rate = await rig.sustained(plan.sustained_s)
        bound = max(20, math.ceil(plan.queue_s * rate))
        say(f"sustained rate {rate:.1f}/s; the queue is bounded to {bound} jobs")
        await rig.start_api(queue_max=bound)
        probe = _Probe(rig, plan)
        idle_ms = await probe.idle()
        say(f"idle latency {idle_ms:.1f} ms; {plan.factor:g} times the rate for {plan.seconds:g} s")
        order = Order(
            port=rig.api_port,
            runtime=plan.runtime,
            seconds=plan.seconds,
            rate=plan.factor * rate,
            seed=plan.seed,
            name="overload",
        )
        report = await _overloaded(rig, order)
        say("over; waiting for the idle latency to be back")
        back = await probe.back(1.5 * idle_ms)
        audit = await rig.drained(_DRAIN_S)
        ends = await _ends(rig, report.job_ids)
        probe.close()
        rig.look()
        await rig.close()
        figures = {
            "host_load_average_before": round(load_before, 2),
            "sustained_per_s": round(rate, 1),
            "queue_max": bound,
            **_figures(report, ends, idle_ms, back),
        }
        lines = [*_lines(plan, report, figures, ends, audit), rig.nothing_left()]
        return Outcome(plan=plan, figures=figures, lines=lines)


async def _overloaded(rig: Rig, order: Order) -> Report:
    generator = Generator.start(order, rig.home, "overload")
    while not generator.ended:
        rig.look()
        await asyncio.sleep(_LOOK_S)
    return await generator.report(0)


class _Probe:
    """One request at a time, as somebody would feel it."""

    def __init__(self, rig: Rig, plan: Plan) -> None:
        self._client, self._plan = Client(rig.api_port), plan
        self._programs = programs(plan.runtime)
        self._number = 0

    async def idle(self) -> float:
        """The median of requests on the idle fleet, in ms, after as many that are not counted."""
        took_ms = [await self._once() for _ in range(3 * self._plan.probes)]
        return median(took_ms[self._plan.probes :])

    async def back(self, below_ms: float) -> _Back:
        """When the median of the last requests was below ``below_ms``; infinitely late if it never was."""
        end_s = time.monotonic() + _BACK_S_MAX
        latest: deque[float] = deque(maxlen=self._plan.probes)
        while time.monotonic() < end_s:
            latest.append(await self._once())
            if len(latest) == latest.maxlen and median(list(latest)) <= below_ms:
                return _Back(time.time(), median(list(latest)))
        return _Back(math.inf, median(list(latest)))

    async def _once(self) -> float:
        await asyncio.sleep(self._plan.pause_s)
        program = self._programs[self._number % len(self._programs)]
        self._number += 1
        began_s = time.monotonic()
        raw, answered_s = await self._client.submit(program.body(f"probe-{self._number}"), wait_s=_WAIT_S)
        answer = parsed(raw)
        if answer.status == 200 and program.is_answered_by(json.loads(answer.body)):
            return (answered_s - began_s) * 1000
        return math.inf  # refused, or not done in time

    def close(self) -> None:
        self._client.close()


@dataclass(frozen=True, slots=True)
class _Ends:
    """How the accepted jobs ended."""

    unfinished: int
    verdicts: Counter[str]
    events: Counter[str]  # events a job
    last_s: float  # wall clock of the last end


async def _ends(rig: Rig, job_ids: Iterable[str]) -> _Ends:
    unfinished, last_ms, verdicts = 0, 0, Counter[str]()
    for job_id in job_ids:
        job = await rig.queue.get(job_id)
        if job is None or job.result is None or job.finished_at_ms is None:
            unfinished += 1
            continue
        verdicts[str(job.result["verdict"])] += 1
        last_ms = max(last_ms, job.finished_at_ms)
    events = Counter(event.job_id for event in await oracle.events(rig.clients))
    return _Ends(unfinished, verdicts, Counter({job: events[job] for job in job_ids}), last_ms / 1000)


def _figures(report: Report, ends: _Ends, idle_ms: float, back: _Back) -> dict[str, Any]:
    refused = [ms for ms, status in zip(report.took_ms, report.statuses, strict=True) if status == 503]
    accepted = [ms for ms, status in zip(report.took_ms, report.statuses, strict=True) if status == 202]
    return {
        "offered": len(report.statuses),
        "offered_per_s": round(len(report.statuses) / max(report.planned_s[-1], 1e-9), 1),
        "accepted": len(report.job_ids),
        "refused": len(refused),
        "refusal_ms": _spread(refused),
        "accepted_ms": _spread(accepted),
        "generator_late_ms": _spread(report.late_ms),
        "generator_cpu_share": report.cpu_share,
        "generator_connections": report.connections,
        "idle_before_ms": round(idle_ms, 2),
        "idle_after_ms": round(back.median_ms, 2) if math.isfinite(back.median_ms) else None,
        "back_after_last_job_s": _seconds(back.at_s - ends.last_s),
        "back_after_overload_s": _seconds(back.at_s - report.ended_s),
        "verdicts": dict(ends.verdicts),
    }


def _spread(values_ms: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: round(percentile(values_ms, share), 2) for name, share in shares.items()}


def _seconds(value: float) -> float | None:
    return round(max(value, 0.0), 2) if math.isfinite(value) else None


def _lines(plan: Plan, report: Report, figures: dict[str, Any], ends: _Ends, audit: Audit) -> list[Line]:
    p99_ms, back_s = figures["refusal_ms"]["p99"], figures["back_after_overload_s"]
    kinds = ", ".join(f"{kind} {count}" for kind, count in report.kinds.items())
    return [
        Line("some jobs were refused", figures["refused"] > 0, f"{figures['refused']:,}"),
        Line(
            f"p99 of refusals, from their planned arrival, below {plan.refusal_p99_ms:g} ms",
            p99_ms < plan.refusal_p99_ms,
            f"{p99_ms:g} ms",
        ),
        Line(
            "every answer is 202, or 503 as documented, with Retry-After",
            not report.fault_count and set(report.kinds) <= {Kind.QUEUE_FULL.type},
            f"{report.fault_count} others {report.faults[:2]}" if report.fault_count else kinds,
        ),
        Line(
            "every accepted job has one result, its own",
            not ends.unfinished and set(ends.verdicts) <= {"ok"},
            f"{ends.unfinished} without; {dict(ends.verdicts)}",
        ),
        Line(
            "and one event",
            all(count == 1 for count in ends.events.values()),
            f"{sum(ends.events.values()):,} of {len(ends.events):,}",
        ),
        Line(
            "audit: missing = 0, doubled = 0, nothing waits",
            not audit.missing and not audit.doubled and audit.accepted == audit.done,
            f"{audit.missing}, {audit.doubled}; {audit.done:,} of {audit.accepted:,} done",
        ),
        Line(
            f"idle latency is back within {plan.back_s:g} s of the end of the overload",
            back_s is not None and back_s <= plan.back_s,
            f"{back_s} s",
        ),
    ]
