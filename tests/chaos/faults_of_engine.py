"""What happens to the container engine, and to containers behind the workers' backs."""

from __future__ import annotations

import signal

from tests.chaos.scene import Scene


async def restarted(scene: Scene, number: signal.Signals) -> bool:
    """The engine ends, politely or not, with all its containers, and starts again."""
    with scene.own_engine() as engine:
        if engine is None:
            return False
        await scene.recovery.hit(scene.name)
        with scene.recovery.outage():
            await engine.restart(number, scene.rng.uniform(0.0, 1.0))
        await scene.recovery.hit(scene.name)
        return True


async def frozen(scene: Scene) -> bool:
    """The engine stands still for some seconds."""
    with scene.own_engine() as engine:
        if engine is None:
            return False
        await scene.recovery.hit(scene.name)
        with scene.recovery.outage():
            await engine.freeze(scene.rng.uniform(1.0, 5.0))
        return True


async def container_removed(scene: Scene) -> bool:
    """Somebody else removes a sandbox, running or waiting."""
    with scene.own_engine() as engine:
        if engine is None:
            return False
        boxes = await engine.containers()
        if not boxes:
            return False
        container, worker_id = scene.rng.choice(boxes)
        await scene.recovery.hit(scene.name, worker_id)
        return await engine.remove(container)
