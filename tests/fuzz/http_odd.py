"""Requests that are not quite HTTP: floods of headers, broken chunks, two messages in one, other protocols.

Pure and seeded. A job whose problemId is ``SMUGGLED`` is hidden where only a server that miscounts
bytes would find a request.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

SMUGGLED = "smuggled"
_ODD = "odd"  # problemId of jobs that may or may not be accepted


@dataclass(frozen=True, slots=True)
class Odd:
    """Bytes to send, and how many answers they may have at most."""

    sent: bytes
    answers_max: int = 1


class OddRequests:
    """Makes odd requests. ``language`` is one the API knows."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self._rng = rng
        self._job = b'{"problemId":"%b","code":"1","language":"%b"}'
        self._language = language.encode()
        self._kinds: list[Callable[[], Odd]] = [
            self._header_flood,
            self._odd_header,
            self._broken_chunks,
            self._two_lengths,
            self._odd_first_line,
            self._odd_path,
            self._odd_lines,
            self._pipeline,
            self._upgrade,
            self._other_protocol,
            self._mutated,
            self._cut_off,
        ]

    def next(self) -> Odd:
        """The next one."""
        return self._rng.choice(self._kinds)()

    def job(self, problem_id: str = _ODD) -> bytes:
        """A body that would be accepted."""
        return self._job % (problem_id.encode(), self._language)

    def _post(self, *lines: bytes, body: bytes = b"") -> bytes:
        head = (
            b"POST /submit HTTP/1.1",
            b"Host: localhost",
            b"Content-Type: application/json",
            *lines,
            b"",
            b"",
        )
        return b"\r\n".join(head) + body

    def _hidden(self) -> bytes:
        body = self.job(SMUGGLED)
        return self._post(b"Content-Length: %d" % len(body), body=body)

    def _header_flood(self) -> Odd:
        count, size = self._rng.choice(((500, 10), (5000, 20), (1, 70_000), (1, 300_000), (60_000, 0)))
        lines = b"".join(b"X-%d: %b\r\n" % (n, b"x" * size) for n in range(count))
        return Odd(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n")

    def _odd_header(self) -> Odd:
        rng = self._rng
        name = rng.choice(
            (b"Prefer", b"Content-Type", b"X", b"Accept-Encoding", b"Range", b"If-None-Match", b"Cookie")
        )
        value = rng.choice(
            (
                *(
                    b"",
                    b"\xff\xfe",
                    b"wait=" + b"9" * 5000,
                    b'wait="' + b"\\" * 900,
                    b"bytes=0-,0-,0-",
                    b"\t",
                ),
                *(b"a=" * 3000, b"wait=1;" * 1000, b"gzip;q=1e999", b"\x7f", b"*", b"%00", b"wait=-1", b","),
            )
        )
        path = rng.choice((b"/healthz", b"/docs", b"/openapi.json", b"/jobs/x", b"/metrics"))
        return Odd(b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b: %b\r\n\r\n" % (path, name, value))

    def _broken_chunks(self) -> Odd:
        body = self.job()
        whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        chunks = self._rng.choice(
            (
                b"zz\r\n" + body,
                b"-5\r\n" + body,
                b"F" * 17 + b"\r\n" + body,
                b"0x%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
                b"%x;%b\r\n%b\r\n0\r\n\r\n" % (len(body), b"x" * 20_000, body),
                b"%x\n%b\n0\n\n" % (len(body), body),
                b"%x\r\n%bXX0\r\n\r\n" % (len(body), body),
                b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, b"T: x\r\n" * 2000),
                b"1\r\n{\r\n" * 3000,
                b"\r\n" + whole,
                whole[:-2] + self._hidden(),
                b"0" * 5000 + b"1\r\n",
            )
        )
        return Odd(self._post(b"Transfer-Encoding: chunked", body=chunks))

    def _two_lengths(self) -> Odd:
        """What a proxy and a server may cut at different places."""
        hidden, body = self._hidden(), self.job()
        length = b"Content-Length: %d" % len(body)
        rng = self._rng
        smuggling = (
            ((length, b"Transfer-Encoding: chunked"), b"0\r\n\r\n" + hidden),
            (
                (b"Transfer-Encoding: chunked", b"Content-Length: 4"),
                b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden),
            ),
            ((b"Content-Length: 0", length), body + hidden),
            ((length, b"Content-Length: %d" % (len(body) + 1)), body + hidden),
            ((b"Content-Length: %d, %d" % (len(body), len(body)),), body + hidden),
            ((b"Content-Length: +%d" % len(body),), body + hidden),
            ((b"Content-Length: %d x" % len(body),), body + hidden),
            ((b"Content-Length : 0",), hidden),
            ((b"Transfer-Encoding : chunked",), b"0\r\n\r\n" + hidden),
            ((b"Transfer-Encoding: xchunked",), b"0\r\n\r\n" + hidden),
            ((b"Transfer-Encoding: chunked, identity",), b"0\r\n\r\n" + hidden),
            ((b"Transfer-Encoding: \x0bchunked", length), body + hidden),
            ((b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",), b"0\r\n\r\n" + hidden),
            ((b"X: y\nContent-Length: 0",), hidden),
            ((b"X: y\r Transfer-Encoding: chunked", length), body + hidden),
            ((b"Content-Length: 99999999999999999999",), body + hidden),
            ((b"Content-Length: 0x10",), body + hidden),
            ((length, b"Connection: close"), body + hidden),
        )
        lines, rest = rng.choice(smuggling)
        return Odd(self._post(*lines, body=rest))

    def _odd_first_line(self) -> Odd:
        line = self._rng.choice(
            (
                *(
                    b"get /healthz HTTP/1.1",
                    b"BREW /healthz HTTP/1.1",
                    b"X" * 3000 + b" / HTTP/1.1",
                    b"GET  /healthz HTTP/1.1",
                ),
                *(
                    b"CONNECT x:443 HTTP/1.1",
                    b"TRACE / HTTP/1.1",
                    b"OPTIONS * HTTP/1.1",
                    b"GET /healthz HTTP/1.2",
                ),
                *(
                    b"GET /healthz HTTP/9.9",
                    b"GET /healthz",
                    b"GET /healthz HTTP/1.1 ",
                    b"GET\t/healthz HTTP/1.1",
                ),
                *(
                    b"GET /healthz HTTP/1.0",
                    b"GET /healthz HTTP/0.9",
                    b"GET /healthz FTP/1.1",
                    b"DELETE /submit HTTP/1.1",
                ),
                *(
                    b"GET http://other/healthz HTTP/1.1",
                    b"GET //other/healthz HTTP/1.1",
                    b"PUT /submit HTTP/1.1",
                    b" GET / HTTP/1.1",
                ),
            )
        )
        host = self._rng.choice(
            (b"Host: x\r\n", b"", b"Host: x\r\nHost: y\r\n", b"Host: \xff\r\n", b"Host: a b\r\n")
        )
        return Odd(line + b"\r\n" + host + b"\r\n")

    def _odd_path(self) -> Odd:
        rng = self._rng
        start = rng.choice((b"/result/", b"/jobs/", b"/problems/", b"/docs/assets/", b"/"))
        part = (
            b"%00",
            b"%ff",
            b"%",
            b"%2F",
            b"..",
            b"/",
            b"\xff",
            b"?",
            b"#",
            b"\\",
            b"%E2%80%AE",
            b"a",
            b"%zz",
            b";",
            b"0" * 32,
        )
        path = start + b"".join(rng.choices(part, k=rng.choice((1, 3, 30, 1000))))
        end = rng.choice((b"", b"/results", b"?count=1e9", b"?count=" + b"9" * 5000, b"?count=-1&count=x"))
        return Odd(b"GET " + path + end + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def _odd_lines(self) -> Odd:
        return Odd(
            self._rng.choice(
                (
                    b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
                    b"GET /healthz HTTP/1.1\rHost: localhost\r\r",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n: empty\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
                    b"GET /health\0z HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"\r\n" * 2000 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde",
                )
            )
        )

    def _pipeline(self) -> Odd:
        count = self._rng.choice((2, 50, 300))
        return Odd(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * count, count)

    def _upgrade(self) -> Odd:
        line = self._rng.choice(
            (
                b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
                b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA",
                b"Expect: 100-continue\r\nContent-Length: 10",
                b"Expect: something\r\nContent-Length: 0",
                b"Connection: " + b"close, " * 500,
                b"Keep-Alive: timeout=99999999999",
            )
        )
        return Odd(
            b"POST /submit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + line
            + b"\r\n\r\n",
            2,
        )

    def _other_protocol(self) -> Odd:
        greetings = (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + self._rng.randbytes(200),
            b"*1\r\n$4\r\nPING\r\n",
            b"SSH-2.0-x\r\n",
            b"EHLO x\r\n",
            b"\0" * 4000,
            self._rng.randbytes(self._rng.randrange(1, 2000)),
        )
        return Odd(self._rng.choice(greetings))

    def _mutated(self) -> Odd:
        rng, body = self._rng, self.job()
        text = bytearray(self._post(b"Content-Length: %d" % len(body), b"Prefer: wait=0", body=body))
        for _ in range(rng.choice((1, 2, 5))):
            at = rng.randrange(len(text))
            match rng.randrange(4):
                case 0:
                    text[at] = rng.randrange(256)
                case 1:
                    del text[at : at + rng.randrange(1, 10)]
                case 2:
                    text[at:at] = rng.randbytes(rng.randrange(1, 5))
                case _:
                    text[at:at] = rng.choice((b"\r\n", b"\n", b"\r\n\r\n", b": ", b" ", b"\0", b"chunked"))
        return Odd(bytes(text), 9)  # one change may cut it into several requests

    def _cut_off(self) -> Odd:
        body = self.job()
        whole = self._post(b"Content-Length: %d" % len(body), body=body)
        return Odd(whole[: self._rng.randrange(1, len(whole))])
