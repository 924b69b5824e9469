"""Connections to Redis: who has which, how long they wait, what is sent again, how errors read.

With ``fleet/redis_master.py`` the only module that knows the Redis library.

Theory of operation:

- Three kinds of connection, never mixed. *Commands*: a few with short timeouts, on which those that
  are asked for at one time go in one trip (``fleet/redis_batches.py``). A trip that was cut off is
  sent again; every verb of the queue may arrive twice, so this is safe. *Blocking*:
  for BLMOVE and other slow answers; its timeout lies above the time the server blocks and nothing
  is sent again, since a second BLMOVE would move a second item. *Pub/sub*: one connection each, read
  by one task, rebuilt by its owner rather than by the library, so that the owner knows of the hole.
- A connection that dies is noticed by its next write. asyncio then raises an error of the operating
  system; uvloop, which the API runs on, raises a ``RuntimeError`` that the library does not know.
  Here both mean the same: nothing was sent, so send it again.
- A cancelled command is done all the same, and its answer dropped. A cancelled blocking call costs
  its connection: the library closes one whose call ends by cancellation (``read_response`` and
  ``send_packed_command`` disconnect on any ``BaseException``) before the pool may lend it again, so
  nobody can read an answer meant for another. A test holds both to it
  (``tests/contract/test_redis_client.py``).
- An instance belongs to one event loop. A thread with a loop of its own has an instance of its own.
- Behind sentinels all three kinds follow a failover by connecting again (``fleet/redis_master.py``).
- Replication lags. What is *settled* is answered only when enough replicas have it, and all that
  was written before it: a promise given by one master then holds at the next. WAIT goes with its
  commands in one trip, on one connection. When it fails they were done all the same.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from redis import asyncio as redis_asyncio
from redis import exceptions as failures
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from fleet import keys, log
from fleet.errors import QueueMemoryFull, QueueUnavailable
from fleet.redis_address import sentinel_address
from fleet.redis_batches import Batches, Command, Trip
from fleet.redis_master import MasterConnection, PackedConnection, Sentinels
from fleet.scripts import script

_SLOW_S = 60.0  # for an audit of a long queue
# What a call may be sent again after. RuntimeError: see the theory of operation.
_SENT_AGAIN: tuple[type[Exception], ...] = (failures.ConnectionError, failures.TimeoutError, RuntimeError)
_OLDEST = (6, 2)  # BLMOVE, LMOVE, XAUTOCLAIM


@dataclass(frozen=True, slots=True)
class Timing:
    """How long connections wait, in seconds, and how often a command is sent again."""

    connect_s: float = 2.0
    answer_s: float = 2.0
    block_s: float = 5.0  # longest time the server is asked to block
    resends: int = 3
    connections_max: int = 32  # of each kind
    senders: int = 4  # of those for commands that are on their way at once
    lend_s: float = 5.0  # until a command is sent, while all of them are


class Channel(Protocol):
    """A subscription: messages as dicts with ``type`` and ``data``, as the library gives them."""

    async def subscribe(self, *channels: str) -> None: ...
    async def ping(self) -> Any: ...
    async def get_message(
        self,
        ignore_subscribe_messages: bool = ...,
        timeout: float | None = ...,  # noqa: ASYNC109 - the library's name
    ) -> dict[str, Any] | None: ...
    async def aclose(self) -> None: ...


class RedisClients:
    """The connections of one user of Redis in one event loop. Connects on first use.

    ``replicas``: how many must have what is settled before it is answered; 0 asks for none.
    """

    def __init__(self, url: str, timing: Timing = Timing(), replicas: int = 0) -> None:
        self._url = url
        self._timing = timing
        self.replicas = replicas
        address = sentinel_address(url)
        self._sentinels = Sentinels(address, timing.connect_s, timing.answer_s) if address else None
        self._commands = self._client(
            timing.answer_s,
            Retry(
                ExponentialWithJitterBackoff(cap=0.5, base=0.05),
                timing.resends,
                _SENT_AGAIN,  # type: ignore[arg-type]
            ),
            timing.connections_max,
        )
        self._plain = Batches(self._trip, timing.senders, timing.lend_s)
        # Any command counts as the latest write to wait for, also one sent again that writes nothing.
        wait = ("WAIT", replicas, int(timing.answer_s * 500))
        self._settling = (
            Batches(self._trip, timing.senders, timing.lend_s, wait, self._have_it)
            if replicas
            else self._plain
        )
        # Without a timeout of the library's: `block` and `run` set their own around the whole call.
        self._blocking = self._client(None, Retry(NoBackoff(), 0), timing.connections_max)

    def _client(self, answer_s: float | None, retry: Retry, connections_max: int) -> redis_asyncio.Redis:
        options: dict[str, Any] = {
            "max_connections": connections_max,
            "timeout": self._timing.lend_s,
            "protocol": 2,
            "socket_timeout": answer_s,
            "socket_connect_timeout": self._timing.connect_s,
            "retry": retry,
        }
        if self._sentinels is None:
            if self._url.startswith("redis://"):  # one with TLS is of another class
                options["connection_class"] = PackedConnection
            pool = redis_asyncio.BlockingConnectionPool.from_url(self._url, **options)
        else:
            address = self._sentinels.address
            pool = redis_asyncio.BlockingConnectionPool(
                connection_class=MasterConnection,
                sentinels=self._sentinels,
                db=address.db,
                username=address.username,
                password=address.password,
                **options,
            )
        return redis_asyncio.Redis.from_pool(pool)

    async def run(
        self, verb: str, *args: str | bytes | float, slow: bool = False, settled: bool = False
    ) -> Any:
        """Run the script of ``verb``; ``slow`` for one that may take longer than a command may."""
        found = script(verb)
        with redis_errors(verb):
            try:
                return await self._ask(("EVALSHA", found.sha, 1, keys.PUBLIC, *args), slow, settled)
            except failures.NoScriptError:
                # A new server, or someone flushed its scripts. EVAL stores it again.
                return await self._ask(("EVAL", found.text, 1, keys.PUBLIC, *args), slow, settled)

    async def call(self, *command: str | bytes | float, settled: bool = False, answer_bytes: int = 0) -> Any:
        """Run one command that may be sent again; ``answer_bytes``: how large its answer may well be."""
        with redis_errors(str(command[0])):
            return await self._ask(command, slow=False, settled=settled, answer_bytes=answer_bytes)

    async def _ask(self, command: Command, slow: bool, settled: bool, answer_bytes: int = 0) -> Any:
        if slow:
            async with asyncio.timeout(_SLOW_S):
                return await self._blocking.execute_command(*command)  # type: ignore[no-untyped-call]
        return await (self._settling if settled else self._plain).ask(command, answer_bytes)

    def _trip(self) -> Trip:
        return cast(Trip, self._commands.pipeline(transaction=False))

    def _have_it(self, replicas: Any) -> None:
        if isinstance(replicas, Exception):
            raise replicas
        if replicas < self.replicas:
            raise QueueUnavailable(f"{replicas} of {self.replicas} replicas have it in time")

    async def block(self, *command: str | bytes | float, block_s: float) -> Any:
        """Run one command whose last argument is how long the server blocks, in seconds. Sent once.

        The time is cut at ``Timing.block_s``; an answer that is late then never comes: the peer is
        gone without a word (a half-open connection).
        """
        block_s = min(max(block_s, 0.001), self._timing.block_s)  # 0 would mean for ever
        with redis_errors(str(command[0])):
            async with asyncio.timeout(block_s + 2 * self._timing.answer_s):
                return await self._blocking.execute_command(*command, block_s)  # type: ignore[no-untyped-call]

    async def info(self) -> Mapping[str, Any]:
        """What INFO says, parsed."""
        with redis_errors("INFO"):
            return cast(Mapping[str, Any], await self._commands.info())

    @property
    def has_sentinels(self) -> bool:
        """Whether the address names sentinels."""
        return self._sentinels is not None

    def channel(self) -> Channel:
        """A new subscription, which its owner closes. Use it within ``redis_errors``.

        Its calls wait for ever unless told otherwise, and are never sent again.
        """
        return cast(Channel, self._blocking.pubsub())

    async def aclose(self) -> None:
        """Close every connection."""
        for batches in {self._plain, self._settling}:
            await batches.aclose()
        for client in (self._commands, self._blocking):
            await client.aclose()
            await client.connection_pool.disconnect()


@contextmanager
def redis_errors(doing: str) -> Iterator[None]:
    """Errors of the Redis library within the block become ours; cancellation passes, always.

    The library sends through ``asyncio.wait_for``, which in Python 3.11 loses a cancellation that
    comes just as the sending is done: the call then returns as if nothing had been asked.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
    except failures.RedisError as error:
        text = f"{doing}: {type(error).__name__}: {str(error)[:200]}"
        # Inside a script an older server wraps the error, so the type alone does not tell.
        if isinstance(error, failures.OutOfMemoryError) or "OOM command not allowed" in str(error):
            raise QueueMemoryFull(text) from error
        raise QueueUnavailable(text) from error
    except OSError as error:
        raise QueueUnavailable(f"{doing}: {error}") from error
    except RuntimeError as error:
        if "closed" not in str(error):  # only uvloop's word for a connection that was lost
            raise
        raise QueueUnavailable(f"{doing}: {error}") from error


async def wait_for_redis(clients: RedisClients, timeout_s: float = math.inf) -> None:
    """Return once Redis answers. Raises ``QueueUnavailable`` after ``timeout_s`` seconds."""
    logger = log.get(__name__)
    loop = asyncio.get_running_loop()
    began = told = loop.time()
    failed = False
    while True:
        try:
            await clients.call("PING")
        except QueueUnavailable as error:
            now = loop.time()
            if not failed or now - told >= 10:
                logger.warning("redis_waiting", waited_s=round(now - began, 1), reason=str(error))
                failed, told = True, now
            if now - began >= timeout_s:
                raise
            await asyncio.sleep(0.5)
        else:
            if failed:
                logger.info("redis_ready", waited_s=round(loop.time() - began, 1))
            return


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the server: ``refuse`` means do not start, ``warn`` means say it loudly."""

    level: Literal["refuse", "warn"]
    detail: str
    remedy: str


async def check_server(clients: RedisClients) -> list[Finding]:
    """What is wrong with the server, from INFO alone (CONFIG is the operator's)."""
    info = await clients.info()
    found: list[Finding] = []
    version = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < _OLDEST:
        found.append(Finding("refuse", f"Redis {version} is too old", "use 6.2 or newer"))
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found.append(
            Finding(
                "refuse",
                f"maxmemory-policy is {policy}: Redis would throw jobs away when full",
                "set maxmemory-policy noeviction",
            )
        )
    if not info.get("aof_enabled"):
        found.append(
            Finding(
                "warn",
                "the append-only file is off: a crash of Redis loses accepted jobs",
                "set appendonly yes",
            )
        )
    elif info.get("aof_last_write_status", "ok") != "ok":
        found.append(
            Finding("warn", "Redis cannot write its append-only file", "look at its disk and its log")
        )
    replicas, wanted = int(info.get("connected_slaves", 0)), clients.replicas
    if replicas < wanted:
        detail = f"{replicas} of {wanted} replicas are connected: no job is accepted until they are"
        found.append(Finding("warn", detail, "start the replicas, or lower SANDFLEET_REDIS_REPLICAS"))
    elif clients.has_sentinels and not replicas:
        detail = "no replica is connected: the sentinels have nothing to fail over to"
        found.append(Finding("warn", detail, "start a replica"))
    return found
