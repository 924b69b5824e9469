"""The cluster on this machine: up, down, scale, ps, logs, doctor, its keys.

Run as ``python -m setup.cluster VERB``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from setup import accounts, engine, hello, keys
from setup.engine import ROOT, SetupError, step

PREFIX = "SANDFLEET_"
# Settings of setup itself, with default and meaning; every other SANDFLEET_ name is a setting of the
# services. Those without a meaning are passed to compose.yaml and not meant to be set.
OWN: Mapping[str, tuple[str, str]] = {
    "PORT": ("3000", "port of this machine the API is published on"),
    "BIND": ("127.0.0.1", "address of this machine the API is published on; beyond loopback it needs keys"),
    "PROJECT": ("sandfleet", "name of the cluster; another one lives beside the first, on another port"),
    "HOME": (".sandfleet", "folder for secrets, logs, and `settings.env` with settings of the services"),
    "BASES": ("auto", "what images stand on: `upstream` images, ones made from `debian` packages, or `auto`"),
    "REDIS_FSYNC": (
        "always",
        "`always`: a power cut loses no accepted job; `everysec`: faster, may lose some",
    ),
    "REDIS_MEMORY": ("512mb", "memory Redis may use before it refuses new jobs"),
    "SOCKET": ("", ""),
    "SOCKET_GID": ("", ""),
    "ACCOUNTS": ("", ""),
}
READY_S = 120
_LIST_SETTINGS = """
import importlib, sys
from fleet.settings import PREFIX, FleetSettings
room = vars(importlib.import_module(sys.argv[1] + ".settings")).values()
kinds = [kind for kind in room if isinstance(kind, type) and issubclass(kind, FleetSettings)]
print(*{(PREFIX + name).upper() for kind in kinds for name in kind.model_fields})
"""


@dataclass(frozen=True)
class Cluster:
    """One cluster: a compose project with a port, a folder for its secrets, and its settings."""

    project: str = "sandfleet"
    port: int = 3000
    bind: str = "127.0.0.1"
    state: Path = ROOT / ".sandfleet"
    fsync: str = "always"
    redis_memory: str = "512mb"
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Cluster:
        """The cluster that the ``SANDFLEET_*`` variables and ``settings.env`` describe."""
        own = {name: environment[PREFIX + name] for name in OWN if environment.get(PREFIX + name)}
        state = Path(own.get("HOME") or cls.state).absolute()
        settings = dict(_read_settings(state / "settings.env"))
        for name, value in environment.items():
            if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in OWN:
                settings[name] = value
        project = own.get("PROJECT", cls.project)
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", project):
            raise SetupError(f"SANDFLEET_PROJECT={project}: use small letters, digits, - and _")
        if not own.get("PORT", "3000").isdigit():
            raise SetupError(f"SANDFLEET_PORT={own['PORT']} is not a port")
        return cls(
            project=project,
            port=int(own.get("PORT", cls.port)),
            bind=own.get("BIND", cls.bind),
            state=state,
            fsync=own.get("REDIS_FSYNC", cls.fsync),
            redis_memory=own.get("REDIS_MEMORY", cls.redis_memory),
            settings=settings,
        )

    @property
    def url(self) -> str:
        """Where this machine reaches the API."""
        return f"http://{'127.0.0.1' if self.bind == '0.0.0.0' else self.bind}:{self.port}"  # noqa: S104

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the API."""
        return self.bind.strip("[]") in ("localhost", "::1") or self.bind.startswith("127.")

    def compose(self, *words: str) -> list[str]:
        """The command line of compose for this cluster."""
        return [*engine.compose_command(), "-p", self.project, "-f", str(ROOT / "compose.yaml"), *words]

    def environment(self) -> dict[str, str]:
        """The environment compose runs in: the variables that compose.yaml names."""
        path = engine.socket_path()
        acl = self.state / "accounts.acl"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return kept | {
            "SANDFLEET_HOME": str(self.state),
            "SANDFLEET_PORT": str(self.port),
            "SANDFLEET_BIND": self.bind,
            "SANDFLEET_REDIS_FSYNC": self.fsync,
            "SANDFLEET_REDIS_MEMORY": self.redis_memory,
            "SANDFLEET_ACCOUNTS": accounts.fingerprint(acl),
            "SANDFLEET_SOCKET": str(path),
            "SANDFLEET_SOCKET_GID": str(path.stat().st_gid) if path.exists() else "0",
        }

    def key_command(self) -> keys.Command:
        """What runs ``python -m api.keys`` beside this cluster's Redis. Raises ``SetupError``.

        In a container of its own: the account that makes keys is nothing a service should ever have seen.
        """
        settings = self.state / "keys.env"
        if not (settings.exists() and self.containers("redis")):
            none = "nothing runs here that has keys; start it, or bring it up to date:  make up"
            return keys.left_by(self.state / "dev", none)
        place = ("--network", f"{self.project}_queue", "--env-file", str(settings))
        closed = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
        image = "sandfleet/api:latest"
        return keys.Command(["docker", "run", "--rm", *closed, *place, image, "python", "-m", "api.keys"])

    def sandboxes(self) -> list[str]:
        """Ids of the sandbox containers of this cluster's workers."""
        label = f"label=sandfleet.fleet={self.project}"
        found = engine.ask(["docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", label])
        return found.split() if found else []

    def containers(self, service: str) -> list[str]:
        """Ids of the running containers of one service."""
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        found = engine.ask(["docker", "ps", "--quiet", "--no-trunc", *filters])
        return found.split() if found else []


def prepare(cluster: Cluster) -> None:
    """Write the accounts and the environment files that compose.yaml refers to."""
    cluster.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    cluster.state.chmod(0o700)
    passwords = accounts.ensure(cluster.state)
    wanted = shares(cluster.settings, _known_to_image)
    for room in accounts.OF_WEBHOOKS:
        made = {f"{PREFIX}WEBHOOK_SECRET": accounts.webhook_secret(cluster.state)}
        wanted[room] = made | wanted[room]
    wanted[accounts.KEYS] = key_settings(cluster.state, cluster.settings)
    for room in wanted:
        values = {f"{PREFIX}REDIS_URL": f"redis://{room}:{passwords[room]}@redis:6379/0", **wanted[room]}
        if room == "worker":
            values[f"{PREFIX}FLEET"] = cluster.project
        text = "".join(f"{name}={value}\n" for name, value in sorted(values.items()))
        accounts.write(cluster.state / f"{room}.env", text, 0o600)


def key_settings(state: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """What ``python -m api.keys`` must know beside its account: little, since it is no service."""
    made = {f"{PREFIX}WEBHOOK_SECRET": accounts.webhook_secret(state)}
    return made | {name: settings[name] for name in (*made, f"{PREFIX}REDIS_REPLICAS") if name in settings}


def recall(cluster: Cluster) -> None:
    """See to it that the files compose.yaml refers to are there, as they were at the last start."""
    if not all((cluster.state / f"{room}.env").exists() for room in accounts.ROOMS):
        prepare(replace(cluster, settings={}))


def up(cluster: Cluster, workers: int | None) -> None:
    """Bring the cluster up and return once it is ready to run jobs. Raises ``SetupError``."""
    if not cluster.containers("api"):
        claim_port(cluster, "make up")
    _refuse_to_be_open(cluster)
    prepare(cluster)
    count = workers or len(cluster.containers("worker")) or 1
    with step(f"starting redis, api, subscriber and {count} worker{'s' * (count > 1)}"):
        words = cluster.compose("up", "--detach", "--remove-orphans", "--scale", f"worker={count}")
        engine.run(words, cluster.state / "log/compose.log", 300, env=cluster.environment())
    with step("waiting until a worker is ready"):
        try:
            hello.wait_until_ready(cluster.url, READY_S, lambda: None)
        except SetupError as error:
            raise SetupError(f"{_tail(cluster)}\n{error}") from None


def greet(cluster: Cluster, command: keys.Command, following: str, more: str, rounds: int = 4) -> None:
    """Run an example in every language, with a key that ends with it where the API asks for one."""
    if not hello.asks_for_key(cluster.url):
        hello.greet(hello.Site(cluster.url), [("More", more), ("Next", following)], rounds)
        return
    why = "" if cluster.is_local else f", as the API is published on {cluster.bind}"
    first = f"every request needs one{why}; the first:  make key NAME=me SCOPES=submit,read"
    with keys.temporary(command, "hello") as made:
        site = hello.Site(cluster.url, made.token)
        hello.greet(site, [("Keys", first), ("More", more), ("Next", following)], rounds)


def down(cluster: Cluster) -> None:
    """Leave nothing of the cluster behind: containers, sandboxes, networks, the queue's data."""
    if engine.ask(["docker", "version", "--format", "{{.Server.Version}}"]) is None:
        print("  no engine answers, so nothing runs")
        return
    recall(cluster)
    with step("stopping; running jobs may end first"):
        words = cluster.compose("down", "--volumes", "--remove-orphans")
        engine.run(words, cluster.state / "log/compose.log", 300, env=cluster.environment())
    left = cluster.sandboxes()
    if left:
        with step(f"removing {len(left)} sandboxes"):
            remove = ["docker", "rm", "--force", "--volumes", *left]
            engine.run(remove, cluster.state / "log/compose.log", 120)


def scale(cluster: Cluster, workers: int) -> None:
    """Run ``workers`` workers; those that leave give running jobs the time to end."""
    with step(f"scaling to {workers} worker{'s' * (workers != 1)}"):
        words = cluster.compose("up", "--detach", "--no-recreate", "--scale", f"worker={workers}", "worker")
        engine.run(words, cluster.state / "log/compose.log", 300, env=cluster.environment())


def doctor(cluster: Cluster) -> int:
    """Run the worker's checks where a worker runs, with a Redis to check; the exit status."""
    recall(cluster)
    was_up = bool(cluster.containers("redis"))
    words = cluster.compose("run", "--rm", "-T", "worker", "python", "-m", "worker", "doctor")
    with (cluster.state / "log/compose.log").open("ab") as log:
        done = subprocess.run(words, env=cluster.environment(), cwd=ROOT, stderr=log, check=False)
    if not was_up:
        engine.run(cluster.compose("down"), cluster.state / "log/compose.log", 120, env=cluster.environment())
    return done.returncode


def reset(cluster: Cluster) -> None:
    """Remove the images of ours, the virtual environment and everything setup has made."""
    answers = engine.ask(["docker", "version", "--format", "{{.Server.Version}}"]) is not None
    tags = [tag for tag in engine.images() if tag.startswith("sandfleet/")] if answers else []
    if tags:
        with step(f"removing {len(tags)} images"):
            engine.run(["docker", "image", "rm", "--force", *tags], cluster.state / "log/clean.log", 300)
    for folder in (ROOT / ".venv", cluster.state):
        shutil.rmtree(folder, ignore_errors=True)


def _read_settings(path: Path) -> Iterable[tuple[str, str]]:
    for line in path.read_text().splitlines() if path.exists() else ():
        name, equals, value = line.strip().partition("=")
        if line.strip() and not line.startswith("#"):
            if not equals or not name.startswith(PREFIX):
                raise SetupError(f"{path}: {line!r} is not {PREFIX}NAME=value")
            yield name, value


def shares(
    settings: Mapping[str, str], known_to: Callable[[Sequence[str], str], Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Each room's share of ``settings``; a service refuses names it does not know, so ask which it does.

    ``known_to`` runs a Python with these arguments where the room's code is, and returns its words.
    """
    by_room: dict[str, dict[str, str]] = {room: {} for room in accounts.ROOMS}
    if not settings:
        return by_room
    unknown = set(settings)
    for room, share in by_room.items():
        known = known_to(["-c", _LIST_SETTINGS, room], room)
        share.update({name: value for name, value in settings.items() if name in known})
        unknown -= set(known)
    if unknown:
        own = ", ".join(PREFIX + name for name, (_, meaning) in OWN.items() if meaning)
        raise SetupError(
            f"unknown setting {', '.join(sorted(unknown))}: README.md lists those of the services, "
            f"and make itself takes {own}"
        )
    return by_room


def _known_to_image(arguments: Sequence[str], room: str) -> Sequence[str]:
    ask = ["docker", "run", "--rm", "--network", "none", f"sandfleet/{room}:latest"]
    return (engine.ask([*ask, "python", *arguments]) or "").split()


def claim_port(cluster: Cluster, command: str) -> None:
    """Raise ``SetupError`` if somebody else has the port, with another to give to ``command``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((cluster.bind, cluster.port))
        except OSError as error:
            raise SetupError(
                f"port {cluster.port} on {cluster.bind} cannot be used: {error.strerror}.\n"
                f"Choose another:  {command} SANDFLEET_PORT={cluster.port + 1}"
            ) from None


def _refuse_to_be_open(cluster: Cluster) -> None:
    # The API refuses it too; but nobody should have to wait until it did.
    if cluster.settings.get(f"{PREFIX}KEYS") == "off" and not cluster.is_local:
        raise SetupError(
            f"SANDFLEET_KEYS=off lets everybody who reaches {cluster.bind} run code and read all results.\n"
            "Leave it out, and make keys:  make key NAME=me\n"
            "If that is what you want:     SANDFLEET_KEYS=off-everywhere"
        )


def _tail(cluster: Cluster) -> str:
    words = cluster.compose("logs", "--tail", "8", "--no-color")
    done = subprocess.run(
        words,
        env=cluster.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return "\n".join(f"  | {line[:300]}" for line in done.stdout.decode(errors="replace").splitlines())


def _count(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise SetupError(f"WORKERS={text} is not a number from 1 to 100")
    return int(text)


def main(verb: str) -> None:
    """Carry out one verb. Raises ``SetupError``."""
    cluster = Cluster.from_environment(os.environ)
    workers = _count(os.environ.get("WORKERS"))
    if verb == "up":
        up(cluster, workers)
        following = "make logs   make scale WORKERS=3   make down   make help"
        greet(cluster, cluster.key_command(), following, 'make images LANGS="{}"')
    elif verb == "down":
        down(cluster)
    elif verb == "scale":
        if workers is None:
            raise SetupError("how many?  make scale WORKERS=3")
        scale(cluster, workers)
    elif verb == "doctor":
        sys.exit(doctor(cluster))
    elif verb == "clean":
        reset(cluster)
    elif verb in keys.VERBS:
        asked, makes = keys.words(verb, os.environ), cluster.key_command()
        os.chdir(ROOT)
        os.execvpe(makes.argv[0], [*makes.argv, *asked], makes.whole_environment())  # noqa: S606 - as below
    elif verb in ("ps", "logs"):
        recall(cluster)
        follow = ["logs", "--follow", "--no-log-prefix", "--tail", "20", "subscriber"]
        words = ["ps"] if verb == "ps" else follow
        command = cluster.compose(*words)
        os.chdir(ROOT)
        os.execvpe(command[0], command, cluster.environment())  # noqa: S606 - a fixed command
    else:
        known = ", ".join(("up, down, scale, ps, logs, doctor, clean", *keys.VERBS))
        raise SetupError(f"{verb} is none of {known}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except SetupError as failure:
        sys.exit(engine.complain(failure))
    except KeyboardInterrupt:
        sys.exit(130)
