"""The images that ours stand on: upstream ones where a registry answers, else made from Debian.

A base made here is tagged and labelled as what it is, never as the upstream image.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup.engine import ROOT, ImageTool, SetupError, ask, registry_answers, run

CHOICES = ("auto", "upstream", "debian")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
# In a mount namespace of its own: what debootstrap mounts is gone with it, however it ends.
DEBOOTSTRAP = ("unshare", "--mount", "debootstrap", "--variant=minbase", "--include=ca-certificates")
# Raise it when a base made before must be made again.
RECIPE = 1
_DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, slots=True)
class Base:
    """What one of our images stands on."""

    name: str
    upstream: str
    packages: tuple[str, ...]  # of Debian, that make an equivalent


def own_bases() -> dict[str, Base]:
    """The bases of init, Redis and the services, by name."""
    tables = tomllib.loads((ROOT / "setup/bases.toml").read_text())
    return {name: base_from(name, table) for name, table in tables.items() if name != "debian"}


def debian_suite() -> str:
    """The release of Debian that bases are made from."""
    tables = tomllib.loads((ROOT / "setup/bases.toml").read_text())
    return str(tables["debian"]["suite"])


def base_from(name: str, table: dict[str, object]) -> Base:
    """A base from a ``[base]`` table. Raises ``SetupError`` for what is no image or package name."""
    packages = table.get("debian")
    if not isinstance(packages, list) or not all(_PACKAGE.fullmatch(str(word)) for word in packages):
        raise SetupError(f"the base of {name}: debian must be a list of package names")
    return Base(name, str(table["upstream"]), tuple(packages))


def choose(
    asked: str,
    wanted: Sequence[str],
    have: frozenset[str],
    debian_tag: str,
    answers: Callable[[str], bool] = registry_answers,
) -> str:
    """``upstream`` or ``debian`` for every base of this run: a mixture would be hard to explain.

    What is there already decides, so that a second run asks nobody.
    """
    if asked not in CHOICES:
        raise SetupError(f"SANDFLEET_BASES={asked} is none of {', '.join(CHOICES)}")
    if asked != "auto":
        return asked
    if all(image in have for image in wanted):
        return "upstream"
    if debian_tag in have:
        return "debian"
    return "upstream" if answers(wanted[0]) else "debian"


def bootstrap(tag: str, suite: str, inputs: str, state: Path, tool: ImageTool) -> None:
    """Make ``tag``, a minimal Debian, with debootstrap. Needs root. Raises ``SetupError``."""
    log = state / "log" / "debootstrap.log"
    _ensure_debootstrap(suite, log)
    root = Path(tempfile.mkdtemp(prefix="debian-", dir=state))
    try:
        sources = host_sources(suite)
        mirror = [sources[0].split()[-3]] if sources else []
        environment = {**os.environ, "LC_ALL": "C", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        run(
            [*DEBOOTSTRAP, suite, str(root), *mirror],
            log,
            1800,
            env=environment,
        )
        _finish(root, sources)
        labels = {"sandfleet.inputs": inputs, "sandfleet.base": f"debian-{suite}-minbase"}
        with _packed(root) as tar:
            tool.take(tar, tag, labels, log)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def host_sources(suite: str, folder: Path = Path("/etc/apt")) -> list[str]:
    """The lines of this host's apt sources for ``suite`` of Debian itself, its updates and security."""
    suites = (suite, f"{suite}-updates", f"{suite}-security")
    found = [
        f"deb [signed-by={_DEBIAN_KEYRING}] {uri} {wanted} main"
        for wanted in suites
        for uri, its_suites, components in _entries(folder)
        if wanted in its_suites and "main" in components
    ]
    return list(dict.fromkeys(found))


def _entries(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for path in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]:
        if path.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", path.read_text(errors="replace")):
                yield from _from_stanza(stanza)
        elif path.suffix == ".list" and path.exists():
            for line in path.read_text(errors="replace").splitlines():
                words = re.sub(r"\[[^]]*\]", "", line.partition("#")[0]).split()
                if len(words) >= 4 and words[0] == "deb":
                    yield words[1], [words[2]], words[3:]


def _from_stanza(stanza: str) -> Iterator[tuple[str, list[str], list[str]]]:
    lines = (line for line in stanza.splitlines() if not line.startswith("#"))
    fields = {key.strip().lower(): value.split() for key, _, value in (line.partition(":") for line in lines)}
    if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
        for uri in fields.get("uris", []):
            yield uri, fields.get("suites", []), fields.get("components", [])


def _ensure_debootstrap(suite: str, log: Path) -> None:
    remedy = (
        "No registry answers, and a base can only be made from Debian's packages by root on Debian or "
        "Ubuntu.\nRun make as root there, or connect this machine to a registry."
    )
    if os.geteuid() != 0:
        raise SetupError(remedy)
    keyring = Path(_DEBIAN_KEYRING)
    if shutil.which("debootstrap", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") and keyring.exists():
        return
    if not shutil.which("apt-get"):
        raise SetupError(remedy)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ask(["apt-get", "update"], 300)  # one source of many that does not answer is no reason to give up
    packages = ["debootstrap", "debian-archive-keyring"]
    run(["apt-get", "install", "-y", "--no-install-recommends", *packages], log, 600, env=environment)


def _finish(root: Path, sources: Sequence[str]) -> None:
    listing = root / "etc/apt/sources.list"
    if sources:
        listing.write_text("\n".join(sources) + "\n")
    else:
        # debootstrap wrote its own mirror down; Debian keeps the security updates beside it.
        listing.write_text("".join(_with_security(line) for line in listing.read_text().splitlines()))
    # If this host trusts further authorities (a company's proxy), builds in the base must as well.
    if CA_BUNDLE.exists():
        shutil.copyfile(CA_BUNDLE, root / CA_BUNDLE.relative_to("/"))
    for cache in (root / "var/cache/apt/archives").glob("*.deb"):
        cache.unlink()
    shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)


def _with_security(line: str) -> str:
    words = line.split()
    if len(words) < 4 or not words[1].rstrip("/").endswith("/debian"):
        return f"{line}\n"
    uri, suite = words[1].rstrip("/"), words[2]
    return (
        f"{line}\ndeb {uri} {suite}-updates main\n"
        f"deb {uri.removesuffix('/debian')}/debian-security {suite}-security main\n"
    )


@contextlib.contextmanager
def _packed(root: Path) -> Iterator[int]:
    """The descriptor of a stream of everything below ``root``."""
    # Device nodes come from the engine, and /proc and /sys are empty but for what a crash left.
    pack = [
        "tar",
        "--create",
        "--numeric-owner",
        "--one-file-system",
        "--exclude=./dev/*",
        "--exclude=./proc/*",
    ]
    pack += ["--exclude=./sys/*", "--directory", str(root), "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as tar:
        assert tar.stdout is not None  # noqa: S101 - PIPE was asked for
        yield tar.stdout.fileno()
    if tar.returncode:
        raise SetupError(f"tar of the new base failed with status {tar.returncode}")
