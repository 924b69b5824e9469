"""What a campaign is told to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One campaign. Times in seconds; ``pause_s`` is the mean time between two faults."""

    runner: str
    seconds: float
    seed: int
    lease_s: float
    workers: int
    slots: int
    pause_s: float
    http_clients: int
    submits_per_s: float  # of all clients together, if the fleet keeps up
    producers: int
    pushes_per_s: float  # of all producers together, likewise
    backlog_max: int  # waiting jobs beyond which nobody sends more
    control_share: float  # of the pushes that the control gets as well
    rest_s: float = 60.0  # after the last fault, until everything must be done
    recovery_s_max: float  # the target: within this a job hit by a fault is done
    sabotage: str = ""
    only: Sequence[str] = ()  # names of faults; empty: all that fit the runner


def noop(seconds: float, seed: int, *, sabotage: str = "", only: Sequence[str] = ()) -> Plan:
    """The real queue, heartbeat, slots and reaper with boxes that do nothing: for volume."""
    lease_s = 3.0
    return Plan(
        runner="noop",
        seconds=seconds,
        seed=seed,
        lease_s=lease_s,
        workers=5,
        slots=4,
        pause_s=0.35,
        http_clients=4,
        submits_per_s=60.0,
        producers=3,
        pushes_per_s=600.0,
        backlog_max=400,
        control_share=0.12,
        recovery_s_max=lease_s + 2,
        sabotage=sabotage,
        only=only,
    )


def docker(seconds: float, seed: int, *, only: Sequence[str] = ()) -> Plan:
    """The shipped worker with real containers, on an engine of the campaign's own."""
    lease_s = 4.0
    return Plan(
        runner="docker",
        seconds=seconds,
        seed=seed,
        lease_s=lease_s,
        workers=3,
        slots=2,
        pause_s=2.0,
        http_clients=2,
        submits_per_s=3.0,
        producers=1,
        pushes_per_s=5.0,
        backlog_max=20,
        control_share=1.0,
        recovery_s_max=lease_s + 2,
        only=only,
    )
