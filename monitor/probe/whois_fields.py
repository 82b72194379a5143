"""From the entries of a WHOIS reply to the facts of a registration: our own reading.

Keys are data: which word means which fact, for the servers that say so. What is not in the tables
is not read; python-whois is asked for what is missing (`monitor.probe.whois_parser`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from monitor.probe import whois_keys as keys
from monitor.probe.epp import epp_status, sorted_statuses
from monitor.probe.names import TEXT_LIMIT, host_name, sorted_hosts
from monitor.probe.rdap import iana_number
from monitor.probe.text import clean
from monitor.probe.whois_dates import read_date
from monitor.probe.whois_text import Entry, Section, entries
from monitor.probe.whois_words import says_limited, says_not_found, seems_limited


class Reading(StrEnum):
    """What a reply amounts to."""

    REGISTERED = "registered"
    NOT_REGISTERED = "not registered"
    LIMITED = "limited"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedWhois:
    """The facts of one reply; everything but `reading` is empty unless it is REGISTERED."""

    reading: Reading
    registrar_name: str | None = None
    registrar_iana_id: int | None = None
    statuses: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None
    referral: str | None = None
    """Host of the registrar's own WHOIS server, where the reply names one."""


# whois.tcinet.ru, whois.twnic.net.tw: commas; whois.nic.it: `clientHold / clientUpdateProhibited`
_BETWEEN: Final = re.compile(r",| / ")
_TOKEN: Final = re.compile(r"[^\s,;()\[\]]+")
# whois.sk-nic.sk names the registrar by its handle first, and below by its name.
_HANDLE: Final = re.compile(r"[A-Z]{2,8}-[A-Z0-9]{2,20}")
_PAGE: Final = re.compile(r"\s*\(\s*https?://[^)]*\)\s*$")
# ICANN's format (2013 Registrar Accreditation Agreement, section 1.4.2) ends with this line.
_END: Final = ">>> last update"


def read_whois(domain: str, text: str) -> ParsedWhois:
    """Return what a reply says, by our own tables. Pure, linear in the size of the reply."""
    found = list(entries(text))
    record = _record(found, domain)
    has_facts = bool(record.registrar_name or record.name_servers or record.created or record.expires)
    if says_limited(text) or (not has_facts and seems_limited(text)):
        return ParsedWhois(reading=Reading.LIMITED)
    is_free = any(status.lower() in keys.FREE for status in record.statuses)
    if is_free and not (record.registrar_name or record.created):
        return ParsedWhois(reading=Reading.NOT_REGISTERED)
    if has_facts or (record.statuses and _names(found)):
        is_whole = _is_about(found, domain) and _is_complete(found, text)
        return record if is_whole else ParsedWhois(reading=Reading.UNCLEAR)
    return ParsedWhois(reading=Reading.NOT_REGISTERED if says_not_found(text) else Reading.UNCLEAR)


def _record(found: list[Entry], domain: str) -> ParsedWhois:
    tld = domain.rpartition(".")[2]
    return ParsedWhois(
        reading=Reading.REGISTERED,
        registrar_name=_registrar(found),
        registrar_iana_id=next(
            (iana_number(e.value) for e in found if e.key in keys.IANA_ID and e.value), None
        ),
        statuses=sorted_statuses(_statuses(found, tld)),
        name_servers=sorted_hosts(_servers(found, domain)),
        created=_date(found, (keys.CREATED,), keys.CREATED_WEAK, tld),
        updated=_date(found, (keys.UPDATED,), keys.UPDATED_WEAK, tld),
        expires=_date(found, (keys.EXPIRES_REGISTRY, keys.EXPIRES), keys.EXPIRES_WEAK, tld),
        referral=next((host for e in found if e.key in keys.REFERRAL and (host := _referral(e.value))), None),
    )


def _registrar(found: list[Entry]) -> str | None:
    handle = None
    for entry in found:
        outside = entry.section is not Section.CONTACT and entry.key in keys.REGISTRAR
        inside = entry.section is Section.REGISTRAR and entry.key in keys.SUB_REGISTRAR
        # whois.nic.at, whois.kr: the registrar's web page behind its name
        if (outside or inside) and (name := clean(_PAGE.sub("", entry.value), TEXT_LIMIT)):
            if not _HANDLE.fullmatch(name):
                return name
            handle = handle or name
    return handle


def _statuses(found: list[Entry], tld: str) -> Iterable[str]:
    weak = keys.STATUS_WEAK | {"state"} if tld in keys.STATE_TLDS else keys.STATUS_WEAK
    for entry in found:
        is_domains = entry.section in {Section.DOMAIN, Section.STATUS}
        listed = entry.section is Section.STATUS and not entry.key
        if listed or entry.key in keys.STATUS or (entry.key in weak and is_domains):
            for part in _BETWEEN.split(entry.value):
                # whois.nic.kz ends its lines with a dash, whois.irs.net.nz begins them with a code
                if status := clean(epp_status(part.rstrip(" -").lstrip("0123456789 ")), TEXT_LIMIT):
                    yield status


def _servers(found: list[Entry], domain: str) -> Iterable[str]:
    # whois.punktum.dk writes the domain itself behind `DNS:`, whois.rnids.rs its name servers;
    # whois.cctld.uz fills empty places with `not.defined.`
    nobody = {domain, "not.defined"}
    for entry in found:
        listed = entry.section is Section.NAME_SERVERS and not entry.key
        if listed or entry.key in keys.SERVERS:
            token = _TOKEN.search(entry.value)
            host = host_name(token[0]) if token else None
            if host and not (host in nobody and entry.key in {"dns", "name server", ""}):
                yield host


def _date(
    found: list[Entry], strong: tuple[frozenset[str], ...], weak: frozenset[str], tld: str
) -> datetime | None:
    """Return the first readable date under the best kind of key."""
    for names in strong:
        for entry in found:
            if entry.key in names and (moment := read_date(entry.value, tld)):
                return moment
    for entry in found:
        is_domains = entry.section not in {Section.CONTACT, Section.REGISTRAR}
        if entry.key in weak and is_domains and (moment := read_date(entry.value, tld)):
            return moment
    return None


def _referral(value: str) -> str | None:
    """Return the host of a referral; a URL with a path is a web page, not a WHOIS server."""
    bare = value.strip().removeprefix("whois://").rstrip("/")
    return host_name(bare)


def _names(found: list[Entry]) -> list[str]:
    values = (entry.value for entry in found if entry.key in keys.DOMAIN and entry.section is Section.DOMAIN)
    return [host for value in values if (host := host_name(value.partition(" ")[0]))]


def _is_about(found: list[Entry], domain: str) -> bool:
    """Tell whether the reply is about `domain`: it says so first, or it names no domain at all."""
    names = _names(found)
    return not names or domain in names


def _is_complete(found: list[Entry], text: str) -> bool:
    """Tell a whole reply from one that was cut, where the format lets us.

    A record that lost its end would read as name servers and holds having gone.
    """
    is_icann = any(entry.key in {"registry expiry date", "registry domain id"} for entry in found)
    return not is_icann or _END in text.lower()
