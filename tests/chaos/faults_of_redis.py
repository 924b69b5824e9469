"""What happens to Redis, to the ways to it, and on its public list."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Sequence

from fleet.errors import QueueUnavailable
from tests.chaos.fleet_under_test import Redis
from tests.chaos.processes import pause
from tests.chaos.proxy import Side, Trap
from tests.chaos.scene import TRAP_S, Scene

_SLICE_S = 0.25


async def connections_reset(scene: Scene) -> bool:
    """All connections of one process are reset."""
    with scene.victim(scene.fleet.members) as member:
        if member is None:
            return False
        if member in scene.fleet.workers:
            await scene.hit(member)
        return sum([part.proxy.reset() for part in member.pair]) > 0


async def producers_reset(scene: Scene) -> bool:
    """All connections of those who push are reset."""
    return scene.fleet.producers.reset() > 0


async def answer_lost(scene: Scene) -> bool:
    """A script was carried out, and its answer never arrives."""
    with scene.victim(scene.fleet.members) as member:
        if member is None:
            return False
        if member in scene.fleet.workers:
            await scene.hit(member)
        async with member.proxy.trapped(Trap(b"EVALSHA", Side.ANSWER), TRAP_S) as caught:
            if caught is not None:
                caught.dropped = True
            return caught is not None


async def network_slow(scene: Scene) -> bool:
    """Whatever passes between one process and Redis is late, at times later than its patience."""
    with scene.victim(scene.fleet.members) as member:
        if member is None:
            return False
        async with contextlib.AsyncExitStack() as delays:
            delay_s = scene.rng.choice([0.02, 0.1, 0.4, 1.2])
            for part in member.pair:
                await delays.enter_async_context(part.proxy.delayed(delay_s))
            for _ in range(scene.rng.randint(2, 10)):
                await pause(_SLICE_S)
                if member in scene.fleet.workers:
                    await scene.hit(member)  # whatever it claims meanwhile is late as well
        return True


async def killed(scene: Scene) -> bool:
    """Redis gets SIGKILL and starts again from its append-only file."""
    with scene.redis() as redis:
        if redis is None:
            return False
        with scene.recovery.outage():
            await redis.process.kill()
            await pause(scene.rng.uniform(0.0, 1.0))
            redis.start()
            await Redis.answers(scene.fleet.clients)
        await scene.recovery.hit(scene.name)
        return True


async def frozen(scene: Scene) -> bool:
    """Redis stands still for some seconds, and then answers everything it was asked meanwhile."""
    with scene.redis() as redis:
        if redis is None:
            return False
        with scene.recovery.outage():
            redis.process.signal(signal.SIGSTOP)
            await pause(scene.rng.uniform(1.0, 3.0))
            redis.process.signal(signal.SIGCONT)
            await Redis.answers(scene.fleet.clients)
        await scene.recovery.hit(scene.name)
        return True


async def told(scene: Scene, command: Sequence[str]) -> bool:
    """An operator does something to Redis while it is at work."""
    with scene.redis() as redis:
        if redis is None:
            return False
        with contextlib.suppress(QueueUnavailable):  # it has closed our own other connections, too
            await scene.fleet.clients.call(*command)
        return True


async def pushes_repeated(scene: Scene) -> bool:
    """Texts that were taken already are pushed again: of jobs that wait, run, or are done."""
    return await scene.traffic.repeat(scene.rng.randint(1, 5)) > 0
