"""The events of a scenario, a line each; what is told alike of many targets is one line."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from rich.text import Text

from monitor.model import StoredEvent
from monitor.terminal import paint

_TOGETHER: Final = timedelta(hours=1)
"""So long after the first of them others are told with it."""
_MOST_LINES: Final = 200
_KIND: Final = 26


def lines(events: Sequence[StoredEvent]) -> list[Text]:
    """Return the lines, in the order of the first event of each."""
    if not events:
        return [Text("  no events", style=paint.DIM)]
    groups: list[list[StoredEvent]] = []
    latest: dict[tuple[str, str], list[StoredEvent]] = {}
    subjects: dict[tuple[str, str], set[str]] = {}
    for stored in events:
        event = stored.event
        said = event.type.value, event.text.removeprefix(f"{event.subject}: ")
        group = latest.get(said)
        # What is told again of the same target is another line: nobody could see it in the first one.
        if group is None or event.subject in subjects[said] or event.at - group[0].event.at > _TOGETHER:
            group = latest[said] = []
            subjects[said] = set()
            groups.append(group)
        group.append(stored)
        subjects[said].add(event.subject)
    left = len(groups) - _MOST_LINES
    more = [Text(f"  and {left:,} lines more; --json has everything", style=paint.DIM)] if left > 0 else []
    return [*map(_line, groups[:_MOST_LINES]), *more]


def _line(group: Sequence[StoredEvent]) -> Text:
    event = group[0].event
    others = len({stored.event.subject for stored in group}) - 1
    line = Text(f"  {paint.day(event.at)}  ")
    line.append(f"{paint.kind(event.type):<{_KIND}}", style=paint.SEVERITIES[event.severity])
    if others < 1:
        return line.append_text(paint.plain(event.text))
    said = event.text.removeprefix(f"{event.subject}: ")
    until = f", until {paint.day(group[-1].event.at)}" if group[-1].event.at != event.at else ""
    return line.append_text(paint.plain(f"{event.subject} and {others:,} more{until}: {said}"))
