"""Probes: one async function per kind of measurement, and the I/O they share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from monitor.clock import Clock
from monitor.model import Check, Facts, Probe
from monitor.probe.asking import IANA_WHOIS, Asking
from monitor.probe.delegation import probe_delegation
from monitor.probe.dns import probe_dns
from monitor.probe.dns_client import DnsClient
from monitor.probe.dns_servers import NameServers
from monitor.probe.http import probe_http
from monitor.probe.http_client import HttpClient
from monitor.probe.io import Io, Route
from monitor.probe.last_address import probe_last_address
from monitor.probe.listing import probe_listing
from monitor.probe.registration import probe_registration
from monitor.probe.registries import Registries
from monitor.probe.revocation import probe_revocation
from monitor.probe.server_domains import ServerDomains
from monitor.probe.tls import Trust
from monitor.probe.turn_line import Pace
from monitor.probe.turns import Turns
from monitor.probe.whois_parser import WhoisParser

ProbeFn = Callable[[Check, Io], Awaitable[Facts]]

PROBES: Final[dict[Probe, ProbeFn]] = {
    Probe.HTTP: probe_http,
    Probe.DNS: probe_dns,
    Probe.REGISTRATION: probe_registration,
    Probe.DELEGATION: probe_delegation,
    Probe.LAST_ADDRESS: probe_last_address,
    Probe.PAGE: probe_http,
    Probe.REVOCATION: probe_revocation,
    Probe.LISTING: probe_listing,
}


@asynccontextmanager
async def open_io(  # noqa: PLR0913 - everything that differs between a machine, a test and a replay
    *,
    clock: Clock,
    route: Route,
    vantage: str,
    resolvers: Sequence[tuple[str, int]],
    trust: Trust,
    registries: Registries,
    pace: Pace | None = None,
    iana: tuple[str, int] | None = IANA_WHOIS,
    registrable: Callable[[str], str | None] = lambda _: None,
) -> AsyncIterator[Io]:
    """Open what probes measure with, in the running event loop, and close it at the end.

    `registrable`: from a host to the domain it lives in; without it no name server's domain is looked up.
    """
    async with AsyncExitStack() as stack:
        dns = DnsClient(resolvers=resolvers, route=route, clock=clock)
        stack.push_async_callback(dns.aclose)
        http = HttpClient(dns=dns, route=route, clock=clock, trust=trust)
        stack.push_async_callback(http.aclose)
        whois_parser = WhoisParser()
        stack.push_async_callback(whois_parser.aclose)
        turns = Turns(clock=clock, pace=pace)
        stack.push_async_callback(turns.aclose)
        server_domains = ServerDomains(registrable)
        stack.push_async_callback(server_domains.aclose)
        yield Io(
            clock=clock,
            route=route,
            vantage=vantage,
            dns=dns,
            name_servers=NameServers(route),
            server_domains=server_domains,
            http=http,
            registries=registries,
            whois_parser=whois_parser,
            asking=Asking(turns=turns, iana=iana),
        )
