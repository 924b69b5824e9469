"""The ``Prefer`` header (RFC 7240): how long a client would wait, and what becomes of what it leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# preference = token [ "=" value ], then parameters we have no use for; values may be quoted.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PREFERENCE = re.compile(
    rf"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*({_QUOTED}|[^\s",;]*))?(?:[^,"]|{_QUOTED})*"""
)
_CHARS_MAX = 1024  # matching may take the square of a header's length
_DIGITS_MAX = 9
_CANCEL = "cancel-on-close"


@dataclass(frozen=True, slots=True)
class Preferences:
    """Whole seconds to wait, 0 for none; and whether a client that leaves meanwhile wants no result."""

    wait_s: int = 0
    cancel_on_close: bool = False

    @classmethod
    def read(cls, headers: Iterable[str], longest_s: int) -> Preferences:
        """The preferences in these headers, with a wait of at most ``longest_s``.

        What cannot be understood is ignored, as the RFC asks; of a repeated preference the first counts.
        """
        said: dict[str, str] = {}
        for header in headers:
            for name, value in _PREFERENCE.findall(header[:_CHARS_MAX]):
                said.setdefault(name.lower(), value)
        wait_s = _seconds(said.get("wait", ""), longest_s)
        return cls(wait_s, cancel_on_close=_CANCEL in said and wait_s > 0) if said else NO_PREFERENCES

    def without_cancel(self) -> Preferences:
        """These, for an address where nothing is cancelled."""
        return Preferences(self.wait_s) if self.cancel_on_close else self

    @property
    def applied(self) -> dict[str, str]:
        """The header that says what was honoured; empty without a wait."""
        if not self.wait_s:
            return {}
        words = f"wait={self.wait_s}" + (f", {_CANCEL}" if self.cancel_on_close else "")
        return {"Preference-Applied": words}


NO_PREFERENCES = Preferences()


def _seconds(value: str, longest_s: int) -> int:
    seconds = value.strip('"')
    if not (seconds.isascii() and seconds.isdigit()):
        return 0
    return longest_s if len(seconds) > _DIGITS_MAX else min(int(seconds), longest_s)
