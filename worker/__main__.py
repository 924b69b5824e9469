"""The worker: ``python -m worker`` serves, ``doctor`` checks this host, ``health`` asks a running one.

The composition root: reads the environment, builds the parts and joins them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import secrets
import signal
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from prometheus_client import start_http_server

from fleet import log
from fleet.errors import EngineUnavailable, FleetError, QueueUnavailable, SandboxError, SettingsError
from fleet.events import Announcements
from fleet.languages import read_languages
from fleet.queue import Queue, WorkerInfo
from fleet.redis_client import RedisClients, Timing, check_server, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.settings import load
from worker import crun_doctor, doctor
from worker.assembly import ask_served, assemble
from worker.cancels import Cancels
from worker.catalog import Catalog
from worker.crun_sandbox import CrunSandbox, Times
from worker.docker_sandbox import DockerEngine, DockerSandbox
from worker.profile import EngineFacts, Owner
from worker.rootfs import ArchiveImages, EngineImages, FirstOf, RootfsStore
from worker.sandbox import Sandbox
from worker.settings import BEHIND_INIT_S, WorkerSettings

_LOOK_AGAIN_S = 1.0
_DOCTOR_PATIENCE_S = 3.0
_REMEDIES = {
    "docker": "start Docker, or change SANDFLEET_DOCKER_HOST",
    "crun": "run the worker as root on a host with crun, or set SANDFLEET_RUNTIME=docker",
}
_TRIES_MAX = 3
_T = TypeVar("_T")
_Ready = tuple[RedisQueue, Sandbox, Catalog, WorkerInfo]
_log = log.get("worker")


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    try:
        match arguments:
            case []:
                return asyncio.run(_serve(load(WorkerSettings)))
            case ["doctor"]:
                return asyncio.run(_doctor(load(WorkerSettings)))
            case ["health"]:
                return _health(load(WorkerSettings))
            case _:
                sys.stderr.write("usage: python -m worker [doctor | health]\n")
                return 2
    except FleetError as error:
        sys.stderr.write(f"{error}\n")
        return 1


async def _serve(settings: WorkerSettings) -> int:
    log.configure("worker", settings.log_format, settings.log_level)
    stop, hasten = _signals()
    worker_id = f"{settings.worker_name}-{secrets.token_hex(4)}"
    async with _connections(settings) as (clients, engine):
        ready = await _unless(stop, _prepared(settings, worker_id, clients, engine))
        if ready is None:
            return 0
        queue, sandbox, catalog, info = ready
        worker = assemble(
            settings, worker_id, queue, lambda: _heartbeat_queue(settings, info), sandbox, catalog.served
        )
        if settings.metrics_port:
            start_http_server(settings.metrics_port, settings.metrics_host, worker.metrics.registry)
        _log.info("serving", worker=worker_id, slots=settings.slots, languages=sorted(catalog.served))
        cancels = Cancels(worker_id, queue, Announcements(clients).cancels, worker.slots.runs)
        cancels.open()
        watching = catalog.watch(stop, worker.spares, lambda: queue.register(info))
        try:
            await asyncio.gather(worker.run(stop, hasten), watching)
        finally:
            await cancels.close()
    return 0


async def _prepared(
    settings: WorkerSettings, worker_id: str, clients: RedisClients, engine: DockerEngine
) -> _Ready:
    """What a worker serves with, and the fleet knows of it. Redis and the engine may be away, or go
    away at any moment of this; a host that cannot run a worker raises ``SandboxError``."""
    tries = itertools.count(1)
    while True:
        await wait_for_redis(clients)
        if settings.runtime == "docker":
            await _wait_for_engine(engine)
        try:
            return await _prepare(settings, worker_id, clients, engine)
        except (QueueUnavailable, EngineUnavailable) as error:
            _log.warning("start_interrupted", reason=str(error))
        except SandboxError as error:
            # A box that was lost while it told its version says nothing about this host.
            if next(tries) >= _TRIES_MAX:
                raise
            _log.warning("start_interrupted", reason=str(error))
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _prepare(
    settings: WorkerSettings, worker_id: str, clients: RedisClients, engine: DockerEngine
) -> _Ready:
    languages = read_languages(settings.languages_dir)
    sandbox, checks = await _sandbox(settings, engine, worker_id)
    # The catalog asks for the others as soon as jobs can be taken: thirteen images take a while.
    first = {name: language for name, language in languages.items() if language.starter}
    images = await doctor.image_checks(sandbox, first.values())
    if doctor.failed(images):
        first, images = languages, await doctor.image_checks(sandbox, languages.values())
    _heed(checks + images + await _redis_checks(clients))
    served = await ask_served(sandbox, first, settings.bounds)
    catalog = Catalog(sandbox, languages, settings.bounds, served)
    info = WorkerInfo(worker_id, settings.slots, sandbox.runtime, catalog.told)
    queue = RedisQueue(clients, _queue_options(settings))
    await queue.register(info)
    return queue, sandbox, catalog, info


async def _doctor(settings: WorkerSettings) -> int:
    """Print every check; 1 if any of them would keep a worker from starting."""
    languages = read_languages(settings.languages_dir)
    checks: list[doctor.Check] = []
    async with _connections(settings) as (clients, engine):
        try:
            await wait_for_redis(clients, _DOCTOR_PATIENCE_S)
            checks += await _redis_checks(clients)
        except QueueUnavailable as error:
            checks.append(doctor.unreachable("Redis", error, "start it, or change SANDFLEET_REDIS_URL"))
        try:
            sandbox, found = await _sandbox(settings, engine, f"doctor-{secrets.token_hex(4)}")
            checks += found + await doctor.image_checks(sandbox, languages.values())
            checks += await doctor.run_checks(sandbox, languages, settings.bounds)
            await sandbox.close()
        except SandboxError as error:
            checks.append(doctor.unreachable(settings.runtime, error, _REMEDIES[settings.runtime]))
    sys.stdout.writelines(f"{check}\n" for check in checks)
    return 1 if doctor.failed(checks) else 0


def _health(settings: WorkerSettings) -> int:
    """0 if the worker on this host has a fresh heartbeat: asked of its metrics, for health checks."""
    if not settings.metrics_port:
        raise SettingsError("SANDFLEET_METRICS_PORT is 0, so a worker's health cannot be asked")
    url = f"http://127.0.0.1:{settings.metrics_port}/metrics"
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            text = answer.read(1 << 20).decode()
    except OSError as error:
        sys.stderr.write(f"no worker answers at {url}: {error}\n")
        return 1
    age = re.search(r"^sandfleet_worker_heartbeat_age_seconds (\S+)$", text, re.MULTILINE)
    if age is None or float(age[1]) > settings.lease_s:
        sys.stderr.write(f"the last heartbeat is {age[1] if age else '?'} s old\n")
        return 1
    return 0


@contextlib.asynccontextmanager
async def _connections(settings: WorkerSettings) -> AsyncIterator[tuple[RedisClients, DockerEngine]]:
    clients = RedisClients(settings.redis_url.get_secret_value(), replicas=settings.redis_replicas)
    # Each slot may start one box while another is removed; a few more for the spares and the sweep.
    engine = DockerEngine(settings.docker_host, settings.engine_timeout_s, 2 * settings.slots + 4)
    try:
        yield clients, engine
    finally:
        engine.close()
        await clients.aclose()


@contextlib.asynccontextmanager
async def _heartbeat_queue(settings: WorkerSettings, info: WorkerInfo) -> AsyncIterator[Queue]:
    """The heartbeat's own connection: short answers, so that one beat cannot eat the lease."""
    patience_s = settings.lease_s / 8
    clients = RedisClients(
        settings.redis_url.get_secret_value(), Timing(connect_s=patience_s, answer_s=patience_s, resends=1)
    )
    queue = RedisQueue(clients, _queue_options(settings))
    try:
        with contextlib.suppress(QueueUnavailable):
            await queue.register(info)  # so that it can announce the worker again, should Redis forget
        yield queue
    finally:
        await clients.aclose()


def _queue_options(settings: WorkerSettings) -> QueueOptions:
    return QueueOptions(
        lease_s=settings.lease_s,
        retention_s=settings.retention_s,
        item_bytes_max=settings.bounds.raw_item_bytes_max,
    )


async def _sandbox(
    settings: WorkerSettings, engine: DockerEngine, worker_id: str
) -> tuple[Sandbox, list[doctor.Check]]:
    """The sandbox as this host can make it, and what was found on the way."""
    owner = Owner(settings.fleet, worker_id)
    job_s = max(settings.job_s, settings.wall_s_max) + BEHIND_INIT_S
    lifetime_s = settings.spare_max_age_s + job_s + 60
    if settings.runtime == "crun":
        host, checks = await crun_doctor.survey(settings)
        images = FirstOf(ArchiveImages(settings.state_dir / "images"), EngineImages(engine))
        store = RootfsStore(settings.state_dir, images)
        return CrunSandbox(host, owner, store, Times(settings.engine_timeout_s, lifetime_s)), checks
    version, info = await engine.call("version"), await engine.call("info")
    facts = EngineFacts(
        apparmor=doctor.has_security(info, "apparmor"),
        oci_runtime=settings.oci_runtime or str(info.get("DefaultRuntime") or "runc"),
    )
    sandbox = DockerSandbox(
        engine, facts, owner, start_timeout_s=settings.engine_timeout_s, lifetime_s=lifetime_s
    )
    return sandbox, doctor.engine_checks(version, info, settings.oci_runtime)


async def _redis_checks(clients: RedisClients) -> list[doctor.Check]:
    findings = await check_server(clients)
    seconds, microseconds = await clients.call("TIME")
    told = ((finding.level, finding.detail, finding.remedy) for finding in findings)
    return doctor.redis_checks(told, float(seconds) + float(microseconds) / 1e6)


def _heed(checks: list[doctor.Check]) -> None:
    """Log what is not well. Raises ``SandboxError`` if a worker could not do its work here."""
    for check in checks:
        if check.grade is doctor.Grade.CAUTION:
            _log.warning("doctor", check=check.what, found=check.found, remedy=check.remedy)
    if bad := doctor.failed(checks):
        raise SandboxError("this host cannot run a worker:\n" + "\n".join(map(str, bad)))


async def _wait_for_engine(engine: DockerEngine) -> None:
    """Return once the engine answers, saying meanwhile what is waited for."""
    began_s, told_s = time.monotonic(), float("-inf")
    while True:
        try:
            await engine.call("ping")
        except EngineUnavailable as error:
            if time.monotonic() - told_s >= 10:
                told_s = time.monotonic()
                _log.warning("engine_waiting", waited_s=round(told_s - began_s, 1), reason=str(error))
            await asyncio.sleep(_LOOK_AGAIN_S)
        else:
            return


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first SIGTERM or SIGINT (stop), and by the second (hasten)."""
    stop, hasten = asyncio.Event(), asyncio.Event()

    def received() -> None:
        (hasten if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, received)
    return stop, hasten


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, _T]) -> _T | None:
    """What ``work`` gives; None if ``stop`` came first."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return None
    return task.result()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
