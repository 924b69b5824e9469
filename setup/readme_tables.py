"""The tables of README.md, written from the code: ``python -m setup.readme_tables``.

Needs the virtual environment, unlike the rest of setup. A test compares what is in README.md with
what this writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from api.compat.judge0_catalog import BATCH_MAX
from api.description import foreign
from api.once import KEY_CHARS_MAX
from api.options import TTL_S_MIN
from api.settings import ApiSettings
from fleet.api_keys import BOUND_MAX, KEYS_MAX
from fleet.deliveries import LIST_MAX
from fleet.fields import LANGUAGE_CHARS_MAX, PATH_BYTES_MAX, PROBLEM_ID_CHARS_MAX
from fleet.job import Verdict
from fleet.queue import BATCH_JOBS_MAX
from fleet.settings import PREFIX, FleetSettings
from fleet.webhooks import URL_CHARS_MAX
from setup import openapi
from setup.cluster import OWN
from setup.engine import ROOT
from subscriber.outbound import ANSWER_BYTES_MAX
from subscriber.settings import SubscriberSettings
from worker.settings import WorkerSettings

VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.OK: ("the program ended with exit code 0 within all limits", "-"),
    Verdict.ACCEPTED: ("every case of its tests ended within all limits, with the expected output", "-"),
    Verdict.WRONG_ANSWER: ("a case ended within all limits, with another output than expected", "program"),
    Verdict.RUNTIME_ERROR: ("another exit code, or a signal of its own", "program"),
    Verdict.COMPILE_ERROR: ("the compile stage failed", "program"),
    Verdict.TIME_LIMIT: ("the CPU or the wall-clock limit; the evidence says which", "program"),
    Verdict.MEMORY_LIMIT: ("the kernel counted an out-of-memory kill", "program"),
    Verdict.OUTPUT_LIMIT: ("stdout or stderr passed its cap; what came before is kept", "program"),
    Verdict.REJECTED: ("the job itself is malformed, also when pushed straight to Redis", "sender"),
    Verdict.CANCELLED: ("ended on request", "sender"),
    Verdict.SYSTEM_ERROR: ("our side failed, also when tried again; the only one to page someone for", "us"),
}
_KINDS: Mapping[str, type[FleetSettings]] = {
    "api": ApiSettings,
    "worker": WorkerSettings,
    "subscriber": SubscriberSettings,
}
# What no setting changes; the rest is in the table of settings.
_NAMES = f"{PROBLEM_ID_CHARS_MAX} · {LANGUAGE_CHARS_MAX} characters · {PATH_BYTES_MAX} bytes"
LIMITS: Sequence[tuple[str, str]] = (
    ("`problemId` · `language` · the path of a file", _NAMES),
    ("jobs of a batch", f"1 to {BATCH_JOBS_MAX:,}"),
    ("submissions of a batch of Judge0's", f"{BATCH_MAX}"),
    ("`ttlSeconds`", f"{TTL_S_MIN} to `SANDFLEET_RETENTION_S`"),
    ("`Idempotency-Key`", f"1 to {KEY_CHARS_MAX} visible ASCII characters, kept 24 hours"),
    ("`callbackUrl`", f"{URL_CHARS_MAX:,} characters, `http` or `https`"),
    ("what a receiver of webhooks answers", f"{ANSWER_BYTES_MAX // 1024} KiB are read, and dropped"),
    ("deliveries listed at once", f"{LIST_MAX}"),
    ("API keys · jobs a minute, and open jobs, of one", f"{KEYS_MAX:,} · {BOUND_MAX:,}, or 0 for no bound"),
)
_MARKED = re.compile(r"(<!-- table:(\w+) -->\n)(.*?)(<!-- /table -->)", re.DOTALL)


def rewritten(text: str) -> str:
    """``text`` with every marked table as the code has it."""
    tables = {
        "settings": settings_table,
        "verdicts": verdicts_table,
        "http": http_table,
        "limits": limits_table,
    }
    return _MARKED.sub(lambda match: f"{match[1]}{tables[match[2]]()}{match[4]}", text)


def settings_table() -> str:
    """Every setting: who reads it, its default, what it means."""
    readers: dict[tuple[str, str, str], list[str]] = {}
    for service, kind in _KINDS.items():
        for row in _settings_of(kind):
            readers.setdefault(row, []).append(service)
    own = [(f"{PREFIX}{name}", default, meaning) for name, (default, meaning) in OWN.items() if meaning]
    readers.update({(name, f"`{default}`", meaning): ["make"] for name, default, meaning in own})
    rows = (
        (f"`{name}`", ", ".join(services), default, meaning)
        for (name, default, meaning), services in sorted(readers.items(), key=_by_reach)
    )
    return _table(("setting", "read by", "default", "meaning"), rows)


def verdicts_table() -> str:
    """Every verdict: its meaning, and whose doing it is."""
    rows = ((f"`{verdict}`", *VERDICTS[verdict]) for verdict in Verdict)
    return _table(("verdict", "meaning", "due to"), rows)


def limits_table() -> str:
    """Limits of requests that are no settings."""
    return _table(("of", "at most"), LIMITS)


def http_table() -> str:
    """Every address of the API that its reference describes, but those that speak as other judges do."""
    described: Mapping[str, Mapping[str, Any]] = openapi.document()["paths"]
    rows = (
        (f"`{method.upper()} {path}`", str(operation["summary"]))
        for path, operations in described.items()
        for method, operation in operations.items()
        if foreign.TAGS.isdisjoint(operation["tags"])  # docs/compatibility.md has theirs
    )
    return _table(("request", "answer"), rows)


def _settings_of(kind: type[FleetSettings]) -> Iterator[tuple[str, str, str]]:
    for name, field in kind.model_fields.items():
        if not field.description:
            raise ValueError(f"{kind.__name__}.{name} has no description")
        if field.default is PydanticUndefined or field.default is None or _plain(field.default) == "":
            default = "-"  # the description tells
        else:
            default = f"`{_plain(field.default)}`"
        yield f"{PREFIX}{name}".upper(), default, field.description


def _plain(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _by_reach(row: tuple[tuple[str, str, str], list[str]]) -> tuple[int, list[str]]:
    # What all share comes first, then room by room, each in the order of its settings class.
    services = row[1]
    return (0, []) if services == ["make"] else (4 - len(services), services)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "&#124;") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


_TABLES: Mapping[str, Callable[[], str]] = {
    "settings": settings_table,
    "verdicts": verdicts_table,
    "http": http_table,
    "limits": limits_table,
}

if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(rewritten(readme.read_text()))
