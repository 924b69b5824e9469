"""Unpacked images: what boxes without an engine have as their root.

``<state>/rootfs/<id>`` is made once per image, whoever needs it first; every box of that image has
it as its read-only root, and it never changes. An image comes from ``<state>/images/<language>.tar``
if the operator has put an archive there (``docker save``), else from the engine. Users of a root
hold a shared lock on it; what nobody uses and is not current any more is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fleet import log
from fleet.errors import EngineUnavailable, ImageMissing, SandboxError
from fleet.languages import Language
from worker.archive import ImageConfig, archive_id, unpack
from worker.locks import FileLock

_CONFIG = "image.json"
# What an engine would mount over an image's own. No name server: a look-up fails at once.
_ETC = {"hostname": "sandbox\n", "hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n", "resolv.conf": ""}
_LOOK_S = 0.1
_log = log.get("worker.rootfs")


class ImageSource(Protocol):
    """Where images come from."""

    async def identify(self, language: Language) -> str:
        """Id of the language's image. Raises ``ImageMissing`` or ``SandboxError``."""

    async def archive(self, language: Language, image_id: str, scratch: Path) -> Path:
        """An archive of that image, at ``scratch`` unless there is one already."""


class ArchiveImages:
    """Archives in a folder, one a language."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, int, int], str]] = {}

    async def identify(self, language: Language) -> str:
        """Id of the image in the language's archive."""
        path = self.path(language)
        try:
            found = path.stat()
        except OSError:
            raise ImageMissing(f"there is no {path}") from None
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = (state, await asyncio.to_thread(archive_id, path))
        return known[1]

    async def archive(self, language: Language, image_id: str, scratch: Path) -> Path:
        """The operator's archive itself."""
        return self.path(language)

    def path(self, language: Language) -> Path:
        """Where the language's archive is, if it has one."""
        return self._folder / f"{language.name}.tar"


class Engine(Protocol):
    """The two questions asked of an engine (``docker_sandbox.DockerEngine`` answers them)."""

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """What the engine answers to a call. Raises ``SandboxError``."""


class EngineImages:
    """Images of a container engine, which need not be there all the time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, str] = {}

    async def identify(self, language: Language) -> str:
        """Id by the engine's word, or by its last word while it is away."""
        try:
            found = await self._engine.call("inspect_image", language.image)
        except EngineUnavailable as error:
            if language.name not in self._known:
                raise ImageMissing(f"{language.image} is not unpacked, and {error}") from None
        else:
            self._known[language.name] = str(found["Id"])
        return self._known[language.name]

    async def archive(self, language: Language, image_id: str, scratch: Path) -> Path:
        """What ``docker save`` would write."""
        chunks = await self._engine.call("get_image", image_id)

        def write() -> None:
            try:
                with scratch.open("xb") as file:
                    file.writelines(chunks)
            except OSError as error:  # those of the connection are of this kind too
                raise EngineUnavailable(f"{language.image} could not be saved: {error}"[:500]) from None

        await asyncio.to_thread(write)
        return scratch


class FirstOf:
    """The operator's archive of a language if there is one, the engine's image otherwise."""

    def __init__(self, archives: ArchiveImages, engine: EngineImages) -> None:
        self._archives, self._engine = archives, engine

    async def identify(self, language: Language) -> str:
        """Id of the image that counts."""
        return await self._of(language).identify(language)

    async def archive(self, language: Language, image_id: str, scratch: Path) -> Path:
        """An archive of it."""
        return await self._of(language).archive(language, image_id, scratch)

    def _of(self, language: Language) -> ImageSource:
        return self._archives if self._archives.path(language).exists() else self._engine


@dataclass(frozen=True, slots=True)
class Image:
    """An unpacked image."""

    id: str
    rootfs: Path
    config: ImageConfig


class RootfsStore:
    """The unpacked images of this host, shared by all its workers."""

    def __init__(self, state: Path, source: ImageSource) -> None:
        self._folder = state / "rootfs"
        self._source = source
        self._held: dict[str, tuple[Image, FileLock]] = {}
        self._unpacking = asyncio.Lock()

    async def image(self, language: Language) -> Image:
        """The language's image as it is now, unpacked. Raises ``ImageMissing`` or ``SandboxError``."""
        image_id = await self._source.identify(language)
        async with self._unpacking:
            if image_id not in self._held:
                self._held[image_id] = await self._hold(language, image_id)
        image = self._held[image_id][0]
        if not image.rootfs.is_dir():
            self._held.pop(image_id)[1].release()
            raise ImageMissing(f"{image.rootfs} was taken away; it is unpacked again at the next start")
        return image

    async def prune(self, wanted: frozenset[str]) -> None:
        """Let go of images that are not ``wanted``, and remove those that nobody holds."""
        async with self._unpacking:
            for image_id in set(self._held) - wanted:
                self._held.pop(image_id)[1].release()
            await asyncio.to_thread(self._remove_unused)

    def close(self) -> None:
        """Let go of everything."""
        for _image, lock in self._held.values():
            lock.release()
        self._held.clear()

    async def _hold(self, language: Language, image_id: str) -> tuple[Image, FileLock]:
        name = image_id.rpartition(":")[2]
        if not name.isalnum():
            raise SandboxError(f"{language.image} has the id {image_id!r}, which is none")
        await asyncio.to_thread(self._make_folder)
        for _attempt in range(3):  # another worker may remove it between its making and our lock
            lock = await asyncio.to_thread(FileLock.shared, self._lock(name))
            try:
                text = (self._folder / name / _CONFIG).read_text("utf-8")
                return Image(image_id, self._folder / name / "root", ImageConfig.from_json(text)), lock
            except FileNotFoundError:
                lock.release()
            except (ValueError, KeyError, TypeError) as error:
                lock.release()
                raise SandboxError(f"{self._folder / name} is damaged, remove it: {error!r}") from None
            await self._unpack(language, image_id, name)
        raise SandboxError(f"{self._folder / name} vanishes as soon as it is made")

    async def _unpack(self, language: Language, image_id: str, name: str) -> None:
        scratch = self._scratch(name)
        while (lock := FileLock.if_free(self._making(name))) is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(_LOOK_S)  # another worker is at it
        try:
            if (self._folder / name).exists():
                return  # somebody else was faster
            scratch.mkdir(mode=0o755)
            archive = await self._source.archive(language, image_id, scratch / "image.tar")
            await asyncio.to_thread(self._unpack_here, archive, scratch)
            scratch.rename(self._folder / name)
            _log.info("image_unpacked", language=language.name, image=image_id)
        except OSError as error:
            raise SandboxError(f"{language.image} could not be unpacked: {error}") from None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            lock.release(remove=True)

    @staticmethod
    def _unpack_here(archive: Path, scratch: Path) -> None:
        root = scratch / "root"
        root.mkdir(mode=0o755)
        config = unpack(archive, root)
        if not config.entrypoint:
            raise SandboxError("the image has no entry point; `make images` builds one that has")
        for mount_point in ("proc", "dev", "sys", "work", "tmp", "etc"):
            (root / mount_point).mkdir(exist_ok=True)
        for name, text in _ETC.items():
            (root / "etc" / name).unlink(missing_ok=True)
            (root / "etc" / name).write_text(text, "ascii")
        (scratch / _CONFIG).write_text(config.to_json(), "utf-8")
        (scratch / "image.tar").unlink(missing_ok=True)

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for folder in (self._folder.parent, self._folder):  # passed through by boxes, not listed
                folder.chmod(0o711)
        except OSError as error:
            raise SandboxError(f"{self._folder} cannot be made: {error}") from None

    def _lock(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def _making(self, name: str) -> Path:
        return self._folder / f"{name}.making"

    def _scratch(self, name: str) -> Path:
        return self._folder / f".{name}.{secrets.token_hex(8)}"

    def _remove_unused(self) -> None:
        held = {image_id.rpartition(":")[2] for image_id in self._held}
        with contextlib.suppress(FileNotFoundError):
            folders = [entry for entry in self._folder.iterdir() if entry.is_dir()]
            for entry in folders:
                if entry.name.startswith("."):
                    self._remove_if_left(entry)
                elif entry.name not in held:
                    self._remove_if_unused(entry)

    def _remove_if_unused(self, entry: Path) -> None:
        lock = FileLock.if_free(self._lock(entry.name))
        if lock is None:
            return
        doomed = self._scratch(entry.name)
        with contextlib.suppress(OSError):
            entry.rename(doomed)  # at once, so that nobody takes half of it for whole
            _log.info("image_removed", image=entry.name)
        lock.release(remove=True)
        shutil.rmtree(doomed, ignore_errors=True)

    def _remove_if_left(self, entry: Path) -> None:
        """Remove what was being unpacked when its worker died."""
        lock = FileLock.if_free(self._making(entry.name.split(".")[1]))
        if lock is not None:
            shutil.rmtree(entry, ignore_errors=True)
            lock.release(remove=True)


def free_bytes(folder: Path) -> int:
    """Free space where ``folder`` is or would be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
