"""What was announced, held against what happened and when that was noticed.

An announcement is the user's word, from the configuration: of a move, of the end of a contract, of "back
within a week". It silences nothing. What begins in its time, from shortly before the moment that was
announced until the moment by which it was expected to be over, is told with it, so that who reads of an
outage reads in the same message that it was to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.judge.news import News
from monitor.model import (
    Announcement,
    Incident,
    IncidentChanged,
    ListingChanged,
    ProviderChanged,
    RegistrationChanged,
    StatusChanged,
    StoredEvent,
)

EARLY: Final = timedelta(hours=1)
"""What happens so long before the announced moment is what was announced: clocks and people differ."""
LATE: Final = timedelta(days=7)
"""What happens so long after the time of an announcement may still be what was announced."""

Markable = StatusChanged | IncidentChanged | ProviderChanged | RegistrationChanged | ListingChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An announcement beside what came of it."""

    announcement: Announcement
    happened: datetime | None = None
    """When the first observation was made that shows it; None: nothing of the kind was seen."""
    noticed: datetime | None = None
    """When it was confirmed, and told."""
    over: datetime | None = None
    """When the target was up again, of an incident that has ended."""
    what: str = ""
    """What was told of it."""


def mark(told: Sequence[News], announcements: Sequence[Announcement], at: datetime) -> tuple[News, ...]:
    """Return the news, each with the announcement in whose time it began; `at`: when it was noticed."""
    return tuple(_marked(news, announcements, at) for news in told)


def _marked(news: News, announcements: Sequence[Announcement], at: datetime) -> News:
    data = news.data
    if not isinstance(data, Markable):
        return news
    began = _began(data) or at
    found = next((one for one in announcements if _covers(one, began)), None)
    if found is None:
        return news
    return replace(news, text=f"{news.text} (announced)", data=replace(data, announced=found))


def _covers(announcement: Announcement, moment: datetime) -> bool:
    until = announcement.expected_until
    return until is not None and announcement.at - EARLY <= moment <= until


def _began(data: Markable) -> datetime | None:
    if isinstance(data, IncidentChanged):
        return data.opened_at
    if isinstance(data, ProviderChanged):
        return data.first_seen_at
    return None if isinstance(data, RegistrationChanged) else data.since


def compare(
    announcements: Sequence[Announcement], incidents: Sequence[Incident], events: Sequence[StoredEvent]
) -> tuple[Effect, ...]:
    """Return each announcement with the first thing that happened in its time, or not long after.

    `incidents` and `events`: of the target, in whatever order; a change of providers, of a registration or of
    a listing counts as much as an outage.
    """
    happenings = sorted([*map(_outage, incidents), *_changes(events)], key=lambda one: (one[0], one[1]))
    return tuple(_effect(one, happenings) for one in sorted(announcements, key=lambda each: each.at))


_Happening = tuple[datetime, datetime, datetime | None, str]
"""When it happened, when it was noticed, when it was over, what was told."""


def _effect(announcement: Announcement, happenings: Sequence[_Happening]) -> Effect:
    first, last = announcement.at - EARLY, (announcement.expected_until or announcement.at) + LATE
    found = next((one for one in happenings if first <= one[0] <= last), None)
    if found is None:
        return Effect(announcement=announcement)
    happened, noticed, over, what = found
    return Effect(announcement=announcement, happened=happened, noticed=noticed, over=over, what=what)


def _outage(incident: Incident) -> _Happening:
    diagnosis = incident.verdict.diagnosis or incident.verdict.status.value
    return incident.opened_at, incident.told_at, incident.resolved_at, f"incident {incident.id}: {diagnosis}"


def _changes(events: Sequence[StoredEvent]) -> list[_Happening]:
    found: list[_Happening] = []
    for stored in events:
        event = stored.event
        data = event.data
        if isinstance(data, ProviderChanged | RegistrationChanged | ListingChanged):
            text = event.text.removeprefix(f"{event.subject}: ").removesuffix(" (announced)")
            found.append((_began(data) or event.at, event.at, None, text))
    return found
