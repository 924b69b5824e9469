"""What every service that uses the queue must agree on."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.limits import MIB, Bounds


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """Bounds and times of the queue. Seconds, bytes, counts."""

    waiting_max: int = 10_000
    lease_s: float = 15.0
    retention_s: int = 86_400
    item_bytes_max: int = Bounds().raw_item_bytes_max  # of what anyone pushes
    retry_pause_s: float = 1.0  # before the second attempt; doubles, with jitter
    retry_pause_s_max: float = 60.0
    problems_max: int = 10_000  # that may have a definition
    problems_bytes_max: int = 128 * MIB  # of all definitions together

    @property
    def lease_ms(self) -> int:
        """The lease in milliseconds."""
        return int(self.lease_s * 1000)
