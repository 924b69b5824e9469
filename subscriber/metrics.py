"""The subscriber's Prometheus series and its health, on a small HTTP server of their own.

``/healthz`` answers 200 while its loops turn, be Redis there or not, and 503 once one hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# A loop turns at least once a read (1 s) or a pause (30 s); a turn may wait for Redis to answer.
HANGING_S = 60.0


class Metrics:
    """All series of one subscriber, on a registry of their own."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self.completions = Counter(
            "sandfleet_subscriber_completions", "Completions logged, by verdict", ["verdict"], registry=r
        )
        self.missing = Counter(
            "sandfleet_subscriber_missing", "Completions whose number was never seen", registry=r
        )
        self.repeats = Counter(
            "sandfleet_subscriber_repeats", "Deliveries dropped because they were logged before", registry=r
        )
        self.malformed = Counter(
            "sandfleet_subscriber_malformed", "Stream entries that were no completions", registry=r
        )
        self.last = Gauge("sandfleet_subscriber_last_number", "Highest number logged", registry=r)
        self.queue_up = Gauge("sandfleet_subscriber_queue_up", "1 while Redis answers", registry=r)
        self.crashes = Counter(
            "sandfleet_subscriber_crashes",
            "Faults of ours that a loop was run again after",
            ["loop"],
            registry=r,
        )
        self.attempts = Counter(
            "sandfleet_subscriber_webhook_attempts",
            "Attempts to deliver, by outcome",
            ["outcome"],
            registry=r,
        )
        self.attempt_s = Histogram(
            "sandfleet_subscriber_webhook_attempt_seconds",
            "How long attempts took",
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=r,
        )
        self.pending = Gauge("sandfleet_subscriber_webhook_pending", "Deliveries that wait", registry=r)
        self.dead = Gauge("sandfleet_subscriber_webhook_dead", "Deliveries given up and kept", registry=r)
        self.oldest_s = Gauge(
            "sandfleet_subscriber_webhook_oldest_seconds", "Age of the oldest delivery that waits", registry=r
        )
        self._turned_s = {"completions": time.monotonic()}

    def turned(self, loop: str) -> None:
        """This loop has come round once more."""
        self._turned_s[loop] = time.monotonic()

    def hanging(self) -> list[str]:
        """The loops that turn no more."""
        now_s = time.monotonic()
        return [loop for loop, turned_s in self._turned_s.items() if now_s - turned_s >= HANGING_S]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 5.0  # seconds a client may take to ask

    def log_message(self, *_words: Any) -> None:
        """Say nothing: a health check every few seconds is no news."""


@contextmanager
def served(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Serve ``metrics`` within the block, from a thread; the port it listens on (0 takes a free one)."""
    with make_server(host, port, _application(metrics), _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _application(metrics: Metrics) -> WSGIApplication:
    exposition: WSGIApplication = make_wsgi_app(metrics.registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            return exposition(environ, start)
        if path != "/healthz":
            status, words = "404 Not Found", b"there are /metrics and /healthz\n"
        elif hanging := metrics.hanging():
            status, words = "503 Service Unavailable", f"hanging: {', '.join(hanging)}\n".encode()
        else:
            status, words = "200 OK", b"ok\n"
        start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(words)))])
        return [words]

    return answer
