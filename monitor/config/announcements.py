"""What was announced of a target: `[[targets.announcements]]`."""

from collections.abc import Sequence
from typing import Final

from monitor.config.problem import Place, Problems
from monitor.config.schema import AnnouncementTable
from monitor.config.wording import shown
from monitor.model import Announcement

MOST_ANNOUNCEMENTS: Final = 50


def read_announcements(
    tables: Sequence[AnnouncementTable], place: Place, problems: Problems
) -> tuple[Announcement, ...]:
    """Return the announcements in the order of their moments; mistakes are noted. `place`: of the target."""
    if len(tables) > MOST_ANNOUNCEMENTS:
        what = f"has {len(tables)} announcements; {MOST_ANNOUNCEMENTS} are the most of one target"
        problems.add(place.at("announcements"), what)
        return ()
    found: dict[str, Announcement] = {}
    for index, table in enumerate(tables):
        at = place.at("announcements", index)
        for key in ("at", "text"):
            if getattr(table, key) is None and not problems.touch(at.at(key).loc):
                problems.add(at.at(key), "is missing; an announcement says what, and when")
        if table.at is None or table.text is None:
            continue
        if table.expected_until is not None and table.expected_until <= table.at:
            problems.add(at.at("expected_until"), "is not after at: when was it expected to be over?")
        if table.text in found:
            problems.add(at.at("text"), f"{shown(table.text)} is announced twice; two things have two names")
        found[table.text] = Announcement(
            at=table.at, text=table.text, expected_until=table.expected_until, source=table.source
        )
    return tuple(sorted(found.values(), key=lambda each: each.at))
