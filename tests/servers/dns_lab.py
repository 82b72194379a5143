"""A DNS server for tests: real datagrams and real TCP on loopback, and as hostile as a test wants.

A `Behaviour` gets each query and returns the messages to send back, as bytes: none, one, several,
wrong ones. `zone`, `rcode` and `silent` are the well-behaved ones.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from monitor.clock import Clock, SystemClock
from monitor.probe.dns_client import DnsClient
from monitor.probe.io import DirectRoute, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a client sent, and from where."""

    message: dns.message.Message
    wire: bytes
    over: str
    source: tuple[str, int]

    @property
    def name(self) -> str:
        return self.message.question[0].name.to_text(omit_final_dot=True)

    @property
    def rtype(self) -> str:
        return dns.rdatatype.to_text(self.message.question[0].rdtype)


Behaviour = Callable[[Query], Iterable[bytes]]
Stream = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(query: Query, *rrsets: str, code: str = "NOERROR", authority: Iterable[str] = ()) -> bytes:
    """Return an answer with records in the form `name ttl type value`, one record each."""
    message = dns.message.make_response(query.message, recursion_available=True)
    message.set_rcode(dns.rcode.from_text(code))
    for section, texts in ((message.answer, rrsets), (message.authority, authority)):
        for text in texts:
            name, ttl, rtype, value = text.split(" ", 3)
            section.append(dns.rrset.from_text(f"{name.rstrip('.')}.", int(ttl), "IN", rtype, value))
    return message.to_wire(max_size=65535)


def truncated(query: Query) -> bytes:
    """Return an answer without records that sends the client to TCP."""
    message = dns.message.make_response(query.message, recursion_available=True)
    message.flags |= dns.flags.TC
    return message.to_wire()


def zone(records: Mapping[str, Mapping[str, Iterable[str]]]) -> Behaviour:
    """Serve `{name: {type: [values]}}` as a recursive resolver would, aliases followed, TTL 300."""

    def behave(query: Query) -> list[bytes]:
        name, rrsets, seen = query.name.lower(), [], set()
        while name not in seen and query.rtype != "CNAME" and "CNAME" in records.get(name, {}):
            seen.add(name)
            (target,) = records[name]["CNAME"]
            rrsets.append(f"{name} 300 CNAME {target}.")
            name = target
        if name not in records:
            return [answer(query, *rrsets, code="NXDOMAIN", authority=[_SOA])]
        values = records[name].get(query.rtype, ())
        rrsets += [f"{name} 300 {query.rtype} {value}" for value in values]
        return [answer(query, *rrsets, authority=() if values else [_SOA])]

    return behave


_SOA = "example 60 SOA ns1.example. admin.example. 1 2 3 4 60"


def rcode(code: str) -> Behaviour:
    """Answer every question with one rcode."""
    return lambda query: [answer(query, code=code)]


def silent(_query: Query) -> list[bytes]:
    """Never answer."""
    return []


@dataclass(slots=True, eq=False)
class DnsLab(asyncio.DatagramProtocol):
    """The server; `async with DnsLab(behaviour) as lab: ... lab.endpoint`."""

    behaviour: Behaviour
    address: str = "127.0.0.1"
    stream: Stream | None = None
    """Takes over each TCP connection."""
    queries: list[Query] = field(default_factory=list)
    endpoint: tuple[str, int] = ("", 0)
    _udp: asyncio.DatagramTransport | None = None
    _tcp: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        while self._udp is None:
            self._tcp = await asyncio.start_server(self._connected, self.address, 0)
            port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(lambda: self, (self.address, port))
            except OSError:  # the port is free for TCP only: take another
                self._tcp.close()
            self.endpoint = (self.address, port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._udp is not None:
            self._udp.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()
        await asyncio.sleep(0)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Return name and type of every question, in order."""
        return [(query.name, query.rtype) for query in self.queries]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a datagram as the behaviour wants."""
        for wire in self._answers(data, "udp", (addr[0], addr[1])):
            self.send(wire, (addr[0], addr[1]))

    def send(self, wire: bytes, to: tuple[str, int]) -> None:
        """Send a datagram from the server's port."""
        assert self._udp is not None
        self._udp.sendto(wire, to)

    def _answers(self, wire: bytes, over: str, source: tuple[str, int]) -> Iterable[bytes]:
        query = Query(message=dns.message.from_wire(wire), wire=wire, over=over, source=source)
        self.queries.append(query)
        return self.behaviour(query)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            if self.stream is not None:
                await self.stream(reader, writer)
            else:
                await self._talk(reader, writer)
        self._writers.discard(writer)
        writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            length = int.from_bytes(await reader.readexactly(2))
            wire = await reader.readexactly(length)
            peer = writer.get_extra_info("peername")
            for reply in self._answers(wire, "tcp", (peer[0], peer[1])):
                writer.write(len(reply).to_bytes(2) + reply)
            await writer.drain()


@dataclass(slots=True, eq=False)
class HandClock:
    """A clock that a test moves by hand."""

    seconds: float = 1000.0

    def now(self) -> datetime:
        """Return the moment that the hand points at."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Return where the hand is."""
        return self.seconds

    def real(self, moment: datetime) -> datetime:
        """Return `moment` itself: nobody sleeps by this clock."""
        return moment


@asynccontextmanager
async def client_of(
    *resolvers: tuple[str, int], try_s: float = 1.0, route: Route | None = None, clock: Clock | None = None
) -> AsyncIterator[DnsClient]:
    """Open a client of these resolvers, and close it."""
    client = DnsClient(
        resolvers=resolvers, route=route or DirectRoute(), clock=clock or SystemClock(), try_s=try_s
    )
    try:
        yield client
    finally:
        await client.aclose()
