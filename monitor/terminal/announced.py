"""Announced, happened, noticed: side by side."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from monitor.judge.announced import Effect
from monitor.model import Announcement
from monitor.terminal import paint


def comparison(effects: Sequence[Effect]) -> Table:
    """Return a row for each announcement: when it was to be, when it was, when that was told, and its end."""
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("announced for", "happened", "noticed", "expected until", "over", ""):
        table.add_column(heading, overflow="fold")
    for effect in effects:
        said = effect.announcement
        table.add_row(
            paint.day(said.at),
            _since(effect.happened, said.at) if effect.happened else Text("not seen", style=paint.DIM),
            _since(effect.noticed, effect.happened),
            paint.day(said.expected_until) if said.expected_until else "",
            _since(effect.over, said.expected_until),
            _words(said, effect.what),
        )
    return table


def _since(moment: datetime | None, before: datetime | None) -> Text:
    """Return a moment, with how long after another one it was, or before it."""
    if moment is None:
        return Text()
    text = Text(paint.day(moment))
    if before is not None:
        seconds = (moment - before).total_seconds()
        text.append(f"\n{'+' if seconds >= 0 else '-'}{paint.span(abs(seconds))}", style=paint.DIM)
    return text


def _words(said: Announcement, what: str) -> Text:
    text = paint.plain(f"“{said.text}”", limit=320)
    if said.source:
        text.append("\n").append_text(paint.plain(said.source, style=paint.DIM, limit=320))
    return text.append("\n→ ").append_text(paint.plain(what, limit=320)) if what else text


def sheet(announcements: Sequence[Announcement]) -> Table:
    """Return what was announced of a target, for its sheet."""
    table = Table(box=None, pad_edge=False, header_style=paint.DIM)
    for heading in ("announced for", "expected until", ""):
        table.add_column(heading, overflow="fold")
    for said in announcements:
        until = paint.day(said.expected_until) if said.expected_until else ""
        table.add_row(paint.day(said.at), until, _words(said, ""))
    return table


def document(said: Announcement) -> dict[str, Any]:
    """Return an announcement for machines; moments in ISO 8601, UTC."""
    return {
        "at": _iso(said.at),
        "text": said.text,
        "expected_until": _iso(said.expected_until),
        "source": said.source,
    }


def compared(effect: Effect) -> dict[str, Any]:
    """Return an announcement with what came of it, for machines."""
    return {
        **document(effect.announcement),
        "happened": _iso(effect.happened),
        "noticed": _iso(effect.noticed),
        "over": _iso(effect.over),
        "what": effect.what or None,
    }


def _iso(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
