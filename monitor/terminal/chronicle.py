"""The past of one target: who stood behind which layer from when to when, incidents, events."""

import csv
import io
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.commands import MOST, Past
from monitor.judge.course import course
from monitor.model import LayerMove
from monitor.store import IncidentRow, Period
from monitor.terminal import paint
from monitor.terminal.announced import compared, comparison


def sheet(past: Past) -> RenderableType:
    """Return the past for people."""
    heading = Text.assemble((past.target, "bold"), f"  periods and events since {paint.moment(past.since)}")
    announced: list[RenderableType] = [Text(), comparison(past.announced)] if past.announced else []
    parts: list[RenderableType] = [
        heading,
        *announced,
        Text(),
        _periods(past),
        Text(),
        _incidents(past),
        Text(),
        _events(past),
    ]
    if MOST in {len(past.periods), len(past.incidents), len(past.events)}:
        parts += [Text(), Text(f"There is more: the latest {MOST:,} of each are shown.", style=paint.DIM)]
    return Group(*parts)


def _periods(past: Past) -> RenderableType:
    if not past.periods:
        return Text("no periods", style=paint.DIM)
    table = _table("lane", "from", "until", "value")
    for period in past.periods:
        table.add_row(
            Text(period.lane, style=paint.LAYER_STYLE),
            paint.day(period.since),
            paint.day(period.until) if period.until else "now",
            paint.plain(_value(period)),
        )
    return table


def _value(period: Period) -> str:
    if period.attribution:
        return " + ".join(provider.name for provider in period.attribution.providers)
    return period.value or "not known"


def _incidents(past: Past) -> RenderableType:
    if not past.incidents:
        return Text("no incidents", style=paint.DIM)
    table = _table("incident", "opened", "resolved", "lasted", "diagnosis", "")
    for row in past.incidents:
        incident = row.incident
        lasted = _lasted(row)
        table.add_row(
            incident.id,
            paint.day(incident.opened_at),
            paint.day(incident.resolved_at) if incident.resolved_at else "open",
            paint.span(lasted) if lasted is not None else "",
            paint.plain(incident.verdict.diagnosis or ""),
            paint.plain("; ".join(course(incident))),
        )
    return table


def _lasted(row: IncidentRow) -> float | None:
    incident = row.incident
    if incident.resolved_at is None:
        return None
    return (incident.resolved_at - incident.opened_at).total_seconds()


def _events(past: Past) -> RenderableType:
    if not past.events:
        return Text("no events", style=paint.DIM)
    table = _table("no.", "at", "event", "")
    for stored in past.events:
        event = stored.event
        table.add_row(
            str(stored.number),
            paint.day(event.at),
            Text(paint.kind(event.type), style=paint.SEVERITIES[event.severity]),
            paint.plain(event.text),
        )
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def document(past: Past) -> dict[str, Any]:
    """Return the past for machines; moments in ISO 8601, UTC."""
    return {
        "target": past.target,
        "since": _iso(past.since),
        "announcements": [compared(effect) for effect in past.announced],
        "periods": [
            {"lane": p.lane, "value": p.value, "since": _iso(p.since), "until": _iso(p.until)}
            for p in past.periods
        ],
        "incidents": [
            {
                "id": row.incident.id,
                "opened_at": _iso(row.incident.opened_at),
                "resolved_at": _iso(row.incident.resolved_at),
                "status": row.incident.verdict.status,
                "diagnosis": row.incident.verdict.diagnosis,
                "layer": row.incident.verdict.layer,
                "sentence": row.incident.verdict.sentence,
                "reachable_since": _iso(row.incident.reachable_since),
                "flaps": row.incident.flaps,
                "reopened": row.incident.reopened,
                "places": [_move(move) for move in row.incident.moves],
            }
            for row in past.incidents
        ],
        "events": [
            {
                "number": stored.number,
                "id": stored.event.id,
                "type": stored.event.type,
                "at": _iso(stored.event.at),
                "severity": stored.event.severity,
                "text": stored.event.text,
            }
            for stored in past.events
        ],
    }


def _move(move: LayerMove) -> dict[str, Any]:
    return {
        "layer": move.layer,
        "before": [provider.id for provider in move.providers_before],
        "after": [provider.id for provider in move.providers_after],
        "known": move.known,
    }


def table(past: Past) -> str:
    """Return the past as CSV, one row a period, incident or event: kind, what, from, until, value."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("kind", "what", "from", "until", "value"))
    for effect in past.announced:
        said = effect.announcement
        rows.writerow(
            ("announcement", _cell(said.source), _iso(said.at), _iso(said.expected_until), _cell(said.text))
        )
    for period in past.periods:
        rows.writerow(
            ("period", period.lane, _iso(period.since), _iso(period.until), _cell(period.value or ""))
        )
    for row in past.incidents:
        incident = row.incident
        rows.writerow(
            (
                "incident",
                incident.id,
                _iso(incident.opened_at),
                _iso(incident.resolved_at),
                incident.verdict.diagnosis,
            )
        )
    for stored in past.events:
        event = stored.event
        rows.writerow(("event", event.type, _iso(event.at), "", _cell(event.text)))
    return text.getvalue()


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _iso(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
