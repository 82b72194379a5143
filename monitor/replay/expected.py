"""Expectations as they are meant: whom they are about, and in what time. Every mistake is noted."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from monitor.config.problem import Place, Problems
from monitor.config.wording import listed, meant, shown
from monitor.model import EventType
from monitor.replay.tables import ConditionTable, ExpectCountTable, ExpectStateTable, ScenarioTable
from monitor.wire import event_fields

# What an event has to hold for a condition to be able to ask for it: one of these.
_ASKS: Final[Mapping[str, frozenset[str]]] = {
    "layer": frozenset({"layer"}),
    "from_": frozenset({"providers_from", "status_from"}),
    "to": frozenset({"providers_to", "status_to"}),
    "status": frozenset({"status", "status_to"}),
    "diagnosis": frozenset({"diagnosis"}),
    "reachable": frozenset({"reachable"}),
    "fields": frozenset({"changes"}),
}
_MOST_NAMED: Final = 5

C = TypeVar("C", bound=ConditionTable)


def is_of_a_target(kind: str) -> bool:
    """Tell whether an event's subject is a target: a provider's outage and the monitor's own news are not."""
    return kind.startswith("platform.")


def is_meant(subject: str, written: str | None) -> bool:
    """Tell whether a condition is about a subject; None: it is about all. `*` stands for anything."""
    if written is None or written == subject:
        return True
    return "*" in written and re.fullmatch(re.escape(written).replace(r"\*", ".*"), subject) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads the expectations of one scenario."""

    head: ScenarioTable
    facts: Mapping[str, datetime]
    """When it was, by the id of the fact."""
    names: Mapping[str, str]
    """Of targets, by themselves and by their hosts."""
    problems: Problems

    def events(self, key: str, rows: Iterable[C]) -> Iterator[C]:
        """Yield conditions on events with their subject and their time filled in."""
        for index, row in enumerate(rows):
            place = Place((key, index))
            self._check_asked(place, row)
            subject = self._subject(place, row, must=key == "expect")
            after, before = self._time(place, row)
            yield row.model_copy(
                update={"target": None, "subject": subject, "after": after, "before": before}
            )

    def counts(self, rows: list[ExpectCountTable]) -> Iterator[ExpectCountTable]:
        """Yield how many events there may be."""
        for index, row in enumerate(rows):
            place = Place(("expect_count", index))
            if row.at_most is None and not row.at_least:
                self.problems.add(place, "has neither at_least nor at_most")
            elif row.at_most is not None and row.at_most < row.at_least:
                self.problems.add(place.at("at_most"), "is less than at_least")
        yield from self.events("expect_count", rows)

    def states(self, rows: Iterable[ExpectStateTable]) -> Iterator[ExpectStateTable]:
        """Yield what is believed, once for every target that is meant."""
        for index, row in enumerate(rows):
            place = Place(("expect_state", index))
            if not self.head.start <= row.at <= self.head.end:
                self.problems.add(place.at("at"), _outside(self.head))
            target = self._target(place, row.target, must=True)
            yield row.model_copy(update={"target": target})

    def _subject(self, place: Place, row: ConditionTable, *, must: bool) -> str | None:
        """Return whom a condition is about; None: anybody."""
        if row.target and row.subject:
            self.problems.add(place.at("subject"), "stands for target; write one of the two")
        if is_of_a_target(row.event):
            return self._target(place, row.target or row.subject, must=must)
        if row.target:
            self.problems.add(
                place.at("target"), f"{row.event} is about no target; write subject, or nothing"
            )
        return row.subject

    def _target(self, place: Place, name: str | None, *, must: bool) -> str | None:
        """Return the target that is meant: the only one, where none is named."""
        names = sorted(set(self.names.values()))
        if name is None and len(names) == 1:
            return names[0]
        if name is None:
            if must and names:
                self.problems.add(place, f"names no target; it is one of {_some(names)}")
            return None
        if name in self.names:
            return self.names[name]
        if "*" not in name or not any(is_meant(each, name) for each in names):
            self.problems.add(place.at("target"), f"there is no target {shown(name)}{meant(name, names)}")
        return name

    def _time(self, place: Place, row: ConditionTable) -> tuple[datetime, datetime]:
        """Return between which moments a condition holds."""
        after, before = row.after or self.head.start, row.before or self.head.end
        if row.of is not None:
            if row.after or row.before:
                self.problems.add(place.at("of"), "goes with within, not with after and before")
            if row.of not in self.facts:
                known = meant(row.of, self.facts)
                self.problems.add(place.at("of"), f"no fact has the id {shown(row.of)}{known}")
            after = self.facts.get(row.of, after)
            before = after + timedelta(seconds=row.within) if row.within else before
        elif row.within is not None:
            self.problems.add(place.at("within"), "goes with of: within what time of which fact?")
        if before < after:
            self.problems.add(place.at("before"), "is earlier than after")
        return after, before

    def _check_asked(self, place: Place, row: ConditionTable) -> None:
        """Note what such an event does not tell."""
        told = event_fields(EventType(row.event))
        for name, fields in _ASKS.items():
            if getattr(row, name) is not None and not fields & told:
                self.problems.add(place.at(name.rstrip("_")), f"is not told by {row.event}")
        for name in row.data:
            if name not in told:
                fault = meant(name, told) or f"; it tells {listed(sorted(told), 'and')}"
                self.problems.add(place.at("data", name), f"is not told by {row.event}{fault}")


def _some(names: list[str]) -> str:
    few = [shown(name) for name in names[:_MOST_NAMED]]
    more = len(names) - len(few)
    return listed([*few, f"{more} more"] if more else few)


def _outside(head: ScenarioTable) -> str:
    return f"lies outside of the scenario, {head.start:%F %R} to {head.end:%F %R}"


def is_told(wanted: Any, told: Any) -> bool:  # noqa: ANN401 - any JSON, any TOML
    """Tell whether JSON holds what is wanted: of a table the keys that are written, of a list each element.

    A text is also met by what has it as its id, and by a list that holds it.
    """
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(is_told(value, told.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(told, list) and all(any(is_told(each, one) for one in told) for each in wanted)
    if isinstance(wanted, str) and isinstance(told, dict | list):
        return (
            told.get("id") == wanted if isinstance(told, dict) else any(is_told(wanted, one) for one in told)
        )
    if isinstance(wanted, datetime):
        return isinstance(told, str) and wanted == _moment(told)
    if _number(wanted) is not None:
        return _number(wanted) == _number(told)
    return type(wanted) is type(told) and bool(wanted == told)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
