"""What a configuration comes to: frozen, checked, ready to be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.attribute.catalog import OwnCatalog
from monitor.config.endpoints import Endpoint
from monitor.config.secret import Secret
from monitor.model import Check, CorrelationPolicy, EventType, Policy, Probe, Severity, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the page, the API and the metrics are served."""

    listen: Endpoint | None
    """Host and port; port 0: any free one; None: no web server."""
    base_url: str | None
    """How others reach it, without a slash at the end; None: events carry no links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """Runs at once, for each probe."""

    http: int
    dns: int
    registration: int
    delegation: int
    last_address: int
    page: int
    revocation: int
    listing: int

    def of(self, probe: Probe) -> int:
        """Return the limit of a probe."""
        return {
            Probe.HTTP: self.http,
            Probe.DNS: self.dns,
            Probe.REGISTRATION: self.registration,
            Probe.DELEGATION: self.delegation,
            Probe.LAST_ADDRESS: self.last_address,
            Probe.PAGE: self.page,
            Probe.REVOCATION: self.revocation,
            Probe.LISTING: self.listing,
        }[probe]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged, and how."""

    level: str
    """`debug`, `info`, `warning` or `error`."""
    format: str
    """`auto` (console on a terminal, else JSON), `json` or `console`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOverrides:
    """Registration servers by top-level domain (A-label); an empty text switches the source off."""

    rdap: Mapping[str, str]
    """Base URL."""
    whois: Mapping[str, str]
    """`host` or `host:port`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingSettings:
    """How often registration servers are asked, and who says which servers there are."""

    rdap_per_s: float
    rdap_burst: int
    whois_per_s: float
    whois_burst: int
    per_s_of: Mapping[str, float]
    """Questions a second by host name of the server."""
    bootstrap_url: str
    """IANA's list of RDAP servers; empty: what is bundled will do."""
    bootstrap_interval_s: float
    iana: Endpoint | None
    """Who is asked for the WHOIS server of a top-level domain; None: nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """The editions of what names are looked up in."""

    update_s: float | None
    """How often the daemon fetches them; None: never."""
    sources: tuple[str, ...] | None
    """Which; None: all that have an address."""
    urls: Mapping[str, tuple[str, ...]]
    """Addresses in place of the usual ones, by source."""
    checksums: Mapping[str, str]
    """What the files of a source must have as their checksum."""
    blocks: bool
    """Whether registries are asked about addresses that no table knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """What the monitor compares itself with, to tell its own troubles from those of its targets."""

    enabled: bool = True
    urls: tuple[str, ...] = (
        "https://www.gstatic.com/generate_204",
        "https://cp.cloudflare.com/generate_204",
        "https://captive.apple.com/hotspot-detect.html",
        "https://connectivity-check.ubuntu.com/",
    )
    names: tuple[str, ...] = ("www.iana.org", "www.wikipedia.org")
    interval_s: float = 60.0
    timeout_s: float = 5.0
    allow_private: bool = False


_USUAL_CONTROLS: Final = ControlSettings()
_USUAL_CORRELATION: Final = CorrelationPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """Where events go, and which of them."""

    name: str
    type: str
    url: Secret
    """Printed as scheme and host only: the path of a webhook is often its password."""
    secret: Secret
    """Signing key of Standard Webhooks, `whsec_…`."""
    headers: tuple[tuple[str, Secret], ...]
    timeout_s: float
    events: frozenset[EventType]
    min_severity: Severity
    targets: frozenset[str] | None
    """Names; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a run of the monitor needs to know."""

    path: Path
    """The file it came from."""
    data_dir: Path
    """Absolute; may not exist yet."""
    store_url: Secret
    """Printed without its password."""
    vantage: str
    resolvers: tuple[Endpoint, ...]
    """DNS servers in the order they are asked; never empty."""
    shutdown_s: float
    """How long a stop waits for runs in flight."""
    as_table: Path | None
    """Address table in place of the bundled one."""
    log: LogSettings
    web: WebSettings
    limits: LimitSettings
    registries: RegistryOverrides
    asking: AskingSettings
    data: DataSettings
    policy: Policy
    """As written, with the usual lead: the policy of a target that is watched by every probe."""
    policies: Mapping[str, Policy]
    """The policy of each target, by its name: its own lead and its own rechecks."""
    targets: tuple[Target, ...]
    checks: tuple[Check, ...]
    receivers: tuple[ReceiverSettings, ...]
    catalogs: tuple[OwnCatalog, ...] = ()
    """The user's own files of providers, on top of the bundled catalog."""
    controls: ControlSettings = _USUAL_CONTROLS
    correlation: CorrelationPolicy = _USUAL_CORRELATION
