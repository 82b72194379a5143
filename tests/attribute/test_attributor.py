import itertools
import string
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.attribute import AsTable, Attributor, Catalog
from monitor.attribute.assemble import MAX_EVIDENCE, MAX_PROVIDERS
from monitor.failure import Failure
from monitor.model import (
    Attribution,
    DnsAnswer,
    DnsFacts,
    Facts,
    HttpFacts,
    Layer,
    Observation,
    Probe,
    Redirect,
    RegistrationFacts,
    TlsFacts,
)

NOW = datetime(2021, 1, 17, tzinfo=UTC)


def observation(facts: Facts | None, failure: Failure | None = None) -> Observation:
    probes = {HttpFacts: Probe.HTTP, DnsFacts: Probe.DNS, RegistrationFacts: Probe.REGISTRATION}
    return Observation(
        target="parler.com",
        probe=probes.get(type(facts), Probe.HTTP),
        vantage="here",
        scheduled_at=NOW,
        started_at=NOW,
        duration_s=0.1,
        interval_s=60.0,
        failure=failure,
        facts=facts,
    )


def answer(rtype: str, values: Sequence[str] | Failure) -> DnsAnswer:
    if isinstance(values, Failure):
        return DnsAnswer(name="parler.com", rtype=rtype, rcode=None, failure=values)
    if not values:
        return DnsAnswer(name="parler.com", rtype=rtype, rcode="NOERROR", failure=Failure.DNS_NODATA)
    return DnsAnswer(name="parler.com", rtype=rtype, rcode="NOERROR", values=tuple(values), ttl=300)


def dns(
    *,
    a: Sequence[str] | Failure = (),
    aaaa: Sequence[str] | Failure = (),
    ns: Sequence[str] | Failure = (),
    mx: Sequence[str] | Failure = (),
    chain: tuple[str, ...] = (),
) -> Observation:
    return observation(
        DnsFacts(
            host="parler.com",
            zone="parler.com",
            resolver="192.0.2.53",
            a=answer("A", a),
            aaaa=answer("AAAA", aaaa),
            ns=answer("NS", ns),
            mx=answer("MX", mx),
            soa=answer("SOA", ()),
            cname_chain=chain,
        )
    )


def http(
    address: str | None = "52.1.2.3",
    *,
    issuer: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    via: tuple[str, ...] = (),
) -> Observation:
    """Return an answer at the end of a redirect chain of the addresses `via`."""
    tls = TlsFacts(
        version="TLSv1.3",
        cipher="x",
        subject="parler.com",
        issuer_organization=issuer,
        issuer="x",
        not_before=NOW,
        not_after=NOW,
        sha256="0" * 64,
    )
    urls = via or ("https://parler.com/",)
    hops = tuple(Redirect(url=a, status=301, location=b) for a, b in itertools.pairwise(urls))
    return observation(
        HttpFacts(url=urls[-1], status=200, redirects=hops, address=address, tls=tls, headers=headers)
    )


def registration(
    name: str | None = None, number: int | None = None, *, registered: bool = True
) -> Observation:
    return observation(
        RegistrationFacts(
            domain="parler.com",
            source="whois",
            server="whois.example",
            registered=registered,
            registrar_name=name,
            registrar_iana_id=number,
        )
    )


def shown(found: tuple[Attribution, ...]) -> dict[str, tuple[str, ...]]:
    return {attribution.layer.value: attribution.ids for attribution in found}


# Registration


@pytest.mark.parametrize(
    ("name", "number", "provider"),
    [
        ("Epik, Inc.", 617, "epik"),
        (None, 617, "epik"),
        ("Whatever It Says", 617, "epik"),
        ("Epik Inc.", None, "epik"),
        ("Epik Inc.", 0, "epik"),
        ("Epik Inc.", -1, "epik"),
        ("Epik Lookalike Ltd", 987654, "iana-987654"),
        (None, 987654, "iana-987654"),
        ("Nobody Knows, Ltd.", None, "registrar:nobody-knows-ltd"),
        ("NOBODY  KNOWS LTD", None, "registrar:nobody-knows-ltd"),
        ("epik", None, "epik"),
        ("Регистратор", None, "registrar:регистратор"),
    ],
)
def test_registration(attributor: Attributor, name: str | None, number: int | None, provider: str) -> None:
    assert shown(attributor.attribute(registration(name, number))) == {"registration": (provider,)}


@pytest.mark.parametrize("name", [None, "", "  ", "---", "\0\n"])
def test_a_registrar_without_name_and_id_is_unknown(attributor: Attributor, name: str | None) -> None:
    assert attributor.attribute(registration(name)) == ()


def test_what_is_not_registered_has_no_registrar(attributor: Attributor) -> None:
    assert attributor.attribute(registration("Epik, Inc.", 617, registered=False)) == ()


def test_an_unknown_registrar_keeps_its_own_name(attributor: Attributor) -> None:
    (found,) = attributor.attribute(registration("Nobody\x1b[31m Knows\n" + "x" * 500, 987654))
    (provider,) = found.providers
    assert not provider.cataloged
    assert provider.name.startswith("Nobody [31m Knows xxx")
    assert len(provider.name) == 100


# DNS


def test_parler_on_amazon(attributor: Attributor) -> None:
    ns = [f"ns-{n}.awsdns-{n % 64:02}.{tld}" for n, tld in ((1, "com"), (700, "net"), (1500, "org"))]
    found = attributor.attribute(dns(a=["52.1.2.3", "52.9.9.9"], ns=[*ns, "ns-1900.awsdns-44.co.uk"]))
    assert shown(found) == {"dns": ("amazon",), "network": ("amazon",)}


def test_parler_at_epik_behind_ddos_guard(attributor: Attributor) -> None:
    found = attributor.attribute(dns(a=["190.115.31.151"], ns=["ns3.epik.com", "ns4.epik.com"]))
    assert shown(found) == {"dns": ("epik",), "network": ("ddos-guard",), "edge": ("ddos-guard",)}
    network = found[1]
    assert network.evidence[0].value == "190.115.31.151"
    assert network.evidence[0].rule == "AS262254"
    assert network.evidence[0].source.startswith("AS table 2021-01, catalog 20")


def test_both_networks_of_ddos_guard(attributor: Attributor) -> None:
    assert shown(attributor.attribute(dns(a=["186.2.160.1"])))["network"] == ("ddos-guard",)


def test_several_operators_are_a_set_in_order(attributor: Attributor) -> None:
    ns = ["ns1.epik.com", "ns-1.awsdns-01.com", "dns1.example.net", "ns2.epik.com"]
    assert shown(attributor.attribute(dns(ns=ns))) == {"dns": ("amazon", "epik", "example.net")}


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("ns1.someone.co.uk", "someone.co.uk"),
        ("ns1.parler.com", "parler.com"),
        ("ns1.shop.github.io", "shop.github.io"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("co.uk", "co.uk"),
        ("ec2-3-4-5-6.compute-1.amazonaws.com", "ec2-3-4-5-6.compute-1.amazonaws.com"),
    ],
)
def test_an_unknown_server_is_called_by_its_domain(attributor: Attributor, host: str, provider: str) -> None:
    (found,) = attributor.attribute(dns(ns=[host]))
    assert found.ids == (provider,)
    assert not found.providers[0].cataloged
    assert found.evidence[0].value == host


@pytest.mark.parametrize(
    "host",
    ["", ".", "amazon", "localhost", "a..b", ".com", "epik", "a b.example", "a\\000.example", "ä.example"],
)
def test_a_server_without_a_domain_is_nobodys(attributor: Attributor, host: str) -> None:
    """A single label would otherwise pass for an id of the catalog."""
    assert attributor.attribute(dns(ns=[host], mx=[f"10 {host}"])) == ()


@pytest.mark.parametrize(
    ("mx", "providers"),
    [
        (["10 aspmx.l.google.com", "20 alt1.aspmx.l.google.com"], ("google",)),
        (["10 mail.parler.com"], ("parler.com",)),
        (["10 mail.parler.com", "20 aspmx.l.google.com"], ("google", "parler.com")),
        (["0 ."], None),
        (["0 "], None),
        (["10"], None),
        ([], None),
    ],
)
def test_mail(attributor: Attributor, mx: list[str], providers: tuple[str, ...] | None) -> None:
    assert shown(attributor.attribute(dns(mx=mx))).get("mail") == providers


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["198.51.100.7"], {"network": ("as64500",)}),
        (["198.51.100.7", "52.1.1.1"], {"network": ("amazon", "as64500")}),
        (["192.0.2.1"], {}),
        (["192.0.2.1", "52.1.1.1"], {"network": ("amazon",)}),
        (["104.16.0.1", "104.17.0.1"], {"network": ("cloudflare",), "edge": ("cloudflare",)}),
        (["104.16.0.1", "52.1.1.1"], {"network": ("amazon", "cloudflare"), "edge": ("cloudflare",)}),
    ],
)
def test_networks(attributor: Attributor, addresses: list[str], expected: dict[str, tuple[str, ...]]) -> None:
    assert shown(attributor.attribute(dns(a=addresses))) == expected


def test_an_unknown_network_is_shown_by_number_and_name(attributor: Attributor) -> None:
    found = [attributor.attribute(dns(a=[a]))[0].providers[0] for a in ("198.51.100.7", "203.0.113.7")]
    assert [(p.id, p.name, p.cataloged) for p in found] == [
        ("as64500", "Example Hosting", False),
        ("as64501", "AS64501", False),
    ]


def test_an_alias_shows_the_edge(attributor: Attributor) -> None:
    chain = ("www.parler.com", "d111.cloudfront.net")
    found = attributor.attribute(dns(a=["198.51.100.7"], chain=chain))
    assert shown(found) == {"network": ("as64500",), "edge": ("amazon",)}
    assert found[1].evidence[0].rule == "edge_cname_suffix cloudfront.net"


def test_an_alias_of_a_host_is_no_edge(attributor: Attributor) -> None:
    chain = ("x.herokuapp.com", "ec2-1.compute.amazonaws.com")
    assert shown(attributor.attribute(dns(a=["52.1.1.1"], chain=chain))) == {"network": ("amazon",)}


FULL = {"a": ["52.1.1.1"], "aaaa": ["2606:4700::1"], "ns": ["ns1.epik.com"], "mx": ["10 mx.parler.com"]}


@pytest.mark.parametrize(
    ("question", "lost"),
    [
        ("a", {"network", "edge"}),
        ("aaaa", {"network", "edge"}),
        ("ns", {"dns"}),
        ("mx", {"mail"}),
    ],
)
@pytest.mark.parametrize(
    "failure", [Failure.DNS_SERVFAIL, Failure.DNS_TIMEOUT, Failure.DNS_REFUSED, Failure.DNS_UNREACHABLE]
)
def test_a_failed_question_shows_nothing_of_its_layer(
    attributor: Attributor, question: str, lost: set[str], failure: Failure
) -> None:
    """Half a set of addresses compared with the whole one would be a change that never happened."""
    facts: dict[str, Sequence[str] | Failure] = {**FULL, question: failure}
    found = attributor.attribute(dns(a=facts["a"], aaaa=facts["aaaa"], ns=facts["ns"], mx=facts["mx"]))
    assert set(shown(found)) == {"dns", "network", "edge", "mail"} - lost


def test_a_host_without_ipv6_has_shown_all_its_addresses(attributor: Attributor) -> None:
    assert shown(attributor.attribute(dns(a=["52.1.1.1"], aaaa=[])))["network"] == ("amazon",)


def test_facts_count_beside_a_failure(attributor: Attributor) -> None:
    """The host is gone, its zone is not: who serves the zone is known all the same."""
    facts = dns(a=Failure.DNS_NXDOMAIN, aaaa=Failure.DNS_NXDOMAIN, ns=["ns1.epik.com"]).facts
    found = attributor.attribute(observation(facts, Failure.DNS_NXDOMAIN))
    assert shown(found) == {"dns": ("epik",)}


# HTTP


def test_a_page_shows_network_and_certificate(attributor: Attributor) -> None:
    found = attributor.attribute(http("52.1.2.3", issuer="Amazon"))
    assert shown(found) == {"network": ("amazon",), "certificate": ("amazon",)}


@pytest.mark.parametrize(
    ("issuer", "provider"),
    [
        ("Let's Encrypt", "lets-encrypt"),
        ("Google Trust Services LLC", "google"),
        ("My Own, Inc.", "ca:my-own-inc"),
        ("as13335", "ca:as13335"),
        ("epik", "ca:epik"),
        ("\0", None),
        (None, None),
    ],
)
def test_certificates(attributor: Attributor, issuer: str | None, provider: str | None) -> None:
    expected = None if provider is None else (provider,)
    assert shown(attributor.attribute(http(issuer=issuer))).get("certificate") == expected


def test_headers_show_the_edge(attributor: Attributor) -> None:
    found = attributor.attribute(http("198.51.100.7", headers=(("server", "ddos-guard"), ("date", "x"))))
    assert shown(found) == {"network": ("as64500",), "edge": ("ddos-guard",)}
    assert found[1].evidence[0].value == "server: ddos-guard"


def test_network_and_headers_of_one_edge_are_one_provider(attributor: Attributor) -> None:
    found = attributor.attribute(http("104.16.0.1", headers=(("server", "cloudflare"), ("cf-ray", "1-FRA"))))
    assert shown(found) == {"network": ("cloudflare",), "edge": ("cloudflare",)}
    assert [evidence.rule for evidence in found[1].evidence] == [
        "AS13335",
        "header_sign server: cloudflare",
        "header_sign cf-ray",
    ]


@pytest.mark.parametrize(
    ("via", "speaks"),
    [
        (("http://parler.com/", "https://parler.com/"), True),
        (("https://parler.com/", "https://www.parler.com/"), True),
        (("https://parler.com/", "https://elsewhere.example/", "https://app.parler.com/"), True),
        (("https://parler.com/", "https://suspended.registrar.example/"), False),
        (("https://parler.com/", "https://parler.com.evil.example/"), False),
        (("https://parler.com/", "https://["), False),
        (("https://parler.com/", "mailto:x"), False),
        (("https://a.co.uk/", "https://b.co.uk/"), False),
        (("http://192.0.2.1/", "http://192.0.2.2/"), False),
    ],
)
def test_a_page_of_another_domain_says_nothing(
    attributor: Attributor, via: tuple[str, ...], *, speaks: bool
) -> None:
    """What answers at the end of such a redirect is operated for somebody else."""
    found = attributor.attribute(http(issuer="Amazon", via=via))
    assert shown(found) == ({"network": ("amazon",), "certificate": ("amazon",)} if speaks else {})


@pytest.mark.parametrize("address", [None, "127.0.0.1", "nonsense"])
def test_an_address_of_nobody_shows_no_network(attributor: Attributor, address: str | None) -> None:
    assert attributor.attribute(http(address)) == ()


def test_without_facts_nothing_is_known(attributor: Attributor) -> None:
    assert attributor.attribute(observation(None, Failure.TCP_TIMEOUT)) == ()


# What holds for all


def test_equal_facts_give_the_same_objects(attributor: Attributor) -> None:
    """Whoever compares can look at `is` first: values that differ each time must not get in the way."""
    looks = [
        lambda n: http("104.16.0.1", issuer="Amazon", headers=(("cf-ray", f"{n}-FRA"),)),
        lambda n: dns(a=["52.1.1.1"], ns=["ns1.epik.com"], mx=["10 mx.parler.com"], chain=(f"{n}.net"[1:],)),
        lambda _: registration("Epik, Inc.", 617),
    ]
    for look in looks:
        first, second = attributor.attribute(look(1)), attributor.attribute(look(2))
        assert first
        assert all(a is b for a, b in zip(first, second, strict=True))


def test_many_servers_stay_a_small_set(attributor: Attributor) -> None:
    ns = [f"ns{n % 3}.operator{n:03}.example" for n in range(100)]
    (found,) = attributor.attribute(dns(ns=ns))
    assert len(found.providers) == MAX_PROVIDERS
    assert len(found.evidence) == MAX_EVIDENCE
    assert found.ids == tuple(f"operator{n:03}.example" for n in range(MAX_PROVIDERS))
    assert shown(attributor.attribute(dns(ns=ns[::-1]))) == {"dns": found.ids}


def test_the_sources_carry_their_editions(attributor: Attributor, catalog: Catalog) -> None:
    found = attributor.attribute(dns(a=["52.1.1.1", "198.51.100.1"], ns=["ns1.epik.com", "ns1.none.example"]))
    sources = {evidence.provider: evidence.source for each in found for evidence in each.evidence}
    assert sources == {
        "epik": f"catalog {catalog.edition}",
        "none.example": "public suffix list",
        "amazon": f"AS table 2021-01, catalog {catalog.edition}",
        "as64500": "AS table 2021-01",
    }


HOSTS = st.one_of(
    st.text(max_size=30),
    st.text(string.ascii_lowercase + ".-0123456789", max_size=40),
    st.sampled_from(
        ["ns1.epik.com", "ns-1.awsdns-01.com", "aspmx.l.google.com", "x.cloudfront.net", "a.example"]
    ),
)
ADDRESSES = st.one_of(st.ip_addresses().map(str), st.text(max_size=20), st.just("104.16.0.1"))
FAILURES = st.none() | st.sampled_from(list(Failure))


def answers(values: st.SearchStrategy[str]) -> st.SearchStrategy[DnsAnswer]:
    return st.builds(
        DnsAnswer,
        name=st.just("x"),
        rtype=st.just("A"),
        rcode=st.none(),
        failure=FAILURES,
        values=st.lists(values, max_size=12).map(tuple),
    )


FACTS = st.one_of(
    st.builds(
        DnsFacts,
        host=HOSTS,
        zone=HOSTS,
        resolver=st.just("r"),
        a=answers(ADDRESSES),
        aaaa=answers(ADDRESSES),
        ns=answers(HOSTS),
        mx=answers(st.builds("{} {}".format, st.integers(0, 9), HOSTS) | st.text(max_size=9)),
        soa=answers(st.just("")),
        cname_chain=st.lists(HOSTS, max_size=3).map(tuple),
    ),
    st.builds(
        RegistrationFacts,
        domain=HOSTS,
        source=st.just("rdap"),
        server=HOSTS,
        registered=st.booleans(),
        registrar_name=st.none() | st.text() | st.just("Epik and GoDaddy"),
        registrar_iana_id=st.none() | st.integers(),
    ),
    st.builds(
        HttpFacts,
        url=st.text(max_size=30),
        status=st.just(200),
        redirects=st.lists(
            st.builds(Redirect, url=st.text(), status=st.just(301), location=st.text()), max_size=2
        ).map(tuple),
        address=st.none() | ADDRESSES,
        headers=st.lists(st.tuples(st.sampled_from(["server", "via", "x"]), st.text()), max_size=5).map(
            tuple
        ),
        tls=st.none()
        | st.builds(
            TlsFacts,
            version=st.just(""),
            cipher=st.just(""),
            subject=st.just(""),
            issuer_organization=st.none() | st.text(),
            issuer=st.just(""),
            not_before=st.just(NOW),
            not_after=st.just(NOW),
            sha256=st.just(""),
        ),
    ),
)

LAYERS = list(Layer)


@given(facts=FACTS, failure=FAILURES)
def test_any_facts_give_well_formed_attributions(
    attributor: Attributor, catalog: Catalog, facts: Facts, failure: Failure | None
) -> None:
    found = attributor.attribute(observation(facts, failure))
    order = [LAYERS.index(attribution.layer) for attribution in found]
    assert order == sorted(set(order))
    for attribution in found:
        ids = attribution.ids
        assert ids == tuple(sorted(set(ids)))
        assert 1 <= len(ids) <= MAX_PROVIDERS
        assert {evidence.provider for evidence in attribution.evidence} == set(ids)
        assert len(attribution.evidence) <= MAX_EVIDENCE
        for provider in attribution.providers:
            assert provider.cataloged == (provider.id in catalog.entries)
            assert provider.name.isprintable()


def test_an_edition_of_the_table_belongs_to_its_attributor(catalog: Catalog) -> None:
    """Two tables, one address: a replay of 2021 must not see the networks of today."""
    then = Attributor(catalog, AsTable.of([("190.115.31.0/24", 262254, "DDOS-GUARD CORP.")], "2021-01"))
    now = Attributor(catalog, AsTable.of([("190.115.31.0/24", 59692, "IQWeb FZ-LLC")], "2026-06"))
    look = dns(a=["190.115.31.151"])
    assert shown(then.attribute(look))["network"] == ("ddos-guard",)
    assert shown(now.attribute(look)) == {"network": ("iqweb",)}
