"""The I/O border: everything a probe may touch, passed in as one value.

A replay swaps the `Route` and the `Clock`; the probes above stay the same, to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from monitor.probe.asking import Asking
from monitor.probe.expect import Expectations
from monitor.probe.page import Pages
from monitor.probe.revocations import Revocations
from monitor.probe.stores import Stores
from monitor.probe.unknowns import Unknowns

if TYPE_CHECKING:
    from monitor.clock import Clock
    from monitor.probe.dns_client import DnsClient
    from monitor.probe.dns_servers import NameServers
    from monitor.probe.http_client import HttpClient
    from monitor.probe.registries import Registries
    from monitor.probe.server_domains import ServerDomains
    from monitor.probe.whois_parser import WhoisParser


class Route(Protocol):
    """Where packets for an address really go."""

    def tcp(self, address: str, port: int) -> tuple[str, int]:
        """Return the endpoint to connect to; raises OSError or TimeoutError as the network would."""

    def udp(self, address: str, port: int) -> tuple[str, int]:
        """Return the endpoint for datagrams; raises OSError or TimeoutError as the network would."""


class DirectRoute:
    """The network of this machine: an address leads to itself."""

    def tcp(self, address: str, port: int) -> tuple[str, int]:
        """Return the address itself."""
        return address, port

    def udp(self, address: str, port: int) -> tuple[str, int]:
        """Return the address itself."""
        return address, port


@dataclass(frozen=True, slots=True, kw_only=True)
class Io:
    """What probes measure with. Opened by `monitor.probe.open_io`, closed once by its owner."""

    clock: Clock
    route: Route
    vantage: str
    dns: DnsClient
    name_servers: NameServers
    server_domains: ServerDomains
    http: HttpClient
    registries: Registries
    whois_parser: WhoisParser
    asking: Asking = field(default_factory=Asking.usual)
    """When registries may be asked, and what they said before."""
    pages: Pages = field(default_factory=Pages)
    """Reads bodies; remembers the latest."""
    expectations: Expectations = field(default_factory=Expectations)
    """Holds answers against what the user expects of them."""
    revocations: Revocations = field(default_factory=Revocations)
    """What authorities say about the certificates that were shown."""
    stores: Stores = field(default_factory=Stores)
    """How often app stores may be asked."""
    unknowns: Unknowns = field(default_factory=Unknowns)
    """What the failure vocabulary did not know."""
