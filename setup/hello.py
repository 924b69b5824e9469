"""One example of every language, run through the cluster as any client would."""

from __future__ import annotations

import json
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from setup.engine import ROOT, SetupError

_LOOK_S = 0.05
_SERVED_S = 30
_ROUNDS_S = 5.0  # no further round after so long, with many languages


@dataclass(frozen=True, slots=True)
class Site:
    """Where the API is, and the token of a key for it, if it asks for one."""

    url: str
    token: str = field(default="", repr=False)

    def request(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> urllib.request.Request:
        """A request for ``path``, with ``body`` as JSON if there is one."""
        data = None if body is None else json.dumps(body).encode()
        made = urllib.request.Request(f"{self.url}{path}", data, dict(headers or {}))
        if self.token:
            made.add_header("Authorization", f"Bearer {self.token}")
        return made


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


def asks_for_key(url: str) -> bool:
    """Whether the API answers nobody without a key. Raises ``SetupError``."""
    try:
        with urllib.request.urlopen(f"{url}/languages", timeout=10):
            return False
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError as error:
        raise SetupError(f"the API does not answer: {error}") from None


def served(site: Site) -> set[str]:
    """The languages that a worker runs now. Raises ``SetupError``."""
    try:
        with urllib.request.urlopen(site.request("/languages"), timeout=10) as answer:
            listed = json.load(answer)["languages"]
    except OSError as error:
        raise SetupError(f"the API does not tell its languages: {error}") from None
    return {language["name"] for language in listed if language["available"]}


def ready(url: str) -> str | None:
    """None when the cluster is ready, else what it says is missing."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5):
            return None
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
    _until(lambda: ready(url), timeout_s, alive)


def wait_until_served(site: Site, timeout_s: float) -> set[str]:
    """The languages that a worker runs, once the API has heard of any: it asks about once a second."""
    missing = "the API has not heard yet what the workers serve"
    _until(lambda: None if served(site) else missing, timeout_s, lambda: None)
    return served(site)


def _until(ask: Callable[[], str | None], timeout_s: float, alive: Callable[[], None]) -> None:
    deadline = time.monotonic() + timeout_s
    while (missing := ask()) is not None:
        if time.monotonic() > deadline:
            raise SetupError(f"the cluster was not ready within {timeout_s:.0f} s: {missing}")
        alive()
        time.sleep(_LOOK_S)


def run(site: Site, example: Example, wait_s: int = 30) -> dict[str, Any]:
    """The result of one example. Raises ``SetupError`` if there is none in ``wait_s`` seconds."""
    body = {"problemId": "hello", "code": example.code, "language": example.language}
    headers = {"Content-Type": "application/json", "Prefer": f"wait={wait_s}"}
    request = site.request("/submit", body, headers)
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


def greet(site: Site, hints: Sequence[tuple[str, str]], rounds: int) -> None:
    """Run one example of every language that is served, print what came of it, then the ``hints``.

    One with a gap is about the languages that are not served, and their names fill it. Raises
    ``SetupError``.
    """
    there = wait_until_served(site, _SERVED_S)
    every = list(examples())
    found = [example for example in every if example.language in there]
    left = [example.language for example in every if example.language not in there]
    # The first jobs find no sandbox started ahead; the best of the next is what one job takes later.
    took, began_s = [[_timed(site, example) for example in found]], time.monotonic()
    while len(took) <= rounds and (len(took) < 2 or time.monotonic() - began_s < _ROUNDS_S):
        took.append([_timed(site, example) for example in found])
    print("\n  Sandfleet is up. Hello in every language it serves, from request to result:\n")
    for example, first_ms, *later_ms in zip(found, *took, strict=True):
        said = example.expected.strip().splitlines()[0][:40]
        times = f"first {first_ms:4.0f} ms, then {min(later_ms):3.0f} ms"
        print(f"    {example.language:<13}{said:<18}{times}")
    print(f"\n    API      {site.url}\n    Docs     {site.url}/docs")
    for head, hint in hints:
        if left or "{}" not in hint:
            print(f"    {head:<9}{hint.format(' '.join(left))}")
    print(flush=True)


def _timed(site: Site, example: Example) -> float:
    begin = time.monotonic()
    result = run(site, example)
    took_ms = (time.monotonic() - begin) * 1000
    if result["verdict"] != "ok" or result["stdout"] != example.expected:
        raise SetupError(f"{example.language}: expected {example.expected!r}, got {result}")
    return took_ms
