"""Periods as lanes: where a stretch of time lies between the beginning and now, in per cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.model import Announcement, Layer
from monitor.store.rows import Period

_LONGEST: Final = timedelta(days=90)
_ANNOUNCED: Final = "announced"
_LANES: Final = (_ANNOUNCED, "status", *(layer.value for layer in Layer))
# A change of a minute in a quarter of a year is still to be seen.
_NARROWEST: Final = 0.15
_SHADES: Final = 6
_MOMENT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One period in a lane."""

    period: Period
    left: float
    """Per cent of the width."""
    width: float
    shade: str
    """Class of the style sheet: `status-down`, `shade-3`, `dark`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The periods of one layer, or of the status."""

    name: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Lanes over one span of time."""

    since: datetime
    until: datetime
    lanes: tuple[Lane, ...]


def announced(announcements: Sequence[Announcement], target: str) -> list[Period]:
    """Return the times of announcements as periods of a lane of their own; one without an end is a moment."""
    return [
        Period(
            target=target,
            lane=_ANNOUNCED,
            value=one.text,
            since=one.at,
            until=one.expected_until or one.at + _MOMENT,
        )
        for one in announcements
    ]


def timeline(periods: Sequence[Period], now: datetime) -> Timeline:
    """Return the lanes of a target's periods, the last 90 days of them. `periods`: one at least.

    What was announced for a time to come begins when it is there.
    """
    since = max(min(period.since for period in periods), now - _LONGEST)
    span = max((now - since).total_seconds(), 1.0)
    shades: dict[str, str] = {}
    lanes = []
    for name in _LANES:
        own = [
            p for p in periods if p.lane == name and p.since <= now and (p.until is None or p.until > since)
        ]
        if own:
            stretches = tuple(_stretch(period, since, now, span, shades) for period in own)
            lanes.append(Lane(name=name, stretches=stretches))
    return Timeline(since=since, until=now, lanes=tuple(lanes))


def _stretch(period: Period, since: datetime, now: datetime, span: float, shades: dict[str, str]) -> Stretch:
    begin = max(period.since, since)
    left = min(100.0, max(0.0, (begin - since).total_seconds() / span * 100))
    length = (min(period.until or now, now) - begin).total_seconds() / span * 100
    width = min(max(length, _NARROWEST), 100.0)
    return Stretch(
        period=period,
        left=round(min(left, 100 - width), 3),
        width=round(width, 3),
        shade=_shade(period, shades),
    )


def _shade(period: Period, shades: dict[str, str]) -> str:
    """Return the same shade for the same providers in every lane; names tell them apart, shades help."""
    if period.value is None:
        return "dark"
    if period.lane == _ANNOUNCED:
        return _ANNOUNCED
    if period.lane == "status":
        return f"status-{period.value}"
    return shades.setdefault(period.value, f"shade-{len(shades) % _SHADES + 1}")
