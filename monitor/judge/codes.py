"""Who may set a status code of a registration: that much a code says, and never why (RFC 5731, RFC 3915)."""

from enum import StrEnum
from typing import Final


class Setter(StrEnum):
    """Who may set, and lift, a status code."""

    REGISTRAR = "the registrar"
    REGISTRY = "the registry"
    NOBODY = "follows from the state of the domain"
    UNKNOWN = "not known"


_BY_STATE: Final = frozenset({"ok", "active", "inactive"})
# Grace periods and what is under way are kept by the registry, whoever began them.
_GRACE: Final = frozenset(
    {"addPeriod", "autoRenewPeriod", "renewPeriod", "transferPeriod", "redemptionPeriod"}
)


def set_by(code: str) -> Setter:
    """Return who may set a code in the spelling of RFC 5731; one that is no EPP code is anybody's."""
    if code.startswith("client"):
        return Setter.REGISTRAR
    if code.startswith(("server", "pending")) or code in _GRACE:
        return Setter.REGISTRY
    return Setter.NOBODY if code in _BY_STATE else Setter.UNKNOWN
