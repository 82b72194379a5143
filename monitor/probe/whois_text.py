"""A WHOIS reply as entries: (section, key, value).

WHOIS has no format (RFC 3912). Nearly all servers write `key: value` lines, most of them in one
of four styles, which are told apart here so that the date of a contact is not taken for the date
of the domain:

- flat, as ICANN prescribes: `Registrar: Example Inc.`
- blocks, as RIPE's database: blank lines between objects, the first key says which object it is
- headings: a line with nothing behind its colon, or a word alone, and what belongs to it below
- `[key] value`, as JPRS does

Every rule looks at one line of a bounded reply, so the time is linear in its size.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MAX_LINES: Final = 2000
_MAX_LINE: Final = 500
_COMMENT: Final = ("%", "#", ">>>", "*", ";", "--", "==")
_KEY: Final = re.compile(r"([^:\[\]]{1,80}?)[\s.]{0,60}:(?!//)\s*(.*)")
_BRACKETS: Final = re.compile(r"(?:[a-z]\. )?\[([^\]]{2,40})\]\s*(.*)")
# whois.monic.mo, whois.twnic.net.tw, whois.gg: `Record created on 2018-02-05`
_SENTENCE: Final = re.compile(
    r"((?:record )?(?:created|expires|will expire|registered|modified) on) (.*)", re.IGNORECASE
)
# whois.nic.ch: `First registration date<TAB>31 May 1999`
_TABBED: Final = re.compile(r"([A-Za-z ]{3,40})\t\s*(\S.*)")


class Section(StrEnum):
    """What the lines around an entry are about."""

    DOMAIN = "domain"
    REGISTRAR = "registrar"
    NAME_SERVERS = "name servers"
    STATUS = "status"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact of a reply; `key` is lower case with single spaces, empty for a bare line of a list."""

    section: Section
    key: str
    value: str


def _headings(table: dict[Section, str]) -> dict[str, Section]:
    return {" ".join(name.split()): section for section, names in table.items() for name in names.split("|")}


_HEADINGS: Final = _headings(
    {
        Section.REGISTRAR: """
            authorized agency | current registrar | domain registrar | registrar | registrar contact |
            registrar contact information | registrar info | registrar information | registrar name |
            sponsoring registrar
        """,
        Section.NAME_SERVERS: """
            dns | dns servers | domain name servers | domain nameservers | domain servers | domain servers
            in listed order | domain servers in listed order (ordered) | host names | name server | name
            server information | name servers | name servers in listed order | name servers information |
            nameserver | nameserver in listed order | nameservers | nserver | nservers | primary name server
            | secondary name server | servidor(es) de nombre | servidores de nombre de dominio
        """,
        Section.STATUS: """
            domain status | epp status | flags | registration status | status
        """,
        Section.CONTACT: """
            abuse contact | admin | admin c | admin contact | admin contact(s) | administrative contact |
            administrative contact information | administrative contact person | administrative contact(s) |
            administrative contact/agent | administrator | billing | billing contact | billing contact
            information | billing contact(s) | contact | contact id | contact information | contacts | data
            validation | dnskey | domain holder | domain owner | domain registrant | ds records | holder |
            key | keys | keyset | nic handle | nic hdl | nic hdl br | onsite(s) | organisation |
            organization | organization using domain name | owner | owner contact | person | personname |
            registrant | registrant contact | registrant contact information | registrant information |
            registrant type | registrant's address | registrar technical contacts | role | tech | tech
            contact | tech contact(s) | technical contact | technical contact information | technical
            contact person | technical contact(s) | technical contacts | titular | titular handle | whois
        """,
    }
)
# In block style these begin an object of their own, whose dates are not the domain's.
_BLOCKS: Final = {name for name, section in _HEADINGS.items() if section is Section.CONTACT} | {"registrar"}
_SUB_KEYS: Final = frozenset(
    {"name", "organization", "organisation", "organization name", "registrar", "org", "url"}
)


def entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a reply in order; comments and prose of a reply are left out."""
    section = Section.DOMAIN
    block = previous = ""
    after_blank = True
    has_items = False
    for line in lines(text):
        bare = line.strip()
        if not bare:
            after_blank, previous = True, ""
            if has_items:
                section, has_items = Section.DOMAIN, False
            continue
        if bare.startswith(_COMMENT):
            continue
        key, value = _split(bare)
        heading = _HEADINGS.get(key or normal_key(bare))
        if heading and not value and not _belongs_inside(section, key, line):
            section, has_items, after_blank = heading, False, False
            continue
        has_items = True
        if key and after_blank:
            block = key if key in _BLOCKS and value else ""
        after_blank = False
        if key:
            previous = key if value else ""
            yield Entry(_placed(section, block, key), key, value)
        elif section is Section.DOMAIN and previous and line[0].isspace():
            # whois.dns.pl, whois.nic.kz: a list goes on below its first value
            yield Entry(_placed(section, block, previous), previous, bare)
        else:
            yield Entry(_placed(section, block, ""), "", bare)


def _belongs_inside(section: Section, key: str, line: str) -> bool:
    """Tell whether an empty, indented `Organization:` is a line of the section it stands in."""
    return section is not Section.DOMAIN and line[:1].isspace() and key in _SUB_KEYS


def _placed(section: Section, block: str, key: str) -> Section:
    if section is not Section.DOMAIN:
        return section
    if block == "registrar":
        return Section.REGISTRAR if key != "registrar" else Section.DOMAIN
    return Section.CONTACT if block else Section.DOMAIN


def _split(bare: str) -> tuple[str, str]:
    """Split a line into key and value; a line without a key has the key ''."""
    for shape in (_SENTENCE, _BRACKETS, _KEY, _TABBED):
        if match := shape.match(bare):
            # whois.nic.tg writes `Status:.............Active`
            return normal_key(match[1]), match[2].lstrip(" .\t")
    return "", ""


def normal_key(text: str) -> str:
    """Return a key in lower case with single spaces: `Registrar_Name....` is `registrar name`."""
    return " ".join(text.replace("_", " ").replace("-", " ").rstrip(". :").lower().split())


def lines(text: str) -> Iterator[str]:
    """Yield the lines of a reply, bounded in number and length."""
    for number, line in enumerate(text.splitlines()):
        if number >= _MAX_LINES:
            return
        yield line[:_MAX_LINE].rstrip()
