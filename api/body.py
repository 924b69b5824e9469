"""Request bodies: bounded in type, size, time and sum before they are read whole."""

from __future__ import annotations

import asyncio

from fastapi import Request

from api.problems import Kind, Problem

# After these answers the rest of the body is not wanted, so the connection ends with them.
_CLOSE = {"Connection": "close"}


class BodyReader:
    """Reads JSON bodies of at most ``bytes_max`` within ``seconds``, ``total_bytes_max`` at once."""

    def __init__(self, bytes_max: int, seconds: float, total_bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._seconds = seconds
        self._total_bytes_max = total_bytes_max
        self.held_bytes = 0

    async def read(self, request: Request, bytes_max: int = 0) -> bytes:
        """The body; of at most ``bytes_max`` if that is given. Raises ``Problem`` for a wrong type, too
        many bytes, or too slow a sender."""
        bytes_max = bytes_max or self._bytes_max
        self._check_headers(request, bytes_max)
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                async for piece in request.stream():
                    self._take(body, piece, bytes_max)
        except TimeoutError:
            raise Problem(
                Kind.SLOW_BODY, f"the body must arrive within {self._seconds:g} s", headers=_CLOSE
            ) from None
        finally:
            self.held_bytes -= len(body)
        return bytes(body)

    def _take(self, body: bytearray, piece: bytes, bytes_max: int) -> None:
        if len(body) + len(piece) > bytes_max:
            raise _too_large(bytes_max)
        if self.held_bytes + len(piece) > self._total_bytes_max:
            raise Problem(
                Kind.BUSY, "too many large bodies arrive at once", headers={**_CLOSE, "Retry-After": "1"}
            )
        body += piece
        self.held_bytes += len(piece)

    def _check_headers(self, request: Request, bytes_max: int) -> None:
        media_type, _, parameters = request.headers.get("content-type", "").partition(";")
        charset = parameters.strip().lower().removeprefix("charset=").strip('"')
        if media_type.strip().lower() != "application/json" or charset not in {"", "utf-8", "utf8"}:
            raise Problem(Kind.MEDIA_TYPE, "send Content-Type: application/json, in UTF-8", headers=_CLOSE)
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Problem(
                Kind.MEDIA_TYPE, "send the body as it is, without a Content-Encoding", headers=_CLOSE
            )
        length = request.headers.get("content-length", "")
        if length.isdigit() and (len(length) > 18 or int(length) > bytes_max):
            raise _too_large(bytes_max)


def _too_large(bytes_max: int) -> Problem:
    return Problem(Kind.TOO_LARGE, f"the body may have at most {bytes_max} bytes", headers=_CLOSE)
