"""Who holds a block of addresses, as its registry says over RDAP (RFC 9082, 3.1.1; RFC 9083, 5.4).

Asked only about addresses that no table knows. The holder is whoever the registry names: nothing is concluded
from a likeness of names. Every value of an answer may have any type and any size.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range
from typing import Any, Final, Protocol

from monitor.failure import Failure
from monitor.probe.error import ProbeError
from monitor.probe.text import clean

BODY_LIMIT: Final = 1 << 18
ACCEPT: Final = "application/rdap+json, application/json;q=0.9"
_NAME_LIMIT: Final = 200
_MAX_ENTITIES: Final = 50
_OK: Final = 200
_NOT_FOUND: Final = 404
_LIMITED: Final = frozenset({401, 403, 429, 503})
# What a registry says about space that it has not given to anybody is about all of its space.
_WIDEST: Final = {4: 1 << 24, 6: 1 << 112}

Address = IPv4Address | IPv6Address


class Answer(Protocol):
    """What this module needs of an HTTP exchange."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def body(self) -> bytes:
        """Return the body, decompressed."""

    @property
    def truncated(self) -> bool:
        """Return True when the body is longer than the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A block of addresses and who holds it."""

    first: Address
    last: Address
    holder: str
    """Name of the organisation, else the registry's name of the block."""

    @property
    def prefix(self) -> str:
        """Return the block as a prefix, or as two addresses where it is none."""
        prefixes = list(summarize_address_range(self.first, self.last))
        return str(prefixes[0]) if len(prefixes) == 1 else f"{self.first} - {self.last}"


class AddressRegistries:
    """Which RDAP server knows an address: IANA's table, bundled, or another one."""

    def __init__(self, servers: Mapping[str, str]) -> None:
        """Take base URLs, each ending in a slash, by prefix."""
        rows = sorted(
            (network.version, int(network.network_address), int(network.broadcast_address), base)
            for network, base in ((ip_network(prefix), base) for prefix, base in servers.items())
        )
        self._rows = rows
        self._starts = [row[:2] for row in rows]

    @classmethod
    def bundled(cls) -> "AddressRegistries":
        """Return IANA's table (data/README.md)."""
        raw = files("monitor.probe").joinpath("data", "rdap_addresses.json").read_bytes()
        table: dict[str, str] = json.loads(raw)["servers"]
        return cls({prefix: base for base, prefixes in table.items() for prefix in prefixes.split()})

    def base(self, address: str) -> str | None:
        """Return the base URL of the server that knows an address; None for private and unknown space."""
        try:
            found = ip_address(address)
        except ValueError:
            return None
        index = bisect_right(self._starts, (found.version, int(found))) - 1
        if index < 0:
            return None
        version, _, last, base = self._rows[index]
        return base if version == found.version and int(found) <= last else None


def block_url(base: str, address: str) -> str:
    """Return the address of the block's record; `base` ends in a slash."""
    return f"{base}ip/{address}"


def read_block(address: str, answer: Answer) -> Holding:
    """Return who holds the block around `address`.

    Raises ProbeError: `registration_limited`, `registration_unreachable`, `registration_unparsable`.
    """
    if answer.status in _LIMITED:
        raise ProbeError(Failure.REGISTRATION_LIMITED, f"answered HTTP {answer.status}")
    if answer.status not in {_OK, _NOT_FOUND}:
        raise ProbeError(Failure.REGISTRATION_UNREACHABLE, f"answered HTTP {answer.status}")
    document = _document(answer)
    first, last = _limit(document, "startAddress"), _limit(document, "endAddress")
    asked = ip_address(address)
    if first is None or last is None or not _within(asked, first, last):
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, "the answer is not about the address")
    if int(last) - int(first) >= _WIDEST[asked.version]:
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, "the answer is about space that nobody holds")
    holder = next(_registrants(document), "") or _text(document, "name") or _text(document, "handle")
    if not holder:
        raise ProbeError(Failure.REGISTRATION_UNPARSABLE, "the answer names nobody")
    return Holding(first=first, last=last, holder=holder)


def _document(answer: Answer) -> dict[str, Any]:
    if answer.truncated or answer.status == _NOT_FOUND:
        return {}
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _limit(document: dict[str, Any], key: str) -> Address | None:
    text = document.get(key)
    if not isinstance(text, str):
        return None
    try:
        return ip_address(text.strip()) if "%" not in text else None  # a zone id is free text
    except ValueError:
        return None


def _within(asked: Address, first: Address, last: Address) -> bool:
    versions = {asked.version, first.version, last.version}
    return len(versions) == 1 and int(first) <= int(asked) <= int(last)


def _registrants(document: dict[str, Any]) -> Iterator[str]:
    entities = document.get("entities")
    for entity in entities[:_MAX_ENTITIES] if isinstance(entities, list) else ():
        roles = entity.get("roles") if isinstance(entity, dict) else None
        if isinstance(roles, list) and "registrant" in roles and (name := _card_name(entity)):
            yield name


def _card_name(entity: dict[str, Any]) -> str:
    """Return the name on a jCard (RFC 7095): `["vcard", [[name, parameters, type, value], …]]`."""
    card = entity.get("vcardArray")
    rows = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    for row in rows[:_MAX_ENTITIES]:
        if isinstance(row, list) and len(row) > 3 and row[0] == "fn" and isinstance(row[3], str):  # noqa: PLR2004 - jCard
            return clean(row[3].strip(), _NAME_LIMIT)
    return ""


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    return clean(value.strip(), _NAME_LIMIT) if isinstance(value, str) else ""
