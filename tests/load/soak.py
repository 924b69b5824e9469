"""Ten thousand jobs and half an hour at most of what the fleet can do: does anything grow?"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.problems import Kind
from fleet.queue import Audit
from tests.chaos import oracle
from tests.chaos.oracle import Line
from tests.chaos.processes import pause
from tests.load import samples
from tests.load.flatness import WARM_UP, Flatness, judge
from tests.load.generator import Generator, Order, Report
from tests.load.rig import Rig, percentile, running
from tests.load.samples import Sample

_DRAIN_S = 300.0
_LOOK_S = 0.1
_QUEUE_S, _QUEUE_MIN = 5.0, 20  # the queue is bounded to so much work: what waits fills Redis as well
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One soak: it lasts ``seconds``, or longer if ``jobs`` take longer at that rate."""

    runtime: str
    seconds: float = 1800.0
    jobs: int = 10_000
    rate_share: float = 0.8  # of the sustained rate
    sustained_s: float = 10.0  # how long that is measured
    sample_s: float = 10.0
    retention_s_max: int = 120
    seed: int = 1

    @property
    def retention_s(self) -> int:
        """How long results are kept: what Redis holds must come to a level within the warm-up."""
        return max(1, min(self.retention_s_max, int(self.seconds * WARM_UP / 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    plan: Plan
    figures: dict[str, Any]
    series: list[Flatness]
    samples: list[Sample]
    lines: list[Line]

    @property
    def sound(self) -> bool:
        """Does every line hold."""
        return all(line.holds for line in self.lines)


async def run(plan: Plan, say: Say = lambda _: None) -> Outcome:
    """Run the campaign. Raises ``RuntimeError`` if a process of the fleet ends."""
    async with running(plan.runtime, plan.retention_s, say) as rig:
        sustained = await rig.sustained(plan.sustained_s)
        rate = plan.rate_share * sustained
        seconds = max(plan.seconds, plan.jobs / rate)
        say(f"sustained rate {sustained:.1f}/s; {rate:.1f} jobs/s for {seconds:,.0f} s")
        order = Order(
            port=rig.api_port, runtime=plan.runtime, seconds=seconds, rate=rate, seed=plan.seed, name="soak"
        )
        await rig.start_api(queue_max=max(_QUEUE_MIN, math.ceil(_QUEUE_S * sustained)))
        before = (await rig.queue.audit()).accepted
        generator = Generator.start(order, rig.home, "soak")
        taken = await _samples(rig, generator, plan, say)
        report = await generator.report(0)
        audit = await rig.drained(_DRAIN_S)
        await rig.close()
        [logged], _ = oracle.lines([rig.processes["subscriber"].log.read_text("utf-8")])
        series = judged(taken, seconds)
        lines = [
            *_kept(plan, report, audit, before, logged),
            _audited(taken, audit),
            _flat(series),
            rig.nothing_left(),
        ]
        figures = {"sustained_per_s": round(sustained, 1), "seconds": round(seconds, 1), **_figures(report)}
        return Outcome(plan=plan, figures=figures, series=series, samples=taken, lines=lines)


def _figures(report: Report) -> dict[str, Any]:
    return {
        "accepted": len(report.job_ids),
        "refused": sum(report.kinds.values()),
        "accepted_per_s": round(len(report.job_ids) / max(report.planned_s[-1], 1e-9), 1),
        "submit_ms": {f"p{share:g}": round(percentile(report.took_ms, share / 100), 1) for share in (50, 99)},
        "generator_late_ms_p99": round(percentile(report.late_ms, 0.99), 1),
    }


async def _samples(rig: Rig, generator: Generator, plan: Plan, say: Say) -> list[Sample]:
    taken: list[Sample] = []
    began_s, said_s = time.monotonic(), 0.0
    while not generator.ended:
        due_s = len(taken) * plan.sample_s
        if time.monotonic() - began_s >= due_s:
            taken.append(await samples.take(rig, began_s))
            if taken[-1].at_s - said_s >= 60:
                said_s = taken[-1].at_s
                waiting = taken[-1].values[samples.WAITING]
                say(f"{taken[-1].jobs:,} jobs done, {waiting:g} wait or run")
        rig.look()
        await pause(_LOOK_S)
    return taken


def judged(taken: Sequence[Sample], seconds: float) -> list[Flatness]:
    """Every series after the warm-up. One that was not there at every look counts as 0 where it was not."""
    kept = [sample for sample in taken if WARM_UP * seconds <= sample.at_s <= seconds]
    names = sorted({name for sample in kept for name in sample.values})
    jobs = [float(sample.jobs) for sample in kept]
    return [
        judge(name, samples.kind(name), jobs, [sample.values.get(name, 0.0) for sample in kept])
        for name in names
    ]


def _kept(
    plan: Plan, report: Report, audit: Audit, before: int, logged: Sequence[oracle.Event]
) -> list[Line]:
    verdicts = Counter(event.verdict for event in logged)
    jobs = {event.job_id for event in logged}
    return [
        Line(
            "every submit was accepted, or refused as documented",
            not report.fault_count and set(report.kinds) <= {Kind.QUEUE_FULL.type},
            f"{len(report.job_ids):,} and {sum(report.kinds.values()):,}; {report.faults[:1]}",
        ),
        Line(f"at least {plan.jobs:,} jobs", len(report.job_ids) >= plan.jobs, f"{len(report.job_ids):,}"),
        Line(
            "every accepted job has one completion, with the verdict ok",
            verdicts == Counter({"ok": audit.accepted})
            and audit.accepted == before + len(report.job_ids)
            and len(jobs) == audit.accepted
            and jobs >= set(report.job_ids),
            f"{dict(verdicts)} of {audit.accepted:,}",
        ),
    ]


def _audited(taken: Sequence[Sample], audit: Audit) -> Line:
    return Line(
        "audit at every look and at the end: missing = 0, doubled = 0",
        not any(sample.broken for sample in taken) and not audit.missing and not audit.doubled,
        f"{len(taken) + 1} audits; at the end {audit.done:,} of {audit.accepted:,} done",
    )


def _flat(series: Sequence[Flatness]) -> Line:
    growing = [one.name for one in series if not one.flat]
    return Line(
        "nothing grows with the jobs",
        bool(series) and not growing,
        ", ".join(growing) or f"{len(series)} series",
    )
