"""The subscriber's Prometheus series and its health, on a small HTTP server of their own.

``/healthz`` answers 200 while the reading loop turns, be Redis there or not, and 503 once it hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, make_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The loop turns at least once a read (1 s) or a pause (2 s); a turn may wait for Redis to answer.
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
        self._turned_s = time.monotonic()

    def turned(self) -> None:
        """The loop has come round once more."""
        self._turned_s = time.monotonic()

    def healthy(self) -> bool:
        """Whether the loop still turns."""
        return time.monotonic() - self._turned_s < HANGING_S


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
        elif metrics.healthy():
            status, words = "200 OK", b"ok\n"
        else:
            status, words = "503 Service Unavailable", b"the reading loop hangs\n"
        start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(words)))])
        return [words]

    return answer
