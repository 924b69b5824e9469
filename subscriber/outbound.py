"""One request to a receiver of webhooks, who may be anybody, at an address that is checked first.

Theory of operation:

- The name in a URL is looked up anew at every attempt. Each address it has then is held against the
  policy, and the connection is made to one that passed, by number: nothing looks the name up a second
  time, so no answer that changes between check and use gets anywhere.
- The certificate is that of the name. A redirect is an answer like any other and is not followed. No
  proxy is read from the environment.
- What the receiver says is read up to a bound, within the time of the attempt, and dropped.
- Why an attempt failed is told in our own words: nothing of an answer gets into logs or lists.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import httpcore2

from fleet.webhooks import Address, Policy, Target

ANSWER_BYTES_MAX = 64 * 1024
_ADDRESSES_MAX = 4  # of a name, that are tried
_RETRY_AFTER_S_MAX = 3600
_USER_AGENT = "Sandfleet-Webhook"
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


class How(StrEnum):
    """What came of a request."""

    ANSWERED = "answered"
    REFUSED = "refused"  # by our policy
    UNREACHABLE = "unreachable"
    LATE = "late"
    FAILED = "failed"  # by a fault of ours


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request, in our own words. ``status``: of the receiver's answer, if there was one."""

    how: How
    reason: str
    status: int | None = None
    retry_after_s: int = 0


class Resolver:
    """Looks names up in threads of its own, once at a time each: an attempt that gives up leaves its
    look-up behind, and the next for that name waits for the same one."""

    def __init__(self, threads: int = 32) -> None:
        self._threads = ThreadPoolExecutor(threads, "resolver")
        self._running: dict[tuple[str, int], asyncio.Future[Sequence[Address]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """The addresses of ``host``. Raises ``OSError``."""
        running = self._running.get((host, port))
        if running is None:
            running = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
            self._running[host, port] = running
            running.add_done_callback(lambda _: self._running.pop((host, port)))
            running.add_done_callback(_seen)
        return await asyncio.shield(running)

    def close(self) -> None:
        """Wait for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Outbound:
    """Posts to receivers within a policy. ``resolve`` gives the addresses of a name."""

    def __init__(
        self,
        policy: Policy,
        resolve: Resolve,
        *,
        total_s: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._total_s, self._connect_s = total_s, total_s / 2
        self._tls = tls or ssl.create_default_context()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post ``body`` to ``url``, once. A receiver's misfortune is an answer; nothing is raised."""
        try:
            target = Target.read(url)
        except ValueError as error:
            return Answer(How.REFUSED, f"the URL {error}")
        status = _Status()
        try:
            async with asyncio.timeout(self._total_s):
                addresses = (
                    [target.address] if target.address else await self._resolve(target.host, target.port)
                )
                allowed = [address for address in addresses if self._policy.allows(target.host, address)]
                if not allowed:
                    return Answer(How.REFUSED, "the host has no address that webhooks may be sent to")
                await self._exchange(target, allowed[:_ADDRESSES_MAX], headers, body, status)
        except (TimeoutError, httpcore2.TimeoutException):
            if status.code is None:
                return Answer(How.LATE, f"no answer within {self._total_s:g} s")
        except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError) as error:
            if status.code is None:
                return Answer(How.UNREACHABLE, _in_words(error))
        return Answer(How.ANSWERED, f"it answered {status.code}", status.code, status.retry_after_s)

    async def _exchange(
        self,
        target: Target,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes,
        status: _Status,
    ) -> None:
        whole = {"Host": _authority(target), "User-Agent": _USER_AGENT, "Connection": "close", **headers}
        whole |= {"Content-Length": str(len(body))}
        url = httpcore2.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        connection = httpcore2.AsyncHTTPConnection(
            origin=url.origin, ssl_context=self._tls, network_backend=_ToTheseAlone(addresses)
        )
        timeouts = {"connect": self._connect_s, "read": self._total_s, "write": self._total_s}
        request = httpcore2.Request(
            b"POST",
            url,
            headers=[(name.encode(), value.encode()) for name, value in whole.items()],
            content=body,
            extensions={"timeout": timeouts},
        )
        try:
            response = await connection.handle_async_request(request)
            status.note(response)
            size = 0
            async with contextlib.aclosing(response.aiter_stream()) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > ANSWER_BYTES_MAX:
                        break
        finally:
            await connection.aclose()


class _Status:
    """The status of an answer, known before its body is."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.retry_after_s = 0

    def note(self, response: httpcore2.Response) -> None:
        self.code = response.status
        for name, value in response.headers:
            if name.lower() == b"retry-after" and len(value) <= 9 and value.isdigit():
                self.retry_after_s = min(int(value), _RETRY_AFTER_S_MAX)


class _ToTheseAlone(httpcore2.AsyncNetworkBackend):
    """Connects to one of these addresses, whatever host it is asked for."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # it was looked up, and its addresses checked
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        share_s = timeout and timeout / len(self._addresses)
        last = len(self._addresses) - 1
        for number, address in enumerate(self._addresses):
            try:
                return await self._network.connect_tcp(
                    str(address), port, share_s, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == last:
                    raise
        raise httpcore2.ConnectError("no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("no socket of this machine is a receiver")


def _look_up(host: str, port: int) -> Sequence[Address]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))


def _seen(future: asyncio.Future[Sequence[Address]]) -> None:
    if not future.cancelled():
        future.exception()  # else asyncio reports one that nobody waited for any more


def _authority(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = {"http": 80, "https": 443}[target.scheme]
    return host if target.port == usual else f"{host}:{target.port}"


def _in_words(error: BaseException) -> str:
    """Why there was no answer. Never what the receiver sent."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not valid: {cause.verify_message}"
            case ssl.SSLError():
                return f"it does not speak TLS as it should ({cause.reason})"
            case socket.gaierror():
                return f"the name of the host cannot be looked up ({cause.strerror})"
            case OSError() if cause.errno is not None:
                return f"it cannot be reached: {os.strerror(cause.errno)}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ProtocolError):
        return "its answer is not HTTP"
    return "the connection was lost"
