"""uvicorn, made patient with nobody: bounds on time and size before a request reaches the app."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.settings import ApiSettings
from fleet import log

_log = log.get("api.server")
HEAD_BYTES_MAX = 64 * 1024
HEAD_S = 10.0
LINGER_S = 1.0  # for the answer to reach a client across the world, once it is on its way
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Lingering:
    """A transport whose end waits for a client that is still sending.

    To close beside bytes that nobody read resets the connection, and the reset may overtake the answer
    that says why. So we say that we are done, and drop what still comes for ``LINGER_S`` at most.
    """

    def __init__(self, transport: asyncio.Transport, sending: Callable[[], bool], drop: Callable[[], None]):
        self._transport, self._sending, self._drop = transport, sending, drop
        self._end: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def lingers(self) -> bool:
        """Whether what comes is to be dropped."""
        return self._end is not None

    def is_closing(self) -> bool:
        """Whether nothing more is to be written."""
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        """Close it, now or as soon as the client had the time to read."""
        if self.is_closing() or not self._sending():
            self.lost()
            self._transport.close()
            return
        self._end = asyncio.get_running_loop().call_later(LINGER_S, self._transport.close)
        self._transport.write_eof()
        self._drop()

    def lost(self) -> None:
        """The connection is gone."""
        if self._end is not None:
            self._end.cancel()


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests must arrive within ``request_s`` and whose head is of bounded size.

    uvicorn alone lets a client hold a connection for ever before its first request and by sending
    one byte at a time, and takes request heads of any length.
    """

    request_s = HEAD_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a first request must come."""
        self._lingering = _Lingering(transport, lambda: not self._in_head, self._drop)
        super().connection_made(self._lingering)  # type: ignore[arg-type]
        self._expect_whole_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        self._lingering.lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head, and refuse what is too long."""
        if self._lingering.lingers:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        if self._arriving is None:
            self._expect_whole_request()

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_clock()
        self._in_head = True
        super().on_message_complete()

    def _expect_whole_request(self) -> None:
        self._arriving = self.loop.call_later(self.request_s, self.timeout_keep_alive_handler)

    def _drop(self) -> None:
        self.flow.resume_reading()

    def _stop_clock(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None


class Server(uvicorn.Server):
    """uvicorn that says where it listens and leaves signals to whoever composes the process."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("api_listening", host=host, port=port)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing: uvicorn would raise the signal again and end the process before it cleaned up."""
        yield


def make_server(app: ASGIApp, settings: ApiSettings) -> Server:
    """A server for ``app`` that is ready to ``serve``."""
    # The clock of the body reader answers 408 first; this one is for heads, and bodies nobody reads.
    protocol = type("Protocol", (BoundedProtocol,), {"request_s": HEAD_S + settings.body_s})
    return Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=protocol,
            loop="uvloop",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=settings.connections_max,
            timeout_graceful_shutdown=int(settings.stop_s),
        )
    )


@contextlib.contextmanager
def on_stop_signal(stop: Callable[[], None]) -> Generator[None, None, None]:
    """While the context lasts, SIGTERM and SIGINT call ``stop`` in the running loop."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
