"""Look-ups in the catalog: one dict per identifier, suffixes walked label by label."""

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from monitor.attribute.catalog.check import contradictions
from monitor.attribute.catalog.entry import CatalogError, Entry, Match
from monitor.attribute.catalog.index import Hosts, Phrases, index
from monitor.attribute.catalog.own import OwnCatalog, with_own
from monitor.attribute.catalog.read import read_folder, read_sources
from monitor.attribute.catalog.signs import Signs
from monitor.model import Provider

_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_HEADER: Final = re.compile(r"([a-z0-9-]+): +(\S.*)")
_LONGEST_NUMBER: Final = 10


class Catalog:
    """The known providers. Two of them never claim the same identifier: that is a CatalogError."""

    def __init__(self, entries: Iterable[Entry], edition: str) -> None:
        self.edition = edition
        self.entries = _by_id(entries)
        for contradiction in contradictions(self.entries):
            raise contradiction
        rows = tuple(self.entries.values())
        self._asns = index(rows, "asns")
        self._registrar_ids = index(rows, "iana_registrar_ids")
        self._registrars = Phrases(rows, "registrar_names")
        self._authorities = Phrases(rows, "ca_orgs")
        self._name_servers = Hosts(rows, "ns_suffixes", "ns_patterns")
        self._mail_servers = Hosts(rows, "mx_suffixes", "mx_patterns")
        self._edges = Hosts(rows, "edge_cname_suffixes")
        self._platforms = Hosts(rows, "cname_suffixes")
        self.signs = Signs(rows, "header_signs", "cookie_signs")
        self._platform_signs = Signs(rows, "platform_signs")

    @classmethod
    def bundled(cls, own: Sequence[OwnCatalog] = ()) -> "Catalog":
        """Load the catalog that ships with this package (about 50 ms), and the user's own on top of it.

        Raises CatalogError for what is wrong in these; `mistakes` tells all of it.
        """
        edition, entries = read_folder(files(__package__))
        if not own:
            return cls(entries, edition)
        found, faults = with_own(entries, own)
        for fault in faults:
            raise fault
        return cls(
            found.values(), " + ".join([edition, *(f"{one.file.name} {one.file.hash}" for one in own)])
        )

    @classmethod
    def load(cls, folder: Path) -> "Catalog":
        """Load a folder of TOML files; raises CatalogError naming file and table, OSError."""
        edition, entries = read_folder(folder)
        return cls(entries, edition)

    def by_asn(self, number: int) -> Match | None:
        """Return who runs an autonomous system."""
        return self._asns.get(number)

    def by_registrar_id(self, number: int) -> Match | None:
        """Return the registrar with an IANA id."""
        return self._registrar_ids.get(number)

    def by_registrar_name(self, name: str) -> Match | None:
        """Return the registrar whose words stand in a name; None when two registrars' do."""
        return self._registrars.anywhere(name)

    def by_name_server(self, host: str) -> Match | None:
        """Return who runs a name server (lower case, no trailing dot)."""
        return self._name_servers.find(host)

    def by_mail_server(self, host: str) -> Match | None:
        """Return who runs a mail server (lower case, no trailing dot)."""
        return self._mail_servers.find(host)

    def by_edge_alias(self, host: str) -> Match | None:
        """Return the CDN or proxy that an alias target belongs to."""
        return self._edges.find(host)

    def by_platform_alias(self, host: str) -> Match | None:
        """Return the hosting platform that an alias target belongs to."""
        return self._platforms.find(host)

    def by_issuer(self, organization: str) -> Match | None:
        """Return the certificate authority whose words an organisation's name begins with."""
        return self._authorities.at_start(organization)

    def find(self, value: str) -> tuple[Match, ...]:
        """Return every row that fits a value of any kind, sorted by provider and rule.

        `AS13335` or `iana-1068`; a number is taken as both; a host name; a header line; an id; a
        name or part of it.
        """
        text = value.strip().rstrip(".").lower()
        header = _HEADER.fullmatch(text)
        if header is not None:
            return tuple(self._signed((header[1], header[2])))
        found = [*self._numbered(text), self.by_registrar_name(text), self.by_issuer(text)]
        if _HOST.fullmatch(text):
            found += [self.by_name_server(text), self.by_mail_server(text)]
            found += [self.by_edge_alias(text), self.by_platform_alias(text)]
        if text:
            found += [
                Match(entry=entry, key="id", value=entry.provider.id)
                for entry in self.entries.values()
                if text == entry.provider.id or text in entry.provider.name.lower()
            ]
        matches = {(match.provider.id, match.rule): match for match in found if match is not None}
        return tuple(matches[key] for key in sorted(matches))

    def owners(self, key: str) -> tuple[str, ...]:
        """Return a provider's id and those of its owners, outwards; of an unknown one its own only."""
        found = [key]
        entry = self.entries.get(key)
        while entry is not None and entry.parent is not None:
            found.append(entry.parent)
            entry = self.entries.get(entry.parent)
        return tuple(found)

    def organisation(self, provider: Provider) -> Provider:
        """Return the outermost owner of a provider; the provider itself when nobody owns it."""
        outermost = self.owners(provider.id)[-1]
        return provider if outermost == provider.id else self.entries[outermost].provider

    def owned_by(self, key: str) -> tuple[str, ...]:
        """Return the ids of all providers that a provider owns, itself among them, sorted."""
        owned = {row for row in self.entries if key in self.owners(row)}
        return tuple(sorted(owned | {key}))

    def _numbered(self, text: str) -> list[Match | None]:
        digits = text.removeprefix("as").removeprefix("iana-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER):
            return []
        asn = None if text.startswith("iana-") else self.by_asn(int(digits))
        return [asn, None if text.startswith("as") else self.by_registrar_id(int(digits))]

    def _signed(self, header: tuple[str, str]) -> list[Match]:
        """Return the rows that a header shows, of an edge or of a platform."""
        return [
            signs.rows[number]
            for signs in (self.signs, self._platform_signs)
            for number in signs.find((header,))
        ]


def mistakes(own: Sequence[OwnCatalog]) -> list[CatalogError]:
    """Return everything that is wrong in the user's own files, beside the bundled catalog."""
    _, entries = read_folder(files(__package__))
    found, faults = with_own(entries, own)
    return faults or list(contradictions(found))


def sources() -> dict[str, str]:
    """Return what each source of the bundled catalog is, by its short name."""
    return dict(read_sources(files(__package__)))


def _by_id(entries: Iterable[Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.provider.id):
        other = found.setdefault(entry.provider.id, entry)
        if other is not entry:
            raise CatalogError(entry.where, f"the id stands in {other.where}, too")
    return found
