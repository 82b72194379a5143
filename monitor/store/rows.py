"""What goes into the store and what comes out of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model import Attribution, Event, FleetRecord, Incident, StoredEvent, TargetState


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of one target: the state it led to and the events it told."""

    state: TargetState
    events: tuple[Event, ...] = ()

    @property
    def subject(self) -> str:
        """Return whose change it is."""
        return self.state.target


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetChange:
    """What all targets together have come to, and the events it told."""

    record: FleetRecord
    events: tuple[Event, ...] = ()

    @property
    def subject(self) -> str:
        """Return whose change it is: nobody's who could be a target."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time in which one lane of a target did not change."""

    target: str
    lane: str
    """`status`, or the name of a layer."""
    value: str | None
    """The status, or the provider ids joined by commas; None: the layer could not be seen."""
    since: datetime
    until: datetime | None
    """None while it lasts."""
    attribution: Attribution | None = None
    """Of a layer: the providers with the evidence that was there when the period began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident as it is stored: with its evidence and its last diagnosis."""

    target: str
    incident: Incident
    unwatched_at: datetime | None = None
    """When its target was taken out of the configuration while it lasted; its end is not known."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    """To be tried at `next_at`."""
    HELD = "held"
    """Waits for an earlier event of the same target, so that the receiver gets them in order."""
    DONE = "done"
    PARKED = "parked"
    """Given up; `last_error` says why."""


class Outcome(StrEnum):
    """How one try ended: the label of `platform_monitor_deliveries_total`."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Will be tried again."""
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one receiver."""

    event: StoredEvent
    receiver: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    first_failed_at: datetime | None = None
    last_error: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How one try of a delivery ended."""

    delivery: Delivery
    outcome: Outcome
    at: datetime
    error: str | None = None
    next_at: datetime | None = None
    """When to try again; set for `Outcome.FAILED` only."""
