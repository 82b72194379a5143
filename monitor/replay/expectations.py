"""Holds the outcome of a scenario against what was expected of it. Pure.

Each expected event has to be told once, in its time; where the scenario is strict, nothing else may
be told. The one expectation that an event satisfies is the first that is still open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import (
    Event,
    IncidentChanged,
    ProviderChanged,
    RegistrationChanged,
    StatusChanged,
    StoredEvent,
    TargetState,
)
from monitor.replay.driver import Outcome, Snapshot
from monitor.replay.scenario import Scenario
from monitor.replay.tables import ConditionTable, ExpectStateTable, ExpectTable, FactTable


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


def verify(scenario: Scenario, outcome: Outcome) -> list[Difference]:
    """Return what is not as expected, in order of time; nothing means that all is."""
    return list(examine(scenario, outcome).differences)


def examine(scenario: Scenario, outcome: Outcome) -> Examination:
    """Return which expectations were met, and what is not as expected."""
    facts = {fact.id: fact for fact in scenario.facts if fact.id}
    noticed: list[Noticed] = []
    unexpected = list(outcome.events)
    differences: list[Difference] = []
    for index, expected in enumerate(scenario.expect):
        found = next((told for told in unexpected if _is(told.event, expected)), None)
        if found is None:
            differences.append(_missing(index, expected, unexpected))
            continue
        unexpected.remove(found)
        fact = facts.get(expected.of) if expected.of else None
        lag = found.event.at - fact.at if fact else None
        noticed.append(Noticed(expectation=expected, told=found, fact=fact, lag=lag))
    if scenario.strict:
        differences += [
            Difference(at=told.event.at, expectation="strict", text=f"nobody expected: {_told(told.event)}")
            for told in unexpected
        ]
    differences += _forbidden(scenario, outcome)
    differences += _misbelieved(scenario, outcome)
    differences.sort(key=lambda difference: difference.at)
    return Examination(noticed=tuple(noticed), differences=tuple(differences))


def _is(event: Event, condition: ConditionTable) -> bool:
    """Tell whether an event is the one that a condition describes, in its time."""
    if condition.after is not None and event.at < condition.after:
        return False
    if condition.before is not None and event.at > condition.before:
        return False
    return _is_like(event, condition)


def _is_like(event: Event, condition: ConditionTable) -> bool:
    """Tell whether an event is the one that a condition describes, at whatever time."""
    if event.type != condition.event or event.subject != condition.target:
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
    return all(_same(told.get(name), value) for name, value in wanted.items() if value is not None)


def _same(told: object, wanted: object) -> bool:
    """Compare, sets of words as sets."""
    if isinstance(wanted, tuple) and isinstance(told, tuple):
        return set(wanted) == set(told)
    return told == wanted


def _values(event: Event) -> dict[str, object]:
    """Return what an event tells, by the names that conditions use."""
    data = event.data
    if isinstance(data, ProviderChanged):
        before = tuple(provider.id for provider in data.providers_from)
        after = tuple(provider.id for provider in data.providers_to)
        return {"layer": data.layer, "from": before, "to": after}
    if isinstance(data, RegistrationChanged):
        return {"fields": tuple(change.field for change in data.changes)}
    if isinstance(data, StatusChanged):
        return {
            "layer": data.layer,
            "from": (data.status_from.value,),
            "to": (data.status_to.value,),
            "status": data.status_to,
            "diagnosis": data.diagnosis,
            "reachable": data.reachable,
        }
    if isinstance(data, IncidentChanged):
        return {
            "layer": data.layer,
            "status": data.status,
            "diagnosis": data.diagnosis,
            "reachable": data.reachable,
        }
    return {}


def _missing(index: int, expected: ExpectTable, untold: list[StoredEvent]) -> Difference:
    """Return the difference for an event that was not told; one at another time is named."""
    after, before = expected.after, expected.before
    near = next((told.event for told in untold if _is_like(told.event, expected)), None)
    hint = f"; one like it came at {near.at:%F %T}" if near else ""
    words = f"{_wanted(expected)} was not told from {after:%F %T} to {before:%F %T}{hint}"
    return Difference(
        at=after or datetime.min.replace(tzinfo=before.tzinfo if before else None),
        expectation=f"expect[{index}]",
        text=words,
    )


def _wanted(condition: ConditionTable) -> str:
    """Return a condition as it was written."""
    written = condition.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"after", "before", "why", "of", "within"}
    )
    event, target = written.pop("event"), written.pop("target")
    details = ", ".join(f"{name} {_plain(value)}" for name, value in written.items())
    return f"{event} of {target}" + (f" ({details})" if details else "")


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
            if _is(told.event, condition):
                yield Difference(
                    at=told.event.at,
                    expectation=f"expect_none[{index}]",
                    text=f"was told: {_told(told.event)}",
                )


def _misbelieved(scenario: Scenario, outcome: Outcome) -> Iterator[Difference]:
    snapshots = {snapshot.at: snapshot for snapshot in outcome.snapshots}
    for index, expected in enumerate(scenario.expect_state):
        for text in _unlike(snapshots[expected.at], expected):
            yield Difference(at=expected.at, expectation=f"expect_state[{index}]", text=text)


def _unlike(snapshot: Snapshot, expected: ExpectStateTable) -> Iterator[str]:
    """Yield what is believed otherwise than expected."""
    state = snapshot.states.get(expected.target or "")
    if state is None:
        yield f"{expected.target} has not been looked at by {expected.at:%F %T}"
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
            yield _otherwise(expected, name, wanted, value)
    providers = _providers(state)
    for layer, ids in expected.providers.items():
        if set(ids) != set(providers.get(layer, ())):
            yield _otherwise(expected, f"{layer} provider", ids, providers.get(layer, ()))


def _otherwise(expected: ExpectStateTable, name: str, wanted: object, value: object) -> str:
    found = _plain(value) if value not in (None, (), "") else "none"
    return (
        f"at {expected.at:%F %T} the {name} of {expected.target} is {found}, not {_plain(wanted) or 'none'}"
    )


def _providers(state: TargetState) -> dict[str, tuple[str, ...]]:
    """Return who is known to stand behind each layer."""
    return {layer.layer.value: layer.confirmed.ids for layer in state.memory.layers if layer.known}
