"""What somebody said would happen to a target."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A move, an end, an absence that was announced: the user's word, never a fact that was seen."""

    at: datetime
    """The moment that was announced for it, such as a deadline."""
    text: str
    expected_until: datetime | None = None
    """By when it was expected to be over; None: nothing was said about that."""
    source: str = ""
    """Who says so: the address of a page, or words."""
