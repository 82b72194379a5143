"""Domain names as people write them."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.names import Names, Site, parse_host, parse_page
from monitor.config.wording import MisfitError

T = TypeVar("T")
R = TypeVar("R")


@pytest.fixture(scope="module")
def names() -> Names:
    return Names()


@pytest.mark.parametrize(
    ("text", "host", "domain", "url"),
    [
        ("parler.com", "parler.com", "parler.com", None),
        ("  Parler.COM. ", "parler.com", "parler.com", None),
        ("\ufeffparler.com\u200b", "parler.com", "parler.com", None),
        ("www.parler.com", "www.parler.com", "parler.com", None),
        ("bbc.co.uk", "bbc.co.uk", "bbc.co.uk", None),
        ("www.bbc.co.uk", "www.bbc.co.uk", "bbc.co.uk", None),
        ("www.city.kawasaki.jp", "www.city.kawasaki.jp", "city.kawasaki.jp", None),
        ("www.ck", "www.ck", "www.ck", None),
        ("BÜCHER.de", "xn--bcher-kva.de", "xn--bcher-kva.de", None),
        ("XN--bcher-KVA.de", "xn--bcher-kva.de", "xn--bcher-kva.de", None),
        ("faß.de", "xn--fa-hia.de", "xn--fa-hia.de", None),
        ("example。公司.cn", "example.xn--55qx5d.cn", "example.xn--55qx5d.cn", None),
        ("ｐａｒｌｅｒ．ｃｏｍ", "parler.com", "parler.com", None),  # noqa: RUF001 - full width, as pasted
        ("аpple.com", "xn--pple-43d.com", "xn--pple-43d.com", None),  # noqa: RUF001 - what is written is watched
        ("пример.рф", "xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai", None),
        ("xn--i-7iq.ws", "xn--i-7iq.ws", "xn--i-7iq.ws", None),
        ("shop_1.example.com", "shop_1.example.com", "example.com", None),
        ("3com.com", "3com.com", "3com.com", None),
        ("a.b.c.unknown-tld", "a.b.c.unknown-tld", "c.unknown-tld", None),
        ("site.localhost", "site.localhost", "site.localhost", None),
        ("foo.github.io", "foo.github.io", "github.io", None),
        ("github.io", "github.io", "github.io", None),
        ("https://Parler.com/feed", "parler.com", "parler.com", "https://parler.com/feed"),
        ("HTTP://parler.com", "parler.com", "parler.com", "http://parler.com/"),
        ("parler.com/feed?a=1#top", "parler.com", "parler.com", "https://parler.com/feed?a=1"),
        ("//parler.com/", "parler.com", "parler.com", "https://parler.com/"),
        ("parler.com/@user", "parler.com", "parler.com", "https://parler.com/@user"),
        ("https://parler.com:443/", "parler.com", "parler.com", "https://parler.com/"),
        ("https://parler.com:8443", "parler.com", "parler.com", "https://parler.com:8443/"),
        (
            "https://bücher.de/ü?ü",
            "xn--bcher-kva.de",
            "xn--bcher-kva.de",
            "https://xn--bcher-kva.de/%C3%BC?%C3%BC",
        ),
    ],
)
def test_what_is_accepted(names: Names, text: str, host: str, domain: str, url: str | None) -> None:
    assert names.site(text) == Site(host=host, domain=domain, url=url)


def outcome(parse: Callable[[T], R], value: T) -> R | None:
    """Return what `parse` makes of the value; None: it gives a reason, and raises nothing else."""
    try:
        return parse(value)
    except MisfitError as error:
        reason = str(error)
    assert reason.isprintable()
    return None


@given(st.text(max_size=300))
def test_any_text_is_a_host_or_a_reason(text: str) -> None:
    host = outcome(parse_host, text)
    if host is not None:
        assert host.isascii()
        assert host == host.lower()
        assert parse_host(host) == host
        assert len(host) <= 253


@given(text=st.text(st.sampled_from("abcü.-_:/@?#[]*0x1 %\\\u3002\u200d\u0301ß"), max_size=30))
def test_any_text_is_a_site_or_a_reason(names: Names, text: str) -> None:
    site = outcome(names.site, text)
    if site is not None:
        assert site.host == site.domain or site.host.endswith(f".{site.domain}")
        assert names.site(site.host).host == site.host
        assert site.url is None or names.site(site.url).url == site.url


@given(st.one_of(st.text(max_size=80), st.text(max_size=60).map(lambda text: f"https://example.com{text}")))
def test_any_text_is_a_page_or_a_reason(text: str) -> None:
    page = outcome(parse_page, text)
    if page is not None:
        assert page.url.isascii()
        assert parse_page(page.url) == page
