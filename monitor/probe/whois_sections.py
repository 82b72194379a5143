"""What the lines of a WHOIS reply stand under: tables of headings, and of the keys that begin an object.

Names as `monitor.probe.whois_text.normal_key` writes them: lower case, single spaces, no accents.
"""

import re
from enum import StrEnum
from typing import Final


class Section(StrEnum):
    """What the lines around an entry are about."""

    DOMAIN = "domain"
    REGISTRAR = "registrar"
    NAME_SERVERS = "name servers"
    STATUS = "status"
    CONTACT = "contact"


def _headings(table: dict[Section, str]) -> dict[str, Section]:
    return {" ".join(name.split()): section for section, names in table.items() for name in names.split("|")}


_HEADINGS: Final = _headings(
    {
        Section.REGISTRAR: """
            authorized agency | current registrar | domain managers | domain registrar | registrar | registrar
            contact | registrar contact information | registrar info | registrar information | registrar name
            | sponsoring registrar
        """,
        Section.NAME_SERVERS: """
            dns | dns servers | domain name servers | domain nameservers | domain servers | domain servers in
            listed order | domain servers in listed order (ordered) | host names | name server | name server
            information | name servers | name servers in listed order | name servers information | nameserver
            | nameserver in listed order | nameservers | nserver | nservers | primary name server | secondary
            name server | servidor(es) de nombre | servidores de nombre de dominio
        """,
        Section.STATUS: """
            domain status | epp status | flags | registration status | status
        """,
        Section.CONTACT: """
            abuse contact | admin | admin c | admin contact | admin contact(s) | administrative contact |
            administrative contact information | administrative contact person | administrative contact(s) |
            administrative contact/agent | administrator | billing | billing contact | billing contact
            information | billing contact(s) | contact | contact id | contact information | contacts | data
            validation | dnskey | domain holder | domain owner | domain owners / registrant | domain
            registrant | ds records | holder | key | keys | keyset | nic handle | nic hdl | nic hdl br |
            onsite(s) | organisation | organization | organization using domain name | owner | owner contact |
            person | personname | registrant | registrant contact | registrant contact information |
            registrant information | registrant type | registrant's address | registrar technical contacts |
            role | tech | tech contact | tech contact(s) | technical contact | technical contact information |
            technical contact person | technical contact(s) | technical contacts | titular | titular handle |
            whois
        """,
    }
)
# In block style these begin an object of their own, whose dates are not the domain's.
BLOCKS: Final = {name for name, section in _HEADINGS.items() if section is Section.CONTACT} | {
    # FRED (.cz and others): sets of name servers and of keys are objects with dates of their own
    "keyset",
    "nsset",
    "registrar",
    # Verisign: hosts whose names begin like the domain
    "server name",
}
# What a heading that is in no table is about, by the word it ends in; the first that fits. Not by any word:
# a flat `Registrant Fax:` that is empty is no heading.
_TAIL: Final = r"(?: (?:information|info|details|data|section|in (?:the )?listed order.{0,20}))?$"
_WORDS: Final = (
    (Section.CONTACT, re.compile(r"\b(?:contact(?:s|o|os)?|holder|owner|registrant|titular)" + _TAIL)),
    (
        Section.NAME_SERVERS,
        re.compile(
            r"\b(?:(?:name ?|dns |domain |n)servers?|servidor\S{0,4} de nombre\S{0,6}(?: de dominios?)?)"
            + _TAIL
        ),
    ),
    (Section.REGISTRAR, re.compile(r"\bregistrar" + _TAIL)),
)
_MAX_HEADING: Final = 60


def heading_of(name: str, *, is_key: bool) -> Section | None:
    """Return what a line without a value is the heading of: by the table, else by a word in `name:`."""
    if section := _HEADINGS.get(name):
        return section
    if is_key and len(name) <= _MAX_HEADING:
        return next((section for section, word in _WORDS if word.search(name)), None)
    return None
