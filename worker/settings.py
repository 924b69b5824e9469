"""The worker's settings; each description is that setting's line in the README table."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from fleet.settings import PREFIX, JobSettings
from worker.spares import Stock

# Behind init's deadline the worker has its own; then it destroys the box and stores the result.
BEHIND_INIT_S = 2.0
_FLOOR = 2  # spares of a language that nobody asks for: the first job and one beside it do not wait
# Jobs that come at random (Poisson) and take refilling 0.7 of its time find no spare once in 2,500 times
# with six a slot (two slots), and once in ten with two a slot: simulated as a queue with one server.
_CEILING = 6
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"


class WorkerSettings(JobSettings):
    """Everything a worker can be told."""

    fleet: str = Field(
        "sandfleet",
        pattern=_NAME,
        description="label on every container; workers of one fleet on one host clean up after each other",
    )
    worker_name: str = Field(
        default_factory=socket.gethostname,
        pattern=_NAME,
        description="name of this worker in results and logs; default: the host's name",
    )
    slots: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=1024,
        description="jobs run at once; default: one a CPU",
    )
    runtime: Literal["docker", "crun"] = Field(
        "docker",
        description="what isolates the programs: a container engine, or `crun` alone (as root on the host)",
    )
    docker_host: str = Field(
        "unix:///var/run/docker.sock",
        pattern=r"^unix://",
        description="socket of the container engine",
    )
    oci_runtime: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.-]{0,64}$",
        description="OCI runtime of the containers (`runc`, `crun`, `runsc`); empty: the engine's default",
    )
    user_namespaces: Literal["auto", "on", "off"] = Field(
        "auto", description="`crun`: sandboxes have users of their own; `auto`: where the host allows it"
    )
    state_dir: Path = Field(
        Path("/var/lib/sandfleet"), description="`crun`: folder for unpacked images and image archives"
    )
    run_dir: Path = Field(
        Path("/run/sandfleet"), description="`crun`: folder where sandboxes are written down, on tmpfs"
    )
    engine_timeout_s: float = Field(
        15.0, gt=0, le=300, description="seconds the engine has to answer a call or to start a sandbox"
    )
    drain_s: float = Field(
        35.0, ge=0, description="seconds running jobs have to end after SIGTERM, before they are given back"
    )
    spares: int | None = Field(
        None,
        ge=0,
        le=1024,
        description="sandboxes kept started per language, asked for or not (1 at most of a language that "
        "`make up` does not build); default: 2, or the slots",
    )
    spares_max: int | None = Field(
        None,
        ge=0,
        le=1024,
        description="sandboxes kept started per language in demand; default: six times the slots, or none "
        "where `SANDFLEET_SPARES` is 0",
    )
    spare_max_age_s: float = Field(300.0, gt=0, description="seconds after which an unused spare is replaced")
    sweep_s: float = Field(15.0, gt=0, description="seconds between two searches for orphaned sandboxes")
    metrics_host: str = Field("127.0.0.1", description="address the metrics are served on")
    metrics_port: int = Field(9101, ge=0, le=65535, description="port of the metrics; 0: none are served")

    @model_validator(mode="after")
    def _times_fit(self) -> WorkerSettings:
        if self.drain_s < self.wall_s_max + BEHIND_INIT_S:
            raise ValueError(
                f"{PREFIX}DRAIN_S is {self.drain_s:g}, but a job may run {PREFIX}WALL_S_MAX "
                f"({self.wall_s_max:g}) and {BEHIND_INIT_S:g} more seconds; raise the one or lower the other"
            )
        if self.spare_max_age_s < self.engine_timeout_s:
            raise ValueError(
                f"{PREFIX}SPARE_MAX_AGE_S is below {PREFIX}ENGINE_TIMEOUT_S: "
                "a spare could be outdated before it has started; raise it"
            )
        if self.spares is not None and self.spares_max is not None and self.spares > self.spares_max:
            raise ValueError(f"{PREFIX}SPARES is above {PREFIX}SPARES_MAX; lower the one or raise the other")
        return self

    @property
    def stock(self) -> Stock:
        """How many started sandboxes are kept for each language."""
        floor = min(_FLOOR, self.slots) if self.spares is None else self.spares
        ceiling = _CEILING * max(self.slots, floor) if floor else 0
        if self.spares_max is not None:
            ceiling = self.spares_max
        return Stock(min(floor, ceiling), ceiling, self.spare_max_age_s)
