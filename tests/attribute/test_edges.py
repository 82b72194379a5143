"""CDNs and proxies are recognised by alias, header, cookie and range; what only looks like one is not.

One row for each sign of each of the large ones: what is seen there in the wild, and its look-alike.
"""

import pytest
from attribute.test_attributor import dns, http, shown

from monitor.attribute import Atlas, Attributor, Catalog
from monitor.probe.http import kept_headers


@pytest.fixture(scope="module")
def today(catalog: Catalog) -> Attributor:
    """With the bundled tables: ranges that providers publish, and the AS table."""
    return Attributor(catalog, Atlas.bundled())


ALIASES = [
    ("www.example.com.cdn.cloudflare.net", "cloudflare"),
    ("d111111abcdef8.cloudfront.net", "amazon"),
    ("prod.example.map.fastly.net", "fastly"),
    ("dualstack.j.sni.global.fastly.net", "fastly"),
    ("www.example.com.edgekey.net", "akamai"),
    ("e1234.dscb.akamaiedge.net", "akamai"),
    ("www.example.com.edgesuite.net", "akamai"),
    ("abc123.x.incapdns.net", "imperva"),
    ("cname.vercel-dns.com", "vercel"),
    ("example.netlify.app", "netlify"),
    ("example-abc.z01.azurefd.net", "microsoft"),
    ("example.azureedge.net", "microsoft"),
    ("example.b-cdn.net", "bunny"),
    ("example.stackpathdns.com", "stackpath"),
    ("cds.a1b2.hwcdn.net", "stackpath"),
    ("wpc.1234.edgecastcdn.net", "edgecast"),
    ("example.vo.llnwd.net", "limelight"),
    ("cl-abc.gcdn.co", "gcore"),
    ("example-abcd.kxcdn.com", "keycdn"),
    ("1234567890.rsc.cdn77.org", "datacamp"),
    ("example.qrator.net", "qrator"),
    ("example.cdn.cachefly.net", "cachefly"),
    ("example.fly.dev", "fly-io"),
    ("shops.myshopify.com", "shopify"),
    ("example.wordpress.com", "automattic"),
    ("example.com.cdngslb.com", "alibaba"),
    ("example.cdn20.com", "wangsu"),
]

HEADERS = [
    ("Server", "cloudflare", "cloudflare"),
    ("CF-RAY", "8c0a1b2c3d4e5f60-FRA", "cloudflare"),
    ("Set-Cookie", "__cf_bm=abc; path=/; HttpOnly", "cloudflare"),
    ("X-Amz-Cf-Id", "abc==", "amazon"),
    ("Via", "1.1 0123.cloudfront.net (CloudFront)", "amazon"),
    ("Server", "CloudFront", "amazon"),
    ("X-Served-By", "cache-fra-eddf8230058-FRA", "fastly"),
    ("X-Fastly-Request-ID", "abc", "fastly"),
    ("Server", "AkamaiGHost", "akamai"),
    ("Akamai-GRN", "0.1a2b3c", "akamai"),
    ("Set-Cookie", "ak_bmsc=ABC~1; path=/", "akamai"),
    ("Server", "ddos-guard", "ddos-guard"),
    ("Set-Cookie", "__ddg1_=x; Domain=.parler.com", "ddos-guard"),
    ("Set-Cookie", "__ddg10_=x", "ddos-guard"),
    ("Set-Cookie", "__ddgid_=x", "ddos-guard"),
    ("X-Iinfo", "1-2-3 NNNN CT(0 0 0)", "imperva"),
    ("X-CDN", "Incapsula", "imperva"),
    ("Set-Cookie", "visid_incap_123456=abc", "imperva"),
    ("Set-Cookie", "incap_ses_123_456=abc", "imperva"),
    ("X-Sucuri-ID", "12004", "sucuri"),
    ("Server", "Sucuri/Cloudproxy", "sucuri"),
    ("Server", "Vercel", "vercel"),
    ("X-Vercel-Id", "fra1::abc", "vercel"),
    ("Server", "Netlify", "netlify"),
    ("X-NF-Request-ID", "01H", "netlify"),
    ("X-Azure-Ref", "0t1X+XwAAAADC", "microsoft"),
    ("Via", "1.1 google", "google"),
    ("Server", "BunnyCDN-DE1-1079", "bunny"),
    ("X-HW", "1610000000.cds001.fr8", "stackpath"),
    ("Server", "ECS (fra/1A2B)", "edgecast"),
    ("Server", "keycdn-engine", "keycdn"),
    ("Server", "CDN77-Turbo", "datacamp"),
    ("Server", "QRATOR", "qrator"),
    ("Server", "Variti/0.9.3a", "variti"),
    ("Server", "Fly/abc (2024-01-01)", "fly-io"),
    ("Server", "ArvanCloud", "arvancloud"),
    ("Server", "yunjiasu-nginx", "baidu"),
    ("Host-Header", "WordPress.com", "automattic"),
    ("Powered-By", "Shopify", "shopify"),
    ("X-QC-Pop", "EU-DE-FRA-1", "quic-cloud"),
]

# Addresses that the provider publishes, or that its AS announces; in both families where it has both.
RANGES = [
    (("104.16.1.1", "2606:4700::6810:101"), "cloudflare"),
    (("13.224.0.1", "2600:9000:2000::1"), "amazon"),
    (("151.101.1.69", "2a04:4e42::1"), "fastly"),
    (("23.32.0.1", "2a02:26f0::1"), "akamai"),
    (("45.60.0.1", "2a02:e980::1"), "imperva"),
    (("192.124.249.1",), "sucuri"),
    (("91.215.40.1",), "ddos-guard"),
    (("5.252.32.1",), "stormwall"),
    (("178.248.232.1",), "qrator"),
]


@pytest.mark.parametrize(("host", "provider"), ALIASES)
def test_an_alias_of_a_cdn_makes_the_edge(today: Attributor, host: str, provider: str) -> None:
    found = shown(today.attribute(dns(a=["203.0.113.1"], chain=("www.parler.com", host))))
    assert found["edge"] == (provider,)


@pytest.mark.parametrize(("name", "value", "provider"), HEADERS)
def test_a_header_or_cookie_of_a_cdn_makes_the_edge(
    today: Attributor, name: str, value: str, provider: str
) -> None:
    """As the probe keeps them: lower-case names, of a cookie its name only."""
    kept = kept_headers(((name.lower(), value),))
    assert shown(today.attribute(http(headers=kept)))["edge"] == (provider,)


@pytest.mark.parametrize(("addresses", "provider"), RANGES)
def test_a_range_of_a_cdn_makes_the_edge_in_both_families(
    today: Attributor, addresses: tuple[str, ...], provider: str
) -> None:
    for address in addresses:
        family = {"aaaa": [address]} if ":" in address else {"a": [address]}
        found = shown(today.attribute(dns(**family)))  # type: ignore[arg-type]
        assert (found["edge"], found["network"]) == ((provider,), (provider,)), address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Cache", "HIT"),
        ("X-Cache", "HIT from cloudflare"),
        ("X-Cache-Status", "HIT"),
        ("Via", "1.1 varnish"),
        ("Via", "1.1 googled"),
        ("Via", "1.1 squid.example (squid/5.7)"),
        ("Server", "mycloudflared"),
        ("Server", "nginx"),
        ("Server", "Specs/1.0"),
        ("Server", "not-ddos-guardian"),
        ("Server", "netlifying"),
        ("X-Served-By", "web-01"),
        ("X-Served-By", "mycache-1"),
        ("X-CDN", "Unknown"),
        ("X-Powered-By", "PHP/8.2"),
        ("Set-Cookie", "my__cf_bm=1"),
        ("Set-Cookie", "__cf_bmx=1"),
        ("Set-Cookie", "__ddg100=1"),
        ("Set-Cookie", "session=__cf_bm; path=/"),
        ("Set-Cookie", "ak_bmscx=1"),
        ("Server", "GitHub.com"),
        ("Server", "AmazonS3"),
        ("X-Github-Request-Id", "A:B:C"),
    ],
)
def test_a_look_alike_or_a_hosting_platform_makes_no_edge(today: Attributor, name: str, value: str) -> None:
    kept = kept_headers(((name.lower(), value),))
    assert "edge" not in shown(today.attribute(http(headers=kept)))


@pytest.mark.parametrize(
    "host",
    [
        "example.herokuapp.com",
        "example.github.io",
        "example.azurewebsites.net",
        "ec2-1-2-3-4.compute-1.amazonaws.com",
        "example.eu-west-1.elb.amazonaws.com",
        "ghs.googlehosted.com",
        "example.pages.dev",
        "cloudflare.net.example.org",
        "notcloudfront.net",
        "fastly.net.evil.example",
        "b-cdn.net.",
        "localhost",
    ],
)
def test_an_alias_of_a_host_or_of_a_stranger_makes_no_edge(today: Attributor, host: str) -> None:
    assert "edge" not in shown(today.attribute(dns(a=["203.0.113.1"], chain=(host,))))


def test_the_probe_keeps_every_header_that_a_sign_of_an_edge_needs(catalog: Catalog) -> None:
    """A sign in a header that is thrown away would never be seen."""
    names = {sign.partition(": ")[0] for row in catalog.entries.values() for sign in row.header_signs}
    lost = [name for name in sorted(names) if not kept_headers(((name, "x"),))]
    assert lost == []


def test_the_edge_in_front_leaves_the_network_behind_it_unsaid(today: Attributor) -> None:
    """The network is the proxy's; nothing is said of an origin."""
    found = today.attribute(
        http(address="104.16.1.1", headers=(("server", "cloudflare"), ("x-origin", "192.0.2.7")))
    )
    values = [evidence.value for attribution in found for evidence in attribution.evidence]
    assert "192.0.2.7" not in values
    assert shown(found)["network"] == ("cloudflare",)
