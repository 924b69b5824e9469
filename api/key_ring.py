"""The API keys that one process knows, so that a request costs no question to Redis.

Theory of operation:

- What Redis said of a key is believed for ``FRESH_S``. A revoked key, or the old token of a rotated
  one, works for at most that long more, in a process that has just asked.
- A key that was there at the last look is asked for again whenever it is used after that time: as
  many questions as there are keys, however many requests come.
- What only somebody who guesses would send, an unknown id or a wrong secret, is asked for as well,
  since a key may be new or just rotated. But such questions have a rate; above it the answer is that
  the API is busy, and Redis is not asked. Keys that are in use do not feel it.
- Those who ask for one key at one time share a question.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from api.problems import Kind, Problem
from fleet.api_keys import KEYS_MAX, ApiKey, Token

FRESH_S = 5.0
GUESSES_PER_S = 50.0
GUESSES_AT_ONCE = 200.0


class KeyRing:
    """Tells which key a token proves. ``find`` asks Redis."""

    def __init__(
        self,
        find: Callable[[str], Awaitable[ApiKey | None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._clock = clock
        self._held: OrderedDict[str, tuple[ApiKey, float]] = OrderedDict()  # and until when it is fresh
        self._asking: dict[str, asyncio.Future[ApiKey | None]] = {}
        self._guesses = GUESSES_AT_ONCE  # that may be asked for now
        self._counted_at = clock()

    async def proven_by(self, token: Token) -> ApiKey | None:
        """The key of this token; None if there is none. Raises ``Problem`` while too many guess.

        Raises ``QueueUnavailable`` too.
        """
        held, until = self._held.get(token.key_id, (None, 0.0))
        fresh = self._clock() < until
        if held and fresh and held.is_proven_by(token):
            return held
        guess = held is None or fresh
        if guess:
            self._count_a_guess()
        key = await self._ask(token.key_id)
        if key is None or not key.is_proven_by(token):
            return None
        if guess:
            self._guesses += 1  # it was none
        return key

    async def _ask(self, key_id: str) -> ApiKey | None:
        asking = self._asking.get(key_id)
        if asking is None:
            asking = self._asking[key_id] = asyncio.ensure_future(self._look(key_id))
            asking.add_done_callback(lambda _: self._asking.pop(key_id))
        # Shielded: the request of one may be dropped while another waits for the same answer.
        return await asyncio.shield(asking)

    async def _look(self, key_id: str) -> ApiKey | None:
        until = self._clock() + FRESH_S
        key = await self._find(key_id)
        self._held.pop(key_id, None)
        if key:
            self._held[key_id] = key, until
            if len(self._held) > KEYS_MAX:
                self._held.popitem(last=False)
        return key

    def _count_a_guess(self) -> None:
        now = self._clock()
        earned = (now - self._counted_at) * GUESSES_PER_S
        self._guesses = min(GUESSES_AT_ONCE, self._guesses + earned)
        self._counted_at = now
        if self._guesses < 1:
            detail = "too many keys that are unknown or wrong are sent at this moment; try again"
            raise Problem(Kind.KEYS_BUSY, detail, headers={"Retry-After": "1"})
        self._guesses -= 1
