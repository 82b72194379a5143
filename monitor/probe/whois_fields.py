"""From the entries of a WHOIS reply to single facts: our own reading, field by field.

Keys are data (`monitor.probe.whois_keys`): which word means which fact, for the servers that say
so. What is not in the tables is not read; python-whois is asked for what is missing
(`monitor.probe.whois_parser`).
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from monitor.probe import whois_keys as keys
from monitor.probe.epp import epp_status
from monitor.probe.names import TEXT_LIMIT, host_name
from monitor.probe.rdap import iana_number
from monitor.probe.text import clean
from monitor.probe.whois_dates import Order, order_in, read_date
from monitor.probe.whois_sections import Section
from monitor.probe.whois_text import Entry

REGISTRY: Final = "registry"
REGISTRAR: Final = "registrar"
"""Whose word a date is."""

# whois.tcinet.ru, whois.twnic.net.tw: commas; whois.nic.it: `clientHold / clientUpdateProhibited`
_BETWEEN: Final = re.compile(r",| / ")
_TOKEN: Final = re.compile(r"[^\s,;()\[\]]+")
_MAX_TOKENS: Final = 20
# whois.sk-nic.sk names the registrar by its handle first, by its name below; whois.norid.no by it alone.
_HANDLE: Final = re.compile(r"[A-Z0-9]{2,12}-[A-Z0-9]{2,20}")
_PAGE: Final = re.compile(r"\s*\(\s*https?://[^)]*\)\s*$")
_LINK: Final = re.compile(r"https?://|www\.\S+$|\S+@\S+$", re.IGNORECASE)
# Tucows: `Example Seller, help@seller.example`
_MAILBOX: Final = re.compile(r"[,;\s]+\S+@\S+$")
# RIPE's software before 2015, whois.isoc.org.il: `registrar AT example.il 20060711 (Assigned)`
_CHANGED: Final = re.compile(r"\S{1,80}(?:@| AT )\S{1,80} (\d{8})(?: \((\w{1,20})\))?$")
# whois.ati.tn: `Name.......: ns1.example.com` below the heading of the name servers
_IN_A_LIST: Final = frozenset({"", "fqdn", "name", "nom", "nombre"})
_OTHERS: Final = frozenset({Section.CONTACT, Section.REGISTRAR})
# What stands where there is no value.
_NOTHING: Final = frozenset(
    {"", "-", "--", "n/a", "na", "none", "null", "not applicable", "not available", "."}
)
_YES: Final = re.compile(r"(?:signed\w*|yes|y|active|true|enabled|secured?|1|ok)\b", re.IGNORECASE)
_NO: Final = re.compile(
    r"(?:unsigned|not? signed|no|n|none|inactive|false|disabled|insecure|unsecured?|not?\b.*|0)\b",
    re.IGNORECASE,
)


def registrar(found: list[Entry]) -> str | None:
    """Return the registrar's name, else its handle."""
    handle = None
    for entry in found:
        outside = entry.section is not Section.CONTACT and entry.key in keys.REGISTRAR
        inside = entry.section is Section.REGISTRAR and entry.key in keys.SUB_REGISTRAR
        if (outside or inside) and (name := _name(entry.value)):
            if not _HANDLE.fullmatch(name):
                return name
            handle = handle or name
    return handle or next(iter(_named(found, keys.PROVIDER)), None)


def reseller(found: list[Entry]) -> str | None:
    """Return who sells in the registrar's name."""
    wanted = keys.RESELLER | (keys.PROVIDER if _named(found, keys.REGISTRAR) else frozenset())
    return next((_MAILBOX.sub("", name) for name in _named(found, wanted)), None)


def _named(found: list[Entry], names: frozenset[str]) -> list[str]:
    """Return the names of companies under some keys, outside contacts."""
    values = (entry.value for entry in found if entry.key in names and entry.section is not Section.CONTACT)
    return [name for value in values if (name := _name(value))]


def registry(found: list[Entry]) -> str | None:
    """Return the registry in its own words: `source: IRNIC`, `Record maintained by: NL Domain Registry`."""
    for entry in found:
        if entry.key in keys.REGISTRY and entry.section is Section.DOMAIN:
            name = clean(entry.value.partition("#")[0], TEXT_LIMIT)
            if name.lower() not in _NOTHING:
                return name
    return None


def _name(value: str) -> str:
    """Return the name of a company; empty when the value is none: a link, an address, a dash."""
    # whois.nic.at, whois.kr: the registrar's web page behind its name
    name = clean(_PAGE.sub("", value), TEXT_LIMIT)
    return "" if name.lower() in _NOTHING or _LINK.match(name) else name


def iana_id(found: list[Entry]) -> int | None:
    """Return the registrar's IANA id."""
    return next((number for e in found if e.key in keys.IANA_ID and (number := iana_number(e.value))), None)


def statuses(found: list[Entry], tld: str) -> Iterator[str]:
    """Yield the statuses, EPP codes in their usual spelling."""
    weak = keys.STATUS_WEAK | {"state"} if tld in keys.STATE_TLDS else keys.STATUS_WEAK
    for entry in found:
        is_domains = entry.section in {Section.DOMAIN, Section.STATUS}
        listed = entry.section is Section.STATUS and not entry.key
        if listed or entry.key in keys.STATUS or (entry.key in weak and is_domains):
            for part in _BETWEEN.split(entry.value):
                # whois.nic.kz ends its lines with a dash, whois.irs.net.nz begins them with a code
                if status := clean(epp_status(part.rstrip(" -*").lstrip("0123456789 *")), TEXT_LIMIT):
                    yield status


def servers(found: list[Entry], domain: str) -> Iterator[str]:
    """Yield the name servers."""
    # whois.punktum.dk writes the domain itself behind `DNS:`, whois.rnids.rs its name servers;
    # whois.cctld.uz fills empty places with `not.defined.`
    nobody = {domain, "not.defined"}
    for entry in found:
        listed = entry.section is Section.NAME_SERVERS and entry.key in _IN_A_LIST
        if listed or keys.names_server(entry.key):
            for host in _hosts(entry.value):
                if not (host in nobody and entry.key in {"dns", "name server", ""}):
                    yield host


def _hosts(value: str) -> Iterator[str]:
    """Yield the hosts of a list, up to the first bracket; what does not begin with a host has none."""
    for number, match in enumerate(_TOKEN.finditer(value.partition("(")[0])):
        host = host_name(match[0])
        if number >= _MAX_TOKENS or (not host and not number):
            return
        if host:
            yield host


def dnssec(found: list[Entry]) -> bool | None:
    """Return whether the delegation is signed; None when the reply does not say, or says both."""
    said = {answer for entry in found if (answer := _signed(entry)) is not None}
    return said.pop() if len(said) == 1 else None


def _signed(entry: Entry) -> bool | None:
    if entry.key == "flags" and "pubkey:" in entry.value.lower():
        return True  # whois.eu: the keys are listed by their parts
    if entry.key in keys.DELEGATION_KEYS and entry.value.lower() not in _NOTHING:
        return None if _NO.match(entry.value) else True
    if entry.key in keys.DNSSEC:
        return False if _NO.match(entry.value) else True if _YES.match(entry.value) else None
    return None


def referral(found: list[Entry]) -> str | None:
    """Return the host of the registrar's WHOIS server; a URL with a path is a web page, not a server."""
    for entry in found:
        if entry.key in keys.REFERRAL and entry.section is not Section.CONTACT:
            bare = entry.value.strip().removeprefix("whois://").rstrip("/")
            if host := host_name(bare):
                return host
    return None


def dates(found: list[Entry], tld: str) -> dict[str, tuple[datetime, str]]:
    """Return created, updated and expires, as far as they are there: the moment, and whose word it is.

    The registry's date is preferred; the registrar's is taken only where the registry gives none.
    """
    # A reply with a filled line of the registrar's date and no line of the registry's is the registrar's.
    by_registry = any(entry.key in keys.EXPIRES_REGISTRY for entry in found)
    whose = REGISTRY if by_registry or not any(_is_registrars(entry) for entry in found) else REGISTRAR
    found = [entry for entry in found if entry.key in keys.DATES]
    # Weak words stand in contacts and registrars, too.
    domains = [entry for entry in found if entry.section not in _OTHERS]
    said = _changes(domains, whose)
    order = order_in(entry.value for entry in found)
    for field, names, where, source in (
        ("created", keys.CREATED, found, whose),
        ("created", keys.CREATED_WEAK, domains, whose),
        ("updated", keys.UPDATED, found, whose),
        ("updated", keys.UPDATED_WEAK, domains, whose),
        ("expires", keys.EXPIRES_REGISTRY, found, REGISTRY),
        ("expires", keys.EXPIRES, found, whose),
        ("expires", keys.EXPIRES_WEAK, domains, whose),
        ("expires", keys.EXPIRES_REGISTRAR, found, REGISTRAR),
    ):
        if field not in said and (moment := _first_date(names, where, tld, order)):
            said[field] = moment, source
    return {field: said[field] for field in ("created", "updated", "expires") if field in said}


def _first_date(names: frozenset[str], where: list[Entry], tld: str, order: Order | None) -> datetime | None:
    """Return the first readable date under a key."""
    values = (entry.value for entry in where if entry.key in names)
    return next((moment for value in values if (moment := read_date(value, tld, order))), None)


def _changes(domains: list[Entry], whose: str) -> dict[str, tuple[datetime, str]]:
    """Return what a list of `changed:` lines tells: who changed it when, the first time with `(Assigned)`."""
    said: dict[str, tuple[datetime, str]] = {}
    for entry in domains:
        match = _CHANGED.match(entry.value) if entry.key == "changed" else None
        if match and (moment := read_date(match[1])):
            is_first = (match[2] or "").lower() == "assigned"
            said["created" if is_first else "updated"] = moment, whose
    return said


def _is_registrars(entry: Entry) -> bool:
    return entry.key in keys.EXPIRES_REGISTRAR and bool(entry.value)
