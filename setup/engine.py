"""The container engine, as setup uses it: its command line, with a deadline and a log for every call."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
QUICK_S = 60
_LONG_S = 1800
LOG_LINES_SHOWN = 30
DEFAULT_SOCKET = "/var/run/docker.sock"


class SetupError(Exception):
    """Setup cannot go on; the message names the cause and the remedy."""


@contextmanager
def step(words: str) -> Iterator[None]:
    """Print one line a step, and how many seconds it took when it is done."""
    print(f"  {words:<46} ", end="", flush=True)
    begin = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - begin:6.1f} s", flush=True)


def run(
    argv: Sequence[str],
    log: Path,
    timeout_s: float,
    *,
    stdin: int | None = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command with its output in ``log``. Raises ``SetupError`` with the end of the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(argv)}\n".encode())
        sink.flush()
        try:
            done = subprocess.run(
                argv, stdin=stdin, stdout=sink, stderr=sink, timeout=timeout_s, env=env, cwd=ROOT, check=False
            )
        except subprocess.TimeoutExpired:
            raise SetupError(f"{_end_of(log)}\n{argv[0]} did not end within {timeout_s:.0f} s") from None
        except FileNotFoundError:
            raise SetupError(f"{argv[0]} is not installed") from None
    if done.returncode:
        raise SetupError(f"{_end_of(log)}\n{' '.join(argv[:2])} failed; the whole log is in {log}")


def ask(argv: Sequence[str], timeout_s: float = QUICK_S) -> str | None:
    """What a command prints, or None if it fails, is missing or takes too long."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, cwd=ROOT, check=False
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


class ImageTool(Protocol):
    """What builds images and keeps them: the engine, or ``buildah.Buildah`` where there is none."""

    def images(self) -> dict[str, dict[str, Any]]:
        """Every tagged image: its id and its labels, by tag."""

    def image_id(self, tag: str) -> str:
        """The id of an image that must be there. Raises ``SetupError``."""

    def name(self, tag: str) -> str:
        """What the image is called in the arguments of a build."""

    def answers(self, image: str) -> bool:
        """Whether the registry of ``image`` can be reached."""

    def pull(self, image: str, log: Path) -> None:
        """Fetch an upstream image. Raises ``SetupError``."""

    def build(self, tag: str, options: Sequence[str], context: Path, log: Path) -> None:
        """Build an image from its Dockerfile. Raises ``SetupError``."""

    def take(self, tar: int, tag: str, labels: Mapping[str, str], log: Path) -> None:
        """Make an image of the file system in the stream ``tar``. Raises ``SetupError``."""


class Docker:
    """The engine as an ``ImageTool``."""

    def __init__(self) -> None:
        self._environment: dict[str, str] | None = None

    def images(self) -> dict[str, dict[str, Any]]:
        """Every tagged image of the engine."""
        return images()

    def image_id(self, tag: str) -> str:
        """The id of an image that must be there."""
        return image_id(tag)

    def name(self, tag: str) -> str:
        """The tag itself."""
        return tag

    def answers(self, image: str) -> bool:
        """Whether the engine can reach the image's registry."""
        return registry_answers(image)

    def pull(self, image: str, log: Path) -> None:
        """``docker pull``."""
        run(["docker", "pull", "--quiet", image], log, _LONG_S)

    def build(self, tag: str, options: Sequence[str], context: Path, log: Path) -> None:
        """``docker build``."""
        if self._environment is None:
            self._environment = build_environment()
        words = ["docker", "build", "--tag", tag, *options, str(context)]
        run(words, log, _LONG_S, env=self._environment)

    def take(self, tar: int, tag: str, labels: Mapping[str, str], log: Path) -> None:
        """``docker import``."""
        changes = [f"LABEL {name}={value}" for name, value in labels.items()]
        options = [word for change in changes for word in ("--change", change)]
        run(["docker", "import", *options, "-", tag], log, _LONG_S, stdin=tar)


def images() -> dict[str, dict[str, Any]]:
    """Every tagged image of the engine: its id and its labels, by tag."""
    names = ask(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"])
    if names is None:
        raise SetupError("the engine does not answer; setup/engine.sh up starts it")
    tags = [name for name in names.split() if "<none>" not in name]
    found: dict[str, dict[str, Any]] = {}
    # One call for all; on an engine used by others too, the list may be long or change meanwhile.
    for begin in range(0, len(tags), 100):
        listed = _inspect(tags[begin : begin + 100])
        for image in listed:
            value = {"id": image["Id"], "labels": (image.get("Config") or {}).get("Labels") or {}}
            found.update(dict.fromkeys(image["RepoTags"] or (), value))
    return found


def image_id(tag: str) -> str:
    """The id of an image that must be there. Raises ``SetupError``."""
    found = ask(["docker", "image", "inspect", "--format", "{{.Id}}", tag])
    if found is None:
        raise SetupError(f"the image {tag} is not there after its build")
    return found


def build_environment() -> dict[str, str]:
    """The environment of a build: without BuildKit where its client plugin is missing."""
    environment = dict(os.environ)
    if ask(["docker", "buildx", "version"], 15) is None:
        environment["DOCKER_BUILDKIT"] = "0"
    return environment


def compose_command() -> list[str]:
    """The compose that is there, the plugin first. Raises ``SetupError``."""
    if ask(["docker", "compose", "version"], 15) is not None:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise SetupError("neither 'docker compose' nor 'docker-compose' is there; setup/engine.sh up installs it")


def socket_path() -> Path:
    """The engine's socket on this host. Raises ``SetupError`` if the engine is on another."""
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        raise SetupError("DOCKER_HOST names another machine; workers need the socket of their own engine")
    return Path(host.removeprefix("unix://") or DEFAULT_SOCKET)


def registry_answers(image: str, timeout_s: float = 8) -> bool:
    """Whether the engine can reach the registry of ``image``; it downloads nothing but a manifest."""
    connection = http.client.HTTPConnection("engine", timeout=timeout_s)
    try:
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(timeout_s)
        connection.sock.connect(str(socket_path()))
        connection.request("GET", f"/distribution/{image}/json")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port of the loopback that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def complain(error: SetupError) -> int:
    """Print why setup stopped; the exit status of the process."""
    print(f"\n{error}", file=sys.stderr)
    return 1


def _inspect(tags: Sequence[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["docker", "image", "inspect", *tags],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=QUICK_S,
        check=False,
    )
    # It exits 1 when one of them is gone by now, and still prints the others.
    listed: list[dict[str, Any]] = json.loads(done.stdout or b"[]")
    return listed


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(f"  | {line}" for line in lines[-LOG_LINES_SHOWN:])
