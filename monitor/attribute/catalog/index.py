"""The indexes of the catalog. Building one raises CatalogError when two providers claim one row."""

import re
from collections.abc import Hashable, Iterable
from typing import TypeVar

from monitor.attribute.catalog.entry import CatalogError, Entry, Match
from monitor.attribute.catalog.words import phrase_pattern

K = TypeVar("K", bound=Hashable)


def index(entries: Iterable[Entry], field: str, rule: str) -> dict[int, Match]:
    """Return the rows of a field of numbers."""
    found: dict[int, Match] = {}
    for entry in entries:
        for value in getattr(entry, field):
            _claim(found, value, Match(entry=entry, rule=f"{rule}{value}"), field)
    return found


class Hosts:
    """Finds the provider of a host by the longest suffix, else by a pattern over the whole name."""

    def __init__(self, entries: Iterable[Entry], suffixes: str, patterns: str | None = None) -> None:
        self._suffixes: dict[str, Match] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], Match]] = {}
        for entry in entries:
            for suffix in getattr(entry, suffixes):
                match = Match(entry=entry, rule=f"{suffixes.removesuffix('es')} {suffix}")
                _claim(self._suffixes, suffix, match, suffixes)
            for text in getattr(entry, patterns) if patterns else ():
                match = Match(entry=entry, rule=f"{patterns.removesuffix('s') if patterns else ''} {text}")
                self._patterns[text] = re.compile(text), match

    def find(self, host: str) -> Match | None:
        """Return the row for a host in lower case without trailing dot."""
        rest = host
        while rest:
            match = self._suffixes.get(rest)
            if match is not None:
                return match
            _, _, rest = rest.partition(".")
        for pattern, match in self._patterns.values():
            if pattern.search(host):
                return match
        return None


class Phrases:
    """Finds the provider whose words stand in a text."""

    def __init__(self, entries: Iterable[Entry], field: str, rule: str) -> None:
        self._rows: dict[str, Match] = {}
        for entry in entries:
            for phrase in getattr(entry, field):
                match = Match(entry=entry, rule=f"{rule} {phrase}")
                _claim(self._rows, phrase.lower(), match, field)
        self._pattern = phrase_pattern(self._rows)

    def anywhere(self, text: str) -> Match | None:
        """Return the provider whose words are in `text`; None when words of two providers are."""
        if self._pattern is None:
            return None
        rows = [self._rows[phrase] for phrase in self._pattern.findall(text.lower())]
        return rows[0] if len({row.provider.id for row in rows}) == 1 else None

    def at_start(self, text: str) -> Match | None:
        """Return the provider whose words `text` begins with."""
        found = self._pattern.match(text.lower()) if self._pattern else None
        return self._rows[found.group(1)] if found else None


def _claim(found: dict[K, Match], value: K, match: Match, field: str) -> None:
    other = found.setdefault(value, match)
    if other is not match:
        message = f"{match.entry.where}: {field}: {value} is claimed by {other.entry.where}, too"
        raise CatalogError(message)
