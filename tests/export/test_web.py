"""The web application as browsers, scrapers and strangers meet it."""

import asyncio
import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from export.conftest import Site
from export.fleet import DOWN, samples, state, target

from monitor.export.metrics import FleetMetrics
from monitor.export.own_metrics import OwnMetrics
from monitor.export.scrape import Scrapes
from monitor.export.web import serve
from monitor.store import Store

PAGES = ["/", "/targets/parler.com", "/events", "/healthz", "/readyz", "/metrics", "/nothing"]


async def test_the_scrape_is_the_fleet_and_the_monitor(site: Site) -> None:
    site.watch(state())
    async with site.client.get("/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        got = samples(await answer.text())
    assert got['platform_up{target="parler.com"}'] == 1
    assert "platform_monitor_build_info{python_version=" in "".join(got)


async def test_a_scrape_is_packed_when_it_is_asked_to_be(site: Site) -> None:
    for number in range(3_000):
        site.watch(state(f"{number}.example"))
    async with ClientSession(auto_decompress=False) as session:
        url = site.client.make_url("/metrics")
        for wish, packed in [("gzip;q=0.8, deflate", True), ("gzip;q=0", False), ("identity", False)]:
            async with session.get(url, headers={"Accept-Encoding": wish}) as answer:
                body = await answer.read()
                assert (answer.headers.get("Content-Encoding") == "gzip") is packed
                text = (gzip.decompress(body) if packed else body).decode()
            assert text.count("\nplatform_up{") == 3_000


async def test_head_costs_no_scrape(site: Site) -> None:
    for path in PAGES[:-1]:
        async with site.client.head(path if "targets" not in path else "/") as answer:
            assert answer.status == 200
            assert await answer.read() == b""


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_is_closed_to_frames_scripts_and_guesses(site: Site, path: str) -> None:
    async with site.client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9850", 200),
        ("[::1]:9850", 200),
        ("localhost", 200),
        ("monitor:9850", 200),
        ("a.localhost:1", 200),
        ("watch.example", 200),
        ("WATCH.example.:443", 200),
        ("rebound.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("watch.example.evil.example", 421),
        ("user@evil.example", 421),
        ("[::1", 421),
    ],
)
async def test_strangers_names_are_not_answered(site: Site, host: str, status: int) -> None:
    for path in ("/", "/metrics", "/healthz"):
        await site.text(path, status=status, Host=host)


async def test_without_a_base_url_only_names_that_nobody_can_own_are_answered(site: Site) -> None:
    await site.client.close()
    await site.open(base_url=None)
    await site.text("/", Host="127.0.0.1")
    await site.text("/", Host="watch.example", status=421)


async def test_health_and_readiness_give_their_reasons(site: Site) -> None:
    for path in ("/healthz", "/readyz"):
        async with site.client.get(path) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok", "reasons": []})
    site.troubles.append("states are being loaded")
    for path in ("/healthz", "/readyz"):
        async with site.client.get(path) as answer:
            assert answer.status == 503
            assert (await answer.json())["reasons"] == ["states are being loaded"]


async def test_before_the_states_are_loaded_nothing_is_made_up(site: Site) -> None:
    site.watch(state())
    await site.client.close()
    await site.open(loaded=lambda: False)
    for path in ("/metrics", "/", "/targets/parler.com", "/events"):
        async with site.client.get(path) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert "platform_" not in await answer.text()
    await site.text("/healthz")
    await site.text("/readyz")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/targets/unknown.example",
        "/targets/%2e%2e%2fetc%2fpasswd",
        "/static/style.css",
        "/static/..%2f..%2fweb.py",
        "/?status=dead",
        "/?page=0",
        "/?page=2",
        "/?page=-1",
        "/?page=99999999999999999999",
        "/?page=%D9%A1",
        "/events?before=x",
        "/events?target=unknown.example",
        "/events?before=9223372036854775808",
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(site: Site, path: str) -> None:
    page = await site.text(path, status=404)
    assert "<h1>Not Found</h1>" in page
    assert "Traceback" not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_done_here(site: Site, method: str) -> None:
    async with site.client.request(method, "/") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"
        assert "can only be read" in await answer.text()


async def test_style_and_icon_may_be_kept_for_ever(site: Site) -> None:
    page = await site.text("/")
    paths = [part.split('"')[0] for part in page.split('href="')[1:] if part.startswith("/static/")]
    assert len(paths) == 2
    for path, kind in zip(paths, ["text/css", "image/svg+xml"], strict=True):
        async with site.client.get(path) as answer:
            assert answer.headers["Content-Type"].startswith(kind)
            assert "immutable" in answer.headers["Cache-Control"]
            assert await answer.read()


async def test_a_screen_on_a_wall_renews_itself_when_asked(site: Site) -> None:
    for query, header in [
        ("?refresh=60", "60"),
        ("?refresh=1", None),
        ("?refresh=0;url=//x", None),
        ("", None),
    ]:
        async with site.client.get(f"/{query}") as answer:
            assert answer.headers.get("Refresh") == header


async def test_pages_outlive_a_store_that_cannot_be_read(site: Site, tmp_path: Path) -> None:
    site.watch(state(verdict=DOWN))
    file = tmp_path / "store.db"
    async with await Store.open(f"sqlite:///{file}") as store:
        with closing(sqlite3.connect(file)) as other:
            for table in ("deliveries", "events", "incidents", "periods"):
                other.execute(f"DROP TABLE {table}")
        await site.client.close()
        await site.open(history=store)
        await unread(site)


async def unread(site: Site) -> None:
    assert "events cannot be shown" in await site.text("/")
    assert "events cannot be shown" in await site.text("/events")
    page = await site.text("/targets/parler.com")
    assert "incidents cannot be shown" in page
    assert "The address does not answer." in page
    assert await site.text("/healthz")


async def test_a_scraper_that_goes_away_takes_nothing_along(site: Site) -> None:
    for number in range(5_000):
        site.watch(state(f"{number}.example"))
    port = site.client.server.port
    for _ in range(8):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.read(1_000)
        writer.transport.abort()
    assert (await site.text("/metrics")).count("\nplatform_up{") == 5_000


async def test_too_many_slow_scrapers_are_told_so(site: Site) -> None:
    for number in range(20_000):
        site.watch(state(f"{number}.example"))
    port = site.client.server.port
    slow = []
    for _ in range(4):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readline()
        slow.append(writer)
    assert "Too many scrapes" in await site.text("/metrics", status=503)
    for writer in slow:
        writer.transport.abort()


async def test_the_server_tells_where_it_listens(site: Site) -> None:
    async with serve(site.view, ("127.0.0.1", 0)) as (host, port), ClientSession() as session:
        async with session.get(f"http://{host}:{port}/healthz") as answer:
            assert answer.status == 200
        with pytest.raises(OSError, match="in use"):
            async with serve(site.view, (host, port)):
                pass


async def test_a_reader_that_does_not_read_is_cut_off() -> None:
    names = [f"{number}.example" for number in range(20_000)]
    scrapes = Scrapes(FleetMetrics(target(name) for name in names), OwnMetrics(version="1"), limit_s=1.0)
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await scrapes.answer(request)
        ended.set_result(request.transport is None or request.transport.is_closing())
        return response

    application = web.Application()
    application.router.add_get("/", answer)
    async with TestServer(application) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1_000)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await asyncio.wait_for(ended, 30)
        writer.transport.abort()


async def test_what_is_no_http_is_refused_and_fills_no_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(site.view, ("127.0.0.1", 0)) as (host, port):
        for sent in (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"\x16\x03\x01 hello\r\n\r\n"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(sent)
            assert b" 400 " in await reader.readline()
            writer.transport.abort()
    assert caplog.records == []
