"""Images unpacked: whole, once, and without falling for what an archive may hold."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleet.errors import EngineUnavailable, ImageMissing, SandboxError
from worker.archive import archive_id, unpack
from worker.locks import FileLock
from worker.rootfs import ArchiveImages, EngineImages, FirstOf, RootfsStore
from worker.testing import a_language

TONGUE = a_language("tongue")
CONFIG = {"config": {"Entrypoint": ["/sandfleet/init"], "Env": ["PATH=/bin"]}}


@dataclass
class Entry:
    """A member of a layer."""

    name: str
    data: bytes = b""
    mode: int = 0o644
    kind: bytes = tarfile.REGTYPE
    link: str = ""


def tar_of(entries: list[Entry]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.size, member.mode, member.type = len(entry.data), entry.mode, entry.kind
            member.linkname, member.mtime = entry.link, 1_700_000_000
            tar.addfile(member, io.BytesIO(entry.data))
    return made.getvalue()


def archive_of(path: Path, *layers: list[Entry], config: dict[str, Any] = CONFIG) -> Path:
    """An image archive at ``path``."""
    text = json.dumps(config).encode()
    manifest = [{"Config": "c.json", "Layers": [f"{n}/layer.tar" for n in range(len(layers))]}]
    files = [Entry("manifest.json", json.dumps(manifest).encode()), Entry("c.json", text)]
    files += [Entry(f"{n}/layer.tar", tar_of(layer)) for n, layer in enumerate(layers)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_of(files))
    return path


def folder(name: str) -> Entry:
    return Entry(name, mode=0o755, kind=tarfile.DIRTYPE)


def link(name: str, to: str) -> Entry:
    return Entry(name, kind=tarfile.SYMTYPE, link=to)


def unpacked(tmp_path: Path, *layers: list[Entry]) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    unpack(archive_of(tmp_path / "image.tar", *layers), root)
    return root


def test_layers_lie_over_each_other(tmp_path: Path) -> None:
    root = unpacked(
        tmp_path,
        [
            folder("a"),
            Entry("a/old", b"old"),
            Entry("a/gone", b"gone"),
            folder("b"),
            Entry("b/x"),
            Entry("c"),
        ],
        [
            Entry("a/old", b"new", 0o755),
            Entry("a/.wh.gone"),
            Entry("b/.wh..wh..opq"),
            Entry("b/y"),
            folder("c"),
        ],
        [link("a/link", "/etc/passwd"), Entry("a/hard", kind=tarfile.LNKTYPE, link="a/old")],
    )

    assert (root / "a/old").read_bytes() == (root / "a/hard").read_bytes() == b"new"
    assert (root / "a/old").stat().st_mode & 0o7777 == 0o755
    assert (root / "a/old").stat().st_mtime == 1_700_000_000  # compiled Python depends on it
    assert sorted(path.name for path in root.rglob("*")) == ["a", "b", "c", "hard", "link", "old", "y"]
    assert (root / "a/link").is_symlink()
    assert (root / "c").is_dir()


def test_no_file_comes_out_setuid_and_no_device_at_all(tmp_path: Path) -> None:
    root = unpacked(
        tmp_path,
        [
            Entry("su", b"x", 0o6755),
            folder("tmp"),
            Entry("disk", kind=tarfile.BLKTYPE),
            Entry("null", kind=tarfile.CHRTYPE),
            Entry("pipe", kind=tarfile.FIFOTYPE),
        ],
    )

    assert sorted(path.name for path in root.iterdir()) == ["su", "tmp"]
    assert (root / "su").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    "layer",
    [
        [Entry("/etc/absolute")],
        [Entry("../outside")],
        [Entry("a/../../outside")],
        [link("a", "/tmp"), Entry("a/through")],
        [link("a", ".."), Entry("a/through")],
        [link("a", "b"), folder("b"), Entry("a/.wh.b")],
        [Entry("a"), Entry("a/below")],
        [Entry("hard", kind=tarfile.LNKTYPE, link="/etc/hostname")],
        [Entry("hard", kind=tarfile.LNKTYPE, link="../image.tar")],
        [link("soft", "/etc/hostname"), Entry("hard", kind=tarfile.LNKTYPE, link="soft")],
        [link("a", "/etc"), Entry("hard", kind=tarfile.LNKTYPE, link="a/hostname")],
    ],
    ids=str,
)
def test_nothing_is_written_outside_or_through_a_link(tmp_path: Path, layer: list[Entry]) -> None:
    with pytest.raises(SandboxError):
        unpacked(tmp_path, layer)
    assert {path.name for path in tmp_path.iterdir()} == {"root", "image.tar"}


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("safe")
    root = unpacked(tmp_path, [link("a", str(outside))], [Entry("a", b"new")])

    assert outside.read_text() == "safe"
    assert (root / "a").read_bytes() == b"new"


@pytest.mark.parametrize("break_it", [lambda data: b"", lambda data: data[:700], lambda data: data[700:]])
def test_a_damaged_archive_is_named(tmp_path: Path, break_it: Callable[[bytes], bytes]) -> None:
    path = archive_of(tmp_path / "image.tar", [Entry("a")])
    path.write_bytes(break_it(path.read_bytes()))

    with pytest.raises(SandboxError, match=r"image\.tar"):
        archive_id(path)


@dataclass
class FakeEngine:
    """An engine with one image."""

    data: bytes = b""
    away: bool = False
    calls: list[str] = field(default_factory=list)

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        self.calls.append(method)
        if self.away:
            raise EngineUnavailable("the engine is away")
        if method == "inspect_image":
            return {"Id": f"sha256:{hashlib.sha256(self.data).hexdigest()}"}
        return iter([self.data[:1000], self.data[1000:]])


def engine(tmp_path: Path, text: bytes = b"first") -> FakeEngine:
    return FakeEngine(archive_of(tmp_path / "scratch.tar", [Entry("main", text)]).read_bytes())


def store(tmp_path: Path, made: FakeEngine) -> RootfsStore:
    return RootfsStore(tmp_path / "state", EngineImages(made))


def roots(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "state/rootfs").iterdir() if path.is_dir()}


async def test_an_image_is_unpacked_once_whoever_asks(tmp_path: Path) -> None:
    made = engine(tmp_path)
    stores = [store(tmp_path, made) for _ in range(3)]

    images = await asyncio.gather(*(one.image(TONGUE) for one in stores for _ in range(2)))

    assert len({image.rootfs for image in images}) == 1
    assert made.calls.count("get_image") == 1
    assert (images[0].rootfs / "main").read_bytes() == b"first"
    assert images[0].config.entrypoint == ("/sandfleet/init",)
    assert (images[0].rootfs / "etc/hosts").read_text().startswith("127.0.0.1")
    assert roots(tmp_path) == {images[0].id.removeprefix("sha256:")}  # no scratch is left
    for one in stores:
        one.close()


async def test_outdated_images_go_when_nobody_uses_them(tmp_path: Path) -> None:
    made = engine(tmp_path)
    ours, theirs = store(tmp_path, made), store(tmp_path, made)
    old = await ours.image(TONGUE)
    await theirs.image(TONGUE)
    made.data = engine(tmp_path, b"second").data
    new = await ours.image(TONGUE)

    await ours.prune(frozenset({new.id}))
    assert old.rootfs.is_dir()  # theirs
    theirs.close()
    await ours.prune(frozenset({new.id}))

    assert roots(tmp_path) == {new.id.removeprefix("sha256:")}
    ours.close()


async def test_what_a_worker_left_half_unpacked_goes(tmp_path: Path) -> None:
    ours = store(tmp_path, engine(tmp_path))
    image = await ours.image(TONGUE)
    half = tmp_path / "state/rootfs/.abc.123"
    half.mkdir()
    busy = FileLock.if_free(tmp_path / "state/rootfs/abc.making")
    assert busy is not None

    await ours.prune(frozenset({image.id}))
    assert half.exists()
    busy.release()
    await ours.prune(frozenset({image.id}))

    assert not half.exists()
    assert image.rootfs.is_dir()
    ours.close()


async def test_a_root_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    ours = store(tmp_path, engine(tmp_path))
    image = await ours.image(TONGUE)
    (image.rootfs.parent).rename(tmp_path / "away")

    with pytest.raises(ImageMissing):
        await ours.image(TONGUE)
    assert (await ours.image(TONGUE)).rootfs.is_dir()
    ours.close()


async def test_an_image_that_cannot_run_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    made = FakeEngine(archive_of(tmp_path / "scratch.tar", [Entry("a")], config={}).read_bytes())
    ours = store(tmp_path, made)

    with pytest.raises(SandboxError, match="entry point"):
        await ours.image(TONGUE)
    assert roots(tmp_path) == set()


async def test_an_engine_that_goes_away_takes_no_image_with_it(tmp_path: Path) -> None:
    made = engine(tmp_path)
    ours = store(tmp_path, made)
    image = await ours.image(TONGUE)
    made.away = True

    assert await ours.image(TONGUE) == image
    with pytest.raises(ImageMissing, match="away"):
        await ours.image(a_language("other"))
    ours.close()


async def test_the_operators_archive_goes_before_the_engines_image(tmp_path: Path) -> None:
    made, archives = engine(tmp_path), ArchiveImages(tmp_path / "images")
    ours = RootfsStore(tmp_path / "state", FirstOf(archives, EngineImages(made)))
    from_engine = await ours.image(TONGUE)
    path = archive_of(tmp_path / "images/tongue.tar", [Entry("main", b"archived")])

    from_archive = await ours.image(TONGUE)

    assert (from_archive.rootfs / "main").read_bytes() == b"archived"
    assert from_archive.id == archive_id(path) != from_engine.id
    assert path.exists()
    ours.close()


async def test_a_new_archive_is_noticed(tmp_path: Path) -> None:
    archives = ArchiveImages(tmp_path)
    archive_of(tmp_path / "tongue.tar", [Entry("a")])
    first = await archives.identify(TONGUE)
    other = {"config": {"Entrypoint": ["/other"]}}
    archive_of(tmp_path / "new.tar", [Entry("a")], config=other).replace(tmp_path / "tongue.tar")

    assert await archives.identify(TONGUE) != first
    with pytest.raises(ImageMissing, match=r"nothing\.tar"):
        await archives.identify(a_language("nothing"))


def test_a_lock_whose_file_was_removed_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = FileLock.if_free(path)
    assert first is not None
    assert FileLock.if_free(path) is None
    first.release(remove=True)

    second = FileLock.shared(path)
    third = FileLock.shared(path)
    assert FileLock.if_free(path) is None
    second.release()
    third.release()
    free = FileLock.if_free(path)
    assert free is not None
    free.release()
