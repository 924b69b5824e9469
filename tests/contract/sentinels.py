"""A master, a replica and three sentinels: real processes on loopback that a test kills and freezes."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from fleet.errors import QueueUnavailable
from fleet.redis_client import RedisClients, Timing
from tests.chaos.fleet_under_test import redis_server
from tests.chaos.processes import Process, environment, free_port

MASTER = "jobs"
_SERVER = (
    *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"),
    *("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--bind", "127.0.0.1"),
)
_SENTINEL = """
bind 127.0.0.1
sentinel monitor {name} 127.0.0.1 {port} 2
sentinel down-after-milliseconds {name} {down_after_ms}
sentinel failover-timeout {name} 1000
"""
# So that sentinels learn in tenths of a second what they otherwise learn in ten. What a replica last
# said counts for five periods of pings, and while its master is down it is asked once a second.
_HASTE = ("info-period", 300, "ping-period", 400, "publish-period", 100, "tilt-period", 300)
_IMPATIENT = Timing(connect_s=1.0, answer_s=1.0, resends=0)
_PATIENCE_S = 40.0


class Server:
    """One of the five: a program with its arguments, at one port however often it is started."""

    def __init__(self, name: str, home: Path, log: Path) -> None:
        self.name, self.home, self.port = name, home, free_port()
        self._log, self._lives = log, 0
        self.process: Process | None = None
        home.mkdir()

    def start(self, *arguments: str) -> None:
        """Start it, or start it again on what it wrote before."""
        self._lives += 1
        argv = [redis_server(), *arguments, "--port", str(self.port), "--dir", str(self.home)]
        log = self._log / f"{self.name}-{self._lives}.log"
        self.process = Process(self.name, argv, environment(self.name, self.home), log)

    def freeze(self) -> None:
        """SIGSTOP: its connections stay and nothing is answered."""
        self._running.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._running.signal(signal.SIGCONT)

    async def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        await self._running.kill()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.status is None

    async def ask(self, *command: str | int) -> Any:
        """Its answer to one command. Raises ``QueueUnavailable``."""
        clients = RedisClients(f"redis://127.0.0.1:{self.port}/0", _IMPATIENT)
        try:
            return await clients.call(*command)
        finally:
            await clients.aclose()

    async def role(self) -> str:
        """What it takes itself for: ``master`` or ``slave``."""
        name: bytes = (await self.ask("ROLE"))[0]
        return name.decode()

    @property
    def _running(self) -> Process:
        assert self.process
        return self.process


class SentinelFleet:
    """All five. ``heal`` before use, ``close`` after."""

    def __init__(self, down_after_ms: int = 300) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="sandfleet-sentinel-"))
        self.nodes = [Server(f"node{number}", self._home / f"node{number}", self._home) for number in (1, 2)]
        self.sentinels = [Server(f"sentinel{n}", self._home / f"sentinel{n}", self._home) for n in (1, 2, 3)]
        text = _SENTINEL.format(name=MASTER, port=self.nodes[0].port, down_after_ms=down_after_ms)
        for sentinel in self.sentinels:
            (sentinel.home / "sentinel.conf").write_text(text)

    @property
    def url(self) -> str:
        return self.url_of(MASTER)

    def url_of(self, master: str) -> str:
        """The address of a master of this name."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{master}/0"

    async def heal(self) -> None:
        """All of them run, all sentinels agree on the master, its replica is in step; no keys."""
        replica = (f"--replicaof 127.0.0.1 {self.nodes[0].port}").split()
        fresh = self.nodes[1].process is None
        for node in self.nodes:
            self.revive(node, *(replica if fresh and node is self.nodes[1] else ()))
        if fresh:
            await eventually(lambda: in_step(self.nodes[0], self.nodes[1]), "the first replication")
        for sentinel in self.sentinels:
            if sentinel.alive:
                sentinel.thaw()
            else:
                sentinel.start(str(sentinel.home / "sentinel.conf"), "--sentinel")
        for sentinel in self.sentinels:
            await eventually(partial(hurried, sentinel), sentinel.name)
        await eventually(self._sound, "peace among the sentinels")
        master, _ = await self.roles()
        await master.ask("FLUSHALL")

    def revive(self, node: Server, *arguments: str) -> None:
        """Thaw or start a node; one that was master believes that it still is."""
        if node.alive:
            node.thaw()
        else:
            node.start(*_SERVER, *arguments)

    async def roles(self) -> tuple[Server, Server]:
        """The master and the other, by the word of the first sentinel."""
        port = int((await self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER))[1])
        first, second = self.nodes
        return (first, second) if port == first.port else (second, first)

    async def failed_over_from(self, old: Server) -> None:
        """Return when every sentinel names another master, and that is one."""
        (new,) = (node for node in self.nodes if node is not old)

        async def done() -> bool:
            for sentinel in self.sentinels:
                _, port = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
                if int(port) != new.port:
                    return False
            return await new.role() == "master"

        await eventually(done, "the failover")

    async def close(self) -> None:
        """End everything and remove what it wrote."""
        for server in (*self.sentinels, *self.nodes):
            if server.alive:
                await server.kill()
        shutil.rmtree(self._home)

    async def _sound(self) -> bool:
        master, other = await self.roles()
        for sentinel in self.sentinels:
            flat = await sentinel.ask("SENTINEL", "MASTER", MASTER)
            view = dict(zip(flat[::2], flat[1::2], strict=True))
            counts = (view[b"num-slaves"], view[b"num-other-sentinels"])
            if (int(view[b"port"]), view[b"flags"], *counts) != (master.port, b"master", b"1", b"2"):
                return False
            for replica in await sentinel.ask("SENTINEL", "REPLICAS", MASTER):
                if dict(zip(replica[::2], replica[1::2], strict=True))[b"flags"] != b"slave":
                    return False
        return await in_step(master, other)


async def in_step(master: Server, replica: Server) -> bool:
    """Whether ``replica`` has all that ``master`` has."""
    role, *more = await master.ask("ROLE")
    if role != b"master":  # a failover is under way
        return False
    offset, replicas = more
    mirrored = await replica.ask("ROLE")
    return len(replicas) == 1 and bool(mirrored[0] == b"slave" and mirrored[3:] == [b"connected", offset])


async def hurried(sentinel: Server) -> bool:
    """Whether ``sentinel`` answers; then it is in haste."""
    await sentinel.ask("SENTINEL", "DEBUG", *_HASTE)
    return True


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return when ``condition`` holds; a server that is away does not fulfil it. Raises ``TimeoutError``."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    if await condition():
                        return
                except QueueUnavailable:
                    pass
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"{what}: not within {_PATIENCE_S:g} s") from None
