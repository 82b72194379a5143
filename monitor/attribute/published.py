"""Ranges that providers publish as theirs: what they say of themselves, so asked before the AS table.

A cloud has space that other networks announce (its regions in China), and a CDN has nodes with
addresses of access networks: there the AS names somebody else, and truthfully so.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from monitor.attribute.networks import PublishedRange, number_of
from monitor.attribute.table_file import PUBLISHED_MAGIC, Columns, TableError, decode, encode, ranges

Prefix = IPv4Network | IPv6Network
Row = tuple[str, str, str, bool]
"""Prefix, provider, service, whether it is an edge."""
_Kind = tuple[str, str, bool]

_MAPPED_BITS: Final = {4: 32, 6: 128}


class PublishedRanges:
    """The ranges in memory (a few MB). The longest prefix wins."""

    PATH: Final = Path(__file__).parent / "data" / "published-ranges.bin"
    """The snapshot that ships with this package (see data/NOTICE.md)."""

    def __init__(self, columns: Columns) -> None:
        self.edition = columns.edition
        self.size = len(columns.v4_starts) + len(columns.v6_starts)
        self._starts = (columns.v4_starts, columns.v6_starts)
        self._owners = (columns.v4_owners, columns.v6_owners)
        self._lengths = columns.numbers
        self._kinds = [_kind(name) for name in columns.names]
        # Made when first asked for: by boundary, since that is what decides.
        self._met: dict[tuple[bool, int], PublishedRange | None] = {}

    @classmethod
    def bundled(cls) -> "PublishedRanges":
        """Load the snapshot that ships with this package: about 10 ms."""
        return cls._decode(cls.PATH.read_bytes(), "bundled published ranges")

    @classmethod
    def load(cls, path: Path) -> "PublishedRanges":
        """Load a file that `encode_rows` wrote; raises TableError, OSError."""
        return cls._decode(path.read_bytes(), str(path))

    @classmethod
    def of(cls, rows: Iterable[Row], edition: str) -> "PublishedRanges":
        """Build it from `(prefix, provider, service, edge)`; raises TableError for a prefix that is none."""
        return cls(columns_of(rows, edition))

    @classmethod
    def _decode(cls, raw: bytes, where: str) -> "PublishedRanges":
        try:
            return cls(decode(raw, PUBLISHED_MAGIC))
        except TableError as error:
            message = f"{where}: {error}"
            raise TableError(message) from error

    @property
    def providers(self) -> frozenset[str]:
        """Return the ids of all providers."""
        return frozenset(provider for provider, _, _ in self._kinds)

    def rows(self) -> Iterator[Row]:
        """Yield every range once."""
        for v6 in (False, True):
            bits = 128 if v6 else 32
            met: set[tuple[int, int]] = set()
            for start, owner in zip(self._starts[v6], self._owners[v6], strict=True):
                length = self._lengths[owner - 1] if owner else 0
                key = owner, start >> (bits - length)
                if owner and key not in met:
                    met.add(key)
                    found = self._range(v6=v6, value=start, owner=owner)
                    yield found.prefix, found.provider, found.service, found.edge

    def lookup(self, address: str) -> PublishedRange | None:
        """Return the narrowest range that an address lies in; None for none, and for what is no address."""
        number = number_of(address)
        return None if number is None else self.at(*number)

    def at(self, v6: bool, value: int) -> PublishedRange | None:  # noqa: FBT001 - what number_of returned
        """Return the narrowest range that the address with this number lies in."""
        index = bisect_right(self._starts[v6], value) - 1
        owner = self._owners[v6][index]
        if not owner:
            return None
        length = self._lengths[owner - 1]
        bits = 128 if v6 else 32
        key = v6, value >> (bits - length) << 8 | length
        try:
            return self._met[key]
        except KeyError:
            found = self._met[key] = self._range(v6=v6, value=value, owner=owner)
            return found

    def _range(self, *, v6: bool, value: int, owner: int) -> PublishedRange:
        length = self._lengths[owner - 1]
        bits = 128 if v6 else 32
        first = value >> (bits - length) << (bits - length)
        provider, service, edge = self._kinds[owner - 1]
        return PublishedRange(
            provider=provider,
            service=service,
            prefix=f"{IPv6Address(first) if v6 else IPv4Address(first)}/{length}",
            edge=edge,
            source=f"published ranges {self.edition}",
        )


def encode_rows(rows: Iterable[Row], edition: str) -> bytes:
    """Return the file of these ranges; equal rows give equal bytes, whatever their order."""
    return encode(columns_of(rows, edition), PUBLISHED_MAGIC)


def columns_of(rows: Iterable[Row], edition: str) -> Columns:
    """Return the table of these ranges; raises TableError for a prefix that is none.

    Of one provider, a range with a service takes the place of what lies inside it without one. What two
    providers publish in the same words belongs to neither.
    """
    claimed: dict[Prefix, set[_Kind]] = {}
    for prefix, provider, service, edge in rows:
        claimed.setdefault(_prefix(prefix), set()).add((provider, service, edge))
    kept: dict[Prefix, _Kind] = {}
    for network, kinds in claimed.items():
        if len({provider for provider, _, _ in kinds}) == 1:
            kept[network] = max(kinds, key=lambda kind: (kind[2], bool(kind[1]), kind))
    kept = _outermost(kept)
    owners = sorted({(*kind, network.prefixlen) for network, kind in kept.items()})
    number = {owner: index for index, owner in enumerate(owners, 1)}

    def split(version: int) -> tuple[list[int], list[int]]:
        mine = (
            (
                int(network.network_address),
                int(network.broadcast_address),
                number[(*kind, network.prefixlen)],
            )
            for network, kind in kept.items()
            if network.version == version
        )
        return ranges(mine, bits=_MAPPED_BITS[version])

    v4_starts, v4_owners = split(4)
    v6_starts, v6_owners = split(6)
    return Columns(
        edition=edition,
        v4_starts=v4_starts,
        v4_owners=v4_owners,
        v6_starts=v6_starts,
        v6_owners=v6_owners,
        numbers=[length for _, _, _, length in owners],
        names=[f"{provider}|{service}|{'edge' if edge else ''}" for provider, service, edge, _ in owners],
    )


def _outermost(rows: dict[Prefix, _Kind]) -> dict[Prefix, _Kind]:
    """Return the ranges without those that say nothing new inside a wider one of the same provider."""
    kept: dict[Prefix, _Kind] = {}
    around: list[tuple[Prefix, _Kind]] = []
    for network in sorted(rows, key=lambda n: (n.version, int(n.network_address), n.prefixlen)):
        kind = rows[network]
        while around and not _lies_in(network, around[-1][0]):
            around.pop()
        if around:
            wider = around[-1][1]
            if wider[0] == kind[0] and (wider == kind or not kind[1]):
                continue
        kept[network] = kind
        around.append((network, kind))
    return kept


def _lies_in(network: Prefix, wider: Prefix) -> bool:
    same = network.version == wider.version
    return same and int(network.broadcast_address) <= int(wider.broadcast_address)


def _kind(name: str) -> _Kind:
    try:
        provider, service, edge = name.split("|")
    except ValueError as error:
        message = f"{name!r} names no provider, service and edge"
        raise TableError(message) from error
    return provider, service, edge == "edge"


def _prefix(text: str) -> Prefix:
    try:
        return ip_network(text)
    except ValueError as error:
        message = f"{text!r} is no prefix: {error}"
        raise TableError(message) from error
