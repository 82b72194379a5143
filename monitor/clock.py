"""Time as a value that is passed in.

Nothing below `monitor.app` reads the machine's clock by itself: a replay plays forty days in
seconds by handing over another clock.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of the world that is being watched."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never jump; only differences mean something."""

    def real(self, moment: datetime) -> datetime:
        """Return the moment of the machine's clock at which this clock shows `moment`."""

    def moment(self, real: datetime) -> datetime:
        """Return what this clock shows when the machine's clock shows `real`."""

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has gone on by so many seconds, or a little more."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    def real(self, moment: datetime) -> datetime:
        """Return `moment` itself."""
        return moment

    def moment(self, real: datetime) -> datetime:
        """Return `real` itself."""
        return real

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
