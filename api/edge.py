"""The outermost layer of the app: safe headers on every answer, a last catch, and the timing."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics
from api.problems import as_problem
from fleet import log

_log = log.get("api.edge")
_CSP = b"content-security-policy"
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_STORE = (b"cache-control", b"no-store")  # results belong to who asked, not to caches on the way
_NOTHING = (_CSP, b"default-src 'none'; frame-ancestors 'none'")


class Edge:
    """Wraps the app. Pure ASGI, as the hot path goes through it."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_defaults(message.get("headers", []))
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except Exception as error:
            # Logged here with its trace, told to nobody.
            _log.exception("request_failed", route=_route(scope), method=scope["method"])
            if status:
                raise  # half an answer is out: only closing the connection can say so
            await as_problem(error).response()(scope, receive, send_safely)
        finally:
            self._metrics.answered(_route(scope), scope["method"], status, time.perf_counter() - started)


def _with_defaults(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    own = [default for default in (_NO_STORE, _NOTHING) if default[0] not in names]
    return [*headers, *_HEADERS, *own]


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path_format", "unmatched")
