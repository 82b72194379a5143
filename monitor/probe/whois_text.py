"""A WHOIS reply as entries: (section, key, value).

WHOIS has no format (RFC 3912). Nearly all servers write `key: value` lines, most of them in one
of four styles, which are told apart here so that the date of a contact is not taken for the date
of the domain:

- flat, as ICANN prescribes: `Registrar: Example Inc.`
- blocks, as RIPE's database: blank lines between objects, the first key says which object it is
- headings: a line with nothing behind its colon, or a word alone, and what belongs to it below; it
  ends with a blank line, with the next heading, or with a line that is indented no further
- `[key] value`, as JPRS does; `key..... value`, as registrars did

Every rule looks at one line of a bounded reply, so the time is linear in its size.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import combining, normalize

from monitor.probe.whois_sections import BLOCKS, Section, heading_of

_MAX_LINES: Final = 2000
_MAX_LINE: Final = 500
_TAB: Final = 8
_COMMENT: Final = ("%", "#", ">>>", "*", ";", "--", "==")
# whois.trabis.gov.tr (.tr): `** Domain Name: example.com.tr`
_STARS: Final = re.compile(r"\*\*\s*(?=[A-Za-z][A-Za-z ]{2,40}:)")
_MAX_KEY: Final = 80
# What may mean another shape than `key: value`.
_ODD: Final = re.compile(r" on | at |\[|\]|\.\.\.")
_KEY: Final = re.compile(r"([^:\[\]]{1,80}?)[\s.]{0,60}:(?!//)\s*(.*)")
# Also whois.mynic.my: `a [Domain Name] example.my`
_BRACKETS: Final = re.compile(r"(?:[a-z]\.? )?\[([^\]]{2,40})\]\s*(.*)")
# whois.monic.mo, whois.twnic.net.tw, whois.gg: `Record created on 2018-02-05`
_SENTENCE: Final = re.compile(
    r"((?:(?:record |domain )?(?:created|expires|expired|will expire|registered|modified)"
    r"|record last updated) (?:on|at)) (.*)",
    re.IGNORECASE,
)
# whois.nic.ch: `First registration date<TAB>31 May 1999`
_TABBED: Final = re.compile(r"([A-Za-z ]{3,40})\t\s*(\S.*)")
# Registrars of the 2000s: `Creation Date........ 1999-05-03`
_DOTTED: Final = re.compile(r"([A-Za-z][A-Za-z0-9 /()-]{1,40}?) ?\.{3,60}(?![. ]{0,60}:) *(.*)")
# whois.nic.md once: columns without a sign between them. Only words that begin a fact: addresses have some.
_COLUMNS: Final = re.compile(
    r"((?:created|domain|expires|name ?server|registered|registrar|status|updated)[a-z ]{0,20}?) {2,}(\S.*)",
    re.IGNORECASE,
)
# whois.nic.uk: `ns1.example.com   192.0.2.1  2001:db8::1` has a colon, and no key
_LISTED: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?(?:\s|$)", re.IGNORECASE)
# whois.registry.pf: `Created (JJ/MM/AAAA) :`
_FORMAT: Final = re.compile(r"\s*\([DJMAY]{1,4}[/.-][DJMAY]{1,4}[/.-][DJMAY]{1,4}\)", re.IGNORECASE)
_BULLET: Final = ("- ", "* ", "• ")


END: Final = ">>> last update"
"""The key of the line that a reply in ICANN's format ends with (2013 Registrar Accreditation Agreement,
section 1.4.2): a comment by its look, but it tells a whole reply from one that was cut."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact of a reply; `key` is lower case with single spaces, empty for a bare line of a list."""

    section: Section
    key: str
    value: str


_END_ENTRY: Final = Entry(Section.DOMAIN, END, "")


# What no section of a registrar or a contact begins with.
_OF_A_DOMAIN: Final = frozenset({"creation date", "domain status", "name server", "status"})
_SUB_KEYS: Final = frozenset(
    {"name", "organization", "organisation", "organization name", "registrar", "org", "url"}
)


class _Reader:
    """Where in a reply we are: the section, the object and the key that a line belongs to."""

    __slots__ = (
        "_after_blank",
        "_block",
        "_has_items",
        "_indent",
        "_inner",
        "_is_open",
        "_previous",
        "_section",
    )

    def __init__(self) -> None:
        self._section = Section.DOMAIN
        self._block = self._previous = ""
        self._after_blank = True
        self._has_items = self._is_open = False
        # Of the heading, and of the first line below it.
        self._indent = self._inner = 0

    def entry(self, line: str) -> Entry | None:
        """Return the entry in a line; None for a blank, a comment or a heading."""
        bare = line.strip()
        if not bare:
            self._blank()
            return None
        if bare.startswith(_COMMENT) and not self._is_told_in_stars(bare):
            stars = _STARS.match(bare)
            if not stars:
                return _END_ENTRY if bare[: len(END)].lower() == END else None
            bare = bare[stars.end() :]
        indent = len(line) - len(bare) if "\t" not in line else _indent(line)
        if bare.startswith(_BULLET):
            bare = bare[2:].lstrip()
        is_listed = self._section is Section.NAME_SERVERS and _LISTED.match(bare)
        key, value = ("", "") if is_listed else _split(bare)
        heading = None if value else heading_of(key or normal_key(bare), is_key=bool(key))
        if heading and not self._belongs_inside(key, indent):
            self._section, self._has_items, self._after_blank = heading, False, False
            self._indent, self._previous = indent, ""
            return None
        self._step(key, value, indent)
        if key:
            self._previous, self._is_open = key, not value
            return Entry(self._placed(key), key, value)
        if self._section is Section.DOMAIN and self._previous and (indent or self._is_open):
            # whois.dns.pl, whois.nic.kz: a list goes on below its first value; whois.nic.li: below its key
            self._is_open = False
            return Entry(self._placed(self._previous), self._previous, bare)
        return Entry(self._placed(""), "", bare)

    def _blank(self) -> None:
        self._after_blank, self._previous = True, ""
        if self._has_items:
            self._section, self._has_items = Section.DOMAIN, False

    def _step(self, key: str, value: str, indent: int) -> None:
        if not self._has_items:
            self._inner = indent
            if indent <= self._indent and self._is_flat(key):
                self._section = Section.DOMAIN
        elif key and self._section is not Section.DOMAIN and indent <= self._indent < self._inner:
            # Back at the margin of the heading: the section is over without a blank line.
            self._section = Section.DOMAIN
        self._has_items = True
        if key and self._after_blank:
            self._block = key if key in BLOCKS and value else ""
        self._after_blank = False

    def _is_flat(self, key: str) -> bool:
        """Tell whether the first line below a heading shows that it is an empty, flat `Registrar:`."""
        is_list = self._section is Section.NAME_SERVERS
        return not is_list and (key in _OF_A_DOMAIN or key.startswith("registrar "))

    def _is_told_in_stars(self, bare: str) -> bool:
        """Tell whether it is whois.nic.uk's `*** This registration has been SUSPENDED. ***`."""
        return self._section is Section.STATUS and bare.startswith("***")

    def _belongs_inside(self, key: str, indent: int) -> bool:
        """Tell whether an empty, indented `Organization:` is a line of the section it stands in."""
        return self._section is not Section.DOMAIN and indent > 0 and key in _SUB_KEYS

    def _placed(self, key: str) -> Section:
        if self._section is not Section.DOMAIN:
            return self._section
        if self._block == "registrar":
            return Section.REGISTRAR if key != "registrar" else Section.DOMAIN
        return Section.CONTACT if self._block else Section.DOMAIN


def entries(rows: Iterable[str]) -> Iterator[Entry]:
    """Yield the entries in the lines of a reply, in order; comments and prose of a reply are left out."""
    reader = _Reader()
    for line in rows:
        entry = reader.entry(line)
        if entry is not None:
            yield entry


def _indent(line: str) -> int:
    margin = line[: len(line) - len(line.lstrip())].expandtabs(_TAB)
    return len(margin)


def _split(bare: str) -> tuple[str, str]:
    """Split a line into key and value; a line without a key has the key ''."""
    head, colon, value = bare.partition(":")
    if colon and len(head) <= _MAX_KEY and not value.startswith("//") and not _ODD.search(head):
        return normal_key(head), value.lstrip(" .\t")  # nearly every line is like this
    for shape in _shapes(bare):
        if match := shape.match(bare):
            # whois.nic.tg writes `Status:.............Active`
            return normal_key(match[1]), match[2].lstrip(" .\t")
    return "", ""


def _shapes(bare: str) -> Iterator[re.Pattern[str]]:
    """Yield the shapes that the line can have, by the signs that are in it."""
    if " on " in bare or " at " in bare:
        yield _SENTENCE
    if "[" in bare:
        yield _BRACKETS
    if "..." in bare:
        yield _DOTTED
    if ":" in bare:
        yield _KEY
    if "\t" in bare:
        yield _TABBED
    if "  " in bare:
        yield _COLUMNS


@lru_cache(maxsize=2048)
def normal_key(text: str) -> str:
    """Return a key in lower case with single spaces, no accents: `Registrar_Name....` is `registrar name`."""
    if not text.isascii():
        text = "".join(letter for letter in normalize("NFKD", text) if not combining(letter))
    if "(" in text:
        text = _FORMAT.sub("", text)
    return " ".join(text.replace("_", " ").replace("-", " ").rstrip(". :").lower().split())


def lines(text: str) -> list[str]:
    """Return the lines of a reply, bounded in number and length."""
    return [line[:_MAX_LINE].rstrip() for line in text.splitlines()[:_MAX_LINES]]
