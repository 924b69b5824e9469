"""Every Redis key of the fleet, each with its type and life span. No other module spells one.

All but the public list and the channels carry the hash tag ``{problems}``: it hashes to the slot of
the plain key ``problems``, so one script may touch them all, on a cluster too. No text of a user
ever becomes part of a key: a problemId enters as its SHA-1, a language only once it is known, an
owner by the id of its API key. API keys lie beside ``{problems}:``, which is all that the account of a
worker may touch.

=====================================  =======  ======================================================
key                                    type     content and life span
=====================================  =======  ======================================================
``problems``                           LIST     public entry: producers LPUSH raw JSON, the fleet takes
                                                from the right; kept until taken. Also tokens that
                                                wake a worker for jobs that are ready already
``{problems}:inbox:<worker>``          LIST     raw items on their way to one worker, normally 0 or 1;
                                                what a dead worker leaves goes back to ``problems``
``{problems}:ready:<lane>:<language>`` ZSET     jobId -> its turn, the lowest next; language ``*``: any
                                                worker may take it, since it only needs a verdict
``{problems}:turns:<lane>:<language>`` ZSET     owner -> the last turn given to one of its jobs there,
                                                while that is to come; gone with the last job
``{problems}:clocks``                  ZSET     ``<lane>:<language>`` of every ready set ever used -> the
                                                turn it has come to
``{problems}:job:<jobId>``             HASH     the job and, once done, its result; expires after the
                                                retention, counted from its end
``{problems}:batch:<batchId>``         HASH     a batch: ``total``, ``done``, ``v:<verdict>`` counts;
                                                expires a retention after its last job's end, as the
                                                next two do
``{problems}:batch-jobs:<batchId>``    LIST     its job ids in the order they were sent
``{problems}:batch-done:<batchId>``    LIST     its job ids in the order they ended
``{problems}:open``                    HASH     owner -> its jobs that are not done; none: no field
``{problems}:rate:<owner>``            STRING   ms: when all that the owner has submitted is paid for by
                                                its jobs a minute; expires then
``{problems}:once:<sha1>``             STRING   of an owner's idempotency key: the digest of the request,
                                                the id it was answered with, when; expires in 24 hours
``{problems}:leases``                  ZSET     jobId -> end of its lease, ms of the server's clock
``{problems}:later``                   ZSET     jobId -> when it may run, ms: a time of its own, or the
                                                end of a pause before a retry
``{problems}:dead``                    ZSET     jobId -> when it died, ms; the newest 1,000
``{problems}:by-problem:<sha1>``       LIST     the newest 100 job ids of a problem, newest first;
                                                expires a retention after its last change; of an
                                                owner: ``<owner>:<sha1>``
``{problems}:problem:<sha1>``          HASH     what a problem's jobs are judged by; of an owner:
                                                ``<owner>:<sha1>``. ``digest`` and
                                                ``definition``; kept until it is removed, then a
                                                minute to answer a removal that is sent again
``{problems}:problems``                SET      the key of every problem that has a definition
``{problems}:told:<jobId>``            STREAM   what a worker told of a running job, ``e`` the event;
                                                trimmed to about 1,024, expires with the job
``{problems}:events``                  STREAM   one entry a finished job: ``n`` without gaps, ``e`` the
                                                event; trimmed to about 100,000
``{problems}:seen:<group>``            HASH     how far a consumer group has come in the numbers
``{problems}:acked:<group>``           ZSET     numbers it acknowledged ahead of that
``{problems}:workers``                 ZSET     worker id -> last heartbeat, ms; forgotten 10 minutes
                                                after it stopped
``{problems}:worker:<worker>``         HASH     what a worker announced; removed with it
``{problems}:claimed:<worker>``        STRING   the last claim of a worker, so that a claim sent again
                                                gets the same jobs; expires after two leases
``{problems}:delivery:<id>``           HASH     what is to be told to a callback URL, and how that
                                                stands; expires a week after it began to be sent, or
                                                the retention after it was delivered or given up
``{problems}:deliveries:<state>``      ZSET     delivery -> when it came to be pending, delivered or
                                                dead, ms; the newest, expires with the last of them;
                                                the same of one owner with ``:<sha1>`` behind
``{problems}:delivery-due``            ZSET     owner, as half a SHA-1 -> when something of theirs may be
                                                sent, ms; expires after a week without change
``{problems}:delivery-due:<owner>``    ZSET     receiver (a host of an owner) -> likewise
``{problems}:delivery-due:<receiver>`` ZSET     delivery -> likewise
``{problems}:delivery-claim:<sender>`` HASH     the last deliveries a sender took, so that a claim sent
                                                again gets the same; expires with their leases
``{problems}:languages``               HASH     name or alias -> name, as announced by workers; kept
``{problems}:count``                   HASH     counters: for the audit, fences, turns, event numbers
``{problems}.key:<id>``                HASH     an API key, with digests of its secrets and no secret; kept
                                                until it is revoked, or expires at its own time
``{problems}.keys``                    SET      the ids of all API keys
``problem_done``                       channel  wake-up and public notification of every finished job
``job_progress``                       channel  wake-up: the id of a job that started, waits again, or
                                                of which something was told
``delivery_due``                       channel  wake-up: the id of a delivery that may be sent at once
                                                of which something was told; of a batch of which a
                                                job ended
``job_cancel``                         channel  the id of a leased job that somebody asked to cancel
=====================================  =======  ======================================================
"""

from __future__ import annotations

import hashlib
import re

PUBLIC = "problems"
DONE_CHANNEL = "problem_done"
PROGRESS_CHANNEL = "job_progress"
DELIVERY_CHANNEL = "delivery_due"
CANCEL_CHANNEL = "job_cancel"

_TAG = "{problems}:"
CLOCKS = f"{_TAG}clocks"
LEASES = f"{_TAG}leases"
LATER = f"{_TAG}later"
DEAD = f"{_TAG}dead"
EVENTS = f"{_TAG}events"
WORKERS = f"{_TAG}workers"
LANGUAGES = f"{_TAG}languages"
PROBLEMS = f"{_TAG}problems"
OPEN = f"{_TAG}open"
COUNT = f"{_TAG}count"
API_KEYS = "{problems}.keys"
DELIVERY_DUE = f"{_TAG}delivery-due"
DELIVERIES = f"{_TAG}deliver*"  # the pattern of every key of deliveries

_INBOX = f"{_TAG}inbox:"
_READY = f"{_TAG}ready:"
_TURNS = f"{_TAG}turns:"
_JOB = f"{_TAG}job:"
_BATCH = f"{_TAG}batch:"
_BATCH_JOBS = f"{_TAG}batch-jobs:"
_BATCH_DONE = f"{_TAG}batch-done:"
_RATE = f"{_TAG}rate:"
_ONCE = f"{_TAG}once:"
_BY_PROBLEM = f"{_TAG}by-problem:"
_PROBLEM = f"{_TAG}problem:"
_TOLD = f"{_TAG}told:"
_SEEN = f"{_TAG}seen:"
_ACKED = f"{_TAG}acked:"
_WORKER = f"{_TAG}worker:"
_CLAIMED = f"{_TAG}claimed:"
_API_KEY = "{problems}.key:"
_DELIVERY = f"{_TAG}delivery:"
_DELIVERIES = f"{_TAG}deliveries:"
_DELIVERY_CLAIM = f"{_TAG}delivery-claim:"

_PLAIN = re.compile(r"[A-Za-z0-9_.@+#*-]{1,128}")


def inbox(worker_id: str) -> str:
    """Where BLMOVE puts items for one worker."""
    return _INBOX + plain(worker_id)


def ready(lane: str, language: str) -> str:
    """The jobs of one lane and language that may run now."""
    return f"{_READY}{plain(lane)}:{plain(language)}"


def turns(lane: str, language: str) -> str:
    """The last turn of each owner that has jobs there."""
    return f"{_TURNS}{plain(lane)}:{plain(language)}"


def job(job_id: str) -> str:
    """A job and its result."""
    return _JOB + plain(job_id)


def batch(batch_id: str) -> str:
    """A batch."""
    return _BATCH + plain(batch_id)


def batch_jobs(batch_id: str) -> str:
    """The jobs of a batch, as they were sent."""
    return _BATCH_JOBS + plain(batch_id)


def batch_done(batch_id: str) -> str:
    """The jobs of a batch that are done, as they ended."""
    return _BATCH_DONE + plain(batch_id)


def rate(owner: str) -> str:
    """What an owner has used of its jobs a minute."""
    return _RATE + plain(owner)


def once(owner: str, key: str) -> str:
    """An idempotency key of an owner."""
    return _ONCE + _digest(f"{owner}\0{key}")


def by_problem(problem_id: str, owner: str = "") -> str:
    """The newest jobs of an owner's problem."""
    return _BY_PROBLEM + _owned(problem_id, owner)


def problem(problem_id: str, owner: str = "") -> str:
    """What the jobs of an owner's problem are judged by."""
    return _PROBLEM + _owned(problem_id, owner)


def told(job_id: str) -> str:
    """What was told of a job while it ran."""
    return _TOLD + plain(job_id)


def seen(group: str) -> str:
    """How far a consumer group has come."""
    return _SEEN + plain(group)


def acked(group: str) -> str:
    """What a consumer group acknowledged out of order."""
    return _ACKED + plain(group)


def worker(worker_id: str) -> str:
    """What a worker announced."""
    return _WORKER + plain(worker_id)


def claimed(worker_id: str) -> str:
    """The last claim of a worker."""
    return _CLAIMED + plain(worker_id)


def api_key(key_id: str) -> str:
    """An API key."""
    return _API_KEY + plain(key_id)


def delivery(delivery_id: str) -> str:
    """What is to be told to a callback URL, and how that stands."""
    return _DELIVERY + plain(delivery_id)


def plain(part: str) -> str:
    """``part`` unchanged if it may be part of a key; raises ``ValueError`` otherwise."""
    if not _PLAIN.fullmatch(part):
        raise ValueError(f"{part[:64]!r} cannot be part of a key")
    return part


def lua_table() -> str:
    """The keys and the beginnings of keys as a Lua table ``K``: the head of every script."""
    names = {
        "public": PUBLIC,
        "done_channel": DONE_CHANNEL,
        "progress_channel": PROGRESS_CHANNEL,
        "delivery_channel": DELIVERY_CHANNEL,
        "cancel_channel": CANCEL_CHANNEL,
        "clocks": CLOCKS,
        "leases": LEASES,
        "later": LATER,
        "dead": DEAD,
        "events": EVENTS,
        "workers": WORKERS,
        "languages": LANGUAGES,
        "problems": PROBLEMS,
        "open": OPEN,
        "count": COUNT,
        "inbox": _INBOX,
        "ready": _READY,
        "turns": _TURNS,
        "job": _JOB,
        "batch": _BATCH,
        "batch_jobs": _BATCH_JOBS,
        "batch_done": _BATCH_DONE,
        "rate": _RATE,
        "by_problem": _BY_PROBLEM,
        "problem": _PROBLEM,
        "told": _TOLD,
        "seen": _SEEN,
        "acked": _ACKED,
        "worker": _WORKER,
        "claimed": _CLAIMED,
        "api_keys": API_KEYS,
        "api_key": _API_KEY,
        "delivery": _DELIVERY,
        "deliveries": _DELIVERIES,
        "delivery_due": DELIVERY_DUE,
        "delivery_claim": _DELIVERY_CLAIM,
    }
    return "local K = {%s}\n" % ", ".join(f"{name} = '{key}'" for name, key in names.items())  # noqa: UP031


def _owned(problem_id: str, owner: str) -> str:
    digest = _digest(problem_id)
    return f"{plain(owner)}:{digest}" if owner else digest


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
