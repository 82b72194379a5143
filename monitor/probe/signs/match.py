"""Which signatures an answer matches.

A body is searched once, when it is first seen (`in_page`); what was found is kept with the page, and joined
with the status, the headers and the address of each answer (`of_answer`).

A hundred and fifty texts are not looked for one by one in a megabyte. The body is cut into words, which
Python does at the speed of C, and only texts whose words are all among them are looked for. That is linear,
whatever the input, and bounded: pages of these kinds are small, so of a large body the beginning and the end
are enough, and a page with much visible text is none of them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Final

from monitor.model import Sign, SignKind
from monitor.probe.signs.read import Signature, read_bundled

Hits = tuple[tuple[int, str], ...]
"""Number of the signature, and the group of it that was found in the page."""

MOST_TEXT: Final = 20_000
"""Characters of visible text; a page with more of them is not searched."""
_MOST: Final = 8
_BEGINNING: Final = 192 << 10
_END: Final = 64 << 10
_MOST_CANDIDATES: Final = 32
_CUT: Final = 58
"""Texts of the sources are cut at 60 characters: the last word of such a one may be half a word."""

_WORD: Final = re.compile(r"[a-z0-9_-]+")
_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_WORDS: Final = bytes(byte if byte in _LETTERS else 32 for byte in range(256))
_ORDER: Final = {kind: number for number, kind in enumerate(SignKind)}


class Signatures:
    """Matches answers; built once, never changed."""

    def __init__(self, rows: Sequence[Signature], edition: str = "") -> None:
        self.edition = edition
        self.rows = tuple(sorted(rows, key=lambda row: (_ORDER[row.kind], row.id)))
        self._rules = [[(frozenset(rule), _sign(row, rule)) for rule in row.rules] for row in self.rows]
        self._texts = [(text, text.encode(), n) for n, row in enumerate(self.rows) for text in row.body]
        self._needed = [_words(text) for text, _, _ in self._texts]
        self._known_words = frozenset().union(*self._needed)
        self._titles = [(text, n) for n, row in enumerate(self.rows) for text in row.title]
        self._urls = [
            # Of a host not the end only: jordan.com is not dan.com.
            (re.compile((r"(?<![a-z0-9-])" if text[0].isalnum() else "") + re.escape(text)), n)
            for n, row in enumerate(self.rows)
            for text in row.url
        ]
        self._by_status: dict[int, list[int]] = {}
        for n, row in enumerate(self.rows):
            for code in row.status:
                self._by_status.setdefault(code, []).append(n)
        self._alone = frozenset(n for n, row in enumerate(self.rows) if ("status",) in row.rules)
        self._headers: dict[str, list[tuple[str, int]]] = {}
        for n, row in enumerate(self.rows):
            for name, contained in row.headers:
                self._headers.setdefault(name, []).append((contained, n))
        self._cookies = [(start, n) for n, row in enumerate(self.rows) for start in row.cookies]
        self._servers = {suffix: n for n, row in enumerate(self.rows) for suffix in row.ns}
        self._of_header = lru_cache(maxsize=4096)(self._header_rows)

    @classmethod
    def bundled(cls) -> "Signatures":
        """Return those that ship with this package, read once."""
        return _bundled()

    def in_page(self, title: str | None, body: bytes, text: str) -> Hits:
        """Return what is found in a page: its title, its body in any charset like ASCII, its visible text."""
        found: dict[tuple[int, str], None] = {}
        if title:
            low = _plain(title)
            found.update(((n, "title"), None) for wanted, n in self._titles if wanted in low)
        if len(text) <= MOST_TEXT:
            found.update(((n, "body"), None) for n in self._in_body(body, text))
        return tuple(found)

    def _in_body(self, body: bytes, text: str) -> Iterable[int]:
        if len(body) > _BEGINNING + _END:
            body = body[:_BEGINNING] + b"\n" + body[-_END:]
        source = body.lower()
        words = self._known_words.intersection(source.translate(_WORDS).split())
        candidates = [index for index, needed in enumerate(self._needed) if needed <= words]
        visible = _plain(text) if candidates else ""
        for index in candidates[:_MOST_CANDIDATES]:
            wanted, raw, number = self._texts[index]
            if raw in source or wanted in visible:
                yield number

    def of_answer(
        self, hits: Hits, status: int, headers: Iterable[tuple[str, str]], addresses: Sequence[str] = ()
    ) -> tuple[Sign, ...]:
        """Return the signs of an answer, 8 at most, in the order of `SignKind`.

        `hits`: of its page. `headers`: all, names in lower case. `addresses`: those of redirects.
        """
        held: dict[int, set[str]] = {}
        for number, group in (*hits, *self._in_headers(headers), *self._in_addresses(addresses)):
            held.setdefault(number, set()).add(group)
        for number in self._by_status.get(status, ()):
            if number in held or number in self._alone:
                held.setdefault(number, set()).add("status")
        return self._matched(held) if held else ()

    def _in_headers(self, headers: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str]]:
        for name, value in headers:
            if name in self._headers:
                for number in self._of_header(name, value):
                    yield number, "headers"
            elif name == "set-cookie":
                for start, number in self._cookies:
                    if value.lower().startswith(start):
                        yield number, "cookies"

    def _in_addresses(self, addresses: Sequence[str]) -> Iterator[tuple[int, str]]:
        for address in addresses:
            for pattern, number in self._urls:
                if pattern.search(address.lower()):
                    yield number, "url"

    def of_name_servers(self, hosts: Iterable[str]) -> tuple[Sign, ...]:
        """Return the signs of a zone's name servers (lower case, no trailing dot), 8 at most."""
        held = {number: {"ns"} for host in hosts for number in self._of_server(host)}
        return self._matched(held) if held else ()

    def _of_server(self, host: str) -> Iterable[int]:
        name = host
        while name:
            if name in self._servers:
                yield self._servers[name]
            name = name.partition(".")[2]

    def _matched(self, held: dict[int, set[str]]) -> tuple[Sign, ...]:
        found = []
        for number in sorted(held):
            sign = next((sign for rule, sign in self._rules[number] if rule <= held[number]), None)
            if sign is not None:
                found.append(sign)
        return tuple(found[:_MOST])

    def _header_rows(self, name: str, value: str) -> tuple[int, ...]:
        low = value.lower()
        return tuple(number for contained, number in self._headers[name] if contained in low)


@cache
def _bundled() -> Signatures:
    edition, rows = read_bundled()
    return Signatures(rows, edition)


def _sign(row: Signature, rule: tuple[str, ...]) -> Sign:
    return Sign(
        id=row.id,
        kind=row.kind,
        about=row.about,
        confidence=row.confidence,
        by=rule,
        who=row.who,
        source=", ".join(row.sources),
    )


def _plain(text: str) -> str:
    """Return a text as signatures are written: in lower case, with the apostrophe of typewriters."""
    return text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _words(text: str) -> frozenset[bytes]:
    """Return the words of a text that stand in a page as they are."""
    words = _WORD.findall(text)
    if len(text) >= _CUT and len(words) > 1:
        words = words[:-1]
    return frozenset(word.encode() for word in words)
