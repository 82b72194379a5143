"""What a step means for the history, so that reading history needs no replay. Pure.

A memory that differs from the one before it may begin a period (a status, the providers of a layer) and
may open, refine or end an incident. Writing the same steps twice leaves the same rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import (
    Attribution,
    Event,
    EventType,
    Incident,
    IncidentChanged,
    LayerState,
    Memory,
    TargetState,
)

STATUS_LANE: Final = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodBegins:
    """A lane takes another value at `since`; what was before ends there."""

    target: str
    lane: str
    since: datetime
    value: str | None
    attribution: Attribution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentIs:
    """An incident was opened or refined, or goes on after it had ended: it has no end any more."""

    target: str
    incident: Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEnds:
    """An incident is over."""

    incident: str
    at: datetime


Fact = PeriodBegins | IncidentIs | IncidentEnds


def facts(before: Memory | None, state: TargetState, events: Sequence[Event] = ()) -> Iterator[Fact]:
    """Yield what the step from `before` to `state` adds to the history, in the order to write it.

    `before` is None when it is not known: then everything that lasts is told again.
    """
    after = state.memory
    if before is after:
        return
    yield from _status(before, state)
    yield from _layers(before, state)
    yield from _incident(before, state, events)


def same_history(one: Memory, other: Memory) -> bool:
    """Tell whether a step between the two would add nothing that the later one alone does not."""
    return one is other or _shape(one) == _shape(other)


def _shape(memory: Memory) -> tuple[object, ...]:
    return (
        memory.verdict.status,
        memory.since,
        memory.incident.id if memory.incident else None,
        memory.ended.id if memory.ended else None,
        tuple(_stretch(layer) for layer in memory.layers),
    )


def _stretch(layer: LayerState) -> tuple[object, ...]:
    return (layer.layer, layer.confirmed.ids, layer.since, layer.known, layer.known_since)


def _status(before: Memory | None, state: TargetState) -> Iterator[Fact]:
    after = state.memory
    if after.since is None:
        return
    if before is None or (before.verdict.status, before.since) != (after.verdict.status, after.since):
        yield PeriodBegins(
            target=state.target, lane=STATUS_LANE, since=after.since, value=after.verdict.status.value
        )


def _layers(before: Memory | None, state: TargetState) -> Iterator[Fact]:
    known = {layer.layer: layer for layer in before.layers} if before else {}
    for layer in state.memory.layers:
        earlier = known.get(layer.layer)
        if earlier is None or _stretch(earlier) != _stretch(layer):
            yield _layer_period(state, layer)


def _layer_period(state: TargetState, layer: LayerState) -> PeriodBegins:
    """Return the period that begins: with other providers, or lost from sight, or seen again."""
    return PeriodBegins(
        target=state.target,
        lane=layer.layer.value,
        since=layer.known_since or layer.since,
        value=",".join(layer.confirmed.ids) if layer.known else None,
        attribution=layer.confirmed if layer.known else None,
    )


def _incident(before: Memory | None, state: TargetState, events: Sequence[Event]) -> Iterator[Fact]:
    after = state.memory
    old = before.incident if before else None
    if old is not None and (after.incident is None or after.incident.id != old.id):
        # The last word about it, before the word that it is over.
        over = after.ended is not None and after.ended.id == old.id
        yield IncidentIs(target=state.target, incident=after.ended if over and after.ended else old)
        if not _told_ended(old.id, events):
            yield IncidentEnds(incident=old.id, at=_end(state))
    for event in events:
        data = event.data
        if event.type is EventType.INCIDENT_RESOLVED and isinstance(data, IncidentChanged):
            yield IncidentEnds(incident=data.incident, at=data.resolved_at or event.at)
    if after.incident is not None and after.incident is not old:
        yield IncidentIs(target=state.target, incident=after.incident)


def _told_ended(incident: str, events: Sequence[Event]) -> bool:
    return any(
        event.type is EventType.INCIDENT_RESOLVED
        and isinstance(event.data, IncidentChanged)
        and event.data.incident == incident
        for event in events
    )


def _end(state: TargetState) -> datetime:
    """Return when an incident ended that no event told the end of: no later than the state knows."""
    at = state.memory.since or state.pulse.accounted_until
    assert at is not None, "an incident can only end by an observation"  # noqa: S101 - states the invariant to mypy
    return at
