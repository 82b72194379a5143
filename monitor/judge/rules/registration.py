"""Rules about the registration: what takes a name out of its zone."""

from collections.abc import Callable
from typing import Final

from monitor.judge.rules.rule import Rule, name_gone
from monitor.judge.view import View
from monitor.model import Layer, Status


def _has_status(*codes: str) -> Callable[[View], bool]:
    return lambda view: view.registered is not None and any(c in view.registered.statuses for c in codes)


def _registry_hold(view: View) -> bool:
    return name_gone(view) and _has_status("serverHold")(view)


def _registrar_hold(view: View) -> bool:
    return name_gone(view) and _has_status("clientHold")(view)


def _deleted(view: View) -> bool:
    return name_gone(view) and view.registered is not None and not view.registered.registered


def _expired(view: View) -> bool:
    if not (name_gone(view) and view.registered and view.registration):
        return False
    if _has_status("redemptionPeriod", "pendingDelete")(view):
        return True
    return view.registered.expires is not None and view.registered.expires < view.registration.ended_at


REGISTRATION: Final[tuple[Rule, ...]] = (
    Rule(
        id="registry.hold",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registry has put the registration on hold (serverHold): the name is out of the zone.",
        matches=_registry_hold,
    ),
    Rule(
        id="registrar.hold",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registrar has put the registration on hold (clientHold): the name is out of the zone.",
        matches=_registrar_hold,
    ),
    Rule(
        id="registration.deleted",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registry says that the domain is not registered.",
        matches=_deleted,
    ),
    Rule(
        id="registration.expired",
        layer=Layer.REGISTRATION,
        status=Status.DOWN,
        reachable=False,
        sentence="The registration is past its expiry and the name no longer exists.",
        matches=_expired,
    ),
)
