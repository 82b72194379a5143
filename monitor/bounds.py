"""How many questions the investigations of the whole fleet may ask.

A thousand targets that fail together must not cause a storm: at the resolvers, at parent zones and
registries, and on this machine. So the follow-ups of investigations take from one bucket. What finds it
empty is left out, and asked for again by the judge at a later look of the same target; ordinary runs and
rechecks take nothing from it. How many run at once is the schedule's limit for each probe.

    bounds = Bounds()
    if bounds.admit(observation.ended_at): ...
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Bounds:
    """A bucket of questions that fills by the moments of the observations: no clock of its own."""

    burst: int = 300
    """Questions that may be asked at once: what a hundred targets ask."""
    per_s: float = 10.0
    """Questions a second from then on."""
    told: Callable[[bool], None] = field(default=lambda _: None)
    """Is told of each whether it was asked, for the monitor's own numbers."""
    _spent: float = 0.0
    _at: datetime | None = None

    def admit(self, at: datetime, *, again: bool = False) -> bool:
        """Tell whether one more may be asked now, and count it. A clock that was set back refills nothing.

        `again`: it was answered before. Half of the bucket is for those who were never asked.
        """
        if self._at is not None:
            elapsed_s = max(0.0, (at - self._at).total_seconds())
            self._spent = max(0.0, self._spent - elapsed_s * self.per_s)
        self._at = at
        admitted = self._spent + 1 <= (self.burst / 2 if again else self.burst)
        if admitted:
            self._spent += 1
        self.told(admitted)
        return admitted
