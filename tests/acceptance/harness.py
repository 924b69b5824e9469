"""A whole cluster under test: HTTP in front, containers behind, the subscriber's lines at the end."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from setup.cluster import Cluster

SERVICES = ("redis", "api", "worker", "subscriber")
PAUSE_S = 0.05


def until(condition: Callable[[], Any], what: str, deadline_s: float = 30.0) -> Any:
    """The first true value of ``condition``; fails after ``deadline_s`` seconds."""
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < end, f"{what}: not within {deadline_s:.0f} s"
        threading.Event().wait(PAUSE_S)
    return value


def docker(*words: str, stdin: bytes = b"", **environment: str) -> str:
    """What a docker command prints; fails if it does."""
    done = subprocess.run(
        ["docker", *words],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, f"docker {words[0]}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode(errors="replace")


def described(container: str) -> dict[str, Any]:
    """What the engine says of a container."""
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


@dataclass(frozen=True)
class Fleet:
    """A running cluster."""

    cluster: Cluster
    http: httpx2.Client

    def submit(self, code: str, language: str = "python", *, wait_s: int = 0, **more: Any) -> dict[str, Any]:
        """Submit a job: its result if it was done in ``wait_s`` seconds, else the answer of 202."""
        body = {"problemId": "acceptance", "code": code, "language": language, **more}
        answer = self.http.post("/submit", json=body, headers={"Prefer": f"wait={wait_s}"} if wait_s else {})
        assert answer.status_code in (200, 202), answer.text
        said: dict[str, Any] = answer.json()
        return said

    def run(self, code: str, language: str = "python", **more: Any) -> dict[str, Any]:
        """The result of a job, which has 60 s to be done."""
        return self.result(self.submit(code, language, wait_s=30, **more)["jobId"])

    def result(self, name: str, deadline_s: float = 60.0) -> dict[str, Any]:
        """The result of a job by its id or its problem's; fails if there is none in time."""

        def ask() -> dict[str, Any] | None:
            answer = self.http.get(f"/result/{name}", headers={"Prefer": "wait=5"})
            return answer.json() if answer.status_code == 200 else None

        found: dict[str, Any] = until(ask, f"result of {name}", deadline_s)
        return found

    def job(self, job_id: str) -> dict[str, Any]:
        """The record of a job."""
        record: dict[str, Any] = self.http.get(f"/jobs/{job_id}").raise_for_status().json()
        return record

    def container(self, service: str) -> str:
        """Id of the one container of a service, running or not."""
        found = docker(
            *("ps", "--all", "--quiet", "--no-trunc"),
            *("--filter", f"label=com.docker.compose.project={self.cluster.project}"),
            *("--filter", f"label=com.docker.compose.service={service}"),
        ).split()
        assert len(found) == 1, found
        return found[0]

    def redis_cli(self, user: str, *words: str, stdin: bytes = b"") -> str:
        """What redis-cli prints inside the container of Redis, as one of the accounts."""
        passwords = json.loads((self.cluster.state / "passwords.json").read_text())
        command = ["redis-cli", "--user", user, *words]
        return docker(
            *("exec", "--interactive", "--env", "REDISCLI_AUTH", self.container("redis"), *command),
            stdin=stdin,
            REDISCLI_AUTH=passwords[user],
        ).strip()

    def push(self, item: bytes) -> None:
        """LPUSH onto the public list, as any producer may."""
        said = self.redis_cli("producer", "-x", "LPUSH", "problems", stdin=item)
        assert said.isdigit(), said

    def lines(self) -> list[dict[str, Any]]:
        """Every line that the subscriber has logged, as objects."""
        return [json.loads(line) for line in docker("logs", self.container("subscriber")).splitlines()]

    def completions(self) -> list[dict[str, Any]]:
        """The ``problem_done`` lines so far."""
        return [line for line in self.lines() if line["event"] == "problem_done"]

    def completion(self, **wanted: Any) -> dict[str, Any]:
        """The one ``problem_done`` line with these fields; fails if there are more, or none in time."""

        def look() -> list[dict[str, Any]]:
            return [line for line in self.completions() if wanted.items() <= line.items()]

        found: list[dict[str, Any]] = until(look, f"completion with {wanted}")
        assert len(found) == 1, found
        return found[0]

    def rejected(self, more_than: int) -> list[dict[str, Any]]:
        """The lines of rejected jobs, once there are more than ``more_than``."""

        def look() -> list[dict[str, Any]]:
            found = [line for line in self.completions() if line["verdict"] == "rejected"]
            return found if len(found) > more_than else []

        lines: list[dict[str, Any]] = until(look, "a rejected job")
        return lines


def left_behind(project: str) -> Mapping[str, list[str]]:
    """What is still there of a cluster, by kind."""

    def listed(*words: str) -> list[str]:
        return docker(*words).split()

    compose = f"label=com.docker.compose.project={project}"
    kinds: Iterator[tuple[str, list[str]]] = iter(
        (
            ("containers", listed("ps", "--all", "--quiet", "--filter", compose)),
            ("sandboxes", listed("ps", "--all", "--quiet", "--filter", f"label=sandfleet.fleet={project}")),
            ("networks", listed("network", "ls", "--quiet", "--filter", compose)),
            ("volumes", listed("volume", "ls", "--quiet", "--filter", compose)),
        )
    )
    return {kind: found for kind, found in kinds if found}
