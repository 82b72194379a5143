"""Clocks of a world that is not the present one.

`VirtualClock` stands still unless somebody moves it: the driver, from run to run, and whatever in
the small internet makes a probe wait for nothing. Forty days pass as fast as the machine can look.

`PacedClock` lets the ordinary daemon live through a scenario: stretches of scenario time are mapped
to stretches of real time, slow where something happens and fast where nothing does.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.clock import Clock

_ZERO = timedelta()


class ReplayClock(Clock, Protocol):
    """A clock whose time can be spent without waiting."""

    def spend(self, seconds: float | None = None) -> float:
        """Let time pass that a probe would have waited for nothing; returns how much did, in seconds.

        None: all the patience that the probe has left. A clock that follows real time returns 0.
        """


class VirtualClock:
    """Time that passes only when it is told to.

    `monotonic` counts spent time alone: between two runs nothing in the monitor grows old.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._spent = _ZERO
        self._patience_ends = start

    def now(self) -> datetime:
        """Return the moment in the scenario."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that were spent in runs so far."""
        return self._spent.total_seconds()

    def real(self, moment: datetime) -> datetime:
        """Return `moment` itself: there is no other time."""
        return moment

    def moment(self, real: datetime) -> datetime:
        """Return `real` itself."""
        return real

    def begin(self, moment: datetime, patience_s: float = 0.0) -> None:
        """Set the time to `moment`, at which something begins that will wait for so many seconds."""
        self._now = moment
        self._patience_ends = moment + timedelta(seconds=patience_s)

    def spend(self, seconds: float | None = None) -> float:
        """Let seconds pass, but not more than the patience that is left; returns how many did."""
        left = max(_ZERO, self._patience_ends - self._now)
        passed = left if seconds is None else min(left, timedelta(seconds=seconds))
        self._now += passed
        self._spent += passed
        return passed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let seconds pass, as far as patience reaches; deadlines come nearer by all of them.

        A sleep is over in no time: whoever sleeps past the patience of what began meets its deadline.
        """
        self.spend(seconds)
        skip = getattr(asyncio.get_running_loop(), "skip", None)
        if skip is not None:
            skip(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of scenario time, and how long it takes."""

    begin: datetime
    end: datetime
    real_s: float


class Pacing:
    """Maps real seconds since the start to moments of a scenario, and back. Pure.

    Before the first segment and after the last one, time passes as it does outside.
    Raises ValueError unless the segments follow on from each other and all take time.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        if not segments:
            message = "a pace has at least one segment"
            raise ValueError(message)
        self._segments = tuple(segments)
        self._begins_s = [0.0]
        for index, segment in enumerate(segments):
            if segment.end <= segment.begin or segment.real_s <= 0:
                message = f"segment {index} takes no time"
                raise ValueError(message)
            if index and segment.begin != segments[index - 1].end:
                message = f"segment {index} does not begin where the one before ends"
                raise ValueError(message)
            self._begins_s.append(self._begins_s[-1] + segment.real_s)
        self._begins = [segment.begin for segment in segments]

    @property
    def begin(self) -> datetime:
        """Return the moment at which the scenario starts."""
        return self._segments[0].begin

    @property
    def end(self) -> datetime:
        """Return the moment up to which the pace is laid down."""
        return self._segments[-1].end

    @property
    def real_s(self) -> float:
        """Return how long the whole scenario takes, in real seconds."""
        return self._begins_s[-1]

    def moment(self, elapsed_s: float) -> datetime:
        """Return the moment that is shown so many real seconds after the start."""
        if elapsed_s < 0:
            return self.begin + timedelta(seconds=elapsed_s)
        if elapsed_s >= self.real_s:
            return self.end + timedelta(seconds=elapsed_s - self.real_s)
        index = bisect_right(self._begins_s, elapsed_s) - 1
        segment = self._segments[index]
        part = (elapsed_s - self._begins_s[index]) / segment.real_s
        return segment.begin + part * (segment.end - segment.begin)

    def elapsed_s(self, moment: datetime) -> float:
        """Return after how many real seconds `moment` is shown."""
        if moment < self.begin:
            return (moment - self.begin).total_seconds()
        if moment >= self.end:
            return self.real_s + (moment - self.end).total_seconds()
        index = bisect_right(self._begins, moment) - 1
        segment = self._segments[index]
        part = (moment - segment.begin) / (segment.end - segment.begin)
        return self._begins_s[index] + part * segment.real_s


class PacedClock:
    """Shows scenario time while real time passes. The pace begins at `started`: by default now."""

    def __init__(self, pacing: Pacing, base: Clock, started: datetime | None = None) -> None:
        self._pacing = pacing
        self._base = base
        self._started = started or base.now()

    def now(self) -> datetime:
        """Return the moment in the scenario."""
        return self.moment(self._base.now())

    def monotonic(self) -> float:
        """Return real seconds: durations are measured, not paced."""
        return self._base.monotonic()

    def real(self, moment: datetime) -> datetime:
        """Return the machine's moment at which this clock shows `moment`."""
        return self._started + timedelta(seconds=self._pacing.elapsed_s(moment))

    def moment(self, real: datetime) -> datetime:
        """Return what this clock shows when the machine's clock shows `real`."""
        return self._pacing.moment((real - self._started).total_seconds())

    def spend(self, seconds: float | None = None) -> float:
        """Return 0: real time cannot be hurried."""
        del seconds
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Wait as long as the pace has it."""
        now = self._base.now()
        await asyncio.sleep((self.real(self.now() + timedelta(seconds=seconds)) - now).total_seconds())
