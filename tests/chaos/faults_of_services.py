"""What happens to the API and the subscriber: killed at any point, or at the worst one."""

from __future__ import annotations

from tests.chaos.proxy import Side
from tests.chaos.scene import TRAP_S, Scene


async def api_killed(scene: Scene) -> bool:
    """The API gets SIGKILL, and another process takes its place."""
    with scene.victim([scene.fleet.api]) as api:
        if api is None:
            return False
        await api.kill()
        api.start()
        return True


async def api_killed_answering(scene: Scene) -> bool:
    """The API gets SIGKILL when the job is in Redis and its client does not know it."""
    with scene.victim([scene.fleet.api]) as api:
        if api is None:
            return False
        trap = scene.trap("enqueue", Side.ANSWER)
        async with api.proxy.trapped(trap, TRAP_S) as caught:
            if caught is None:
                return False
            await api.kill()
            caught.dropped = True
        api.start()
        return True


async def subscriber_killed(scene: Scene) -> bool:
    """The subscriber gets SIGKILL, and another process takes its place."""
    with scene.victim([scene.fleet.subscriber]) as subscriber:
        if subscriber is None:
            return False
        await subscriber.kill()
        subscriber.start()
        return True


async def subscriber_killed_before_ack(scene: Scene) -> bool:
    """The subscriber gets SIGKILL when its lines are written and Redis has not been told."""
    with scene.victim([scene.fleet.subscriber]) as subscriber:
        if subscriber is None:
            return False
        trap = scene.trap("events_ack", Side.REQUEST)
        async with subscriber.proxy.trapped(trap, TRAP_S) as caught:
            if caught is None:
                return False
            await subscriber.kill()
            caught.dropped = True
        subscriber.start()
        return True
