"""A publisher of lists: a real web server with TLS on loopback, and an updater that asks it."""

import gzip
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trustme
from aiohttp import web

from monitor.attribute import AsTable, PublishedRanges
from monitor.attribute.published import encode_rows
from monitor.clock import SystemClock
from monitor.editions.shelf import Shelf
from monitor.editions.sources import SOURCES, chosen
from monitor.editions.update import Updater
from monitor.probe import open_io
from monitor.probe.http_client import HttpClient
from monitor.probe.io import DirectRoute
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust

BASE = [
    ("52.84.0.0/15", "amazon", "CloudFront", True),
    ("104.16.0.0/13", "cloudflare", "", True),
    ("172.64.0.0/13", "cloudflare", "", True),
    ("162.158.0.0/15", "cloudflare", "", True),
]
FASTLY = '{"addresses": ["23.235.32.0/20", "151.101.0.0/16"], "ipv6_addresses": ["2a04:4e40::/32"]}'


def tsv(rows: int = 200, name: str = "NET", shift: int = 0) -> bytes:
    """Return an AS table as iptoasn writes it: some rows of IPv4, and two of IPv6; `shift`: of AS numbers."""
    blocks = [
        (n, f"{n >> 8 & 255}.{n & 255}.{part}") for n in range(256, 256 + rows // 2) for part in (0, 128)
    ]
    lines = [f"{block}.0\t{block}.255\t{64500 + n % 7 + shift}\tZZ\t{name} {n % 7}" for n, block in blocks]
    last = "ffff:ffff:ffff:ffff:ffff:ffff"
    sixes = [f"2a00:1::\t2a00:1:{last}\t64600\tZZ\tSIX", "::\t::1\t0\tNone\tNot routed"]
    return gzip.compress("\n".join([*lines, *sixes, ""]).encode(), 1, mtime=0)


@dataclass(slots=True)
class Page:
    """What is answered for a path."""

    body: bytes = b""
    status: int = 200
    etag: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class NoClock(SystemClock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.at


@dataclass(slots=True)
class EditionLab:
    """The server's pages, and the shelf that they come to."""

    base: str
    http: HttpClient
    shelf: Shelf
    trust: Trust
    base_table: Path
    """In place of the bundled ranges, of which there are many."""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and `If-None-Match` of every request."""
    clock: NoClock = field(default_factory=NoClock)

    def serve(self, name: str, body: bytes | str, **more: object) -> None:
        """Publish a body as a source's list."""
        raw = body.encode() if isinstance(body, str) else body
        self.pages[f"/{name}"] = Page(body=raw, **more)  # type: ignore[arg-type]

    def updater(self, *names: str, pinned: Mapping[str, str] | None = None, **more: float) -> Updater:
        """Return an updater that asks for these lists here."""
        sources = chosen(names, {name: (f"{self.base}/{name}",) for name in SOURCES})
        return Updater(
            shelf=self.shelf,
            sources=sources,
            http=self.http,
            clock=self.clock,
            user_agent="test",
            pinned=pinned or {},
            base=self.base_table,
            **more,
        )

    def published(self) -> PublishedRanges:
        """Return the table of ranges on the shelf."""
        return PublishedRanges.load(self.shelf.path(self.shelf.manifest().tables["published-ranges"]))

    def as_table(self) -> AsTable:
        """Return the AS table on the shelf."""
        return AsTable.load(self.shelf.path(self.shelf.manifest().tables["as-table"]))


@asynccontextmanager
async def open_edition_lab(folder: Path) -> AsyncIterator[EditionLab]:
    """Open the server and a client that trusts it."""
    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusted)
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    lab: EditionLab

    async def respond(request: web.Request) -> web.Response:
        condition = request.headers.get("If-None-Match", "")
        lab.asked.append((request.path, condition))
        page = lab.pages.get(request.path, Page(status=404))
        if page.etag and condition == page.etag:
            return web.Response(status=304, headers={"ETag": page.etag})
        headers = {**page.headers, **({"ETag": page.etag} if page.etag else {})}
        return web.Response(body=page.body, status=page.status, headers=headers)

    application = web.Application()
    application.router.add_get("/{name:.*}", respond)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=served)
    await site.start()
    port = runner.addresses[0][1]
    async with open_io(
        clock=SystemClock(),
        route=DirectRoute(),
        vantage="lab",
        resolvers=(("127.0.0.1", 9),),
        trust=Trust(context=trusted),
        registries=Registries.load(),
    ) as io:
        base = folder / "base.bin"
        base.write_bytes(encode_rows(BASE, "2026-10-26"))
        lab = EditionLab(
            base=f"https://127.0.0.1:{port}",
            http=io.http,
            shelf=Shelf(folder / "editions"),
            trust=Trust(context=trusted),
            base_table=base,
        )
        try:
            yield lab
        finally:
            await runner.cleanup()
