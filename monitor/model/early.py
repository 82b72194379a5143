"""What comes before trouble: early signs, and ends that draw near; and what was told of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EarlySign(StrEnum):
    """What may come before a move, a hijack or an outage. Names are a contract (docs/events.md)."""

    TRANSFER_LOCK_GONE = "transfer_lock_gone"
    HOLD_WHILE_RESOLVING = "hold_while_resolving"
    DELETION_WHILE_RESOLVING = "deletion_while_resolving"
    TTL_DROPPED = "ttl_dropped"
    DELEGATION_DISAGREES = "delegation_disagrees"
    NAME_SERVERS_DISAGREE = "name_servers_disagree"
    SERIALS_DIFFER = "serials_differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlySignState:
    """One sign: seen and not confirmed, noticed, or gone a short while ago."""

    sign: EarlySign
    about: str
    """What it is about: a domain, the records of a name."""
    before: str
    """How it was; empty: nothing was there."""
    after: str
    since: datetime
    """When it was first seen."""
    looks: int = 1
    """Looks in a row that showed it, up to its confirmation; afterwards, looks in a row that did not."""
    told_at: datetime | None = None
    """When it was confirmed and told; None: not yet."""
    ended_at: datetime | None = None
    """When it was confirmed to be gone. It is kept for a while: what comes and goes is told once."""

    @property
    def noticed(self) -> bool:
        """Tell whether it stands: confirmed, and not gone."""
        return self.told_at is not None and self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LowTtl:
    """A stretch of looks whose TTL was a tenth of the usual one, or less."""

    rtype: str
    since: datetime
    looks: int
    top: int
    """The largest TTL among them, seconds."""


class Ending(StrEnum):
    """What comes to an end."""

    REGISTRATION = "registration"
    CERTIFICATE = "certificate"
    NAME_SERVER_DOMAIN = "name_server_domain"
    """The registration of a domain that the name servers live in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTold:
    """An end that was told to draw near."""

    ending: Ending
    about: str
    """The domain, or the name that the certificate is for."""
    expires: datetime
    days: int
    """The last threshold that was told."""
