"""What the user says a page must be like, and what became of that on one look."""

from dataclasses import dataclass

JsonScalar = str | int | float | bool | None
"""What a JSON path may be expected to hold."""

# Names of the conditions: what the configuration calls them, and the facts do too.
STATUS = "status"
CONTAINS = "contains"
NOT_CONTAINS = "not_contains"
TITLE = "title"
MIN_TEXT = "min_text"
JSON = "json"
CERTIFICATE_ISSUER = "certificate_issuer"
MAX_RESPONSE_TIME = "max_response_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Conditions on an answer over HTTP; what is empty or None is not asked for."""

    status: tuple[tuple[int, int], ...] = ()
    """Ranges of status codes, both ends included; one of them must fit."""
    contains: tuple[str, ...] = ()
    """Each must be in the visible text or in the source of the page, in whatever case."""
    not_contains: tuple[str, ...] = ()
    """None may be in either."""
    title: tuple[str, ...] = ()
    """One of them must be part of the title, in whatever case."""
    min_text: int | None = None
    """Characters of visible text at least."""
    json: tuple[tuple[str, JsonScalar], ...] = ()
    """Paths into a JSON body (`data.items.0.state`), and what must be there."""
    certificate_issuer: tuple[str, ...] = ()
    """One of them must be part of the issuer's organisation or common name, in whatever case."""
    max_response_s: float | None = None
    """Seconds for the whole answer, redirects included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """A condition that an answer did not meet."""

    condition: str
    """The key of the configuration."""
    wanted: str
    """Bounded, for people."""
    seen: str
    """What was there instead; bounded, for people: it comes from the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What became of the conditions on one answer."""

    met: tuple[str, ...] = ()
    """Keys of the conditions that hold entirely."""
    unmet: tuple[Unmet, ...] = ()
    """8 at most, in the order of the keys."""

    def holds(self, *conditions: str) -> bool:
        """Tell whether one of these was asked for, and holds."""
        return any(condition in self.met for condition in conditions)

    def fails(self, *conditions: str) -> bool:
        """Tell whether one of these was asked for, and does not hold."""
        return any(unmet.condition in conditions for unmet in self.unmet)
