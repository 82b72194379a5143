"""The account at the end of a demonstration: what happened, what was noticed, what was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.replay.driver import Outcome
from monitor.replay.expectations import Difference
from monitor.replay.scenario import Scenario
from monitor.terminal import paint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from monitor.model import StoredEvent, TargetState


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What came of a demonstration."""

    scenario: Scenario
    outcome: Outcome
    told: dict[str, dict[str, Any]]
    """What the receiver got, by event id."""
    differences: tuple[Difference, ...]


def difference(found: Difference) -> str:
    """Return in one line what is not as expected."""
    return f"{paint.day(found.at)} {found.expectation}: {found.text}"


def summary(performance: Performance) -> RenderableType:
    """Return the whole account."""
    return Group(
        Text(),
        Text("What really happened, and when it was noticed", style="bold"),
        _noticed(performance),
        Text(),
        Text("What was believed", style="bold"),
        _believed(performance),
        Text(),
        _verdict(performance),
    )


def _noticed(performance: Performance) -> Table:
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("happened (UTC)", "what", "noticed", "later", "told"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"happened (UTC)", "later", "told"})
    table.columns[1].ratio, table.columns[2].ratio = 2, 3
    table.expand = True
    for at, what, events in _chapters(performance):
        first = True
        rows: list[StoredEvent | None] = [*events] or [None]
        for stored in rows:
            if stored is not None:
                table.add_row(
                    paint.day(at) if first else "",
                    paint.plain(what, limit=90) if first else "",
                    _said(stored),
                    _later(stored, at),
                    _told(performance, stored),
                )
            first = False
    return table


def _chapters(performance: Performance) -> Iterator[tuple[datetime, str, list[StoredEvent]]]:
    """Yield each fact that changed the world, with the events until the next one."""
    facts = [fact for fact in performance.scenario.facts if fact.set.model_fields_set]
    events = list(performance.outcome.events)
    for index, fact in enumerate(facts):
        end = facts[index + 1].at if index + 1 < len(facts) else None
        mine = [
            stored
            for stored in events
            if stored.event.at >= fact.at and (end is None or stored.event.at < end)
        ]
        yield fact.at, " ".join(fact.what.split()), mine


def _said(stored: StoredEvent | None) -> Text:
    if stored is None:
        return Text("nothing to be told", style=paint.DIM)
    event = stored.event
    text = event.text.removeprefix(f"{event.subject}: ")
    return Text.assemble((f"{paint.kind(event.type)}  ", paint.SEVERITIES[event.severity]), paint.plain(text))


def _later(stored: StoredEvent | None, at: datetime) -> str:
    return paint.span((stored.event.at - at).total_seconds()) if stored else ""


def _told(performance: Performance, stored: StoredEvent | None) -> Text:
    if stored is None:
        return Text()
    got = stored.event.id in performance.told
    return Text("✓", style="green") if got else Text("LOST", style="bold red")


def _believed(performance: Performance) -> Table:
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("at (UTC)", "status", "something answers", "registration", "dns", "network", "edge"):
        table.add_column(heading, overflow="fold", no_wrap=heading.startswith("at"))
    for snapshot in performance.outcome.snapshots:
        for state in snapshot.states.values():
            verdict = state.memory.verdict
            status = paint.status(verdict.status)
            if verdict.diagnosis:
                status.append(f" {verdict.diagnosis}", style=paint.DIM)
            answers = {True: "yes", False: "no", None: "?"}[verdict.reachable]
            layers = _providers(state)
            table.add_row(
                paint.day(snapshot.at),
                status,
                answers,
                *(layers.get(name, "—") for name in ("registration", "dns", "network", "edge")),
            )
    return table


def _providers(state: TargetState) -> dict[str, str]:
    return {
        layer.layer.value: " + ".join(layer.confirmed.ids) for layer in state.memory.layers if layer.known
    }


def _verdict(performance: Performance) -> Text:
    events = performance.outcome.events
    got = sum(stored.event.id in performance.told for stored in events)
    text = Text(f"{len(events)} events, {got} of them told to the receiver, each once and signed.")
    if got < len(events):
        text.append(f"\n{len(events) - got} events were not told", style="bold red")
    for found in performance.differences:
        text.append("\n✖ ", style="bold red")
        text.append_text(paint.plain(difference(found), limit=400))
    if not performance.differences and got == len(events):
        text.append("\n✓ everything that was expected was noticed, and nothing that did not happen.", "green")
    return text
