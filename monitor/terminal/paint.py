"""How things look in a terminal: one place for colours, signs and moments.

Nothing that came from the network is ever read as markup, and control characters never reach the
terminal: `plain` is the way in for every such text.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rich.text import Text

from monitor.model import EventType, Layer, Provider, Severity, Status

SIGNS: Final = {Status.UP: "●", Status.DEGRADED: "◐", Status.DOWN: "✖", Status.UNKNOWN: "?"}
STYLES: Final = {
    Status.UP: "green",
    Status.DEGRADED: "yellow",
    Status.DOWN: "bold red",
    Status.UNKNOWN: "magenta",
}
SEVERITIES: Final = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}

LAYER_STYLE: Final = "bold"
DIM: Final = "dim"


def plain(text: str, style: str = "", limit: int = 200) -> Text:
    """Return text from the network: bounded, control and format characters shown as `·`, never markup."""
    kept = "".join(char if char.isprintable() else "·" for char in text[:limit])
    return Text(kept + ("…" if len(text) > limit else ""), style=style)


def status(value: Status) -> Text:
    """Return the sign and the word: colour is never the only difference."""
    return Text(f"{SIGNS[value]} {value}", style=STYLES[value])


def moment(value: datetime | None) -> str:
    """Return a moment in UTC, to the second."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ") if value else "—"


def day(value: datetime | None) -> str:
    """Return a moment in UTC, to the minute."""
    return value.strftime("%Y-%m-%d %H:%M") if value else "—"


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `4 d 3 h`, `2 min 5 s`, `80 ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    rest = timedelta(seconds=round(seconds))
    units = (
        (rest.days, "d"),
        (rest.seconds // 3600, "h"),
        (rest.seconds // 60 % 60, "min"),
        (rest.seconds % 60, "s"),
    )
    first = next((index for index, (count, _) in enumerate(units) if count), len(units) - 1)
    shown = units[first : first + 2]
    return " ".join(f"{count} {unit}" for count, unit in shown if count) or "0 s"


def providers(some: Iterable[Provider]) -> Text:
    """Return the names of providers; those that the catalog does not know stand in quotes with their id."""
    names = [p.name if p.cataloged else f"“{p.name}” ({p.id})" for p in some]
    return plain(" + ".join(names)) if names else Text("—", style=DIM)


def kind(value: EventType) -> str:
    """Return the type of an event without the word that all share."""
    return value.removeprefix("platform.")


def layer(value: Layer | None) -> str:
    """Return the layer, or a dash."""
    return str(value) if value else "—"
