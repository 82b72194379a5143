"""Which server knows a domain: the bundled tables and the rows laid over them."""

import re
import time

import pytest

from monitor.probe.registries import Registries, is_private_endpoint

REGISTRIES = Registries.load()


@pytest.mark.parametrize(
    ("domain", "base"),
    [
        ("parler.com", "https://rdap.verisign.com/com/v1/"),
        ("gab.ai", "https://rdap.identitydigital.services/rdap/"),
        ("example.io", "https://rdap.identitydigital.services/rdap/"),
        ("example.de", "https://rdap.denic.de/"),
        ("example.ch", "https://rdap.nic.ch/"),
        ("example.co.uk", "https://rdap.nominet.uk/uk/"),
        ("EXAMPLE.COM.", "https://rdap.verisign.com/com/v1/"),
        ("example.ru", None),
        ("example.jp", None),
        # The registry of .com knows no third level: it would say "not registered".
        ("example.uk.com", None),
        ("example.invalid", None),
        ("com", None),
        ("", None),
    ],
)
def test_rdap_base(domain: str, base: str | None) -> None:
    assert REGISTRIES.rdap_base(domain) == base


@pytest.mark.parametrize(
    ("domain", "server"),
    [
        ("parler.com", ("whois.verisign-grs.com", 43)),
        ("example.ru", ("whois.tcinet.ru", 43)),
        ("example.com.ru", ("whois.nic.ru", 43)),
        ("example.co.jp", ("whois.jprs.jp", 43)),
        ("example.uk.com", ("whois.centralnic.com", 43)),
        ("example.xn--p1ai", ("whois.tcinet.ru", 43)),
        # Known-wrong rows of other tables, and servers that were switched off.
        ("example.madrid", None),
        ("example.bz", None),
        ("example.io", None),
        ("example.info", None),
    ],
)
def test_whois_server(domain: str, server: tuple[str, int] | None) -> None:
    assert REGISTRIES.whois_server(domain) == server


def test_every_bundled_row_can_be_used() -> None:
    assert len(REGISTRIES.rdap) > 1200
    assert len(REGISTRIES.whois) > 250
    for suffix, url in REGISTRIES.rdap.items():
        assert re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?/(\S*/)?", url), (suffix, url)
        assert REGISTRIES.rdap_base(f"example.{suffix}") == url
    for suffix in REGISTRIES.whois:
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)?", suffix)
        host, port = REGISTRIES.whois_server(f"example.{suffix}") or ("", 0)
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host), (suffix, host)
        assert port == 43


def test_overrides() -> None:
    registries = Registries.load(
        rdap={"com": "https://rdap.example/x", "io": "", ".РФ": "https://rdap.example/"},
        whois={"ru": "127.0.0.1:4343", "com": "", "de": "[::1]:43", "co.ru": "whois.example"},
    )
    assert registries.rdap_base("a.com") == "https://rdap.example/x/"
    assert registries.rdap_base("a.xn--p1ai") == "https://rdap.example/"
    assert (registries.rdap_base("a.io"), registries.whois_server("a.com")) == (None, None)
    assert registries.whois_server("a.ru") == ("127.0.0.1", 4343)
    assert registries.whois_server("a.de") == ("::1", 43)
    assert registries.whois_server("a.co.ru") == ("whois.example", 43)
    assert registries.whois_server("a.jp") == ("whois.jprs.jp", 43)


@pytest.mark.parametrize(
    ("rdap", "whois"),
    [
        ({"com": "rdap.example"}, {}),
        ({"com": "ftp://rdap.example/"}, {}),
        ({"com": "https:///path"}, {}),
        ({"com": "https://rdap.example/?x=1"}, {}),
        ({}, {"com": "whois.example:0"}),
        ({}, {"com": "whois.example:70000"}),
        ({}, {"com": "whois.example:x"}),
        ({}, {"com": "whois.example/path"}),
        ({}, {"com": "user@whois.example"}),
        ({"x" * 70: "https://rdap.example/"}, {}),
    ],
)
def test_overrides_that_cannot_be_used(rdap: dict[str, str], whois: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Registries.load(rdap=rdap, whois=whois)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("https://127.0.0.1:8443/rdap/", True),
        ("https://[::1]:8443/rdap/", True),
        ("https://rdap.example/", False),
        ("localhost", False),
        ("224.0.0.1", False),
        ("93.184.216.34", False),
    ],
)
def test_private_endpoints(text: str, *, expected: bool) -> None:
    assert is_private_endpoint(text) is expected


def test_a_look_up_is_cheap() -> None:
    start = time.process_time()
    for _ in range(10_000):
        REGISTRIES.rdap_base("example.co.uk")
    assert time.process_time() - start < 1
