"""Which addresses are refused; held against the standard library, which knows most of them."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.probe.addresses import forbidden


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.32.0.1", "2606:2800:220:1::1"],
)
def test_the_internet_is_open(address: str) -> None:
    assert forbidden(address) is None


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "shared by a carrier's customers"),
        ("0.0.0.0", "this host"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fd00::1", "unique local"),
        ("fe80::1", "link-local"),
        ("ff02::1", "multicast"),
        ("::127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:0:10.0.0.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b:1::1", "local-use translation"),
        ("2002:7f00:1::", "loopback"),
        ("2002:c0a8:101::1", "private"),
        ("2001::1", "protocol assignments"),
    ],
)
def test_what_is_closed(address: str, what: str) -> None:
    assert forbidden(address) == what


@pytest.mark.parametrize(
    "text", ["", "127.1", "2130706433", "0x7f.0.0.1", "010.0.0.1", "fe80::1%eth0", "www.example", "1.1.1.1\0"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert forbidden(text) == "not an IP address"
    assert forbidden(text, allow_private=True) == "not an IP address"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.1.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_a_target_may_be_allowed_to_be_private(address: str) -> None:
    assert forbidden(address, allow_private=True) is None


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:0.0.0.0"]
)
def test_what_nobody_may_connect_to(address: str) -> None:
    assert forbidden(address, allow_private=True) is not None


# The library calls them global, or does not know them; the registries do not.
STRICTER4 = ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4")
STRICTER6 = ("::/8", "64:ff9b::/96", "100:0:0:1::/64", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16")
STRICTER = tuple(ip_network(network) for network in (*STRICTER4, *STRICTER6, "fec0::/10", "ff00::/8"))


@given(st.ip_addresses())
@example(IPv4Address("198.18.0.1"))
@example(IPv6Address("fe80::1"))
def test_nothing_that_the_library_calls_private_is_open(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global:
        carried = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        assert forbidden(str(address)) or (carried and carried.is_global), address
    elif not any(address in network for network in STRICTER):
        assert forbidden(str(address)) is None


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_by_itself(address: IPv4Address) -> None:
    packed = int(address)
    for carrier in (
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        str(ip_address((0x2002 << 112) | packed << 80)),
    ):
        assert forbidden(carrier) == forbidden(str(address))
