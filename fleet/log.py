"""Logging: structlog, one JSON object a line unless a person looks at a terminal.

One canonical line per unit of work (``job_submitted``, ``job_finished``, ``problem_done``), and
otherwise only the exceptional. Source and output of users are never logged; what they may
influence (a problemId, say) is escaped, so a line stays one line.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

Format = Literal["auto", "json", "console"]


def configure(service: str, log_format: Format = "auto", level: str = "info") -> None:
    """Set up logging for a process; called once, by a ``__main__``. Lines go to stdout, flushed."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stdout.isatty())
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=True)
        if as_json
        else structlog.dev.ConsoleRenderer(pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _escape_controls,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    structlog.contextvars.bind_contextvars(service=service)
    # Libraries log through the standard module; only their warnings are of interest.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines carry ``room=name``."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=name)
    return logger


def _escape_controls(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    # The console renderer prints strings as they are; an escape sequence in a problemId must not
    # reach a terminal. JSON escapes them anyway.
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable() and key != "exception":
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event
