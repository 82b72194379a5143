"""What the catalog knows about one provider."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Provider


class CatalogError(ValueError):
    """The catalog cannot be used; the message names the file, the table and what is wrong there."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One provider and what it is recognised by. Suffixes match on a label boundary."""

    provider: Provider
    where: str
    """File and table, for error messages."""
    kinds: tuple[Kind, ...]
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
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A row of the catalog that fits a value."""

    entry: Entry
    rule: str
    """The row, such as `ns_suffix epik.com`."""

    @property
    def provider(self) -> Provider:
        """Return the provider that the row speaks for."""
        return self.entry.provider
