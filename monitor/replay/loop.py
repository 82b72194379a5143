"""An event loop whose time can be moved forward.

A server that never answers costs a probe its whole deadline. In a replay nobody should sit through
it: when the small internet knows that a probe waits for nothing, it skips the wait, and the
deadline strikes as it would have.
"""

import asyncio


class SkippingLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, with `skip`. One probe at a time: the timers of all would be due."""

    _skipped_s: float = 0.0

    def time(self) -> float:
        """Return the loop's seconds, skipped ones included."""
        return super().time() + self._skipped_s

    def skip(self, seconds: float) -> None:
        """Move the loop's time forward: timers due within `seconds` are due now."""
        self._skipped_s += seconds
