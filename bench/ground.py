"""What all parts of one run share: folders, the engine, the unpacked images, the words to a person."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.snippet import LANGUAGE, OTHER_LANGUAGE, ROOT
from fleet.errors import ImageMissing, SandboxError
from fleet.languages import read_languages
from worker.crun_doctor import survey
from worker.crun_sandbox import Host
from worker.docker_sandbox import DockerEngine
from worker.rootfs import ArchiveImages, EngineImages, FirstOf, Image, RootfsStore
from worker.settings import WorkerSettings

_ENGINE_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Given to every part."""

    home: Path  # kept between runs: the peers' virtual environments
    state: Path  # unpacked images
    run: Path  # on tmpfs where there is one, gone afterwards
    engine: DockerEngine
    host: Host | None  # None: nothing can be run by crun here, see ``no_crun``
    no_crun: str
    images: dict[str, Image]  # unpacked, by language
    quick: bool
    cores: int

    def seconds(self, usual: float) -> float:
        """How long to measure: a third of the usual when it shall be quick."""
        return usual / 3 if self.quick else usual

    @staticmethod
    def say(words: str) -> None:
        """Tell whoever waits what goes on; the table alone goes to stdout."""
        sys.stderr.write(f"  {time.strftime('%H:%M:%S')}  {words}\n")
        sys.stderr.flush()


@contextlib.asynccontextmanager
async def opened(home: Path, *, quick: bool) -> AsyncIterator[Ground]:
    """The ground of one run. Images are unpacked if they were not; afterwards nothing runs."""
    home.mkdir(parents=True, exist_ok=True)
    tmpfs = Path("/run")  # on most hosts
    run = (tmpfs if os.access(tmpfs, os.W_OK) else home) / f"sandfleet-bench-{os.getpid()}"
    run.mkdir(mode=0o711)
    # Not below ``home``: users of a sandbox must be able to pass through to their root.
    state = Path(tempfile.mkdtemp(prefix="sandfleet-bench-", dir="/var/tmp"))
    settings = WorkerSettings(state_dir=state, run_dir=run)
    engine = DockerEngine(settings.docker_host, _ENGINE_TIMEOUT_S, 32)
    store = RootfsStore(
        settings.state_dir, FirstOf(ArchiveImages(settings.state_dir / "images"), EngineImages(engine))
    )
    try:
        host, why = await _host(settings)
        images = await _images(store) if host else {}
        yield Ground(home, state, run, engine, host, why, images, quick, os.cpu_count() or 1)
    finally:
        store.close()
        engine.close()
        for folder in (run, state):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _host(settings: WorkerSettings) -> tuple[Host | None, str]:
    try:
        host, checks = await survey(settings)
    except SandboxError as error:
        return None, str(error)
    bad = [str(check) for check in checks if check.grade == "FAIL"]
    return (None, "; ".join(bad)) if bad else (host, "")


async def _images(store: RootfsStore) -> dict[str, Image]:
    languages = read_languages(ROOT / "sandbox-images")
    found = {}
    for name in (LANGUAGE, OTHER_LANGUAGE):
        with contextlib.suppress(ImageMissing):
            found[name] = await store.image(languages[name])
    return found
