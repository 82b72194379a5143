"""What is worth telling, before it is an event with a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Event, EventData, EventType, Severity, event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An event before it has its number."""

    type: EventType
    severity: Severity
    text: str
    data: EventData


def number(told: Sequence[News], target: str, seq: int, at: datetime) -> tuple[Event, ...]:
    """Return the events of one step, with the ids that they keep for ever."""
    return tuple(
        Event(
            id=event_id(target, seq, index),
            type=news.type,
            subject=target,
            at=at,
            severity=news.severity,
            text=f"{target}: {news.text}",
            data=news.data,
        )
        for index, news in enumerate(told)
    )
