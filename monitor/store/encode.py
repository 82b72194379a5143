"""From changes to rows: everything of a commit that needs no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor import wire
from monitor.model import Event, FleetRecord, TargetState
from monitor.store.error import UnstorableError
from monitor.store.history import Fact, facts
from monitor.store.rows import Change, FleetChange
from monitor.store.write import Row


@dataclass(slots=True, kw_only=True)
class Batch:
    """The rows of one commit."""

    states: dict[str, TargetState] = field(default_factory=dict)
    """The latest state per target."""
    pulses: list[Row] = field(default_factory=list)
    memories: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    fleet: FleetRecord | None = None
    """The latest."""


def encode(changes: Sequence[Change | FleetChange], last: Mapping[str, TargetState]) -> Batch:
    """Return the rows that bring a store that holds `last` up to date; raises UnstorableError.

    A state that is not newer than the one before it adds nothing; its events are kept all the same.
    """
    batch = Batch()
    for change in changes:
        for event in change.events:
            batch.events.append(event)
            batch.bodies.append(_body(event))
        if isinstance(change, FleetChange):
            batch.fleet = change.record
            continue
        state = change.state
        before = batch.states.get(state.target) or last.get(state.target)
        if before is None or state.seq > before.seq:
            batch.states[state.target] = state
            if before is None or state.memory is not before.memory:
                batch.facts.extend(facts(before.memory if before else None, state, change.events))
    for state in batch.states.values():
        _encode_state(batch, state, last.get(state.target))
    return batch


def _body(event: Event) -> str:
    try:
        return wire.dump_event(event)
    except ValueError as error:
        raise UnstorableError(event.subject, type(error).__name__) from error


def _encode_state(batch: Batch, state: TargetState, committed: TargetState | None) -> None:
    try:
        batch.pulses.append((state.target, state.seq, wire.dump_pulse(state.pulse)))
        if committed is None or state.memory is not committed.memory:
            batch.memories.append((state.target, state.seq, wire.dump_memory(state.memory)))
    except ValueError as error:
        raise UnstorableError(state.target, type(error).__name__) from error
