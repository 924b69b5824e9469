"""Is the engine there? While it is not, nothing is claimed, so that no job pays for it."""

from __future__ import annotations

import asyncio

from fleet import log
from fleet.errors import SandboxError
from worker.metrics import Metrics
from worker.sandbox import Sandbox

_LOOK_AGAIN_S = 1.0
_log = log.get("worker.health")


class Health:
    """Whether boxes can be started, as far as is known."""

    def __init__(self, sandbox: Sandbox, metrics: Metrics) -> None:
        self._sandbox, self._metrics = sandbox, metrics
        self._up = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._set(up=True)

    @property
    def up(self) -> bool:
        """The last word on it."""
        return self._up.is_set()

    async def check(self) -> bool:
        """Ask now. When the answer is no, somebody keeps asking until it is yes."""
        try:
            await self._sandbox.ping()
        except SandboxError as error:
            if self.up:
                _log.error("engine_away", error=str(error))
            self._set(up=False)
            if self._watching is None or self._watching.done():
                self._watching = asyncio.create_task(self._watch(), name="health")
        else:
            if not self.up:
                _log.info("engine_back")
            self._set(up=True)
        return self.up

    async def wait_up(self) -> None:
        """Return when the engine is there."""
        await self._up.wait()

    async def close(self) -> None:
        """Stop asking."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})

    async def _watch(self) -> None:
        while not self.up:
            await asyncio.sleep(_LOOK_AGAIN_S)
            await self.check()

    def _set(self, *, up: bool) -> None:
        (self._up.set if up else self._up.clear)()
        self._metrics.engine_up.set(up)
