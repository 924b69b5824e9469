"""Unpack an image archive, as ``docker save`` writes it, into a plain folder.

Archives come from the operator's own engine or hands, and are treated with suspicion all the same:
nothing is written outside the folder, through a symbolic link, or as a device, and no file comes out
setuid. What a container would run as its own is read from the image's configuration.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fleet.errors import SandboxError

_JSON_BYTES_MAX = 4 * 1024 * 1024
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image says of the program in it."""

    entrypoint: tuple[str, ...]
    environment: tuple[str, ...]

    def to_json(self) -> str:
        """As text, to be kept beside the files."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ImageConfig:
        """The other way round."""
        raw = json.loads(text)
        return cls(tuple(raw["entrypoint"]), tuple(raw["environment"]))


def archive_id(archive: Path) -> str:
    """Id of the image in an archive: the digest of its configuration. Raises ``SandboxError``."""
    with _opened(archive) as tar:
        return f"sha256:{hashlib.sha256(_member(tar, _manifest(tar)['Config']).read()).hexdigest()}"


def unpack(archive: Path, folder: Path) -> ImageConfig:
    """Write the image's files below the empty ``folder``. Raises ``SandboxError``."""
    with _opened(archive) as tar:
        manifest = _manifest(tar)
        config = json.load(_member(tar, manifest["Config"])).get("config") or {}
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=_member(tar, name, None)) as layer:
                _Layer(layer, folder).apply()
    return ImageConfig(
        tuple(config.get("Entrypoint") or ()), tuple(str(word) for word in config.get("Env") or ())
    )


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """An archive; whatever is wrong with it comes out as ``SandboxError``."""
    try:
        with tarfile.open(archive) as tar:
            yield tar
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SandboxError(f"{archive} is not an image archive that can be used: {error!r}") from None


def _manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    images = json.load(_member(tar, "manifest.json"))
    if len(images) != 1:
        raise ValueError(f"it holds {len(images)} images instead of one")
    return dict(images[0])


def _member(tar: tarfile.TarFile, name: str, bytes_max: int | None = _JSON_BYTES_MAX) -> IO[bytes]:
    member = tar.getmember(name)
    file = tar.extractfile(member)
    if file is None or (bytes_max is not None and member.size > bytes_max):
        raise ValueError(f"{name} is not what it should be")
    return file


class _Layer:
    """One layer, written over those below it."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar, self._folder = tar, folder
        self._real: set[Path] = {folder}  # known to be folders, not links
        # Newer Pythons want to be told how far a member is trusted; it has been looked at already.
        tar.extraction_filter = lambda member, _path: member

    def apply(self) -> None:
        """Write every member."""
        for member, target in self._members():
            if target.name == _OPAQUE:
                for old in list(target.parent.iterdir()):
                    _remove(old)
            elif target.name.startswith(_WHITEOUT):
                _remove(target.with_name(target.name.removeprefix(_WHITEOUT)))
            else:
                self._write(member, target)

    def _members(self) -> Iterator[tuple[tarfile.TarInfo, Path]]:
        for member in self._tar:
            parts = _parts(member.name)
            if not parts:
                continue  # the root itself
            target = self._folder.joinpath(*parts)
            self._make_parents(target.parent)
            yield member, target

    def _write(self, member: tarfile.TarInfo, target: Path) -> None:
        linked = self._linked(member.linkname) if member.islnk() else None
        if linked is None and not (member.isreg() or member.isdir() or member.issym()):
            return  # devices and pipes: a box has those it needs in its own /dev
        if not (member.isdir() and target.is_dir() and not target.is_symlink()):
            self._real.discard(target)
            _remove(target)
        if linked is not None:
            target.hardlink_to(linked)
            return
        member.mode &= 0o1777  # neither setuid nor setgid
        member.name = str(target.relative_to(self._folder))
        self._tar.extract(member, self._folder, numeric_owner=True)

    def _linked(self, name: str) -> Path:
        target = self._folder.joinpath(*_parts(name))
        self._make_parents(target.parent)
        if target.is_symlink() or not target.is_file():
            raise ValueError(f"a hard link to {name!r}, which is no file")
        return target

    def _make_parents(self, parent: Path) -> None:
        if parent in self._real:
            return
        self._make_parents(parent.parent)
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            raise ValueError(f"{parent.relative_to(self._folder)} is written through but is no folder")
        parent.mkdir(mode=0o755, exist_ok=True)
        self._real.add(parent)


def _parts(name: str) -> tuple[str, ...]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ValueError(f"a file named {name!r} would leave the folder")
    return path.parts


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
