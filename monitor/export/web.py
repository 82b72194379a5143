"""The web application: pages for people, metrics for Prometheus, health for what keeps us running.

Nothing here changes anything: there is no request that acts. Pages are built from what the daemon
holds in memory; what the store has to tell besides is left out, and said to be, when it cannot be read.
"""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from monitor.attribute import Catalog
from monitor.clock import Clock
from monitor.export.about import about
from monitor.export.asked import (
    LAST_NUMBER,
    LAST_PAGE,
    Absent,
    count,
    layer,
    own_name,
    query,
    refresh_s,
    search,
)
from monitor.export.assets import load_assets
from monitor.export.metrics import FleetMetrics
from monitor.export.overview import PER_PAGE, find
from monitor.export.own_metrics import OwnMetrics
from monitor.export.pages import Pages, Story
from monitor.export.scrape import Scrapes
from monitor.model import FleetRecord, StoredEvent, Target, TargetState
from monitor.store.error import StoreError
from monitor.store.rows import IncidentRow, Period
from monitor.wire import WireError

_T = TypeVar("_T")
_Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_WHILE_LOADING: Final = frozenset({"/healthz", "/readyz"})
_LATEST_EVENTS: Final = 15
_EVENTS_OF_A_TARGET: Final = 50
_INCIDENTS_OF_A_TARGET: Final = 50


class History(Protocol):
    """What the pages ask the store; `monitor.store.Store` is one."""

    async def events(
        self, *, target: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[StoredEvent]:
        """Return the newest events below a number; raises StoreError."""

    async def periods(self, target: str | None, *, since: datetime | None = None) -> list[Period]:
        """Return the periods of a target, the oldest first; raises StoreError."""

    async def incidents(self, target: str | None = None, *, limit: int = 100) -> list[IncidentRow]:
        """Return the incidents of a target, the latest first; raises StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the web application may look at."""

    version: str
    clock: Clock
    targets: Mapping[str, Target]
    """By name, in the order of configuration."""
    states: Mapping[str, TargetState]
    fleet: FleetMetrics
    own: OwnMetrics
    history: History
    healthy: Callable[[], Sequence[str]]
    """Why the monitor is broken; nothing when it works."""
    ready: Callable[[], Sequence[str]]
    """Why it should not be relied on yet; nothing when it may be."""
    catalog: Catalog = field(default_factory=Catalog.bundled)
    base_url: str | None = None
    """How others reach it; its host is answered."""
    known: Callable[[], FleetRecord] = FleetRecord
    """What is known of all targets together."""
    loaded: Callable[[], bool] = lambda: True
    """Whether what is stored has been read: until then nothing but the health can be told."""


def make_web(view: View) -> web.Application:
    """Return the application. Reads its templates and style sheet here, once."""
    site = _Site(view)
    application = web.Application(middlewares=[site.guard])
    application.on_response_prepare.append(_secure)
    application.add_routes(
        [
            web.get("/", site.overview, name="overview"),
            web.get("/targets/{name:.+}", site.target, name="target"),
            web.get("/providers", site.providers, name="providers"),
            web.get("/providers/{id:.+}", site.provider, name="provider"),
            web.get("/events", site.events, name="events"),
            web.get("/metrics", site.metrics, name="metrics"),
            web.get("/healthz", site.healthz),
            web.get("/readyz", site.readyz),
            web.get("/static/{path}", site.static),
        ]
    )
    return application


@asynccontextmanager
async def serve(view: View, listen: tuple[str, int]) -> AsyncIterator[tuple[str, int]]:
    """Serve until the block ends; yields the address that is really listened on. Raises OSError."""
    logging.getLogger("aiohttp.server").addFilter(_not_a_clients_fault)
    runner = web.AppRunner(make_web(view), access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, *listen).start()
        address = runner.addresses[0]
        yield address[0], address[1]
    finally:
        await runner.cleanup()


def _not_a_clients_fault(record: logging.LogRecord) -> bool:
    """Leave out requests that are no HTTP: anybody who reaches the port could fill the log with them."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


class _Site:
    """The routes."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._assets = load_assets()
        self._pages = Pages(
            self._assets, version=view.version, organisation=view.catalog.organisation, fleet=view.known
        )
        self._scrapes = Scrapes(view.fleet, view.own)

    @web.middleware
    async def guard(self, request: web.Request, handler: _Answer) -> web.StreamResponse:
        """Answer for our own names only, and with a page where there is nothing."""
        if not own_name(request, self._view.base_url):
            text = "This name does not belong to the monitor. Set base_url, or ask by address."
            return self._problem(HTTPStatus.MISDIRECTED_REQUEST, text)
        if not self._view.loaded() and request.path not in _WHILE_LOADING:
            # Counters that begin at 0 and jump would be counted twice by who scrapes them.
            text = "What is stored is being read. Ask again in a moment."
            response = self._problem(HTTPStatus.SERVICE_UNAVAILABLE, text)
            response.headers[hdrs.RETRY_AFTER] = "1"
            return response
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as refusal:
            response = self._problem(HTTPStatus.METHOD_NOT_ALLOWED, "This page can only be read.")
            response.headers[hdrs.ALLOW] = ", ".join(sorted(refusal.allowed_methods))
            return response
        except web.HTTPException as refusal:
            return self._problem(HTTPStatus(refusal.status), refusal.text or "")

    async def overview(self, request: web.Request) -> web.StreamResponse:
        """Show every target."""
        view = self._view
        wanted = query(request)
        page = await find(view.targets, view.states, wanted)
        if wanted.page > page.pages:
            raise web.HTTPNotFound(text=Absent.PAGE)
        events = await _told(view.history.events(limit=_LATEST_EVENTS))
        response = _html(self._pages.overview(page, events, view.clock.now()))
        _refresh(request, response)
        return response

    async def target(self, request: web.Request) -> web.StreamResponse:
        """Show one target."""
        view, name = self._view, request.match_info["name"]
        target = view.targets.get(name)
        if target is None:
            raise web.HTTPNotFound(text=Absent.TARGET)
        story = Story(
            events=await _told(view.history.events(target=name, limit=_EVENTS_OF_A_TARGET)),
            incidents=await _told(view.history.incidents(name, limit=_INCIDENTS_OF_A_TARGET)),
            periods=await _told(view.history.periods(name)),
        )
        state = view.states.get(name) or TargetState(target=name)
        response = _html(self._pages.target(target, state, story, view.clock.now()))
        _refresh(request, response)
        return response

    async def providers(self, request: web.Request) -> web.StreamResponse:
        """Show every provider that targets stand on."""
        ranking = await self._view.fleet.neighbours.ranking(
            search(request), count(request, "page", LAST_PAGE) or 1
        )
        if ranking.page > ranking.pages:
            raise web.HTTPNotFound(text=Absent.PAGE)
        return _html(self._pages.providers(ranking, self._view.clock.now()))

    async def provider(self, request: web.Request) -> web.StreamResponse:
        """Show one provider: its targets by layer, and its facts."""
        view, key = self._view, request.match_info["id"]
        neighbours, entry = view.fleet.neighbours, view.catalog.entries.get(key)
        found = neighbours.neighbourhood(key, layer(request), count(request, "page", LAST_PAGE) or 1)
        if found is None and entry is None:
            raise web.HTTPNotFound(text=Absent.PROVIDER)
        if found is not None and found.page > found.pages:
            raise web.HTTPNotFound(text=Absent.PAGE)
        told = about(key, found.standing.provider if found else None, view.catalog, neighbours.size)
        return _html(self._pages.provider(told, found, view.states, view.clock.now()))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Show what was told, the newest first."""
        view = self._view
        target = request.query.get("target") or None
        if target is not None and target not in view.targets:
            raise web.HTTPNotFound(text=Absent.TARGET)
        before = count(request, "before", LAST_NUMBER)
        # One more than is shown tells whether there are older ones.
        events = await _told(view.history.events(target=target, before=before, limit=PER_PAGE + 1))
        shown = events[:PER_PAGE] if events is not None else None
        older = shown[-1].number if events and shown and len(events) > PER_PAGE else None
        return _html(self._pages.events(shown, target=target, older=older, now=view.clock.now()))

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Write the fleet's metrics, and the monitor's own after them."""
        return await self._scrapes.answer(request)

    async def healthz(self, _: web.Request) -> web.StreamResponse:
        """Tell whether the monitor works at all: for what restarts it."""
        return _health(self._view.healthy())

    async def readyz(self, _: web.Request) -> web.StreamResponse:
        """Tell whether it can be relied on: for what waits for it."""
        return _health(self._view.ready())

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Serve the style sheet and the icon."""
        asset = self._assets.find(request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound(text=Absent.FILE)
        headers = {hdrs.CONTENT_TYPE: asset.content_type, hdrs.CACHE_CONTROL: _FOR_EVER}
        return web.Response(body=asset.body, headers=headers)

    def _problem(self, status: HTTPStatus, text: str) -> web.Response:
        return _html(self._pages.problem(status, text), status=status)


def _html(text: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    # A lone surrogate in a configured name must not cost the page.
    body = text.encode("utf-8", "replace")
    response = web.Response(body=body, status=status, content_type="text/html", charset="utf-8")
    response.enable_compression()
    return response


def _health(reasons: Sequence[str]) -> web.Response:
    body = {"status": "unavailable" if reasons else "ok", "reasons": list(reasons)}
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    return web.Response(text=json.dumps(body) + "\n", status=status, content_type="application/json")


def _refresh(request: web.Request, response: web.Response) -> None:
    """Let a screen on a wall renew itself, if its address asks for it."""
    seconds = refresh_s(request)
    if seconds is not None:
        response.headers["Refresh"] = str(seconds)


async def _told(question: Awaitable[_T]) -> _T | None:
    """Return what the store answers; None when it cannot be read now: the page says so."""
    try:
        return await question
    except (StoreError, WireError):
        return None
