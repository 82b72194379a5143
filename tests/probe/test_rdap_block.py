"""Who holds a block, read from what a registry says over RDAP."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.failure import Failure
from monitor.probe.error import ProbeError
from monitor.probe.rdap_block import AddressRegistries, block_url, read_block


@dataclass(frozen=True, slots=True)
class Said:
    """What a registry answered."""

    status: int = 200
    body: bytes = b""
    truncated: bool = False


def record(**changes: object) -> dict[str, Any]:
    """Return a record as the registries of addresses write it."""
    found = {
        "objectClassName": "ip network",
        "handle": "198.51.100.0 - 198.51.100.255",
        "startAddress": "198.51.100.0",
        "endAddress": "198.51.100.255",
        "ipVersion": "v4",
        "name": "EXAMPLE-NET",
        "entities": [
            {"roles": ["abuse"], "vcardArray": ["vcard", [["fn", {}, "text", "Abuse Desk"]]]},
            {
                "roles": ["registrant"],
                "vcardArray": [
                    "vcard",
                    [["version", {}, "text", "4.0"], ["fn", {}, "text", " Example\x00 Ltd "]],
                ],
            },
        ],
    }
    return found | changes


def said(**changes: object) -> Said:
    return Said(body=json.dumps(record(**changes)).encode())


def test_the_registrant_holds_the_block() -> None:
    held = read_block("198.51.100.7", said())
    assert held.prefix == "198.51.100.0/24"
    assert held.holder.startswith("Example")
    assert "\x00" not in held.holder


def test_a_zone_id_is_free_text_and_no_part_of_an_address() -> None:
    hostile = "2001:db8::%" + "x\x1b\n" * 1000
    with pytest.raises(ProbeError) as caught:
        read_block("2001:db8::7", said(startAddress=hostile, endAddress="2001:db8::ffff"))
    assert caught.value.failure is Failure.REGISTRATION_UNPARSABLE


def test_without_a_registrant_the_registrys_own_name_stands() -> None:
    assert read_block("198.51.100.7", said(entities=[])).holder == "EXAMPLE-NET"
    assert read_block("198.51.100.7", said(entities=[], name=None)).holder == "198.51.100.0 - 198.51.100.255"


def test_a_block_of_ipv6_and_one_that_is_no_prefix() -> None:
    six = said(startAddress="2001:db8::", endAddress="2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", ipVersion="v6")
    assert read_block("2001:db8::1", six).prefix == "2001:db8::/32"
    odd = said(startAddress="198.51.100.0", endAddress="198.51.100.9")
    assert read_block("198.51.100.9", odd).prefix == "198.51.100.0 - 198.51.100.9"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Said(status=429), Failure.REGISTRATION_LIMITED),
        (Said(status=403), Failure.REGISTRATION_LIMITED),
        (Said(status=500), Failure.REGISTRATION_UNREACHABLE),
        (Said(status=302), Failure.REGISTRATION_UNREACHABLE),
        (Said(status=404), Failure.REGISTRATION_UNPARSABLE),
        (Said(body=b"<html>"), Failure.REGISTRATION_UNPARSABLE),
        (Said(body=b"[]"), Failure.REGISTRATION_UNPARSABLE),
        (Said(body=b"[" * 100_000), Failure.REGISTRATION_UNPARSABLE),
        (Said(body=said().body, truncated=True), Failure.REGISTRATION_UNPARSABLE),
        (said(startAddress="198.51.100.8"), Failure.REGISTRATION_UNPARSABLE),
        (said(endAddress="198.51.100.6"), Failure.REGISTRATION_UNPARSABLE),
        (said(startAddress="2001:db8::"), Failure.REGISTRATION_UNPARSABLE),
        (said(startAddress=5), Failure.REGISTRATION_UNPARSABLE),
        (said(startAddress="0.0.0.0", endAddress="255.255.255.255"), Failure.REGISTRATION_UNPARSABLE),
        (said(startAddress="198.0.0.0", endAddress="199.255.255.255"), Failure.REGISTRATION_UNPARSABLE),
        (said(entities=5, name=5, handle=5), Failure.REGISTRATION_UNPARSABLE),
    ],
)
def test_what_names_nobody_is_a_failure(answer: Said, failure: Failure) -> None:
    with pytest.raises(ProbeError) as caught:
        read_block("198.51.100.7", answer)
    assert caught.value.failure is failure


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
        max_leaves=20,
    ),
    st.sampled_from(["entities", "startAddress", "endAddress", "name", "handle"]),
)
def test_any_value_may_have_any_type(value: object, key: str) -> None:
    try:
        held = read_block("198.51.100.7", said(**{key: value}))
    except ProbeError:
        return
    assert held.holder


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("193.0.6.139", "https://rdap.db.ripe.net/"),
        ("8.8.8.8", "https://rdap.arin.net/registry/"),
        ("1.1.1.1", "https://rdap.apnic.net/"),
        ("200.160.2.3", "https://rdap.lacnic.net/rdap/"),
        ("196.216.2.6", "https://rdap.afrinic.net/rdap/"),
        ("2001:67c:2e8::1", "https://rdap.db.ripe.net/"),
        ("2800:1::1", "https://rdap.lacnic.net/rdap/"),
        ("10.0.0.1", None),
        ("224.0.0.1", None),
        ("::1", None),
        ("fe80::1", None),
        ("no address", None),
    ],
)
def test_the_bundled_table_knows_who_to_ask(address: str, server: str | None) -> None:
    assert AddressRegistries.bundled().base(address) == server


def test_the_question_is_as_the_rfc_has_it() -> None:
    assert block_url("https://rdap.example/", "2001:db8::1") == "https://rdap.example/ip/2001:db8::1"
