"""Boxes made by ``crun`` alone, without a container engine: for workers that are root on the host.

Theory of operation: a box is a folder with its OCI configuration and a cgroup of the same name
(``worker.homes``). ``crun`` sets it up with one end of a socket pair as init's stdin and stdout, and
exits; what remains is init and what it starts. The job goes in and its outcome comes out over the
other end of that pair. The host never touches a path that a guest could write: all of those are
tmpfs mounts inside the box.

Nobody but init's stream tells of an end. The cgroup stays until ``destroy``, so the kernel's reasons
can still be read there, and a box is over when its cgroup is empty. When a worker is killed the
kernel closes its streams, on which every init exits, and frees its lock, by which the next sweep of
any worker of the fleet knows that its folders and cgroups are nobody's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

from fleet import log
from fleet.errors import EngineUnavailable, SandboxError
from fleet.languages import Language
from worker.box import Conversation, ConversingBox, Ending
from worker.cgroups import Cgroup, Hierarchies
from worker.crun import Crun, Launch
from worker.homes import Homes
from worker.oci import OciFacts, Place, oci_config
from worker.profile import Owner, container_limits
from worker.rootfs import Image, RootfsStore
from worker.sandbox import BoxSpec, Hear, RawOutcome, Stage

_STREAM_BUFFER_BYTES = 64 * 1024
_END_WAIT_S = 5.0
_RESIZE_S = 10.0
# User ids that neither distributions nor systemd nor container engines give out; each box takes one
# of these ranges by chance, so that what the kernel counts by user is hardly ever shared.
_HOST_ID_FIRST, _HOST_IDS, _HOST_RANGES = 1_879_048_192, 65_536, 4096
_log = log.get("worker.crun_sandbox")


@dataclass(frozen=True, slots=True)
class Host:
    """What boxes are made on."""

    crun: str  # name or path of the program
    run: Path  # where boxes are written down; on tmpfs, for it is worth nothing after a reboot
    hierarchies: Hierarchies
    facts: OciFacts
    user_namespaces: bool


@dataclass(frozen=True, slots=True)
class Times:
    """Of a box, in seconds."""

    start_s: float  # until it must be ready
    lifetime_s: float  # after which any worker may remove it
    grace_s: float = 60.0  # for a worker that has only just started


class CrunSandbox:
    """Makes boxes on one host, for one worker."""

    runtime = "crun"

    def __init__(self, host: Host, owner: Owner, store: RootfsStore, times: Times) -> None:
        self._host, self._store, self._times = host, store, times
        self._homes = Homes(host.run, owner, host.hierarchies)
        self._crun = Crun(host.crun, self._homes.crun_state, host.hierarchies)
        self._images: dict[str, Image] = {}
        self._live: dict[str, str] = {}  # boxes being started, waiting or running, and their image
        self._opening = asyncio.Lock()
        self._removing: set[asyncio.Task[None]] = set()

    async def ping(self) -> None:
        """Return if boxes can be started. Raises ``SandboxError`` otherwise."""
        await self._open()
        self._crun.check()

    async def image(self, language: Language) -> str:
        """Id of the image a new box of ``language`` runs. Raises ``ImageMissing``.

        An image that is new here is unpacked first, so that no start has to wait for that.
        """
        self._images[language.name] = await self._store.image(language)
        return self._images[language.name].id

    async def start(self, spec: BoxSpec) -> CrunBox:
        """A started box whose init has said it is ready. Raises ``SandboxError``."""
        await self._open()
        name = spec.language.name
        if name not in self._images or not self._images[name].rootfs.is_dir():
            await self.image(spec.language)
        image = self._images[name]
        box = CrunBox(self, spec, f"box-{secrets.token_hex(6)}", image.id)
        self._live[box.id] = image.id
        try:
            async with asyncio.timeout(self._times.start_s):
                await self._start(box, image)
        except BaseException as error:
            await self._shielded(box.destroy())
            if isinstance(error, TimeoutError):
                raise EngineUnavailable(
                    f"a sandbox was not ready within {self._times.start_s:g} s; is the host overloaded?"
                ) from None
            raise
        return box

    async def _start(self, box: CrunBox, image: Image) -> None:
        folder = self._homes.make(box.id, self._times.lifetime_s)
        host_id = _HOST_ID_FIRST + secrets.randbelow(_HOST_RANGES) * _HOST_IDS
        place = Place(
            rootfs=str(image.rootfs),
            entrypoint=image.config.entrypoint,
            environment=image.config.environment,
            cgroup=self._homes.cgroup_path(box.id),
            host_id=host_id if self._host.user_namespaces else None,
        )
        config = json.dumps(oci_config(box.spec, place, self._host.facts))
        try:
            (folder / "config.json").write_text(config, "utf-8")
        except OSError as error:
            raise EngineUnavailable(f"{folder} cannot be written: {error}") from None
        ours, theirs = socket.socketpair()
        with theirs:
            stream = await SocketStream.open(ours)
            box.starts(self._crun.launch(box.id, folder, theirs), stream)
        await box.ready()

    async def sweep(self, live_workers: frozenset[str]) -> int:
        """Remove boxes of this fleet that nobody owns any more; how many there were.

        Ours that we do not remember, all of those whose worker has died on this host, and those of
        others whose worker is gone from the fleet (after a time of grace) or whose deadline passed.
        """
        await self._open()
        orphans = list(self._homes.orphans(self._live, live_workers, self._times.grace_s))
        removed = [await self._homes.remove(name, worker, _END_WAIT_S) for worker, name in orphans]
        for worker, name in orphans:
            self._crun.forget(self._homes.cgroup_path(name, worker))
        self._homes.bury()
        wanted = {image.id for image in self._images.values()} | set(self._live.values())
        await self._store.prune(frozenset(wanted))
        return sum(removed)

    async def forget(self, name: str) -> None:
        """Remove a box we started; what cannot be removed now, ``sweep`` will find."""
        self._live.pop(name, None)
        if not await self._homes.remove(name, None, _END_WAIT_S):
            _log.warning("removal_failed", box=name, left=sorted(self.cgroup(name).pids()))
        self._crun.forget(self._homes.cgroup_path(name))

    def cgroup(self, name: str) -> Cgroup:
        """The cgroup of a box of ours."""
        return self._homes.cgroup(name)

    async def close(self) -> None:
        """Let go of what is held; boxes are destroyed by whoever has them."""
        if self._removing:
            await asyncio.wait(set(self._removing))
        self._crun.close()
        self._store.close()
        self._homes.close()

    async def _open(self) -> None:
        async with self._opening:
            self._homes.open()
            await self._crun.open()

    async def _shielded(self, work: Coroutine[None, None, None]) -> None:
        """Do ``work`` to its end even if whoever waits for it is cancelled."""
        task = asyncio.create_task(work)
        self._removing.add(task)
        task.add_done_callback(self._removing.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)


class CrunBox(ConversingBox):
    """One container and the stream to its init."""

    def __init__(self, sandbox: CrunSandbox, spec: BoxSpec, name: str, image: str) -> None:
        super().__init__(spec)
        self.id, self.image = name, image
        self._sandbox = sandbox
        self._launch: Launch | None = None
        self._stream: SocketStream | None = None
        self._killed_before = 0  # for want of memory, in the stages that are over

    def starts(self, launch: Launch, stream: SocketStream) -> None:
        """crun is at work on it."""
        self._launch, self._stream, self._conversation = launch, stream, Conversation(stream)

    async def ready(self) -> None:
        """Return when init says that it is ready. Raises ``SandboxError``."""
        assert self._launch is not None  # noqa: S101 - it has been started
        if not await self.conversation.ready():
            await self._launch.wait()  # it knows why, if it was crun
            raise SandboxError("a sandbox ended before it was ready")

    @property
    def ended(self) -> bool:
        """Has the box died while it waited."""
        return self._stream is None or self._stream.ended

    async def run(self, stage: Stage, hear: Hear | None = None) -> RawOutcome:
        """The facts of running ``stage``. Raises ``SandboxError`` when our side failed."""
        raw, ending = await self.conversation.run(stage, hear)
        if ending is Ending.TOLD and not raw.oom_kills:
            return raw
        cgroup = self._sandbox.cgroup(self.id)
        if ending is Ending.TOLD:
            self._killed_before = cgroup.oom_kills()
            return raw
        # No word from init. A sandbox that somebody took away is not the program's fault, so the
        # kernel is asked before the program is blamed.
        if ending is Ending.OVERDUE and cgroup.pids() and not cgroup.frozen:
            return raw
        if ending is Ending.BROKEN and await cgroup.empty(_END_WAIT_S) and self._killed_in(cgroup):
            return replace(raw, box_oom=True)
        raise SandboxError(
            f"the sandbox fell silent: {len(cgroup.pids())} processes in it, "
            f"{'frozen' if cgroup.frozen else 'not frozen'}, "
            f"{self._killed_in(cgroup)} killed for memory"
        )

    def _killed_in(self, cgroup: Cgroup) -> int:
        """How often the kernel killed for want of memory since the last stage that met it."""
        return cgroup.oom_kills() - self._killed_before

    async def _become(self, size: BoxSpec) -> bool:
        limits = container_limits(size)
        resize = self._sandbox.cgroup(self.id).resize
        try:
            async with asyncio.timeout(_RESIZE_S):  # the kernel looks for memory to take back
                return await asyncio.to_thread(resize, limits["Memory"], limits["PidsLimit"])
        except TimeoutError:
            raise SandboxError(f"the kernel did not take new limits within {_RESIZE_S:g} s") from None

    async def destroy(self) -> None:
        """Kill and remove the container. Never raises."""
        if self._stream is not None:
            self._stream.close()
        if self._launch is not None:
            await self._launch.end(_END_WAIT_S)
        await self._sandbox.forget(self.id)


class SocketStream:
    """Our end of the pair whose other end is init's stdin and stdout."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, ours: socket.socket) -> SocketStream:
        """A stream over our end."""
        return cls(*await asyncio.open_unix_connection(sock=ours, limit=_STREAM_BUFFER_BYTES))

    @property
    def ended(self) -> bool:
        """The other side has closed and everything was read."""
        return self._reader.at_eof()

    def write(self, data: bytes) -> None:
        """Have init get all of ``data``: now, or as it reads. What nobody reads any more is dropped."""
        self._writer.write(data)

    async def receive(self) -> bytes:
        """Some bytes init wrote, or ``b""`` at the end."""
        try:
            return await self._reader.read(_STREAM_BUFFER_BYTES)
        except ConnectionError:
            return b""

    def close(self) -> None:
        """Drop the connection; the box's init sees the end of its stdin and exits."""
        self._writer.transport.abort()
