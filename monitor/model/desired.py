"""What somebody wants to be true of a target (`[targets.policy]`), and how it stands with that.

Not to be confused with `Policy`, the thresholds of judgement (`[policy]`): those say how much evidence it
takes; a wish says what the world should look like.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from monitor.model.words import Layer, Probe


class DesiredRule(StrEnum):
    """What can be wished for. Names are keys of the configuration and a label of the metrics."""

    REGISTRAR = "registrar"
    DNS = "dns"
    NETWORK = "network"
    EDGE = "edge"
    MAIL = "mail"
    CERTIFICATE = "certificate"
    TRANSFER_LOCK = "transfer_lock"
    DNSSEC = "dnssec"


OPERATED: Final[Mapping[DesiredRule, Layer]] = MappingProxyType(
    {
        DesiredRule.REGISTRAR: Layer.REGISTRATION,
        DesiredRule.DNS: Layer.DNS,
        DesiredRule.NETWORK: Layer.NETWORK,
        DesiredRule.EDGE: Layer.EDGE,
        DesiredRule.MAIL: Layer.MAIL,
        DesiredRule.CERTIFICATE: Layer.CERTIFICATE,
    }
)
"""The rules of the form "must be one of", and the layer whose providers they are about."""

WITNESSES: Final[Mapping[DesiredRule, tuple[Probe, ...]]] = MappingProxyType(
    {
        DesiredRule.REGISTRAR: (Probe.REGISTRATION,),
        DesiredRule.DNS: (Probe.DNS, Probe.DELEGATION),
        DesiredRule.NETWORK: (Probe.DNS, Probe.HTTP),
        DesiredRule.EDGE: (Probe.DNS, Probe.HTTP),
        DesiredRule.MAIL: (Probe.DNS,),
        DesiredRule.CERTIFICATE: (Probe.HTTP,),
        DesiredRule.TRANSFER_LOCK: (Probe.REGISTRATION,),
        DesiredRule.DNSSEC: (Probe.DELEGATION, Probe.REGISTRATION),
    }
)
"""The probes that can show whether a rule is kept; the one to ask again comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One rule of a target."""

    rule: DesiredRule
    wanted: tuple[str, ...]
    """As it was written: ids of providers; or `on` (the lock), `signed` (the delegation)."""
    allowed: tuple[str, ...] = ()
    """Ids of the providers that keep the rule: those written, and those that they own; sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How it stands with one wish."""

    rule: DesiredRule
    wanted: tuple[str, ...]
    """The wish that was ruled on: another one is ruled on anew."""
    kept: bool | None = None
    """Whether the rule is kept, confirmed; None: not known, which is no breach."""
    found: tuple[str, ...] = ()
    """What stands there: ids of providers (none: nobody), `off`, `unsigned`, …"""
    since: datetime | None = None
    """Since when it is kept, or breached, as far as was seen."""
    breached: bool = False
    """Whether a breach has been told that has not ended; it stays so while nothing is known."""
    looks: int = 0
    """Looks in a row that speak for the contrary of what is believed."""
