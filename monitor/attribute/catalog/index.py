"""The indexes of the catalog, built from entries that do not contradict each other (`check`)."""

import re
from collections.abc import Iterable

from monitor.attribute.catalog.entry import Entry, Match
from monitor.attribute.catalog.words import phrase_pattern


def index(entries: Iterable[Entry], key: str) -> dict[int, Match]:
    """Return the rows of a key that holds numbers."""
    return {
        value: Match(entry=entry, key=key, value=value) for entry in entries for value in getattr(entry, key)
    }


class Hosts:
    """Finds the provider of a host by the longest suffix, else by a pattern over the whole name."""

    def __init__(self, entries: Iterable[Entry], suffixes: str, patterns: str | None = None) -> None:
        self._suffixes: dict[str, Match] = {}
        self._patterns: list[tuple[re.Pattern[str], Match]] = []
        for entry in entries:
            for suffix in getattr(entry, suffixes):
                self._suffixes[suffix] = Match(entry=entry, key=suffixes, value=suffix)
            for text in getattr(entry, patterns) if patterns else ():
                match = Match(entry=entry, key=patterns or "", value=text)
                self._patterns.append((re.compile(text), match))

    def find(self, host: str) -> Match | None:
        """Return the row for a host in lower case without trailing dot."""
        rest = host
        while rest:
            match = self._suffixes.get(rest)
            if match is not None:
                return match
            _, _, rest = rest.partition(".")
        for pattern, match in self._patterns:
            if pattern.search(host):
                return match
        return None


class Phrases:
    """Finds the provider whose words stand in a text."""

    def __init__(self, entries: Iterable[Entry], key: str) -> None:
        self._rows: dict[str, Match] = {}
        for entry in entries:
            for phrase in getattr(entry, key):
                self._rows[phrase.lower()] = Match(entry=entry, key=key, value=phrase)
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
