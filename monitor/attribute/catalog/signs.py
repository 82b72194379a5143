"""What a CDN or a proxy adds to the headers of an answer."""

import re
from collections.abc import Iterable
from typing import Final

from monitor.attribute.catalog.entry import Entry, Match
from monitor.attribute.memo import Memo

_VALUE_LENGTH: Final = 300
_REMEMBERED: Final = 4096
_COOKIE: Final = "set-cookie"

Headers = tuple[tuple[str, str], ...]


class Signs:
    """Finds the rows `name` and `name: words` in headers. The words must be whole words.

    Answers with the numbers of the rows, because they are cheap to compare: the values of such
    headers differ from answer to answer, the rows do not. Of a cookie only its name is known.
    """

    def __init__(self, entries: Iterable[Entry], *keys: str) -> None:
        self.rows: list[Match] = []
        self._present: dict[str, tuple[int, ...]] = {}
        self._worded: dict[str, list[tuple[str, re.Pattern[str], int]]] = {}
        for entry in entries:
            for key in keys:
                for sign in getattr(entry, key):
                    self._add(Match(entry=entry, key=key, value=sign))
        for rows in self._worded.values():
            rows.sort(key=lambda row: -len(row[0]))
        self._read: Memo[tuple[str, str], tuple[int, ...]] = Memo(self._read_value, _REMEMBERED)

    def find(self, headers: Headers) -> tuple[int, ...]:
        """Return the numbers of the rows that fit, in the order of the headers."""
        found: tuple[int, ...] = ()
        for name, value in headers:
            if name in self._present:
                found += self._present[name]
            if name in self._worded:
                found += self._read((name, value))
        return found

    def _add(self, match: Match) -> None:
        number = len(self.rows)
        self.rows.append(match)
        if match.key == "cookie_signs":
            words = str(match.value)
            pattern = re.compile(rf"\s*{re.escape(words)}(?![a-z0-9])")
            self._worded.setdefault(_COOKIE, []).append((words, pattern, number))
            return
        name, _, words = str(match.value).partition(": ")
        if words:
            self._worded.setdefault(name, []).append((words, words_pattern(words), number))
        else:
            self._present[name] = (*self._present.get(name, ()), number)

    def _read_value(self, header: tuple[str, str]) -> tuple[int, ...]:
        """Return the rows of one value; a row whose words are part of a longer one's gives way."""
        name, value = header
        text = value[:_VALUE_LENGTH].lower()
        found: list[tuple[str, int]] = []
        for words, pattern, number in self._worded[name]:
            fits = pattern.match if name == _COOKIE else pattern.search
            if words in text and fits(text) and not any(words in longer for longer, _ in found):
                found.append((words, number))
        return tuple(number for _, number in found)


def words_pattern(words: str) -> re.Pattern[str]:
    """Return a pattern that finds words of a header value as whole words."""
    before = r"(?<![a-z0-9])" if words[0].isalnum() else ""
    behind = r"(?![a-z0-9])" if words[-1].isalnum() else ""
    return re.compile(before + re.escape(words) + behind)
