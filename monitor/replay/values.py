"""What a single value of a scenario may be: each function returns it, or raises ValueError with the words."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final

import dns.exception
import dns.name
import dns.rdata
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from monitor.config.durations import parse_duration
from monitor.config.names import parse_host
from monitor.config.wording import kind, refuse, shown
from monitor.model import EventType, Store

_COUNTRY: Final = 2
_MOST_TTL: Final = 0x7FFF_FFFF


def whole_event_name(value: object) -> object:
    """Return the type of an event; the word that all of a target's begin with may be left out."""
    longer = f"platform.{value}" if isinstance(value, str) else ""
    return longer if longer in set(EventType) else value


def spelt(*words: str) -> Callable[[object], object]:
    """Return a validator for a closed vocabulary in which case does not matter."""
    known = {word.lower(): word for word in words}

    def validate(value: object) -> object:
        return known.get(value.lower(), value) if isinstance(value, str) else value

    return validate


def parse_sources(value: object) -> tuple[str, ...]:
    """Return addresses of pages: one text, or a list of them."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        refuse(f"must be an address in quotes, or a list of them, not {kind(value)}")
    for text in texts:
        if not isinstance(text, str) or not text.startswith(("https://", "http://")) or " " in text.strip():
            found = shown(text) if isinstance(text, str) else kind(text)
            refuse(f"{found} is not the address of a page (https://…)")
    return tuple(texts)


def parse_synthetic(value: object) -> bool | str:
    """Return true (all of it is invented), or what is invented and why."""
    if value is not True and not (isinstance(value, str) and value.strip()):
        refuse(f"must be true, or say in quotes what is invented, not {kind(value)}; leave it out otherwise")
    return value


def parse_address(text: str) -> str:
    """Return an IP address in its normal form."""
    try:
        return str(ip_address(text))
    except ValueError:
        refuse(f"{shown(text)} is not an IP address")


def addresses(version: int) -> Callable[[object], tuple[str, ...]]:
    """Return a validator for a list of addresses of one family."""

    def validate(value: object) -> tuple[str, ...]:
        found = []
        for text in _texts(value, "addresses"):
            address = parse_address(text)
            if ip_address(address).version != version:
                refuse(f"{shown(text)} is not an IPv{version} address")
            found.append(address)
        return tuple(found)

    return validate


def hosts(value: object) -> tuple[str, ...]:
    """Return a list of host names; one may stand by itself."""
    return tuple(parse_host(text) for text in _texts(value, "host names"))


def host_or_none(value: object) -> str:
    """Return a host name; an empty text takes one away."""
    if not isinstance(value, str):
        refuse(f"must be a host name in quotes, not {kind(value)}")
    return parse_host(value) if value else ""


def mail_servers(value: object) -> tuple[str, ...]:
    """Return mail servers in the form `10 mail.example.com`; one without a number gets 10."""
    found = []
    for text in _texts(value, "mail servers"):
        rank, _, host = text.partition(" ") if " " in text else ("10", "", text)
        if not rank.isdigit() or int(rank) > 0xFFFF or not host:  # noqa: PLR2004 - 16 bits
            refuse(f'{shown(text)} is not a mail server; write "10 mail.example.com"')
        found.append(f"{int(rank)} {parse_host(host)}")
    return tuple(found)


def parse_soa(text: str) -> str:
    """Return the data of an SOA record: `ns.example.com. admin.example.com. 1 7200 900 1209600 300`."""
    try:
        record = dns.rdata.from_text(RdataClass.IN, RdataType.SOA, text, origin=dns.name.root)
    except (dns.exception.DNSException, ValueError) as error:
        refuse(f"{shown(text)} is not the data of an SOA record: {error}")
    return str(record.to_text())


def parse_ttl(value: object) -> float:
    """Return a TTL: a duration in whole seconds, or their number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    seconds = parse_duration(f"{value}s" if is_number else value)
    if seconds != int(seconds) or seconds > _MOST_TTL:
        refuse("must be whole seconds that fit 31 bits")
    return seconds


def parse_listing(text: str) -> str:
    """Return which listing is meant: `apple/us/1402727988`, `google/com.parler.parler`."""
    store, *country, app = text.split("/")
    plain = not country or (len(country) == 1 and len(country[0]) == _COUNTRY and country[0].islower())
    if store not in tuple(Store) or not plain or not app or (store == Store.APPLE and not country):
        such = '"apple/us/1402727988" or "google/com.parler.parler"'
        refuse(f"{shown(text)} is not a listing, such as {such}")
    return text


def parse_line(text: str) -> str:
    """Return one line of printable text; it may be empty."""
    if not text.isprintable():
        refuse(f"{shown(text)} has a line break or a control character")
    return text


def lines(value: object) -> tuple[str, ...]:
    """Return a list of lines of printable text."""
    return tuple(parse_line(text) for text in _texts(value, "texts"))


def words(value: object) -> tuple[str, ...]:
    """Return one word or a list of words."""
    return tuple(_texts(value, "words"))


def _texts(value: object, what: str) -> Sequence[Any]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        refuse(f"must be a list of {what} in quotes, not {kind(value)}")
    return value
