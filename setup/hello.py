"""One example of every language, run through the cluster as any client would."""

from __future__ import annotations

import json
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setup.engine import ROOT, SetupError

_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Example:
    """A program that comes with a language, and what it must print."""

    language: str
    code: str
    expected: str


def examples(name: str = "hello", folder: Path = ROOT / "sandbox-images") -> Iterator[Example]:
    """The example ``name`` of every language that has one."""
    for about in sorted(folder.glob("*/language.toml")):
        suffix = Path(tomllib.loads(about.read_text("utf-8"))["file"]).suffix
        source = about.parent / "examples" / f"{name}{suffix}"
        if source.exists():
            expected = source.with_suffix(".out").read_text("utf-8")
            yield Example(about.parent.name, source.read_text("utf-8"), expected)


def served(url: str) -> set[str]:
    """The languages that a worker runs now. Raises ``SetupError``."""
    try:
        with urllib.request.urlopen(f"{url}/languages", timeout=10) as answer:
            listed = json.load(answer)["languages"]
    except OSError as error:
        raise SetupError(f"the API does not tell its languages: {error}") from None
    return {language["name"] for language in listed if language["available"]}


def ready(url: str) -> str | None:
    """None when the cluster is ready, else what it says is missing."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5):
            pass
        # The API asks about once a second what the workers serve.
        return None if served(url) else "the API has not heard yet what the workers serve"
    except urllib.error.HTTPError as error:
        body = error.read(4096).decode(errors="replace")
        try:
            return str(json.loads(body).get("detail", body))
        except (ValueError, AttributeError):
            return f"HTTP {error.code}"
    except OSError as error:
        return f"the API does not answer yet ({error})"


def wait_until_ready(url: str, timeout_s: float, alive: Callable[[], None]) -> None:
    """Return once the cluster is ready; ``alive`` may raise to end the wait early."""
    deadline = time.monotonic() + timeout_s
    while (missing := ready(url)) is not None:
        if time.monotonic() > deadline:
            raise SetupError(f"the cluster was not ready within {timeout_s:.0f} s: {missing}")
        alive()
        time.sleep(_LOOK_S)


def run(url: str, example: Example, wait_s: int = 30) -> dict[str, Any]:
    """The result of one example. Raises ``SetupError`` if there is none in ``wait_s`` seconds."""
    body = {"problemId": "hello", "code": example.code, "language": example.language}
    request = urllib.request.Request(
        f"{url}/submit",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Prefer": f"wait={wait_s}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=wait_s + 10) as answer:
            result: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise SetupError(f"{example.language}: {error.code} {error.read(2000).decode()}") from None
    except OSError as error:
        raise SetupError(f"{example.language}: {error}") from None
    if "verdict" not in result:
        raise SetupError(f"{example.language}: no result within {wait_s} s; see make logs")
    return result
