"""For tests: the quotas and idempotency keys of ``fleet.fake_queue.FakeQueue``."""

from __future__ import annotations

import math
from collections import Counter

from fleet.errors import KeyReused, QuotaExceeded
from fleet.queue import Allowance, Once, Quota

_MINUTE_MS = 60_000
_ONCE_MS = 24 * 60 * _MINUTE_MS


class FakeAdmission:
    """What each owner has used, and what it has sent."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter()  # jobs that are not done, by owner
        self._used_up_to_ms: dict[str, float] = {}  # GCRA: when all that was used is earned again
        self._sent: dict[tuple[str, str], tuple[str, str, int]] = {}  # digest, id, when

    def sent_before(self, owner: str, once: Once | None, now_ms: float) -> tuple[str, int] | None:
        """The id that came of the same request, and when. Raises ``KeyReused`` if it was another one."""
        if once is None or (owner, once.key) not in self._sent:
            return None
        digest, subject, at_ms = self._sent[owner, once.key]
        if at_ms + _ONCE_MS <= now_ms:
            return None
        if digest != once.digest:
            raise KeyReused("this idempotency key was used for another request")
        return subject, at_ms

    def check(self, owner: str, quota: Quota, jobs: int, now_ms: float) -> None:
        """Raise ``QuotaExceeded`` if the owner may not submit so many jobs now."""
        if owner and quota.open_max and self.open[owner] + jobs > quota.open_max:
            raise QuotaExceeded(
                f"this key may have {quota.open_max} jobs open; {self.open[owner]} are", retry_after_s=1
            )
        rate = quota.jobs_per_minute
        if not owner or not rate:
            return
        left = self.allowance(owner, quota, now_ms)
        if jobs > rate:
            raise QuotaExceeded(f"this key may submit {rate} jobs a minute; these are {jobs}", 60, left)
        late_ms = self._used(owner, now_ms) + jobs * _MINUTE_MS / rate - _MINUTE_MS
        if late_ms > 1e-6:
            again = f"try again in {(wait_s := math.ceil(late_ms / 1000))} s"
            raise QuotaExceeded(f"this key may submit {rate} jobs a minute; {again}", wait_s, left)

    def admit(self, owner: str, quota: Quota, once: Once | None, ids: tuple[str, int], now_ms: float) -> None:
        """Count jobs; ``ids`` is what the request is answered with, and how many jobs there are."""
        subject, jobs = ids
        if once:
            self._sent[owner, once.key] = (once.digest, subject, int(now_ms))
        if owner:
            self.open[owner] += jobs
        if owner and quota.jobs_per_minute:
            used_ms = self._used(owner, now_ms) + jobs * _MINUTE_MS / quota.jobs_per_minute
            self._used_up_to_ms[owner] = now_ms + used_ms

    def end(self, owner: str) -> None:
        """Count a job that is done."""
        if owner:
            self.open[owner] -= 1
            if not self.open[owner]:
                del self.open[owner]

    def allowance(self, owner: str, quota: Quota, now_ms: float) -> Allowance | None:
        """What is left, if the quota bounds the rate."""
        if not owner or not quota.jobs_per_minute:
            return None
        used_ms = self._used(owner, now_ms)
        left = (_MINUTE_MS - used_ms) * quota.jobs_per_minute / _MINUTE_MS
        return Allowance(max(math.floor(left + 1e-6), 0), math.ceil(used_ms / 1000))

    def _used(self, owner: str, now_ms: float) -> float:
        return max(self._used_up_to_ms.get(owner, 0.0) - now_ms, 0.0)
