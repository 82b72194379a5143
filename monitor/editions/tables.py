"""Which tables are used: those that were fetched, if they can be read, else the bundled ones."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import structlog

from monitor.attribute import AsTable, Atlas, PublishedRanges, TableError
from monitor.editions.shelf import Manifest, Shelf, ShelfError

_log: Final = structlog.get_logger("editions")

AS_TABLE: Final = "as-table"
PUBLISHED: Final = "published-ranges"

T = TypeVar("T", AsTable, PublishedRanges)


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """A table that is used, and where it is from."""

    name: str
    edition: str
    origin: str
    """`bundled`, `fetched`, or the path of a file that the configuration names."""
    problem: str = ""
    """Why it is not the fetched one."""


def load_atlas(folder: Path, as_table: Path | None = None) -> Atlas:
    """Return what addresses are looked up in; some 0.3 s, off the event loop.

    `as_table`: a file that the configuration names instead. Raises TableError or OSError for that one only:
    of what was fetched, whatever cannot be used is told in the log, and the bundled table used.
    """
    return open_atlas(folder, as_table)[0]


def open_atlas(folder: Path, as_table: Path | None = None) -> tuple[Atlas, tuple[InUse, ...]]:
    """Return what addresses are looked up in, and what that is."""
    shelf = Shelf(folder)
    problem = ""
    try:
        manifest = shelf.manifest()
    except ShelfError as error:
        problem, manifest = str(error), Manifest()
        _log.error("editions_unreadable", error=problem)
    if as_table is not None:
        table = AsTable.load(as_table)
        first = InUse(name=AS_TABLE, edition=table.edition, origin=str(as_table))
    else:
        table, first = _usable(AS_TABLE, shelf, manifest, AsTable.load, AsTable.bundled, problem)
    ranges, second = _usable(
        PUBLISHED, shelf, manifest, PublishedRanges.load, PublishedRanges.bundled, problem
    )
    return Atlas(table, ranges), (first, second)


def _usable(  # noqa: PLR0913, PLR0917 - of what, from where, and how
    name: str,
    shelf: Shelf,
    manifest: Manifest,
    load: Callable[[Path], T],
    bundled: Callable[[], T],
    problem: str,
) -> tuple[T, InUse]:
    """Return the fetched table, else the bundled one."""
    row = manifest.tables.get(name)
    if row is not None:
        try:
            table = load(shelf.path(row))
            return table, InUse(name=name, edition=table.edition, origin="fetched")
        except (ShelfError, TableError, OSError) as error:
            problem = str(error)
            _log.error("edition_unusable", table=name, error=problem)
    table = bundled()
    return table, InUse(name=name, edition=table.edition, origin="bundled", problem=problem)
