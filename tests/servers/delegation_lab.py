"""Name servers on loopback behind public addresses: a resolver, parents, and the servers they list."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from monitor.clock import SystemClock
from monitor.model import Check, DelegationSettings, Probe
from monitor.probe.dns_client import DnsClient
from monitor.probe.dns_servers import NameServers
from monitor.probe.io import Io
from monitor.probe.server_domains import ServerDomains
from tests.servers.dns_lab import Behaviour, DnsLab, Query, Stream, zone

RESOLVER = ("9.9.9.9", 53)
GTLD, NS1, NS2, OTHER = "192.5.6.30", "66.223.12.3", "66.223.49.4", "205.251.196.210"
SOA = "parler.com 300 SOA ns3.epik.com. hostmaster.parler.com. 2021011101 7200 900 1209600 300"
LISTED = ("ns3.epik.com", "ns4.epik.com")

RECORDS: Mapping[str, Mapping[str, Iterable[str]]] = {
    "com": {"NS": ["a.gtld-servers.net."]},
    "a.gtld-servers.net": {"A": [GTLD]},
    "ns3.epik.com": {"A": [NS1]},
    "ns4.epik.com": {"A": [NS2]},
}


@dataclass(slots=True, eq=False)
class Addresses:
    """Where addresses lead: to a server of the lab, or nowhere."""

    behind: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def udp(self, address: str, port: int) -> tuple[str, int]:
        """Return the server behind an address."""
        self.asked.append(address)
        if address not in self.behind or port != 53:
            raise OSError(101, "Network is unreachable")
        return self.behind[address]

    tcp = udp


def say(
    query: Query,
    *answers: str,
    authority: Iterable[str] = (),
    additional: Iterable[str] = (),
    code: str = "NOERROR",
    aa: bool = True,
) -> bytes:
    """Return what an authoritative server says; records in the form `name ttl type value`."""
    message = dns.message.make_response(query.message)
    message.set_rcode(dns.rcode.from_text(code))
    if aa:
        message.flags |= dns.flags.AA
    sections = (message.answer, answers), (message.authority, authority), (message.additional, additional)
    for section, texts in sections:
        for text in texts:
            name, ttl, rtype, value = text.split(" ", 3)
            section.append(dns.rrset.from_text(f"{name}.", int(ttl), "IN", rtype, value))
    return message.to_wire(max_size=65535)


def delegates(*hosts: str, additional: Iterable[str] = (), zone: str = "parler.com") -> Behaviour:
    """Refer every question about the zone to these hosts; there is no DS."""

    def behave(query: Query) -> list[bytes]:
        if query.rtype == "DS":
            return [say(query, authority=["com 60 SOA a.nic.com. b.nic.com. 1 2 3 4 60"])]
        servers = [f"{zone} 172800 NS {host}." for host in hosts]
        return [say(query, authority=servers, additional=additional, aa=False)]

    return behave


def serves(*hosts: str, soa: str = SOA) -> Behaviour:
    """Answer for the zone, naming these hosts as its servers."""

    def behave(query: Query) -> list[bytes]:
        if query.rtype == "SOA":
            return [say(query, soa)]
        return [say(query, *(f"parler.com 300 NS {host}." for host in hosts))]

    return behave


def coded(code: str, *, aa: bool = False) -> Behaviour:
    """Answer everything with one code."""
    return lambda query: [say(query, code=code, aa=aa)]


@dataclass(slots=True, eq=False)
class Lab:
    """What a probe is given, and what it asked."""

    io: Io
    route: Addresses
    servers: dict[str, DnsLab]


@asynccontextmanager
async def delegation_lab(
    servers: Mapping[str, Behaviour],
    *,
    resolver: Behaviour | None = None,
    streams: Mapping[str, Stream] | None = None,
    registrable: Callable[[str], str | None] = lambda _: None,
) -> AsyncIterator[Lab]:
    """Open the servers, and what asks them."""
    route = Addresses()
    unused = cast("Any", None)
    async with AsyncExitStack() as stack:
        labs = {
            address: await stack.enter_async_context(DnsLab(behave, stream=(streams or {}).get(address)))
            for address, behave in {RESOLVER[0]: resolver or zone(RECORDS), **servers}.items()
        }
        route.behind = {address: lab.endpoint for address, lab in labs.items()}
        client = DnsClient(resolvers=(RESOLVER,), route=route, clock=SystemClock(), try_s=0.5)
        stack.push_async_callback(client.aclose)
        domains = ServerDomains(registrable)
        stack.push_async_callback(domains.aclose)
        io = Io(
            clock=SystemClock(),
            route=route,
            vantage="lab",
            dns=client,
            name_servers=NameServers(route),
            server_domains=domains,
            http=unused,
            registries=unused,
            whois_parser=unused,
        )
        yield Lab(io=io, route=route, servers=labs)


def check(zone: str = "parler.com", *, timeout_s: float = 10.0, allow_private: bool = False) -> Check:
    """Return a check of a delegation."""
    return Check(
        target=zone,
        probe=Probe.DELEGATION,
        interval_s=86_400,
        timeout_s=timeout_s,
        settings=DelegationSettings(zone=zone, allow_private=allow_private),
    )
