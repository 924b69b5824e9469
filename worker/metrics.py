"""The worker's Prometheus series. Labels are closed sets; a job id is never one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """All series of one worker, on a registry of their own so that two can live in one process."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self.jobs = Counter(
            "sandfleet_worker_jobs",
            "Jobs finished",
            ["language", "verdict"],
            registry=r,
        )
        self.queue_wait_s = Histogram(
            "sandfleet_worker_queue_wait_seconds",
            "From a job's arrival in the queue to the start of its run",
            ["language"],
            buckets=_SECONDS,
            registry=r,
        )
        self.run_s = Histogram(
            "sandfleet_worker_run_seconds",
            "From handing a program to its sandbox to its outcome",
            ["language"],
            buckets=_SECONDS,
            registry=r,
        )
        self.start_s = Histogram(
            "sandfleet_worker_start_seconds",
            "Starting a sandbox, until its init is ready",
            ["language"],
            buckets=_SECONDS,
            registry=r,
        )
        self.slots = Gauge("sandfleet_worker_slots", "Jobs this worker may run at once", registry=r)
        self.busy = Gauge("sandfleet_worker_busy_slots", "Jobs it holds now", registry=r)
        self.spares_ready = Gauge(
            "sandfleet_worker_spares_ready", "Started sandboxes that wait for a job", ["language"], registry=r
        )
        self.spares_taken = Counter(
            "sandfleet_worker_spares_taken",
            "Sandboxes taken for a job: a ready spare (hit) or one started for it (miss)",
            ["language", "found"],
            registry=r,
        )
        self.failures = Counter(
            "sandfleet_worker_failures", "Runs that failed on our side, by error class", ["cause"], registry=r
        )
        self.claims_lost = Counter(
            "sandfleet_worker_claims_lost", "Runs dropped because their lease was lost", ["how"], registry=r
        )
        self.reaped = Counter(
            "sandfleet_worker_reaped",
            "What it put back: expired, due, returned",
            ["what"],
            registry=r,
        )
        self.swept = Counter("sandfleet_worker_swept", "Orphaned sandboxes removed", registry=r)
        self.engine_up = Gauge(
            "sandfleet_worker_engine_up", "1 while the engine answers; 0 pauses claiming", registry=r
        )
        self.heartbeat_age_s = Gauge(
            "sandfleet_worker_heartbeat_age_seconds", "Since Redis last took a heartbeat", registry=r
        )
