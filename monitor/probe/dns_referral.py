"""What an authoritative server says: whether it answers for the zone itself, or whom it points to.

A referral (RFC 1034, section 4.3.2) has no answer: the authority section names the servers of a zone
further down, and the additional section may bring their addresses, the glue. Everything is read as
`dns_message` reads answers, with the same bounds.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, fields
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Final

import dns.exception

from monitor.probe.dns_message import (
    HEADER,
    MAX_DECODED,
    MalformedError,
    Message,
    Question,
    Record,
    name_at,
    parse,
    records_of,
    target_of,
)

_A, _NS, _AAAA = 1, 2, 28
_CLASS_IN: Final = 1
_AUTHORITATIVE: Final = 0x0400
_MOST_SERVERS: Final = 50
_MOST_GLUE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Message):
    """What one server said about one question of its own knowledge."""

    authoritative: bool = False
    """Whether it answers for the zone (AA)."""
    cut: str = ""
    """The zone that it points to the servers of; empty: it points nowhere."""
    delegated: tuple[str, ...] = ()
    """Those servers, sorted, 50 at most."""
    glue: tuple[tuple[str, str], ...] = ()
    """Host and address of such servers, as far as the message brought them."""


def word(message: Message) -> Word:
    """Return a message that says nothing of its server, such as none at all, as a word."""
    return Word(**{field.name: getattr(message, field.name) for field in fields(Message)})


def read_word(wire: bytes, asked: Question, *, datagram: bool) -> Word:
    """Return what a message that `belongs` says; raises MalformedError."""
    message = parse(wire, asked, datagram=datagram)
    if message.truncated:
        return word(message)
    try:
        return _read(wire, asked, message)
    except (dns.exception.DNSException, IndexError, struct.error, ValueError) as error:
        raise MalformedError(str(error)) from error


def _read(wire: bytes, asked: Question, message: Message) -> Word:
    flags, questions, answers, authorities, additional = HEADER.unpack_from(wire, 2)
    records = list(records_of(wire, 12 + len(asked.wire) * questions, answers + authorities + additional))
    names = {12: asked.name} if questions else {}
    authority = _in_class(records[answers : answers + authorities], _NS)
    cut = ""
    servers: tuple[str, ...] = ()
    if authority and not message.values and message.rcode == "NOERROR":
        cut = name_at(wire, authority[0].owner, names)
        found = {target_of(wire, r, 0, names) for r in authority if name_at(wire, r.owner, names) == cut}
        servers = tuple(sorted(found)[:_MOST_SERVERS])
    glue: list[Record] = []
    if servers:
        glue = _in_class(records[answers + authorities :], _A, _AAAA)
    addresses = sorted({(name_at(wire, r.owner, names), _address(wire, r)) for r in glue})
    return Word(
        rcode=message.rcode,
        failure=message.failure,
        values=message.values,
        ttl=message.ttl,
        chain=message.chain,
        unfinished=message.unfinished,
        authoritative=bool(flags & _AUTHORITATIVE),
        cut=cut,
        delegated=servers,
        glue=tuple(pair for pair in addresses if pair[0] in servers)[:_MOST_GLUE],
    )


def _in_class(records: Iterable[Record], *numbers: int) -> list[Record]:
    """Return the records of these types that are decoded at all."""
    return [r for r in records if r.number in numbers and r.rclass == _CLASS_IN][:MAX_DECODED]


def _address(wire: bytes, record: Record) -> str:
    family = AF_INET if record.number == _A else AF_INET6
    return inet_ntop(family, wire[record.at : record.at + record.length])
