"""What is exported of announcements: the user's word, from the configuration.

The value of a series is a moment, so that a dashboard can mark it: Grafana's annotations of Prometheus take
the value of a series for the time of the mark.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from monitor.export.exposition import Family, Kind, escape, moment
from monitor.model import Announcement, Target

ANNOUNCED: Final = Family(
    name="platform_announcement_timestamp_seconds",
    kind=Kind.GAUGE,
    help="The moment that was announced for something to happen to the target.",
    labels=("target", "text"),
)
EXPECTED_UNTIL: Final = Family(
    name="platform_announcement_expected_until_timestamp_seconds",
    kind=Kind.GAUGE,
    help="The moment by which what was announced was expected to be over.",
    labels=("target", "text"),
)
_MOMENTS: Final[tuple[tuple[Family, Callable[[Announcement], datetime | None]], ...]] = (
    (ANNOUNCED, lambda said: said.at),
    (EXPECTED_UNTIL, lambda said: said.expected_until),
)
_NONE: Final = (b"", b"")


def announcement_lines(label: str, target: Target) -> tuple[bytes, ...]:
    """Return the finished lines of the two families, in their order; empty for nearly every target."""
    if not target.announcements:
        return _NONE
    return tuple(_lines(family, read, label, target).encode() for family, read in _MOMENTS)


def _lines(
    family: Family, read: Callable[[Announcement], datetime | None], label: str, target: Target
) -> str:
    return "".join(
        f'{family.name}{{{label},text="{escape(said.text)}"}} {moment(at)}\n'
        for said in target.announcements
        if (at := read(said)) is not None
    )
