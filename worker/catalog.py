"""What a worker serves, as images come, change and go: no restart is needed for a language more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fleet import log
from fleet.errors import EngineUnavailable, ImageMissing, QueueUnavailable, SandboxError
from fleet.languages import Language
from fleet.limits import Bounds
from worker.assembly import ask_served, default_box, listed
from worker.sandbox import Sandbox, Served
from worker.spares import Spares

LOOK_S = 5.0  # between two looks at all images; nobody else looks at them
_log = log.get("worker.catalog")


class Catalog:
    """The languages served, and what the fleet is told of them; both change in place.

    A language whose image goes stays in ``served``, for jobs that are on their way, and is no longer
    ``told``.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        languages: Mapping[str, Language],
        bounds: Bounds,
        served: Mapping[str, Served],
    ) -> None:
        self._sandbox, self._languages, self._bounds = sandbox, languages, bounds
        self.served = dict(served)
        self.told: list[Mapping[str, Any]] = listed(served.values())

    async def watch(self, stop: asyncio.Event, spares: Spares, tell: Callable[[], Awaitable[None]]) -> None:
        """Look for changes, at once and then until ``stop``. ``spares`` are kept of what is there;
        ``tell`` is called when ``told`` has changed."""
        up_to_date, pause_s = True, 0.0
        while not await _set_within(stop, pause_s):
            pause_s = LOOK_S
            try:
                up_to_date = not await self._look(spares) and up_to_date
                if not up_to_date and not stop.is_set():  # a worker that leaves is not announced again
                    await tell()
                    up_to_date = True
            except QueueUnavailable:
                continue  # told at the next look
            except Exception:  # whatever it is, jobs go on
                _log.exception("catalog_broken")

    async def _look(self, spares: Spares) -> bool:
        """Ask for every image, and a new one for its version; True if that changed what is to be told."""
        there: list[Served] = []
        for name, language in self._languages.items():
            entry = await self._entry(name, language, spares)
            if entry is None:
                continue
            there.append(entry)
            if name not in self.served:
                _log.info("language_added", language=name, version=entry.version)
                spares.add(default_box(self._bounds, language))
            self.served[name] = entry
        now = listed(there)
        changed = now != self.told
        self.told[:] = now
        return changed

    async def _entry(self, name: str, language: Language, spares: Spares) -> Served | None:
        known = self.served.get(name)
        try:
            image = await self._sandbox.image(language)
            spares.seen(name, image)
            if known is not None and known.image == image:
                return known
            return (await ask_served(self._sandbox, {name: language}, self._bounds)).get(name)
        except ImageMissing:
            spares.seen(name, None)
            return None
        except EngineUnavailable:
            return known  # whoever watches the engine says so
        except SandboxError as error:
            _log.warning("language_not_understood", language=name, error=str(error))
            return known


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
