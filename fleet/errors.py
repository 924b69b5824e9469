"""Every error Sandfleet raises itself.

FleetError
├── InvalidJob            the sender's mistake; names the field and says what to do
│   └── JobTooLarge       its code or stdin is larger than this fleet takes
├── QueueFull             the bound on waiting jobs is reached; say when to come back
├── DeliveriesFull        as many deliveries of an owner wait as may; say when to come back
├── QuotaExceeded         the owner's quota is used up; say when to come back
├── KeyReused             an idempotency key came again with another request
├── ProblemsFull          no more problems, or bytes of them, are stored
├── ApiKeysFull           no more API keys are stored
├── QueueUnavailable      Redis is away, loading, or refuses writes
│   └── QueueMemoryFull   Redis has reached ``maxmemory``; running jobs still finish
├── SandboxError          our side of a sandbox failed; the job is retried, never blamed
│   ├── EngineUnavailable the engine does not answer, or not in time
│   ├── ImageMissing      the image of a language is not there
│   └── ProtocolError     bytes from a sandbox are not the frames they must be
├── LanguageFileError     a ``language.toml`` cannot be used; stops the start
└── SettingsError         a setting is unknown, malformed or contradicts another; stops the start

A user's misfortune (a time limit, a crash, a compile error) is a value, ``Verdict``, and never
raised. A lost claim is an answer (``stale``), not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a value of the queue, which raises these errors
    from fleet.queue import Allowance


class FleetError(Exception):
    """Base of all errors of this project."""


class InvalidJob(FleetError):
    """A submission that cannot become a job. ``field`` is the JSON name, dotted when nested."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.field = field
        self.detail = detail


class JobTooLarge(InvalidJob):
    """A submission whose code or stdin has more bytes than this fleet takes."""


class QueueFull(FleetError):
    """As many jobs wait as the queue may hold. ``retry_after_s`` is when to try again, in seconds."""

    def __init__(self, waiting: int, bound: int, retry_after_s: int) -> None:
        super().__init__(f"{waiting} jobs wait and the queue holds at most {bound}")
        self.waiting = waiting
        self.bound = bound
        self.retry_after_s = retry_after_s


class DeliveriesFull(FleetError):
    """As many deliveries wait as may. ``retry_after_s`` is when to try again, in seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("as many deliveries wait to be sent as may")
        self.retry_after_s = retry_after_s


class QuotaExceeded(FleetError):
    """An owner may not submit more now. ``retry_after_s`` is when to try again, in seconds;
    ``allowance`` what is left of the rate, if it is the rate that was exceeded."""

    def __init__(self, detail: str, retry_after_s: int, allowance: Allowance | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.allowance = allowance


class KeyReused(FleetError):
    """An idempotency key came again within 24 hours, with a request that is not the first one."""


class ProblemsFull(FleetError):
    """As many problems are stored, or as many bytes of them, as the fleet keeps."""


class ApiKeysFull(FleetError):
    """As many API keys are stored as the fleet keeps."""


class QueueUnavailable(FleetError):
    """Redis cannot be reached, is loading, or did not answer in time."""


class QueueMemoryFull(QueueUnavailable):
    """Redis has reached its ``maxmemory`` and takes no new jobs until running ones finish."""


class SandboxError(FleetError):
    """Our side of a sandbox failed. The job is retried; the program is not to blame."""


class EngineUnavailable(SandboxError):
    """The container engine cannot be reached or did not answer within its deadline."""


class ImageMissing(SandboxError):
    """The sandbox image of a language is not on this host; ``make images`` builds it."""


class ProtocolError(SandboxError):
    """Bytes from a sandbox broke the frame protocol. They are untrusted; the sandbox is destroyed."""


class LanguageFileError(FleetError):
    """A ``language.toml`` is missing, malformed, or says something unknown."""


class SettingsError(FleetError):
    """The settings cannot be used; the message names each one and what to change."""
