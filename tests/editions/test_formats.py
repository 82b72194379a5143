"""What publishers write, and what is none of it."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.values import EDITION_SOURCES
from monitor.editions.formats import FORMATS, FormatError, iptoasn, read
from monitor.editions.sources import AS_TABLE, SOURCES, chosen
from monitor.editions.worker import unpacked

GOOD = {
    "aws": (
        {
            "syncToken": "1",
            "createDate": "2026-11-24-00-00-00",
            "prefixes": [{"ip_prefix": "52.84.0.0/15", "region": "GLOBAL", "service": "CLOUDFRONT"}],
            "ipv6_prefixes": [{"ipv6_prefix": "2600:9000::/28", "region": "GLOBAL", "service": "AMAZON"}],
        },
        [("52.84.0.0/15", "CLOUDFRONT"), ("2600:9000::/28", "AMAZON")],
    ),
    "azure": (
        {
            "changeNumber": 1,
            "values": [
                {
                    "name": "AzureFrontDoor.Frontend",
                    "properties": {"region": "", "addressPrefixes": ["13.73.248.8/29", "2603:1030::/48"]},
                }
            ],
        },
        [
            ("13.73.248.8/29", "AZUREFRONTDOOR.FRONTEND"),
            ("2603:1030::/48", "AZUREFRONTDOOR.FRONTEND"),
        ],
    ),
    "fastly": (
        {"addresses": ["23.235.32.0/20"], "ipv6_addresses": ["2a04:4e40::/32"]},
        [("23.235.32.0/20", ""), ("2a04:4e40::/32", "")],
    ),
    "gcore": (
        {"addresses": ["92.223.120.1/32"], "addresses_v6": ["2a03:90c0::1/128"]},
        [("92.223.120.1/32", ""), ("2a03:90c0::1/128", "")],
    ),
    "github": (
        {
            "verifiable_password_authentication": False,
            "ssh_keys": ["ssh-ed25519 AAAA"],
            "web": ["192.30.252.0/22"],
            "pages": ["185.199.108.0/22"],
            "actions": ["4.148.0.0/16"],
            "domains": {"website": ["*.github.com"]},
        },
        [("192.30.252.0/22", ""), ("185.199.108.0/22", "")],
    ),
    "google": (
        {
            "prefixes": [
                {"ipv4Prefix": "34.1.0.0/20", "service": "Google Cloud"},
                {"ipv6Prefix": "2600:1900::/35"},
            ]
        },
        [("34.1.0.0/20", ""), ("2600:1900::/35", "")],
    ),
    "imperva": (
        {"ipRanges": ["45.60.0.0/16"], "ipv6Ranges": ["2a02:e980::/29"], "res": 0, "res_message": "OK"},
        [("45.60.0.0/16", ""), ("2a02:e980::/29", "")],
    ),
    "oracle": (
        {"regions": [{"region": "eu-zurich-1", "cidrs": [{"cidr": "140.238.160.0/19", "tags": ["OCI"]}]}]},
        [("140.238.160.0/19", "")],
    ),
    "zscaler": (
        {
            "zscaler.net": {
                "continent : EMEA": {
                    "city : Zurich": [
                        {"range": "147.161.246.0/23", "vpn": "", "gre": "", "hostname": ""},
                        {"range": "", "hostname": "zurich.sme.zscaler.net"},
                    ]
                }
            }
        },
        [("147.161.246.0/23", "")],
    ),
}
TEXTS = {
    "lines": ("173.245.48.0/20\n2400:cb00::/32\n", [("173.245.48.0/20", ""), ("2400:cb00::/32", "")]),
    "geofeed": (
        "# a comment\n24.144.64.0/22,US,US-CA,San Francisco,94124\n2604:a880::/32,US,,,\n",
        [("24.144.64.0/22", ""), ("2604:a880::/32", "")],
    ),
}
IPTOASN = (
    "1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUDFLARENET\r\n"
    "1.0.1.0\t1.0.3.255\t0\tNone\tNot routed\n"
    "2606:4700::\t2606:4700:ffff:ffff:ffff:ffff:ffff:ffff\t13335\tUS\tCLOUD\x85FLARE\tNET\n"
)


@pytest.mark.parametrize("form", GOOD)
def test_a_list_of_json_is_read(form: str) -> None:
    document, expected = GOOD[form]
    assert read(form, json.dumps(document).encode()) == expected


@pytest.mark.parametrize("form", TEXTS)
def test_a_list_of_lines_is_read(form: str) -> None:
    text, expected = TEXTS[form]
    assert read(form, text.encode()) == expected


def test_the_hubs_of_zscaler_are_another_shape() -> None:
    raw = json.dumps({"cloudName": "zscaler.net", "hubPrefixes": ["8.25.203.0/24"]}).encode()
    assert read("zscaler", raw) == [("8.25.203.0/24", "")]


def test_every_format_has_an_example_and_every_source_a_format() -> None:
    assert set(GOOD) | set(TEXTS) == set(FORMATS)
    assert {source.format for name, source in SOURCES.items() if name != AS_TABLE} == set(FORMATS)
    assert set(SOURCES) == set(EDITION_SOURCES)


NO_LISTS = [
    b"",
    b"<!DOCTYPE html><html><body>Sign in to the network</body></html>",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b"{" * 100_000,
    b'{"prefixes": [1], "addresses": [1], "regions": [1], "values": [1], "ipRanges": [1], "web": [1]}',
    b'{"prefixes": {}, "addresses": {}, "regions": {}, "values": {}, "ipRanges": {}, "web": {}, "x": 5}',
    (
        b'{"prefixes": [{"ip_prefix": "x", "ipv4Prefix": "x", "service": "S"}], "ipv6_prefixes": [], '
        b'"addresses": ["x"], "addresses_v6": [], "ipv6_addresses": [], "ipRanges": ["x"], "ipv6Ranges": [], '
        b'"regions": [{"cidrs": [{"cidr": "x"}]}], "web": ["x"], "hubPrefixes": ["x"], '
        b'"values": [{"name": "n", "properties": {"addressPrefixes": ["x"]}}]}'
    ),
    b'{"values": [{"name": "n"}], "a": {"b": {"c": 1}}}',
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("raw", NO_LISTS, ids=range(len(NO_LISTS)))
def test_what_is_no_list_is_refused(form: str, raw: bytes) -> None:
    with pytest.raises(FormatError):
        read(form, raw)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(FORMATS)))
def test_no_bytes_break_a_reader(raw: bytes, form: str) -> None:
    try:
        rows = read(form, raw)
    except FormatError:
        return
    assert rows


def test_an_as_table_is_read_as_numbers() -> None:
    v4, v6 = iptoasn(IPTOASN.encode())
    assert v4 == [(1 << 24, (1 << 24) + 255, 13335, "CLOUDFLARENET")]
    assert v6 == [(0x26064700 << 96, (0x26064701 << 96) - 1, 13335, "CLOUD FLARE NET")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "1.0.0.0\t1.0.0.255\t13335\tUS\n",
        "1.0.0.9\t1.0.0.1\t13335\tUS\tX\n",
        "1.0.0.0\t2606::\t13335\tUS\tX\n",
        "1.0.0.0\t1.0.0.255\t-1\tUS\tX\n",
        "1.0.0.0\t1.0.0.255\t4294967296\tUS\tX\n",
        "1.0.0.0\t1.0.0.255\t13335\tUS\tX\n",  # no IPv6 at all
        IPTOASN + "1.0.4",  # cut in the middle of a line
    ],
)
def test_what_is_no_as_table_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        iptoasn(text.encode())


def test_a_packed_file_is_unpacked_up_to_a_limit() -> None:
    packed = gzip.compress(b"x" * 1000)
    assert unpacked(packed, 1000) == b"x" * 1000
    assert unpacked(b"plain", 5) == b"plain"
    for raw, most in ((packed, 999), (b"plain", 4), (packed[:-4], 1000), (packed[:2] + b"\0\0", 1000)):
        with pytest.raises(FormatError):
            unpacked(raw, most)


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(FormatError, match="unpacks to more than 1000000 bytes"):
        unpacked(gzip.compress(bytes(500 << 20), 9), 1_000_000)


def test_sources_are_chosen_by_name_and_their_addresses_replaced() -> None:
    assert "azure" not in chosen(None, {})
    assert set(chosen(None, {})) == set(SOURCES) - {"azure"}
    assert chosen(("aws",), {"aws": ("https://mirror.example/aws",)})["aws"].urls == (
        "https://mirror.example/aws",
    )
    assert chosen(("azure",), {}) == {}
    assert chosen(None, {"azure": ("https://mirror.example/azure",)})["azure"].format == "azure"
