"""Every image of the fleet, built when its inputs have changed and skipped when not.

The inputs of an image are the files it is built from and the ids of the images it stands on; their
hash is its label ``sandfleet.inputs``. Run as ``python -m setup.images [LANGUAGE ...]``.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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
from setup.engine import ROOT, SetupError, step

LABEL = "sandfleet.inputs"
SERVICES = ("api", "worker", "subscriber")
INIT = "sandfleet/init:latest"
BUILD_S = 1800
PULL_S = 1800
_IGNORED = {"__pycache__", ".ruff_cache", ".mypy_cache"}


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

    def __init__(self, state: Path, bases: str) -> None:
        self._state = state
        self._have = engine.images()
        self._environment: dict[str, str] | None = None
        self._asked = bases
        self._choice = ""
        self.skipped = 0

    def choose(self, wanted: Sequence[Base]) -> None:
        """Decide once where the bases of this run come from."""
        upstream = [base.upstream for base in wanted]
        self._choice = choose(self._asked, upstream, frozenset(self._have), self._debian_tag)

    def base(self, base: Base) -> str:
        """The tag of ``base``, pulled or made."""
        if self._choice == "upstream":
            if base.upstream not in self._have:
                with step(f"pulling {base.upstream}"):
                    log = self._log(f"pull-{base.name}")
                    engine.run(["docker", "pull", "--quiet", base.upstream], log, PULL_S)
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
        if self._environment is None:
            self._environment = engine.build_environment()
        argv = ["docker", "build", "--tag", image.tag, "--label", f"{LABEL}={inputs}"]
        argv += ["--file", str(image.dockerfile)]
        argv += ["--target", image.target] if image.target else []
        argv += [word for name, value in image.args.items() for word in ("--build-arg", f"{name}={value}")]
        with step(f"building {image.tag.removesuffix(':latest')}"):
            name = image.tag.replace("/", "-").replace(":", "-")
            engine.run([*argv, str(image.context)], self._log(name), BUILD_S, env=self._environment)
        self._learn(image.tag, inputs)

    @property
    def _debian_tag(self) -> str:
        return f"sandfleet/debian:{debian_suite()}"

    def _debian(self) -> None:
        recipe = (*DEBOOTSTRAP, debian_suite(), str(RECIPE))
        inputs = _digest([("recipe", "\0".join(recipe).encode())])
        if not self._is(self._debian_tag, inputs):
            with step(f"making {self._debian_tag} (no registry)"):
                bootstrap(self._debian_tag, debian_suite(), inputs, self._state)
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
        self._have[tag] = {"id": engine.image_id(tag), "labels": {LABEL: inputs}}

    def _log(self, name: str) -> Path:
        return self._state / "log" / f"{name}.log"


def build_all(state: Path, bases: str, only: Sequence[str] = ()) -> None:
    """Bring every image up to date, or those of the languages ``only``. Raises ``SetupError``."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    languages = read_bases()
    unknown = sorted(set(only) - set(languages))
    if unknown:
        raise SetupError(f"there is no language {', '.join(unknown)}; there are {', '.join(languages)}")
    own = own_bases()
    builder = Builder(state, bases)
    builder.choose([*own.values(), *languages.values()])
    _build_init(builder, own["init"])
    for name in only or languages:
        _build_language(builder, languages[name])
    if not only:
        _build_services(builder, own)
    if builder.skipped:
        print(f"  {builder.skipped} images are current")


def read_bases() -> dict[str, Base]:
    """The base of every language, by name; a folder with a ``language.toml`` is a language."""
    found: dict[str, Base] = {}
    for path in sorted((ROOT / "sandbox-images").glob("*/language.toml")):
        try:
            found[path.parent.name] = base_from(path.parent.name, tomllib.loads(path.read_text())["base"])
        except (KeyError, ValueError) as error:
            raise SetupError(f"{path}: {error!r}") from None
    return found


def digest_of(paths: Iterable[Path], root: Path) -> str:
    """A digest of files and folders: names below ``root``, contents, execute bits."""
    return _digest((str(path.relative_to(root)), _content(path)) for path in _files(paths))


def _build_init(builder: Builder, base: Base) -> None:
    folder = ROOT / "sandbox-images/init"
    builder.build(_of_folder(INIT, folder, {"BASE": builder.base(base)}))


def _build_language(builder: Builder, base: Base) -> None:
    folder = ROOT / "sandbox-images" / base.name
    args = {"BASE": builder.base(base), "INIT": INIT}
    builder.build(_of_folder(f"sandfleet/sandbox-{base.name}:latest", folder, args))


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
    return Image(tag, folder, (folder,), folder / "Dockerfile", args=args)


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
