"""The editions of a configuration: where they are kept, what they are, and how to get newer ones."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from monitor.attribute import TableError
from monitor.clock import SystemClock
from monitor.config import Config
from monitor.editions.shelf import Copy, Edition, Manifest, Shelf, ShelfError
from monitor.editions.sources import chosen
from monitor.editions.tables import InUse, open_atlas
from monitor.editions.update import Report, Updater
from monitor.model import HttpSettings
from monitor.probe import open_io
from monitor.probe.http_client import HttpClient
from monitor.probe.io import DirectRoute
from monitor.probe.registries import Registries
from monitor.probe.tls import Trust, system_trust

_FOLDER: Final = "editions"
_DAY_S: Final = 86_400


def folder_of(config: Config) -> Path:
    """Return where the editions are kept."""
    return config.data_dir / _FOLDER


def shelf_of(config: Config) -> Shelf:
    """Return the shelf of a configuration."""
    return Shelf(folder_of(config))


def updater_of(config: Config, http: HttpClient) -> Updater:
    """Return what fetches the editions that a configuration wants."""
    return Updater(
        shelf=shelf_of(config),
        sources=chosen(config.data.sources, config.data.urls),
        http=http,
        clock=SystemClock(),
        user_agent=HttpSettings(url="").user_agent,
        pinned=config.data.checksums,
    )


@asynccontextmanager
async def _http(config: Config, trust: Trust) -> AsyncIterator[HttpClient]:
    io = open_io(
        clock=SystemClock(),
        route=DirectRoute(),
        vantage=config.vantage,
        resolvers=config.resolvers,
        trust=trust,
        registries=Registries.load(),
    )
    async with io as opened:
        yield opened.http


async def fetch(
    config: Config, *, force: bool = False, only: Sequence[str] = (), trust: Trust | None = None
) -> Report:
    """Fetch editions once; raises ShelfError or OSError when nothing can be stored."""
    async with _http(config, trust or system_trust()) as http:
        return await updater_of(config, http).run(force=force, only=only)


def inventory(config: Config, now: datetime | None = None) -> dict[str, Any]:
    """Return which tables are in use and which lists were fetched, as JSON is written of it."""
    now = now or datetime.now(UTC)
    shelf = shelf_of(config)
    try:
        manifest = shelf.manifest()
    except ShelfError:
        manifest = Manifest()
    try:
        _, used = open_atlas(shelf.folder, config.as_table)
    except (TableError, OSError) as error:
        used = (InUse(name="as-table", edition="", origin=str(config.as_table), problem=str(error)),)
    return {
        "folder": str(shelf.folder),
        "updated_at": manifest.updated_at or None,
        "tables": [_table(shelf, one, manifest.tables.get(one.name), now) for one in used],
        "sources": [_source(shelf, name, copy, now) for name, copy in sorted(manifest.copies.items())],
    }


def _table(shelf: Shelf, one: InUse, row: Edition | None, now: datetime) -> dict[str, Any]:
    fetched = row if one.origin == "fetched" else None
    return {
        "name": one.name,
        "edition": one.edition,
        "from": one.origin,
        "age": _age(one.edition, now),
        "rows": fetched.rows if fetched else "",
        "checksum": _checked(shelf, row) if row else "bundled" if one.origin == "bundled" else "",
        "sha256": fetched.sha256 if fetched else None,
        "problem": one.problem,
    }


def _source(shelf: Shelf, name: str, copy: Copy, now: datetime) -> dict[str, Any]:
    return {
        "name": name,
        "edition": copy.fetched_at[:10],
        "from": copy.urls[0] if copy.urls else "",
        "age": _age(copy.fetched_at, now),
        "rows": copy.rows,
        "checksum": _checked(shelf, copy),
        "sha256": copy.sha256,
        "asked_at": copy.asked_at,
    }


def _checked(shelf: Shelf, row: Edition | Copy) -> str:
    try:
        shelf.path(row)
    except ShelfError:
        return "damaged"
    return "ok"


def _age(text: str, now: datetime) -> str:
    """Return the days since a date; empty where the edition is none."""
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        return ""
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return f"{max(0, int((now - since).total_seconds() // _DAY_S))} d"
