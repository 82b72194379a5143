"""From a scenario file to a `Scenario`, or to every mistake in it.

A scenario is a chronicle: what happened, when, how that is known, and, where it could be seen from
outside, how it changed the world. Beside it stands what a monitor is expected to say about it.
What is watched is written as in a configuration, with the same tables.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from monitor.attribute import AsTable, TableError
from monitor.config import sections
from monitor.config.files import FileError, Surroundings, read_text
from monitor.config.problem import ConfigError, Place, Problem, Problems
from monitor.config.salvage import read_document, read_targets
from monitor.config.sources import Sources
from monitor.config.targets import TargetReader, Watched
from monitor.config.wording import listed, shown
from monitor.model import Check, EventType, Policy, Target
from monitor.replay.misfits import note_misfits
from monitor.replay.tables import (
    CircumstanceTable,
    ConditionTable,
    Document,
    ExpectNoneTable,
    ExpectStateTable,
    ExpectTable,
    FactTable,
    NetworkTable,
    RowTable,
)

_LONGEST_FILE: Final = 4 << 20
# Written as in a configuration, and read by what reads configurations.
_COMMON: Final = ("http", "dns", "registration", "delegation", "policy", "targets")
_TELLS: Final[Mapping[str, frozenset[str]]] = {
    "layer": frozenset(EventType) - {EventType.REGISTRATION_CHANGED},
    "from_": frozenset({EventType.PROVIDER_CHANGED, EventType.STATUS_CHANGED}),
    "to": frozenset({EventType.PROVIDER_CHANGED, EventType.STATUS_CHANGED}),
    "status": frozenset(EventType) - {EventType.REGISTRATION_CHANGED, EventType.PROVIDER_CHANGED},
    "diagnosis": frozenset(EventType) - {EventType.REGISTRATION_CHANGED, EventType.PROVIDER_CHANGED},
    "reachable": frozenset(EventType) - {EventType.REGISTRATION_CHANGED, EventType.PROVIDER_CHANGED},
    "fields": frozenset({EventType.REGISTRATION_CHANGED}),
}

T = TypeVar("T", bound=ConditionTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A stretch of history that can be played, and what it should lead to."""

    id: str
    title: str
    description: str
    start: datetime
    end: datetime
    vantage: str
    resolvers: int
    """How many resolvers the monitor is given; the first one is the one that may lie."""
    strict: bool
    """Whether an event that no expectation names is a mistake."""
    targets: tuple[Target, ...]
    checks: tuple[Check, ...]
    policies: Mapping[str, Policy]
    networks: AsTable
    """Of the days of the scenario; its edition is the scenario's id."""
    editions: Mapping[str, AsTable]
    """The tables that facts put in its place, by their edition."""
    before: tuple[CircumstanceTable, ...]
    facts: tuple[FactTable, ...]
    """In the order in which they happened."""
    expect: tuple[ExpectTable, ...]
    """With targets, and with `after` and `before` set."""
    expect_none: tuple[ExpectNoneTable, ...]
    expect_state: tuple[ExpectStateTable, ...]


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in the file; raises ConfigError with every mistake at once."""
    try:
        text = read_text(path, _LONGEST_FILE)
    except FileError as error:
        raise ConfigError([Problem(path="", message=str(error), file=str(path), line=error.line)]) from None
    return read_scenario(text, file=str(path))


def read_scenario(text: str, *, file: str) -> Scenario:
    """Return the scenario that the text describes; `file` stands in messages. Raises ConfigError."""
    problems = Problems(file, text)
    raw = _parsed(text, file)
    common = {key: value for key, value in raw.items() if key in _COMMON}
    own = {key: value for key, value in raw.items() if key not in _COMMON}
    document = note_misfits(Document, own, problems, known=_COMMON)
    watched, targets = _watched(common, problems)
    scenario = _scenario(document, watched, targets, problems) if document else None
    problems.raise_if_any()
    assert scenario is not None  # noqa: S101 - no document without a problem
    return scenario


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        fault = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        problem = Problem(path="", message=f"is not valid TOML: {fault}", file=file)
        raise ConfigError([problem]) from None


def _watched(common: dict[str, Any], problems: Problems) -> tuple[Watched, frozenset[str]]:
    """Return what is watched, and the names of all targets that were written."""
    document = read_document(common, problems)
    nowhere = Surroundings(folder=Path(), environ={})
    reader = TargetReader(
        document, policy=sections.policy(document), sources=Sources(nowhere, problems), problems=problems
    )
    reader.read(read_targets(common, problems))
    if not common.get("targets"):
        problems.add(Place(("targets",)), "there are no targets; a scenario is about at least one")
    return reader.watched, frozenset(reader.names)


def _scenario(document: Document, watched: Watched, names: frozenset[str], problems: Problems) -> Scenario:
    head = document.scenario
    if head.end <= head.start:
        problems.add(Place(("scenario", "end")), "is not after start")
    _check_chronicle(document, problems)
    facts = {fact.id: fact.at for fact in document.facts if fact.id}
    return Scenario(
        id=head.id,
        title=head.title,
        description=head.description,
        start=head.start,
        end=head.end,
        vantage=head.vantage,
        resolvers=head.resolvers,
        strict=head.strict,
        targets=tuple(watched.targets),
        checks=tuple(watched.checks),
        policies=dict(watched.policies),
        networks=_networks(document.networks, head.id, problems),
        editions=_editions(document, problems),
        before=tuple(document.before),
        facts=tuple(sorted(document.facts, key=lambda fact: fact.at)),
        expect=tuple(_expected(document, facts, names, problems)),
        expect_none=tuple(_conditions("expect_none", document.expect_none, names, problems)),
        expect_state=tuple(_states(document, names, problems)),
    )


def _check_chronicle(document: Document, problems: Problems) -> None:
    head = document.scenario
    ids: dict[str, int] = {}
    for index, circumstance in enumerate(document.before):
        _check_origin(Place(("before", index)), circumstance, problems)
    for index, fact in enumerate(document.facts):
        place = Place(("facts", index))
        _check_origin(place, fact, problems)
        if not head.start <= fact.at <= head.end:
            problems.add(
                place.at("at"), f"lies outside of the scenario, {head.start:%F %R} to {head.end:%F %R}"
            )
        if fact.id and ids.setdefault(fact.id, index) != index:
            problems.add(place.at("id"), f"{shown(fact.id)} is the id of facts[{ids[fact.id]}] too")


def _check_origin(place: Place, told: CircumstanceTable, problems: Problems) -> None:
    if not told.source and not told.synthetic:
        problems.add(place, "has neither a source nor synthetic: say how it is known, or that it is invented")


def _networks(rows: list[NetworkTable], edition: str, problems: Problems) -> AsTable:
    for index, row in enumerate(rows):
        if not row.source and not row.synthetic:
            problems.add(Place(("networks", index)), "has neither a source nor synthetic")
    return _table(rows, edition, Place(("networks",)), problems)


def _editions(document: Document, problems: Problems) -> dict[str, AsTable]:
    """Return the tables that facts bring, each under a name of its own."""
    found: dict[str, AsTable] = {}
    for index, circumstance in enumerate(document.before):
        if circumstance.set.networks is not None:
            place = Place(("before", index, "set", "networks"))
            problems.add(place, "belongs to a fact; what holds from the beginning stands in [[networks]]")
    for index, fact in enumerate(document.facts):
        table = fact.set.networks
        if table is None:
            continue
        place = Place(("facts", index, "set", "networks"))
        if table.edition in found or table.edition == document.scenario.id:
            problems.add(place.at("edition"), f"{shown(table.edition)} is another table's edition already")
        found[table.edition] = _table(table.rows, table.edition, place.at("rows"), problems)
    return found


def _table(rows: Sequence[RowTable], edition: str, place: Place, problems: Problems) -> AsTable:
    """Return the table of these rows; what is wrong with one is noted, and the row left out."""
    good: list[tuple[str, int, str]] = []
    table = AsTable.of((), edition)
    for index, row in enumerate(rows):
        good.append((row.prefix, row.asn, row.name))
        try:
            table = AsTable.of(good, edition)
        except TableError as error:
            problems.add(place.at(index).at("prefix"), str(error))
            good.pop()
    return table


def _conditions(key: str, rows: Iterable[T], names: frozenset[str], problems: Problems) -> list[T]:
    """Return the conditions with the only target filled in; every mistake is noted."""
    found = []
    for index, row in enumerate(rows):
        place = Place((key, index))
        target = _target(place, row.target, names, problems)
        for name, events in _TELLS.items():
            if getattr(row, name) is not None and row.event not in events:
                problems.add(place.at(name.rstrip("_")), f"is not told by {row.event}")
        found.append(row.model_copy(update={"target": target}))
    return found


def _target(place: Place, name: str | None, names: frozenset[str], problems: Problems) -> str | None:
    """Return the target that is meant: the only one, where none is named."""
    if name is None and len(names) == 1:
        return next(iter(names))
    if name is None:
        problems.add(
            place, f"names no target; it is one of {listed(map(shown, sorted(names)))}" if names else ""
        )
    elif name not in names:
        problems.add(place.at("target"), f"there is no target {shown(name)}")
    return name


def _expected(
    document: Document, facts: Mapping[str, datetime], names: frozenset[str], problems: Problems
) -> Iterable[ExpectTable]:
    """Yield the expectations with their target and time filled in."""
    rows = _conditions("expect", document.expect, names, problems)
    for index, row in enumerate(rows):
        place = Place(("expect", index))
        after, before = row.after or document.scenario.start, row.before or document.scenario.end
        if row.of is not None:
            if row.after or row.before:
                problems.add(place.at("of"), "goes with within, not with after and before")
            if row.of not in facts:
                problems.add(place.at("of"), f"no fact has the id {shown(row.of)}")
            after = facts.get(row.of, after)
            before = after + timedelta(seconds=row.within) if row.within else before
        elif row.within is not None:
            problems.add(place.at("within"), "goes with of: within what time of which fact?")
        if before < after:
            problems.add(place.at("before"), "is earlier than after")
        yield row.model_copy(update={"after": after, "before": before})


def _states(document: Document, names: frozenset[str], problems: Problems) -> Iterable[ExpectStateTable]:
    head = document.scenario
    for index, row in enumerate(document.expect_state):
        place = Place(("expect_state", index))
        if not head.start <= row.at <= head.end:
            problems.add(
                place.at("at"), f"lies outside of the scenario, {head.start:%F %R} to {head.end:%F %R}"
            )
        yield row.model_copy(update={"target": _target(place, row.target, names, problems)})
