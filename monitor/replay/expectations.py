"""Holds the outcome of a scenario against what was expected of it. Pure.

Each expected event has to be told once, in its time; where the scenario is strict, nothing else may
be told. An event satisfies one expectation, and as many are met as can be met at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor import wire
from monitor.model import (
    Event,
    EventType,
    ProviderChanged,
    RegistrationChanged,
    StatusChanged,
    StoredEvent,
    TargetState,
)
from monitor.replay.driver import Outcome, Snapshot
from monitor.replay.expected import is_meant, is_told
from monitor.replay.scenario import Scenario
from monitor.replay.tables import ConditionTable, ExpectStateTable, ExpectTable, FactTable

_MOST_NAMED: Final = 5
# What is noticed before anything happens, told quietly: a strict scenario need not expect it.
_QUIET: Final = frozenset({EventType.SIGN_NOTICED, EventType.EXPIRY_APPROACHING})
# Keys of a condition that do not say what kind of event is meant.
_NOT_SAID: Final = {"after", "before", "why", "of", "within", "at_least", "at_most"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as expected."""

    at: datetime
    """When it happened, or should have."""
    expectation: str
    """Where it stands in the scenario: `expect[3]`; `strict` for an event that nobody expected."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """An expectation that was met."""

    expectation: ExpectTable
    told: StoredEvent
    fact: FactTable | None
    """What was noticed, where the expectation says so."""
    lag: timedelta | None
    """How long after the fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What came of the expectations."""

    noticed: tuple[Noticed, ...]
    differences: tuple[Difference, ...]
    """In order of time; empty: all is as expected."""


def verify(scenario: Scenario, outcome: Outcome, *, patience: timedelta = timedelta()) -> list[Difference]:
    """Return what is not as expected, in order of time; nothing means that all is.

    `patience`: by how much later events may be told, where it is another's thresholds that are played.
    """
    return list(examine(scenario, outcome, patience=patience).differences)


def examine(scenario: Scenario, outcome: Outcome, *, patience: timedelta = timedelta()) -> Examination:
    """Return which expectations were met, and what is not as expected."""
    facts = {fact.id: fact for fact in scenario.facts if fact.id}
    if patience:
        scenario = replace(scenario, expect=tuple(_later(row, patience) for row in scenario.expect))
    met = _met(scenario.expect, outcome.events)
    noticed: list[Noticed] = []
    differences: list[Difference] = []
    left = [told for number, told in enumerate(outcome.events) if number not in met.values()]
    for index, expected in enumerate(scenario.expect):
        if index not in met:
            differences.append(_missing(_label(scenario, "expect", index), expected, left))
            continue
        found = outcome.events[met[index]]
        fact = facts.get(expected.of) if expected.of else None
        lag = found.event.at - fact.at if fact else None
        noticed.append(Noticed(expectation=expected, told=found, fact=fact, lag=lag))
    if scenario.strict:
        differences += [
            Difference(at=told.event.at, expectation="strict", text=f"nobody expected: {_told(told.event)}")
            for told in left
            if told.event.type not in _QUIET
            and not any(_is(told, counted) for counted in scenario.expect_count)
        ]
    differences += _forbidden(scenario, outcome)
    differences += _miscounted(scenario, outcome)
    differences += _misbelieved(scenario, outcome)
    differences.sort(key=lambda difference: difference.at)
    return Examination(noticed=tuple(noticed), differences=tuple(differences))


def _later(row: ExpectTable, patience: timedelta) -> ExpectTable:
    return row.model_copy(update={"before": row.before + patience}) if row.before else row


def _met(expected: Sequence[ExpectTable], events: Sequence[StoredEvent]) -> dict[int, int]:
    """Return which event meets which expectation, by their positions: as many as can be met at once.

    An expectation takes the first event that fits. One that finds all of its own taken has another
    expectation take the next one that fits that one too, as in every bipartite matching.
    """
    fitting = [
        [number for number, told in enumerate(events) if _is(told, condition)] for condition in expected
    ]
    taken: dict[int, int] = {}

    def find(index: int, tried: set[int]) -> bool:
        for number in (n for n in fitting[index] if n not in taken and n not in tried):
            taken[number] = index
            return True
        for number in fitting[index]:
            if number not in tried:
                tried.add(number)
                if find(taken[number], tried):
                    taken[number] = index
                    return True
        return False

    for index in range(len(expected)):
        find(index, set())
    return {index: number for number, index in taken.items()}


def _label(scenario: Scenario, key: str, index: int) -> str:
    """Return where an expectation stands in the file."""
    written = scenario.written.get(key)
    return f"{key}[{written[index] if written else index}]"


def _is(told: StoredEvent, condition: ConditionTable) -> bool:
    """Tell whether an event is the one that a condition describes, in its time."""
    if condition.after is not None and told.event.at < condition.after:
        return False
    if condition.before is not None and told.event.at > condition.before:
        return False
    return _is_like(told, condition)


def _is_like(stored: StoredEvent, condition: ConditionTable) -> bool:
    """Tell whether an event is the one that a condition describes, at whatever time."""
    event = stored.event
    if event.type != condition.event or not is_meant(event.subject, condition.subject):
        return False
    told = _values(event)
    wanted = {
        "layer": condition.layer,
        "from": condition.from_,
        "to": condition.to,
        "status": condition.status,
        "diagnosis": condition.diagnosis,
        "reachable": condition.reachable,
        "fields": condition.fields,
    }
    if not all(_same(told.get(name), value) for name, value in wanted.items() if value is not None):
        return False
    return not condition.data or is_told(condition.data, wire.cloudevent(stored, source="")["data"])


def _same(told: object, wanted: object) -> bool:
    """Compare, sets of words as sets."""
    if isinstance(wanted, tuple) and isinstance(told, tuple):
        return set(wanted) == set(told)
    return told == wanted


def _values(event: Event) -> dict[str, object]:
    """Return what an event tells, by the names that conditions use."""
    data = event.data
    told = {name: getattr(data, name, None) for name in ("layer", "status", "diagnosis", "reachable")}
    if isinstance(data, ProviderChanged):
        before = tuple(provider.id for provider in data.providers_from)
        after = tuple(provider.id for provider in data.providers_to)
        return {"layer": data.layer, "from": before, "to": after}
    if isinstance(data, RegistrationChanged):
        return {"fields": tuple(change.field for change in data.changes)}
    if isinstance(data, StatusChanged):
        moved = {"from": (data.status_from.value,), "to": (data.status_to.value,)}
        return {"layer": data.layer, **moved, **told, "status": data.status_to}
    return told


def _missing(label: str, expected: ExpectTable, untold: list[StoredEvent]) -> Difference:
    """Return the difference for an event that was not told; one at another time is named."""
    after, before = expected.after, expected.before
    near = next((told.event for told in untold if _is_like(told, expected)), None)
    hint = f"; one like it came at {near.at:%F %T}" if near else ""
    words = f"{_wanted(expected)} was not told from {after:%F %T} to {before:%F %T}{hint}"
    return Difference(
        at=after or datetime.min.replace(tzinfo=before.tzinfo if before else None),
        expectation=label,
        text=words,
    )


def _wanted(condition: ConditionTable) -> str:
    """Return a condition as it was written."""
    written = condition.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, exclude=_NOT_SAID
    )
    event, subject = str(written.pop("event")), written.pop("subject", None)
    details = ", ".join(f"{name} {_plain(value)}" for name, value in written.items())
    return event + (f" of {subject}" if subject else "") + (f" ({details})" if details else "")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "+".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _told(event: Event) -> str:
    details = ", ".join(
        f"{name} {_plain(value)}" for name, value in _values(event).items() if value is not None
    )
    return f"{event.type} of {event.subject} ({details}) at {event.at:%F %T}"


def _forbidden(scenario: Scenario, outcome: Outcome) -> Iterator[Difference]:
    for index, condition in enumerate(scenario.expect_none):
        for told in outcome.events:
            if _is(told, condition):
                yield Difference(
                    at=told.event.at,
                    expectation=_label(scenario, "expect_none", index),
                    text=f"was told: {_told(told.event)}",
                )


def _miscounted(scenario: Scenario, outcome: Outcome) -> Iterator[Difference]:
    """Yield where there are too few or too many events of a kind."""
    for index, counted in enumerate(scenario.expect_count):
        found = [told.event for told in outcome.events if _is(told, counted)]
        few, many = counted.at_least, counted.at_most
        if len(found) < few:
            bound = f"at least {few}"
        elif many is not None and len(found) > many:
            bound = f"at most {many}"
        else:
            continue
        whose = sorted({event.subject for event in found})
        named = ", ".join(whose[:_MOST_NAMED]) + (", …" if len(whose) > _MOST_NAMED else "")
        yield Difference(
            at=found[-1].at if found else counted.before or scenario.end,
            expectation=_label(scenario, "expect_count", index),
            text=f"{bound} of {_wanted(counted)}, and {len(found)} were told"
            + (f": {named or 'nobody'}" if named else ""),
        )


def _misbelieved(scenario: Scenario, outcome: Outcome) -> Iterator[Difference]:
    snapshots = {snapshot.at: snapshot for snapshot in outcome.snapshots}
    for index, expected in enumerate(scenario.expect_state):
        label = _label(scenario, "expect_state", index)
        for target in scenario.targets:
            if is_meant(target.name, expected.target):
                for text in _unlike(snapshots[expected.at], target.name, expected):
                    yield Difference(at=expected.at, expectation=label, text=text)


def _unlike(snapshot: Snapshot, target: str, expected: ExpectStateTable) -> Iterator[str]:
    """Yield what is believed otherwise than expected."""
    state = snapshot.states.get(target)
    if state is None:
        yield f"{target} has not been looked at by {expected.at:%F %T}"
        return
    verdict = state.memory.verdict
    believed = {
        "status": verdict.status.value,
        "reachable": verdict.reachable,
        "diagnosis": verdict.diagnosis or "",
        "layer": verdict.layer,
    }
    for name, value in believed.items():
        wanted = getattr(expected, name)
        if wanted is not None and wanted != value:
            yield _otherwise(expected.at, target, name, wanted, value)
    providers = _providers(state)
    for layer, ids in expected.providers.items():
        if set(ids) != set(providers.get(layer, ())):
            yield _otherwise(expected.at, target, f"{layer} provider", ids, providers.get(layer, ()))


def _otherwise(at: datetime, target: str, name: str, wanted: object, value: object) -> str:
    found = _plain(value) if value not in (None, (), "") else "none"
    return f"at {at:%F %T} the {name} of {target} is {found}, not {_plain(wanted) or 'none'}"


def _providers(state: TargetState) -> dict[str, tuple[str, ...]]:
    """Return who is known to stand behind each layer."""
    return {layer.layer.value: layer.confirmed.ids for layer in state.memory.layers if layer.known}
