"""The programs of the campaign: each takes a moment and prints a token of its own.

The token is the job's problemId as well, so that of any job, whoever made it, the right output is
known. The no-op runner and the control read the two facts out of the text instead of running it.
"""

from __future__ import annotations

import random
import re
import secrets

LANGUAGE = "python"
_SHAPE = re.compile(r"import time; time\.sleep\(([0-9.]+)\); print\('([0-9a-f]{16})'\)")


def new_token() -> str:
    """A word nobody else has."""
    return secrets.token_hex(8)


def snippet(token: str, takes_s: float) -> str:
    """A program that prints ``token`` after a while."""
    return f"import time; time.sleep({takes_s:.3f}); print('{token}')"


def duration_s(rng: random.Random) -> float:
    """How long the next program takes: most a moment, some long enough to be hit by a fault."""
    if rng.random() < 0.95:
        return rng.uniform(0, 0.01)
    return rng.uniform(0.1, 0.5)


def read(code: str) -> tuple[float, str]:
    """How long a program takes in seconds, and the token it prints."""
    found = _SHAPE.fullmatch(code)
    if not found:
        raise ValueError("not a program of the campaign")
    return float(found[1]), found[2]
