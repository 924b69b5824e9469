"""Jobs on their way in: read once, ordered, accepted, counted and logged.

The one validator of the job itself is ``fleet.job.Submission``, of its delivery ``api.options``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from api.auth import Caller
from api.directory import Directory
from api.metrics import ApiMetrics
from api.options import NO_OPTIONS, Options, Terms
from api.problems import Kind, Problem, as_problem
from api.schemas.requests import SubmitRequest
from fleet import log
from fleet.errors import FleetError, InvalidJob, QuotaExceeded
from fleet.job import Submission
from fleet.limits import Bounds
from fleet.queue import Enqueued, EnqueuedBatch, Once, Order, Queue

FIELDS = frozenset(str(field.alias) for field in SubmitRequest.model_fields.values())
_log = log.get("api.intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Turns what clients send into orders, and orders into jobs that are safe in the queue."""

    queue: Queue
    directory: Directory
    metrics: ApiMetrics
    bounds: Bounds
    terms: Terms

    def order(self, raw: Any, caller: Caller) -> Order:
        """The order in a decoded submit. Raises ``InvalidJob`` or ``Problem``, which name the field."""
        if not isinstance(raw, dict):
            raise InvalidJob("", "must be an object")
        if not FIELDS.issuperset(raw):
            name = next(name for name in raw if name not in FIELDS)
            raise InvalidJob(name[:64], f"is not a field; there are {', '.join(sorted(FIELDS))}")
        submission = self.known(Submission.from_mapping(raw, self.bounds))
        return self.order_of(submission, caller, Options.read(raw, self.terms))

    def known(self, submission: Submission) -> Submission:
        """The submission with the name of its language, which this fleet serves. Raises ``Problem`` or
        ``InvalidJob``."""
        language = self.directory.resolve(submission.language)
        if language is None:
            detail = f"is not the name or an alias of a language; there are {', '.join(self.directory.names)}"
            raise Problem(Kind.UNKNOWN_LANGUAGE, f"language: {detail}", errors=[("language", detail)])
        if not self.directory.is_served(language):
            served = ", ".join(self.directory.served) or "none"
            detail = f"is known here, but no worker has ever had its image; served now: {served}"
            raise Problem(Kind.LANGUAGE_NOT_SERVED, f"language: {detail}", errors=[("language", detail)])
        submission.check_beside(self.directory.file_of(language))
        return submission if language == submission.language else replace(submission, language=language)

    def order_of(
        self,
        submission: Submission,
        caller: Caller,
        options: Options = NO_OPTIONS,
        *,
        job_id: str = "",
        spec: str = "",
    ) -> Order:
        """The order for a submission that is ``known``. ``job_id`` and ``spec``, the text that is stored
        of it, are made here unless given."""
        return Order(
            job_id=job_id or secrets.token_hex(16),
            spec=spec or submission.to_spec(),
            problem_id=submission.problem_id,
            language=submission.language,
            lane=submission.priority,
            owner=caller.owner,
            run_at_ms=options.run_at_ms,
            delay_ms=options.delay_ms,
            ttl_s=options.ttl_s,
            keep_source=options.keep_source,
            callback=options.callback,
        )

    async def enqueue(self, order: Order, caller: Caller, once: Once | None = None) -> Enqueued:
        """Accept the job. Raises ``Problem``; then it was not accepted."""
        with self.refusals_counted(caller, order.language):
            enqueued = await self.queue.enqueue(order, quota=caller.quota, once=once)
        if not enqueued.repeated:
            self.metrics.submitted(order.language, "accepted")
            _log.info(
                "job_submitted",
                job_id=enqueued.job_id,
                problem_id=order.problem_id,
                language=order.language,
                lane=str(order.lane),
                owner=order.owner,
                spec_bytes=len(order.spec),
                waiting=enqueued.waiting,
            )
        return enqueued

    async def enqueue_batch(
        self, orders: Sequence[Order], caller: Caller, *, callback: str = "", once: Once | None = None
    ) -> EnqueuedBatch:
        """Accept all of these jobs. Raises ``Problem``; then none was accepted."""
        with self.refusals_counted(caller):
            enqueued = await self.queue.enqueue_batch(
                secrets.token_hex(16), orders, callback=callback, quota=caller.quota, once=once
            )
        if not enqueued.repeated:
            for order in orders:
                self.metrics.submitted(order.language, "accepted")
            _log.info(
                "batch_submitted",
                batch_id=enqueued.batch_id,
                jobs=len(orders),
                owner=caller.owner,
                waiting=enqueued.waiting,
            )
        return enqueued

    @contextmanager
    def refusals_counted(self, caller: Caller, language: str = "") -> Iterator[None]:
        """While the context lasts, an error becomes the ``Problem`` it is to ``caller``, and is counted."""
        try:
            yield
        except (Problem, FleetError) as error:
            problem = caller.over_quota(error) if isinstance(error, QuotaExceeded) else as_problem(error)
            self.metrics.submitted(language, problem.kind.slug)
            raise problem from error
