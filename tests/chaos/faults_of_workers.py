"""What happens to workers: killed at any point or at an exact one, frozen, stopped, cut off."""

from __future__ import annotations

import contextlib
import signal

from tests.chaos.processes import pause
from tests.chaos.proxy import Side
from tests.chaos.scene import TRAP_S, Scene


async def killed(scene: Scene) -> bool:
    """A worker gets SIGKILL, and another process takes its place."""
    with scene.worker() as worker:
        if worker is None:
            return False
        await worker.kill()
        await scene.hit(worker)
        worker.start()
        return True


async def killed_at(scene: Scene, verb: str, side: Side, answer_bytes_min: int = 0) -> bool:
    """A worker gets SIGKILL at one exact point of the protocol."""
    with scene.worker() as worker:
        if worker is None:
            return False
        trap = scene.trap(verb, side, answer_bytes_min)
        async with worker.proxy.trapped(trap, TRAP_S) as caught:
            if caught is None:
                return False
            await worker.kill()
            caught.dropped = True
        await scene.hit(worker)
        worker.start()
        return True


async def frozen(scene: Scene) -> bool:
    """A worker is stopped until its leases are long over, and then goes on as if nothing had been."""
    with scene.worker() as worker:
        if worker is None:
            return False
        worker.signal(signal.SIGSTOP)
        await scene.hit(worker)
        await pause(scene.fleet.plan.lease_s + scene.rng.uniform(1.3, 2.0))
        worker.signal(signal.SIGCONT)
        return True


async def frozen_finishing(scene: Scene) -> bool:
    """The same while a result is on its way to Redis: it arrives when the job is another's."""
    with scene.worker() as worker:
        if worker is None:
            return False
        trap = scene.trap("finish", Side.REQUEST)
        async with worker.proxy.trapped(trap, TRAP_S) as caught:
            if caught is None:
                return False
            worker.signal(signal.SIGSTOP)
            await scene.hit(worker)
            await pause(scene.fleet.plan.lease_s + scene.rng.uniform(1.3, 2.0))
        worker.signal(signal.SIGCONT)
        return True


async def stopped(scene: Scene) -> bool:
    """A worker gets SIGTERM while it has jobs, as in any upgrade."""
    with scene.worker() as worker:
        if worker is None:
            return False
        worker.signal(signal.SIGTERM)
        await worker.process.ended(scene.fleet.plan.lease_s + 20)
        for part in worker.pair:
            await part.process.kill()
        worker.start()
        return True


async def cut_off(scene: Scene) -> bool:
    """Nothing gets through between a worker and Redis until its leases are over; nothing is closed."""
    with scene.worker() as worker:
        if worker is None:
            return False
        await scene.hit(worker)
        async with contextlib.AsyncExitStack() as partitions:
            for part in worker.pair:
                await partitions.enter_async_context(part.proxy.partitioned())
            await pause(scene.fleet.plan.lease_s + scene.rng.uniform(0.5, 1.5))
        return True
