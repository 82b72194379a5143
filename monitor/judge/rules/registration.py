"""Rules about the registration: what takes a name out of its zone.

Each asks that the zone is really gone: a hold whose name still resolves, or that the parent zone still
delegates, has not taken effect. And each asks for a fresh word of the registry: a code that was read days ago
may have been taken off since, and a look-up that fails now is no data.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from monitor.judge.rules.rule import Rule
from monitor.judge.rules.words import zone_gone
from monitor.judge.view import View
from monitor.model import Layer, Observation, Probe, RegistrationFacts, Status

_FRESH: Final = timedelta(days=1)
"""What was read so long before the trouble still counts, as long as it could not be read since."""


def _read(view: View) -> tuple[RegistrationFacts, Observation] | None:
    """Return what the registry says of late, and when it did; None: nothing that still counts."""
    seen = view.said(Probe.REGISTRATION)
    if seen is None or seen.facts is None:
        seen = view.registration
        if seen is None or view.lead is None or view.lead.started_at - seen.ended_at > _FRESH:
            return None
    return (seen.facts, seen) if isinstance(seen.facts, RegistrationFacts) else None


def _codes(view: View, *codes: str) -> tuple[str, ...]:
    read = _read(view)
    return tuple(code for code in codes if code in read[0].statuses) if read else ()


def _held(*codes: str) -> Callable[[View], bool]:
    return lambda view: zone_gone(view) and bool(_codes(view, *codes))


def _deleted(view: View) -> bool:
    if not zone_gone(view):
        return False
    read = _read(view)
    return read is not None and not read[0].registered


def _expired(view: View) -> bool:
    read = _read(view) if zone_gone(view) else None
    if read is None:
        return False
    facts, seen = read
    return bool(_codes(view, *_LAPSED)) or (facts.expires is not None and facts.expires < seen.ended_at)


_LAPSED: Final = ("redemptionPeriod", "pendingDelete")
_REGISTRYS: Final = ("serverHold",)
_REGISTRARS: Final = ("clientHold",)

REGISTRATION: Final[tuple[Rule, ...]] = (
    Rule(
        id="registry.hold",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence=(
            "The registration is on hold ({codes}, a code that only the registry sets):"
            " the name is out of the zone."
        ),
        matches=_held(*_REGISTRYS),
        names=lambda view: {"codes": ", ".join(_codes(view, *_REGISTRYS))},
    ),
    Rule(
        id="registrar.hold",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence=(
            "The registration is on hold ({codes}, a code that only the registrar sets):"
            " the name is out of the zone."
        ),
        matches=_held(*_REGISTRARS),
        names=lambda view: {"codes": ", ".join(_codes(view, *_REGISTRARS))},
    ),
    Rule(
        id="registration.expired",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registration is past its expiry and the name no longer exists.",
        matches=_expired,
    ),
    Rule(
        id="registration.deleted",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registry says that the domain is not registered, and the name no longer exists.",
        matches=_deleted,
    ),
)
