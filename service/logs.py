"""Structured logs: ids, counts and durations; never an advert's words, a contact or a key.

`drop_private` enforces that rule for names that could carry them, whoever writes the line.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

PRIVATE = frozenset(
    {
        "advert", "authorization", "body", "contact", "contacts", "cookie", "csrf", "description", "email",
        "headers", "key", "link", "note", "phone", "query", "raw", "record", "secret", "session", "text",
        "title", "token", "url", "value",
    }
)  # fmt: skip
"""Names whose values never reach a log line."""


def drop_private(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every private name, so that a careless line says nothing it must not."""
    for name in event.keys() & PRIVATE:
        event[name] = "[not logged]"
    return event


def configure(*, json: bool, level: str) -> None:
    """Set up structlog for this process, on standard error."""
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            drop_private,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=_to_standard_error,
        cache_logger_on_first_use=False,
    )


def _to_standard_error(*_names: object) -> structlog.WriteLogger:
    """Give a logger to what standard error is now, not to what it was when logging was set up."""
    return structlog.WriteLogger(sys.stderr)


def where_it_broke(error: BaseException) -> list[str]:
    """Give the places an exception passed through, innermost last, without its message or any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def get_logger() -> Any:
    """Give the service's logger."""
    return structlog.get_logger("lurewatch")
