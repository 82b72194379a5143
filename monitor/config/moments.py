"""Moments of a file: TOML's own or in quotes, always with a zone; in UTC from there on."""

from datetime import UTC, date, datetime
from typing import Final

from monitor.config.wording import kind, refuse, shown

_FIRST: Final = 1970
_LAST: Final = 2999


def parse_moment(value: object) -> datetime:
    """Return an aware moment in UTC; a date without a time is its midnight."""
    if isinstance(value, str):
        value = _written_in_quotes(value)
    if not isinstance(value, date):
        refuse(f"must be a moment such as 2021-01-11T07:59:00Z, not {kind(value)}")
    if not _FIRST <= value.year <= _LAST:
        refuse(f"{value.isoformat()} lies too far away; years are from {_FIRST} to {_LAST}")
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        refuse(f"{value.isoformat()} has no time zone; write {value.isoformat()}Z for UTC")
    return value.astimezone(UTC)


def _written_in_quotes(text: str) -> datetime:
    """Return a moment that was written as a text."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        refuse(f"{shown(text)} is not a moment such as 2021-01-11T07:59:00Z")
