"""Every image of the fleet, built when its inputs have changed and skipped when not.

The inputs of an image are the files it is built from and the ids of the images it stands on; their
hash is its label ``sandfleet.inputs``. Run as ``python -m setup.images [--starters | LANGUAGE ...]``.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from setup import engine
from setup.bases import (
    DEBOOTSTRAP,
    RECIPE,
    Base,
    base_from,
    bootstrap,
    choose,
    debian_suite,
    own_bases,
)
from setup.engine import ROOT, Docker, ImageTool, SetupError, step

LABEL = "sandfleet.inputs"
SERVICES = ("api", "worker", "subscriber")
INIT = "sandfleet/init:latest"
STARTERS = "--starters"
_IGNORED = {"__pycache__", ".ruff_cache", ".mypy_cache"}
# What a language folder holds for the services and the tests; no image is made from it.
_BESIDE = {"language.toml", "examples"}


@dataclass(frozen=True, slots=True)
class Image:
    """One image to build. ``args`` are build arguments; those naming an image count with its id."""

    tag: str
    context: Path
    inputs: tuple[Path, ...]
    dockerfile: Path
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


class Builder:
    """Builds what is not current, in the order it is asked, and remembers the ids."""

    def __init__(self, state: Path, bases: str, tool: ImageTool) -> None:
        self._state, self._tool = state, tool
        self._have = tool.images()
        self._asked = bases
        self._choice = ""
        self.skipped = 0

    def choose(self, wanted: Sequence[Base]) -> None:
        """Decide once where the bases of this run come from."""
        upstream = [base.upstream for base in wanted]
        have = frozenset(self._have)
        self._choice = choose(self._asked, upstream, have, self._debian_tag, self._tool.answers)

    def base(self, base: Base) -> str:
        """The tag of ``base``, pulled or made."""
        if self._choice == "upstream":
            if base.upstream not in self._have:
                with step(f"pulling {base.upstream}"):
                    self._tool.pull(base.upstream, self._log(f"pull-{base.name}"))
                self._learn(base.upstream)
            return base.upstream
        self._debian()
        if not base.packages:
            return self._debian_tag
        dockerfile = ROOT / "setup/debian.Dockerfile"
        args = {"FROM": self._debian_tag, "PACKAGES": " ".join(base.packages)}
        tag = f"sandfleet/base-{base.name}:debian"
        # The Dockerfile copies nothing, so any small folder serves as its context.
        self.build(Image(tag, ROOT / "setup", (dockerfile,), dockerfile, args=args))
        return tag

    def build(self, image: Image) -> None:
        """Build ``image`` unless it is current. Raises ``SetupError``."""
        inputs = self._inputs(image)
        if self._is(image.tag, inputs):
            self.skipped += 1
            return
        options = ["--label", f"{LABEL}={inputs}", "--file", str(image.dockerfile)]
        options += ["--target", image.target] if image.target else []
        for name, value in image.args.items():
            meant = self._tool.name(value) if value in self._have else value
            options += ["--build-arg", f"{name}={meant}"]
        with step(f"building {image.tag.removesuffix(':latest')}"):
            log = self._log(image.tag.replace("/", "-").replace(":", "-"))
            self._tool.build(image.tag, options, image.context, log)
        self._learn(image.tag, inputs)

    @property
    def _debian_tag(self) -> str:
        return f"sandfleet/debian:{debian_suite()}"

    def _debian(self) -> None:
        recipe = (*DEBOOTSTRAP, debian_suite(), str(RECIPE))
        inputs = _digest([("recipe", "\0".join(recipe).encode())])
        if not self._is(self._debian_tag, inputs):
            with step(f"making {self._debian_tag} (no registry)"):
                bootstrap(self._debian_tag, debian_suite(), inputs, self._state, self._tool)
            self._learn(self._debian_tag, inputs)

    def _inputs(self, image: Image) -> str:
        parts = [("files", digest_of(image.inputs, ROOT).encode())]
        parts.append(("dockerfile", image.dockerfile.read_bytes()))
        parts.append(("target", image.target.encode()))
        for name, value in sorted(image.args.items()):
            known = self._have.get(value)
            parts.append((f"arg {name}={value}", str(known["id"]).encode() if known else b""))
        return _digest(parts)

    def _is(self, tag: str, inputs: str) -> bool:
        known = self._have.get(tag)
        return known is not None and known["labels"].get(LABEL) == inputs

    def _learn(self, tag: str, inputs: str = "") -> None:
        self._have[tag] = {"id": self._tool.image_id(tag), "labels": {LABEL: inputs}}

    def _log(self, name: str) -> Path:
        return self._state / "log" / f"{name}.log"


def build_all(state: Path, bases: str, asked: Sequence[str] = ()) -> None:
    """Bring every image up to date; or the sandbox images of the languages ``asked`` for alone; or, for
    ``--starters``, the services and what a first start needs. Raises ``SetupError``."""
    languages, tool, own = read_bases(), Docker(), own_bases()
    if STARTERS in asked:
        have = tool.images()
        names = wanted(languages, {name for name in languages if _tag(name) in have})
    else:
        names = known(languages, asked) or list(languages)
    services = STARTERS in asked or not asked
    needed = own if services else {"init": own["init"]}
    with _building(state, bases, tool, [*needed.values(), *(languages[name] for name in names)]) as builder:
        _build_init(builder, own["init"])
        for name in names:
            _build_language(builder, languages[name])
        if services:
            _build_services(builder, own)


def build_sandboxes(state: Path, bases: str, tool: ImageTool, names: Sequence[str]) -> dict[str, str]:
    """Bring the sandbox images of some languages up to date, by any tool: their tags, by language."""
    languages, init = read_bases(), own_bases()["init"]
    with _building(state, bases, tool, [init, *(languages[name] for name in names)]) as builder:
        _build_init(builder, init)
        return {name: _build_language(builder, languages[name]) for name in names}


def read_bases() -> dict[str, Base]:
    """The base of every language, by name; a folder with a ``language.toml`` is a language."""
    found: dict[str, Base] = {}
    for name, table in _tables():
        try:
            found[name] = base_from(name, table["base"])
        except KeyError as error:
            raise SetupError(f"{name}/language.toml: {error!r}") from None
    return found


def wanted(languages: Iterable[str], built: Container[str]) -> list[str]:
    """Those of ``languages`` that a start needs: the starters, and what has been built before, so that
    nothing out of date is served."""
    starters = {name for name, table in _tables() if table.get("starter") is True}
    return [name for name in languages if name in starters or name in built]


def known(languages: Iterable[str], asked: Sequence[str]) -> list[str]:
    """The languages ``asked`` for. Raises ``SetupError`` for one that is none."""
    there = list(languages)
    unknown = sorted(set(asked) - set(there))
    if unknown:
        raise SetupError(f"there is no language {', '.join(unknown)}; there are {', '.join(there)}")
    return [name for name in there if name in asked]


def digest_of(paths: Iterable[Path], root: Path) -> str:
    """A digest of files and folders: names below ``root``, contents, execute bits."""
    return _digest((str(path.relative_to(root)), _content(path)) for path in _files(paths))


@contextmanager
def _building(state: Path, bases: str, tool: ImageTool, wanted: Sequence[Base]) -> Iterator[Builder]:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    builder = Builder(state, bases, tool)
    builder.choose(wanted)
    yield builder
    if builder.skipped:
        print(f"  {builder.skipped} images are current")


def _build_init(builder: Builder, base: Base) -> None:
    folder = ROOT / "sandbox-images/init"
    builder.build(_of_folder(INIT, folder, {"BASE": builder.base(base)}))


def _build_language(builder: Builder, base: Base) -> str:
    folder = ROOT / "sandbox-images" / base.name
    image = _of_folder(_tag(base.name), folder, {"BASE": builder.base(base), "INIT": INIT})
    builder.build(image)
    return image.tag


def _build_services(builder: Builder, own: Mapping[str, Base]) -> None:
    args = {"REDIS_BASE": builder.base(own["redis"]), "SERVICE_BASE": builder.base(own["service"])}
    dockerfile = ROOT / "Dockerfile"
    conf = (ROOT / "setup/redis.conf",)
    builder.build(Image("sandfleet/redis:latest", ROOT, conf, dockerfile, "redis", args))
    tables = tuple(sorted((ROOT / "sandbox-images").glob("*/language.toml")))
    named = ("requirements.txt", ".dockerignore", "setup/healthy.py", "fleet")
    shared = (*(ROOT / name for name in named), *tables)
    for service in SERVICES:
        image = Image(
            f"sandfleet/{service}:latest", ROOT, (*shared, ROOT / service), dockerfile, service, args
        )
        builder.build(image)


def _of_folder(tag: str, folder: Path, args: Mapping[str, str]) -> Image:
    inputs = tuple(path for path in folder.iterdir() if path.name not in _BESIDE)
    return Image(tag, folder, inputs, folder / "Dockerfile", args=args)


def _tag(language: str) -> str:
    return f"sandfleet/sandbox-{language}:latest"


def _tables() -> list[tuple[str, dict[str, Any]]]:
    """What every language says of itself, by name."""
    found = []
    for path in sorted((ROOT / "sandbox-images").glob("*/language.toml")):
        try:
            found.append((path.parent.name, tomllib.loads(path.read_text("utf-8"))))
        except ValueError as error:
            raise SetupError(f"{path}: {error}") from None
    return found


def _files(paths: Iterable[Path]) -> list[Path]:
    found: set[Path] = set()
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else (path,)
        found.update(item for item in inside if item.is_file() and not _IGNORED & set(item.parts))
    return sorted(found)


def _content(path: Path) -> bytes:
    # The execute bit is part of an image; the rest of the mode depends on the clone's umask.
    return (b"x" if path.stat().st_mode & 0o100 else b"-") + path.read_bytes()


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


if __name__ == "__main__":
    home = Path(os.environ.get("SANDFLEET_HOME") or ROOT / ".sandfleet")
    try:
        build_all(home, os.environ.get("SANDFLEET_BASES") or "auto", sys.argv[1:])
    except SetupError as failure:
        sys.exit(engine.complain(failure))
    except KeyboardInterrupt:
        sys.exit(130)
