"""What ``make demo`` asks the API with, and how it prints what it asked and was answered."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from setup.engine import SetupError

_TIMEOUT_S = 90
_SHOWN_CHARS = 150


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the API, read whole."""

    status: int
    headers: Mapping[str, str]  # names in small letters
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def lines(self) -> list[Any]:
        """The body as NDJSON."""
        return [json.loads(line) for line in self.text.splitlines()]


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who talks to the API at ``url``, with the token of a key if there is one."""

    url: str
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str) -> Client:
        """The same with further headers; ``_`` in a name stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})

    def ask(self, request: str, body: Any = None, expected: int = 200) -> Answer:
        """The answer to ``"METHOD /path"``. Raises ``SetupError`` if its status is another than expected."""
        method, path = request.split(" ", 1)
        with self._sent(method, path, body) as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, headers, response.read().decode())
        if answer.status != expected:
            raise SetupError(f"{request}: expected {expected}, got {answer.status} {answer.text[:500]}")
        return answer

    def events(self, path: str, after: str = "") -> Iterator[tuple[str, str, Any]]:
        """Id, name and data of each event of a stream, as they come; ``after`` is the last one had."""
        headers = {"Last-Event-ID": after} if after else {}
        said: dict[str, str] = {}
        with self.with_headers(**headers)._sent("GET", path, None) as response:
            if response.status != http.client.OK:
                raise SetupError(f"GET {path}: {response.status} {response.read(500).decode()}")
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    said[name] = value
                    continue
                if "data" in said:
                    yield said["id"], said["event"], json.loads(said["data"])
                said = {}

    def leave(self, request: str, body: Any, after_s: float) -> None:
        """Ask, and close the connection after so many seconds without having read an answer."""
        method, path = request.split(" ", 1)
        connection = self._asked(method, path, body)
        time.sleep(after_s)
        connection.close()

    def _sent(self, method: str, path: str, body: Any) -> http.client.HTTPResponse:
        try:
            # The answer keeps the connection's file open until it is closed itself.
            return self._asked(method, path, body).getresponse()
        except OSError as error:
            raise SetupError(f"{method} {path}: {error}") from None

    def _asked(self, method: str, path: str, body: Any) -> http.client.HTTPConnection:
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_S)
        headers = dict(self.headers)
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        headers["Connection"] = "close"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
        except OSError as error:
            raise SetupError(f"{method} {path}: {error}") from None
        return connection


def title(number: int, words: str) -> None:
    """Print what comes next."""
    print(f"\n  {number:>2}  {words}\n", flush=True)


def show(what: str, came: str = "") -> None:
    """Print one thing that was done, and what came of it."""
    came = came if len(came) <= _SHOWN_CHARS else f"{came[: _SHOWN_CHARS - 1]}…"
    print(f"      {what}" if not came else f"      {what:<50}  {came}", flush=True)


def brief(value: Mapping[str, Any], *names: str) -> str:
    """Some members of a JSON object, as JSON."""
    return json.dumps({name: value[name] for name in names if name in value}, ensure_ascii=False)


def claim(holds: bool, words: str) -> None:
    """Raise ``SetupError`` if what the demo has just told did not happen."""
    if not holds:
        raise SetupError(f"the demo expected otherwise: {words}")
