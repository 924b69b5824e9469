"""Everything on this machine without an engine: ``make dev`` runs ``python -m setup.dev up``.

The API, one worker that makes its sandboxes with crun, the subscriber and an embedded Valkey are
children of this process, and end with it. What they write is below ``<SANDFLEET_HOME>/dev``; the queue
there outlives a restart. ``down`` ends a running one and removes its queue.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from setup import cluster, dev_services, engine, hello, keys
from setup.cluster import PREFIX, Cluster
from setup.engine import SetupError, step
from setup.leash import Child, end_with_parent

READY_S = 120  # the first start unpacks the images
DOWN_S = 60
# A worker's second SIGTERM has it give back what still runs; the next start finds that in the queue.
_HASTE_S, _END_S = 2.0, 10.0
_SHOWN_MAX = 60


class Interrupted(BaseException):
    """Somebody has asked for the end: Ctrl-C, SIGTERM, or the terminal is gone."""


class Stop:
    """Raises ``Interrupted`` at the first signal; after that it counts."""

    def __init__(self) -> None:
        self.asked = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._received)

    def _received(self, _number: int, _frame: object) -> None:
        self.asked += 1
        if self.asked == 1:
            raise Interrupted

    def expect(self) -> None:
        """From now on the first signal counts too: an end is under way."""
        self.asked = max(self.asked, 1)


def up(whole: Cluster, stop: Stop) -> None:
    """Start everything and follow completions until a signal comes. Raises ``SetupError``."""
    home = whole.state / "dev"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home):
        cluster.claim_port(whole, "make dev")
        for folder in ("log", "queue", "state", "tmp"):
            (home / folder).mkdir(exist_ok=True)
        more = os.environ.get("LANGS", "").split()
        python = dev_services.prepared(home, os.environ.get(f"{PREFIX}BASES") or "auto", more)
        services = dev_services.Services(replace(whole, state=home), python)
        try:
            with step("starting Valkey, api, subscriber and 1 worker"):
                services.start()
                hello.wait_until_ready(whole.url, READY_S, lambda: _alive(services.children))
            subscriber = services.start_subscriber()
            following = "Ctrl-C ends it; below are the subscriber's lines"
            cluster.greet(whole, services.key_command(), following, 'make dev LANGS="{}"', 1)
            _follow(subscriber, services.children)
        finally:
            stop.expect()
            keys.withdraw(home)
            _end(services.children, stop)


def down(whole: Cluster) -> None:
    """End a ``make dev`` that runs with this home, and remove its queue. Raises ``SetupError``."""
    home = whole.state / "dev"
    if not home.exists():
        return
    deadline = time.monotonic() + DOWN_S
    with (home / "lock").open("a+") as lock:
        if not _locked(lock.fileno()):
            lock.seek(0)
            holder = int(lock.read())
            with step("stopping make dev"), contextlib.suppress(ProcessLookupError):
                os.kill(holder, signal.SIGTERM)
                while not _locked(lock.fileno()):
                    if time.monotonic() > deadline:
                        raise SetupError(f"make dev (process {holder}) does not end")
                    time.sleep(0.1)
        shutil.rmtree(home / "queue", ignore_errors=True)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the lock of ``home``, which tells ``down`` whom to end."""
    with (home / "lock").open("a+") as lock:
        if not _locked(lock.fileno()):
            lock.seek(0)
            raise SetupError(
                f"make dev runs here already, as process {lock.read().strip()}.\n"
                "For another beside it:  make dev SANDFLEET_HOME=.sandfleet-2 SANDFLEET_PORT=3001"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _alive(children: Sequence[Child]) -> None:
    for child in children:
        if child.status is not None:
            raise SetupError(f"{child.last_words()}\n{child.name} has ended with status {child.status}")


def _follow(subscriber: Child, children: Sequence[Child]) -> None:
    """Print completions until a child ends (``SetupError``) or a signal comes (``Interrupted``)."""
    rest = b""
    with selectors.DefaultSelector() as watched:
        watched.register(subscriber.output, selectors.EVENT_READ)
        for child in children:
            watched.register(child.handle, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in watched.select()}
            if subscriber.output in ready:
                *lines, rest = (rest + os.read(subscriber.output, 65_536)).split(b"\n")
                for text in filter(None, map(readable, lines)):
                    print(text, flush=True)
            _alive(children)


def readable(line: bytes) -> str | None:
    """A line of the subscriber's log in words, if it is of interest to a person who looks on."""
    said = json.loads(line)
    at = str(said.pop("at", ""))[11:19]
    if said.get("event") == "problem_done":
        problem = _plain(str(said["problemId"]))
        return f"  {at}  {said['verdict']:<14}{said['language']:<14}{said['jobId']}  {problem}"
    if said.get("level") == "info":
        return None
    return f"  {at}  {_plain(str({name: said[name] for name in said if name not in ('service', 'room')}))}"


def _plain(text: str) -> str:
    """Text that whoever submits a job may have chosen, harmless to a terminal and not too long."""
    safe = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return safe if len(safe) <= _SHOWN_MAX else f"{safe[:_SHOWN_MAX]}..."


def _end(children: Sequence[Child], stop: Stop) -> None:
    """End all, the queue last; a further signal kills what is left."""
    if not children:
        return
    print()
    with step("stopping; running jobs go back to the queue"):
        for names in (
            (dev_services.API, dev_services.WORKER),
            (dev_services.SUBSCRIBER,),
            (dev_services.QUEUE,),
        ):
            _end_some([child for child in children if child.name in names], stop)


def _end_some(children: Sequence[Child], stop: Stop) -> None:
    begin, told, asked = time.monotonic(), 0, stop.asked
    while left := [child for child in children if child.status is None]:
        past_s = time.monotonic() - begin
        if past_s > _HASTE_S + _END_S or stop.asked > asked:
            for child in left:
                child.signal(signal.SIGKILL)
        elif told < 2 and past_s >= told * _HASTE_S:
            told += 1
            for child in left:
                child.signal(signal.SIGTERM)
        left[0].ended(0.05)


def main(verb: str) -> None:
    """Carry out one verb. Raises ``SetupError``."""
    whole = Cluster.from_environment(os.environ)
    if verb == "up":
        end_with_parent()
        up(whole, Stop())
    elif verb == "down":
        down(whole)
    else:
        raise SetupError(f"{verb} is neither up nor down")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except SetupError as failure:
        sys.exit(engine.complain(failure))
    except (Interrupted, KeyboardInterrupt):
        sys.exit(0)
