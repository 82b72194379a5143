"""What is exported about the listings of a target in app stores."""

from typing import Final

from monitor.export.exposition import Family, Kind, escape
from monitor.model import Probe, Status, TargetState

LISTING_AVAILABLE: Final = Family(
    name="platform_listing_available",
    kind=Kind.GAUGE,
    help="Whether the store lists the app: 1 it does, 0 it does not; absent while unknown.",
    labels=("target", "store", "country", "app"),
)


def listing_available(label: str, state: TargetState) -> str:
    """Return a line for each listing that is known; what is suspected is not told before it is confirmed."""
    return "".join(
        _line(label, part.part, there=part.verdict.status is Status.UP)
        for part in state.memory.parts
        if part.probe is Probe.LISTING and part.verdict.status is not Status.UNKNOWN
    )


def _line(label: str, part: str, *, there: bool) -> str:
    """Return the line of a listing; `part` is its store, its country where one is configured, and its app."""
    store, *country, app = part.split("/")
    labels = f'{label},store="{escape(store)}",country="{escape("".join(country))}",app="{escape(app)}"'
    return f"{LISTING_AVAILABLE.name}{{{labels}}} {1 if there else 0}\n"
