"""Images without a container engine: buildah, whose store is a folder of ours.

Every command is a process of its own, so nothing keeps running; `RUN` lines are run in a chroot, on
the network of this host.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from setup.engine import SetupError, ask, run

_LOCAL, _DEFAULT, _OFFICIAL = "localhost/", "docker.io/", "docker.io/library/"
# Where the default registry answers, which is not where its images are named after.
_ANSWERS_AT = {"docker.io": "registry-1.docker.io"}
_OURS = "sandfleet/"
_LONG_S = 1800


class Buildah:
    """An ``engine.ImageTool`` on the folder ``home``, which nobody else may be using."""

    def __init__(self, home: Path) -> None:
        self._home = home
        running = home / "running"
        # It notes which mounts and containers are in use; those of a killed run are not.
        shutil.rmtree(running, ignore_errors=True)
        words = ["buildah", "--root", str(home / "store"), "--runroot", str(running), "--storage-driver"]
        # Overlays cannot be mounted everywhere, on other overlays for one; then files are copied.
        there = ask([*words, "overlay", "info"]) is not None
        self._words = [*words, "overlay" if there else "vfs"]
        self._say("rm", "--all")

    def images(self) -> dict[str, dict[str, Any]]:
        """Every tagged image: its id and its labels, by tag."""
        listed = json.loads(self._say("images", "--json", "--no-trunc") or "[]")
        return {
            _short(name): self._inspect(name) for image in listed or () for name in image.get("names") or ()
        }

    def image_id(self, tag: str) -> str:
        """The id of an image that must be there. Raises ``SetupError``."""
        return str(self._inspect(self.name(tag))["id"])

    def name(self, tag: str) -> str:
        """The full name of an image, which asks no configuration of the host what it means."""
        return full_name(tag)

    def answers(self, image: str, timeout_s: float = 5) -> bool:
        """Whether the registry of ``image`` can be reached."""
        host = self.name(image).partition("/")[0]
        try:
            with urllib.request.urlopen(f"https://{_ANSWERS_AT.get(host, host)}/v2/", timeout=timeout_s):
                return True
        except urllib.error.HTTPError as error:
            return error.code == 401  # it is one, and wants to know who pulls what
        except OSError:
            return False

    def pull(self, image: str, log: Path) -> None:
        """Fetch an upstream image. Raises ``SetupError``."""
        run([*self._words, "pull", "--quiet", self.name(image)], log, _LONG_S)

    def build(self, tag: str, options: Sequence[str], context: Path, log: Path) -> None:
        """Build an image from its Dockerfile. Raises ``SetupError``."""
        how = ["--isolation", "chroot", "--format", "docker", "--pull-never"]
        run([*self._words, "bud", *how, "--tag", self.name(tag), *options, str(context)], log, _LONG_S)

    def take(self, tar: int, tag: str, labels: Mapping[str, str], log: Path) -> None:
        """Make an image of the file system in the stream ``tar``. Raises ``SetupError``."""
        with self._container() as name:
            root = self._must("mount", name)
            run(["tar", "--extract", "--numeric-owner", "--directory", root], log, _LONG_S, stdin=tar)
            for label, value in labels.items():
                self._must("config", "--label", f"{label}={value}", name)
            run([*self._words, "commit", "--format", "docker", name, self.name(tag)], log, _LONG_S)

    def save(self, tag: str, archive: Path, log: Path) -> None:
        """Write an image as ``docker save`` would. Raises ``SetupError``."""
        fresh = archive.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # it would be added to
        run([*self._words, "push", self.name(tag), f"docker-archive:{fresh}:{tag}"], log, _LONG_S)
        fresh.replace(archive)

    def prune(self) -> None:
        """Remove what no tag names any more."""
        self._say("rmi", "--prune")

    @contextlib.contextmanager
    def _container(self) -> Iterator[str]:
        name = self._must("from", "scratch")
        try:
            yield name
        finally:
            self._say("rm", name)

    def _inspect(self, name: str) -> dict[str, Any]:
        found = json.loads(self._must("inspect", "--type", "image", name))
        labels = (found["OCIv1"].get("config") or {}).get("Labels") or {}
        return {"id": f"sha256:{found['FromImageID']}", "labels": labels}

    def _say(self, *words: str) -> str | None:
        return ask([*self._words, *words])

    def _must(self, *words: str) -> str:
        said = self._say(*words)
        if said is None:
            raise SetupError(f"this failed:  {' '.join([*self._words, *words])}")
        return said


def full_name(tag: str) -> str:
    """The name of an image with its registry: ours are nobody's, others the default one's unless they say."""
    first, slash, _ = tag.partition("/")
    if tag.startswith(_OURS):
        return _LOCAL + tag
    if not slash:
        return _OFFICIAL + tag
    return tag if "." in first or ":" in first or first == "localhost" else _DEFAULT + tag


def _short(name: str) -> str:
    for prefix in (_LOCAL, _OFFICIAL, _DEFAULT):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
