"""TOML -> entries. Says which file, table and key is wrong."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any, Final, NoReturn

from monitor.attribute.catalog.entry import CatalogError, Entry, Kind
from monitor.model import Provider

EDITION_FILE: Final = "edition.toml"

# No dots and no colons, and not the forms of other identifiers: an unknown provider's own
# identifier (a domain, `as13335`, `iana-1068`, `ca:…`) can never be mistaken for a row.
_ID: Final = re.compile(r"(?!as\d+$|iana-\d+$)[a-z0-9]+(-[a-z0-9]+)*")
_SUFFIX: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")

_NUMBERS: Final = frozenset({"iana_registrar_ids", "asns"})
_SUFFIXES: Final = frozenset({"ns_suffixes", "cname_suffixes", "edge_cname_suffixes", "mx_suffixes"})
_PATTERNS: Final = frozenset({"ns_patterns", "mx_patterns"})
_LOWER: Final = frozenset({"registrar_names", "header_signs"})
_LISTS: Final = frozenset(f.name for f in fields(Entry)) - {"provider", "where", "edge_network", "kinds"}
_KEYS: Final = _LISTS | {"name", "kinds", "edge_network"}


def read_folder(folder: Traversable) -> tuple[str, tuple[Entry, ...]]:
    """Return the edition and the entries of a folder of TOML files; raises CatalogError, OSError."""
    tables = {
        file.name: _parse(file) for file in sorted(folder.iterdir(), key=lambda f: f.name) if _is_toml(file)
    }
    edition, sources = _edition(tables.pop(EDITION_FILE, None))
    entries = [
        read_entry(f"{name}: [{key}]", key, table, sources)
        for name, rows in tables.items()
        for key, table in rows.items()
    ]
    return edition, tuple(entries)


def read_entry(where: str, key: str, table: object, sources: Iterable[str]) -> Entry:
    """Return one provider's entry; raises CatalogError."""
    if not _ID.fullmatch(key):
        _fail(where, "an id is lower-case letters, digits and single hyphens")
    if not isinstance(table, dict):
        _fail(where, "expected a table")
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        _fail(where, f"unknown key {unknown[0]!r}")
    name = table.get("name")
    if not isinstance(name, str) or not name.strip():
        _fail(where, "name: expected a text")
    edge_network = table.get("edge_network", False)
    if not isinstance(edge_network, bool):
        _fail(where, "edge_network: expected true or false")
    rows = {field: _rows(where, field, table[field]) for field in sorted(_LISTS & set(table))}
    for source in set(rows.get("sources", ())) - set(sources):
        _fail(where, f"sources: {source!r} is not in {EDITION_FILE}")
    if not rows.get("sources"):
        _fail(where, "sources: a provider needs at least one")
    if len(rows) == 1:
        _fail(where, "no fact to recognise it by")
    return Entry(
        provider=Provider(id=key, name=name),
        where=where,
        kinds=_kinds(where, table.get("kinds")),
        edge_network=edge_network,
        **rows,
    )


def _rows(where: str, field: str, value: object) -> tuple[Any, ...]:
    if not isinstance(value, list) or not value:
        _fail(where, f"{field}: expected a list that is not empty")
    for item in value:
        if field in _NUMBERS:
            _check_number(where, field, item)
        else:
            _check_text(where, field, item)
    if len(set(value)) != len(value):
        _fail(where, f"{field}: something stands there twice")
    return tuple(value)


def _check_number(where: str, field: str, item: object) -> None:
    if type(item) is not int or item <= 0:
        _fail(where, f"{field}: {item!r} is not a number above 0")


def _check_text(where: str, field: str, item: object) -> None:
    if not isinstance(item, str) or not item.strip():
        _fail(where, f"{field}: {item!r} is not a text")
    if field in _SUFFIXES and not _SUFFIX.fullmatch(item):
        _fail(where, f"{field}: {item!r} is not a lower-case domain without a leading dot")
    if field in _LOWER and item != item.lower():
        _fail(where, f"{field}: {item!r} is not in lower case")
    if field in _PATTERNS:
        _check_pattern(where, field, item)


def _check_pattern(where: str, field: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        _fail(where, f"{field}: {pattern!r} is no regular expression: {error}")


def _kinds(where: str, value: object) -> tuple[Kind, ...]:
    if not isinstance(value, list) or not value:
        _fail(where, "kinds: expected a list that is not empty")
    known = [kind.value for kind in Kind]
    for item in value:
        if item not in known:
            _fail(where, f"kinds: {item!r} is none of {', '.join(known)}")
    return tuple(Kind(item) for item in value)


def _edition(table: dict[str, Any] | None) -> tuple[str, tuple[str, ...]]:
    if table is None:
        _fail(EDITION_FILE, "is missing")
    edition = table.get("edition")
    if type(edition) is not date:
        _fail(EDITION_FILE, "edition: expected a date")
    sources = table.get("sources")
    if not isinstance(sources, dict) or not sources:
        _fail(EDITION_FILE, "sources: expected a table of sources")
    return edition.isoformat(), tuple(sources)


def _is_toml(file: Traversable) -> bool:
    return file.name.endswith(".toml") and file.is_file()


def _parse(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{file.name}: not TOML: {error}"
        raise CatalogError(message) from error


def _fail(where: str, problem: str) -> NoReturn:
    message = f"{where}: {problem}"
    raise CatalogError(message)
