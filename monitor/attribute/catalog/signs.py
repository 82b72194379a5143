"""What a CDN or a proxy adds to the headers of an answer."""

import re
from collections.abc import Iterable

from monitor.attribute.catalog.entry import Entry, Match
from monitor.attribute.memo import Memo

_VALUE_LENGTH = 300
_REMEMBERED = 4096

Headers = tuple[tuple[str, str], ...]


class Signs:
    """Finds the rows `name` and `name: words` in headers. The words must be whole words.

    Answers with the numbers of the rows, because they are cheap to compare: the values of such
    headers differ from answer to answer, the rows do not.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.rows: list[Match] = []
        self._present: dict[str, tuple[int, ...]] = {}
        self._worded: dict[str, list[tuple[str, re.Pattern[str], int]]] = {}
        for entry in entries:
            for sign in entry.header_signs:
                self._add(entry, sign)
        for rows in self._worded.values():
            rows.sort(key=lambda row: -len(row[0]))
        self._read: Memo[tuple[str, str], tuple[int, ...]] = Memo(self._read_value, _REMEMBERED)

    def names(self) -> frozenset[str]:
        """Return the names of the headers that tell something, in lower case."""
        return frozenset(self._present) | frozenset(self._worded)

    def find(self, headers: Headers) -> tuple[int, ...]:
        """Return the numbers of the rows that fit, in the order of the headers."""
        found: tuple[int, ...] = ()
        for name, value in headers:
            if name in self._present:
                found += self._present[name]
            if name in self._worded:
                found += self._read((name, value))
        return found

    def _add(self, entry: Entry, sign: str) -> None:
        number = len(self.rows)
        self.rows.append(Match(entry=entry, rule=f"header_sign {sign}"))
        name, _, words = sign.partition(": ")
        if not words:
            self._present[name] = (*self._present.get(name, ()), number)
            return
        before = r"(?<![a-z0-9])" if words[0].isalnum() else ""
        behind = r"(?![a-z0-9])" if words[-1].isalnum() else ""
        pattern = re.compile(before + re.escape(words) + behind)
        self._worded.setdefault(name, []).append((words, pattern, number))

    def _read_value(self, header: tuple[str, str]) -> tuple[int, ...]:
        """Return the rows of one value; a row whose words are part of a longer one's gives way."""
        name, value = header
        text = value[:_VALUE_LENGTH].lower()
        found: list[tuple[str, int]] = []
        for words, pattern, number in self._worded[name]:
            if words in text and pattern.search(text) and not any(words in longer for longer, _ in found):
                found.append((words, number))
        return tuple(number for _, number in found)
