"""How one value names a provider: the catalog's row, else the provider's own identifier.

Own identifiers are never guessed and never those of a row of the catalog: `iana-<registrar id>`,
`registrar:<own name>`, `as<number>`, `net:<own name>`, a registrable domain, `ca:<own name>`.
"""

from collections.abc import Iterator

from monitor.attribute.catalog.catalog import Catalog
from monitor.attribute.catalog.entry import Match
from monitor.attribute.catalog.words import slug, tidy
from monitor.attribute.domains import Domains
from monitor.attribute.networks import Block, Network, Networks, PublishedRange, number_of
from monitor.model import Evidence, Layer, Provider

Finding = tuple[Provider, Evidence]

_MX_FIELDS = 2


class Rules:
    """The rules, and what they look things up in. Pure: equal values give equal findings."""

    def __init__(self, catalog: Catalog, networks: Networks, domains: Domains) -> None:
        self._catalog = catalog
        self._networks = networks
        self._domains = domains
        self._listed = f"catalog {catalog.edition}"

    def registrar(self, own_name: str | None, number: int | None, source: str) -> Finding | None:
        """Return the registrar: by IANA id; by the words of its name only when there is no id.

        `source` is the protocol of the reply: `rdap` or `whois`.
        """
        name = tidy(own_name or "")
        reply = f"{source} reply"
        if number is not None and number > 0:
            match = self._catalog.by_registrar_id(number)
            if match:
                return self._row(match, str(number))
            own = Provider(id=f"iana-{number}", name=name or f"IANA registrar {number}", cataloged=False)
            return own, _evidence(own, str(number), "IANA registrar id", reply)
        if not slug(name):
            return None
        match = self._catalog.by_registrar_name(name)
        if match:
            return self._row(match, name)
        own = Provider(id=f"registrar:{slug(name)}", name=name, cataloged=False)
        return own, _evidence(own, name, "registrar's own name", reply)

    def again(self, layer: Layer, evidence: Evidence, name: str) -> Finding | None:
        """Return what the value of a piece of evidence names now; `name`: what its provider calls itself."""
        value = evidence.value
        if layer is Layer.LISTING:
            return None  # a store lists an app, and is nobody who stands behind a target
        if layer is Layer.REGISTRATION:
            return self._registrar_again(evidence, name)
        return self._value_again(layer, value, evidence.rule)

    def _value_again(self, layer: Layer, value: str, rule: str) -> Finding | None:
        match layer:
            case Layer.DNS:
                return self.name_server(value)
            case Layer.MAIL:
                return self.mail_server(f"0 {value}")
            case Layer.CERTIFICATE:
                return self.issuer(value)
            case Layer.EDGE:
                return self._edge_again(value, rule)
            case _:
                return self.address(value)[0]

    def _registrar_again(self, evidence: Evidence, name: str) -> Finding | None:
        protocol, _, reply = evidence.source.partition(" ")
        source = protocol if reply == "reply" else "stored"
        if not evidence.rule.startswith("IANA registrar id"):
            return self.registrar(evidence.value, None, source)
        known = evidence.value.isascii() and evidence.value.isdigit()
        return self.registrar(name, int(evidence.value), source) if known else None

    def _edge_again(self, value: str, rule: str) -> Finding | None:
        if number_of(value) is not None:
            found, is_edge = self.address(value)
            return found if is_edge else None
        if not rule.startswith(("header_sign ", "cookie_sign ")):
            return self.alias(value)
        row = next((row for row in self._catalog.signs.rows if row.rule == rule), None)
        return self._row(row, value) if row else None

    def name_server(self, host: str) -> Finding | None:
        """Return who runs a name server."""
        match = self._catalog.by_name_server(host)
        return self._row(match, host) if match else self._domain(host)

    def mail_server(self, value: str) -> Finding | None:
        """Return who runs the server of an MX value `<preference> <host>`; None for a null MX (RFC 7505)."""
        fields = value.split()
        if len(fields) != _MX_FIELDS:
            return None
        host = fields[1].rstrip(".")
        match = self._catalog.by_mail_server(host)
        return self._row(match, host) if match else self._domain(host)

    def address(self, address: str) -> tuple[Finding | None, bool]:
        """Return whose network an address is in, and whether that is a proxy's.

        A range that a provider publishes as its own; else the announcing AS, by the catalog or as itself;
        else who holds the block, as itself.
        """
        found = self._networks.lookup(address)
        if isinstance(found, Network):
            return self._announced(address, found)
        if isinstance(found, PublishedRange):
            return self._published(address, found)
        if isinstance(found, Block):
            own = Provider(
                id=found.organisation, name=tidy(found.name) or found.organisation, cataloged=False
            )
            return (own, _evidence(own, address, f"address block {found.prefix}", found.source)), False
        return None, False

    def _announced(self, address: str, network: Network) -> tuple[Finding, bool]:
        rule = f"AS{network.asn}"
        match = self._catalog.by_asn(network.asn)
        if match:
            source = f"{network.source}, {self._source(match)}"
            found = match.provider, _evidence(match.provider, address, rule, source)
            return found, match.entry.edge_network
        own = Provider(id=f"as{network.asn}", name=tidy(network.name) or rule, cataloged=False)
        return (own, _evidence(own, address, rule, network.source)), False

    def _published(self, address: str, row: PublishedRange) -> tuple[Finding, bool]:
        entry = self._catalog.entries.get(row.provider)
        service = f" ({row.service})" if row.service else ""
        rule = f"published range {row.prefix}{service}"
        if entry is None:  # a catalog of the user's own, or of a test, that does without it
            own = Provider(id=f"publisher:{row.provider}", name=row.provider, cataloged=False)
            return (own, _evidence(own, address, rule, row.source)), row.edge
        found = entry.provider, _evidence(entry.provider, address, rule, f"{row.source}, {self._listed}")
        return found, row.edge or entry.edge_network

    def alias(self, host: str) -> Finding | None:
        """Return the CDN or proxy that an alias leads to; None for any other alias."""
        match = self._catalog.by_edge_alias(host)
        return self._row(match, host) if match else None

    def signs(self, numbers: tuple[int, ...]) -> Iterator[Finding]:
        """Return the edges that left these signs in an answer."""
        for number in numbers:
            match = self._catalog.signs.rows[number]
            yield self._row(match, str(match.value))

    def issuer(self, organization: str) -> Finding | None:
        """Return the authority that issued a certificate."""
        name = tidy(organization)
        if not slug(name):
            return None
        match = self._catalog.by_issuer(name)
        if match:
            return self._row(match, name)
        own = Provider(id=f"ca:{slug(name)}", name=name, cataloged=False)
        return own, _evidence(own, name, "issuer's own name", "certificate")

    def _domain(self, host: str) -> Finding | None:
        domain = self._domains.registrable(host)
        if domain is None:
            return None
        own = Provider(id=domain, name=domain, cataloged=False)
        return own, _evidence(own, host, "registrable domain", "public suffix list")

    def _row(self, match: Match, value: str) -> Finding:
        return match.provider, _evidence(match.provider, value, match.rule, self._source(match))

    def _source(self, match: Match) -> str:
        return match.own.label if match.own else self._listed


def _evidence(provider: Provider, value: str, rule: str, source: str) -> Evidence:
    return Evidence(provider=provider.id, value=value, rule=rule, source=source)
