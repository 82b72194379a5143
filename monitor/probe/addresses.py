"""Which addresses a probe must not connect to.

What a target's DNS or redirects say is network input: it may point at the cloud's metadata
service or at a printer in the next room. The tables are the IANA special-purpose address
registries (RFC 6890 and its successors, https://www.iana.org/assignments/iana-ipv4-special-registry/
and https://www.iana.org/assignments/iana-ipv6-special-registry/), plus what the standard library's
`ipaddress` calls global and still does not lead to one host on the internet: multicast, and IPv6
addresses that carry an IPv4 address inside.
"""

import socket
from bisect import bisect_right
from functools import lru_cache
from ipaddress import ip_network
from typing import Final

# (network, what it is, whether `allow_private` opens it)
_IPV4: Final = (
    ("0.0.0.0/8", "this host", False),
    ("10.0.0.0/8", "private", True),
    ("100.64.0.0/10", "shared by a carrier's customers", True),
    ("127.0.0.0/8", "loopback", True),
    ("169.254.0.0/16", "link-local", True),
    ("172.16.0.0/12", "private", True),
    ("192.0.0.0/24", "protocol assignments", False),
    ("192.0.2.0/24", "documentation", True),
    ("192.88.99.0/24", "6to4 relay", False),
    ("192.168.0.0/16", "private", True),
    ("198.18.0.0/15", "benchmarking", True),
    ("198.51.100.0/24", "documentation", True),
    ("203.0.113.0/24", "documentation", True),
    ("224.0.0.0/4", "multicast", False),
    ("240.0.0.0/4", "reserved", False),
)
_IPV6: Final = (
    ("::/128", "unspecified", False),
    ("::1/128", "loopback", True),
    ("64:ff9b:1::/48", "local-use translation", True),
    ("100::/64", "discard-only", False),
    ("100:0:0:1::/64", "dummy prefix", False),
    ("2001::/23", "protocol assignments", False),
    ("2001:db8::/32", "documentation", True),
    ("3fff::/20", "documentation", True),
    ("5f00::/16", "segment routing", False),
    ("fc00::/7", "unique local", True),
    ("fe80::/10", "link-local", True),
    ("fec0::/10", "site-local", True),
    ("ff00::/8", "multicast", False),
)
# Where an IPv4 address hides in an IPv6 one: (network, bits to the right of the IPv4 address).
_CARRIES_IPV4: Final = (
    ("::/96", 0),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    ("::ffff:0:0/96", 0),  # IPv4-mapped: the kernel connects to the IPv4 address
    ("::ffff:0:0:0/96", 0),  # IPv4-translated, RFC 7915
    ("64:ff9b::/96", 0),  # NAT64, RFC 6052
    ("2002::/16", 80),  # 6to4, RFC 3056
)

_Row = tuple[int, int, str, bool]


def _rows(table: tuple[tuple[str, str, bool], ...]) -> tuple[_Row, ...]:
    networks = ((ip_network(network), kind, opens) for network, kind, opens in table)
    return tuple(sorted((int(n[0]), int(n[-1]), kind, opens) for n, kind, opens in networks))


_ROWS4: Final = _rows(_IPV4)
_ROWS6: Final = _rows(_IPV6)
_STARTS4: Final = tuple(row[0] for row in _ROWS4)
_STARTS6: Final = tuple(row[0] for row in _ROWS6)
_CARRIERS: Final = tuple((int(ip_network(n)[0]), int(ip_network(n)[-1]), shift) for n, shift in _CARRIES_IPV4)


def _row(number: int, starts: tuple[int, ...], rows: tuple[_Row, ...]) -> _Row | None:
    index = bisect_right(starts, number) - 1
    return rows[index] if index >= 0 and number <= rows[index][1] else None


def _row6(number: int) -> _Row | None:
    found = _row(number, _STARTS6, _ROWS6)
    if found:
        return found
    for low, high, shift in _CARRIERS:
        if low <= number <= high:
            return _row((number >> shift) & 0xFFFF_FFFF, _STARTS4, _ROWS4)
    return None


@lru_cache(maxsize=8192)
def forbidden(address: str, *, allow_private: bool = False) -> str | None:
    """Return what makes `address` one not to connect to, or None when it is fine.

    `allow_private` opens what a private network may use; multicast, reserved and unspecified
    addresses stay closed. Anything but one canonical IP address, such as `127.1` or a scoped
    `fe80::1%eth0`, is refused.
    """
    try:
        if ":" in address:
            found = _row6(int.from_bytes(socket.inet_pton(socket.AF_INET6, address), "big"))
        else:
            packed = socket.inet_pton(socket.AF_INET, address)
            found = _row(int.from_bytes(packed, "big"), _STARTS4, _ROWS4)
    except (OSError, ValueError):
        return "not an IP address"
    if found is None or (allow_private and found[3]):
        return None
    return found[2]
