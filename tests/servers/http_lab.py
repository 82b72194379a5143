"""A web server for tests: real connections on loopback, and as hostile as a test wants.

A `Serve` gets each connection once its request head has come, and writes what it likes. `answer`
builds a well-formed response; `Detour` lets addresses of the internet lead to the lab.
"""

import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import trustme

from monitor.clock import Clock, SystemClock
from monitor.model import Check, HttpSettings, Probe
from monitor.probe import open_io
from monitor.probe.io import DirectRoute, Io, Route
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust
from tests.servers.dns_lab import Behaviour, DnsLab, zone

Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a response; `length` overrides the true Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def say(*pieces: bytes) -> Serve:
    """Write the pieces, then close."""

    async def serve(_head: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return serve


def forever(start: bytes, piece: bytes, pause_s: float = 0) -> Serve:
    """Write `start`, then `piece` until the other side has had enough."""

    async def serve(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return serve


def paths(pages: Mapping[str, bytes]) -> Serve:
    """Answer each path with its bytes."""

    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ", 2)[1].decode()
        writer.write(pages.get(path) or answer(b"no such page", status="404 Not Found"))

    return serve


async def mute(_head: bytes, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection with RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER: on, 0 s
    writer.transport.abort()


@dataclass(slots=True, eq=False)
class HttpLab:
    """The server; `async with HttpLab(serve) as lab: ... lab.endpoint`."""

    serve: Serve
    tls: ssl.SSLContext | None = None
    address: str = "127.0.0.1"
    at_once: bool = False
    """Whether `serve` is called before any request has come."""
    heads: list[bytes] = field(default_factory=list)
    endpoint: tuple[str, int] = ("", 0)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, self.address, 0, ssl=self.tls)
        self.endpoint = (self.address, self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        await asyncio.sleep(0)

    @property
    def port(self) -> int:
        """Return the port."""
        return self.endpoint[1]

    def url(self, path: str = "/") -> str:
        """Return an address of this server by its IP address."""
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}{path}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                head = b"" if self.at_once else await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await self.serve(head, writer)
                await writer.drain()
        finally:
            writer.close()
            self._tasks.discard(task)


@dataclass(frozen=True, slots=True)
class Detour:
    """A route on which addresses of the internet lead to servers on loopback; the rest is unreachable."""

    ways: Mapping[str, tuple[str, int]]

    def tcp(self, address: str, port: int) -> tuple[str, int]:
        """Return the server that plays `address`."""
        if address not in self.ways:
            raise OSError(errno.ENETUNREACH, f"no way to {address}:{port}")
        return self.ways[address]

    def udp(self, address: str, port: int) -> tuple[str, int]:
        """Return the address itself: resolvers are asked directly."""
        return address, port


class Authority:
    """A certificate authority, and the servers' contexts it vouches for."""

    def __init__(self) -> None:
        self.ca = trustme.CA(organization_name="Lab Trust Services")

    def server(
        self, *names: str, before: timedelta | None = None, after: timedelta | None = None
    ) -> ssl.SSLContext:
        """Return a server's context; `before` and `after` are offsets from now for the dates."""
        now = datetime.now(UTC)
        cert = self.ca.issue_cert(
            *names,
            not_before=None if before is None else now + before,
            not_after=None if after is None else now + after,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert.configure_cert(context)
        return context

    def trust(self, *, by_clock: bool = False) -> Trust:
        """Return the trust in this authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        return Trust(context=context, by_clock=by_clock)


@asynccontextmanager
async def lab_io(
    names: Mapping[str, str] | None = None,
    *,
    route: Route | None = None,
    clock: Clock | None = None,
    trust: Trust | None = None,
    resolver: Behaviour | None = None,
) -> AsyncIterator[Io]:
    """Open the I/O of a probe, with a resolver that knows `names` (to IP addresses, blanks between)."""
    records: dict[str, dict[str, list[str]]] = {name: {"A": [], "AAAA": []} for name in names or {}}
    for name, addresses in (names or {}).items():
        for address in addresses.split():
            records[name]["AAAA" if ":" in address else "A"].append(address)
    async with (
        DnsLab(resolver or zone(records)) as dns,
        open_io(
            clock=clock or SystemClock(),
            route=route or DirectRoute(),
            vantage="lab",
            resolvers=[dns.endpoint],
            trust=trust or Trust(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
            registries=Registries.load(),
        ) as io,
    ):
        yield io


def http_check(url: str, *, timeout_s: float = 5, allow_private: bool = True, **settings: object) -> Check:
    """Return an http check of `url`."""
    return Check(
        target="lab.example",
        probe=Probe.HTTP,
        interval_s=60,
        timeout_s=timeout_s,
        settings=HttpSettings(url=url, allow_private=allow_private, **settings),  # type: ignore[arg-type]
    )
