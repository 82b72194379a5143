"""Which autonomous system announces an address: an offline table, no look-up on the network.

A table is a snapshot and carries its edition. Between two editions some 3 % of addresses change
their AS number, so every attribution says which edition it rests on.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final, Protocol

from monitor.attribute.table_file import Columns, TableError, decode, ranges

_MAPPED: Final = 0xFFFF
_LAST_NUMBER: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """An autonomous system. The name is for people: it is never compared."""

    asn: int
    name: str
    source: str = field(default="", compare=False)
    """The table that says so, with its edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRange:
    """A range that a provider publishes as its own."""

    provider: str
    """Id in the catalog."""
    service: str
    """What the provider calls it, such as `CloudFront`; empty: only that it is the provider's."""
    prefix: str
    edge: bool
    """Whether whatever answers from it is a proxy in front of something else."""
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An address block and who holds it, as its registry says: for addresses that no table knows."""

    prefix: str
    organisation: str
    """Own identifier, `net:<words of the name>`."""
    name: str
    source: str = field(default="", compare=False)


Located = Network | PublishedRange | Block


class Networks(Protocol):
    """Anything that knows which network an address belongs to."""

    @property
    def edition(self) -> str:
        """Return the date of the data, or another name for this state of it."""

    def lookup(self, address: str) -> Located | None:
        """Return the network of an address; None when there is none or it is no address."""


def number_of(address: str) -> tuple[bool, int] | None:
    """Return whether an address is IPv6, and its number; None for what is no address.

    An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is the IPv4 address.
    """
    try:
        if ":" not in address:
            return False, int.from_bytes(inet_pton(AF_INET, address), "big")
        value = int.from_bytes(inet_pton(AF_INET6, address), "big")
    except (OSError, ValueError):
        return None
    return (False, value & _LAST_NUMBER) if value >> 32 == _MAPPED else (True, value)


class AsTable:
    """A table of address ranges in memory (about 30 MB for the whole internet)."""

    def __init__(self, columns: Columns) -> None:
        self.edition = columns.edition
        self.size = len(columns.v4_starts) + len(columns.v6_starts)
        """How many boundaries it has, for comparing with another edition."""
        self._v4_starts, self._v4_owners = columns.v4_starts, columns.v4_owners
        self._v6_starts, self._v6_owners = columns.v6_starts, columns.v6_owners
        self._numbers, self._names = columns.numbers, columns.names
        # Made when first asked for: a fleet meets a few hundred of the 90,000 networks.
        self._met: dict[int, Network | None] = {0: None}

    @classmethod
    def bundled(cls) -> "AsTable":
        """Load the snapshot that ships with this package (see data/NOTICE.md): about 0.3 s."""
        return cls._decode((files(__package__) / "data" / "as-table.bin").read_bytes(), "bundled AS table")

    @classmethod
    def load(cls, path: Path) -> "AsTable":
        """Load a file that `monitor.attribute.build_as_table` wrote; raises TableError, OSError."""
        return cls._decode(path.read_bytes(), str(path))

    @classmethod
    def of(cls, rows: Iterable[tuple[str, int, str]], edition: str) -> "AsTable":
        """Build a table from `(prefix, AS number, name)`; the longest matching prefix wins.

        Raises TableError for a prefix that is none (host bits set, too) or stands there twice.
        """
        named: dict[int, str] = {}
        announced: dict[IPv4Network | IPv6Network, int] = {}
        for prefix, asn, name in rows:
            network = _prefix(prefix)
            if network in announced:
                message = f"{prefix}: stands in the table twice"
                raise TableError(message)
            if not 0 < asn <= _LAST_NUMBER:
                message = f"{prefix}: {asn} is no AS number"
                raise TableError(message)
            announced[network] = asn
            named.setdefault(asn, name)
        return cls(_columns(announced, named, edition))

    @classmethod
    def _decode(cls, raw: bytes, where: str) -> "AsTable":
        try:
            return cls(decode(raw))
        except TableError as error:
            message = f"{where}: {error}"
            raise TableError(message) from error

    def lookup(self, address: str) -> Network | None:
        """Return the network that announces `address`; None for none, and for what is no address."""
        number = number_of(address)
        return None if number is None else self.at(*number)

    def at(self, v6: bool, value: int) -> Network | None:  # noqa: FBT001 - what number_of returned
        """Return the network that announces the address with this number."""
        if v6:
            owner = self._v6_owners[bisect_right(self._v6_starts, value) - 1]
        else:
            owner = self._v4_owners[bisect_right(self._v4_starts, value) - 1]
        try:
            return self._met[owner]
        except KeyError:
            network = Network(
                asn=self._numbers[owner - 1],
                name=self._names[owner - 1],
                source=f"AS table {self.edition}",
            )
            self._met[owner] = network
            return network


def _prefix(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        message = f"{text!r} is no prefix: {error}"
        raise TableError(message) from error


def _columns(announced: dict[IPv4Network | IPv6Network, int], named: dict[int, str], edition: str) -> Columns:
    numbers = sorted(named)
    owner = {asn: index for index, asn in enumerate(numbers, 1)}

    def split(version: int, bits: int) -> tuple[Sequence[int], Sequence[int]]:
        rows = (
            (int(network.network_address), int(network.broadcast_address), owner[asn])
            for network, asn in announced.items()
            if network.version == version
        )
        return ranges(rows, bits=bits)

    v4_starts, v4_owners = split(4, 32)
    v6_starts, v6_owners = split(6, 128)
    return Columns(
        edition=edition,
        v4_starts=v4_starts,
        v4_owners=v4_owners,
        v6_starts=v6_starts,
        v6_owners=v6_owners,
        numbers=numbers,
        names=[named[asn] for asn in numbers],
    )
