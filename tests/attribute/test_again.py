"""An attribution, made again from the values of its own evidence."""

from dataclasses import replace

import pytest

from monitor.attribute import AsTable, Atlas, Attributor, Catalog, PublishedRanges
from monitor.model import Attribution, Evidence, Layer, Provider

OLD = AsTable.of([("192.0.2.0/24", 64496, "OLD"), ("198.51.100.0/24", 13335, "CLOUDFLARENET")], "old")
NEW = AsTable.of([("192.0.2.0/24", 64497, "NEW"), ("203.0.113.0/24", 64500, "OTHER")], "new")


def one(layer: Layer, provider: str, value: str, rule: str, source: str = "s") -> Attribution:
    return Attribution(
        layer=layer,
        providers=(Provider(id=provider, name=f"Name of {provider}"),),
        evidence=(Evidence(provider=provider, value=value, rule=rule, source=source),),
    )


@pytest.mark.parametrize(
    ("attribution", "expected"),
    [
        (one(Layer.NETWORK, "as64496", "192.0.2.7", "AS64496"), "as64497"),
        (one(Layer.DNS, "x", "ns3.epik.com", "ns_suffix old.com"), "epik"),
        (one(Layer.DNS, "x", "ns1.unknown-operator.com", "?"), "unknown-operator.com"),
        (one(Layer.MAIL, "x", "alt1.aspmx.l.google.com", "?"), "google"),
        (one(Layer.REGISTRATION, "iana-617", "617", "IANA registrar id", "rdap reply"), "epik"),
        (one(Layer.REGISTRATION, "x", "Epik Holdings Inc.", "registrar's own name", "whois reply"), "epik"),
        (one(Layer.REGISTRATION, "iana-999999", "999999", "IANA registrar id", "rdap reply"), "iana-999999"),
        (one(Layer.CERTIFICATE, "x", "DigiCert Inc", "?"), "digicert"),
        (one(Layer.EDGE, "x", "www.example.com.cdn.cloudflare.net", "edge_cname_suffix ?"), "cloudflare"),
        (one(Layer.EDGE, "x", "server: cloudflare", "header_sign server: cloudflare"), "cloudflare"),
    ],
)
def test_a_value_names_who_it_names_now(catalog: Catalog, attribution: Attribution, expected: str) -> None:
    again = Attributor(catalog, NEW).again(attribution)
    assert again is not None
    assert again.ids == (expected,)
    assert again.layer is attribution.layer


@pytest.mark.parametrize(
    "attribution",
    [
        one(Layer.NETWORK, "cloudflare", "198.51.100.1", "AS13335"),
        one(Layer.NETWORK, "x", "not an address", "AS1"),
        one(Layer.EDGE, "cloudflare", "198.51.100.1", "AS13335"),
        one(Layer.EDGE, "x", "192.0.2.1", "AS64496"),
        one(Layer.EDGE, "x", "server: gone", "header_sign server: gone"),
        one(Layer.EDGE, "x", "host.example", "edge_cname_suffix example"),
        one(Layer.DNS, "x", "localhost", "?"),
        one(Layer.REGISTRATION, "x", "", "IANA registrar id", "rdap reply"),
        one(Layer.CERTIFICATE, "x", "", "?"),
    ],
)
def test_a_value_that_names_nobody_now_gives_nothing(catalog: Catalog, attribution: Attribution) -> None:
    assert Attributor(catalog, NEW).again(attribution) is None


def test_under_the_same_edition_everything_is_named_as_before(attributor: Attributor) -> None:
    """Also the own name of a registrar that is known by its number only."""
    before = one(Layer.REGISTRATION, "iana-999999", "999999", "IANA registrar id", "rdap reply")
    again = attributor.again(before)
    assert again is not None
    assert again.providers[0].name == "Name of iana-999999"
    assert attributor.again(again) == again


def test_an_address_becomes_an_edge_by_a_published_range(catalog: Catalog) -> None:
    ranges = PublishedRanges.of([("192.0.2.0/25", "amazon", "CloudFront", True)], "r")
    attributor = Attributor(catalog, Atlas(OLD, ranges))
    again = attributor.again(one(Layer.EDGE, "x", "192.0.2.1", "AS64496"))
    assert again is not None
    assert again.ids == ("amazon",)
    assert attributor.edition == f"AS table old, published ranges r, catalog {catalog.edition}"


def test_two_values_can_part(catalog: Catalog) -> None:
    table = AsTable.of([("192.0.2.0/25", 64497, "A"), ("192.0.2.128/25", 64498, "B")], "split")
    both = one(Layer.NETWORK, "as64496", "192.0.2.7", "AS64496")
    other = replace(both.evidence[0], value="192.0.2.200")
    again = Attributor(catalog, table).again(replace(both, evidence=(*both.evidence, other)))
    assert again is not None
    assert again.ids == ("as64497", "as64498")


def test_what_rests_on_todays_editions_is_current(catalog: Catalog) -> None:
    ranges = PublishedRanges.of([("192.0.2.0/25", "amazon", "CloudFront", True)], "r")
    here = Attributor(catalog, Atlas(OLD, ranges))
    found = [
        here.again(one(Layer.NETWORK, "x", address, "?"))
        for address in ("192.0.2.1", "192.0.2.200", "198.51.100.1")
    ]
    found += [here.again(one(Layer.DNS, "x", host, "?")) for host in ("ns3.epik.com", "ns1.example.com")]
    # Its own identifier may stand in a row of another catalog.
    cataloged = [each is not None and each.providers[0].cataloged for each in found]
    assert cataloged == [True, False, True, True, False]
    assert [each is not None and here.is_current(each) for each in found] == cataloged
    there = here.over(Atlas(NEW, ranges))
    assert [each is not None and there.is_current(each) for each in found] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert not here.is_current(one(Layer.NETWORK, "x", "192.0.2.1", "?", "a table of another kind"))


def test_a_server_under_its_own_name_is_named_by_a_catalog_that_has_come_to_know_it(catalog: Catalog) -> None:
    before = Attributor(Catalog([], "before"), NEW).again(one(Layer.DNS, "x", "ns1.epik.com", "?"))
    assert before is not None
    now = Attributor(catalog, NEW)
    assert not now.is_current(before)
    assert [each and each.ids for each in (before, now.again(before))] == [("epik.com",), ("epik",)]


def test_a_network_that_was_not_named_whole_or_loses_an_address_is_not_named_whole(catalog: Catalog) -> None:
    whole = Attributor(catalog, OLD).again(one(Layer.NETWORK, "x", "192.0.2.7", "?"))
    assert whole is not None
    assert not whole.partial
    here = Attributor(catalog, NEW)
    lost = Evidence(provider="cloudflare", value="198.51.100.1", rule="AS13335", source="s")
    both = replace(whole, evidence=(*whole.evidence, lost))
    for attribution, partial in [(whole, False), (replace(whole, partial=True), True), (both, True)]:
        named = here.again(attribution)
        assert named is not None
        assert named.partial is partial
