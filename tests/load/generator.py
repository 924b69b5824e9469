"""The load, from a process of its own: ``python -m tests.load.generator ORDER.json``.

Open loop: arrivals are planned before the first request and do not wait for answers; a latency is
counted from the planned arrival, so a client that comes late blames itself. Closed loop: so many
requests at once, each waits for its result; good for a rate and for nothing else.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from tests.chaos.processes import Process, environment, python
from tests.fuzz import http_judge
from tests.load.http_client import Client, parsed
from tests.load.programs import programs

_LAST_ANSWER_S = 60.0
_RESULT_S = 60  # a closed loop waits for a result this long
_FAULTS_SHOWN = 20
_ENDED_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be sent. ``rate`` is an open loop's, requests a second; ``in_flight`` a closed loop's."""

    port: int
    runtime: str  # whose programs
    seconds: float
    rate: float = 0.0
    in_flight: int = 0
    seed: int = 1
    name: str = "load"  # beginning of each problemId


@dataclass(slots=True, kw_only=True)
class Report:
    """What came of it. Lists have one entry a request, in the order of the planned arrivals."""

    planned_s: list[float] = field(default_factory=list)  # since the beginning
    late_ms: list[float] = field(default_factory=list)  # sent this long after the planned arrival
    took_ms: list[float] = field(default_factory=list)  # from the planned arrival to the answer
    statuses: list[int] = field(default_factory=list)  # 0: no answer
    job_ids: list[str] = field(default_factory=list)  # of the accepted
    kinds: dict[str, int] = field(default_factory=dict)  # refusals by type of problem
    faults: list[str] = field(default_factory=list)  # answers that are not as documented
    fault_count: int = 0
    connections: int = 0
    cpu_share: float = 0.0  # of one CPU, used by the generator
    ended_s: float = 0.0  # wall clock, when the last arrival was due


class _Generator:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._programs = programs(order.runtime)
        self._client = Client(order.port)
        self._answers: list[tuple[float, float, float, bytes]] = []  # planned, sent, answered, raw

    async def run(self) -> Report:
        order, began_s, used_s = self._order, time.monotonic(), _cpu_s()
        ended_s = time.time() + order.seconds
        await (self._open(began_s) if order.rate else self._closed(began_s))
        share = (_cpu_s() - used_s) / (time.monotonic() - began_s)
        self._client.close()
        report = Report(connections=self._client.opened, cpu_share=round(share, 3), ended_s=ended_s)
        return self._told(report, began_s)

    async def _open(self, began_s: float) -> None:
        asking: set[asyncio.Task[None]] = set()
        for number, after_s in enumerate(arrivals(self._order)):
            if (early_s := began_s + after_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            task = asyncio.create_task(self._one(number, began_s + after_s, 0))
            asking.add(task)
            task.add_done_callback(asking.discard)
        if asking:
            await asyncio.wait(set(asking), timeout=_LAST_ANSWER_S)
        for task in set(asking):
            task.cancel()

    async def _closed(self, began_s: float) -> None:
        numbers = iter(range(1 << 30))

        async def client() -> None:
            while time.monotonic() < began_s + self._order.seconds:
                await self._one(next(numbers), time.monotonic(), _RESULT_S)

        await asyncio.gather(*(client() for _ in range(self._order.in_flight)))

    async def _one(self, number: int, planned_s: float, wait_s: int) -> None:
        body = self._programs[number % len(self._programs)].body(f"{self._order.name}-{number}")
        sent_s = time.monotonic()
        raw, answered_s = b"", 0.0
        try:
            raw, answered_s = await self._client.submit(body, wait_s=wait_s)
        except OSError:
            answered_s = time.monotonic()
        finally:
            self._answers.append((planned_s, sent_s, answered_s or time.monotonic(), raw))

    def _told(self, report: Report, began_s: float) -> Report:
        kinds: Counter[str] = Counter()
        for planned_s, sent_s, answered_s, raw in sorted(self._answers):
            report.planned_s.append(round(planned_s - began_s, 4))
            report.late_ms.append(round((sent_s - planned_s) * 1000, 3))
            report.took_ms.append(round((answered_s - planned_s) * 1000, 3))
            answer = parsed(raw) if raw else None
            report.statuses.append(answer.status if answer else 0)
            said: dict[str, Any] = json.loads(answer.body) if answer else {}
            fault = http_judge.fault(answer, http_judge.ACCEPTED) if answer else "no answer"
            if fault:
                report.fault_count += 1
                report.faults += [fault] if len(report.faults) < _FAULTS_SHOWN else []
            elif answer and answer.status in http_judge.ACCEPTED:
                report.job_ids.append(said["jobId"])
            else:
                kinds[said["type"]] += 1
        report.kinds = dict(kinds)
        return report


def arrivals(order: Order) -> list[float]:
    """When each request is due, in seconds: a Poisson process, the same for the same seed."""
    rng, at_s, due = random.Random(order.seed), 0.0, []  # noqa: S311 - no secret
    while (at_s := at_s + rng.expovariate(order.rate)) < order.seconds:
        due.append(at_s)
    return due


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Generator:
    """The process, seen from the campaign."""

    process: Process
    result: Path

    @classmethod
    def start(cls, order: Order, home: Path, name: str) -> Generator:
        """Start it; its order and report are in ``home``."""
        paper, result = home / f"{name}.order.json", home / f"{name}.json"
        paper.write_text(json.dumps({"order": asdict(order), "result": str(result)}), "utf-8")
        argv = python("tests.load.generator", str(paper))
        return cls(
            Process(name, argv, environment(home.name, home / "tmp"), home / f"log/{name}.log"), result
        )

    @property
    def ended(self) -> bool:
        """Has the last answer come."""
        return self.process.status is not None

    async def report(self, within_s: float) -> Report:
        """What came of it. Raises ``TimeoutError``, or ``RuntimeError`` if it failed."""
        await self.process.ended(within_s + _ENDED_PATIENCE_S)
        if self.process.status:
            raise RuntimeError(f"the load generator failed: {self.process.last_words()}")
        return Report(**json.loads(self.result.read_text("utf-8")))


def main() -> None:
    """Carry out the order."""
    paper = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    report = uvloop.run(_Generator(Order(**paper["order"])).run())
    Path(paper["result"]).write_text(json.dumps(asdict(report)), "utf-8")


if __name__ == "__main__":
    main()
