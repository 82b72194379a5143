"""A file of the user's own: providers that are added, and bundled ones that are set right.

The format is that of the bundled files; `sources` may be left out. A table whose id is bundled adds
to that provider: lists grow, `name`, `parent` and `edge_network` are replaced. `replace = true`
forgets what was bundled. `[<id>.remove]` takes facts away:

    [epik.remove]
    asns = [64500]

All mistakes of a file are told at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from monitor.attribute.catalog.entry import FIELDS, CatalogError, Entry, Fact, OwnFile
from monitor.attribute.catalog.read import KEYS, Table
from monitor.model import Provider

_KEYS: Final = KEYS | {"replace", "remove"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCatalog:
    """A user's file, parsed: tables by id."""

    file: OwnFile
    tables: Mapping[str, Any]


def with_own(
    entries: Iterable[Entry], own: Iterable[OwnCatalog]
) -> tuple[dict[str, Entry], list[CatalogError]]:
    """Return the entries by id with the user's files applied in their order, and what is wrong in these."""
    found = {entry.provider.id: entry for entry in entries}
    faults: list[CatalogError] = []
    for catalog in own:
        for key, row in catalog.tables.items():
            try:
                found[key] = _apply(catalog.file, key, row, found.get(key))
            except CatalogError as fault:
                faults.append(fault)
    return dict(sorted(found.items())), faults


def _apply(file: OwnFile, key: str, row: object, bundled: Entry | None) -> Entry:
    """Return a provider as the user's table wants it; raises CatalogError."""
    table = Table(row, key=key, where=file.where(key), file=file)
    table.refuse_others(_KEYS)
    if bundled is None or table.flag("replace"):
        if "remove" in table:
            table.fail("remove", "there is nothing to remove from")
        entry = table.entry()
        return replace(entry, own=dict.fromkeys((*entry.facts(), *_owner(entry)), file))
    return _extended(table, file, _reduced(table, row, bundled))


def _owner(entry: Entry) -> list[Fact]:
    return [("parent", entry.parent)] if entry.parent else []


def _extended(table: Table, file: OwnFile, entry: Entry) -> Entry:
    """Return a bundled provider with what the user adds to it."""
    own = dict(entry.own)
    lists: dict[str, Any] = {}
    for key, values in table.facts().items():
        new = tuple(value for value in values if value not in getattr(entry, key))
        own |= {(key, value): file for value in new}
        lists[key] = (*getattr(entry, key), *new)
    if "kinds" in table:
        lists["kinds"] = tuple(dict.fromkeys((*entry.kinds, *table.kinds())))
    if "edge_network" in table:
        lists["edge_network"] = table.flag("edge_network")
    if "name" in table:
        lists["provider"] = Provider(id=table.id, name=table.name())
    parent = table.parent()
    if parent:
        own["parent", parent] = file
        lists["parent"] = parent
    # A bundled source that speaks of all that stands under a key says nothing about what the user adds.
    bundled = {source: _spelled_out(entry, facts) for source, facts in entry.sources.items()}
    added = {source: facts or _texts(own, file) for source, facts in table.sources().items()}
    merged = {source: (*bundled.get(source, ()), *added.get(source, ())) for source in (*bundled, *added)}
    return replace(entry, own=own, sources=merged, **lists)


def _spelled_out(entry: Entry, confirmed: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a source confirms, fact by fact."""
    return tuple(
        str(value)
        for key, value in (*entry.facts(), *_owner(entry))
        if not confirmed or key in confirmed or str(value) in confirmed
    )


def _texts(own: Mapping[Fact, OwnFile], file: OwnFile) -> tuple[str, ...]:
    return tuple(str(value) for (_, value), from_ in own.items() if from_ == file)


def _reduced(table: Table, row: object, entry: Entry) -> Entry:
    """Return a bundled provider without what the user calls wrong."""
    if "remove" not in table or not isinstance(row, dict):
        return entry
    wrong = Table(row["remove"], key=table.id, where=table.where, file=table.file)
    wrong.refuse_others(FIELDS)
    left: dict[str, Any] = {}
    for key, values in wrong.facts().items():
        for value in values:
            if value not in getattr(entry, key):
                table.fail(f"remove.{key}", f"{value} is not there")
        left[key] = tuple(value for value in getattr(entry, key) if value not in values)
    gone = {
        (key, value) for key, values in left.items() for value in getattr(entry, key) if value not in values
    }
    reduced = replace(entry, own={fact: file for fact, file in entry.own.items() if fact not in gone}, **left)
    if not any(reduced.facts()) and not any(key in table for key in FIELDS):
        table.fail("remove", "nothing is left to recognise it by")
    return reduced
