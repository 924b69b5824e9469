"""Settings every service shares, read from ``SANDFLEET_*`` and validated together at start.

A service's own settings class inherits ``FleetSettings``. Only a ``__main__`` reads the
environment, through ``load``; everything else is handed values.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from fleet.errors import SettingsError
from fleet.job import VARIABLE
from fleet.limits import MIB, Bounds, Limits
from fleet.redis_address import check_address
from fleet.webhooks import Policy

PREFIX = "SANDFLEET_"
_TEXTS_BYTES_MAX = 9 * MIB
_SECRET_CHARS_MIN = 32
_Loaded = TypeVar("_Loaded", bound="FleetSettings")


class FleetSettings(BaseSettings):
    """What api, worker and subscriber must agree on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="address, user and password of Redis, or of its sentinels: "
        "`redis+sentinel://user:password@host1,host2,host3/master`",
    )
    redis_replicas: int = Field(
        0, ge=0, description="replicas that must have a job or a result before anyone is told of it"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto`: words on a terminal, JSON otherwise"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least severe line that is written"
    )

    @field_validator("redis_url")
    @classmethod
    def _redis_url_has_a_form(cls, url: SecretStr) -> SecretStr:
        check_address(url.get_secret_value())
        return url


class WebhookSettings(FleetSettings):
    """Where webhooks may go and how they are signed, for who accepts and who sends them."""

    webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="what the signing secret of every key is made from, 32 characters or more; "
        "`make` makes it; empty: no webhooks",
    )
    webhook_allow: str = Field(
        "",
        description="addresses, networks and host names, with commas between them, that webhooks may be "
        "sent to although they are not public",
    )

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret_is_long(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value()) < _SECRET_CHARS_MIN:
            raise ValueError(f"must have {_SECRET_CHARS_MIN} characters or more")
        return secret

    @field_validator("webhook_allow")
    @classmethod
    def _webhook_allow_has_a_form(cls, words: str) -> str:
        Policy.read(words)
        return words

    @property
    def webhook_policy(self) -> Policy | None:
        """Where webhooks may go; None: they are off."""
        return Policy.read(self.webhook_allow) if self.webhook_secret.get_secret_value() else None


class JobSettings(FleetSettings):
    """Limits and sizes of jobs, for the services that validate them: api and worker."""

    languages_dir: Path = Field(Path("sandbox-images"), description="folder with one folder a language")
    cpu_s: float = Field(5.0, gt=0, description="CPU seconds a run may use unless it asks")
    cpu_s_max: float = Field(15.0, gt=0, description="most CPU seconds a request may ask for")
    wall_s: float = Field(10.0, gt=0, description="wall-clock seconds a run may take unless it asks")
    wall_s_max: float = Field(30.0, gt=0, description="most wall-clock seconds a request may ask for")
    memory_mib: int = Field(128, ge=16, description="memory of a sandbox in MiB, swap none")
    memory_mib_max: int = Field(512, ge=16, description="most memory a request may ask for, in MiB")
    processes: int = Field(64, ge=1, description="processes and threads at once, most a request may ask for")
    output_bytes: int = Field(256 * 1024, ge=0, description="cap on stdout and on stderr, each, in bytes")
    code_bytes_max: int = Field(
        64 * 1024, ge=1, le=MIB, description="largest source accepted, in bytes; 1 MiB at most"
    )
    stdin_bytes_max: int = Field(
        MIB, ge=0, le=8 * MIB, description="largest stdin accepted, in bytes; 8 MiB at most"
    )
    files_bytes_max: int = Field(
        256 * 1024, ge=0, le=7 * MIB, description="further source files of a job, in bytes in sum"
    )
    output_files_bytes_max: int = Field(
        MIB, ge=0, le=8 * MIB, description="output files given back with a result, in bytes in sum"
    )
    env_allowed: str = Field(
        "", description="names of environment variables that a job may set, with commas between them"
    )
    tests_max: int = Field(200, ge=1, le=1000, description="cases a job or a problem may have")
    tests_bytes_max: int = Field(
        4 * MIB, ge=0, le=8 * MIB, description="stdin, expected output and arguments of all cases, in bytes"
    )
    job_s: float = Field(300.0, gt=0, description="wall-clock seconds of a job, compile and all cases")
    compile_cpu_s: float = Field(15.0, gt=0, description="most CPU seconds of a compile stage")
    compile_wall_s: float = Field(30.0, gt=0, description="most wall-clock seconds of a compile stage")
    compile_memory_mib: int = Field(512, ge=16, description="most memory of a compile stage, in MiB")
    retention_s: int = Field(86_400, ge=1, description="seconds a result is kept")
    lease_s: float = Field(
        10.0, ge=1.5, description="seconds until the jobs of a silent worker are given to another"
    )

    @model_validator(mode="after")
    def _defaults_below_ceilings(self) -> JobSettings:
        for name in ("cpu_s", "wall_s", "memory_mib"):
            if getattr(self, name) > getattr(self, f"{name}_max"):
                setting = f"{PREFIX}{name.upper()}"
                raise ValueError(f"{setting} is above {setting}_MAX; lower one or raise the other")
        return self

    @field_validator("env_allowed")
    @classmethod
    def _env_allowed_are_names(cls, words: str) -> str:
        for word in _names_in(words):
            if not VARIABLE.fullmatch(word):
                raise ValueError(f"{word[:64]!r} is not the name of an environment variable")
        return words

    @model_validator(mode="after")
    def _an_item_fits(self) -> JobSettings:
        # JSON may escape a byte as six, and Redis takes a value of 64 MiB (setup/redis.conf).
        texts = self.code_bytes_max + self.stdin_bytes_max + self.files_bytes_max + self.tests_bytes_max
        if texts > _TEXTS_BYTES_MAX:
            raise ValueError(
                f"code, stdin, files and tests may have {texts} bytes together; "
                f"at most {_TEXTS_BYTES_MAX}: lower one of SANDFLEET_{{CODE,STDIN,FILES,TESTS}}_BYTES_MAX"
            )
        return self

    @property
    def bounds(self) -> Bounds:
        """The settings as the bounds that jobs are validated with."""
        return Bounds(
            default=self._limits(self.cpu_s, self.wall_s, self.memory_mib),
            ceiling=self._limits(self.cpu_s_max, self.wall_s_max, self.memory_mib_max),
            code_bytes_max=self.code_bytes_max,
            compile=self._limits(self.compile_cpu_s, self.compile_wall_s, self.compile_memory_mib),
            stdin_bytes_max=self.stdin_bytes_max,
            files_bytes_max=self.files_bytes_max,
            env_allowed=_names_in(self.env_allowed),
            output_files_bytes_max=self.output_files_bytes_max,
            tests_max=self.tests_max,
            tests_bytes_max=self.tests_bytes_max,
            job_s=self.job_s,
        )

    def _limits(self, cpu_s: float, wall_s: float, memory_mib: int) -> Limits:
        return Limits(
            cpu_s=cpu_s,
            wall_s=wall_s,
            memory_bytes=memory_mib * MIB,
            processes=self.processes,
            stdout_bytes=self.output_bytes,
            stderr_bytes=self.output_bytes,
        )


def _names_in(words: str) -> frozenset[str]:
    return frozenset(word.strip() for word in words.split(",") if word.strip())


def load(kind: type[_Loaded]) -> _Loaded:
    """Settings of ``kind`` from the environment. Raises ``SettingsError`` naming every fault.

    pydantic-settings ignores unknown environment variables even with ``extra="forbid"``, so the
    prefix is checked here: a misspelt setting must not silently leave a default in place.
    """
    known = {f"{PREFIX}{name}".upper() for name in kind.model_fields}
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        raise SettingsError(
            f"unknown setting {', '.join(unknown)}; this service knows {', '.join(sorted(known))}"
        )
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError("; ".join(_complaint(fault) for fault in error.errors())) from None


def _complaint(fault: ErrorDetails) -> str:
    name = "".join(f"{PREFIX}{part}".upper() for part in fault["loc"][:1])
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
