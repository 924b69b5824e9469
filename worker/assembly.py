"""How the parts of a worker are joined. ``__main__`` uses it, and so do tests that want a whole one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fleet import log
from fleet.errors import ImageMissing, SandboxError
from fleet.languages import Language
from fleet.limits import Bounds
from fleet.queue import Queue
from worker.health import Health
from worker.heartbeat import Heartbeat
from worker.loop import Pipeline
from worker.metrics import Metrics
from worker.reader import Definitions, Reader, first_limits
from worker.reaper import Reaper
from worker.results import Results
from worker.sandbox import BoxSpec, Sandbox, Served, Stage
from worker.service import Worker
from worker.settings import WorkerSettings
from worker.slots import Slots
from worker.spares import Spares, memory_for

_VERSION_CHARS_MAX = 64
_log = log.get("worker.assembly")


def default_box(bounds: Bounds, language: Language) -> BoxSpec:
    """The box of a job that asks for no limits of its own: what spares are made as."""
    limits = first_limits(bounds, language, bounds.resolve(None, language.limits))
    return BoxSpec(language, limits.memory_bytes, limits.processes)


async def ask_served(
    sandbox: Sandbox, languages: Mapping[str, Language], bounds: Bounds
) -> dict[str, Served]:
    """The languages whose image is there, each with its version, asked of the image itself."""
    served: dict[str, Served] = {}
    for name, language in languages.items():
        try:
            served[name] = await _ask(sandbox, language, bounds)
        except ImageMissing as error:
            _log.info("language_left_out", language=name, error=str(error), remedy="make images")
    return served


async def _ask(sandbox: Sandbox, language: Language, bounds: Bounds) -> Served:
    limits = bounds.resolve(None, language.limits)
    box = await sandbox.start(default_box(bounds, language))
    try:
        raw = await box.run(Stage(language.version, limits))
    finally:
        await box.destroy()
    lines = (raw.stdout or raw.stderr).decode("utf-8", "replace").splitlines()
    if raw.exit_code != 0 or not lines:
        raise SandboxError(f"{language.image}: {' '.join(language.version)} did not print a version: {raw}")
    return Served(language, lines[0].strip()[:_VERSION_CHARS_MAX], box.image, limits)


def listed(served: Iterable[Served]) -> list[Mapping[str, Any]]:
    """The languages of an announcement."""
    return [
        {
            "name": entry.language.name,
            "aliases": list(entry.language.aliases),
            "version": entry.version,
            "image": entry.image,
            "limits": entry.limits.to_json(),
        }
        for entry in served
    ]


def assemble(
    settings: WorkerSettings,
    worker_id: str,
    queue: Queue,
    open_queue: Callable[[], AbstractAsyncContextManager[Queue]],
    sandbox: Sandbox,
    served: Mapping[str, Served],
) -> Worker:
    """A worker, not yet running. ``open_queue`` opens the heartbeat's own connection."""
    metrics, bounds = Metrics(), settings.bounds
    health = Health(sandbox, metrics)
    heartbeat = Heartbeat(worker_id, settings.lease_s, open_queue, metrics)
    spares = Spares(
        sandbox,
        {name: default_box(bounds, entry.language) for name, entry in served.items()},
        settings.stock,
        memory_for(settings.slots * bounds.default.memory_bytes),
        metrics,
    )
    pipeline = Pipeline(
        worker_id=worker_id,
        queue=queue,
        spares=spares,
        heartbeat=heartbeat,
        health=health,
        reader=Reader(bounds, served, Definitions(queue, bounds)),
        results=Results(settings.worker_name, sandbox.runtime, bounds),
        metrics=metrics,
    )

    def words() -> list[str]:
        there = (entry.language for name, entry in served.items() if spares.serves(name))
        return [word for language in there for word in (language.name, *language.aliases)]

    slots = Slots(
        worker_id=worker_id,
        queue=queue,
        execute=pipeline.execute,
        languages=words,
        count=settings.slots,
        health=health,
        metrics=metrics,
    )
    reaper = Reaper(worker_id, queue, sandbox, sweep_s=settings.sweep_s, metrics=metrics)
    return Worker(
        worker_id=worker_id,
        queue=queue,
        sandbox=sandbox,
        spares=spares,
        heartbeat=heartbeat,
        health=health,
        reaper=reaper,
        slots=slots,
        metrics=metrics,
        drain_s=settings.drain_s,
    )
