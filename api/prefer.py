"""The ``Prefer`` header (RFC 7240): how long a client would wait for a result."""

from __future__ import annotations

import re
from collections.abc import Iterable

# preference = token [ "=" value ], then parameters we have no use for; values may be quoted.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PREFERENCE = re.compile(
    rf"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*({_QUOTED}|[^\s",;]*))?(?:[^,"]|{_QUOTED})*"""
)
_CHARS_MAX = 1024  # matching may take the square of a header's length
_DIGITS_MAX = 9


def wait_s(headers: Iterable[str], longest_s: int) -> int:
    """Whole seconds to wait, at most ``longest_s``; 0 if no wait is preferred.

    What cannot be understood is ignored, as the RFC asks; of a repeated preference the first counts.
    """
    for header in headers:
        for name, value in _PREFERENCE.findall(header[:_CHARS_MAX]):
            if name.lower() == "wait":
                seconds = value.strip('"')
                if not (seconds.isascii() and seconds.isdigit()):
                    return 0
                return longest_s if len(seconds) > _DIGITS_MAX else min(int(seconds), longest_s)
    return 0
