"""Structured logs: an event name and key=value, as JSON for machines or in colour for people.

Logs go to standard error, where journald picks them up; it adds the time itself, and so do we, for
everyone else.
"""

import logging
import sys
from typing import Any, Final

import structlog

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up(*, level: str = "info", form: str = "auto") -> None:
    """Set up logging for this process; `form` is `json`, `console`, or `auto`: console on a terminal."""
    json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if json:
        shared.append(structlog.processors.dict_tracebacks)
        shared.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        shared.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through logging; what they warn of is worth reading, their chatter is not.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s", force=True)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
