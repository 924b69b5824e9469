"""What the API measures. Labels are few and closed: no ids, no text of clients."""

from __future__ import annotations

from collections.abc import Sized

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fleet.queue import Depth

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ApiMetrics:
    """The series of one API process, in a registry of its own."""

    def __init__(self, waiters: Sized) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "sandfleet_api_request_seconds",
            "Time to answer, waiting for results included, by route, method and status",
            ["route", "method", "status"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._submits = Counter(
            "sandfleet_api_submits",
            "Submissions by language and outcome: accepted, or the problem they met",
            ["language", "outcome"],
            registry=self._registry,
        )
        self._queue_up = Gauge(
            "sandfleet_queue_up", "1 if the queue answered this scrape", registry=self._registry
        )
        self._queue_jobs = Gauge(
            "sandfleet_queue_jobs",
            "Jobs by place: public, ready:LANE, later, leased, dead",
            ["place"],
            registry=self._registry,
        )
        Gauge(
            "sandfleet_api_waiters",
            "Requests that wait for a result or follow a job",
            registry=self._registry,
        ).set_function(lambda: len(waiters))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request. ``route`` is the template of its path, never the path."""
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).observe(seconds)

    def submitted(self, language: str, outcome: str) -> None:
        """Count a submission. ``language`` is a name from the directory, or empty."""
        self._submits.labels(language, outcome).inc()

    def render(self, depth: Depth | None) -> bytes:
        """All series in the text format of Prometheus; ``depth`` is None if the queue is away."""
        self._queue_up.set(0 if depth is None else 1)
        self._queue_jobs.clear()
        if depth is not None:
            places = {
                "public": depth.public,
                "later": depth.later,
                "leased": depth.leased,
                "dead": depth.dead,
                **{f"ready:{lane}": count for lane, count in depth.ready.items()},
            }
            for place, count in places.items():
                self._queue_jobs.labels(place).set(count)
        return generate_latest(self._registry)
