import re
from pathlib import Path

import pytest

from monitor.attribute import Catalog, CatalogError, Entry, Kind
from monitor.model import Provider

EDITION = 'edition = 2026-11-21\n[sources.x]\nwhat = "a list"\n'
GOOD = 'name = "One"\nkinds = ["dns"]\nsources = ["x"]\n'


def folder(path: Path, **files: str) -> Path:
    for name, text in {"edition": EDITION, **files}.items():
        (path / f"{name}.toml").write_text(text, encoding="utf-8")
    return path


def entry(key: str, **rows: object) -> Entry:
    provider = Provider(id=key, name=key.title())
    return Entry(provider=provider, where=f"test: [{key}]", kinds=(Kind.DNS,), sources={"x": ()}, **rows)  # type: ignore[arg-type]


def test_the_bundled_catalog_is_large_enough_and_dated(catalog: Catalog) -> None:
    """The loader itself refuses contradictions, so loading is the test of that."""
    assert len(catalog.entries) >= 150
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", catalog.edition)


def test_the_providers_of_the_incidents_are_there(catalog: Catalog) -> None:
    incidents = {"amazon", "epik", "ddos-guard", "skysilk", "cloudflare", "godaddy", "google", "fastly"}
    assert incidents | {"namecheap", "voxility", "markmonitor", "zscaler"} <= set(catalog.entries)


def test_every_bundled_row_finds_its_own_provider(catalog: Catalog) -> None:
    looks = {
        "asns": catalog.by_asn,
        "iana_registrar_ids": catalog.by_registrar_id,
        "registrar_names": catalog.by_registrar_name,
        "ca_orgs": catalog.by_issuer,
        "ns_suffixes": catalog.by_name_server,
        "mx_suffixes": catalog.by_mail_server,
        "cname_suffixes": catalog.by_platform_alias,
        "edge_cname_suffixes": catalog.by_edge_alias,
    }
    for row in catalog.entries.values():
        for field, look in looks.items():
            for value in getattr(row, field):
                match = look(value)  # type: ignore[operator]
                assert match is not None, (row.where, field, value)
                assert match.provider == row.provider, (row.where, field, value)


def test_every_bundled_sign_finds_its_own_provider(catalog: Catalog) -> None:
    for row in catalog.entries.values():
        for sign in row.header_signs:
            name, _, words = sign.partition(": ")
            found = {catalog.signs.rows[n].provider for n in catalog.signs.find(((name, words),))}
            assert row.provider in found, (row.where, sign)


def test_patterns_are_anchored_at_both_ends(catalog: Catalog) -> None:
    """An open pattern would match inside the name of somebody else's server."""
    patterns = [p for row in catalog.entries.values() for p in row.ns_patterns + row.mx_patterns]
    assert patterns
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("ns-123.awsdns-45.co.uk", "amazon"),
        ("ns-2048.awsdns-64.com", "amazon"),
        ("ns-1.awsdns-00.net", "amazon"),
        ("ns-x.awsdns-00.net", None),
        ("ns-1.awsdns-00.net.evil.example", None),
        ("ec2-3-4-5-6.compute-1.amazonaws.com", None),
        ("ns3.epik.com", "epik"),
        ("notepik.com", None),
        ("ns1.epik.com.example.org", None),
        ("dora.ns.cloudflare.com", "cloudflare"),
        ("ns1.ddos-guard.net", "ddos-guard"),
        ("epik.com", "epik"),
        ("com", None),
        ("", None),
        (".", None),
    ],
)
def test_name_servers(catalog: Catalog, host: str, provider: str | None) -> None:
    match = catalog.by_name_server(host)
    assert (match.provider.id if match else None) == provider


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("inbound-smtp.us-east-1.amazonaws.com", "amazon"),
        ("ec2-3-4-5-6.compute-1.amazonaws.com", None),
        ("aspmx.l.google.com", "google"),
        ("alt1.aspmx.l.google.com", "google"),
        ("example-com.mail.protection.outlook.com", "microsoft"),
    ],
)
def test_mail_servers(catalog: Catalog, host: str, provider: str | None) -> None:
    match = catalog.by_mail_server(host)
    assert (match.provider.id if match else None) == provider


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("Epik, Inc.", "epik"),
        ("EPIK LLC", "epik"),
        ("Epik.com", "epik"),
        ("Epikure Domains", None),
        ("101domain GRS Limited", "101domain"),
        ("101domain.com", "101domain"),
        ("Domain.com, LLC", "newfold"),
        ("my-domain.com", None),
        ("sub.domain.com", None),
        ("Name.com, Inc.", "name-com"),
        ("Rename.com", None),
        ("OVH sas", "ovh"),
        ("Covhost", None),
        ("Hover", "hover"),
        ("Hoverboard Names", None),
        ("Amazon Registrar, Inc.", "amazon"),
        ("Amazonas Registros", None),
        ("GoDaddy.com, LLC", "godaddy"),
        ("Epik for GoDaddy", None),
        ("", None),
    ],
)
def test_registrar_names_match_whole_words_only(catalog: Catalog, name: str, provider: str | None) -> None:
    match = catalog.by_registrar_name(name)
    assert (match.provider.id if match else None) == provider


@pytest.mark.parametrize(
    ("organization", "provider"),
    [
        ("Let's Encrypt", "lets-encrypt"),
        ("DigiCert Inc", "digicert"),
        ("DigiCertified Fakes", None),
        ("Amazon", "amazon"),
        ("Not Amazon", None),
        ("TAIWAN-CA", "twca"),
    ],
)
def test_issuers_match_from_the_start(catalog: Catalog, organization: str, provider: str | None) -> None:
    match = catalog.by_issuer(organization)
    assert (match.provider.id if match else None) == provider


def test_a_registrar_id_of_epik(catalog: Catalog) -> None:
    match = catalog.by_registrar_id(617)
    assert match is not None
    assert (match.provider.id, match.rule) == ("epik", "IANA registrar id 617")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("AS13335", {"cloudflare": "AS13335"}),
        ("as57724", {"ddos-guard": "AS57724"}),
        ("iana-617", {"epik": "IANA registrar id 617"}),
        ("617", {"epik": "IANA registrar id 617"}),
        ("NS3.EPIK.COM.", {"epik": "ns_suffix epik.com"}),
        ("d111.cloudfront.net", {"amazon": "edge_cname_suffix cloudfront.net"}),
        ("x.herokuapp.com", {"heroku": "cname_suffix herokuapp.com"}),
        ("ddos-guard", {"ddos-guard": "id ddos-guard"}),
        ("Let's Encrypt", {"lets-encrypt": "id lets-encrypt"}),
        ("99999999999999999999", {}),
        ("²", {}),
        ("", {}),
        ("nobody.example", {}),
    ],
)
def test_find_takes_a_value_of_any_kind(catalog: Catalog, value: str, found: dict[str, str]) -> None:
    rules = [(match.provider.id, match.rule) for match in catalog.find(value)]
    assert {provider for provider, _ in rules} == set(found)
    assert set(found.items()) <= set(rules)
    assert rules == sorted(rules)


def test_the_longest_suffix_wins() -> None:
    catalog = Catalog(
        [
            entry("wide", ns_suffixes=("dns.example",)),
            entry("narrow", ns_suffixes=("eu.dns.example",), parent="wide"),
        ],
        "e",
    )
    for host, provider in {
        "a.eu.dns.example": "narrow",
        "eu.dns.example": "narrow",
        "a.dns.example": "wide",
    }.items():
        match = catalog.by_name_server(host)
        assert match is not None
        assert match.provider.id == provider


@pytest.mark.parametrize(
    "rows",
    [
        {"asns": (64500,)},
        {"iana_registrar_ids": (1,)},
        {"ns_suffixes": ("a.example",)},
        {"cname_suffixes": ("a.example",)},
        {"edge_cname_suffixes": ("a.example",)},
        {"mx_suffixes": ("a.example",)},
        {"registrar_names": ("one",)},
        {"ca_orgs": ("One",)},
    ],
    ids=lambda rows: next(iter(rows)),
)
def test_two_providers_cannot_claim_the_same(rows: dict[str, tuple[object, ...]]) -> None:
    field, (value,) = next(iter(rows.items()))
    shown = str(value).lower() if field == "ca_orgs" else value
    message = re.escape(f"test: [two]: {field}: {shown} is claimed by test: [one], too")
    with pytest.raises(CatalogError, match=message):
        Catalog([entry("one", **rows), entry("two", **rows)], "e")


def test_an_id_stands_in_one_file_only(tmp_path: Path) -> None:
    text = f"[one]\n{GOOD}asns = [1]\n"
    path = folder(tmp_path, a=text, b=text.replace("[1]", "[2]"))
    with pytest.raises(CatalogError, match=r"b\.toml: \[one\]: the id stands in a\.toml: \[one\], too"):
        Catalog.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one = 1", "a.toml: [one]: expected a table"),
        ("[One]", "a.toml: [One]: an id is lower-case letters, digits and single hyphens"),
        ("[as13335]", "a.toml: [as13335]: an id is lower-case letters, digits and single hyphens"),
        ("[iana-617]", "a.toml: [iana-617]: an id is lower-case letters, digits and single hyphens"),
        ('["epik.com"]', "a.toml: [epik.com]: an id is lower-case letters, digits and single hyphens"),
        ("[one]\nkind = 1", "a.toml: [one]: unknown key 'kind'"),
        ("[one]", "a.toml: [one]: name: expected a text"),
        ('[one]\nname = " "', "a.toml: [one]: name: expected a text"),
        (f"[one]\n{GOOD}", "a.toml: [one]: no fact to recognise it by"),
        (f"[one]\n{GOOD}asns = []", "a.toml: [one]: asns: expected a list that is not empty"),
        (f'[one]\n{GOOD}asns = ["1"]', "a.toml: [one]: asns: '1' is not a number above 0"),
        (f"[one]\n{GOOD}asns = [true]", "a.toml: [one]: asns: True is not a number above 0"),
        (f"[one]\n{GOOD}asns = [-1]", "a.toml: [one]: asns: -1 is not a number above 0"),
        (f"[one]\n{GOOD}asns = [1, 1]", "a.toml: [one]: asns: something stands there twice"),
        (
            f'[one]\n{GOOD}ns_suffixes = [".a.example"]',
            "a.toml: [one]: ns_suffixes: '.a.example' is not a lower-case domain without a leading dot",
        ),
        (f"[one]\n{GOOD}ns_suffixes = [1]", "a.toml: [one]: ns_suffixes: 1 is not a text"),
        (
            f'[one]\n{GOOD}registrar_names = ["One"]',
            "a.toml: [one]: registrar_names: 'One' is not in lower case",
        ),
        (f"[one]\n{GOOD}edge_network = 1\nasns = [1]", "a.toml: [one]: edge_network: expected true or false"),
        (
            '[one]\nname = "One"\nkinds = ["dns"]\nasns = [1]',
            "a.toml: [one]: sources: a provider needs at least one",
        ),
        (
            '[one]\nname = "One"\nkinds = ["dns"]\nasns = [1]\nsources = ["y"]',
            "a.toml: [one]: sources: 'y' is not in edition.toml",
        ),
        (
            '[one]\nname = "One"\nkinds = ["cdn"]\nasns = [1]\nsources = ["x"]',
            (
                "a.toml: [one]: kinds: 'cdn' is none of registrar, dns, network, edge, mail, ca, parking, "
                "seizure"
            ),
        ),
        (
            '[one]\nname = "One"\nasns = [1]\nsources = ["x"]',
            "a.toml: [one]: kinds: expected a list that is not empty",
        ),
    ],
)
def test_mistakes_are_named_with_file_table_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatalogError) as caught:
        Catalog.load(folder(tmp_path, a=text))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": "[one"}, r"a\.toml: not TOML: "),
        ({"a": f"[one]\n{GOOD}ns_patterns = ['(']"}, r"ns_patterns: '\(' is no regular expression: "),
        ({"edition": "edition = 1"}, r"edition\.toml: edition: expected a date"),
        ({"edition": "edition = 2026-11-21"}, r"edition\.toml: sources: expected a table of sources"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        Catalog.load(folder(tmp_path, **files))


def test_a_folder_without_an_edition_is_no_catalog(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"edition\.toml: is missing"):
        Catalog.load(tmp_path)


@pytest.mark.parametrize(
    ("headers", "rules"),
    [
        ((("server", "cloudflare"), ("cf-ray", "8c0-FRA")), ["server: cloudflare", "cf-ray"]),
        ((("server", "cloudflare-nginx"),), ["server: cloudflare"]),
        ((("server", "mycloudflared"),), []),
        ((("server", "ECS (fra/1A2B)"),), ["server: ecs"]),
        ((("server", "Specs/1.0"),), []),
        ((("x-served-by", "cache-fra-1234-FRA"),), ["x-served-by: cache-"]),
        ((("via", "1.1 abc.cloudfront.net (CloudFront)"),), ["via: (cloudfront)"]),
        ((("x-hacker", "want a job? join.a8c.com/viphacker"),), ["x-hacker: join.a8c.com/viphacker"]),
        ((("x-hacker", "want a job? join.a8c.com"),), ["x-hacker: join.a8c.com"]),
        ((("server", "nginx"),), []),
        ((("server", "x" * 5000 + " cloudflare"),), []),
        ((), []),
    ],
)
def test_header_signs(catalog: Catalog, headers: tuple[tuple[str, str], ...], rules: list[str]) -> None:
    found = [catalog.signs.rows[number].rule for number in catalog.signs.find(headers)]
    assert found == [f"header_sign {rule}" for rule in rules]
