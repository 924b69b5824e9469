"""Every fault of a campaign: its name, how many cards of the deck are its, and what it does."""

from __future__ import annotations

import signal
from functools import partial

from tests.chaos import faults_of_engine as engine
from tests.chaos import faults_of_redis as redis
from tests.chaos import faults_of_services as services
from tests.chaos import faults_of_workers as workers
from tests.chaos.proxy import Side
from tests.chaos.scene import Fault

_CLIENT_KILL = ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
_CLAIM_BYTES_MIN = 80  # an answer that leases something

FAULTS = (
    Fault("worker SIGKILL", 4, workers.killed),
    Fault(
        "worker SIGKILL, its claim not answered",
        2,
        partial(workers.killed_at, verb="claim", side=Side.ANSWER, answer_bytes_min=_CLAIM_BYTES_MIN),
    ),
    Fault(
        "worker SIGKILL, its result not yet sent",
        2,
        partial(workers.killed_at, verb="finish", side=Side.REQUEST),
    ),
    Fault(
        "worker SIGKILL, its result stored, not answered",
        2,
        partial(workers.killed_at, verb="finish", side=Side.ANSWER),
    ),
    Fault("worker SIGSTOP past the lease, SIGCONT", 2, workers.frozen),
    Fault("worker SIGSTOP, its result under way, SIGCONT", 2, workers.frozen_finishing),
    Fault("worker SIGTERM", 1, workers.stopped),
    Fault("worker cut off past the lease", 1, workers.cut_off),
    Fault("connections of a service reset", 4, redis.connections_reset),
    Fault("connections of the producers reset", 2, redis.producers_reset),
    Fault("answer of Redis lost", 4, redis.answer_lost),
    Fault("answers of Redis late", 2, redis.network_slow),
    Fault("Redis SIGKILL", 2, redis.killed),
    Fault("Redis SIGSTOP", 1, redis.frozen),
    Fault("Redis told CLIENT KILL of everyone", 1, partial(redis.told, command=_CLIENT_KILL)),
    Fault("Redis told SCRIPT FLUSH", 1, partial(redis.told, command=("SCRIPT", "FLUSH"))),
    Fault("pushes repeated", 4, redis.pushes_repeated),
    Fault("API SIGKILL", 1, services.api_killed),
    Fault("API SIGKILL, the job stored, not answered", 2, services.api_killed_answering),
    Fault("subscriber SIGKILL", 1, services.subscriber_killed),
    Fault("subscriber SIGKILL before XACK", 2, services.subscriber_killed_before_ack),
    Fault("engine SIGKILL", 1, partial(engine.restarted, number=signal.SIGKILL), of_engine=True),
    Fault("engine SIGTERM", 1, partial(engine.restarted, number=signal.SIGTERM), of_engine=True),
    Fault("engine SIGSTOP", 1, engine.frozen, of_engine=True),
    Fault("container removed by a third party", 6, engine.container_removed, of_engine=True),
)
