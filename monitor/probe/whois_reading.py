"""What a WHOIS reply amounts to: a record, "not registered", a refusal, or nothing that can be relied on.

`_OUTCOMES` is the machine: the first row that fits is the reading. A refusal comes first, whatever else is
in the reply: some servers send a part of the record along with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

from monitor.probe import whois_fields as fields
from monitor.probe import whois_keys as keys
from monitor.probe.epp import sorted_statuses
from monitor.probe.names import host_name, sorted_hosts
from monitor.probe.whois_sections import Section
from monitor.probe.whois_text import END, Entry, entries, lines
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
    reseller: str | None = None
    registry: str | None = None
    """The registry as the reply names it; None: it does not."""
    statuses: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None
    date_sources: tuple[tuple[str, str], ...] = ()
    """(`created` | `updated` | `expires`, `registry` | `registrar`) for each date that is there."""
    dnssec: bool | None = None
    """Whether the delegation is signed; None: not said."""
    referral: str | None = None
    """Host of the registrar's own WHOIS server, where the reply names one."""


# What tells ICANN's format.
_ICANN: Final = frozenset({"registry expiry date", "registry domain id"})


class _Reply:
    """One reply, and the questions that decide what it is; each is answered once, when it is asked."""

    def __init__(self, domain: str, text: str) -> None:
        self._domain = domain
        self._text = text
        self._lines = lines(text)
        self._found = list(entries(self._lines))
        self.record = _record(self._found, domain)

    @cached_property
    def has_facts(self) -> bool:
        record = self.record
        return bool(record.registrar_name or record.name_servers or record.created or record.expires)

    def is_limited(self) -> bool:
        return says_limited(self._lines) or (not self.has_facts and seems_limited(self._lines))

    def is_free(self) -> bool:
        has_owner = self.record.registrar_name or self.record.created
        return not has_owner and any(status.lower() in keys.FREE for status in self.record.statuses)

    def is_record(self) -> bool:
        return self.has_facts or bool(self.record.statuses and self._names)

    def is_whole_record(self) -> bool:
        """Tell whether it is a record of this domain, and not one that was cut."""
        about = not self._names or self._domain in self._names
        return self.is_record() and about and self._is_complete()

    def is_not_found(self) -> bool:
        return says_not_found(self._lines)

    @cached_property
    def _names(self) -> list[str]:
        values = (e.value for e in self._found if e.key in keys.DOMAIN and e.section is Section.DOMAIN)
        return [host for value in values if (host := host_name(value.partition(" ")[0]))]

    def _is_complete(self) -> bool:
        """Tell a whole reply from one that was cut, where the format lets us.

        A record that lost its end would read as name servers and holds having gone. In ICANN's format the
        last line of facts is `DNSSEC:`, behind the name servers, and the last of all is `END`.
        """
        found = self._found
        if not any(entry.key in _ICANN for entry in found):
            return True
        servers = _last(found, keys.names_server)
        facts = max(servers, _last(found, keys.STATUS.__contains__))
        if _last(found, END.__eq__) > facts:
            return True
        signed = _last(found, keys.DNSSEC.__contains__)
        has_its_end = signed < len(found) - 1 or self._text.endswith("\n")
        return servers >= 0 and signed > facts and has_its_end


def _last(found: list[Entry], is_wanted: Callable[[str], bool]) -> int:
    """Return the position of the last entry under a key; -1 when there is none."""
    return next((n for n in range(len(found) - 1, -1, -1) if is_wanted(found[n].key)), -1)


_OUTCOMES: Final[tuple[tuple[Reading, Callable[[_Reply], bool]], ...]] = (
    (Reading.LIMITED, _Reply.is_limited),
    (Reading.NOT_REGISTERED, _Reply.is_free),
    (Reading.REGISTERED, _Reply.is_whole_record),
    (Reading.UNCLEAR, _Reply.is_record),
    (Reading.NOT_REGISTERED, _Reply.is_not_found),
)


def read_whois(domain: str, text: str) -> ParsedWhois:
    """Return what a reply says, by our own tables. Pure, linear in the size of the reply."""
    reply = _Reply(domain, text)
    reading = next((reading for reading, fits in _OUTCOMES if fits(reply)), Reading.UNCLEAR)
    return reply.record if reading is Reading.REGISTERED else ParsedWhois(reading=reading)


def _record(found: list[Entry], domain: str) -> ParsedWhois:
    tld = domain.rpartition(".")[2]
    dates = fields.dates(found, tld)
    return ParsedWhois(
        reading=Reading.REGISTERED,
        registrar_name=fields.registrar(found),
        registrar_iana_id=fields.iana_id(found),
        reseller=fields.reseller(found),
        registry=fields.registry(found),
        statuses=sorted_statuses(fields.statuses(found, tld)),
        name_servers=sorted_hosts(fields.servers(found, domain)),
        **{field: moment for field, (moment, _) in dates.items()},
        date_sources=tuple((field, whose) for field, (_, whose) in dates.items()),
        dnssec=fields.dnssec(found),
        referral=fields.referral(found),
    )
