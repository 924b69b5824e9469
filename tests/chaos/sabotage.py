"""Protocols that are wrong on purpose: each must turn the campaign red, or its oracle is worthless.

A sabotaged worker differs from the real one by one edit of a script and, where a step was taken out
of it, by a second call that makes up for it as a careless author would.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fleet import keys, scripts
from fleet.events import announcement
from fleet.queue import Claim, Finish
from fleet.redis_client import RedisClients
from fleet.redis_queue import QueueOptions, RedisQueue
from worker.sandbox import RawOutcome, Stage
from worker.testing import Script

SABOTAGES = {
    "no-fence": "finish does not ask whether the lease is still held",
    "pop-before-lease": "claim pops the job, and a second call leases it",
    "event-apart": "finish stores the result, and a second call adds the event",
    "mixed-up": "now and then a worker stores the output of its previous job",
}
_LEASE = "  call('ZADD', K.leases, now + lease_ms, id)\n"
_EVENT = "  call('XADD', K.events, 'MAXLEN', '~', EVENTS_MAX, '*', 'n', n, 'e', event)\n"
_HELD = "  if known[1] == 'leased' and known[2] == fence then\n    return 'held'"
_MIX_UP_EVERY = 20


# The one edit of a script: the file it is in, what is there, what is there instead.
_EDITS = {
    "no-fence": ("_lease", _HELD, "  if fence then\n    return 'held'"),
    "pop-before-lease": ("claim", _LEASE, ""),
    "event-apart": ("_finish", _EVENT, ""),
}


@contextlib.contextmanager
def edited(sabotage: str) -> Iterator[None]:
    """Within the block the scripts of this process are those of the sabotage."""
    if sabotage not in _EDITS:
        yield
        return
    file, old, new = _EDITS[sabotage]
    honest = scripts._read  # private: nothing but a sabotage needs another text of a script
    if old not in honest(file):
        raise LookupError(f"{file}.lua has changed; the sabotage {sabotage} has to be written anew")

    def read(name: str) -> str:
        return honest(name).replace(old, new) if name == file else honest(name)

    try:
        scripts._read = read
        scripts.script.cache_clear()
        yield
    finally:
        scripts._read = honest
        scripts.script.cache_clear()


def marker(name: str, verb: str) -> bytes:
    """What a request to run a verb has in it, sent by a worker with this sabotage (or none)."""
    with edited(name):
        return scripts.script(verb).sha.encode()


def queue(name: str, clients: RedisClients, options: QueueOptions) -> RedisQueue:
    """The queue of a worker with this sabotage; the real one if there is none."""
    kinds = {"pop-before-lease": _LeasesLater, "event-apart": _AnnouncesLater}
    return kinds.get(name, RedisQueue)(clients, options)


def script(name: str, honest: Script) -> Script:
    """What boxes do in a worker with this sabotage."""
    if name != "mixed-up":
        return honest
    before: list[RawOutcome] = []

    async def mixed_up(stage: Stage) -> RawOutcome:
        before.append(await honest(stage))
        return before[-2 if len(before) % _MIX_UP_EVERY == 0 else -1]

    return mixed_up


class _LeasesLater(RedisQueue):
    def __init__(self, clients: RedisClients, options: QueueOptions) -> None:
        super().__init__(clients, options)
        self._clients, self._lease_ms = clients, options.lease_ms

    async def claim(self, worker_id: str, languages: Sequence[str], want: int) -> list[Claim]:
        claims = await super().claim(worker_id, languages, want)
        for claim in claims:
            await self._clients.call("ZADD", keys.LEASES, claim.claimed_at_ms + self._lease_ms, claim.job_id)
        return claims


class _AnnouncesLater(RedisQueue):
    def __init__(self, clients: RedisClients, options: QueueOptions) -> None:
        super().__init__(clients, options)
        self._clients = clients

    async def finish(self, claim: Claim, result: Mapping[str, Any], *, dead: bool = False) -> Finish:
        stored = await super().finish(claim, result, dead=dead)
        if stored is not Finish.STALE:
            n = int(await self._clients.call("HGET", keys.job(claim.job_id), "n"))
            event = json.dumps({**json.loads(announcement(claim.job_id, result)), "n": n})
            await self._clients.call("XADD", keys.EVENTS, "*", "n", n, "e", event)
        return stored
