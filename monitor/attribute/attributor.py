"""One observation -> who stands behind each layer that it shows.

Pure: the same facts give the same attributions, by identity as long as they are remembered, so
that who compares them can look at `is` first. A question that failed shows nothing for its layer.
"""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from monitor.attribute.assemble import assemble
from monitor.attribute.catalog.catalog import Catalog
from monitor.attribute.compare import OfDns, compared, delegation
from monitor.attribute.domains import Domains
from monitor.attribute.memo import Memo
from monitor.attribute.networks import Networks
from monitor.attribute.rules import Finding, Rules
from monitor.failure import Failure
from monitor.model import (
    Attribution,
    DelegationFacts,
    DnsAnswer,
    DnsFacts,
    HttpFacts,
    Layer,
    Observation,
    RegistrationFacts,
    ResolverWord,
)

Reached = tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]
"""Addresses, alias chain, numbers of header signs: what tells the network and the edge."""

# "There is none" is an answer: a host without IPv6 has shown all its addresses.
_ANSWERED = frozenset({None, Failure.DNS_NODATA, Failure.DNS_NXDOMAIN})


class Attributor:
    """Names the providers behind layers. `remember`: how many different facts per layer."""

    def __init__(
        self,
        catalog: Catalog,
        networks: Networks,
        *,
        remember: int = 65_536,
        domains: Domains | None = None,
    ) -> None:
        self.edition = f"{networks.edition}, catalog {catalog.edition}"
        """Of everything that names are looked up in."""
        self._sources = _sources(networks.edition, catalog.edition)
        self._remember = remember
        self._catalog = catalog
        self._domains = domains or Domains()
        self._rules = Rules(catalog, networks, self._domains)
        self._find_signs = catalog.signs.find
        self._registrations = Memo(self._registration, remember)
        self._name_servers = Memo(self._name_server_set, remember)
        self._mail_servers = Memo(self._mail_server_set, remember)
        self._reached = Memo(self._network_and_edge, remember)
        self._issuers = Memo(self._issuer, remember)
        self._strayed = Memo(self._left_the_domain, remember)

    def attribute(self, observation: Observation) -> tuple[Attribution, ...]:
        """Return at most one attribution per layer, in the order of `Layer`.

        The network and the edge of an `http` observation are those of the one address that
        answered; those of a `dns` observation are of all addresses, and are the better ones.
        """
        facts = observation.facts
        found: tuple[Attribution | None, ...]
        if isinstance(facts, HttpFacts):
            found = self._of_http(facts)
        elif isinstance(facts, DnsFacts):
            found = self._of_dns(facts)
            if facts.others:
                found = compared(found, tuple(map(self._of_dns, facts.others)))
        elif isinstance(facts, DelegationFacts):
            found = (self._of_delegation(facts),)
        elif isinstance(facts, RegistrationFacts):
            found = (self._of_registration(facts),)
        else:
            return ()
        return tuple(attribution for attribution in found if attribution is not None)

    def again(self, attribution: Attribution) -> Attribution | None:
        """Return whom the values of an attribution's evidence name now; None: nobody any more."""
        names = {provider.id: provider.name for provider in attribution.providers}
        findings = [
            self._rules.again(attribution.layer, evidence, names.get(evidence.provider, ""))
            for evidence in attribution.evidence
        ]
        named = _assemble(attribution.layer, findings)
        if named is None or attribution.layer is not Layer.NETWORK:
            return named
        return replace(named, partial=True) if attribution.partial or None in findings else named

    def is_current(self, attribution: Attribution) -> bool:
        """Tell whether all evidence rests on today's editions, or on none: then it names nobody else now."""
        if not all(provider.cataloged for provider in attribution.providers):
            return False  # by its own identifier, which a row of another catalog may claim
        return all(evidence.source in self._sources for evidence in attribution.evidence)

    def over(self, networks: Networks) -> "Attributor":
        """Return what names by other networks and the same catalog; takes no time to speak of."""
        return Attributor(self._catalog, networks, remember=self._remember, domains=self._domains)

    def learned(self) -> None:
        """Forget whose addresses are: the networks know more than they did."""
        self._reached = Memo(self._network_and_edge, self._remember)

    def _of_registration(self, facts: RegistrationFacts) -> Attribution | None:
        if not facts.registered:
            return None
        return self._registrations((facts.registrar_name, facts.registrar_iana_id, facts.source))

    def _of_delegation(self, facts: DelegationFacts) -> Attribution | None:
        parent = self._name_servers(facts.delegated)
        both = self._name_servers(tuple(sorted({*facts.delegated, *facts.served})))
        if parent is None or both is None:
            return None
        return delegation(parent, self._name_servers(facts.served), both)

    def _of_dns(self, facts: DnsFacts | ResolverWord) -> OfDns:
        network = edge = None
        if facts.a.failure in _ANSWERED and facts.aaaa.failure in _ANSWERED:
            network, edge = self._reached((facts.addresses, facts.cname_chain, ()))
        return (
            self._name_servers(_values(facts.ns)),
            network,
            edge,
            self._mail_servers(_values(facts.mx)),
        )

    def _of_http(self, facts: HttpFacts) -> tuple[Attribution | None, ...]:
        if facts.redirects and self._strayed((facts.redirects[0].url, facts.url)):
            return ()
        addresses = (facts.address,) if facts.address else ()
        network, edge = self._reached((addresses, (), self._find_signs(facts.headers)))
        organization = facts.tls.issuer_organization if facts.tls else None
        return network, edge, self._issuers(organization) if organization else None

    def _registration(self, key: tuple[str | None, int | None, str]) -> Attribution | None:
        return _assemble(Layer.REGISTRATION, [self._rules.registrar(*key)])

    def _name_server_set(self, hosts: tuple[str, ...]) -> Attribution | None:
        return _assemble(Layer.DNS, map(self._rules.name_server, hosts))

    def _mail_server_set(self, values: tuple[str, ...]) -> Attribution | None:
        return _assemble(Layer.MAIL, map(self._rules.mail_server, values))

    def _network_and_edge(self, key: Reached) -> tuple[Attribution | None, Attribution | None]:
        addresses, chain, signs = key
        announced = [self._rules.address(address) for address in addresses]
        edges = [finding for finding, is_edge in announced if is_edge]
        edges += [self._rules.alias(host) for host in chain]
        edges += self._rules.signs(signs)
        network = _assemble(Layer.NETWORK, (finding for finding, _ in announced))
        if network is not None and any(finding is None for finding, _ in announced):
            network = replace(network, partial=True)
        return network, _assemble(Layer.EDGE, edges)

    def _issuer(self, organization: str) -> Attribution | None:
        return _assemble(Layer.CERTIFICATE, [self._rules.issuer(organization)])

    def _left_the_domain(self, urls: tuple[str, str]) -> bool:
        """Tell whether redirects led to another domain: what answers there is not the target's."""
        try:
            first, last = (urlsplit(url).hostname or "" for url in urls)
        except ValueError:
            return True
        if first == last:
            return False
        domain = self._domains.registrable(first)
        return domain is None or domain != self._domains.registrable(last)


def _sources(networks: str, catalog: str) -> frozenset[str]:
    """Return what evidence of these editions gives as its source (see `rules`)."""
    tables = networks.split(", ") if networks.startswith("AS table ") else [f"AS table {networks}"]
    listed = f"catalog {catalog}"
    timeless = ("rdap reply", "whois reply", "public suffix list", "certificate")
    return frozenset({*timeless, *tables, listed, *(f"{table}, {listed}" for table in tables)})


def _values(answer: DnsAnswer) -> tuple[str, ...]:
    return answer.values if answer.failure is None else ()


def _assemble(layer: Layer, findings: Iterable[Finding | None]) -> Attribution | None:
    return assemble(layer, (finding for finding in findings if finding is not None))
