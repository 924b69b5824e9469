"""The sandbox images of ``make dev``, built by buildah and kept as archives that a worker unpacks.

A build is enclosed: whatever ends it, no process and no mount of it is left. What is up to date is
known from a digest, without starting anything.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from setup import engine
from setup.bases import DEBOOTSTRAP, RECIPE
from setup.buildah import Buildah
from setup.engine import ROOT, SetupError
from setup.images import build_sandboxes, digest_of, known, read_bases, wanted
from setup.leash import enclosed

_STAMP = "inputs"


def ensure(home: Path, bases: str, more: Sequence[str] = ()) -> None:
    """Bring the archives below ``home`` up to date: those of the starters, those there are, and those of
    the languages ``more``. Raises ``SetupError``."""
    names = _names(home, more)
    if current(home, bases, names):
        return
    words = enclosed([sys.executable, "-m", __name__, str(home), bases, *names])
    done = subprocess.run(words, cwd=ROOT, check=False)
    if done.returncode or not current(home, bases, names):
        raise SetupError("There are no sandbox images; the lines above say why.")


def archives(home: Path) -> Path:
    """Where a worker whose state is below ``home`` looks for its images."""
    return state(home) / "images"


def state(home: Path) -> Path:
    """The state folder of the worker: archives, and what it makes of them."""
    return home / "state"


def current(home: Path, bases: str, names: Sequence[str]) -> bool:
    """Whether there is an archive for each of these languages, made from what is in the tree now."""
    folder = archives(home)
    try:
        stamp = (folder / _STAMP).read_text()
    except OSError:
        return False
    return stamp == _inputs(bases) and all((folder / f"{name}.tar").exists() for name in names)


def mark_current(home: Path, bases: str) -> None:
    """Note that the archives are those of the tree as it is now."""
    (archives(home) / _STAMP).write_text(_inputs(bases))


def build(home: Path, bases: str, names: Sequence[str]) -> None:
    """Build what has changed and write it down as archives. Raises ``SetupError``."""
    for left in home.glob("debian-*"):  # by a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = archives(home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STAMP).unlink(missing_ok=True)
    tool = Buildah(home / "buildah")
    tags = build_sandboxes(home, bases, tool, names)
    for language, tag in tags.items():
        archive, note = folder / f"{language}.tar", folder / f"{language}.id"
        image = tool.image_id(tag)
        if not archive.exists() or not note.exists() or note.read_text() != image:
            tool.save(tag, archive, home / "log/save.log")
            note.write_text(image)
    for file in folder.iterdir():
        if file.stem not in tags:
            file.unlink()
    tool.prune()
    mark_current(home, bases)


def _names(home: Path, more: Sequence[str]) -> list[str]:
    languages, there = list(read_bases()), {path.stem for path in archives(home).glob("*.tar")}
    return wanted(languages, there | set(known(languages, more)))


def _inputs(bases: str) -> str:
    files = [ROOT / "sandbox-images", ROOT / "setup/debian.Dockerfile", ROOT / "setup/bases.toml"]
    recipe = "\0".join((*DEBOOTSTRAP, str(RECIPE), bases))
    return hashlib.sha256(f"{digest_of(files, ROOT)}\0{recipe}".encode()).hexdigest()


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except SetupError as failure:
        sys.exit(engine.complain(failure))
    except KeyboardInterrupt:
        sys.exit(130)
