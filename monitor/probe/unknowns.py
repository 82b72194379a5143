"""Exceptions that the failure vocabulary does not know: counted, and each kind told once."""

from collections import Counter
from typing import Final

import structlog

_KINDS_LIMIT: Final = 1000


class Unknowns:
    """Remembers which chains of exception classes were logged."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """How often each chain of classes was met; the first thousand kinds."""

    def meet(self, classes: str, *, check: str, error: BaseException) -> None:
        """Count one exception; log it, with its traceback, when its kind was never met."""
        if classes not in self.counts and len(self.counts) >= _KINDS_LIMIT:
            return
        self.counts[classes] += 1
        if self.counts[classes] == 1:
            log = structlog.get_logger("monitor.probe")
            log.error("probe.unknown_failure", classes=classes, check=check, exc_info=error)
