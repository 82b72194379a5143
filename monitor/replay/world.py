"""How the small internet stands at one moment: names, pages, registrations, addresses.

Only facts change it. Servers read it, and drop what they prepared when `edition` has moved on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from monitor.replay.tables import ListingTable, NameTable, RegisteredTable, SetTable, SiteTable, Table

T = TypeVar("T", bound=Table)

MOST_ALIASES: Final = 16
MOST_RESOLVERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a resolver finds for a name: where the aliases lead, and what is there."""

    answer: str
    """As in `NameTable.answer`."""
    chain: tuple[tuple[str, NameTable], ...]
    """The names that are aliases, in order."""
    name: str
    """The last one."""
    records: NameTable | None


class World:
    """The state of the small internet. `fixed`: names that every world has, such as its registries."""

    def __init__(self, fixed: Mapping[str, NameTable]) -> None:
        self.edition = 0
        self.online = True
        self.resolvers = ["answers"] * MOST_RESOLVERS
        """How each resolver of the monitor behaves."""
        self.servers: dict[str, str] = {}
        """How name servers behave, all their zones at once; one that is not named `answers`."""
        self.lies: Mapping[str, NameTable] = {}
        """What the first resolver says in place of the truth."""
        self.sites: dict[str, SiteTable] = {}
        self.registered: dict[str, RegisteredTable] = {}
        self.listings: dict[str, ListingTable] = {}
        self.reach: dict[str, str] = {}
        """How addresses behave that somebody has or had: `serves`, `drops`, …"""
        self._names: dict[str, NameTable] = {}
        for name, table in fixed.items():
            self._set_name(name, table)

    def apply(self, change: SetTable) -> None:
        """Lay a change over the world: keys that it does not name stay as they are."""
        self.edition += 1
        for name, records in change.dns.items():
            self._set_name(name, _laid_over(self._names.get(name), records))
        for host, site in change.http.items():
            self.sites[host] = _laid_over(self.sites.get(host), site)
        for domain, registered in change.registration.items():
            self.registered[domain] = _laid_over(self.registered.get(domain), registered)
        for key, listing in change.listing.items():
            self.listings[key] = _laid_over(self.listings.get(key), listing)
        self.reach.update(change.address)
        self.servers.update(change.servers)
        if change.resolver is not None:
            self.resolvers = [change.resolver] * MOST_RESOLVERS
        if change.resolvers is not None:
            self.resolvers = [*change.resolvers, *self.resolvers[len(change.resolvers) :]]
        if change.lies is not None:
            self.lies = change.lies
        if change.monitor is not None:
            self.online = change.monitor == "online"

    def records(self, name: str) -> NameTable | None:
        """Return what there is at a name."""
        return self._names.get(name)

    def resolve(self, name: str, lies: Mapping[str, NameTable], *, checking: bool = True) -> Resolved:
        """Return what a resolver says about a name, aliases followed; `lies` stand for the truth.

        `checking`: whether it checks signatures.
        """
        chain: list[tuple[str, NameTable]] = []
        while True:
            lie = lies.get(name)
            answer = lie.answer if lie else self.answer(name, checking=checking)
            records = (lie or self._names.get(name)) if answer == "NOERROR" else None
            if records is None or not records.cname or len(chain) == MOST_ALIASES:
                return Resolved(answer=answer, chain=tuple(chain), name=name, records=records)
            chain.append((name, records))
            name = records.cname

    def authority(self, name: str) -> tuple[str, NameTable] | None:
        """Return the zone that a name lies in: the nearest name at or above it that has name servers."""
        for above in upwards(name):
            records = self._names.get(above)
            if records is not None and records.ns:
                return above, records
        return None

    def _set_name(self, name: str, records: NameTable) -> None:
        self._names[name] = records
        for address in (*records.a, *records.aaaa):
            self.reach.setdefault(address, "serves")

    def answer(self, name: str, *, checking: bool = True) -> str:
        """Return the answer: a zone that fails takes the names below it with it."""
        for above in upwards(name):
            records = self._names.get(above)
            if records is not None and records.answer != "NOERROR":
                return records.answer
            if records is not None and records.delegation == ():
                return "NXDOMAIN"
            if records is not None and (records.refused or (checking and records.dnssec == "broken")):
                return "SERVFAIL"
            if records is not None and records.ns and not self._is_served(records):
                return "SERVFAIL"
        return "NOERROR" if name in self._names else "NXDOMAIN"

    def _is_served(self, zone: NameTable) -> bool:
        """Tell whether one at least of those that a zone is delegated to answers."""
        hosts = zone.ns if zone.delegation is None else zone.delegation
        return not hosts or any(self.says(host) == "answers" for host in hosts)

    def says(self, host: str) -> str:
        """Return how a name server behaves."""
        return self.servers.get(host, "answers")


def _laid_over(before: T | None, change: T) -> T:
    """Return what was there with the keys that were written in the change."""
    if before is None:
        return change
    return before.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})


def upwards(name: str) -> Iterator[str]:
    """Yield a name and the names above it, the root left out."""
    while name:
        yield name
        name = name.partition(".")[2]
