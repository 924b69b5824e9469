"""Connections to whoever is master, by the word of the sentinels.

Theory of operation: a connection asks them for the master whenever it connects, and goes on only if
that server says it is one. Sentinel cuts the connections of a master it demotes; an answer that only
a replica gives cuts them, too; and one that was idle while another found a new master is closed
before it is lent. So every connection follows a failover by connecting again, and what the sentinels
do not answer harms nobody who is connected.
"""

from __future__ import annotations

import asyncio
from typing import Any

import hiredis
from redis import asyncio as redis_asyncio
from redis import exceptions as failures

from fleet.redis_address import SentinelAddress

# In the words of a server that is no master (any more), or of a master that was cut off. An older
# server wraps the error of a script, so its type alone does not tell.
_NO_MASTER = ("-READONLY", "NOREPLICAS", "UNBLOCKED")


class Sentinels:
    """Where the master is, by the word of the first sentinel that knows it."""

    def __init__(self, address: SentinelAddress, connect_s: float, answer_s: float) -> None:
        self.address = address
        self.latest: tuple[str, int] | None = None  # the newest master a connection was made to
        self._connect_s, self._answer_s = connect_s, answer_s

    async def find(self) -> tuple[str, int]:
        """Host and port of the master. Raises the library's ``ConnectionError``."""
        # All at once: one that is frozen or unreachable must not hold up a failover.
        asked = [asyncio.create_task(self._ask(*sentinel)) for sentinel in self.address.sentinels]
        silent: list[str] = []
        try:
            for answer in asyncio.as_completed(asked):
                try:
                    found = await answer
                except (failures.RedisError, OSError, RuntimeError) as error:
                    silent.append(str(error))
                    continue
                if found:
                    return found
        finally:
            for task in asked:
                task.cancel()
            await asyncio.wait(asked)
        if len(silent) == len(asked):
            raise failures.ConnectionError(f"no sentinel answers: {'; '.join(silent)}")
        raise failures.ConnectionError(f"the sentinels know no master named {self.address.master!r}")

    async def _ask(self, host: str, port: int) -> tuple[str, int] | None:
        connection = redis_asyncio.Connection(  # for one question: an idle one would only grow stale
            host=host,
            port=port,
            username=self.address.sentinel_username,
            password=self.address.sentinel_password,
            protocol=2,
            socket_timeout=self._answer_s,
            socket_connect_timeout=self._connect_s,
            driver_info=None,
        )
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            await connection.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.address.master)
            found = await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)
        return (found[0].decode(), int(found[1])) if found else None


class PackedConnection(redis_asyncio.Connection):
    """A connection whose commands hiredis packs; the library does it in Python, seven times slower."""

    def pack_command(self, *args: Any) -> list[bytes]:
        """The command as it is sent."""
        if not isinstance(args[0], str) or " " in args[0]:
            return super().pack_command(*args)  # some of the library's own are two words
        return [hiredis.pack_command(args)]


class MasterConnection(PackedConnection):
    """A connection to whoever is master at the time it connects."""

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(**options)
        self._sentinels = sentinels

    async def connect(self) -> None:
        """Called whenever the connection is lent."""
        if self.is_connected and (self.host, self.port) != self._sentinels.latest:
            await self.disconnect()
        await super().connect()  # type: ignore[no-untyped-call]

    async def _connect(self) -> None:
        self.host, self.port = await self._sentinels.find()
        await super()._connect()  # type: ignore[no-untyped-call]

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE", check_health=False)
        role = (await self.read_response())[0].decode()
        if role != "master":  # the sentinels have not all heard yet
            raise failures.ConnectionError(f"{self.host}:{self.port} is no master but a {role}")
        self._sentinels.latest = self.host, self.port

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*arguments, **options)
        except failures.ResponseError as error:
            replica = isinstance(error, failures.ReadOnlyError | failures.MasterDownError)
            if replica or any(word in str(error) for word in _NO_MASTER):
                await self.disconnect()
                raise failures.ConnectionError(f"{self.host}:{self.port}: {error}") from error
            raise
