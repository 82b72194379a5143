"""The facts of one run of a check."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.failure import Failure
from monitor.model.facts import Facts
from monitor.model.words import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """When, how long, and what was seen or which failure.

    Facts and a failure can come together: a name that does not exist is a failure, and the
    answers of the zone's other records are facts all the same.
    """

    target: str
    probe: Probe
    vantage: str
    scheduled_at: datetime
    started_at: datetime
    duration_s: float
    interval_s: float
    """How often the check is meant to run: a longer gap than two of them is time nobody watched."""
    failure: Failure | None = None
    detail: str = ""
    """What the failure said, for people; never decided on. 300 characters at most."""
    facts: Facts | None = None
    part: str = ""
    """What of the target the check is about, by name; empty: the target itself."""

    @property
    def ended_at(self) -> datetime:
        """Return the moment at which the facts were complete."""
        return self.started_at + timedelta(seconds=self.duration_s)

    @property
    def id(self) -> str:
        """Return an id derived from check, scheduled time and vantage: a redelivered one collapses."""
        check = f"{self.target}/{self.probe}:{self.part}" if self.part else f"{self.target}/{self.probe}"
        key = f"{check}|{self.scheduled_at.isoformat()}|{self.vantage}"
        return blake2b(key.encode(), digest_size=8).hexdigest()
