"""From a scenario file to a `Scenario`, or to every mistake in it.

A scenario is a chronicle: what happened, when, how that is known, and, where it could be seen from
outside, how it changed the world. Beside it stands what a monitor is expected to say about it.
What is watched is written as in a configuration, with the same tables.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from monitor.attribute import AsTable, TableError
from monitor.config import ControlSettings, sections
from monitor.config.controls import controls, correlation
from monitor.config.files import FileError, Surroundings, read_text
from monitor.config.problem import ConfigError, Place, Problem, Problems
from monitor.config.salvage import read_document, read_targets
from monitor.config.schema import Document as Shared
from monitor.config.sources import Sources
from monitor.config.targets import TargetReader, Watched
from monitor.config.wording import shown
from monitor.model import Check, CorrelationPolicy, Policy, Target
from monitor.replay.expected import Reader
from monitor.replay.many import EXPECTED, Many, ProblemsOfMany, write_out
from monitor.replay.misfits import note_misfits
from monitor.replay.tables import (
    CircumstanceTable,
    Document,
    ExpectCountTable,
    ExpectNoneTable,
    ExpectStateTable,
    ExpectTable,
    FactTable,
    NetworkTable,
    RowTable,
)

_LONGEST_FILE: Final = 4 << 20
# Written as in a configuration, and read by what reads configurations.
_COMMON: Final = (
    *("http", "page", "listing", "dns", "registration", "delegation"),
    *("policy", "controls", "correlation", "targets"),
)
# So seldom are the controls asked while nothing fails: a scenario may last for weeks.
_CONTROLS_EVERY_S: Final = 86_400.0


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
    controls: ControlSettings
    """Asked once a day, unless the scenario says otherwise, and whenever something fails."""
    correlation: CorrelationPolicy
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
    expect_count: tuple[ExpectCountTable, ...]
    expect_state: tuple[ExpectStateTable, ...]
    written: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of each list of expectations, which one of the file each is: a range is written once."""


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in the file; raises ConfigError with every mistake at once."""
    try:
        text = read_text(path, _LONGEST_FILE)
    except FileError as error:
        raise ConfigError([Problem(path="", message=str(error), file=str(path), line=error.line)]) from None
    return read_scenario(text, file=str(path))


def read_scenario(text: str, *, file: str) -> Scenario:
    """Return the scenario that the text describes; `file` stands in messages. Raises ConfigError."""
    raw = _parsed(text, file)
    many = write_out(raw)
    problems = ProblemsOfMany(file, text, many=many)
    for loc, fault in many.faults:
        Problems.add(problems, Place(loc), fault)
    common = {key: value for key, value in many.raw.items() if key in _COMMON}
    own = {key: value for key, value in many.raw.items() if key not in _COMMON}
    document = note_misfits(Document, own, problems, known=_COMMON)
    shared = read_document(common, problems)
    watched, targets = _watched(shared, common, problems)
    if not raw.get("targets"):
        problems.add(Place(("targets",)), "there are no targets; a scenario is about at least one")
    scenario = _scenario(document, shared, watched, targets, problems) if document else None
    problems.raise_if_any()
    assert scenario is not None  # noqa: S101 - no document without a problem
    return replace(scenario, written=_written(many))


def _written(many: Many) -> dict[str, tuple[int, ...]]:
    """Return for every list of expectations which element of the file each one comes from."""
    return {
        name: tuple(int(many.origin((name, index))[1]) for index in range(len(many.raw.get(name, ()))))
        for name in EXPECTED
    }


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        fault = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        problem = Problem(path="", message=f"is not valid TOML: {fault}", file=file)
        raise ConfigError([problem]) from None


def _watched(document: Shared, common: dict[str, Any], problems: Problems) -> tuple[Watched, dict[str, str]]:
    """Return what is watched, and the names of all targets that were written, by themselves and by hosts."""
    nowhere = Surroundings(folder=Path(), environ={})
    reader = TargetReader(
        document, policy=sections.policy(document), sources=Sources(nowhere, problems), problems=problems
    )
    reader.read(read_targets(common, problems))
    hosts = {target.host: target.name for target in reader.watched.targets}
    return reader.watched, {**hosts, **{name: name for name in reader.names}}


def _controls(shared: Shared, problems: Problems) -> ControlSettings:
    settings = controls(shared.controls, problems)
    if "interval" in shared.controls.model_fields_set:
        return settings
    return replace(settings, interval_s=_CONTROLS_EVERY_S)


def _scenario(
    document: Document, shared: Shared, watched: Watched, names: Mapping[str, str], problems: Problems
) -> Scenario:
    head = document.scenario
    if head.end <= head.start:
        problems.add(Place(("scenario", "end")), "is not after start")
    _check_chronicle(document, problems)
    facts = {fact.id: fact.at for fact in document.facts if fact.id}
    reader = Reader(head=head, facts=facts, names=names, problems=problems)
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
        controls=_controls(shared, problems),
        correlation=correlation(shared.correlation, problems),
        networks=_networks(document.networks, head.id, problems),
        editions=_editions(document, problems),
        before=tuple(document.before),
        facts=tuple(sorted(document.facts, key=lambda fact: fact.at)),
        expect=tuple(reader.events("expect", document.expect)),
        expect_none=tuple(reader.events("expect_none", document.expect_none)),
        expect_count=tuple(reader.counts(document.expect_count)),
        expect_state=tuple(reader.states(document.expect_state)),
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
