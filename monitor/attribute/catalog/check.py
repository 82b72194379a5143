"""What two providers must not both claim. Each contradiction names the row that came later.

A row that is part of another provider's row (a longer suffix below its suffix, words among its
words) takes values away from it. That is meant only between a provider and its `parent`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from monitor.attribute.catalog.entry import CatalogError, Entry, Match, Value
from monitor.attribute.catalog.signs import words_pattern
from monitor.attribute.catalog.words import phrase_pattern

_UNIQUE: Final = (
    "iana_registrar_ids",
    "registrar_names",
    "asns",
    "ns_suffixes",
    "ns_patterns",
    "mx_suffixes",
    "mx_patterns",
    "ca_orgs",
)
# Alias targets of one suffix cannot mean one provider's hosting and another's edge.
_ALIASES: Final = ("cname_suffixes", "edge_cname_suffixes")
_SIGNS: Final = ("header_signs", "cookie_signs", "platform_signs")
_PATTERNS: Final = (("ns_patterns", "ns_suffixes"), ("mx_patterns", "mx_suffixes"))


def contradictions(entries: Mapping[str, Entry]) -> Iterator[CatalogError]:
    """Yield everything that makes these entries no catalog, in the order of ids for each kind of it."""
    rows = tuple(entries.values())
    yield from _owners(entries)
    for keys in (
        *((key,) for key in _UNIQUE),
        _ALIASES,
        ("header_signs", "platform_signs"),
        ("cookie_signs",),
    ):
        yield from _claims(rows, keys)
    for keys in (("ns_suffixes",), ("mx_suffixes",), _ALIASES):
        yield from _shadows(rows, keys)
    for key in ("registrar_names", "ca_orgs"):
        yield from _phrases(rows, key)
    yield from _signs(rows)
    for patterns, suffixes in _PATTERNS:
        yield from _patterns(rows, patterns, suffixes)


def _owners(entries: Mapping[str, Entry]) -> Iterator[CatalogError]:
    for entry in entries.values():
        met = [entry.provider.id]
        parent = entry.parent
        while parent is not None and parent not in met:
            if parent not in entries:
                yield _owner_fault(entry, f"{parent} is no provider of the catalog")
                break
            met.append(parent)
            parent = entries[parent].parent
        else:
            if parent == entry.provider.id:
                yield _owner_fault(entry, f"{' → '.join((*met, parent))} is a circle")


def _owner_fault(entry: Entry, problem: str) -> CatalogError:
    row = Match(entry=entry, key="parent", value=entry.parent or "")
    return CatalogError(row.where, problem, key="parent", table=entry.provider.id, file=row.own)


def _rows(entries: Iterable[Entry], keys: Iterable[str]) -> Iterator[Match]:
    for entry in entries:
        for key in keys:
            for value in getattr(entry, key):
                yield Match(entry=entry, key=key, value=value)


def _claims(entries: Iterable[Entry], keys: tuple[str, ...]) -> Iterator[CatalogError]:
    claimed: dict[Value, Match] = {}
    for row in _rows(entries, keys):
        value = row.value.lower() if isinstance(row.value, str) else row.value
        other = claimed.setdefault(value, row)
        if other.entry is not row.entry:
            claim = f"{value} is claimed by {{}}, too"
            yield _fault(row, other, claim, claim)


def _shadows(entries: Iterable[Entry], keys: tuple[str, ...]) -> Iterator[CatalogError]:
    suffixes = {str(row.value): row for row in _rows(entries, keys)}
    for suffix, row in suffixes.items():
        _, _, rest = suffix.partition(".")
        while rest:
            other = suffixes.get(rest)
            if other is not None and _strangers(row, other):
                yield _fault(
                    row,
                    other,
                    f"{suffix} lies below {rest} of {{}}",
                    f"{suffix} of {{}} lies below {rest}",
                )
            _, _, rest = rest.partition(".")


def _phrases(entries: Iterable[Entry], key: str) -> Iterator[CatalogError]:
    """Find words among another provider's words; at the start only matters the start."""
    rows = [(str(row.value).lower(), row) for row in _rows(entries, (key,))]
    for words, row in rows:
        pattern = phrase_pattern([words])
        for longer, other in rows:
            if words == longer or pattern is None or not _strangers(row, other):
                continue
            if pattern.match(longer) if key == "ca_orgs" else pattern.search(longer):
                yield _fault(
                    row,
                    other,
                    f'"{words}" stands in "{longer}" of {{}}',
                    f'"{words}" of {{}} stands in "{longer}"',
                )


def _signs(entries: Iterable[Entry]) -> Iterator[CatalogError]:
    """Find signs that are seen whenever another provider's is."""
    by_header: defaultdict[str, list[tuple[str, Match]]] = defaultdict(list)
    for row in _rows(entries, _SIGNS):
        name, _, words = str(row.value).partition(": ")
        if row.key == "cookie_signs":
            name, words = "set-cookie", name
        by_header[name].append((words, row))
    for name, rows in by_header.items():
        for words, row in rows:
            for longer, other in rows:
                if row.value == other.value or not _strangers(row, other):
                    continue
                if not words or words_pattern(words).search(longer):
                    yield _fault(
                        row,
                        other,
                        f'"{row.value}" is seen wherever "{name}: {longer}" of {{}} is',
                        f'"{row.value}" of {{}} is seen wherever "{name}: {longer}" is',
                    )
                    break  # a header that everybody sends is one mistake, not fifty


def _patterns(entries: Iterable[Entry], patterns: str, suffixes: str) -> Iterator[CatalogError]:
    hosts = tuple(_rows(entries, (suffixes,)))
    for row in _rows(entries, (patterns,)):
        pattern = re.compile(str(row.value))
        for other in hosts:
            if not _strangers(row, other):
                continue
            host = next((h for h in (str(other.value), f"ns1.{other.value}") if pattern.search(h)), None)
            if host:
                yield _fault(
                    row, other, f"{row.value} fits {host} of {{}}", f"{row.value} of {{}} fits {host}"
                )


def _strangers(one: Match, other: Match) -> bool:
    """Tell whether two rows are of providers of which neither owns the other."""
    first, second = one.entry, other.entry
    return first is not second and first.parent != second.provider.id and second.parent != first.provider.id


def _fault(row: Match, other: Match, here: str, there: str) -> CatalogError:
    """Return a contradiction, told at `row`; at `other` if that is the user's and `row` is not.

    `here` and `there` say it from either side, with a place for where the opposite side stands.
    """
    at, opposite, problem = (other, row, there) if other.own and not row.own else (row, other, here)
    problem = problem.replace("{}", opposite.where)
    return CatalogError(at.where, problem, key=at.key, table=at.provider.id, file=at.own)
