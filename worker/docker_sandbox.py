"""Boxes made by a Docker engine.

Theory of operation: a box is created, attached to and started before its job is known; the job
goes in and its outcome comes out over the attached stream, so no file is shared with the guest and
nobody waits for the engine to notice an exit. The engine is needed again only to remove the box,
off the job's path, and to explain a stream that broke off.

The engine may hang, restart, or lose images. Every call therefore runs in a thread of our own pool
with a deadline, and its errors are translated in one place. A create that timed out may still make
a container: names are chosen here and remembered while a box lives, and ``sweep`` removes every
container of ours whose name is not remembered. Containers are never removed by the engine itself,
because their end must be looked at first.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import docker
import docker.errors
import requests

from fleet import log
from fleet.errors import EngineUnavailable, ImageMissing, SandboxError
from fleet.languages import Language
from worker.attached_stream import AttachedStream
from worker.box import Conversation, ConversingBox, Ending
from worker.profile import LABEL, EngineFacts, Owner, container_config, container_limits
from worker.sandbox import BoxSpec, Hear, RawOutcome, Stage

API_OLDEST = "1.41"  # private cgroup namespaces
_END_WAIT_S = 5.0
# What runtimes say of a memory limit below what is in use.
_IN_USE = ("device or resource busy", "unable to set memory limit", "memory limit too low")
_log = log.get("worker.docker_sandbox")


class DockerEngine:
    """docker-py behind asyncio: each call in a thread, with a deadline, its errors translated."""

    def __init__(self, base_url: str, timeout_s: float, connections: int) -> None:
        self._base_url, self._timeout_s, self._connections = base_url, timeout_s, connections
        # Own threads: an engine that hangs must not take those the event loop needs elsewhere.
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="engine")
        self._connecting = threading.Lock()
        self._api: docker.APIClient | None = None

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """What ``docker.APIClient.<method>`` answers. Raises ``SandboxError`` or one of its kind."""

        def work() -> Any:
            with _translated():
                return getattr(self._client(), method)(*args, **kwargs)

        return await self._in_thread(work, method)

    async def attach(self, container: str) -> socket.socket:
        """The hijacked connection to stdin, stdout and stderr of a container not yet started."""

        def work() -> socket.socket:
            with _translated():
                raw = self._client().attach_socket(
                    container, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                )
                # The connection belongs to an HTTP response; take a handle of our own and let the
                # response go. Nothing can be buffered in it: the container has not started.
                connection = socket.socket(fileno=os.dup(raw.fileno()))
                raw._response.close()
                raw.close()
                return connection

        connection: socket.socket = await self._in_thread(work, "attach", unwanted=socket.socket.close)
        connection.setblocking(False)
        return connection

    async def update(self, container: str, limits: dict[str, int]) -> None:
        """Change limits of a container. docker-py's own call does not know that of processes."""

        def work() -> None:
            with _translated():
                client: Any = self._client()
                url = client._url("/containers/{0}/update", container)
                client._raise_for_status(client._post_json(url, data=limits))

        await self._in_thread(work, "update")

    def close(self) -> None:
        """Let the connections go. Calls under way end with their own deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._api is not None:
            self._api.close()

    def _client(self) -> docker.APIClient:
        with self._connecting:
            if self._api is None:
                # Asked by hand: with version="auto" a failing constructor leaks its connection.
                asking = self._new_client(API_OLDEST)
                try:
                    version = asking.version(api_version=False)["ApiVersion"]
                finally:
                    asking.close()
                self._api = self._new_client(version)
            return self._api

    def _new_client(self, version: str) -> docker.APIClient:
        client = docker.APIClient(
            self._base_url,
            version=version,
            timeout=math.ceil(self._timeout_s),
            max_pool_size=self._connections,
        )
        client.trust_env = False  # no proxy stands before a local socket; looking costs 2 ms a call
        return client

    async def _in_thread(
        self, work: Callable[[], Any], what: str, unwanted: Callable[[Any], None] = lambda _answer: None
    ) -> Any:
        """What ``work`` returns; ``unwanted`` gets it if it comes when nobody waits any more."""
        call = self._threads.submit(work)
        try:
            # The client's own timeout ends the thread; this one answers even if all threads hang.
            # Not by wait_for, which in Python 3.11 may lose a cancellation: that of a job, say.
            async with asyncio.timeout(self._timeout_s + 1.0):
                return await asyncio.wrap_future(call)
        except BaseException as error:
            call.add_done_callback(
                lambda late: None if late.cancelled() or late.exception() else unwanted(late.result())
            )
            if isinstance(error, TimeoutError):
                raise EngineUnavailable(
                    f"the engine did not answer '{what}' within {self._timeout_s:g} s; is dockerd alive?"
                ) from None
            raise


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Every error of docker-py, requests and the socket below them as one of ours."""
    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise ImageMissing(f"{error.explanation}; `make images` builds it") from None
    except docker.errors.APIError as error:
        raise SandboxError(f"the engine refused: {error.explanation or error}"[:500]) from None
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise EngineUnavailable(f"the engine cannot be reached: {error}"[:500]) from None


class DockerSandbox:
    """Makes boxes through one engine, for one worker."""

    def __init__(
        self,
        engine: DockerEngine,
        facts: EngineFacts,
        owner: Owner,
        *,
        start_timeout_s: float,
        lifetime_s: float,
        grace_s: float = 60.0,
    ) -> None:
        self.runtime = f"docker/{facts.oci_runtime}"
        self._engine, self._facts, self._owner = engine, facts, owner
        self._start_timeout_s, self._lifetime_s, self._grace_s = start_timeout_s, lifetime_s, grace_s
        self._images: dict[str, str] = {}
        self._live: set[str] = set()  # names of boxes being started, waiting, or running

    async def ping(self) -> None:
        """Return if the engine answers. Raises ``SandboxError`` otherwise."""
        await self._engine.call("ping")

    async def image(self, language: Language) -> str:
        """Id of the image a new box of ``language`` runs. Raises ``ImageMissing``."""
        found = await self._engine.call("inspect_image", language.image)
        self._images[language.name] = str(found["Id"])
        return self._images[language.name]

    async def start(self, spec: BoxSpec) -> DockerBox:
        """A started box whose init has said it is ready. Raises ``SandboxError``."""
        name = f"{LABEL}-{self._owner.worker_id}-{secrets.token_hex(6)}"
        self._live.add(name)
        try:
            async with asyncio.timeout(self._start_timeout_s):
                image = self._images.get(spec.language.name) or await self.image(spec.language)
                return await self._start(spec, image, name)
        except BaseException as error:
            # Shielded: the caller may be cancelled, the container must go all the same.
            self._removing = asyncio.create_task(self.forget(name))
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(self._removing)
            if isinstance(error, ImageMissing):
                self._images.pop(spec.language.name, None)  # built anew or removed: look it up again
            if isinstance(error, TimeoutError):
                raise EngineUnavailable(
                    f"a sandbox was not ready within {self._start_timeout_s:g} s; is the engine overloaded?"
                ) from None
            raise

    async def _start(self, spec: BoxSpec, image: str, name: str) -> DockerBox:
        deadline_epoch_s = int(time.time() + self._lifetime_s)
        config = container_config(spec, image, self._owner, deadline_epoch_s, self._facts)
        created = await self._engine.call("create_container_from_config", config, name)
        stream = await AttachedStream.open(await self._engine.attach(created["Id"]))
        box = DockerBox(self, spec, name, created["Id"], image, stream)
        try:
            await self._engine.call("start", created["Id"])
            await box.ready()
        except BaseException:
            stream.close()
            raise
        return box

    async def sweep(self, live_workers: frozenset[str]) -> int:
        """Remove containers of this fleet that nobody owns any more; how many there were.

        Ours whose names we do not remember, and those of others whose worker is gone or whose
        deadline has passed. A worker that has only just started may be missing from
        ``live_workers``, so its containers have a time of grace.
        """
        found = await self._engine.call(
            "containers", all=True, filters={"label": f"{LABEL}.fleet={self._owner.fleet}"}
        )
        doomed = [entry["Id"] for entry in found if self._is_orphan(entry, live_workers)]
        removed = [await self.remove(container) for container in doomed]
        return sum(removed)

    def _is_orphan(self, entry: dict[str, Any], live_workers: frozenset[str]) -> bool:
        labels, now = entry["Labels"], time.time()
        if labels.get(f"{LABEL}.worker") == self._owner.worker_id:
            names = entry["Names"] or [""]  # it has none while it is being removed
            return names[0].lstrip("/") not in self._live
        deadline = labels.get(f"{LABEL}.deadline", "")
        if not deadline.isdecimal() or int(deadline) < now:
            return True
        return labels.get(f"{LABEL}.worker") not in live_workers and entry["Created"] < now - self._grace_s

    async def remove(self, container: str) -> bool:
        """Kill and remove a container, by name or id; False if the engine did not do it."""
        try:
            await self._engine.call("remove_container", container, force=True, v=True)
        except SandboxError as error:
            if "No such container" in str(error) or "already in progress" in str(error):
                return False
            _log.warning("removal_failed", container=container, error=str(error))
            return False
        return True

    async def forget(self, name: str) -> None:
        """Remove a box we started; what the engine cannot remove now, ``sweep`` will find."""
        self._live.discard(name)
        await self.remove(name)

    async def inspect_state(self, container: str) -> dict[str, Any]:
        """The engine's ``State`` of a container. Raises ``SandboxError``."""
        found: dict[str, Any] = await self._engine.call("inspect_container", container)
        return dict(found["State"])

    async def resize(self, container: str, spec: BoxSpec) -> bool:
        """Give a container the size of ``spec``; False if it uses more. Raises ``SandboxError``."""
        try:
            await self._engine.update(container, container_limits(spec))
        except SandboxError as error:
            if any(words in str(error) for words in _IN_USE):
                return False
            raise
        return True

    async def wait_end(self, container: str) -> None:
        """Return when the container is not running. Raises ``SandboxError`` if it still is."""
        await self._engine.call("wait", container, timeout=_END_WAIT_S)

    async def close(self) -> None:
        """Let the engine's connections go."""
        self._engine.close()


class DockerBox(ConversingBox):
    """One container and the stream to its init."""

    def __init__(
        self,
        sandbox: DockerSandbox,
        spec: BoxSpec,
        name: str,
        container: str,
        image: str,
        stream: AttachedStream,
    ) -> None:
        super().__init__(spec)
        self.id, self.image = container, image
        self._sandbox, self._name, self._stream = sandbox, name, stream
        self._conversation = Conversation(stream)
        self._oom_told = False

    async def ready(self) -> None:
        """Return when init says that it is ready. Raises ``SandboxError``."""
        if not await self.conversation.ready():
            raise SandboxError(f"a sandbox ended before it was ready: {self._stream.diagnostics}")

    @property
    def ended(self) -> bool:
        """Has the box died while it waited."""
        return self._stream.ended

    async def run(self, stage: Stage, hear: Hear | None = None) -> RawOutcome:
        """The facts of running ``stage``. Raises ``SandboxError`` when our side failed."""
        raw, ending = await self.conversation.run(stage, hear)
        if ending is Ending.TOLD:
            self._oom_told = self._oom_told or raw.oom_kills > 0
            return raw
        # No word from init. Neither an engine that hangs nor a sandbox that somebody took away is
        # the program's fault, so the engine is asked before the program is blamed.
        if ending is Ending.BROKEN:
            await self._sandbox.wait_end(self.id)
        state = await self._sandbox.inspect_state(self.id)
        if ending is Ending.OVERDUE and state["Running"] and not state["Paused"]:
            return raw
        # The engine does not say when: after a stage that met the kernel's counter it says nothing.
        if ending is Ending.BROKEN and state["OOMKilled"] and not self._oom_told:
            return replace(raw, box_oom=True)
        raise SandboxError(
            f"the sandbox fell silent: {state['Status']}, exit code {state['ExitCode']}"
            + (f", {self._stream.diagnostics}" if self._stream.diagnostics else "")
        )

    async def _become(self, size: BoxSpec) -> bool:
        return await self._sandbox.resize(self.id, size)

    async def destroy(self) -> None:
        """Kill and remove the container. Never raises."""
        try:
            await self._sandbox.forget(self._name)
        finally:
            self._stream.close()
