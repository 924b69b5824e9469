"""What Judge0 says of itself, said of this fleet: languages, statuses, configuration."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from api.compat import semver
from api.directory import Directory
from fleet.limits import FLOOR, Bounds

VERSION = "1.13.1"  # of Judge0 CE: clients choose ids of languages and fields by it
BATCH_MAX = 20
_KIB = 1024
_EXTRA_S_MAX = 5.0
_STACK_KIB_MAX = 128_000
_FILE_KIB_MAX = 262_144


class Status(Enum):
    """Judge0's statuses: id, description."""

    IN_QUEUE = 1, "In Queue"
    PROCESSING = 2, "Processing"
    ACCEPTED = 3, "Accepted"
    WRONG_ANSWER = 4, "Wrong Answer"
    TIME_LIMIT = 5, "Time Limit Exceeded"
    COMPILATION = 6, "Compilation Error"
    SIGSEGV = 7, "Runtime Error (SIGSEGV)"
    SIGXFSZ = 8, "Runtime Error (SIGXFSZ)"
    SIGFPE = 9, "Runtime Error (SIGFPE)"
    SIGABRT = 10, "Runtime Error (SIGABRT)"
    NZEC = 11, "Runtime Error (NZEC)"
    OTHER = 12, "Runtime Error (Other)"
    INTERNAL = 13, "Internal Error"
    EXEC_FORMAT = 14, "Exec Format Error"

    @classmethod
    def of_signal(cls, number: int | None) -> Status:
        """The status of a program that a signal ended."""
        by_signal = {
            signal.SIGSEGV: cls.SIGSEGV,
            signal.SIGXFSZ: cls.SIGXFSZ,
            signal.SIGFPE: cls.SIGFPE,
            signal.SIGABRT: cls.SIGABRT,
        }
        return next((status for known, status in by_signal.items() if known == number), cls.OTHER)

    def to_json(self) -> dict[str, Any]:
        """The status as Judge0 writes it."""
        return {"id": self.value[0], "description": self.value[1]}


@dataclass(frozen=True, slots=True)
class Limit:
    """A number a submission may set: Judge0's name, bounds in its unit, and ours of it if there is one."""

    name: str
    default: float
    least: float
    most: float
    ours: str = ""
    units: int = 1  # of ours in one of its
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """What may be asked for here, as of about a second ago."""

    directory: Directory
    bounds: Bounds

    @property
    def limits(self) -> Sequence[Limit]:
        """Every number a submission may set; those without a name of ours are checked, and change nothing."""
        usual, most = self.bounds.default, self.bounds.ceiling
        return (
            Limit("cpu_time_limit", usual.cpu_s, FLOOR.cpu_s, most.cpu_s, "cpuSeconds"),
            Limit("cpu_extra_time", 0.0, 0.0, _EXTRA_S_MAX),
            Limit("wall_time_limit", usual.wall_s, FLOOR.wall_s, most.wall_s, "wallSeconds"),
            Limit(
                "memory_limit",
                usual.memory_bytes // _KIB,
                FLOOR.memory_bytes // _KIB,
                most.memory_bytes // _KIB,
                "memoryBytes",
                _KIB,
            ),
            Limit("stack_limit", 64_000, 1, _STACK_KIB_MAX, whole=True),
            Limit(
                "max_processes_and_or_threads",
                usual.processes,
                FLOOR.processes,
                most.processes,
                "processes",
                whole=True,
            ),
            Limit("max_file_size", 1024, 1, _FILE_KIB_MAX, whole=True),
            Limit("number_of_runs", 1, 1, 1, whole=True),
        )

    def language_of(self, number: int) -> str | None:
        """The language that an id of Judge0 means, if it is served."""
        name = self.directory.judge0_ids.get(number)
        return name if name is not None and self.directory.is_served(name) else None

    def ids_of(self, language: str) -> Sequence[int]:
        """The ids that mean a language, the preferred one first."""
        known = self.directory.known.get(language)
        return known.judge0 if known else ()

    def languages(self) -> list[dict[str, Any]]:
        """Every id that means a language that is served."""
        served = ((number, self.language_of(number)) for number in sorted(self.directory.judge0_ids))
        return [{"id": number, "name": self._title(name)} for number, name in served if name is not None]

    def language(self, number: int) -> dict[str, Any] | None:
        """All that is told of one language; None if the id means none."""
        name = self.language_of(number)
        if name is None:
            return None
        known = self.directory.known[name]
        return {
            "id": number,
            "name": self._title(name),
            "is_archived": False,
            "source_file": known.file,
            "compile_cmd": " ".join(known.compile) or None,
            "run_cmd": " ".join(known.run),
        }

    def config(self, queue_max: int) -> Mapping[str, Any]:
        """The configuration that ``GET /config_info`` tells."""
        numbers: dict[str, Any] = {}
        for limit in self.limits:
            numbers |= {limit.name: limit.default, f"max_{limit.name}": limit.most}
        return {
            "maintenance_mode": False,
            "enable_wait_result": True,
            "enable_compiler_options": False,
            "allowed_languages_for_compile_options": [],
            "enable_command_line_arguments": True,
            "enable_submission_delete": True,
            "enable_callbacks": False,
            "callbacks_max_tries": 0,
            "callbacks_timeout": 0.0,
            "enable_additional_files": True,
            "max_queue_size": queue_max,
            **numbers,
            "enable_per_process_and_thread_time_limit": False,
            "allow_enable_per_process_and_thread_time_limit": False,
            "enable_per_process_and_thread_memory_limit": False,
            "allow_enable_per_process_and_thread_memory_limit": False,
            "redirect_stderr_to_stdout": False,
            "max_extract_size": self.bounds.files_bytes_max // _KIB,
            "enable_batched_submissions": True,
            "max_submission_batch_size": BATCH_MAX,
            "submission_cache_duration": 0.0,
            "use_docs_as_homepage": False,
            "allow_enable_network": False,
            "enable_network": False,
        }

    def _title(self, name: str) -> str:
        """``Python (3.11.2)``: what people call it, and the version there is."""
        title = self.directory.known[name].title or name
        said = next((offer["version"] for offer in self.directory.listing if offer["name"] == name), None)
        version = semver.version_in(said or "")
        return f"{title} ({semver.written(version)})" if version else title
