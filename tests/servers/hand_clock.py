"""A clock that a test moves by hand, with sleepers that it wakes."""

import asyncio
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

START = datetime(2026, 1, 1, tzinfo=UTC)


class SleeperClock:
    """Time that goes on only in `advance`; whoever sleeps is woken in the order of the moments."""

    def __init__(self) -> None:
        self._now = START
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - START).total_seconds()

    def real(self, moment: datetime) -> datetime:
        return moment

    def moment(self, real: datetime) -> datetime:
        return real

    async def sleep(self, seconds: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._numbers), waiter))
        await waiter

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due in it."""
        until = self._now + timedelta(seconds=seconds)
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, waiter = heappop(self._sleepers)
            if not waiter.done():
                self._now = max(self._now, at)
                waiter.set_result(None)
                await settle()
        self._now = until


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(6):
        await asyncio.sleep(0)
