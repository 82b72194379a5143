"""The course of an incident in a few words: for whoever shows it."""

from collections.abc import Iterator

from monitor.judge.places import sentence
from monitor.model import Incident


def times(incident: Incident) -> str:
    """Return `3 times since 2018-11-05 14:02 UTC`."""
    often = "once" if incident.flaps == 1 else f"{incident.flaps} times"
    return f"{often} since {incident.opened_at:%Y-%m-%d %H:%M} UTC"


def course(incident: Incident) -> Iterator[str]:
    """Yield what there is to say besides the diagnosis: nothing, for an incident that came and went once."""
    if incident.reachable_since is not None:
        yield f"something answers since {incident.reachable_since:%Y-%m-%d %H:%M} UTC"
    if incident.flaps:
        yield f"came and went {times(incident)}"
    if incident.resolved_at is None and incident.calm_from_s is not None:
        yield "up again, but not for long enough to be told as that"
    if incident.resolved_at is not None and incident.moves:
        yield f"up again{sentence(incident.moves, None)}"
