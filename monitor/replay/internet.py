"""A small internet on loopback: a resolver, the web, registries, and the way to them.

It stands on the ports that the system gives it, in the running event loop, without root. What it
hands out (route, trust, resolvers, registries, networks) is all that a monitor needs to live in it.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from monitor.attribute import AsTable
from monitor.model import ListingSettings, RegistrationSettings, Store
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust
from monitor.replay.authority import Authority, Order
from monitor.replay.clock import ReplayClock
from monitor.replay.connection import Desk, Resetting, Silent
from monitor.replay.dns_authority import infrastructure, name_servers
from monitor.replay.dns_server import Answers, DatagramServer, OwnAnswers, StreamServer
from monitor.replay.http_server import Reply, WebServer, page_reply
from monitor.replay.registration_server import WhoisServer, rdap_domain, rdap_reply, whois_reply
from monitor.replay.revocation import ADDRESS as PKI_ADDRESS
from monitor.replay.revocation import HOST as PKI_HOST
from monitor.replay.revocation import Issued, Revoked
from monitor.replay.revocation import respond as pki_reply
from monitor.replay.route import LOOPBACK, RESOLVERS, Ports, ReplayRoute
from monitor.replay.scenario import Scenario
from monitor.replay.stores import store_reply
from monitor.replay.tables import CertificateTable, NameTable, RegisteredTable, SiteTable
from monitor.replay.world import World

_MARGIN: Final = timedelta(days=60)
# Where the registries of the small internet live: AS112's block, as the resolver.
_REGISTRY_NET: Final = "192.175.48"
_FIRST_REGISTRY: Final = 100
_MOST_REGISTRIES: Final = 100
_FIRST_CONTROL: Final = 200
_MOST_CONTROLS: Final = 50
_NOBODY: Final = "nobody.invalid"
_SOMEBODYS: Final = RegisteredTable()
_BACKLOG: Final = 1024
_TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Internet:
    """What a monitor is given to live in a scenario, and the world behind it."""

    world: World
    route: ReplayRoute
    trust: Trust
    resolvers: tuple[tuple[str, int], ...]
    registries: Registries
    networks: AsTable


@asynccontextmanager
async def open_internet(scenario: Scenario, clock: ReplayClock) -> AsyncIterator[Internet]:
    """Open the internet as it was before the scenario began; its servers close at the end."""
    registries = Registries.load()
    hosts = _registry_hosts(scenario, registries)
    built = infrastructure(scenario)
    hosts |= {**_control_hosts(scenario), PKI_HOST: PKI_ADDRESS}
    world = World({**built, **{host: NameTable(a=(address,)) for host, address in hosts.items()}})
    world.sites.update({host: SiteTable(status=HTTPStatus.NO_CONTENT) for host in _control_hosts(scenario)})
    for circumstance in scenario.before:
        world.apply(circumstance.set)
    authority = Authority()
    servers = _Servers(scenario, world, clock, authority, _rdap_hosts(scenario, registries))
    async with AsyncExitStack() as stack:
        ports = await servers.open(stack)
        yield Internet(
            world=world,
            route=ReplayRoute(world, clock, ports),
            trust=authority.trust,
            resolvers=RESOLVERS[: scenario.resolvers],
            registries=registries,
            networks=scenario.networks,
        )


def _domains(scenario: Scenario) -> Iterable[str]:
    settings = (check.settings for check in scenario.checks)
    return [each.domain for each in settings if isinstance(each, RegistrationSettings)]


def _rdap_hosts(scenario: Scenario, registries: Registries) -> frozenset[str]:
    bases = {registries.rdap_base(domain) for domain in _domains(scenario)}
    return frozenset(urlsplit(base).hostname or "" for base in bases if base)


def _stores(scenario: Scenario) -> dict[str, Store]:
    """Return the stores that will be asked, by the host of their look-up."""
    settings = (check.settings for check in scenario.checks)
    asked = [each for each in settings if isinstance(each, ListingSettings)]
    return {urlsplit(each.base).hostname or "": each.store for each in asked}


def _control_hosts(scenario: Scenario) -> dict[str, str]:
    """Return an address for everything that the monitor compares itself with."""
    settings = scenario.controls
    hosts = [*(urlsplit(url).hostname or "" for url in settings.urls), *settings.names]
    return {
        host: f"{_REGISTRY_NET}.{_FIRST_CONTROL + index % _MOST_CONTROLS}"
        for index, host in enumerate(dict.fromkeys(hosts))
    }


def _registry_hosts(scenario: Scenario, registries: Registries) -> dict[str, str]:
    """Return an address for every registry and app store that will be asked."""
    servers = {registries.whois_server(domain) for domain in _domains(scenario)}
    names = {*_rdap_hosts(scenario, registries), *(server[0] for server in servers if server)}
    names |= set(_stores(scenario))
    return {
        name: f"{_REGISTRY_NET}.{_FIRST_REGISTRY + index % _MOST_REGISTRIES}"
        for index, name in enumerate(sorted(names))
    }


# What the delegation probe waits for one name server, and a little more; rounds of the loop: see `unheard`.
_QUESTION_S: Final = 2.1
_ROUNDS: Final = 30


class _Servers:
    """The servers, and what they prepared for the world as it stands."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        clock: ReplayClock,
        authority: Authority,
        rdap_hosts: frozenset[str],
    ) -> None:
        self._scenario = scenario
        self._world = world
        self._clock = clock
        self._authority = authority
        self._rdap_hosts = rdap_hosts
        self._stores = _stores(scenario)
        self._name_servers = name_servers(scenario)
        self._edition = -1
        self._pages: dict[str, tuple[Reply, Reply, int]] = {}
        self._requests = 0
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._waits = False

    async def open(self, stack: AsyncExitStack) -> Ports:
        """Open everything on ports that the system chooses, the same for DNS over UDP and TCP."""
        desk = Desk(in_vain=self.in_vain, unheard=self.unheard)
        stack.push_async_callback(desk.close)
        # Where there is another resolver, a silent one costs no more than one try.
        silence = self.in_vain if self._scenario.resolvers == 1 else self.unheard
        resolving = Desk(in_vain=silence, unheard=self.unheard)
        stack.push_async_callback(resolving.close)
        web = partial(WebServer, desk, self.respond)
        return Ports(
            resolvers=[
                await _listen_dns(stack, resolving, Answers(self._world, number))
                for number in range(len(RESOLVERS))
            ],
            name_servers={
                host: await _listen_dns(stack, desk, OwnAnswers(self._world, host))
                for host in self._name_servers
            },
            http=await _listen(stack, web),
            https=await _listen(stack, web, self._tls()),
            whois=await _listen(stack, partial(WhoisServer, desk, self.whois)),
            resetting=await _listen(stack, partial(Resetting, desk)),
            silent=await _listen(stack, partial(Silent, desk)),
        )

    def respond(self, host: str, path: str) -> Reply:
        """Return what is answered over HTTP."""
        self._renew()
        if host == PKI_HOST:
            return pki_reply(path, self._authority.issued, self._revoked, self._clock.now())
        if host in self._rdap_hosts:
            domain = rdap_domain(path)
            return rdap_reply(domain, self._registered(domain))
        if host in self._stores:
            return store_reply(self._stores[host], path, self._world.listings)
        usual, other, every = self._pages.get(host) or self._prepare(host)
        if not every:
            return usual
        self._requests += 1
        return usual if self._requests % every else other

    def _prepare(self, host: str) -> tuple[Reply, Reply, int]:
        """Return what a site answers, to all requests and to every so-many-th, ready to be sent."""
        site = self._world.sites.get(host)
        other = site.now_and_then if site else None
        prepared = page_reply(site), page_reply(other), other.every if other else 0
        self._pages[host] = prepared
        return prepared

    def whois(self, question: str) -> Reply:
        """Return what is answered over WHOIS."""
        return whois_reply(question, self._registered)

    def _registered(self, domain: str) -> RegisteredTable | None:
        """Return a registration; a domain that only has name servers in it is somebody's all the same."""
        known = self._world.registered.get(domain)
        if known is None and any(host.endswith(f".{domain}") for host in self._name_servers):
            return _SOMEBODYS
        return known

    def in_vain(self) -> None:
        """Let the time pass that a probe waits for an answer which will not come."""
        spent = self._clock.spend()
        skip = getattr(asyncio.get_running_loop(), "skip", None)
        if skip is not None and spent > 0:
            skip(spent)

    def unheard(self) -> None:
        """Let the time pass that a question to one name server waits; those asked with it wait together."""
        if not self._waits:
            self._waits = True
            asyncio.get_running_loop().call_soon(self._wait_together, _ROUNDS)

    def _wait_together(self, rounds: int) -> None:
        """Wait once everything that was sent at the same time has arrived: a datagram a socket and round."""
        loop = asyncio.get_running_loop()
        if rounds:
            loop.call_soon(self._wait_together, rounds - 1)
            return
        self._waits = False
        spent = self._clock.spend(_QUESTION_S)
        skip = getattr(loop, "skip", None)
        if skip is not None and spent > 0:
            skip(spent)

    def _renew(self) -> None:
        if self._edition != self._world.edition:
            self._edition = self._world.edition
            self._pages.clear()
            self._contexts.clear()

    def _tls(self) -> ssl.SSLContext:
        """Return a context that shows each client the certificate of the name that it asks for."""
        context = self._authority.context(self._order(_NOBODY))

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = self._context(name or _NOBODY)

        context.sni_callback = choose
        return context

    def _context(self, host: str) -> ssl.SSLContext:
        self._renew()
        context = self._contexts.get(host)
        if context is None:
            context = self._contexts[host] = self._authority.context(self._order(host))
        return context

    def _order(self, host: str) -> Order:
        """Return what the certificate of a host says; what the scenario leaves out is filled in."""
        site = self._world.sites.get(host)
        table = site.certificate if site else CertificateTable()
        known = site is not None or host in self._rdap_hosts or host in self._stores
        return Order(
            host=host if known else _NOBODY,
            names=table.names or ((host,) if known else (_NOBODY,)),
            issuer=table.issuer,
            not_before=table.not_before or self._scenario.start - _MARGIN,
            not_after=table.not_after or self._scenario.end + _MARGIN,
            trusted=table.trusted,
            way=table.way,
        )

    def _revoked(self, issued: Issued) -> Revoked | None:
        """Return since when a certificate is revoked; one that its site shows no more is forgotten."""
        site = self._world.sites.get(issued.host)
        at = site.certificate.revoked if site else None
        return Revoked(at, site.certificate.reason) if site and at and at <= self._clock.now() else None


async def _listen_dns(stack: AsyncExitStack, desk: Desk, answers: Answers) -> int:
    """Open UDP and TCP on one port: the one that the system gave to TCP, if UDP has it free."""
    loop = asyncio.get_running_loop()
    for tries_left in reversed(range(_TRIES)):
        server = await loop.create_server(partial(StreamServer, desk, answers), LOOPBACK, 0)
        port: int = server.sockets[0].getsockname()[1]
        try:
            datagrams, _ = await loop.create_datagram_endpoint(
                partial(DatagramServer, desk, answers), local_addr=(LOOPBACK, port)
            )
        except OSError:
            server.close()
            if not tries_left:
                raise
            continue
        stack.callback(server.close)
        stack.callback(datagrams.close)
        break
    return port


async def _listen(
    stack: AsyncExitStack, protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None
) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, LOOPBACK, 0, ssl=tls, backlog=_BACKLOG)
    stack.callback(server.close)
    port: int = server.sockets[0].getsockname()[1]
    return port
