"""Rows of two providers that would take values from each other: each must be declared, or is a mistake."""

import re

import pytest

from monitor.attribute import Catalog, CatalogError, Entry, Kind
from monitor.model import Provider


def entry(key: str, **rows: object) -> Entry:
    provider = Provider(id=key, name=key.title())
    return Entry(provider=provider, where=f"t: [{key}]", kinds=(Kind.DNS,), sources={"x": ()}, **rows)  # type: ignore[arg-type]


CASES = [
    (
        {"ns_suffixes": ("eu.dns.example",)},
        {"ns_suffixes": ("dns.example",)},
        "eu.dns.example lies below dns.example",
    ),
    (
        {"mx_suffixes": ("a.b.mx.example",)},
        {"mx_suffixes": ("mx.example",)},
        "a.b.mx.example lies below mx.example",
    ),
    (
        {"cname_suffixes": ("eu.cdn.example",)},
        {"edge_cname_suffixes": ("cdn.example",)},
        "lies below cdn.example",
    ),
    (
        {"cname_suffixes": ("cdn.example",)},
        {"edge_cname_suffixes": ("cdn.example",)},
        "cdn.example is claimed by",
    ),
    (
        {"registrar_names": ("epik",)},
        {"registrar_names": ("epik holdings",)},
        '"epik" stands in "epik holdings"',
    ),
    ({"registrar_names": ("holdings",)}, {"registrar_names": ("epik holdings",)}, '"holdings" stands in'),
    ({"ca_orgs": ("Trust",)}, {"ca_orgs": ("Trust Us",)}, '"trust" stands in "trust us"'),
    (
        {"header_signs": ("server: edge",)},
        {"header_signs": ("server: edge two",)},
        '"server: edge" is seen wherever',
    ),
    ({"header_signs": ("x-edge",)}, {"header_signs": ("x-edge: two",)}, '"x-edge" is seen wherever'),
    ({"header_signs": ("x-edge",)}, {"platform_signs": ("x-edge: two",)}, '"x-edge" is seen wherever'),
    ({"header_signs": ("set-cookie: __a",)}, {"cookie_signs": ("__a",)}, "is seen wherever"),
    ({"cookie_signs": ("__a",)}, {"cookie_signs": ("__a_b",)}, '"__a" is seen wherever "set-cookie: __a_b"'),
    ({"ns_patterns": (r"^ns\d\.dns\.example$",)}, {"ns_suffixes": ("dns.example",)}, "fits ns1.dns.example"),
    ({"mx_patterns": (r"^mx\.example$",)}, {"mx_suffixes": ("mx.example",)}, "fits mx.example"),
]


@pytest.mark.parametrize(("one", "two", "problem"), CASES)
def test_rows_within_rows_of_another_provider_are_refused(
    one: dict[str, object], two: dict[str, object], problem: str
) -> None:
    for rows in ([entry("one", **one), entry("two", **two)], [entry("two", **two), entry("one", **one)]):
        with pytest.raises(CatalogError, match=re.escape(problem)):
            Catalog(rows, "e")


@pytest.mark.parametrize(("one", "two", "problem"), [case for case in CASES if "claimed" not in case[2]])
def test_between_an_owner_and_what_it_owns_they_are_meant(
    one: dict[str, object], two: dict[str, object], problem: str
) -> None:
    assert problem
    Catalog([entry("one", **one, parent="two"), entry("two", **two)], "e")
    Catalog([entry("one", **one), entry("two", **two, parent="one")], "e")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"ns_suffixes": ("notdns.example",)}, {"ns_suffixes": ("dns.example",)}),
        ({"ns_suffixes": ("eu.dns.example",)}, {"mx_suffixes": ("dns.example",)}),
        ({"registrar_names": ("epik",)}, {"registrar_names": ("epikure", "my-epik")}),
        ({"ca_orgs": ("Trust",)}, {"ca_orgs": ("We Trust",)}),
        ({"header_signs": ("server: edge",)}, {"header_signs": ("server: edges", "via: edge")}),
        ({"cookie_signs": ("__ddg1",)}, {"cookie_signs": ("__ddg10",)}),
        ({"ns_patterns": (r"^ns-\d+\.dns-\d\.example$",)}, {"ns_suffixes": ("dns.example",)}),
    ],
)
def test_what_only_looks_alike_is_no_contradiction(one: dict[str, object], two: dict[str, object]) -> None:
    assert len(Catalog([entry("one", **one), entry("two", **two)], "e").entries) == 2


@pytest.mark.parametrize(
    ("parents", "problem"),
    [
        ({"one": "nobody", "two": None}, "t: [one]: parent: nobody is no provider of the catalog"),
        ({"one": "one", "two": None}, "t: [one]: parent: one → one is a circle"),
        ({"one": "two", "two": "one"}, "t: [one]: parent: one → two → one is a circle"),
    ],
)
def test_owners_are_providers_and_nobody_owns_itself(parents: dict[str, str | None], problem: str) -> None:
    rows = [entry(key, asns=(n,), parent=parent) for n, (key, parent) in enumerate(parents.items(), 64500)]
    with pytest.raises(CatalogError, match=re.escape(problem)):
        Catalog(rows, "e")


def test_owners_are_found_outwards() -> None:
    rows = [entry("a", asns=(1,), parent="b"), entry("b", asns=(2,), parent="c"), entry("c", asns=(3,))]
    catalog = Catalog(rows, "e")
    assert catalog.owners("a") == ("a", "b", "c")
    assert catalog.owners("c") == ("c",)
    assert catalog.owners("as64500") == ("as64500",)


def test_every_bundled_fact_is_confirmed_by_a_source_that_is_described(catalog: Catalog) -> None:
    """The loader refuses a fact without one; here: that each is told, and that there are thousands."""
    facts = [(row, key, value) for row in catalog.entries.values() for key, value in row.facts()]
    assert len(facts) > 1200
    assert all(row.sources_of(key, value) for row, key, value in facts)
    assert catalog.entries["epik"].sources_of("asns", 394456) == ("ip-location-db-asn",)
    assert catalog.entries["cloudflare"].sources_of("edge_cname_suffixes", "cloudflare.net") == (
        "cdnfinder",
        "domainstack",
        "publicsuffix-list",
        "wptagent",
    )
