"""What is watched, and how: targets and their checks."""

from dataclasses import dataclass, field
from datetime import datetime

from monitor.model.announcement import Announcement
from monitor.model.expect import Expect
from monitor.model.listing import ListingSettings
from monitor.model.words import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A platform, known by a stable name and never by an address."""

    name: str
    """Stable name; by default the domain."""
    host: str
    """Host whose addresses and pages are looked at: ASCII (A-labels), lower case, no trailing dot."""
    domain: str
    """Registrable domain of `host` (public suffix + one label): NS, MX, registration are asked here."""
    url: str
    """Page that says whether the platform is there."""
    labels: tuple[tuple[str, str], ...] = ()
    """The user's own labels, sorted by key."""
    announcements: tuple[Announcement, ...] = ()
    """What was announced of it, in the order of its moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How the `http` probe asks."""

    url: str
    user_agent: str = "platform-monitor (+https://github.com/platform-monitor)"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent along; left out of `repr`, for one of them may be a password."""
    max_redirects: int = 10
    body_limit: int = 1 << 20
    """Bytes read at most, counted before and again after decompression."""
    family: str = "auto"
    """`auto` (IPv4, then IPv6), `ipv4` or `ipv6`."""
    allow_private: bool = False
    """Whether private, loopback and link-local addresses may be connected to."""
    verify_tls: bool = True
    revocation: bool = True
    """Whether the authority of a certificate is asked, once a day, if it has revoked it."""
    expect: Expect | None = None
    """What the answer must be like; None: nothing is asked of it."""
    domain: str = ""
    """Registrable domain of the target: what redirects lead out of. Empty: wherever they lead is home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """What the `dns` probe asks."""

    host: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSettings:
    """What the `registration` probe asks."""

    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationSettings:
    """What the `delegation` probe asks."""

    zone: str
    host: str = ""
    """Host that the listed servers are asked for, where something is in doubt; empty: none."""
    allow_private: bool = False
    """Whether name servers on private, loopback and link-local addresses may be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAddressSettings:
    """What the `last_address` probe asks: the target's page, at one address."""

    page: HttpSettings
    address: str
    last_good_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSettings:
    """What the `revocation` probe asks about: a certificate that the target has shown."""

    certificate: str
    """Fingerprint."""
    user_agent: str
    allow_private: bool = False
    """Whether the authority's servers may be on private, loopback and link-local addresses."""


Settings = (
    HttpSettings
    | DnsSettings
    | RegistrationSettings
    | DelegationSettings
    | LastAddressSettings
    | RevocationSettings
    | ListingSettings
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A target, a probe, and when and how it is run."""

    target: str
    probe: Probe
    interval_s: float
    timeout_s: float
    settings: Settings
    urgent: bool = False
    """An investigation asks for this run: it goes first, and nothing answers it from a cache."""
    compare: bool = False
    """Whether the resolvers are to be compared: this run was asked for because of a doubt."""
    part: str = ""
    """What of the target it is about, by name; empty: the target itself."""

    @property
    def id(self) -> str:
        """Return the stable id: the same check keeps its phase and its history over restarts."""
        return f"{self.target}/{self.probe}:{self.part}" if self.part else f"{self.target}/{self.probe}"
