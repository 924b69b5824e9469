"""``crun`` itself: started for one container at a time, in a mount namespace of our own making.

Two things are different in there. ``/dev`` holds six devices of our own: with user namespaces crun
cannot make devices, so it lends the container those it finds, and the host's must not be among them.
And where v1 controllers are mounted beside a v2 tree (a hybrid layout, which Debian's crun refuses),
the v2 tree is not mounted; crun makes a folder for each container there all the same, so there is a
tmpfs in its place, and not the host's. No process keeps that namespace: a descriptor does, so it goes
when the worker does.

crun makes the container's user the owner of whatever it is given as stdin, stdout and stderr. So
these are always a socket and a pipe made for one container, never anything of the host: with
``/dev/null`` as stderr, a program could take the host's ``/dev/null`` away from everybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import stat
import subprocess
from pathlib import Path

from fleet.errors import EngineUnavailable, SandboxError
from worker.cgroups import Hierarchies

_SETUP_PATIENCE_S = 10.0
_OURS = "mode=755,nosuid,noexec"  # what is mounted in our own namespace
_WORDS_MAX = 400
_DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
# Nothing of the worker's own environment: it may hold the address and password of Redis.
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class Crun:
    """Starts containers with the program at ``path``; ``state`` is where it notes them."""

    def __init__(self, path: str, state: Path, hierarchies: Hierarchies) -> None:
        self._path, self._state, self._hierarchies = path, state, hierarchies
        self._mounts: int | None = None  # descriptor of the mount namespace
        self._idle: int | None = None  # and of what stands where the idle v2 tree was

    def check(self) -> None:
        """Raise ``EngineUnavailable`` if there is no crun to start."""
        if shutil.which(self._path, path=_ENVIRONMENT["PATH"]) is None:
            raise EngineUnavailable(f"{self._path} is not installed (package: crun)")

    async def open(self) -> None:
        """Make ready to start containers. Raises ``SandboxError``."""
        self.check()
        if self._mounts is None:
            self._mounts, self._idle = await asyncio.to_thread(_make_namespace, self._hierarchies.hybrid)

    def close(self) -> None:
        """Let the mount namespace go."""
        for handle in (self._mounts, self._idle):
            if handle is not None:
                os.close(handle)
        self._mounts = self._idle = None

    def forget(self, cgroup: str) -> None:
        """Remove what crun left of a container's group where no group can be."""
        if self._idle is not None:
            shutil.rmtree(cgroup.lstrip("/"), ignore_errors=True, dir_fd=self._idle)

    def launch(self, name: str, bundle: Path, stream: socket.socket) -> Launch:
        """Start the container described in ``bundle``; ``stream`` becomes its stdin and stdout."""
        if self._mounts is None:
            raise SandboxError("crun has not been made ready")
        command = ["nsenter", f"--mount=/proc/self/fd/{self._mounts}", "--"]
        command += [self._path, f"--root={self._state}", "--cgroup-manager=cgroupfs"]
        command += ["run", "--detach", f"--bundle={bundle}", name]
        words, stderr = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            process = subprocess.Popen(  # noqa: S603 - words of our own making, no shell
                command,
                stdin=stream.fileno(),
                stdout=stream.fileno(),
                stderr=stderr,
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=[self._mounts],
            )
        except OSError as error:
            os.close(words)
            raise EngineUnavailable(f"{command[0]} cannot be started: {error}") from None
        finally:
            os.close(stderr)
        return Launch(process, words)


class Launch:
    """One crun at work. It ends as soon as the container runs, or with words on why it does not."""

    def __init__(self, process: subprocess.Popen[bytes], words: int) -> None:
        self._process, self._words = process, words
        self._handle = os.pidfd_open(process.pid)
        self._ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._handle, self._on_end)

    async def wait(self) -> None:
        """Return when crun has done its work. Raises ``SandboxError`` with what it says."""
        status, words = await asyncio.shield(self._ended)
        if status != 0:
            raise SandboxError(f"crun ended with status {status}: {words or 'it gave no reason'}")

    async def end(self, patience_s: float) -> None:
        """Wait for crun, or kill it when it does not end by itself in time."""
        await asyncio.wait({self._ended}, timeout=patience_s)
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.wait({self._ended}, timeout=patience_s)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        words = b""
        with contextlib.suppress(BlockingIOError):  # init has the other end, and writes nothing
            words = os.read(self._words, _WORDS_MAX)
        os.close(self._words)
        status = self._process.wait()  # at once: it has ended
        self._ended.set_result((status, words.decode("utf-8", "replace").strip()))


def _make_namespace(hybrid: Path | None) -> tuple[int, int | None]:
    """Descriptors of a mount namespace like ours, but as containers need it, and of the folder in the
    place of ``hybrid``. Raises ``SandboxError``.

    Mounts and unmounts of the host still reach it (it would keep file systems busy otherwise), its
    own do not reach the host.
    """
    with _run(["unshare", "--mount", "--propagation", "slave", "cat"]) as holder:
        assert holder.stdin is not None  # noqa: S101 - asked for below
        assert holder.stdout is not None  # noqa: S101
        try:
            holder.stdin.write(b"\n")
            holder.stdin.flush()
            if holder.stdout.read(1) != b"\n":  # the answer comes from inside the namespace
                raise SandboxError("a mount namespace cannot be made; is the worker root?")
            namespace = f"/proc/{holder.pid}/ns/mnt"
            if hybrid is not None:
                _inside(namespace, "umount", str(hybrid))
                _inside(
                    namespace, "mount", "-t", "tmpfs", "-o", f"{_OURS},nodev,size=16m", "tmpfs", str(hybrid)
                )
            _inside(namespace, "mount", "-t", "tmpfs", "-o", _OURS, "tmpfs", "/dev")
            for name, number in _DEVICES.items():
                device = Path(f"/proc/{holder.pid}/root/dev/{name}")
                os.mknod(device, stat.S_IFCHR, os.makedev(*number))
                device.chmod(0o666)
            idle = f"/proc/{holder.pid}/root{hybrid}" if hybrid is not None else None
            return (
                os.open(namespace, os.O_RDONLY | os.O_CLOEXEC),
                os.open(idle, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY) if idle else None,
            )
        except (OSError, subprocess.SubprocessError) as error:
            holder.kill()
            raise SandboxError(f"no mount namespace for crun: {error}") from None


def _inside(namespace: str, *command: str) -> None:
    subprocess.run(  # noqa: S603 - words of our own making
        ["nsenter", f"--mount={namespace}", "--", *command],  # noqa: S607
        check=True,
        capture_output=True,
        env=_ENVIRONMENT,
        timeout=_SETUP_PATIENCE_S,
    )


def _run(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - words of our own making
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
        )
    except OSError as error:
        raise SandboxError(f"{command[0]} cannot be started: {error}") from None
