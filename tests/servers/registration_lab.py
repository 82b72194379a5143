"""Registries for tests: a WHOIS server and an RDAP server with TLS, real, on loopback.

`lab()` opens both and an `Io` whose client asks them: `.test` is known over RDAP and WHOIS, `.rdap`
and `.whois` over one of them. Names are answered by a real DNS server; addresses lead where
`MapRoute` says, so that a test can have a WHOIS server at a public address.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import trustme
from aiohttp import web
from servers.dns_lab import DnsLab, client_of, zone

from monitor.clock import Clock, SystemClock
from monitor.model import Check, Probe, RegistrationSettings
from monitor.probe.allowance import Rate
from monitor.probe.asking import Asking
from monitor.probe.dns_servers import NameServers
from monitor.probe.http_client import HttpClient
from monitor.probe.io import Io
from monitor.probe.registries import Registries
from monitor.probe.server_domains import ServerDomains
from monitor.probe.tls import Trust
from monitor.probe.turn_line import Pace
from monitor.probe.turns import Turns
from monitor.probe.whois_parser import WhoisParser

Talk = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
QUICK = Pace(rdap=Rate(per_s=1e6, burst=1_000_000), whois=Rate(per_s=1e6, burst=1_000_000))

GOOD_WHOIS = """\
Domain Name: EXAMPLE.TEST
Registry Domain ID: 1_DOMAIN-TEST
Registrar WHOIS Server: whois.registrar.test
Updated Date: 2020-06-15T18:25:25Z
Creation Date: 2018-06-15T18:25:25Z
Registry Expiry Date: 2026-06-15T18:25:25Z
Registrar: Epik, Inc.
Registrar IANA ID: 617
Domain Status: clientTransferProhibited https://icann.org/epp#clientTransferProhibited
Domain Status: client hold
Name Server: NS4.EPIK.COM
Name Server: NS3.EPIK.COM
DNSSEC: unsigned
>>> Last update of WHOIS database: 2021-01-17T12:00:00Z <<<

Terms of use: the domain not found here may be registered elsewhere; queries are limited.
"""


def good_rdap(domain: str = "example.test", **changes: object) -> dict[str, Any]:
    """Return a record as the registries of gTLDs write it."""
    record = {
        "objectClassName": "domain",
        "ldhName": domain.upper(),
        "status": ["client hold", "client transfer prohibited"],
        "nameservers": [{"ldhName": "NS4.EPIK.COM."}, {"ldhName": "ns3.epik.com"}],
        "entities": [
            {
                "roles": ["registrar"],
                "publicIds": [{"type": "IANA Registrar ID", "identifier": "617"}],
                "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Epik, Inc."]]],
            }
        ],
        "events": [
            {"eventAction": "registration", "eventDate": "2018-06-15T18:25:25Z"},
            {"eventAction": "registrar expiration", "eventDate": "2026-07-30T18:25:25Z"},
            {"eventAction": "expiration", "eventDate": "2026-06-15T18:25:25Z"},
            {"eventAction": "last changed", "eventDate": "2020-06-15T18:25:25Z"},
        ],
    }
    return record | changes


def says(reply: str | bytes) -> Talk:
    """Send one reply and close, as a WHOIS server does."""

    async def talk(_query: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply.encode() if isinstance(reply, str) else reply)
        await writer.drain()

    return talk


def answers(
    body: object = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    raw: bytes | None = None,
) -> Answer:
    """Answer every request with a JSON document, or with the raw bytes."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        data = raw if raw is not None else json.dumps(body).encode()
        kinds = {"Content-Type": "application/rdap+json"} | dict(headers or {})
        return web.Response(status=status, body=data, headers=kinds)

    return answer


@dataclass(slots=True, eq=False)
class WhoisLab:
    """One WHOIS server; `talk` decides what it does with each query."""

    talk: Talk = field(default_factory=lambda: says(GOOD_WHOIS))
    queries: list[str] = field(default_factory=list)
    busy: int = 0
    most_busy: int = 0
    endpoint: tuple[str, int] = ("", 0)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[WhoisLab]":
        """Serve on a free port of 127.0.0.1."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.endpoint = server.sockets[0].getsockname()[:2]
        try:
            yield self
        finally:
            server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await server.wait_closed()
            await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            with suppress(ConnectionError):
                query = (await reader.readline()).decode().strip()
                self.queries.append(query)
                await self.talk(query, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            self.busy -= 1
            self._writers.discard(writer)
            writer.transport.abort()


@dataclass(slots=True, eq=False)
class MapRoute:
    """Addresses of the internet that lead to endpoints on loopback; all others lead nowhere."""

    leads: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def tcp(self, address: str, port: int) -> tuple[str, int]:
        """Return the endpoint behind an address."""
        self.asked.append((address, port))
        if address.startswith("127."):
            return address, port
        try:
            return self.leads[address, port]
        except KeyError:
            raise OSError(113, "No route to host") from None

    def udp(self, address: str, port: int) -> tuple[str, int]:
        """Return the address itself."""
        return address, port


@dataclass(slots=True, eq=False)
class Lab:
    """What a test turns: the two servers, the route, and the client's side of the border."""

    whois: WhoisLab
    io: Io
    route: MapRoute
    rdap: Answer = field(default_factory=lambda: answers(good_rdap()))
    requests: list[web.Request] = field(default_factory=list)


@cache
def authority() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context and a client's that trusts it."""
    ca = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "rdap.registry.test", "localhost").configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    return server, client


@asynccontextmanager
async def lab(
    *,
    hosts: Mapping[str, Iterable[str]] | None = None,
    parser_deadline_s: float = 5.0,
    pace: Pace = QUICK,
    iana: tuple[str, int] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Lab]:
    """Open both servers and a client that asks them, in no time unless `pace` says otherwise."""
    opened: list[Lab] = []

    async def dispatch(request: web.Request) -> web.StreamResponse:
        opened[0].requests.append(request)
        return await opened[0].rdap(request)

    served, trusted = authority()
    runner = web.ServerRunner(web.Server(dispatch), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=served)
    await site.start()
    rdap_port = runner.addresses[0][1]
    route = MapRoute()
    records = {name: {"A": list(addresses)} for name, addresses in (hosts or {}).items()}
    whois = WhoisLab()
    async with whois.running(), DnsLab(zone(records)) as names, client_of(names.endpoint) as dns:
        address = "{}:{}".format(*whois.endpoint)
        base = f"https://127.0.0.1:{rdap_port}/registry/"
        registries = Registries.load(
            rdap={"test": base, "rdap": base, "com": base}, whois={"test": address, "whois": address}
        )
        http = HttpClient(dns=dns, route=route, clock=SystemClock(), trust=Trust(context=trusted))
        parser = WhoisParser(deadline_s=parser_deadline_s)
        turns = Turns(clock=clock or SystemClock(), pace=pace)
        io = Io(
            clock=clock or SystemClock(),
            route=route,
            vantage="test",
            dns=dns,
            name_servers=NameServers(route),
            server_domains=ServerDomains(lambda _: None),
            http=http,
            registries=registries,
            whois_parser=parser,
            asking=Asking(turns=turns, iana=iana),
        )
        opened.append(Lab(whois=whois, io=io, route=route))
        try:
            yield opened[0]
        finally:
            await turns.aclose()
            await parser.aclose()
            await http.aclose()
            await runner.cleanup()


def check(domain: str, timeout_s: float = 5.0) -> Check:
    """Return a check of one domain."""
    return Check(
        target=domain,
        probe=Probe.REGISTRATION,
        interval_s=86400.0,
        timeout_s=timeout_s,
        settings=RegistrationSettings(domain=domain),
    )
