"""The fleet under test: a real Redis, API, workers and subscriber, each behind a proxy of its own.

Beside each worker stands its twin, a worker of the control: what is done to the one is done to the
other at the same moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleet.errors import QueueUnavailable
from fleet.redis_client import RedisClients, Timing
from fleet.redis_queue import QueueOptions, RedisQueue
from tests.chaos import snippets
from tests.chaos.plan import Plan
from tests.chaos.processes import ROOT, Process, environment, free_port, listens, python
from tests.chaos.proxy import Proxy

_PATIENCE_S = 30.0
_WALL_S_MAX = 10
_TAKEOVER_S = 2  # entries whose delivery was lost come again after this


@dataclass(eq=False)
class Member:
    """A service that may be ended and started again, each time as a new process."""

    name: str
    proxy: Proxy
    launch: Callable[[str, Proxy], Process]
    twin: Member | None = None
    busy: bool = False  # a fault has it at present
    lives: list[Process] = field(default_factory=list)

    @property
    def process(self) -> Process:
        """Its present process, running or not."""
        return self.lives[-1]

    @property
    def pair(self) -> Sequence[Member]:
        """It and its twin in the control."""
        return (self, self.twin) if self.twin else (self,)

    def start(self) -> None:
        """A new process for it and its twin."""
        for member in self.pair:
            member.lives.append(member.launch(f"{member.name}-{len(member.lives) + 1}", member.proxy))

    async def kill(self) -> None:
        """SIGKILL, to the twin as well."""
        for member in self.pair:
            await member.process.kill()

    def signal(self, number: signal.Signals) -> None:
        """Any other signal, to both."""
        for member in self.pair:
            member.process.signal(number)


class Redis:
    """A real server on its append-only file, at one port however often it is started."""

    def __init__(self, program: str, home: Path, env: dict[str, str]) -> None:
        self.port, self.busy, self.lives = free_port(), False, 0
        self._program, self._home, self._env = program, home, env
        (home / "redis").mkdir()

    def start(self) -> None:
        """A new process on the old file, configured as the product is shipped."""
        self.lives += 1
        argv = [self._program, str(ROOT / "setup/redis.conf"), "--port", str(self.port)]
        argv += ["--bind", "127.0.0.1", "--dir", str(self._home / "redis"), "--appendfsync", "always"]
        self.process = Process("redis", argv, self._env, self._home / f"log/redis-{self.lives}.log")

    @staticmethod
    async def answers(clients: RedisClients) -> None:
        """Return when the server carries out commands. Raises ``TimeoutError``."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                with contextlib.suppress(QueueUnavailable):
                    await clients.call("PING")
                    return
                await asyncio.sleep(0.01)


class FleetUnderTest:
    """All of it. ``open`` before use, ``close`` after; ``abandon`` ends what is left, whatever happened."""

    def __init__(self, plan: Plan, home: Path, docker_host: str = "") -> None:
        self.plan, self.home = plan, home
        self._docker_host = docker_host
        self._tmp, self._log = home / "tmp", home / "log"
        for folder in (self._tmp, self._log):
            folder.mkdir()
        languages = home / "languages"
        shutil.copytree(ROOT / "sandbox-images" / snippets.LANGUAGE, languages / snippets.LANGUAGE)
        self.redis = Redis(redis_server(), home, environment(home.name, self._tmp))
        self.clients = RedisClients(
            f"redis://127.0.0.1:{self.redis.port}/0", Timing(connect_s=1.0, answer_s=1.0, resends=0)
        )
        self.queue = RedisQueue(self.clients, QueueOptions(lease_s=plan.lease_s))
        self.api_port = free_port()
        logs = {"log_format": "json", "log_level": "warning"}
        jobs = {**logs, "languages_dir": languages, "wall_s_max": _WALL_S_MAX}
        self._worker_settings = {
            **jobs,
            "lease_s": plan.lease_s,
            "slots": plan.slots,
            "drain_s": _WALL_S_MAX + 2,
            "metrics_port": 0,
        }
        self.api = self._member("api", python("api"), {**jobs, "port": self.api_port})
        self.subscriber = self._member(
            "subscriber",
            python("subscriber"),
            {"consumer": "chaos", "takeover_s": _TAKEOVER_S, "metrics_port": 0, **logs},
        )
        self.workers = [self._worker(number) for number in range(1, plan.workers + 1)]
        self.producers = Proxy(self.redis.port)  # of those who push without asking the API
        self.deaths: list[str] = []  # processes that ended though nobody had ended them

    @property
    def members(self) -> list[Member]:
        """Every service, the control's workers aside."""
        return [self.api, self.subscriber, *self.workers]

    @property
    def proxies(self) -> list[Proxy]:
        """Every proxy, those of the control's workers included."""
        return [part.proxy for member in self.members for part in member.pair] + [self.producers]

    @property
    def name(self) -> str:
        """The mark that all processes and containers carry."""
        return self.home.name

    async def open(self) -> None:
        """Start everything; returns when every worker serves and the API answers."""
        for proxy in self.proxies:
            await proxy.open()
        self.redis.start()
        await Redis.answers(self.clients)
        for member in self.members:
            member.start()
        async with asyncio.timeout(2 * _PATIENCE_S):
            while not await self._serves():
                self.note_deaths()
                if self.deaths:
                    raise RuntimeError(self.deaths[0])
                await asyncio.sleep(0.05)

    async def _serves(self) -> bool:
        with contextlib.suppress(QueueUnavailable):  # while so much starts, an answer may come late
            return len(await self.queue.workers()) >= len(self.workers) and await listens(self.api_port)
        return False

    async def close(self) -> None:
        """End everything as an operator would: with SIGTERM, Redis last."""
        stopping = [member.process.stop(_PATIENCE_S) for member in self.members]
        await asyncio.gather(*stopping)
        await self.redis.process.stop(_PATIENCE_S)

    async def abandon(self) -> None:
        """End whatever still runs, at once."""
        for member in self.members:
            for part in member.pair:
                for life in part.lives:
                    await life.kill()
        if self.redis.lives:
            await self.redis.process.kill()
        await self.clients.aclose()
        for proxy in self.proxies:
            await proxy.close()

    def note_deaths(self) -> None:
        """Note and replace members that ended by themselves."""
        for member in self.members:
            for part in member.pair:
                if not member.busy and part.lives and (status := part.process.status) is not None:
                    words = part.process.last_words()
                    self.deaths.append(f"{part.process.name} ended by itself, status {status}: {words}")
                    part.lives.append(part.launch(f"{part.name}-{len(part.lives) + 1}", part.proxy))

    def texts(self, member: Member) -> Iterator[str]:
        """What each process of a member has logged so far."""
        for life in member.lives:
            yield life.log.read_text("utf-8", "replace")

    def _member(self, name: str, argv: list[str], settings: dict[str, object]) -> Member:
        def launch(life: str, proxy: Proxy) -> Process:
            own = {"worker_name": life} if "slots" in settings else {}
            own["redis_url"] = f"redis://127.0.0.1:{proxy.port}/0"
            env = environment(self.name, self._tmp, {**settings, **own})
            return Process(life, argv, env, self._log / f"{life}.log")

        return Member(name, Proxy(self.redis.port), launch)

    def _worker(self, number: int) -> Member:
        settings: dict[str, object] = dict(self._worker_settings)
        if self._docker_host:
            argv = python("worker")
            settings |= {"docker_host": self._docker_host, "fleet": self.name, "sweep_s": 2}
        else:
            argv = python("tests.chaos.noop_worker", *filter(None, [self.plan.sabotage]))
        worker = self._member(f"worker{number}", argv, settings)
        worker.twin = self._control(number)
        return worker

    def _control(self, number: int) -> Member:
        def launch(life: str, proxy: Proxy) -> Process:
            argv = python("tests.chaos.control", str(proxy.port))
            return Process(life, argv, environment(self.name, self._tmp), self._log / f"{life}.log")

        return Member(f"control{number}", Proxy(self.redis.port), launch)


def redis_server() -> str:
    """The program. Raises ``FileNotFoundError`` naming the package it comes in."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError(
            "redis-server is not installed; on Debian or Ubuntu: apt-get install redis-server"
        )
    return program
