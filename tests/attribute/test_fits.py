"""What a value of any kind shows, as `providers match` answers."""

import pytest

from monitor.attribute import AsTable, Catalog
from monitor.attribute.fits import fits

TABLE = AsTable.of(
    [
        ("198.51.100.0/24", 13335, "CLOUDFLARENET"),
        ("192.0.2.0/24", 64500, "EVIL\x1b[2J"),
        ("2001:db8::/32", 16509, "A"),
    ],
    "2026-06-17",
)


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        ("AS13335", ("cloudflare", "AS13335")),
        (" as13335 ", ("cloudflare", "AS13335")),
        ("617", ("epik", "IANA registrar id 617")),
        ("ns3.epik.com.", ("epik", "ns_suffix epik.com")),
        ("Epik, LLC", ("epik", "registrar_name epik")),
        ("DigiCert Inc", ("digicert", "ca_org DigiCert")),
        ("Server: cloudflare", ("cloudflare", "header_sign server: cloudflare")),
        ("Server:   CLOUDFLARE", ("cloudflare", "header_sign server: cloudflare")),
        ("CF-RAY: 8c0-FRA", ("cloudflare", "header_sign cf-ray")),
        ("Set-Cookie: incap_ses_12_34=abc; path=/", ("imperva", "cookie_sign incap_ses")),
        ("Server: GitHub.com", ("github", "platform_sign server: github.com")),
        ("198.51.100.7", ("cloudflare", "AS13335")),
        ("::ffff:198.51.100.7", ("cloudflare", "AS13335")),
        ("2001:db8::1", ("amazon", "AS16509")),
    ],
)
def test_a_value_is_found_in_the_catalog(catalog: Catalog, value: str, fit: tuple[str, str]) -> None:
    answer = fits(value, catalog, TABLE)
    assert fit in [(found.provider, found.rule) for found in answer.fits]
    assert answer.called == ()


@pytest.mark.parametrize(
    ("value", "called"),
    [
        ("AS64999", ["as64999"]),
        ("iana-99999", ["iana-99999"]),
        ("64999", ["as64999", "iana-64999"]),
        ("ns1.nobody.example", ["nobody.example"]),
        ("Strange Names, Inc.", ["registrar:strange-names-inc", "ca:strange-names-inc"]),
        ("192.0.2.1", ["as64500"]),
        ("203.0.113.1", []),
        ("Server: mycloudflared", []),
        ("X-Cache: HIT", []),
        ("as0", ["registrar:as0", "ca:as0"]),
        (
            "as99999999999999999999999",
            ["registrar:as99999999999999999999999", "ca:as99999999999999999999999"],
        ),
        ("localhost", ["registrar:localhost", "ca:localhost"]),
        ("", []),
        ("\x00\x1b[2J", ["registrar:2j", "ca:2j"]),
        ("²", ["registrar:2", "ca:2"]),
    ],
)
def test_what_is_unknown_is_said_how_it_would_be_called(
    catalog: Catalog, value: str, called: list[str]
) -> None:
    answer = fits(value, catalog, TABLE)
    assert answer.fits == ()
    assert [one.provider for one in answer.called] == called
    assert all(one.name.isprintable() for one in answer.called)


def test_each_fit_names_its_source_and_who_confirms_it(catalog: Catalog) -> None:
    (fit,) = fits("AS394456", catalog, TABLE).fits
    assert (fit.source, fit.confirmed_by) == (f"catalog {catalog.edition}", ("ip-location-db-asn",))
    (address,) = fits("198.51.100.7", catalog, TABLE).fits
    assert address.source == f"AS table 2026-06-17, catalog {catalog.edition}"
