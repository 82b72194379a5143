"""Where the time went: every second is up, down or unknown, once.

Time is given to the confirmed status. While something else is suspected it waits, so that the
seconds between the first failed look and the confirmation count as down if it is confirmed and as
up if it was nothing: counters never have to go backwards. Time that nobody watched (the monitor
was off, the machine asleep, runs missed) is unknown, whatever came before and after.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from monitor.failure import Failure
from monitor.model import Observation, Pulse, Status

# Runs may be late; a gap of more than this many intervals is a gap.
_GAP_INTERVALS: Final = 2.0

# An observation may come in late, but not by so much: then the clock was set back.
_SET_BACK_S: Final = 600.0


def account(pulse: Pulse, status: Status, until: datetime) -> Pulse:
    """Return the pulse with the time up to `until` given to `status`; earlier moments change nothing.

    After a clock that was far ahead has been set right, counting goes on from where it is now, and
    not when that moment of the future has come.
    """
    if pulse.accounted_until is None:
        return replace(pulse, accounted_until=until)
    seconds = (until - pulse.accounted_until).total_seconds()
    if seconds <= 0:
        return replace(pulse, accounted_until=until) if seconds < -_SET_BACK_S else pulse
    if status is Status.UP:
        return replace(pulse, up_s=pulse.up_s + seconds, accounted_until=until)
    if status is Status.UNKNOWN:
        return replace(pulse, unknown_s=pulse.unknown_s + seconds, accounted_until=until)
    return replace(pulse, down_s=pulse.down_s + seconds, accounted_until=until)


def unwatched(observation: Observation, previous: datetime | None) -> bool:
    """Tell whether nobody watched between the previous run of the same check and this one."""
    return observation.failure is Failure.MISSED or gap(observation, previous)


def gap(observation: Observation, previous: datetime | None) -> bool:
    """Tell whether runs are lacking between the previous one of the same check and this one."""
    if previous is None:
        return False
    seconds = (observation.started_at - previous).total_seconds()
    return seconds > _GAP_INTERVALS * observation.interval_s
