"""How often one server may be asked: a token bucket, and a rest for a server that wants none.

Pure: the moment is passed in. A server that refuses, or that cannot be reached, is left alone for a
time that doubles with every further try, up to a bound; its own `Retry-After` counts where it gives
one. After a rest one question goes out, and only its answer opens the bucket again.

A clock that is set right must not silence a server: time that runs backwards counts as no time, and
a rest is never longer than the longest one, whatever the clock says.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.probe.outcome import Outcome

LONGEST_LIMITED_S: Final = 6 * 3600.0
LONGEST_UNREACHABLE_S: Final = 15 * 60.0
LONGEST_RETRY_AFTER_S: Final = 86_400.0
_LIMITED_S: Final = 300.0
_UNREACHABLE_S: Final = 30.0
# Answers that do not come in time may be the fault of one name: so many in a row are the server's.
_STUMBLES: Final = 2
_ROUNDING: Final = 1e-6
_MOST_DOUBLINGS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Questions a second in the long run, and at most so many at once after a calm time."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Why a server is left alone, and until when."""

    until: datetime
    outcome: Outcome
    """LIMITED or UNREACHABLE."""
    length: timedelta


class Allowance:
    """What one server may still be asked."""

    __slots__ = ("_at", "_in_a_row", "_stumbles", "_tokens", "rate", "rest")

    def __init__(self, rate: Rate, now: datetime) -> None:
        self.rate = rate
        self.rest: Rest | None = None
        self._tokens = float(rate.burst)
        self._at = now
        self._in_a_row = 0
        self._stumbles = 0

    @property
    def on_trial(self) -> bool:
        """Tell whether the server has refused or failed, and has not answered since."""
        return self._in_a_row > 0

    def resting(self, now: datetime) -> Rest | None:
        """Return the rest that is still on; a rest that ended leaves one token."""
        rest = self.rest
        if rest is None:
            return None
        if rest.until - now > rest.length:  # the clock was set back
            rest = self.rest = replace(rest, until=now + rest.length)
        if now < rest.until:
            return rest
        self.rest, self._tokens, self._at = None, 1.0, now
        return None

    def tokens(self, now: datetime) -> float:
        """Return how many questions may go out now, in parts."""
        passed_s = max(0.0, (now - self._at).total_seconds())
        self._at = now
        self._tokens = min(float(self.rate.burst), self._tokens + passed_s * self.rate.per_s)
        return self._tokens

    def ready_in(self, now: datetime, behind: int = 0) -> float:
        """Return the seconds until there is a token for a question that has `behind` others before it."""
        rest = self.resting(now)
        if rest is not None:
            return (rest.until - now).total_seconds() + behind / self.rate.per_s
        missing = behind + 1 - self.tokens(now)
        # A little less than a whole token will do: rounding must not put off a question for ever.
        return missing / self.rate.per_s if missing > _ROUNDING else 0.0

    def take(self, now: datetime) -> None:
        """Use up a token."""
        self._tokens = self.tokens(now) - 1.0

    def give_back(self) -> None:
        """Return a token whose question was never asked."""
        self._tokens = min(float(self.rate.burst), self._tokens + 1.0)

    def note(
        self, outcome: Outcome, now: datetime, *, reached: bool, retry_after_s: float | None = None
    ) -> bool:
        """Learn from how a question ended; returns whether a rest began.

        `reached`: the server said something, if only that it is out of order.
        """
        if self.resting(now) is not None:
            return False  # asked before the rest began: the same trouble, counted already
        if outcome is Outcome.LIMITED:
            self._begin_rest(now, outcome, _LIMITED_S, LONGEST_LIMITED_S, retry_after_s)
        elif outcome is Outcome.UNREACHABLE:
            self._stumbles += 1
            if reached and self._stumbles < _STUMBLES and not self.on_trial:
                return False
            self._begin_rest(now, outcome, _UNREACHABLE_S, LONGEST_UNREACHABLE_S, None)
        elif outcome is Outcome.UNPARSABLE:
            return False  # it answers, but that is no sign that it would answer well
        else:
            self._in_a_row = self._stumbles = 0
            return False
        return True

    def _begin_rest(
        self, now: datetime, outcome: Outcome, first_s: float, longest_s: float, retry_after_s: float | None
    ) -> None:
        doubled = 1 << min(self._in_a_row, _MOST_DOUBLINGS)
        if retry_after_s is None:
            seconds = min(longest_s, first_s * doubled)
        else:
            seconds = min(LONGEST_RETRY_AFTER_S, max(1.0, retry_after_s) * doubled)
        self._in_a_row += 1
        self._stumbles = 0
        length = timedelta(seconds=seconds)
        self.rest = Rest(until=now + length, outcome=outcome, length=length)
