"""The worker: ``python -m worker`` serves, ``doctor`` checks this host, ``health`` asks a running one.

The composition root: reads the environment, builds the parts and joins them.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import signal
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from prometheus_client import start_http_server

from fleet import log
from fleet.errors import EngineUnavailable, FleetError, QueueUnavailable, SandboxError, SettingsError
from fleet.languages import read_languages
from fleet.queue import Queue, WorkerInfo
from fleet.redis_client import RedisClients, Timing, check_server, wait_for_redis
from fleet.redis_queue import QueueOptions, RedisQueue
from fleet.settings import load
from worker import doctor
from worker.assembly import announcement, ask_served, assemble
from worker.docker_sandbox import DockerEngine, DockerSandbox
from worker.profile import EngineFacts, Owner
from worker.settings import BEHIND_INIT_S, WorkerSettings

_LOOK_AGAIN_S = 1.0
_DOCTOR_PATIENCE_S = 3.0
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
    languages = read_languages(settings.languages_dir)
    worker_id = f"{settings.worker_name}-{secrets.token_hex(4)}"
    async with _connections(settings) as (clients, engine):
        await _unless(stop, wait_for_redis(clients))
        await _unless(stop, _wait_for_engine(engine))
        if stop.is_set():
            return 0
        sandbox, checks = await _sandbox(settings, engine, worker_id)
        checks += await doctor.image_checks(sandbox, languages.values()) + await _redis_checks(clients)
        _heed(checks)
        served = await ask_served(sandbox, languages, settings.bounds)
        info = announcement(worker_id, settings, sandbox.runtime, served)
        queue = RedisQueue(clients, _queue_options(settings))
        await queue.register(info)
        worker = assemble(
            settings, worker_id, queue, lambda: _heartbeat_queue(settings, info), sandbox, served
        )
        if settings.metrics_port:
            start_http_server(settings.metrics_port, settings.metrics_host, worker.metrics.registry)
        _log.info("serving", worker=worker_id, slots=settings.slots, languages=sorted(served))
        await worker.run(stop, hasten)
    return 0


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
        except SandboxError as error:
            checks.append(
                doctor.unreachable("engine", error, "start Docker, or change SANDFLEET_DOCKER_HOST")
            )
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
    clients = RedisClients(settings.redis_url.get_secret_value())
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
    clients = RedisClients(settings.redis_url.get_secret_value(), Timing(patience_s, patience_s, resends=1))
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
        item_bytes_max=settings.bounds.item_bytes_max,
    )


async def _sandbox(
    settings: WorkerSettings, engine: DockerEngine, worker_id: str
) -> tuple[DockerSandbox, list[doctor.Check]]:
    """The sandbox as this engine can make it, and what the engine's own words are worth."""
    version, info = await engine.call("version"), await engine.call("info")
    facts = EngineFacts(
        apparmor=doctor.has_security(info, "apparmor"),
        oci_runtime=settings.oci_runtime or str(info.get("DefaultRuntime") or "runc"),
    )
    sandbox = DockerSandbox(
        engine,
        facts,
        Owner(settings.fleet, worker_id),
        start_timeout_s=settings.engine_timeout_s,
        lifetime_s=settings.spare_max_age_s + settings.wall_s_max + BEHIND_INIT_S + 60,
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


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Wait for ``work``, or until ``stop``."""
    tasks = {asyncio.create_task(work), asyncio.create_task(stop.wait())}
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
