"""``make dev`` as a newcomer meets it: no engine, no trace, nothing lost by a restart."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from setup import dev, dev_images, dev_services, hello
from setup.buildah import Buildah, full_name
from setup.engine import ROOT
from setup.images import read_bases, wanted
from tests.acceptance.harness import docker, until
from tests.chaos.processes import free_port
from worker.archive import archive_id, unpack
from worker.cgroups import find_hierarchies, names_below

BASES = "debian"
STARTERS = wanted(read_bases(), ())
NOT_FINISHED = "import time; print('begun', flush=True); time.sleep(5); print('ended')"
READY = "Ctrl-C ends it"
START_S = 90
EVERYWHERE = "0.0.0.0"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with current images. They were built by the engine: how does not matter to what runs them."""
    folder = Path(tempfile.mkdtemp(prefix="sandfleet-dev-"))
    try:
        archives = dev_images.archives(folder / "dev")
        archives.mkdir(parents=True)
        for name in STARTERS:
            docker("save", "--output", str(archives / f"{name}.tar"), f"sandfleet/sandbox-{name}:latest")
        dev_images.mark_current(folder / "dev", BASES)
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass
class Dev:
    """One ``make dev``, seen from outside."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    said: Path

    @property
    def text(self) -> str:
        return self.said.read_text()

    def shows(self, word: str) -> bool:
        return word in self.text

    def submit(
        self, code: str, language: str = "python", problem: str = "dev", **prefer: str
    ) -> dict[str, Any]:
        body = {"problemId": problem, "code": code, "language": language}
        answer = httpx2.post(f"http://127.0.0.1:{self.port}/submit", json=body, headers=prefer, timeout=60)
        assert answer.status_code in (200, 202), answer.text
        said: dict[str, Any] = answer.json()
        return said

    def get(self, path: str) -> dict[str, Any]:
        answer = httpx2.get(f"http://127.0.0.1:{self.port}{path}", timeout=60)
        said: dict[str, Any] = answer.json()
        return said | {"status": answer.status_code}

    def end(self, number: signal.Signals) -> int:
        """Its exit status after this signal."""
        self.process.send_signal(number)
        return self.process.wait(40)


@contextlib.contextmanager
def running(home: Path, scratch: Path, **settings: str) -> Iterator[Dev]:
    """A ``make dev`` that has had its first results."""
    made = begin(home, scratch, free_port(), **settings)
    try:
        until(lambda: READY in made.text or made.process.poll() is not None, "readiness", START_S)
        assert READY in made.text, made.text
        yield made
    finally:
        if made.process.poll() is None:
            made.end(signal.SIGINT)


def begin(home: Path, scratch: Path, port: int, **settings: str) -> Dev:
    for folder in ("tmp", "home"):
        (scratch / folder).mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SANDFLEET_")}
    ours = {"HOME": str(home), "PORT": str(port), "BASES": BASES, **settings}
    environment = kept | {f"SANDFLEET_{name}": value for name, value in ours.items()}
    environment |= {"DOCKER_HOST": "unix:///nonexistent", "TMPDIR": str(scratch / "tmp")}
    environment |= {"HOME": str(scratch / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    said = scratch / f"said-{port}"
    with said.open("wb") as sink:
        argv = [sys.executable, "-m", "setup.dev", "up"]
        process = subprocess.Popen(argv, stdout=sink, stderr=sink, cwd=ROOT, env=environment)
    return Dev(home, port, process, said)


def processes(home: Path) -> list[str]:
    """Those that have this home in their words or environment, and those in its sandboxes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words, around = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            inside = f"/sandfleet/{dev_services.fleet(home / 'dev')}/" in (entry / "cgroup").read_text()
            if words and (str(home).encode() in words + around or inside) and int(entry.name) != os.getpid():
                found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


def cgroups(home: Path) -> set[str]:
    """Names of the workers of this home that have cgroups."""
    hierarchies = find_hierarchies(Path("/proc/self/mountinfo").read_text())
    return names_below(hierarchies, f"/sandfleet/{dev_services.fleet(home / 'dev')}")


def mounts(home: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(home) in line or line.split()[4] == "/mnt"]


def tree() -> set[Path]:
    """The files of this clone, but for what the tests and their tools keep."""
    passing = {".git", ".venv", ".sandfleet", "__pycache__", ".hypothesis"}
    return {path for path in ROOT.rglob("*") if not passing & set(path.parts) and "_cache" not in str(path)}


def test_every_language_runs_is_shown_and_ctrl_c_leaves_nothing(home: Path, tmp_path: Path) -> None:
    before, elsewhere = mounts(home), [Path("/run/sandfleet").exists(), Path("/var/lib/sandfleet").exists()]
    files = tree()
    with running(home, tmp_path, LOG_FORMAT="console") as made:  # its own reader needs another
        for example in (example for example in hello.examples() if example.language in STARTERS):
            result = made.submit(example.code, example.language, "shown", Prefer="wait=30")
            assert (result["verdict"], result["stdout"]) == ("ok", example.expected)
            assert result["runtime"] == "crun"
            until(partial(made.shows, result["jobId"]), "the line of the completion")
        begun = made.submit(NOT_FINISHED)["jobId"]
        until(lambda: made.get(f"/jobs/{begun}")["state"] == "running", "a running job")
        assert made.end(signal.SIGINT) == 0
    assert processes(home) == []
    assert cgroups(home) == set()
    assert mounts(home) == before
    assert tree() == files
    assert [Path("/run/sandfleet").exists(), Path("/var/lib/sandfleet").exists()] == elsewhere
    for folder in (tmp_path / "tmp", tmp_path / "home", home / "dev/tmp"):
        assert list(folder.iterdir()) == []
    assert not (home / "dev/run").exists()


def test_a_restart_finds_what_was_done_and_does_what_was_not(home: Path, tmp_path: Path) -> None:
    with running(home, tmp_path) as made:
        done = made.submit("print(6 * 7)", Prefer="wait=30")["jobId"]
        begun = made.submit(NOT_FINISHED)["jobId"]
        until(lambda: made.get(f"/jobs/{begun}")["state"] == "running", "a running job")
    with running(home, tmp_path) as made:
        assert made.get(f"/result/{done}")["stdout"] == "42\n"
        until(lambda: made.get(f"/result/{begun}").get("stdout") == "begun\nended\n", "the rest of the work")


def test_killed_it_leaves_nothing_running_and_the_next_start_sweeps(home: Path, tmp_path: Path) -> None:
    with running(home, tmp_path) as made:
        begun = made.submit(NOT_FINISHED)["jobId"]
        until(lambda: made.get(f"/jobs/{begun}")["state"] == "running", "a running job")
        (killed,) = cgroups(home)
        made.end(signal.SIGKILL)
        until(lambda: processes(home) == [], "the end of every process")
    with running(home, tmp_path):
        until(lambda: killed not in cgroups(home), "the sweep")
    assert cgroups(home) == set()
    assert not (home / "dev/run").exists()


def make_key(home: Path, verb: str, **given: str) -> str:
    """What ``make key`` and its kin print."""
    environment = {**os.environ, "SANDFLEET_HOME": str(home), "DOCKER_HOST": "unix:///nonexistent", **given}
    argv = [sys.executable, "-m", "setup.cluster", verb]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)  # noqa: PLW1510
    return done.stdout + done.stderr


def test_beyond_loopback_it_asks_for_keys_and_make_key_makes_one(home: Path, tmp_path: Path) -> None:
    assert "make up" in make_key(home, "key-create", NAME="early")
    with running(home, tmp_path, BIND=EVERYWHERE) as made:
        assert (
            f"needs one, as the API is published on {EVERYWHERE}; the first:  make key NAME=me" in made.text
        )
        assert made.get("/languages")["status"] == 401
        said = make_key(home, "key-create", NAME="dev")
        (token,) = (word for word in said.split() if word.startswith("sfk_"))
        assert "whsec_" in said
        sent = {"Authorization": f"Bearer {token}"}
        assert made.submit("print(6 * 7)", **sent, Prefer="wait=30")["stdout"] == "42\n"
        key_id = token.split("_")[1]
        assert re.search(rf"^{key_id} +dev +read,submit ", make_key(home, "key-list"), re.MULTILINE)
        assert f"Revoked {key_id}" in make_key(home, "key-revoke", ID=key_id)
        assert "no key yet" in make_key(home, "key-list")
    assert "make up" in make_key(home, "key-list")


def test_a_port_that_is_taken_is_named(home: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = begin(home, tmp_path, port)
        assert refused.process.wait(30) == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in refused.text
    assert f"make dev SANDFLEET_PORT={port + 1}" in refused.text


def test_a_setting_nobody_knows_is_named(home: Path, tmp_path: Path) -> None:
    refused = begin(home, tmp_path, 1, TYPO="1", CPU_S="2")
    assert refused.process.wait(60) == 1
    assert "unknown setting SANDFLEET_TYPO:" in refused.text
    assert processes(home) == []


def test_one_home_has_one_make_dev_and_down_ends_it(home: Path, tmp_path: Path) -> None:
    with running(home, tmp_path) as made:
        second = begin(home, tmp_path, made.port + 1)
        assert second.process.wait(30) == 1
        assert f"make dev runs here already, as process {made.process.pid}" in second.text
        argv = [sys.executable, "-m", "setup.dev", "down"]
        environment = {**os.environ, "SANDFLEET_HOME": str(home)}
        subprocess.run(argv, cwd=ROOT, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
        assert made.process.wait(5) == 0
    assert not (home / "dev/queue").exists()


def test_who_is_not_root_is_told_what_to_do(tmp_path: Path) -> None:
    for tool in ("bash", "uname", "env"):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    (tmp_path / "id").write_text("#!/bin/bash\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    done = subprocess.run(
        [ROOT / "setup/engine.sh", "dev-programs"],
        env={"PATH": str(tmp_path), "SANDFLEET_HOME": str(tmp_path / "state"), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "sudo make dev" in done.stderr
    assert not (tmp_path / "state").exists()


def test_what_a_sender_chose_cannot_reach_the_terminal() -> None:
    line = rb'{"event": "problem_done", "at": "2026-11-24T10:00:00Z", "verdict": "ok", "language": "x",'
    shown = dev.readable(line + rb' "jobId": "1", "problemId": "\u001b[2J' + b"a" * 100 + b'"}')
    assert shown is not None
    assert shown.isprintable()
    assert shown.startswith("  10:00:00  ok")
    assert len(shown) < 120


def test_what_buildah_makes_a_worker_unpacks(tmp_path: Path) -> None:
    """From the file system of a base over a Dockerfile to the root of a sandbox, without an engine."""
    base, context, root, log = (tmp_path / name for name in ("base", "context", "root", "log"))
    for folder in (base / "etc", context, root):
        folder.mkdir(parents=True)
    (base / "etc/from-base").write_text("base\n")
    (context / "added").write_text("added\n")
    (context / "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nCOPY added /added\nENTRYPOINT ["/added"]\n')
    tool = Buildah(tmp_path / "buildah")
    packed = subprocess.run(
        ["tar", "-C", base, "-c", "."], capture_output=True, check=True, timeout=60
    ).stdout
    (tmp_path / "base.tar").write_bytes(packed)
    with (tmp_path / "base.tar").open("rb") as tar:
        tool.take(tar.fileno(), "sandfleet/base:debian", {"sandfleet.inputs": "one"}, log)
    options = ["--label", "sandfleet.inputs=two", "--build-arg", f"BASE={tool.name('sandfleet/base:debian')}"]
    tool.build("sandfleet/made:latest", options, context, log)
    tool.save("sandfleet/made:latest", tmp_path / "made.tar", log)
    known = tool.images()
    assert {tag: image["labels"]["sandfleet.inputs"] for tag, image in known.items()} == {
        "sandfleet/base:debian": "one",
        "sandfleet/made:latest": "two",
    }
    assert archive_id(tmp_path / "made.tar") == known["sandfleet/made:latest"]["id"]
    assert unpack(tmp_path / "made.tar", root).entrypoint == ("/added",)
    assert (root / "etc/from-base").read_text() + (root / "added").read_text() == "base\nadded\n"


@pytest.mark.parametrize(
    ("tag", "full"),
    [
        ("sandfleet/init:latest", "localhost/sandfleet/init:latest"),
        ("python:3.13-slim", "docker.io/library/python:3.13-slim"),
        ("owner/image:1", "docker.io/owner/image:1"),
        ("registry.test/owner/image:1", "registry.test/owner/image:1"),
    ],
)
def test_an_image_has_one_full_name(tag: str, full: str) -> None:
    assert full_name(tag) == full
