"""What the catalog knows about one provider."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from monitor.model import Provider


class CatalogError(ValueError):
    """The catalog cannot be used; the message names the file, the table, the key and what is wrong there."""

    def __init__(
        self, where: str, problem: str, *, key: str = "", table: str = "", file: "OwnFile | None" = None
    ) -> None:
        super().__init__(": ".join(part for part in (where, key, problem) if part))
        self.problem = problem
        self.table = table
        self.key = key
        self.file = file
        """The user's file that has the mistake; None: it is in the bundled catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """A file of the user's own."""

    name: str
    date: str
    """When it was last written."""
    hash: str
    """The beginning of its SHA-256: another content is another edition."""

    @property
    def label(self) -> str:
        """Return what evidence names as the source."""
        return f"{self.name} {self.date} {self.hash}"

    def where(self, table: str) -> str:
        """Return how messages name one of its tables."""
        return f"{self.name}: [{table}]"


class Kind(StrEnum):
    """What a provider does for others."""

    REGISTRAR = "registrar"
    DNS = "dns"
    NETWORK = "network"
    EDGE = "edge"
    MAIL = "mail"
    CERTIFICATES = "ca"
    PARKING = "parking"
    SEIZURE = "seizure"


Value = str | int
Fact = tuple[str, Value]
"""The key of a list in a provider's table, and one item of it."""

# How a row is called in evidence.
_RULES: Final[dict[str, str]] = {
    "iana_registrar_ids": "IANA registrar id {}",
    "registrar_names": "registrar_name {}",
    "asns": "AS{}",
    "ns_suffixes": "ns_suffix {}",
    "ns_patterns": "ns_pattern {}",
    "cname_suffixes": "cname_suffix {}",
    "edge_cname_suffixes": "edge_cname_suffix {}",
    "mx_suffixes": "mx_suffix {}",
    "mx_patterns": "mx_pattern {}",
    "ca_orgs": "ca_org {}",
    "header_signs": "header_sign {}",
    "cookie_signs": "cookie_sign {}",
    "platform_signs": "platform_sign {}",
}
FIELDS: Final = tuple(_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One provider and what it is recognised by. Suffixes match on a label boundary."""

    provider: Provider
    where: str
    """File and table, for error messages."""
    kinds: tuple[Kind, ...]
    parent: str | None = None
    """Id of the provider that owns this one: together they are one organisation."""
    iana_registrar_ids: tuple[int, ...] = ()
    registrar_names: tuple[str, ...] = ()
    """Whole words of registrar names (lower case), for replies that carry no IANA id."""
    asns: tuple[int, ...] = ()
    edge_network: bool = False
    """True when whatever answers from its networks is a proxy in front of something else."""
    ns_suffixes: tuple[str, ...] = ()
    ns_patterns: tuple[str, ...] = ()
    """Regular expressions over the whole name of a server, where no suffix fits."""
    cname_suffixes: tuple[str, ...] = ()
    """Alias targets that mean hosting."""
    edge_cname_suffixes: tuple[str, ...] = ()
    """Alias targets that mean a CDN or a reverse proxy."""
    mx_suffixes: tuple[str, ...] = ()
    mx_patterns: tuple[str, ...] = ()
    ca_orgs: tuple[str, ...] = ()
    """First words of the `O` of an issuer."""
    header_signs: tuple[str, ...] = ()
    """What an edge adds to an answer: `name` (the header is there) or `name: words`."""
    cookie_signs: tuple[str, ...] = ()
    """What the names of cookies begin with that an edge sets, in lower case."""
    platform_signs: tuple[str, ...] = ()
    """Headers that mean hosting: for looking up, not for attribution."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By source what it confirms: facts, or keys for all that stands there; nothing named: everything."""
    own: Mapping[Fact, OwnFile] = field(default_factory=dict)
    """Facts that come from a file of the user's."""

    def facts(self) -> Iterator[Fact]:
        """Yield every fact, key by key."""
        for key in FIELDS:
            for value in getattr(self, key):
                yield key, value

    def sources_of(self, key: str, value: Value) -> tuple[str, ...]:
        """Return who confirms a fact: the user's file first, if it is from there."""
        own = self.own.get((key, value))
        named = tuple(
            source
            for source, confirmed in self.sources.items()
            if not confirmed or key in confirmed or str(value) in confirmed
        )
        return named if own is None else (own.label, *named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A row of the catalog that fits a value."""

    entry: Entry
    key: str
    """The key that the row stands under; `id` or `name` where the provider itself was named."""
    value: Value

    @property
    def provider(self) -> Provider:
        """Return the provider that the row speaks for."""
        return self.entry.provider

    @property
    def rule(self) -> str:
        """Return the row as evidence names it, such as `ns_suffix epik.com`."""
        return rule_of(self.key, self.value)

    @property
    def own(self) -> OwnFile | None:
        """Return the file of a row that is the user's; None for a bundled one."""
        return self.entry.own.get((self.key, self.value))

    @property
    def where(self) -> str:
        """Return the file and table that the row stands in."""
        return self.own.where(self.provider.id) if self.own else self.entry.where


def rule_of(key: str, value: Value) -> str:
    """Return how evidence calls the row of a fact."""
    return _RULES.get(key, f"{key} {{}}").format(value)
