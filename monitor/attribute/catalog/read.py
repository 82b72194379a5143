"""TOML -> entries. Says which file, table and key is wrong."""

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any, Final, NoReturn

from monitor.attribute.catalog.entry import FIELDS, CatalogError, Entry, Kind, OwnFile
from monitor.model import Provider

EDITION_FILE: Final = "edition.toml"

# No dots and no colons, and not the forms of other identifiers: an unknown provider's own
# identifier (a domain, `as13335`, `iana-1068`, `ca:…`) can never be mistaken for a row.
_ID: Final = re.compile(r"(?!as\d+$|iana-\d+$)[a-z0-9]+(-[a-z0-9]+)*")
_SUFFIX: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")

_NUMBERS: Final = frozenset({"iana_registrar_ids", "asns"})
_SUFFIXES: Final = frozenset({"ns_suffixes", "cname_suffixes", "edge_cname_suffixes", "mx_suffixes"})
_PATTERNS: Final = frozenset({"ns_patterns", "mx_patterns"})
_LOWER: Final = frozenset({"registrar_names", "header_signs", "cookie_signs", "platform_signs"})
KEYS: Final = frozenset({*FIELDS, "name", "kinds", "parent", "edge_network", "sources"})


class Table:
    """One provider's table, read key by key. Every mistake is a CatalogError at its place."""

    def __init__(self, table: object, *, key: str, where: str, file: OwnFile | None = None) -> None:
        self.id = key
        self.where = where
        self.file = file
        if not _ID.fullmatch(key):
            self.fail("", "an id is lower-case letters, digits and single hyphens")
        if not isinstance(table, dict):
            self.fail("", "expected a table")
        self._table: dict[str, Any] = table

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the mistake."""
        raise CatalogError(self.where, problem, key=key, table=self.id, file=self.file)

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def refuse_others(self, keys: Collection[str]) -> None:
        """Refuse keys that do not belong here."""
        unknown = sorted(set(self._table) - set(keys))
        if unknown:
            self.fail("", f"unknown key {unknown[0]!r}")

    def name(self) -> str:
        """Return the name for people."""
        name = self._table.get("name")
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            self.fail("name", "expected a text")
        return name

    def parent(self) -> str | None:
        """Return the id of the owner."""
        parent = self._table.get("parent")
        if parent is not None and (not isinstance(parent, str) or not _ID.fullmatch(parent)):
            self.fail("parent", "expected the id of another provider")
        return parent

    def flag(self, key: str) -> bool:
        """Return a truth value, false when it is not there."""
        flag = self._table.get(key, False)
        if not isinstance(flag, bool):
            self.fail(key, "expected true or false")
        return flag

    def kinds(self) -> tuple[Kind, ...]:
        """Return what the provider does."""
        value = self._table.get("kinds")
        if not isinstance(value, list) or not value:
            self.fail("kinds", "expected a list that is not empty")
        known = [kind.value for kind in Kind]
        for item in value:
            if item not in known:
                self.fail("kinds", f"{item!r} is none of {', '.join(known)}")
        return tuple(Kind(item) for item in value)

    def facts(self) -> dict[str, tuple[Any, ...]]:
        """Return the lists of facts."""
        return {key: self._facts(key, self._table[key]) for key in sorted(set(FIELDS) & set(self._table))}

    def _facts(self, key: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            self.fail(key, "expected a list that is not empty")
        for item in value:
            if key in _NUMBERS:
                self._check_number(key, item)
            else:
                self._check_text(key, item)
        if len(set(value)) != len(value):
            self.fail(key, "something stands there twice")
        return tuple(value)

    def _check_number(self, key: str, item: object) -> None:
        if type(item) is not int or item <= 0:
            self.fail(key, f"{item!r} is not a number above 0")

    def _check_text(self, key: str, item: object) -> None:
        if not isinstance(item, str) or not item.strip():
            self.fail(key, f"{item!r} is not a text")
        if key in _SUFFIXES and not _SUFFIX.fullmatch(item):
            self.fail(key, f"{item!r} is not a lower-case domain without a leading dot")
        if key in _LOWER and item != item.lower():
            self.fail(key, f"{item!r} is not in lower case")
        if key in _PATTERNS:
            self._check_pattern(key, item)

    def _check_pattern(self, key: str, pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            self.fail(key, f"{pattern!r} is no regular expression: {error}")
        if not (pattern.startswith("^") and pattern.endswith("$")):
            # An open pattern would fit inside the name of somebody else's server.
            self.fail(key, f"{pattern!r} does not begin with ^ and end with $")

    def sources(self) -> dict[str, tuple[str, ...]]:
        """Return who confirms what: a list of sources for everything, or a table by source."""
        value = self._table.get("sources", [])
        if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
            return dict.fromkeys(value, ())
        if not isinstance(value, dict):
            self.fail("sources", "expected a list of sources, or a table with what each confirms")
        for source, facts in value.items():
            if not isinstance(facts, list) or not facts or not all(isinstance(fact, str) for fact in facts):
                self.fail(f"sources.{source}", "expected a list of facts, or of keys, as texts")
        return {source: tuple(facts) for source, facts in value.items()}

    def confirmed(self, entry: Entry, known: Collection[str]) -> Entry:
        """Return the entry if known sources confirm everything in it, and nothing else."""
        if not entry.sources:
            self.fail("sources", "a provider needs at least one")
        there = {text for key, value in entry.facts() for text in (key, str(value))}
        there |= {"parent"} if entry.parent else set()
        for source, facts in entry.sources.items():
            if source not in known:
                self.fail("sources", f"{source!r} is not in {EDITION_FILE}")
            for fact in facts:
                if fact not in there:
                    self.fail(f"sources.{source}", f"{fact!r} is no fact of this provider")
        owner = [("parent", entry.parent)] if entry.parent else []
        for key, value in (*entry.facts(), *owner):
            if not entry.sources_of(key, value):
                self.fail(key, f"no source confirms {value}")
        return entry

    def entry(self) -> Entry:
        """Return the whole provider."""
        provider, kinds = Provider(id=self.id, name=self.name()), self.kinds()
        facts: dict[str, Any] = dict(self.facts())
        if not facts:
            self.fail("", "no fact to recognise it by")
        return Entry(
            provider=provider,
            where=self.where,
            kinds=kinds,
            parent=self.parent(),
            edge_network=self.flag("edge_network"),
            sources=self.sources(),
            **facts,
        )


def read_folder(folder: Traversable) -> tuple[str, tuple[Entry, ...]]:
    """Return the edition and the entries of a folder of TOML files; raises CatalogError, OSError."""
    tables = {
        file.name: _parse(file) for file in sorted(folder.iterdir(), key=lambda f: f.name) if _is_toml(file)
    }
    edition, sources = _edition(tables.pop(EDITION_FILE, None))
    entries = [
        read_entry(f"{name}: [{key}]", key, row, sources)
        for name, rows in tables.items()
        for key, row in rows.items()
    ]
    return edition, tuple(entries)


def read_sources(folder: Traversable) -> Mapping[str, str]:
    """Return what each source is, by its short name."""
    table = _parse(folder / EDITION_FILE)
    return {name: str(source.get("what", name)) for name, source in table["sources"].items()}


def read_entry(where: str, key: str, row: object, sources: Collection[str]) -> Entry:
    """Return one provider's entry; raises CatalogError."""
    table = Table(row, key=key, where=where)
    table.refuse_others(KEYS)
    return table.confirmed(table.entry(), sources)


def _edition(table: dict[str, Any] | None) -> tuple[str, tuple[str, ...]]:
    if table is None:
        raise CatalogError(EDITION_FILE, "is missing")
    edition = table.get("edition")
    if type(edition) is not date:
        raise CatalogError(EDITION_FILE, "expected a date", key="edition")
    sources = table.get("sources")
    if not isinstance(sources, dict) or not sources:
        raise CatalogError(EDITION_FILE, "expected a table of sources", key="sources")
    return edition.isoformat(), tuple(sources)


def _is_toml(file: Traversable) -> bool:
    return file.name.endswith(".toml") and file.is_file()


def _parse(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(file.name, f"not TOML: {error}") from error
